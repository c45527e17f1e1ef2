"""The certificate of a donation: one A4 page, lying, with a code that leads to its confirmation."""

import io
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from backend.places.lettering import require_drawable, write_pdf
from backend.places.posters import qr_modules

WIDTH_MM: Final = 297.0
HEIGHT_MM: Final = 210.0
_POINTS_A_MM: Final = 72 / 25.4
_QR_MM: Final = 34.0
_GREEN: Final = "#0b6b3a"
_INK: Final = "#1a1a1a"
_GREY: Final = "#555555"
_LONGEST_LINE: Final = 30


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says; `url` confirms it to anybody and stays out of `repr`."""

    number: str
    name: str
    amount: str
    cause: str
    institution: str
    on: date
    url: str = field(repr=False)


def pdf(certificate: Certificate) -> bytes:
    """The certificate as PDF; the same certificate gives the same bytes.

    Raises:
        UndrawableError: a name on it has a character that no font has.
    """
    require_drawable(
        {
            "姓名": certificate.name,
            "捐赠项目": certificate.cause,
            "单位名称": certificate.institution,
        }
    )
    buffer = io.BytesIO()
    size = (WIDTH_MM * _POINTS_A_MM, HEIGHT_MM * _POINTS_A_MM)
    canvas = Canvas(buffer, pagesize=size, pageCompression=1, invariant=1, lang="zh-CN")
    canvas.setTitle(f"捐赠证书 {certificate.number}")
    canvas.scale(_POINTS_A_MM, _POINTS_A_MM)
    _frame(canvas)
    _words(canvas, certificate)
    _code(canvas, certificate.url)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _frame(canvas: Canvas) -> None:
    canvas.setStrokeColor(HexColor(_GREEN))
    for inset, width in ((10.0, 1.6), (13.0, 0.4)):
        canvas.setLineWidth(width)
        canvas.rect(inset, inset, WIDTH_MM - 2 * inset, HEIGHT_MM - 2 * inset)


def _words(canvas: Canvas, certificate: Certificate) -> None:
    middle = WIDTH_MM / 2
    _line(canvas, middle, 172, "碳普惠", 8, _GREEN)
    _line(canvas, middle, 152, "捐赠证书", 18, _GREEN)
    _line(canvas, middle, 126, certificate.name, 12, _INK)
    _line(canvas, middle, 110, f"捐赠 {certificate.amount}", 9, _INK)
    lines = _wrapped(f"用于“{certificate.cause}”")
    for number, line in enumerate(lines):
        _line(canvas, middle, 96 - number * 11, line, 8, _INK)
    _line(canvas, middle, 68, "感谢您为绿色低碳出一份力。", 6, _GREY)
    day = certificate.on
    _line(canvas, middle, 40, certificate.institution, 6.5, _INK)
    _line(canvas, middle, 29, f"{day.year}年{day.month}月{day.day}日", 6.5, _INK)
    canvas.setFillColor(HexColor(_GREY))
    write_pdf(canvas, 24, 33, f"证书编号 {certificate.number}", 4.5, "left")
    write_pdf(canvas, 24, 26, "扫描右侧二维码可核验真伪", 4.5, "left")


def _wrapped(words: str) -> list[str]:
    """Lines of about the same length, so that none holds a lonely mark."""
    lines = -(-len(words) // _LONGEST_LINE)
    length = -(-len(words) // lines)
    return [words[start : start + length] for start in range(0, len(words), length)]


def _line(canvas: Canvas, x: float, y: float, words: str, size: float, colour: str) -> None:
    canvas.setFillColor(HexColor(colour))
    write_pdf(canvas, x, y, words, size, "centre")


def _code(canvas: Canvas, url: str) -> None:
    runs, side = qr_modules(url)
    unit, left, bottom = _QR_MM / side, WIDTH_MM - 24 - _QR_MM, 20.0
    path = canvas.beginPath()
    for x, y, width in runs:
        path.rect(left + x * unit, bottom + (side - 1 - y) * unit, width * unit, unit)
    canvas.setFillColor(HexColor("#000000"))
    canvas.drawPath(path, stroke=0, fill=1)
