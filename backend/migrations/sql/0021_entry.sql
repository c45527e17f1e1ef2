-- What was granted before is in force from the day of its grant on.
ALTER TABLE role_grant
    ADD COLUMN valid_from DATE,
    ADD COLUMN valid_until DATE,
    ADD COLUMN reason TEXT,
    ADD COLUMN revoked_by BIGINT,
    ADD COLUMN revoked_reason TEXT,
    ADD CONSTRAINT fk_role_grant_revoked_by FOREIGN KEY (revoked_by) REFERENCES member (id),
    ADD CONSTRAINT ck_role_grant_dates CHECK (valid_until IS NULL OR valid_until > valid_from);
UPDATE role_grant SET valid_from = (granted_at AT TIME ZONE 'Asia/Shanghai')::date;
ALTER TABLE role_grant
    -- The program from before this revision does not know the column: its roles hold at once.
    ALTER COLUMN valid_from SET DEFAULT DATE '1970-01-01',
    ALTER COLUMN valid_from SET NOT NULL;

CREATE TABLE local_account (
    member_id BIGINT NOT NULL,
    login_name TEXT NOT NULL,
    password_phc TEXT NOT NULL,
    password_set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    failures BIGINT NOT NULL,
    unlocks_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_local_account PRIMARY KEY (member_id),
    CONSTRAINT uq_local_account_login_name UNIQUE (login_name),
    CONSTRAINT ck_local_account_login_name CHECK (login_name = lower(login_name)),
    CONSTRAINT fk_local_account_member_id FOREIGN KEY (member_id) REFERENCES member (id)
);

CREATE TABLE console_invitation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code_sha256 BYTEA NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    district_id BIGINT,
    institution_id BIGINT,
    department_id BIGINT,
    valid_from DATE NOT NULL,
    valid_until DATE,
    reason TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by BIGINT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    used_by BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by BIGINT,
    CONSTRAINT pk_console_invitation PRIMARY KEY (id),
    CONSTRAINT uq_console_invitation_code_sha256 UNIQUE (code_sha256),
    CONSTRAINT ck_console_invitation_scope CHECK (CASE role
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
    CONSTRAINT ck_console_invitation_dates CHECK (valid_until IS NULL OR valid_until > valid_from),
    CONSTRAINT ck_console_invitation_used CHECK ((used_at IS NULL) = (used_by IS NULL)),
    CONSTRAINT ck_console_invitation_ended_once CHECK (used_at IS NULL OR withdrawn_at IS NULL),
    CONSTRAINT fk_console_invitation_district_id FOREIGN KEY (district_id) REFERENCES district (id),
    CONSTRAINT fk_console_invitation_institution_id
        FOREIGN KEY (institution_id) REFERENCES institution (id),
    CONSTRAINT fk_console_invitation_department_id
        FOREIGN KEY (department_id) REFERENCES department (id),
    CONSTRAINT fk_console_invitation_created_by FOREIGN KEY (created_by) REFERENCES member (id),
    CONSTRAINT fk_console_invitation_used_by FOREIGN KEY (used_by) REFERENCES member (id),
    CONSTRAINT fk_console_invitation_withdrawn_by FOREIGN KEY (withdrawn_by) REFERENCES member (id)
);

CREATE TABLE second_consent (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    act TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    grant_id BIGINT,
    reason TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_by BIGINT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by BIGINT,
    agreed BOOLEAN,
    CONSTRAINT pk_second_consent PRIMARY KEY (id),
    CONSTRAINT ck_second_consent_act CHECK (act IN ('account_close', 'role_take')),
    CONSTRAINT ck_second_consent_grant CHECK ((act = 'role_take') = (grant_id IS NOT NULL)),
    CONSTRAINT ck_second_consent_decided CHECK ((decided_at IS NULL) = (agreed IS NULL)),
    CONSTRAINT ck_second_consent_two_people CHECK (agreed IS NOT TRUE OR decided_by <> asked_by),
    CONSTRAINT fk_second_consent_member_id FOREIGN KEY (member_id) REFERENCES member (id),
    CONSTRAINT fk_second_consent_grant_id FOREIGN KEY (grant_id) REFERENCES role_grant (id),
    CONSTRAINT fk_second_consent_asked_by FOREIGN KEY (asked_by) REFERENCES member (id),
    CONSTRAINT fk_second_consent_decided_by FOREIGN KEY (decided_by) REFERENCES member (id)
);
CREATE UNIQUE INDEX uq_second_consent_open ON second_consent (act, member_id, grant_id)
    NULLS NOT DISTINCT WHERE decided_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON local_account, console_invitation, second_consent TO tanpuhui_app;
