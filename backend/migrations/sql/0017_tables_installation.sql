-- The one row by which a database knows its installation.

CREATE TABLE installation_key (
    purpose TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_installation_key PRIMARY KEY (purpose)
);
