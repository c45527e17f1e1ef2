-- The energy statements of the register, and who may write them.

CREATE TABLE energy_statement (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    year BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    returned_because TEXT,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE,
    submitted_by BIGINT,
    reviewed_at TIMESTAMP WITH TIME ZONE,
    reviewed_by BIGINT,
    sealed_at TIMESTAMP WITH TIME ZONE,
    sealed_by BIGINT,
    CONSTRAINT pk_energy_statement PRIMARY KEY (id),
    CONSTRAINT ck_energy_statement_state CHECK (state IN ('draft', 'submitted', 'reviewed', 'sealed', 'superseded')),
    CONSTRAINT ck_energy_statement_year CHECK (year BETWEEN 2000 AND 2100),
    CONSTRAINT ck_energy_statement_version CHECK (version >= 1),
    CONSTRAINT ck_energy_statement_reason CHECK (version = 1 OR reason IS NOT NULL),
    CONSTRAINT fk_energy_statement_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id),
    CONSTRAINT fk_energy_statement_submitted_by FOREIGN KEY(submitted_by) REFERENCES member (id),
    CONSTRAINT fk_energy_statement_reviewed_by FOREIGN KEY(reviewed_by) REFERENCES member (id),
    CONSTRAINT fk_energy_statement_sealed_by FOREIGN KEY(sealed_by) REFERENCES member (id)
);

CREATE INDEX ix_energy_statement_year ON energy_statement (year, state);

CREATE UNIQUE INDEX uq_energy_statement_open ON energy_statement (institution_id, year) WHERE state IN ('draft', 'submitted', 'reviewed');

CREATE UNIQUE INDEX uq_energy_statement_sealed ON energy_statement (institution_id, year) WHERE state = 'sealed';

CREATE UNIQUE INDEX uq_energy_statement_version ON energy_statement (institution_id, year, version);

CREATE TABLE energy_figure (
    statement_id BIGINT NOT NULL,
    item TEXT NOT NULL,
    month BIGINT NOT NULL,
    quantity NUMERIC(24, 6) NOT NULL,
    unit TEXT NOT NULL,
    cost NUMERIC(16, 2),
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_energy_figure PRIMARY KEY (statement_id, item, month),
    CONSTRAINT ck_energy_figure_month CHECK (month BETWEEN 1 AND 12),
    CONSTRAINT ck_energy_figure_quantity CHECK (quantity >= 0),
    CONSTRAINT ck_energy_figure_cost CHECK (cost >= 0),
    CONSTRAINT fk_energy_figure_statement_id FOREIGN KEY(statement_id) REFERENCES energy_statement (id)
);


GRANT SELECT, INSERT, UPDATE ON energy_statement TO tanpuhui_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON energy_figure TO tanpuhui_app;
