-- The rulebooks this installation has credited under; of those before this revision, the digests
-- stand in their actions.
CREATE TABLE rulebook_release (
    digest BYTEA NOT NULL,
    name TEXT NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_rulebook_release PRIMARY KEY (digest)
);
INSERT INTO rulebook_release (digest, name, first_used_at)
SELECT rulebook_digest, '', min(received_at) FROM action GROUP BY rulebook_digest;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rulebook_release
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON rulebook_release TO tanpuhui_app;
