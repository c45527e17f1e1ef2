-- Roll-ups behind the boards. Derived: every row can be recomputed from the actions.

CREATE TABLE department_day (
    department_id BIGINT NOT NULL,
    day DATE NOT NULL,
    points_mpt BIGINT NOT NULL,
    reduction_mg BIGINT NOT NULL,
    actions BIGINT NOT NULL,
    CONSTRAINT pk_department_day PRIMARY KEY (department_id, day),
    CONSTRAINT ck_department_day_some_actions CHECK (actions > 0)
);
CREATE INDEX ix_department_day_day ON department_day (day);
