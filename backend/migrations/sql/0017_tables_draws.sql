-- Tables of prize draws and their entries.

CREATE TABLE prize_draw (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    prize TEXT NOT NULL,
    cash_value BOOLEAN NOT NULL,
    audience TEXT NOT NULL,
    winners INTEGER NOT NULL,
    unit TEXT NOT NULL,
    threshold BIGINT NOT NULL,
    counts_from DATE NOT NULL,
    counts_until DATE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    draws_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    commitment BYTEA NOT NULL,
    seed_sealed BYTEA NOT NULL,
    entries_digest BYTEA,
    seed BYTEA,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_prize_draw PRIMARY KEY (id),
    CONSTRAINT ck_prize_draw_winners CHECK (winners > 0),
    CONSTRAINT ck_prize_draw_threshold CHECK (threshold >= 0),
    CONSTRAINT ck_prize_draw_unit CHECK (unit IN ('mg', 'mpt')),
    CONSTRAINT ck_prize_draw_audience CHECK (audience IN ('institution', 'city')),
    CONSTRAINT ck_prize_draw_counts CHECK (counts_until >= counts_from),
    CONSTRAINT ck_prize_draw_times CHECK (draws_at >= closes_at),
    CONSTRAINT ck_prize_draw_state CHECK (state IN ('open', 'closed', 'drawn')),
    CONSTRAINT ck_prize_draw_closed CHECK ((state = 'open') = (entries_digest IS NULL)),
    CONSTRAINT ck_prize_draw_drawn CHECK ((state = 'drawn') = (seed IS NOT NULL)),
    CONSTRAINT ck_prize_draw_commitment CHECK (seed IS NULL OR sha256(seed) = commitment),
    CONSTRAINT fk_prize_draw_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_prize_draw_institution_id ON prize_draw (institution_id);

CREATE TABLE draw_entry (
    draw_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    ticket TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_draw_entry PRIMARY KEY (draw_id, member_id),
    CONSTRAINT uq_draw_entry_draw_id_ticket UNIQUE (draw_id, ticket),
    CONSTRAINT fk_draw_entry_draw_id FOREIGN KEY (draw_id) REFERENCES prize_draw (id),
    CONSTRAINT fk_draw_entry_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);
