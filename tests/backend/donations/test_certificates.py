"""Certificates read back: whose name stands on them, whole or not at all."""

from dataclasses import replace
from datetime import date

import pypdfium2
import pytest

from backend.donations.certificates import Certificate, pdf
from backend.places.lettering import UndrawableError

UNDRAWN = "王\U00033000"
CERTIFICATE = Certificate(
    number="ABCD-EFGH-JKMN",
    name="王䶮",
    amount="3 积分",
    cause="西湖边种一棵树",
    institution="杭州市机关事务管理局",
    on=date(2026, 11, 18),
    url="https://tanpuhui.example.gov.cn/certificates/ABCD-EFGH-JKMN",
)


def test_the_whole_name_stands_on_a_certificate() -> None:
    with pypdfium2.PdfDocument(pdf(CERTIFICATE)) as document:
        assert "王䶮" in document[0].get_textpage().get_text_range()
    assert pdf(CERTIFICATE) == pdf(CERTIFICATE)


@pytest.mark.parametrize("name", ["王𱖎", "王𫰠", "阿不都热合曼·买买提", "Nguyễn Văn A", "金철수"])
def test_names_of_real_people_are_drawn(name: str) -> None:
    assert pdf(replace(CERTIFICATE, name=name)) != pdf(replace(CERTIFICATE, name="王"))


@pytest.mark.parametrize(
    "certificate",
    [
        replace(CERTIFICATE, name=UNDRAWN),
        replace(CERTIFICATE, cause=UNDRAWN),
        replace(CERTIFICATE, institution=UNDRAWN),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_name(certificate: Certificate) -> None:
    with pytest.raises(UndrawableError) as refused:
        pdf(certificate)
    assert UNDRAWN in refused.value.message
