-- The versions of methodologies, and the rulebooks, this installation has ever credited under.

CREATE TABLE methodology_version (
    methodology_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest BYTEA NOT NULL,
    title TEXT NOT NULL,
    effective_from DATE NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_methodology_version PRIMARY KEY (methodology_id, version)
);

CREATE TABLE rulebook_release (
    digest BYTEA NOT NULL,
    name TEXT NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_rulebook_release PRIMARY KEY (digest)
);
