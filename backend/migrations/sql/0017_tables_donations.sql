-- Tables of causes and donations.

CREATE TABLE cause (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    takes_points BOOLEAN NOT NULL,
    takes_reductions BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cause PRIMARY KEY (id),
    CONSTRAINT ck_cause_takes CHECK (takes_points OR takes_reductions),
    CONSTRAINT ck_cause_state CHECK (state IN ('draft', 'open', 'closed')),
    CONSTRAINT fk_cause_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_cause_institution_id ON cause (institution_id);

CREATE TABLE donation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_id BIGINT NOT NULL,
    cause_id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    unit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    donated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_donation PRIMARY KEY (id),
    CONSTRAINT uq_donation_member_id_reference UNIQUE (member_id, reference),
    CONSTRAINT uq_donation_entry_id UNIQUE (entry_id),
    CONSTRAINT uq_donation_certificate UNIQUE (certificate),
    CONSTRAINT ck_donation_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT ck_donation_positive CHECK (amount > 0),
    CONSTRAINT fk_donation_member_id FOREIGN KEY (member_id) REFERENCES member (id),
    CONSTRAINT fk_donation_cause_id FOREIGN KEY (cause_id) REFERENCES cause (id)
);
CREATE INDEX ix_donation_cause_id ON donation (cause_id);
CREATE INDEX ix_donation_member_id ON donation (member_id, id);
