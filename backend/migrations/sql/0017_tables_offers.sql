-- What rewards, causes and draws share: whom they are for, whether they are open, cash value.

CREATE TABLE institution_reward_policy (
    institution_id BIGINT NOT NULL,
    cash_value BOOLEAN NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_by BIGINT,
    CONSTRAINT pk_institution_reward_policy PRIMARY KEY (institution_id),
    CONSTRAINT fk_institution_reward_policy_institution_id
        FOREIGN KEY (institution_id) REFERENCES institution (id),
    CONSTRAINT fk_institution_reward_policy_changed_by
        FOREIGN KEY (changed_by) REFERENCES member (id)
);
