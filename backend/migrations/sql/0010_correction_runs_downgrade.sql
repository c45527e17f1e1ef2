ALTER TABLE reassessment DROP CONSTRAINT fk_reassessment_run_id;
DROP TABLE correction_day, correction_approval, correction_run;
DROP FUNCTION require_two_approvals;
