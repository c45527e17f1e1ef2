"""A small face on the real base: one table, and one route for each kind of trouble."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from flask import Response, jsonify, request
from flask.testing import FlaskClient
from flask.views import MethodView
from marshmallow import fields as ma_fields
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from backend.bootstrap import Backend, build
from backend.clock import FixedClock
from backend.errors import (
    DomainError,
    ErrorKind,
    ForbiddenError,
    UnauthenticatedError,
)
from backend.people.models import Face, MemberKind, Role
from backend.people.queries import Actor, Grant
from backend.settings import Settings
from backend.web import access
from backend.web.api import Api, Blueprint
from backend.web.application import Application, create_base
from backend.web.body import accepts_body
from backend.web.fields import (
    AwareDateTime,
    DecimalString,
    Reference,
    StrictBoolean,
    StrictInteger,
    StrictString,
)
from backend.web.paging import decode_cursor, page
from backend.web.schemas import PageQuery, StrictSchema, page_schema
from backend.web.transaction import connection

TOKENS = {
    "member-token": Actor(1, "小林", MemberKind.STAFF, (), None, None),
    "admin-token": Actor(2, "周处", MemberKind.STAFF, (Grant(Role.CITY_ADMIN),), None, None),
}


def authenticate(db: Connection, *, token: str, now: datetime, face: Face) -> Actor:
    """Knows two tokens; asks the database like the real one, so that an outage shows."""
    assert now.tzinfo is UTC
    assert face in Face
    db.execute(text("SELECT 1"))
    if token not in TOKENS:
        raise UnauthenticatedError("登录已失效，请重新登录。")
    return TOKENS[token]


class NoteSchema(StrictSchema):
    reference = Reference(required=True)
    body = StrictString(max_length=500, required=True)
    count = StrictInteger(load_default=0)
    mass = DecimalString(load_default=None)
    urgent = StrictBoolean(load_default=False)
    at = AwareDateTime(load_default=None)
    tags = ma_fields.List(StrictString(max_length=20), load_default=list)


class NoteRow(StrictSchema):
    id = ma_fields.Integer(required=True)
    body = ma_fields.String(required=True)


class NotesQuery(PageQuery):
    urgent = StrictBoolean(load_default=False)
    minimum = StrictInteger(load_default=0)


notes = Blueprint("notes", __name__, description="Notes of the tests.")


@notes.route("/notes", methods=["POST"])
@access.member_only
@notes.arguments(NoteSchema)
@notes.response(201, NoteRow)
def write_note(values: dict[str, Any]) -> dict[str, Any]:
    """Write a note."""
    row = connection().execute(
        text("INSERT INTO note (body, count) VALUES (:body, :count) RETURNING id, body"),
        {"body": values["body"], "count": values["count"]},
    )
    return dict(row.mappings().one())


@notes.route("/notes", methods=["GET"])
@access.public
@notes.arguments(NotesQuery, location="query")
@notes.response(200, page_schema(NoteRow))
def list_notes(query: dict[str, Any]) -> Any:
    """List notes."""
    after = decode_cursor(query["cursor"], int)[0] if query["cursor"] else 0
    rows = connection().execute(
        text("SELECT id, body FROM note WHERE id > :after ORDER BY id LIMIT :limit"),
        {"after": after, "limit": query["limit"] + 1},
    )
    return page([dict(row) for row in rows.mappings()], query["limit"], lambda row: (row["id"],))


@notes.route("/notes/<int:note_id>")
@access.public
@notes.response(200, NoteRow)
def read_note(note_id: int) -> Any:
    """Read a note."""
    row = connection().execute(text("SELECT id, body FROM note WHERE id = :id"), {"id": note_id})
    return dict(row.mappings().one_or_none() or {"id": note_id, "body": ""})


@notes.route("/raw/<name>")
@access.public
def read_by_name(name: str) -> Any:
    """Sends whatever the path says to PostgreSQL."""
    row = connection().execute(text("SELECT :name || ''"), {"name": name})
    return jsonify(name=row.scalar_one())


def _insert(body: str) -> None:
    connection().execute(text("INSERT INTO note (body) VALUES (:body)"), {"body": body})


@notes.route("/outcomes/<outcome>", methods=["POST"])
@access.public
def outcome(outcome: str) -> Any:
    """Writes a note, then ends as the path says."""
    _insert(outcome)
    if outcome == "crash":
        raise RuntimeError("a bug with a secret in it")
    if outcome == "refusal":
        raise ForbiddenError("不行。")
    if outcome == "deferred":
        connection().execute(text("INSERT INTO pair (a, b) VALUES (1, 99)"))
    if outcome == "slow":
        connection().execute(text("SET LOCAL statement_timeout = 20"))
        connection().execute(text("SELECT pg_sleep(5)"))
    if outcome == "locked":
        connection().execute(text("SET LOCAL lock_timeout = 20"))
        connection().execute(text("SELECT 1 FROM pair"))
    if outcome == "overflow":
        connection().execute(text("INSERT INTO note (body, count) VALUES ('x', 1e30)"))
    if outcome == "duplicate":
        connection().execute(text("INSERT INTO pair (a, b) VALUES (1, 1), (1, 1)"))
    status = {"returned-400": 400, "redirect": 302}.get(outcome, 200)
    return Response(status=status)


@notes.route("/kinds/<kind>")
@access.public
def of_kind(kind: str) -> Any:
    """Raises an error of the kind."""
    error = type("KindError", (DomainError,), {"code": "of_a_kind", "kind": ErrorKind(kind)})
    raise error("请稍等。")


@notes.route("/undeclared")
def undeclared() -> Any:
    """Says nothing about who may call it."""
    return jsonify(secret=True)


@notes.route("/admins")
class Admins(MethodView):
    """A class whose methods declare their access one by one."""

    @access.console_roles(Role.CITY_ADMIN)
    def get(self) -> Any:
        """For city administrators."""
        return jsonify(name=access.actor().display_name)

    def post(self) -> Any:
        """Says nothing."""
        return jsonify(secret=True)


@notes.route("/uploads", methods=["POST"])
@access.public
@accepts_body(1_048_576)
def upload() -> Any:
    """Takes more than the others."""
    return jsonify(size=len(request.get_data()))


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Sequence[Mapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        yield lines


@pytest.fixture(scope="session")
def notes_engine(postgres_url: str) -> Iterator[Engine]:
    """The owner's engine on a database that holds the tables of the sample face and no others."""
    server = make_url(postgres_url).set(drivername="postgresql+psycopg")
    maintenance = create_engine(server, isolation_level="AUTOCOMMIT")
    with maintenance.connect() as db:
        db.execute(text("CREATE DATABASE notes TEMPLATE template0"))
    maintenance.dispose()
    engine = create_engine(server.set(database="notes"))
    with engine.begin() as db:
        db.execute(text("CREATE TABLE note (id bigserial PRIMARY KEY, body text, count bigint)"))
        db.execute(text("CREATE TABLE pair (a int UNIQUE, b int)"))
        db.execute(
            text("ALTER TABLE pair ADD FOREIGN KEY (b) REFERENCES pair (a) INITIALLY DEFERRED")
        )
        db.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO tanpuhui_app"))
        db.execute(text("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO tanpuhui_app"))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(notes_engine: Engine) -> Engine:
    """The owner's engine on empty tables."""
    with notes_engine.begin() as db:
        db.execute(text("TRUNCATE note, pair RESTART IDENTITY"))
    return notes_engine


