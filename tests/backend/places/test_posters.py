"""Posters read back: by a barcode reader, as text, and by their embedded font."""

import hashlib
import io
import re
import time
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from backend.places.lettering import FONT_FOLDER, UndrawableError
from backend.places.models import PlaceKind, Poster, WasteClass
from backend.places.posters import HINT, QR_MM, pdf, png, qr_svg, svg

SVG = "{http://www.w3.org/2000/svg}"
URL = "https://tanpuhui.example.gov.cn/p/R0001234?k=ABCDEFG234"
POSTER = Poster(
    url=URL,
    kind=PlaceKind.RECYCLING_POINT,
    name="西湖区行政中心1号楼地下一层生活垃圾分类投放点",
    code="R0001234",
    address="杭州市西湖区文三路999号1号楼负一层电梯口",
    accepted=tuple(WasteClass),
    hours=("周一至周五 07:00–09:00、17:00–19:30", "周六至周日 08:00–20:00"),
    batch="000123",
    printed_on=date(2026, 11, 18),
)


def decoded(image: Image.Image) -> list[str]:
    """Texts of the QR codes in a picture."""
    return [
        barcode.text
        for barcode in zxingcpp.read_barcodes(image)
        if barcode.format == zxingcpp.BarcodeFormat.QRCode
    ]


def rendered(content: bytes) -> list[tuple[Image.Image, str]]:
    """Picture (144 dpi) and text of each page."""
    with pypdfium2.PdfDocument(content) as document:
        pages = []
        for page in document:
            text = page.get_textpage().get_text_range()
            pages.append((page.render(scale=2).to_pil(), re.sub(r"\s", "", text)))
        return pages


def painted(path: str, scale: float, size: tuple[int, int]) -> Image.Image:
    """Paints the boxes of an SVG path (`Mx yhWvHh-Wz`, repeated) at so many pixels a unit."""
    image = Image.new("L", size, 255)
    pen = ImageDraw.Draw(image)
    number = r"(-?[0-9.]+)"
    for box in re.finditer(rf"M{number} {number}h{number}v{number}h-{number}z", path):
        x, y, width, height, _ = (float(value) * scale for value in box.groups())
        pen.rectangle((round(x), round(y), round(x + width) - 1, round(y + height) - 1), fill=0)
    return image


def black(root: ET.Element) -> str:
    """The one black path of an SVG: its QR code."""
    (path,) = (item for item in root.iter(f"{SVG}path") if item.get("fill") == "#000000")
    return path.get("d", "")


def test_first_and_last_page_decode() -> None:
    posters = [
        replace(POSTER, url=f"{URL[:-1]}{letter}", name=f"{letter}号楼投放点") for letter in "ABC"
    ]
    pages = rendered(pdf(posters))
    assert len(pages) == 3
    for (image, text), poster in ((pages[0], posters[0]), (pages[-1], posters[-1])):
        assert decoded(image) == [poster.url]
        assert poster.name in text


def test_page_says_everything_in_words() -> None:
    ((_, text),) = rendered(pdf([POSTER]))
    for words in (
        POSTER.name,
        "扫码记录分类投放",
        "R0001234",
        HINT,
        "可回收物",
        "有害垃圾",
        "易腐垃圾",
        "其他垃圾",
        "周一至周五07:00–09:00、17:00–19:30",
        "周六至周日08:00–20:00",
        POSTER.address,
        "批次000123",
        "2026-11-18",
    ):
        assert words in text


def test_pdf_embeds_a_truetype_subset_and_no_picture() -> None:
    content = pdf([POSTER])
    assert b"/FontFile2" in content
    assert re.search(rb"/BaseFont /[A-Z]{6}\+WenQuanYiMicroHei", content)
    assert b"/Subtype /Image" not in content
    assert len(content) < 100_000
    with pypdfium2.PdfDocument(content) as document:
        width, height = document[0].get_size()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)


def test_the_same_poster_gives_the_same_bytes() -> None:
    assert pdf([POSTER]) == pdf([POSTER])


def test_no_poster_no_pdf() -> None:
    with pytest.raises(ValueError, match="at least one"):
        pdf([])


def test_png_decodes_at_a4() -> None:
    image = Image.open(io.BytesIO(png(POSTER)))
    assert image.size == (1654, 2339)
    assert decoded(image) == [URL]


def test_svg_decodes_and_keeps_its_text() -> None:
    root = ET.fromstring(svg(POSTER))  # noqa: S314 - our own document
    assert root.get("viewBox") == "0 0 210 297"
    (path,) = (
        item.get("d", "") for item in root.iter(f"{SVG}path") if item.get("fill") == "#000000"
    )
    assert decoded(painted(path, 8, (1680, 2376))) == [URL]
    words = "".join(item.text or "" for item in root.iter(f"{SVG}text"))
    assert POSTER.name in words
    assert "可回收物" in words


def test_qr_code_is_larger_than_three_centimetres_with_its_quiet_zone() -> None:
    root = ET.fromstring(svg(POSTER))  # noqa: S314 - our own document
    (path,) = (
        item.get("d", "") for item in root.iter(f"{SVG}path") if item.get("fill") == "#000000"
    )
    starts = [(float(x), float(y)) for x, y in re.findall(r"M([0-9.]+) ([0-9.]+)h", path)]
    ends = [float(x) + float(w) for x, w in re.findall(r"M([0-9.]+) [0-9.]+h([0-9.]+)", path)]
    printed = max(ends) - min(x for x, _ in starts)
    heights = {float(h) for h in re.findall(r"v([0-9.]+)", path)}
    module = heights.pop()
    assert not heights
    assert printed > 30
    assert (QR_MM - printed) / 2 == pytest.approx(4 * module, abs=0.01)


