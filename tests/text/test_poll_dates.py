"""parse_date: what feeds write for dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text.dates import parse_date

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 10 Mar 2026 12:00:00 GMT",
        "Tue, 10 Mar 2026 12:00:00 +0000",
        "Tue, 10 Mar 2026 12:00:00 UT",
        "Tue, 10 Mar 2026 12:00:00 Z",
        "Tue, 10 Mar 2026 12:00:00",
        "Tue, 10 Mar 2026 12:00 GMT",
        "Tue, 10 Mar 26 12:00:00 GMT",
        "10 Mar 2026 12:00:00 GMT",
        "  Tue,\n 10  Mar 2026 12:00:00 GMT ",
        "Mon, 10 Mar 2026 12:00:00 GMT",
        "Tue, 10 Mar 2026 13:00:00 +0100",
        "Tue, 10 Mar 2026 13:00:00 +01:00",
        "Tue, 10 Mar 2026 07:00:00 EST",
        "Tue, 10 Mar 2026 05:00:00 PDT",
        "Tue, 10 Mar 2026 13:00:00 CET",
        "Tue, 10 Mar 2026 17:30:00 IST",
        "Tue, 10 Mar 2026 21:00:00 JST",
        "Tue, 10 Mar 2026 14:00:00 GMT+2",
        "Tue, 10 Mar 2026 14:00:00 UTC+02:00",
        "Tue, 10 Mar 2026 07:00:00 -0500 (EST)",
        "Tuesday, 10-Mar-26 12:00:00 GMT",
        "Tuesday, March 10, 2026 12:00 PM",
        "March 10, 2026 7:00 AM EST",
        "Mar 10, 2026, 12:00 p.m.",
        "Tue Mar 10 12:00:00 2026",
        "Tue Mar 10 12:00:00 UTC 2026",
        "Tue, 10 Mar 126 12:00:00 GMT",
        "2026-03-10T12:00:00Z",
        "2026-03-10T12:00:00.000Z",
        "2026-03-10T12:00:00,5Z",
        "2026-03-10T12:00:00+00:00",
        "2026-03-10T13:00:00+0100",
        "2026-03-10T13:00:00+01",
        "2026-03-10t12:00:00z",
        "2026-03-10 12:00:00",
        "2026-03-10 12:00",
        "2026-03-10 07:00:00 EST",
        "2026/03/10 12:00:00",
        "2026-3-10 12:00:00",
        "20260310T120000Z",
        "20260310120000",
        "10.03.2026 12:00",
        "10. März 2026, 12:00",
        "Di, 10 Mrz 2026 12:00:00",
        "mar., 10 mars 2026 13:00:00 +0100",
        "Ter, 10 Mar 2026 12:00:00 GMT",
        "10 de marzo de 2026 12:00",
        "1773144000",
        "1773144000000",
        "1773144000.25",
    ],
)
def test_the_same_noon_in_many_words(text: str) -> None:
    """RFC 822, RFC 3339 and the usual deviations all give the same moment in UTC."""
    parsed = parse_date(text)
    assert parsed is not None
    assert parsed.replace(microsecond=0) == NOON


@pytest.mark.parametrize("text", ["2026-03-10", "10 Mar 2026", "March 10th, 2026", "20260310", "3/10/2026 ", "25"])
def test_a_date_without_a_time_is_midnight(text: str) -> None:
    """UTC, where nothing else is said; what could be two dates, or none, is no date."""
    assert parse_date(text) in (MIDNIGHT, None)
    assert parse_date("03/25/2026") == parse_date("25/03/2026") == datetime(2026, 3, 25, tzinfo=UTC)
    assert parse_date("03/04/2026") is None


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "yesterday", "Tue", "0", "-1", "2026", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT", "2026-13-01", "2026-02-30", "Tue, 99 Mar 2026 12:00:00 GMT",
        "Tue, 10 Foo 2026 12:00:00 GMT", "2026-03-10T25:00:00Z", "9999-12-31T23:59:59Z", "\x00", "1" * 1000,
    ],
)  # fmt: skip
def test_nonsense_is_none(text: str | None) -> None:
    """What can not be read or not be meant is no date."""
    assert parse_date(text) is None


def test_leap_seconds_and_midnight_as_24() -> None:
    """Two things that RFC 3339 and ISO 8601 allow and datetime does not."""
    assert parse_date("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert parse_date("2026-03-09T24:00:00Z") == MIDNIGHT


def test_the_future_is_kept() -> None:
    """What is to be made of it is not decided here."""
    assert parse_date("Fri, 01 Jan 2100 00:00:00 GMT") == datetime(2100, 1, 1, tzinfo=UTC)


@settings(deadline=None)  # other work on the machine is no failure
@given(st.text(max_size=300))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """Never an exception, always aware and in UTC."""
    parsed = parse_date(text)
    assert parsed is None or parsed.tzinfo is UTC


@settings(deadline=None)  # other work on the machine is no failure
@given(
    st.datetimes(NOON.replace(year=1971, tzinfo=None), NOON.replace(year=2199, tzinfo=None), timezones=st.timezones())
)
def test_what_is_written_well_is_read_back(moment: datetime) -> None:
    """Any moment in RFC 3339 comes back as the same moment."""
    offset = moment.utcoffset()
    if offset is not None and offset.total_seconds() % 60 == 0:
        parsed = parse_date(moment.isoformat())
        assert parsed is not None
        assert parsed == moment.astimezone(UTC).replace(microsecond=0)
