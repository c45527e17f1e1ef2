DROP TABLE verification_result, verification_run;
