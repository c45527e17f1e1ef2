"""Posters of places as PDF (A4), SVG and PNG: one layout, three inks.

The QR code is drawn as vector paths in PDF and SVG, at error level Q with the quiet zone of four
modules that ISO/IEC 18004 asks for, 90 mm wide. The PDF embeds the glyphs it uses as a TrueType
subset. Waste classes are told apart by shape and words, never by colour alone.
"""

import io
import re
from collections.abc import Iterator, Sequence
from typing import Final, Protocol
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from backend.places.lettering import (
    Anchor,
    require_drawable,
    width_of,
    write_pdf,
    write_pixels,
)
from backend.places.models import PlaceKind, Poster, WasteClass

WIDTH_MM: Final = 210.0
HEIGHT_MM: Final = 297.0
QR_MM: Final = 90.0
PNG_DPI: Final = 200
HINT: Final = "请在现场扫码并允许定位；不定位只按自行申报计"

_POINTS_A_MM: Final = 72 / 25.4
_MARGIN_MM: Final = 18.0
_LEADING: Final = 1.35
_GREEN: Final = "#0b6b3a"
_INK: Final = "#1a1a1a"
_GREY: Final = "#555555"
_WHITE: Final = "#ffffff"
_TITLES: Final = {
    PlaceKind.RECYCLING_POINT: "扫码记录分类投放",
    PlaceKind.CANTEEN: "扫码记录光盘行动",
    PlaceKind.STAIRWELL: "扫码记录绿色爬楼",
    PlaceKind.VENUE: "扫码签到",
}
_CLASSES: Final = {
    WasteClass.RECYCLABLE: ("可回收物", "#1a56a8", ((0, -1), (1, 0.8), (-1, 0.8))),
    WasteClass.HAZARDOUS: ("有害垃圾", "#b3261e", ((0, -1), (1, 0), (0, 1), (-1, 0))),
    WasteClass.FOOD_WASTE: (
        "易腐垃圾",
        "#2e7d32",
        ((-0.5, -0.87), (0.5, -0.87), (1, 0), (0.5, 0.87), (-0.5, 0.87), (-1, 0)),
    ),
    WasteClass.RESIDUAL: (
        "其他垃圾",
        "#4a4a4a",
        ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    ),
}
_FALLBACK_FONTS: Final = (
    "'WenQuanYi Micro Hei','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif"
)
# A run of Latin or digits stays together, and no line begins with closing punctuation.
_WORD = re.compile(r"(?:[!-~–]+|.)[，。；、）：]*", re.DOTALL)

Point = tuple[float, float]
Box = tuple[float, float, float, float]


class _Ink(Protocol):
    """What the layout draws with: millimetres from the top left corner."""

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        """Fills a polygon."""

    def boxes(self, boxes: Sequence[Box], colour: str) -> None:
        """Fills boxes (x, y, width, height) as one shape."""

    def text(self, x: float, y: float, words: str, size: float, colour: str, at: Anchor) -> None:
        """Writes a line whose baseline is at `y`; `size` in millimetres."""


def pdf(posters: Sequence[Poster], *, without: Sequence[str] = ()) -> bytes:
    """One A4 page for each poster, in order; the same posters give the same bytes.

    Args:
        posters: at least one.
        without: names of places asked for that have no poster; a last page lists them.

    Raises:
        ValueError: there are none.
        UndrawableError: a text of a poster has a character that no font has.
    """
    if not posters:
        raise ValueError("a PDF needs at least one poster")
    for poster in posters:
        _require_drawable(poster)
    buffer = io.BytesIO()
    size = (WIDTH_MM * _POINTS_A_MM, HEIGHT_MM * _POINTS_A_MM)
    canvas = Canvas(buffer, pagesize=size, pageCompression=1, invariant=1, lang="zh-CN")
    canvas.setTitle(f"碳普惠海报 {posters[0].name}")
    for poster in posters:
        _draw(poster, _PdfInk(canvas))
        canvas.showPage()
    if without:
        words = "\n".join(("以下点位没有有效的海报，请先生成新一批海报：", *without))
        lines, line_size = _fitted(words, WIDTH_MM - 2 * _MARGIN_MM, 6.0, HEIGHT_MM - 40)
        _write(_PdfInk(canvas), lines, _MARGIN_MM, 20, line_size, _INK, "left")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def svg(poster: Poster) -> str:
    """The poster as a standalone SVG document; text stays text, in the reader's Chinese font."""
    ink = _SvgInk()
    _draw(poster, ink)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM:g}mm" height="{HEIGHT_MM:g}mm"'
        f' viewBox="0 0 {WIDTH_MM:g} {HEIGHT_MM:g}" font-family="{_FALLBACK_FONTS}" role="img">'
        f"<title>{escape(poster.name)} {poster.code}</title>{''.join(ink.parts)}</svg>"
    )


