"""Logging in and out."""

from marshmallow import Schema, fields

from backend.people.models import Provider
from backend.web.fields import StrictString
from backend.web.schemas import StrictSchema
from miniprogram_api.schemas.me import MemberSchema


class SessionRequest(StrictSchema):
    """Who vouches for the member, and the single-use code they gave."""

    provider = fields.Enum(
        Provider,
        by_value=True,
        required=True,
        metadata={
            "description": "`wechat`: code of wx.login; `link`: code of a login link; "
            "`zzd`: 浙政钉, refused until an installation is connected to it"
        },
    )
    code = StrictString(required=True, max_length=512)


class SessionSchema(Schema):
    """A login. The token is told once."""

    token = fields.String(
        required=True, metadata={"description": "send it as `Authorization: Bearer …`"}
    )
    expires_at = fields.AwareDateTime(
        required=True, metadata={"description": "30 days from its last use"}
    )
    member = fields.Nested(MemberSchema, required=True)
