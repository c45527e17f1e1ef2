"""Folders of draft rules."""

from pathlib import Path

from credit_rules.loading import SHIPPED


def a_draft(
    folder: Path,
    kind: str,
    *changes: tuple[str, str],
    version: int = 2,
    start: str = "2027-01-01",
) -> Path:
    """Writes a later version of a shipped methodology into a folder.

    Args:
        folder: made if it is not there.
        kind: the methodology; its first version is copied.
        changes: texts and what replaces their first occurrence, in order.
        version: the number it gets.
        start: its first day.
    """
    folder.mkdir(exist_ok=True)
    text = (SHIPPED / f"{kind}.v1.toml").read_text("utf-8")
    for old, new in (
        ("\nversion = 1\n", f"\nversion = {version}\n"),
        ("from = 2026-01-01", f"from = {start}"),
        *changes,
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / f"{kind}.v{version}.toml").write_text(text, encoding="utf-8")
    return folder


def a_stricter_drop_off(folder: Path) -> Path:
    """A draft of the drop-off: 3 points instead of 5 for the day's first, 12 kg at most."""
    return a_draft(
        folder,
        "recycling.drop_off",
        ('max = "50"', 'max = "12"'),
        ('"5 point/count"', '"3 point/count"'),
        (
            "reduction_mg = 590000, points_mpt = 19000 }",
            "reduction_mg = 590000, points_mpt = 17000 }",
        ),
        ("points_mpt = 29000", "points_mpt = 27000"),
        ("points_mpt = 10000 }", "points_mpt = 8000 }"),
        ("points_mpt = 19000, bonus", "points_mpt = 17000, bonus"),
        ("reduction_mg = 1000, points_mpt = 19000", "reduction_mg = 1000, points_mpt = 17000"),
        (
            "reduction_mg = 1738740, points_mpt = 30000",
            "reduction_mg = 1738740, points_mpt = 28200",
        ),
    )
