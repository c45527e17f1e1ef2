"""What counts as a character, and what is dropped before a text is compared."""

import sys
import unicodedata
from collections.abc import Callable

import pytest

from backend.text.characters import is_person_name, is_text
from backend.text.cleaning import cleaned, half_width, squeezed

UNSEEN = "\u00ad\u061c\u200b\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2069\ufeff"


@pytest.mark.parametrize("name", ["王𱖎", "王䶮", "买买提·江", "O’Connor", "王(小)明", "王伟2"])
def test_names_are_taken(name: str) -> None:
    assert is_person_name(name)


@pytest.mark.parametrize("name", ["", "+86王", "-王", "2王", "王@", "王\n明", "王\ue000", "王😀"])
def test_what_no_name_holds_is_refused(name: str) -> None:
    assert not is_person_name(name)


def test_the_table_is_not_older_than_python() -> None:
    drawn = filter(str.isprintable, map(chr, range(sys.maxunicode + 1)))
    assert is_text("".join(drawn))


@pytest.mark.parametrize("clean", [cleaned, half_width, squeezed])
def test_unseen_characters_are_dropped(clean: Callable[[str], str]) -> None:
    assert clean(f" 王{UNSEEN}明\ufeff ") == "王明"


def test_every_unseen_character_is_one_that_nobody_sees() -> None:
    assert {unicodedata.category(each) for each in UNSEEN} == {"Cf"}


def test_joiners_stay_where_they_join_and_nowhere_else() -> None:
    family, persian = "👩\u200d👩\u200d👧", "می\u200cخواهم"
    assert (cleaned(family), cleaned(persian)) == (family, persian)
    assert cleaned("张\u200d三\u200c") == "张三"
    assert cleaned("A\u200d1") == "A1"
    assert squeezed(family) == "👩👩👧"


def test_joined_marks_and_variants_stay() -> None:
    assert cleaned("e\u0301") == "é"
    assert cleaned("葛\U000e0100") == "葛\U000e0100"


@pytest.mark.parametrize(
    "two_bytes, character",
    [
        ("FE51", "\U00020087"),
        ("FE52", "\U00020089"),
        ("FE53", "\U000200cc"),
        ("FE59", "\u9fb4"),
        ("FE61", "\u9fb5"),
        ("FE66", "\u9fb6"),
        ("FE67", "\u9fb7"),
        ("FE6C", "\U000215d7"),
        ("FE6D", "\u9fb8"),
        ("FE76", "\U0002298f"),
        ("FE7E", "\u9fb9"),
        ("FE90", "\u9fba"),
        ("FE91", "\U000241fe"),
        ("FEA0", "\u9fbb"),
        ("A6D9", "\ufe10"),
        ("A6F3", "\ufe19"),
        ("A8BC", "\u1e3f"),
    ],
)
def test_two_bytes_of_gb18030_are_the_characters_of_2022(two_bytes: str, character: str) -> None:
    assert cleaned(bytes.fromhex(two_bytes).decode("gb18030")) == character
