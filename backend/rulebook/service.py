"""Keeps the versions this installation credits under, so that none changes behind its number."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from backend.errors import DomainError, ErrorKind
from backend.rulebook.models import MethodologyVersion, RulebookRelease
from credit_rules import Rulebook


class VersionChangedError(DomainError):
    """A published version came back with other content."""

    code = "methodology_version_changed"
    kind = ErrorKind.CONFLICT


def register(db: Connection, rulebook: Rulebook) -> None:
    """Records the rulebook and every version in it.

    Raises:
        VersionChangedError: a version that was recorded before has another digest now.
    """
    for methodology in rulebook.all_versions():
        db.execute(
            insert(MethodologyVersion)
            .values(
                methodology_id=methodology.id,
                version=methodology.version,
                digest=bytes.fromhex(methodology.digest),
                title=methodology.title,
                effective_from=methodology.effective_from,
            )
            .on_conflict_do_nothing()
        )
    db.execute(
        insert(RulebookRelease)
        .values(digest=bytes.fromhex(rulebook.digest), name=rulebook.name)
        .on_conflict_do_nothing()
    )
    known = {
        (methodology_id, version): digest
        for methodology_id, version, digest in db.execute(
            select(
                MethodologyVersion.methodology_id,
                MethodologyVersion.version,
                MethodologyVersion.digest,
            )
        )
    }
    changed = [
        f"{methodology.id} 第 {methodology.version} 版"
        for methodology in rulebook.all_versions()
        if known[methodology.id, methodology.version] != bytes.fromhex(methodology.digest)
    ]
    if changed:
        raise VersionChangedError(
            f"方法学内容与已发布的版本不一致：{'、'.join(changed)}。请恢复原文，改动请另发新版本号。"
        )


def released_digests(db: Connection) -> frozenset[bytes]:
    """Digests of every rulebook this installation has credited under."""
    return frozenset(db.scalars(select(RulebookRelease.digest)))
