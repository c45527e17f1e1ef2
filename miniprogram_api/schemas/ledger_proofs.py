"""Receipts of entries, checkpoints, keys, consistency proofs."""

from marshmallow import Schema, fields

from backend.web.fields import StrictInteger
from backend.web.schemas import StrictSchema

_BASE64 = {"format": "byte"}


class LedgerReceiptSchema(Schema):
    """What proves offline that an entry stands in the book; bytes in base64."""

    format = fields.String(required=True, metadata={"description": "tanpuhui.receipt.v1"})
    entry_id = fields.Integer(required=True)
    leaf = fields.String(required=True, metadata=_BASE64)
    action = fields.String(required=True, allow_none=True, metadata=_BASE64)
    index = fields.Integer(required=True, metadata={"description": "place of the leaf, from 0"})
    path = fields.List(
        fields.String(metadata=_BASE64),
        required=True,
        metadata={"description": "hashes from the leaf up to the root, RFC 6962"},
    )
    checkpoint = fields.String(
        required=True, metadata={"description": "signed note, C2SP tlog-checkpoint"}
    )


class CheckpointSchema(Schema):
    """A signed root of the tree."""

    size = fields.Integer(required=True, metadata={"description": "leaves in the tree"})
    root = fields.String(required=True, metadata=_BASE64)
    note = fields.String(
        required=True, metadata={"description": "signed note, C2SP tlog-checkpoint"}
    )
    signed_at = fields.String(required=True, metadata={"format": "date-time"})


class ConsistencyQuery(StrictSchema):
    """The earlier tree."""

    earlier = StrictInteger(minimum=1, required=True, data_key="from")


class ConsistencySchema(Schema):
    """The proof that the later tree begins with the whole earlier one."""

    earlier = fields.Nested(CheckpointSchema, required=True)
    later = fields.Nested(CheckpointSchema, required=True)
    path = fields.List(
        fields.String(metadata=_BASE64),
        required=True,
        metadata={"description": "hashes in the order of RFC 6962, section 2.1.2"},
    )


class VerifierKeySchema(Schema):
    """A public key that has signed checkpoints."""

    key = fields.String(required=True, metadata={"description": "NAME+ID+BASE64, C2SP signed-note"})


class VerifierKeysAnswer(Schema):
    """Every key that has ever signed, oldest first."""

    items = fields.List(fields.Nested(VerifierKeySchema), required=True)


class MonthSchema(Schema):
    """A closed month: the signed root over every account's balance at its end."""

    month = fields.String(required=True, metadata={"description": "such as 2026-10"})
    tree_size = fields.Integer(
        required=True, metadata={"description": "entries among so many leaves are counted"}
    )
    accounts = fields.Integer(required=True)
    root = fields.String(required=True, metadata=_BASE64)
    note = fields.String(
        required=True, metadata={"description": "signed note, C2SP tlog-checkpoint"}
    )
    sealed_at = fields.String(
        required=True, metadata={"format": "date-time", "description": "told, not signed"}
    )


class SealedBalanceSchema(Schema):
    """What one account held at the end of a month, with its proof; bytes in base64."""

    account_id = fields.Integer(required=True)
    kind = fields.String(required=True)
    unit = fields.String(required=True, metadata={"description": "mg or mpt"})
    amount = fields.Integer(required=True)
    leaf = fields.String(required=True, metadata=_BASE64)
    index = fields.Integer(required=True)
    path = fields.List(fields.String(metadata=_BASE64), required=True)


class SealedBalancesAnswer(Schema):
    """What proves offline what the caller's accounts held at the end of a sealed month."""

    format = fields.String(required=True, metadata={"description": "tanpuhui.month.v1"})
    month = fields.Nested(MonthSchema, required=True)
    items = fields.List(fields.Nested(SealedBalanceSchema), required=True)
