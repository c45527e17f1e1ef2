"""The floor of a drop-off: a bare Flask route that calls the posting function and nothing else.

It writes the same rows as the product, without authentication, codes, rules or explanation.
"""

import itertools
import json
import os
from datetime import UTC, datetime

from flask import Flask, Response, request

from backend.db.engine import make_engine
from backend.ledger.service import post_award
from benchmarks.bare_award import bare_award


class Floor(Flask):
    """A bare application that the product's server can serve."""

    def body_limit(self, _method: str, _path: str) -> int:
        """Every body of the benchmark is short."""
        return 65_536


app = Floor(__name__)
_engine = make_engine(os.environ["TANPUHUI_DATABASE_URL"], pool_size=8)
_numbers = itertools.count(1)


@app.post("/floor")
def floor() -> Response:
    """Posts one award with fixed figures for the member the body names."""
    member_id = request.get_json()["member_id"]
    unique = f"floor-{os.getpid()}-{next(_numbers)}"
    with _engine.begin() as db:
        posting = post_award(db, bare_award(member_id, unique, datetime.now(UTC)))
    return Response(json.dumps({"id": posting.action_id}), status=201, mimetype="application/json")
