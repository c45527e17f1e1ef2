-- Campaigns and who joined them, and who may write that.

CREATE TABLE campaign (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    audience_id BIGINT,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    kinds TEXT[] NOT NULL,
    multiplier NUMERIC(4, 2) NOT NULL,
    budget_mpt BIGINT NOT NULL,
    state TEXT NOT NULL,
    author_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    returned_because TEXT,
    submitted_at TIMESTAMP WITH TIME ZONE,
    submitted_by BIGINT,
    approved_at TIMESTAMP WITH TIME ZONE,
    approved_by BIGINT,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by BIGINT,
    ended_because TEXT,
    CONSTRAINT pk_campaign PRIMARY KEY (id),
    CONSTRAINT ck_campaign_kind CHECK (kind IN ('general', 'energy_week', 'low_carbon_day', 'water_week', 'green_travel', 'clean_plate', 'empty_bottle', 'waste_sorting')),
    CONSTRAINT ck_campaign_state CHECK (state IN ('draft', 'submitted', 'approved', 'withdrawn', 'cut_short')),
    CONSTRAINT ck_campaign_period CHECK (ends_at > starts_at),
    CONSTRAINT ck_campaign_kinds CHECK (cardinality(kinds) > 0),
    CONSTRAINT ck_campaign_multiplier CHECK (multiplier > 1 AND multiplier <= 10),
    CONSTRAINT ck_campaign_budget CHECK (budget_mpt > 0),
    CONSTRAINT ck_campaign_submitted CHECK (state IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL),
    CONSTRAINT ck_campaign_approved CHECK (state NOT IN ('approved', 'cut_short') OR approved_at IS NOT NULL),
    CONSTRAINT ck_campaign_two_people CHECK (approved_by IS NULL OR (approved_by <> author_id AND approved_by <> submitted_by)),
    CONSTRAINT ck_campaign_ended CHECK ((state IN ('withdrawn', 'cut_short')) = (ended_at IS NOT NULL)),
    CONSTRAINT ck_campaign_because CHECK ((ended_at IS NULL) = (ended_because IS NULL)),
    CONSTRAINT fk_campaign_institution_id FOREIGN KEY(institution_id) REFERENCES institution (id),
    CONSTRAINT fk_campaign_audience_id FOREIGN KEY(audience_id) REFERENCES institution (id),
    CONSTRAINT fk_campaign_author_id FOREIGN KEY(author_id) REFERENCES member (id),
    CONSTRAINT fk_campaign_submitted_by FOREIGN KEY(submitted_by) REFERENCES member (id),
    CONSTRAINT fk_campaign_approved_by FOREIGN KEY(approved_by) REFERENCES member (id),
    CONSTRAINT fk_campaign_ended_by FOREIGN KEY(ended_by) REFERENCES member (id)
);

CREATE INDEX ix_campaign_institution_id ON campaign (institution_id);

CREATE TABLE campaign_enrolment (
    campaign_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    enrolled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_campaign_enrolment PRIMARY KEY (campaign_id, member_id),
    CONSTRAINT fk_campaign_enrolment_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaign (id),
    CONSTRAINT fk_campaign_enrolment_member_id FOREIGN KEY(member_id) REFERENCES member (id)
);

CREATE INDEX ix_campaign_enrolment_member_id ON campaign_enrolment (member_id);

GRANT SELECT, INSERT, UPDATE ON campaign TO tanpuhui_app;
GRANT SELECT, INSERT ON campaign_enrolment TO tanpuhui_app;
