from datetime import UTC, date, datetime

import pytest

from backend.clock import SHANGHAI, business_day, shanghai_time, written_day
from miniprogram_api.pages.wording import dated_moment_text

NEW_YEAR = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)


def test_the_day_of_an_instant_is_the_day_in_shanghai() -> None:
    assert business_day(NEW_YEAR) == date(2027, 1, 1)
    assert shanghai_time(NEW_YEAR) == NEW_YEAR
    assert shanghai_time(NEW_YEAR).tzinfo is SHANGHAI


def test_a_year_is_printed_as_in_shanghai() -> None:
    assert dated_moment_text(NEW_YEAR) == "2027年1月1日 00:00"


def test_a_written_date_is_no_instant_and_an_instant_no_written_date() -> None:
    written = datetime.fromisoformat("2026-12-31")
    assert written_day(written) == date(2026, 12, 31)
    for take in (business_day, shanghai_time):
        with pytest.raises(ValueError, match="zone"):
            take(written)
    with pytest.raises(ValueError, match="business_day"):
        written_day(NEW_YEAR)
