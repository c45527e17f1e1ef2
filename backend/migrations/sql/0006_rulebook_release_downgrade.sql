DROP TABLE rulebook_release;
