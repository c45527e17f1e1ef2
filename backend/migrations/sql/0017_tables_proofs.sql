-- Tables of the tree. Leaves and balances are written by SQL functions; all of it only grows.

CREATE TABLE checkpoint (
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_checkpoint PRIMARY KEY (size),
    CONSTRAINT ck_checkpoint_size CHECK (size > 0),
    CONSTRAINT ck_checkpoint_length CHECK (octet_length(root) = 32)
);

CREATE TABLE sealed_balance (
    month DATE NOT NULL,
    index BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    unit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    CONSTRAINT pk_sealed_balance PRIMARY KEY (month, index),
    CONSTRAINT uq_sealed_balance_account_id_month UNIQUE (account_id, month),
    CONSTRAINT ck_sealed_balance_index CHECK (index >= 0),
    CONSTRAINT ck_sealed_balance_length CHECK (octet_length(salt) = 16)
);

CREATE TABLE sealed_node (
    month DATE NOT NULL,
    height SMALLINT NOT NULL,
    index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_sealed_node PRIMARY KEY (month, height, index),
    CONSTRAINT ck_sealed_node_height CHECK (height > 0 AND height % 8 = 0),
    CONSTRAINT ck_sealed_node_length CHECK (octet_length(hash) = 32)
);

CREATE TABLE tree_cursor (
    home TEXT NOT NULL,
    txid XID8 NOT NULL,
    entry_id BIGINT NOT NULL,
    resume XID8,
    CONSTRAINT pk_tree_cursor PRIMARY KEY (home)
);

CREATE TABLE tree_leaf (
    index BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    layout SMALLINT NOT NULL,
    salt BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_tree_leaf PRIMARY KEY (index),
    CONSTRAINT ck_tree_leaf_index CHECK (index >= 0),
    CONSTRAINT ck_tree_leaf_lengths CHECK (octet_length(salt) = 16 AND octet_length(hash) = 32),
    CONSTRAINT uq_tree_leaf_entry_id UNIQUE (entry_id)
);

CREATE TABLE tree_node (
    height SMALLINT NOT NULL,
    index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_tree_node PRIMARY KEY (height, index),
    CONSTRAINT ck_tree_node_height CHECK (height > 0 AND height % 8 = 0),
    CONSTRAINT ck_tree_node_length CHECK (octet_length(hash) = 32)
);

CREATE TABLE verifier_key (
    key TEXT NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_verifier_key PRIMARY KEY (key)
);

CREATE TABLE sealed_month (
    month DATE NOT NULL,
    tree_size BIGINT NOT NULL,
    accounts BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sealed_month PRIMARY KEY (month),
    CONSTRAINT ck_sealed_month_first_day CHECK (extract(day FROM month) = 1),
    CONSTRAINT ck_sealed_month_length CHECK (octet_length(root) = 32),
    CONSTRAINT fk_sealed_month_tree_size FOREIGN KEY (tree_size) REFERENCES checkpoint (size)
);
