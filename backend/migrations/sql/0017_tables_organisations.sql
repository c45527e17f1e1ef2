-- Tables of the city's public institutions: districts (块), systems (条), institutions, trees.

CREATE TABLE district (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    parent_id BIGINT,
    CONSTRAINT pk_district PRIMARY KEY (id),
    CONSTRAINT ck_district_code CHECK (code ~ '^[0-9]{6}$'),
    CONSTRAINT uq_district_code UNIQUE (code),
    CONSTRAINT fk_district_parent_id FOREIGN KEY (parent_id) REFERENCES district (id)
);
CREATE INDEX ix_district_parent_id ON district (parent_id);

CREATE TABLE system (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_system PRIMARY KEY (id),
    CONSTRAINT uq_system_code UNIQUE (code),
    CONSTRAINT uq_system_name UNIQUE (name)
);

CREATE TABLE institution (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    credit_code TEXT NOT NULL,
    name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    district_id BIGINT NOT NULL,
    system_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    CONSTRAINT pk_institution PRIMARY KEY (id),
    CONSTRAINT ck_institution_credit_code CHECK (credit_code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    CONSTRAINT ck_institution_kind CHECK (
        kind IN ('state_organ', 'public_institution', 'association')),
    CONSTRAINT ck_institution_life CHECK (closed_on IS NULL OR closed_on >= opened_on),
    CONSTRAINT uq_institution_credit_code UNIQUE (credit_code),
    CONSTRAINT fk_institution_district_id FOREIGN KEY (district_id) REFERENCES district (id),
    CONSTRAINT fk_institution_system_id FOREIGN KEY (system_id) REFERENCES system (id)
);
CREATE INDEX ix_institution_district_id ON institution (district_id);
CREATE INDEX ix_institution_system_id ON institution (system_id);

CREATE TABLE department (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    parent_id BIGINT,
    name TEXT NOT NULL,
    created_on DATE NOT NULL,
    closed_on DATE,
    CONSTRAINT pk_department PRIMARY KEY (id),
    CONSTRAINT uq_department_institution_id_id UNIQUE (institution_id, id),
    CONSTRAINT fk_department_parent
        FOREIGN KEY (institution_id, parent_id) REFERENCES department (institution_id, id),
    CONSTRAINT ck_department_own_parent CHECK (parent_id <> id),
    CONSTRAINT ck_department_life CHECK (closed_on IS NULL OR closed_on >= created_on),
    CONSTRAINT fk_department_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_department_parent_id ON department (parent_id);
CREATE UNIQUE INDEX uq_department_open_name
    ON department (institution_id, parent_id, name) NULLS NOT DISTINCT WHERE closed_on IS NULL;

CREATE TABLE institution_year (
    institution_id BIGINT NOT NULL,
    year BIGINT NOT NULL,
    headcount BIGINT NOT NULL,
    floor_area_m2 NUMERIC(14, 2) NOT NULL,
    CONSTRAINT pk_institution_year PRIMARY KEY (institution_id, year),
    CONSTRAINT ck_institution_year_year CHECK (year BETWEEN 2000 AND 2100),
    CONSTRAINT ck_institution_year_headcount CHECK (headcount >= 0),
    CONSTRAINT ck_institution_year_floor_area CHECK (floor_area_m2 >= 0),
    CONSTRAINT fk_institution_year_institution_id
        FOREIGN KEY (institution_id) REFERENCES institution (id)
);
