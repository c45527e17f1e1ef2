"""Files that somebody made to harm: refused in one sentence, and nothing is run or written."""

import hashlib
import json
import os
import resource
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.backup import service
from backend.backup.archive import MANIFEST, BackupDamagedError, BackupTooNewError, reading, writing
from backend.db.engine import make_engine


def silent(_line: str) -> None:
    """Hears no progress."""


@pytest.fixture(scope="module")
def original(copy_of_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a database with one member in it."""
    url = copy_of_database()
    engine = make_engine(url, owner=True)
    with engine.begin() as db:
        db.execute(text("INSERT INTO member (display_name, created_at) VALUES ('小林', now())"))
    engine.dispose()
    path = tmp_path_factory.mktemp("hostile") / "original.zip"
    service.backup(url, path, report=silent)
    return path


Members = dict[str, bytes]


def remade(original: Path, path: Path, change: Callable[[dict[str, Any], Members], object]) -> Path:
    """The backup again with something else in it, its digests and counts made right."""
    with zipfile.ZipFile(original) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    change(manifest, members)
    for table in manifest["tables"] if isinstance(manifest.get("tables"), list) else ():
        content = members.get(f"tables/{table['name']}.copy")
        if content is not None:
            table |= {"rows": content.count(b"\n"), "sha256": hashlib.sha256(content).hexdigest()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(MANIFEST, json.dumps(manifest))
    return path


@pytest.fixture
def remake(original: Path, tmp_path: Path) -> Callable[[Callable[..., object]], Path]:
    return lambda change: remade(original, tmp_path / "hostile.zip", change)


@pytest.fixture
def target(copy_of_database: Callable[[], str]) -> str:
    """A database that was migrated and never used."""
    return copy_of_database()


def members_in(url: str) -> int:
    engine = make_engine(url, owner=True)
    with engine.connect() as db:
        found = db.scalar(text("SELECT count(*) FROM member"))
    engine.dispose()
    return int(found or 0)


def of(manifest: dict[str, Any], table: str) -> dict[str, Any]:
    return next(each for each in manifest["tables"] if each["name"] == table)


def test_the_file_made_again_is_restored(
    remake: Callable[[Callable[..., object]], Path], target: str
) -> None:
    service.restore(target, remake(lambda _manifest, _members: None), report=silent)
    assert members_in(target) == 1


INJECTED = 'member" DISABLE TRIGGER USER; CREATE TABLE owned (); COMMIT; --'


def _named_so(manifest: dict[str, Any], members: Members) -> None:
    members[f"tables/{INJECTED}.copy"] = b""
    manifest["tables"].append(dict(of(manifest, "member")) | {"name": INJECTED})


@pytest.mark.parametrize(
    "change",
    [
        _named_so,
        lambda m, _: of(m, "member")["columns"].append("id"),
        lambda m, _: of(m, "member")["columns"].pop(),
        lambda m, _: m["tables"].remove(of(m, "transfer")),
        lambda m, _: m["tables"].append(of(m, "member")),
        lambda m, _: m["sequences"].update({"pg_class": 1}),
        lambda m, _: m["sequences"].update({"member_id_seq": -5}),
        lambda m, _: m["sequences"].update({"member_id_seq": 2**80}),
        lambda _, files: files.update({"tables/member.copy": b"not\ta\tmember\n"}),
        lambda _, files: files.update({"tables/draw_entry.copy": b"7\t7\tA\t2026-01-01\n"}),
        lambda _, files: files.update({"tables/member.copy": files["tables/member.copy"] * 2}),
    ],
    ids=[
        "a statement for a name",
        "a column twice",
        "a column missing",
        "a table missing",
        "a table twice",
        "a sequence that is none",
        "a sequence out of bounds",
        "a sequence beyond all bounds",
        "rows of another shape",
        "a row that refers to nothing",
        "a row twice",
    ],
)
def test_what_does_not_fit_the_schema_is_not_written(
    remake: Callable[[Callable[..., object]], Path],
    target: str,
    change: Callable[[dict[str, Any], Members], object],
) -> None:
    with pytest.raises(BackupDamagedError, match=r"没有(改动数据库|写入数据)"):
        service.restore(target, remake(change), report=silent)
    assert members_in(target) == 0
    engine = make_engine(target, owner=True)
    with engine.connect() as db:
        assert db.scalar(text("SELECT to_regclass('owned')")) is None
    engine.dispose()


ODD: tuple[Any, ...] = (None, True, 1, -1, 1.5, "", "x", [], [[]], {}, {"a": 1}, "a" * 5_000)


def _odd_manifests(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in (*manifest, "name", "columns", "rows", "sha256"):
        for value in ODD:
            changed: dict[str, Any] = json.loads(json.dumps(manifest))
            (changed if key in manifest else changed["tables"][0])[key] = value
            yield changed
            if key in manifest:
                yield {name: each for name, each in changed.items() if name != key}


def test_whatever_a_manifest_says_it_is_read_or_refused(original: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(original) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        members = {name: archive.read(name) for name in archive.namelist() if name != MANIFEST}
    small = manifest | {"tables": [of(manifest, "member")], "sequences": {"member_id_seq": 1}}
    path = tmp_path / "odd.zip"
    refused = 0
    for odd in _odd_manifests(small):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("tables/member.copy", members["tables/member.copy"])
            archive.writestr(MANIFEST, json.dumps(odd))
        try:
            with reading(path) as reader:
                assert isinstance(reader.manifest.revision, str)
        except (BackupDamagedError, BackupTooNewError):
            refused += 1
    assert refused > 70


@pytest.mark.parametrize("said", [b"[" * 200_000, b'{"format": ' + b"9" * 6_000, b"\xff\xfe", b""])
def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "no.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, said)
    with pytest.raises(BackupDamagedError), reading(path):
        pass


def test_a_manifest_that_unpacks_to_very_much_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(MANIFEST, "w") as member,
    ):
        for _ in range(96):
            member.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BackupDamagedError, match="清单过大"), reading(path):
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_a_manifest_that_hides_its_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hidden.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, bytes(8 << 20))
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, directory + 24, 100)  # the size once unpacked
    path.write_bytes(content)
    with pytest.raises(BackupDamagedError), reading(path):
        pass


def test_a_table_that_unpacks_to_much_is_read_in_little_memory(
    original: Path, tmp_path: Path
) -> None:
    def swollen(_manifest: dict[str, Any], members: Members) -> None:
        members["tables/member.copy"] = b"\n" * (64 << 20)

    path = remade(original, tmp_path / "swollen.zip", swollen)
    assert path.stat().st_size < 1 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with reading(path):
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_cut_off_anywhere_it_is_refused(original: Path, tmp_path: Path) -> None:
    content = original.read_bytes()
    path = tmp_path / "cut.zip"
    for length in range(0, len(content), 997):
        path.write_bytes(content[:length])
        with pytest.raises(BackupDamagedError), reading(path):
            pass


def test_another_file_of_the_name_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "same.zip"
    with pytest.raises(FileExistsError), writing(path):
        path.write_text("of somebody else")
    assert path.read_text() == "of somebody else"
    assert list(tmp_path.iterdir()) == [path]


def test_what_waits_under_the_name_of_a_part_is_left_alone(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "saved.zip.part").symlink_to(victim)
    with writing(tmp_path / "saved.zip") as writer:
        writer.table("member", ("id",), [b"1\n"])
    assert victim.read_text() == "precious"
    assert (tmp_path / "saved.zip").stat().st_mode & 0o777 == 0o600


def test_where_links_are_not_to_be_had_a_name_is_given_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with writing(tmp_path / "saved.zip"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["saved.zip"]
