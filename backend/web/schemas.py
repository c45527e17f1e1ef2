"""Schemas every resource stands on: the strict base, the problem, the page of a list."""

from typing import Any

from marshmallow import RAISE, Schema, fields

from backend.web.fields import StrictInteger, StrictString

MAX_PAGE = 100


class StrictSchema(Schema):
    """A body or a query that refuses what it does not know."""

    class Meta:
        """Unknown members are mistakes, in bodies and in queries."""

        unknown = RAISE


class FieldErrorSchema(Schema):
    """One wrong field of a problem."""

    field = fields.String(required=True, metadata={"description": "path, such as facts.mass"})
    code = fields.String(required=True, metadata={"description": "stable code"})
    message = fields.String(required=True, metadata={"description": "what to change, in Chinese"})


class ProblemSchema(Schema):
    """An RFC 9457 problem; only documents, the body is built by `problems.Problem`."""

    type = fields.String(required=True, metadata={"description": "/problems/<code>"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "what to do next, in Chinese"})
    code = fields.String(required=True, metadata={"description": "stable code"})
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))


class PageQuery(StrictSchema):
    """Which part of a list is wanted: `limit` rows after `cursor`."""

    limit = StrictInteger(minimum=1, maximum=MAX_PAGE, load_default=50)
    cursor = StrictString(max_length=400, load_default=None)


def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of one page of a list of `item`: `{items, next_cursor}`.

    Args:
        item: the schema of one row.
    """
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(
            required=True, allow_none=True, metadata={"description": "null on the last page"}
        ),
    }
    return type(f"{item.__name__.removesuffix('Schema')}Page", (Schema,), members)