@pytest.fixture(scope="session")
def notes_backend(
    notes_engine: Engine, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """A backend on the sample face's database: one for all tests, since each empties its tables."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (
            ("DATABASE_URL", notes_engine.url.render_as_string(hide_password=False)),
            ("REDIS_URL", redis_url),
            ("SECRET_KEY", "a secret of the tests, 32 characters"),
            ("DATA_DIR", str(tmp_path_factory.mktemp("web"))),
        ):
            environment.setenv(f"TANPUHUI_{name}", value)
        settings = Settings.from_env()
    built = build(settings, clock=FixedClock(datetime(2026, 11, 18, 2, 0, tzinfo=UTC)))
    yield built
    built.engine.dispose()
    built.redis.close()


@pytest.fixture
def make_app(notes_backend: Backend, engine: Engine) -> Callable[..., Application]:
    """Makes the sample face; further keyword arguments replace settings."""
    assert engine is not None
    usual = notes_backend

    def make(
        *,
        backend: Backend = usual,
        face: Face = Face.API,
        prefers_pages: bool = False,
        **changed: Any,
    ) -> Application:
        app = create_base(
            replace(backend, settings=replace(backend.settings, **changed)),
            "backend.web",
            face=face,
            prefers_pages=prefers_pages,
            authenticate=authenticate,
        )
        app.config.update(API_TITLE="notes", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
        app.config["OPENAPI_URL_PREFIX"] = "/api/v1"
        Api(app).register_blueprint(notes, url_prefix="/api/v1")
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return make_app()


@pytest.fixture
def client(app: Application) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def stored(engine: Engine) -> Callable[[], list[str]]:
    """Reads the bodies of the notes that were kept."""

    def read() -> list[str]:
        with engine.connect() as db:
            return list(db.execute(text("SELECT body FROM note ORDER BY id")).scalars())

    return read
