-- The table of the footprint: what a member answered, and nothing that ranks them.

CREATE TABLE footprint_answers (
    member_id BIGINT NOT NULL,
    answers JSONB NOT NULL,
    region TEXT NOT NULL,
    radiative_forcing BOOLEAN NOT NULL,
    counted BOOLEAN NOT NULL,
    questionnaire_version BIGINT NOT NULL,
    total_mg BIGINT NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_footprint_answers PRIMARY KEY (member_id),
    CONSTRAINT ck_footprint_answers_not_negative CHECK (total_mg >= 0),
    CONSTRAINT ck_footprint_answers_answers CHECK (jsonb_typeof(answers) = 'object'),
    CONSTRAINT fk_footprint_answers_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);
