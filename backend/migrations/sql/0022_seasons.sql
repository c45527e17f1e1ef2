-- Seasons of the boards: the roster frozen at the start, what counts of each person, sums by group.

CREATE TABLE ranking_season (
    name TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    cap_mpt BIGINT NOT NULL,
    provisional BOOLEAN NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    digest BYTEA,
    restated_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ranking_season PRIMARY KEY (name),
    CONSTRAINT ck_ranking_season_days CHECK (last_day > first_day),
    CONSTRAINT ck_ranking_season_closed CHECK ((closed_at IS NULL) = (digest IS NULL)),
    CONSTRAINT ck_ranking_season_restated CHECK (restated_at IS NULL OR closed_at IS NOT NULL)
);

CREATE TABLE season_measure (
    season TEXT NOT NULL,
    board TEXT NOT NULL,
    mu NUMERIC NOT NULL,
    sigma2 NUMERIC NOT NULL,
    tau2 NUMERIC NOT NULL,
    taken_from TEXT NOT NULL,
    CONSTRAINT pk_season_measure PRIMARY KEY (season, board),
    CONSTRAINT fk_season_measure_season FOREIGN KEY (season) REFERENCES ranking_season (name),
    CONSTRAINT ck_season_measure_board CHECK (board IN ('departments', 'institutions', 'districts')),
    CONSTRAINT ck_season_measure_variances CHECK (sigma2 >= 0 AND tau2 >= 0)
);

CREATE TABLE season_member (
    season TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    district_id BIGINT NOT NULL,
    institution_id BIGINT NOT NULL,
    department_id BIGINT,
    unit_id BIGINT,
    points_mpt BIGINT DEFAULT 0 NOT NULL,
    reduction_mg BIGINT DEFAULT 0 NOT NULL,
    actions BIGINT DEFAULT 0 NOT NULL,
    root BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_season_member PRIMARY KEY (season, member_id),
    CONSTRAINT fk_season_member_season FOREIGN KEY (season) REFERENCES ranking_season (name)
);
CREATE INDEX ix_season_member_unit ON season_member (season, unit_id);
CREATE INDEX ix_season_member_institution ON season_member (season, institution_id);

CREATE TABLE season_group (
    season TEXT NOT NULL,
    board TEXT NOT NULL,
    group_id BIGINT NOT NULL,
    people BIGINT NOT NULL,
    active BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    capped BIGINT NOT NULL,
    points_mpt BIGINT NOT NULL,
    reduction_mg BIGINT NOT NULL,
    actions BIGINT NOT NULL,
    roots NUMERIC NOT NULL,
    squares NUMERIC NOT NULL,
    index_e10 BIGINT,
    low80_e10 BIGINT,
    high80_e10 BIGINT,
    CONSTRAINT pk_season_group PRIMARY KEY (season, board, group_id),
    CONSTRAINT fk_season_group_season FOREIGN KEY (season) REFERENCES ranking_season (name),
    CONSTRAINT ck_season_group_board CHECK (board IN ('departments', 'institutions', 'districts')),
    CONSTRAINT ck_season_group_people CHECK (people > 0 AND active BETWEEN 0 AND people)
);

GRANT SELECT, INSERT ON ranking_season TO tanpuhui_app;
GRANT UPDATE (closed_at, digest, restated_at) ON ranking_season TO tanpuhui_app;
GRANT SELECT, INSERT, UPDATE ON season_measure, season_member TO tanpuhui_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON season_group TO tanpuhui_app;
