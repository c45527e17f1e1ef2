"""The floor of a drop-off: a bare Flask route that calls the posting function and nothing else.

It writes the same rows as the product, without authentication, codes, rules or explanation.
"""

import itertools
import json
import os
from datetime import UTC, datetime

from flask import Flask, Response, request

from backend.db.engine import make_engine
from backend.ledger.queries import Cap
from backend.ledger.service import Award, Ceiling, post_award
from credit_rules import Used

app = Flask(__name__)
_engine = make_engine(os.environ["TANPUHUI_DATABASE_URL"], pool_size=8)
_numbers = itertools.count(1)
_KEY = "recycling.drop_off:day"


@app.post("/floor")
def floor() -> Response:
    """Posts one award with fixed figures for the member the body names."""
    member_id = request.get_json()["member_id"]
    now = datetime.now(UTC)
    unique = f"{os.getpid()}-{next(_numbers)}"
    caps = [Cap(-member_id, f"{_KEY}:{unique}", now.date())]
    with _engine.begin() as db:
        posting = post_award(
            db,
            Award(
                member_id=member_id,
                reference=unique,
                request_digest=b"x" * 32,
                kind="recycling.drop_off",
                occurred_at=now,
                occurred_on=now.date(),
                received_at=now,
                department_id=1,
                institution_id=1,
                district_id=1,
                place_id=1,
                tier="T1",
                channel="printed_code",
                ranked=True,
                facts='{"mass":"1.25","material":"paper"}',
                context="{}",
                methodology_id="recycling.drop_off",
                methodology_version=1,
                methodology_digest=b"x" * 32,
                rulebook_digest=b"x" * 32,
                trace_digest=b"x" * 32,
                reduction_mg=368_750,
                points_mpt=16_000,
                caps=caps,
                used={caps[0].key: Used()},
                added={caps[0].key: Used(368_750_000_000, 16_000_000_000)},
                evidence=[unique.encode()],
                ceilings=[Ceiling(f"floor:{unique}", 0, 6)],
            ),
        )
    return Response(json.dumps({"id": posting.action_id}), status=201, mimetype="application/json")
