"""What a member sees of their own account, and how they bind to an institution."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from backend.people.models import MemberKind, Role
from backend.web.fields import StrictString
from backend.web.schemas import StrictSchema


class PlaceOfWorkSchema(Schema):
    """An institution or a department."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class MembershipSchema(Schema):
    """Where the member belongs, from `valid_from` up to, not including, `valid_until`."""

    institution = fields.Nested(PlaceOfWorkSchema, required=True)
    department = fields.Nested(PlaceOfWorkSchema, required=True, allow_none=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)


class GrantSchema(Schema):
    """A role in force and its scope; no id set: the whole city."""

    role = fields.Enum(Role, by_value=True, required=True)
    district_id = fields.Integer(required=True, allow_none=True)
    institution_id = fields.Integer(required=True, allow_none=True)
    department_id = fields.Integer(required=True, allow_none=True)


class MemberSchema(Schema):
    """A member's own account."""

    id = fields.Integer(required=True)
    display_name = fields.String(required=True)
    kind = fields.Enum(
        MemberKind,
        by_value=True,
        required=True,
        metadata={"description": "staff while a membership covers today, else citizen"},
    )
    phone_masked = fields.String(
        required=True, allow_none=True, metadata={"description": "such as 138****1234"}
    )
    created_at = fields.AwareDateTime(required=True)
    membership = fields.Nested(MembershipSchema, required=True, allow_none=True)
    roles = fields.List(fields.Nested(GrantSchema), required=True)


class RosterBindingSchema(StrictSchema):
    """A person on a roster: code, staff number and phone must all be the roster's."""

    credit_code = StrictString(
        required=True, max_length=40, metadata={"description": "统一社会信用代码"}
    )
    staff_number = StrictString(required=True, max_length=40, metadata={"description": "工号"})
    phone = StrictString(
        load_default=None,
        allow_none=True,
        max_length=30,
        metadata={"description": "mobile number, as typed; kept as a keyed hash and a mask only"},
    )
    phone_code = StrictString(
        load_default=None,
        allow_none=True,
        max_length=512,
        metadata={
            "description": "code of WeChat's phone-number button, instead of `phone`: WeChat says "
            "whose phone it is"
        },
    )

    @validates_schema
    def _one_phone(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if (data["phone"] is None) == (data["phone_code"] is None):
            raise ValidationError("choice|请填写手机号，或用微信授权手机号，二者选一。", "phone")


class BindingRequest(StrictSchema):
    """Either an invitation code or a roster entry. Nobody is bound by name."""

    invitation = StrictString(
        max_length=40,
        load_default=None,
        metadata={"description": "code from the institution's administrator"},
    )
    roster = fields.Nested(RosterBindingSchema, load_default=None)

    @validates_schema
    def _one_way(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if (data["invitation"] is None) == (data["roster"] is None):
            raise ValidationError("choice|请填写邀请码或名册信息中的一项。", "invitation")


class RosterRequestSchema(Schema):
    """What a member asked the administrator of an institution."""

    id = fields.Integer(required=True)
    institution_name = fields.String(required=True)
    staff_number = fields.String(required=True)
    objection = fields.Boolean(
        required=True, metadata={"description": "the person is bound to another account"}
    )
    opened_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    released = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "null while it is open; then whether the member was bound"},
    )


class RosterRequestsSchema(Schema):
    """A member's requests, newest first."""

    items = fields.List(fields.Nested(RosterRequestSchema), required=True)
