DROP TABLE footprint_answers;
