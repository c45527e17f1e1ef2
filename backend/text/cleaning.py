"""What is dropped from a text before it is compared or kept."""

import re
import unicodedata
from typing import Final

# Marks of direction, joiners, byte-order marks and soft hyphens: they come along when something
# is copied from a contact, a chat or a PDF, and nobody sees them.
UNSEEN: Final = r"\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
"""Characters that are dropped, as the inside of a class of a regular expression."""

# Joiners matter within an emoji and between letters of scripts that join; not beside ASCII or CJK.
_ALONE: Final = (
    r"\u0000-\u007f\u2000-\u200b\u200e-\u206f\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
    r"\U00020000-\U0003ffff"
)
_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
_UNJOINED: Final = re.compile(
    rf"(?![\u200c\u200d])[{UNSEEN}]"
    rf"|(?:^|(?<=[{_ALONE}]))[\u200c\u200d]+|[\u200c\u200d]+(?=[{_ALONE}]|$)"
)
# Code points that GB 18030 gave away before Unicode had the character. GB 18030-2022 maps the
# bytes to the characters; Python's codec, GBK and older systems still give the private ones.
_FORMERLY_PRIVATE: Final = {
    0xE78D: 0xFE10,
    0xE78E: 0xFE12,
    0xE78F: 0xFE11,
    0xE790: 0xFE13,
    0xE791: 0xFE14,
    0xE792: 0xFE15,
    0xE793: 0xFE16,
    0xE794: 0xFE17,
    0xE795: 0xFE18,
    0xE796: 0xFE19,
    0xE7C7: 0x1E3F,
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}


def cleaned(text: str) -> str:
    """A text in NFC without unseen characters and outer blanks, for names and sentences."""
    return unicodedata.normalize(
        "NFC", _UNJOINED.sub("", text).translate(_FORMERLY_PRIVATE)
    ).strip()


def half_width(text: str) -> str:
    """The same in NFKC: full-width letters, digits and signs become the plain ones."""
    seen = _UNSEEN.sub("", text).translate(_FORMERLY_PRIVATE)
    return unicodedata.normalize("NFKC", seen).strip()


def squeezed(text: str) -> str:
    """The same without any blanks, for numbers and codes as people type them."""
    return re.sub(r"\s", "", half_width(text))
