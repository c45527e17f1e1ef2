"""The vocabulary of audit events: `source:subject:action`."""

from enum import StrEnum


class Tag(StrEnum):
    """What happened. The source is the feature, the subject the thing, the action a verb."""

    DISTRICT_CREATE = "organisations:district:create"
    SYSTEM_CREATE = "organisations:system:create"
    INSTITUTION_CREATE = "organisations:institution:create"
    INSTITUTION_RENAME = "organisations:institution:rename"
    INSTITUTION_CLOSE = "organisations:institution:close"
    INSTITUTION_YEAR = "organisations:institution:year"
    DEPARTMENT_CREATE = "organisations:department:create"
    DEPARTMENT_RENAME = "organisations:department:rename"
    DEPARTMENT_MOVE = "organisations:department:move"
    DEPARTMENT_CLOSE = "organisations:department:close"

    MEMBER_CREATE = "people:member:create"
    MEMBER_DEACTIVATE = "people:member:deactivate"
    SESSION_CREATE = "people:session:create"
    SESSION_REVOKE = "people:session:revoke"
    LOGIN_LINK_CREATE = "people:login_link:create"
    MEMBERSHIP_BIND = "people:membership:bind"
    MEMBERSHIP_MOVE = "people:membership:move"
    MEMBERSHIP_END = "people:membership:end"
    INVITATION_CREATE = "people:invitation:create"
    INVITATION_REVOKE = "people:invitation:revoke"
    ROLE_GRANT = "people:role:grant"
    ROLE_REVOKE = "people:role:revoke"
    ROSTER_IMPORT = "people:roster:import"

    PLACE_CREATE = "places:place:create"
    PLACE_CHANGE = "places:place:change"
    PRINT_BATCH_CREATE = "places:print_batch:create"
    PRINT_BATCH_REVOKE = "places:print_batch:revoke"

    REWARD_CREATE = "rewards:reward:create"
    REWARD_CHANGE = "rewards:reward:change"
    REWARD_STOCK = "rewards:reward:stock"
    CASH_VALUE_SWITCH = "rewards:cash_value:switch"
    REDEMPTION_FULFIL = "rewards:redemption:fulfil"
    REDEMPTION_CANCEL = "rewards:redemption:cancel"
    CAUSE_CREATE = "rewards:cause:create"
    CAUSE_CHANGE = "rewards:cause:change"
    DRAW_CREATE = "rewards:draw:create"
    DRAW_CLOSE = "rewards:draw:close"
    DRAW_DRAW = "rewards:draw:draw"