def png(poster: Poster) -> bytes:
    """The poster as a PNG of A4 at 200 dpi (1654 x 2339 pixels).

    Raises:
        UndrawableError: a text of the poster has a character that no font has.
    """
    _require_drawable(poster)
    ink = _PngInk()
    _draw(poster, ink)
    buffer = io.BytesIO()
    ink.image.save(buffer, "PNG", dpi=(PNG_DPI, PNG_DPI))
    return buffer.getvalue()


def qr_svg(url: str) -> str:
    """A QR code alone as an SVG that scales to its box: for a screen with a rotating code."""
    boxes, side = qr_modules(url)
    path = "".join(f"M{x} {y}h{width}v1h-{width}z" for x, y, width in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img"'
        f' shape-rendering="crispEdges"><title>二维码</title>'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path d="{path}"/></svg>'
    )


def _require_drawable(poster: Poster) -> None:
    require_drawable(
        {
            f"点位 {poster.code} 的名称": poster.name,
            f"点位 {poster.code} 的地址": poster.address,
            f"点位 {poster.code} 的开放时间": "；".join(poster.hours),
        }
    )


def _draw(poster: Poster, ink: _Ink) -> None:
    """The layout: band, name, QR code, hint, classes, hours, footer."""
    middle, inner = WIDTH_MM / 2, WIDTH_MM - 2 * _MARGIN_MM
    ink.boxes([(0, 0, WIDTH_MM, 40)], _GREEN)
    ink.text(middle, 15, "碳普惠", 6.5, _WHITE, "centre")
    ink.text(middle, 32, _TITLES[poster.kind], 13, _WHITE, "centre")

    lines, size = _fitted(poster.name, inner, 12.0, 34.0)
    top = 45 + (34 - len(lines) * size * _LEADING) / 2
    _write(ink, lines, middle, top, size, _INK, "centre")

    _draw_qr(ink, poster.url, middle - QR_MM / 2, 80)
    ink.text(middle, 176, f"点位编号 {poster.code}", 6, _INK, "centre")
    ink.text(middle, 187, HINT, 7, _GREEN, "centre")

    _draw_classes(ink, poster.accepted, 206)
    hours = ("\n" if len(poster.hours) <= 3 else "；").join(poster.hours) or "暂未开放"
    lines, size = _fitted(f"开放时间：{hours}", inner, 5.5, 26.0)
    _write(ink, lines, _MARGIN_MM, 227, size, _INK, "left")
    lines, size = _fitted(f"地址：{poster.address}", inner, 5.0, 16.0)
    _write(ink, lines, _MARGIN_MM, 255, size, _INK, "left")

    ink.boxes([(_MARGIN_MM, 277, inner, 0.3)], _GREY)
    footer = f"印制批次 {poster.batch} · {poster.printed_on.isoformat()} · 作废后请更换新海报"
    ink.text(middle, 284, footer, 4, _GREY, "centre")


def _draw_qr(ink: _Ink, url: str, left: float, top: float) -> None:
    """A QR code of `QR_MM`, quiet zone included."""
    runs, side = qr_modules(url)
    unit = QR_MM / side
    boxes = [(left + x * unit, top + y * unit, width * unit, unit) for x, y, width in runs]
    ink.boxes(boxes, "#000000")


def _draw_classes(ink: _Ink, accepted: Sequence[WasteClass], middle: float) -> None:
    """What the place takes: a shape and its words for each class, side by side."""
    if not accepted:
        return
    ink.text(_MARGIN_MM, middle - 8, "本点可投放", 4.5, _GREY, "left")
    column = (WIDTH_MM - 2 * _MARGIN_MM) / 4
    for index, item in enumerate(accepted):
        label, colour, shape = _CLASSES[item]
        left = _MARGIN_MM + index * column
        centre_x, centre_y = left + 6, middle + 5
        ink.polygon([(centre_x + x * 6, centre_y + y * 6) for x, y in shape], colour)
        ink.text(left + 14, middle + 7, label, 6, _INK, "left")


def qr_modules(url: str) -> tuple[list[tuple[int, int, int]], int]:
    """Dark runs (x, y, width in modules) of a QR code and its side, quiet zone included."""
    code = QRCode(error_correction=ERROR_CORRECT_Q, border=4)
    code.add_data(url)
    matrix = code.get_matrix()
    return [run for y, row in enumerate(matrix) for run in _runs(row, y)], len(matrix)


