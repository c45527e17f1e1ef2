-- Tables of people: members, their logins, dated memberships, rosters, invitations and roles.

CREATE TABLE member (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    display_name TEXT NOT NULL,
    phone_hash BYTEA,
    phone_masked TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deactivated_at TIMESTAMP WITH TIME ZONE,
    erased_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_member PRIMARY KEY (id),
    CONSTRAINT ck_member_id CHECK (id > 0 AND id < 70368744177664)
);
CREATE INDEX ix_member_phone_hash ON member (phone_hash);

CREATE TABLE access_token (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    token_sha256 BYTEA NOT NULL,
    member_id BIGINT NOT NULL,
    face TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_access_token PRIMARY KEY (id),
    CONSTRAINT ck_access_token_face CHECK (face IN ('api', 'console')),
    CONSTRAINT uq_access_token_token_sha256 UNIQUE (token_sha256),
    CONSTRAINT fk_access_token_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);
CREATE INDEX ix_access_token_member_id ON access_token (member_id);

CREATE TABLE binding_attempt (
    member_id BIGINT NOT NULL,
    day DATE NOT NULL,
    attempts BIGINT NOT NULL,
    CONSTRAINT pk_binding_attempt PRIMARY KEY (member_id, day),
    CONSTRAINT fk_binding_attempt_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);

CREATE TABLE identity (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    session_key_encrypted BYTEA,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_identity PRIMARY KEY (id),
    CONSTRAINT uq_identity_provider_subject UNIQUE (provider, subject),
    CONSTRAINT ck_identity_provider CHECK (provider IN ('wechat', 'zzd', 'link')),
    CONSTRAINT fk_identity_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);
CREATE INDEX ix_identity_member_id ON identity (member_id);

CREATE TABLE login_link (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code_sha256 BYTEA NOT NULL,
    member_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_login_link PRIMARY KEY (id),
    CONSTRAINT ck_login_link_purpose CHECK (purpose IN ('api', 'console')),
    CONSTRAINT uq_login_link_code_sha256 UNIQUE (code_sha256),
    CONSTRAINT fk_login_link_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);
CREATE INDEX ix_login_link_member_id ON login_link (member_id);

CREATE TABLE roster_import (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    file_sha256 BYTEA NOT NULL,
    imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id BIGINT,
    rows_created BIGINT NOT NULL,
    rows_updated BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    rows_refused BIGINT NOT NULL,
    CONSTRAINT pk_roster_import PRIMARY KEY (id),
    CONSTRAINT fk_roster_import_actor_id FOREIGN KEY (actor_id) REFERENCES member (id)
);
CREATE INDEX ix_roster_import_file_sha256 ON roster_import (file_sha256);

CREATE TABLE invitation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code_sha256 BYTEA NOT NULL,
    institution_id BIGINT NOT NULL,
    department_id BIGINT,
    created_by BIGINT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    max_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_invitation PRIMARY KEY (id),
    CONSTRAINT fk_invitation_department
        FOREIGN KEY (institution_id, department_id) REFERENCES department (institution_id, id),
    CONSTRAINT ck_invitation_uses CHECK (uses BETWEEN 0 AND max_uses),
    CONSTRAINT uq_invitation_code_sha256 UNIQUE (code_sha256),
    CONSTRAINT fk_invitation_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id),
    CONSTRAINT fk_invitation_created_by FOREIGN KEY (created_by) REFERENCES member (id)
);
CREATE INDEX ix_invitation_institution_id ON invitation (institution_id);

CREATE TABLE membership (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_id BIGINT NOT NULL,
    institution_id BIGINT NOT NULL,
    department_id BIGINT,
    valid_from DATE NOT NULL,
    valid_until DATE,
    CONSTRAINT pk_membership PRIMARY KEY (id),
    CONSTRAINT fk_membership_department
        FOREIGN KEY (institution_id, department_id) REFERENCES department (institution_id, id),
    CONSTRAINT ck_membership_dates CHECK (valid_until IS NULL OR valid_until > valid_from),
    CONSTRAINT ex_membership_overlap
        EXCLUDE USING gist (int8range(member_id, member_id, '[]') WITH &&,
                            daterange(valid_from, valid_until) WITH &&),
    CONSTRAINT fk_membership_member_id FOREIGN KEY (member_id) REFERENCES member (id),
    CONSTRAINT fk_membership_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id)
);
CREATE INDEX ix_membership_department ON membership (department_id, valid_from);
CREATE INDEX ix_membership_institution ON membership (institution_id, valid_from);
CREATE INDEX ix_membership_member ON membership (member_id, valid_from);

CREATE TABLE role_grant (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    district_id BIGINT,
    institution_id BIGINT,
    department_id BIGINT,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    granted_by BIGINT,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_role_grant PRIMARY KEY (id),
    CONSTRAINT ck_role_grant_scope CHECK (CASE role
            WHEN 'city_admin' THEN num_nonnulls(district_id, institution_id, department_id) = 0
            WHEN 'auditor' THEN num_nonnulls(district_id, institution_id, department_id) = 0
            WHEN 'district_manager' THEN
                district_id IS NOT NULL AND num_nonnulls(institution_id, department_id) = 0
            WHEN 'institution_admin' THEN
                institution_id IS NOT NULL AND num_nonnulls(district_id, department_id) = 0
            WHEN 'department_manager' THEN
                department_id IS NOT NULL AND num_nonnulls(district_id, institution_id) = 0
            WHEN 'attendant' THEN
                department_id IS NULL AND num_nonnulls(district_id, institution_id) = 1
            ELSE false END),
    CONSTRAINT fk_role_grant_member_id FOREIGN KEY (member_id) REFERENCES member (id),
    CONSTRAINT fk_role_grant_district_id FOREIGN KEY (district_id) REFERENCES district (id),
    CONSTRAINT fk_role_grant_institution_id FOREIGN KEY (institution_id) REFERENCES institution (id),
    CONSTRAINT fk_role_grant_department_id FOREIGN KEY (department_id) REFERENCES department (id),
    CONSTRAINT fk_role_grant_granted_by FOREIGN KEY (granted_by) REFERENCES member (id)
);
CREATE UNIQUE INDEX uq_role_grant_open
    ON role_grant (member_id, role, district_id, institution_id, department_id)
    NULLS NOT DISTINCT WHERE revoked_at IS NULL;

CREATE TABLE roster_entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    institution_id BIGINT NOT NULL,
    department_id BIGINT NOT NULL,
    staff_number TEXT NOT NULL,
    name TEXT NOT NULL,
    phone_hash BYTEA,
    phone_masked TEXT,
    active_from DATE,
    active_until DATE,
    bound_member_id BIGINT,
    CONSTRAINT pk_roster_entry PRIMARY KEY (id),
    CONSTRAINT uq_roster_entry_institution_id_staff_number UNIQUE (institution_id, staff_number),
    CONSTRAINT fk_roster_entry_department
        FOREIGN KEY (institution_id, department_id) REFERENCES department (institution_id, id),
    CONSTRAINT ck_roster_entry_dates CHECK (active_until IS NULL OR active_until >= active_from),
    CONSTRAINT fk_roster_entry_institution_id
        FOREIGN KEY (institution_id) REFERENCES institution (id),
    CONSTRAINT fk_roster_entry_bound_member_id FOREIGN KEY (bound_member_id) REFERENCES member (id)
);
CREATE INDEX ix_roster_entry_bound_member_id ON roster_entry (bound_member_id);
CREATE INDEX ix_roster_entry_department_id ON roster_entry (department_id);
