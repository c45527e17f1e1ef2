"""A backup comes back whole, into an empty database only, or not at all."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from sqlalchemy import create_engine, text

from backend.backup import service
from backend.backup.archive import BackupDamagedError, BackupTooNewError, reading
from backend.bootstrap import Backend
from backend.cli import main
from backend.db.engine import make_engine
from tests.builders.city import City, a_city
from tests.builders.drop_offs import drop
from tests.conftest import SECRET


def silent(_line: str) -> None:
    """Hears no progress."""


def drop_off(city: City, number: int) -> None:
    now = city.backend.clock.now()
    with city.backend.engine.begin() as db:
        drop(
            db,
            rulebook=city.backend.rulebook,
            keys=city.backend.keys,
            member_id=city.scene.members[number % len(city.scene.members)],
            code=city.scene.attended.url,
            now=now,
            occurred_at=now - timedelta(minutes=number),
        )


@pytest.fixture
def city(backend: Backend) -> City:
    built = a_city(backend)
    for number in range(5):
        drop_off(built, number)
    return built


@pytest.fixture
def saved(city: City, database: str, tmp_path: Path) -> Path:
    """A backup of the city."""
    path = tmp_path / "saved.zip"
    assert city.scene.members
    service.backup(database, path, report=silent)
    return path


@pytest.fixture
def empty(copy_of_database: Callable[[], str]) -> str:
    """URL (owner) of a database that was migrated and never used."""
    return copy_of_database()


@pytest.fixture
def run(empty: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on the empty database."""

    def command(*arguments: str | Path) -> Result:
        monkeypatch.setenv("TANPUHUI_DATABASE_URL", empty)
        return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)

    return command


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = make_engine(url, owner=True)
    with engine.connect() as db:
        found = {
            table: [tuple(map(str, row)) for row in db.execute(text(f'SELECT * FROM "{table}"'))]
            for table in db.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname='public'")
            )
        }
    engine.dispose()
    return {table: sorted(rows) for table, rows in found.items()}


def test_a_restored_installation_is_the_same_and_goes_on(
    city: City, saved: Path, database: str, empty: str, run: Callable[..., Result], redis: Redis
) -> None:
    redis.hset("tanpuhui:board:departments:2020-01", "1", "of another installation")
    result = run("restore", saved)
    assert result.exit_code == 0, result.output
    assert "全部相符" in result.output
    before, after = contents(database), contents(empty)
    rolled_up = after.pop("department_day")
    assert len(rolled_up) == 1
    assert before.pop("department_day") == []
    # Restored, it belongs to the key of whoever runs it.
    assert (len(after.pop("installation_key")), before.pop("installation_key")) == (1, [])
    for derived in ("ranking_season", "season_measure", "season_member", "season_group"):
        assert after.pop(derived)
        assert before.pop(derived) == []
    assert after == before
    boards = {key.decode() for key in redis.scan_iter("tanpuhui:board:*")}
    assert boards
    assert "tanpuhui:board:departments:2020-01" not in boards
    engine = make_engine(empty)
    with engine.begin() as db:
        newest = db.execute(text("SELECT max(id) FROM action")).scalar_one()
        receipt = drop(
            db,
            rulebook=city.backend.rulebook,
            keys=city.backend.keys,
            member_id=city.scene.members[0],
            code=city.scene.attended.url,
            now=city.backend.clock.now() + timedelta(minutes=2),
        )
        assert receipt.action.id > newest
    engine.dispose()
    owner = create_engine(empty.replace("postgresql:", "postgresql+psycopg:", 1))
    with owner.connect() as db:
        enabled = db.scalars(
            text("SELECT tgenabled FROM pg_trigger WHERE NOT tgisinternal AND tgname='append_only'")
        ).all()
    owner.dispose()
    assert set(enabled) == {"O"}


def test_a_backup_is_of_one_instant(city: City, database: str, tmp_path: Path) -> None:
    numbers = iter(range(100, 200))
    manifest = service.backup(
        database, tmp_path / "one.zip", report=lambda _line: drop_off(city, next(numbers))
    )
    rows = {table.name: table.rows for table in manifest.tables}
    assert rows["action"] == rows["entry"] == rows["idempotency"] == 5


def test_a_backup_is_private_and_overwrites_nothing(
    saved: Path, run: Callable[..., Result]
) -> None:
    assert saved.stat().st_mode & 0o077 == 0
    before = saved.read_bytes()
    result = run("backup", saved)
    assert result.exit_code == 2
    assert "文件已存在" in result.output
    assert saved.read_bytes() == before
    assert run("backup", saved.parent / "nowhere" / "file.zip").exit_code == 2
    assert [path.name for path in saved.parent.glob("*.part")] == []


def test_keys_are_not_in_it(city: City, saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert city.backend.settings.secret_key.encode() not in everything
    assert city.backend.settings.wechat_app_secret.encode() not in everything


def flipped(path: Path) -> None:
    """One bit in the middle of a table."""
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("tables/action.copy")
    content = bytearray(path.read_bytes())
    content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def forged(path: Path) -> None:
    """Another row in a table, in a well-formed archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["tables/district.copy"] += b"9\t330199\t\\N\t\\N\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("damage", [flipped, cut_off, emptied, forged])
def test_a_damaged_file_is_refused_before_anything_is_touched(
    saved: Path, empty: str, run: Callable[..., Result], damage: Callable[[Path], None]
) -> None:
    damage(saved)
    before = contents(empty)
    result = run("restore", saved)
    assert result.exit_code == 2
    assert "没有改动数据库" in result.output
    assert "[backup_damaged]" in result.output
    assert contents(empty) == before


def test_every_byte_counts(saved: Path) -> None:
    content = saved.read_bytes()
    for position in range(0, len(content), max(1, len(content) // 60)):
        changed = bytearray(content)
        changed[position] ^= 0x10
        saved.write_bytes(changed)
        try:
            with reading(saved) as reader:
                whole = reader.manifest
        except (BackupDamagedError, BackupTooNewError):
            continue
        # Dates and attributes of members are the only bytes that carry no content.
        saved.write_bytes(content)
        with reading(saved) as reader:
            assert whole == reader.manifest


def test_a_used_database_is_not_overwritten(
    city: City, saved: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANPUHUI_DATABASE_URL", database)
    before = contents(database)
    result = CliRunner().invoke(main, ["restore", str(saved)])
    assert result.exit_code == 2
    assert "[database_not_empty]" in result.output
    assert contents(database) == before
    assert city.scene.members


def test_tables_of_another_program_are_left_alone(
    saved: Path, empty: str, run: Callable[..., Result]
) -> None:
    engine = make_engine(empty, owner=True)
    with engine.begin() as db:
        db.execute(text("DROP TABLE alembic_version"))
    before = contents(empty)
    assert run("restore", saved).exit_code == 2
    assert contents(empty) == before
    engine.dispose()


def test_a_backup_of_a_later_program_is_refused(saved: Path, run: Callable[..., Result]) -> None:
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["manifest.json"] = json.dumps(
        json.loads(members["manifest.json"]) | {"revision": "9999"}
    ).encode()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    result = run("restore", saved)
    assert result.exit_code == 2
    assert "请先升级程序" in result.output


def test_a_missing_file_is_one_line(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANPUHUI_SECRET_KEY", SECRET)
    result = run("restore", tmp_path / "none.zip")
    assert result.exit_code == 2
    assert "请核对路径" in result.output