def corners(polygon: ET.Element) -> list[tuple[float, float]]:
    """The corners of an SVG polygon."""
    pairs = [pair.split(",") for pair in polygon.get("points", "").split()]
    return [(float(x), float(y)) for x, y in pairs]


def test_waste_classes_differ_by_shape() -> None:
    root = ET.fromstring(svg(POSTER))  # noqa: S314 - our own document
    outlines = {
        tuple((round(b[0] - a[0], 2), round(b[1] - a[1], 2)) for a, b in pairwise(corners(polygon)))
        for polygon in root.iter(f"{SVG}polygon")
    }
    assert len(outlines) == 4


@pytest.mark.parametrize("name", ["投" * 100, "Building-" * 11, "A" * 100, "楼，" * 50, "一"])
def test_long_names_wrap_inside_the_page(name: str) -> None:
    poster = replace(POSTER, name=name, address="路" * 200, hours=("周一 08:00–12:00",) * 7)
    ((image, text),) = rendered(pdf([poster]))
    assert decoded(image) == [URL]
    assert name in text
    grey = image.convert("L")
    edge = round(15 / 25.4 * 144)
    below_the_band = round(42 / 25.4 * 144)
    for left in (0, grey.width - edge):
        margin = grey.crop((left, below_the_band, left + edge, grey.height))
        assert margin.getextrema() == (255, 255)


def test_places_without_waste_classes_or_hours() -> None:
    poster = replace(POSTER, kind=PlaceKind.STAIRWELL, accepted=(), hours=())
    ((image, text),) = rendered(pdf([poster]))
    assert decoded(image) == [URL]
    assert "扫码记录绿色爬楼" in text
    assert "暂未开放" in text
    assert "本点可投放" not in text


def test_markup_in_a_name_stays_text() -> None:
    root = ET.fromstring(svg(replace(POSTER, name="<b>1&2号楼</b>")))  # noqa: S314 - our own
    assert "<b>1&2号楼</b>" in "".join(item.text or "" for item in root.iter(f"{SVG}text"))


def test_screen_code_decodes() -> None:
    root = ET.fromstring(qr_svg("https://h.cn/p/AAAABNIDkPyQkqi2sxyz01"))  # noqa: S314 - our own
    side = int(root.get("viewBox", "").split()[-1])
    path = list(root.iter(f"{SVG}path"))[-1].get("d", "")
    image = painted(path.replace("v1h", "v1.0h"), 10, (side * 10, side * 10))
    assert decoded(image) == ["https://h.cn/p/AAAABNIDkPyQkqi2sxyz01"]


def test_a_hundred_posters_in_three_seconds() -> None:
    posters = [replace(POSTER, url=f"{URL[:-2]}{number:02d}") for number in range(100)]
    pdf(posters[:1])
    start = time.process_time()
    content = pdf(posters)
    assert time.process_time() - start < 3
    assert len(content) < 1_000_000


# Of Extensions A, B, D, G and H, of what was added to the first block, and Vietnamese.
RARE = "王䶮 㜭 𠙶 𫰠 𰻞 𱖎 鿫 Nguyễn"


def test_a_rare_character_is_drawn_beside_the_common_ones() -> None:
    ((_, text),) = rendered(pdf([replace(POSTER, name=RARE)]))
    assert RARE.replace(" ", "") in text
    drawn = {png(replace(POSTER, name=name)) for name in ("王䶮", "王𱖎", "王𫰠", "王")}
    assert len(drawn) == 4


@pytest.mark.parametrize("character", "䶮㜭𠙶𫰠𰻞𱖎鿫ễ")
def test_each_rare_character_leaves_ink(character: str) -> None:
    inks = []
    for name in (character, "　"):
        ((picture, _),) = rendered(pdf([replace(POSTER, name=name)]))
        heading = picture.crop((0, 240, picture.width, 440)).convert("L")
        inks.append(sum(heading.histogram()[:128]))
    assert inks[0] > inks[1]


@pytest.mark.parametrize("draw", [lambda poster: pdf([POSTER, poster]), png])
def test_a_character_without_a_glyph_is_refused_with_the_name(
    draw: Callable[[Poster], bytes],
) -> None:
    with pytest.raises(UndrawableError) as refused:
        draw(replace(POSTER, name="王\U00033000楼"))
    assert "R0001234" in refused.value.message
    assert "U+33000" in refused.value.message


def test_shipped_fonts_are_those_of_the_manifest() -> None:
    folder = FONT_FOLDER
    manifest = tomllib.loads((folder / "MANIFEST.toml").read_text(encoding="utf-8"))
    listed = {"MANIFEST.toml"}
    for font in manifest["font"]:
        content = (folder / font["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == font["sha256"]
        assert font["name"]
        assert font["version"]
        assert font["licence"]
        listed |= {font["file"], font["licence_file"], font.get("copyright_file", font["file"])}
    assert {path.name for path in folder.iterdir()} == listed
