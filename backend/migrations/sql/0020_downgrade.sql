DROP TABLE campaign_enrolment;
DROP TABLE campaign;
