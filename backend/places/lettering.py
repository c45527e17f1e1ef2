"""Text in the shipped fonts, for posters and certificates: a character is drawn or refused.

A PDF leaves out silently what its font lacks: 王䶮 would be printed 王. Each character is drawn
with the first font that has it; a text with one that none has is refused before it is printed.
"""

import re
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

from PIL import ImageDraw, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFDocument, PDFStream
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from backend.errors import InvalidInputError

FONT_FOLDER: Final = Path(__file__).parent / "fonts"
PRIMARY_FONT: Final = "WenQuanYiMicroHei"
_FONTS: Final[Mapping[str, str]] = {
    PRIMARY_FONT: "wqy-microhei.ttc",
    "TanpuhuiRareHanA": "rare-han-a.ttf",
    "TanpuhuiRareHanB": "rare-han-b.ttf",
}
_BEYOND: Final = re.compile(r"> <([0-9A-F]{5,6})>")
# They choose among forms of one character; the fonts have one form each.
_SELECTORS: Final = dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))

Anchor = Literal["left", "centre"]


class UndrawableError(InvalidInputError):
    """A text to be printed has a character that none of the shipped fonts has."""

    code = "characters_undrawable"


class _CopyableFont(TTFont):
    """A font whose text can be copied and searched.

    Where PDF wants UTF-16 reportlab writes code points: other characters beyond U+FFFF.
    """

    def addObjects(self, doc: PDFDocument) -> None:  # noqa: N802 -- reportlab's name
        """Adds the font to the document, and mends what its text is copied by."""
        super().addObjects(doc)
        for name, item in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:") and isinstance(item, PDFStream):
                item.content = _BEYOND.sub(_utf_16, item.content)


def _utf_16(found: re.Match[str]) -> str:
    return f"> <{chr(int(found[1], 16)).encode('utf-16-be').hex().upper()}>"


def require_drawable(texts: Mapping[str, str]) -> None:
    """Asks before anything is printed whether the fonts have every character.

    Args:
        texts: what is to be printed, by what it is called in Chinese.

    Raises:
        UndrawableError: names the text and its characters.
    """
    for what, text in texts.items():
        missing = sorted({each for each in _plain(text) if _font_of(each) is None})
        if missing:
            told = "、".join(f"{each}（U+{ord(each):04X}）" for each in missing[:5])
            raise UndrawableError(
                f"{what}“{text[:40]}”中的 {told} 没有可印刷的字形，"
                "请改用其他写法，或联系系统维护人员补充字体。"
            )


def width_of(text: str) -> float:
    """The width of a line in units of its size."""
    return sum(pdfmetrics.stringWidth(part, font, 1) for font, part in _runs(text))


def write_pdf(canvas: Canvas, x: float, y: float, text: str, size: float, at: Anchor) -> None:
    """Writes a line on a canvas, in its current colour and units; `y` is the baseline."""
    if at == "centre":
        x -= width_of(text) * size / 2
    for font, part in _runs(text):
        canvas.setFont(font, size)
        canvas.drawString(x, y, part)
        x += pdfmetrics.stringWidth(part, font, size)


def write_pixels(
    pen: ImageDraw.ImageDraw, x: int, y: int, text: str, size: int, colour: str, at: Anchor
) -> None:
    """Writes a line on a picture; places and size in pixels, `y` is the baseline."""
    parts = [(_pixel_font(font, size), part) for font, part in _runs(text)]
    left: float = x
    if at == "centre":
        left -= sum(font.getlength(part) for font, part in parts) / 2
    for font, part in parts:
        pen.text((left, y), part, colour, font, anchor="ls")
        left += font.getlength(part)


def _runs(text: str) -> list[tuple[str, str]]:
    """The text in parts of one font each; what no font has is the primary's empty box."""
    plain = _plain(text)
    if _glyphs(PRIMARY_FONT).issuperset(map(ord, plain)):
        return [(PRIMARY_FONT, plain)]
    grouped = groupby(plain, lambda each: _font_of(each) or PRIMARY_FONT)
    return [(font, "".join(part)) for font, part in grouped]


def _plain(text: str) -> str:
    return text.translate(_SELECTORS).replace("\n", "")


def _font_of(character: str) -> str | None:
    return next((font for font in _FONTS if ord(character) in _glyphs(font)), None)


@cache
def _glyphs(font: str) -> frozenset[int]:
    """The code points a font draws; loads it, once a process and only when it is needed."""
    loaded = _CopyableFont(font, str(FONT_FOLDER / _FONTS[font]), subfontIndex=0)
    pdfmetrics.registerFont(loaded)
    return frozenset(loaded.face.charToGlyph)


@cache
def _pixel_font(font: str, pixels: int) -> ImageFont.FreeTypeFont:
    path = FONT_FOLDER / _FONTS[font]
    return ImageFont.truetype(path, pixels, index=0, layout_engine=ImageFont.Layout.BASIC)