def _runs(row: Sequence[bool], y: int) -> Iterator[tuple[int, int, int]]:
    """The dark runs of one row of modules."""
    start = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, y, x - start
            start = None


def _fitted(words: str, width: float, size: float, height: float) -> tuple[list[str], float]:
    """Lines of `words` at the largest size (mm), up to `size`, that stay in width and height."""
    while True:
        lines = [line for part in words.split("\n") for line in _wrapped(part, width, size)]
        if len(lines) * size * _LEADING <= height:
            return lines, size
        size *= 0.92


def _wrapped(words: str, width: float, size: float) -> list[str]:
    """Lines of at most `width` mm; a word longer than a line is cut."""
    lines, line = [], ""
    for word in _WORD.findall(words):
        if width_of(line + word) * size <= width:
            line += word
            continue
        if line:
            lines.append(line.rstrip())
        line = word.lstrip()
        while width_of(line) * size > width:
            cut = next(n for n in range(len(line) - 1, 0, -1) if width_of(line[:n]) * size <= width)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line] if line else lines


def _write(
    ink: _Ink, lines: Sequence[str], x: float, top: float, size: float, colour: str, at: Anchor
) -> None:
    for index, line in enumerate(lines):
        ink.text(x, top + size * (0.9 + index * _LEADING), line, size, colour, at)


class _PdfInk:
    """Draws on the current page of a canvas, whose origin is the bottom left corner in points."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        path = self._canvas.beginPath()
        for index, (x, y) in enumerate(points):
            (path.lineTo if index else path.moveTo)(*self._at(x, y))
        path.close()
        self._fill(colour)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def boxes(self, boxes: Sequence[Box], colour: str) -> None:
        path = self._canvas.beginPath()
        for x, y, width, height in boxes:
            path.rect(*self._at(x, y + height), width * _POINTS_A_MM, height * _POINTS_A_MM)
        self._fill(colour)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def text(self, x: float, y: float, words: str, size: float, colour: str, at: Anchor) -> None:
        self._fill(colour)
        write_pdf(self._canvas, *self._at(x, y), words, size * _POINTS_A_MM, at)

    def _fill(self, colour: str) -> None:
        self._canvas.setFillColor(HexColor(colour))

    def _at(self, x: float, y: float) -> Point:
        return x * _POINTS_A_MM, (HEIGHT_MM - y) * _POINTS_A_MM


class _SvgInk:
    """Collects SVG elements on a white sheet."""

    def __init__(self) -> None:
        self.parts = [f'<path fill="#fff" d="M0 0h{WIDTH_MM:g}v{HEIGHT_MM:g}h-{WIDTH_MM:g}z"/>']

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        corners = " ".join(f"{x:.3f},{y:.3f}" for x, y in points)
        self.parts.append(f'<polygon fill="{colour}" points="{corners}"/>')

    def boxes(self, boxes: Sequence[Box], colour: str) -> None:
        path = "".join(f"M{x:.4f} {y:.4f}h{w:.4f}v{h:.4f}h-{w:.4f}z" for x, y, w, h in boxes)
        self.parts.append(f'<path fill="{colour}" d="{path}"/>')

    def text(self, x: float, y: float, words: str, size: float, colour: str, at: Anchor) -> None:
        anchor = ' text-anchor="middle"' if at == "centre" else ""
        self.parts.append(
            f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:.2f}" fill="{colour}"{anchor}>'
            f"{escape(words)}</text>"
        )


class _PngInk:
    """Paints on a white sheet of A4 pixels; edges fall on whole pixels so that modules touch."""

    def __init__(self) -> None:
        size = (self._pixels(WIDTH_MM), self._pixels(HEIGHT_MM))
        self.image = Image.new("RGB", size, _WHITE)
        self._pen = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        self._pen.polygon([(self._pixels(x), self._pixels(y)) for x, y in points], fill=colour)

    def boxes(self, boxes: Sequence[Box], colour: str) -> None:
        for x, y, width, height in boxes:
            left, top = self._pixels(x), self._pixels(y)
            right, bottom = self._pixels(x + width) - 1, self._pixels(y + height) - 1
            self._pen.rectangle((left, top, right, max(top, bottom)), fill=colour)

    def text(self, x: float, y: float, words: str, size: float, colour: str, at: Anchor) -> None:
        place, pixels = (self._pixels(x), self._pixels(y)), self._pixels(size)
        write_pixels(self._pen, *place, words, pixels, colour, at)

    @staticmethod
    def _pixels(millimetres: float) -> int:
        return round(millimetres * PNG_DPI / 25.4)
