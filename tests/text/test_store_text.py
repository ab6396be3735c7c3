"""Small texts and times."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.store import times
from aggregator.text import storable
from aggregator.text.plain import body_text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", ""),
        ("plain & simple", "plain & simple"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<ul><li>x</li><li>y</li></ul>", "x\n\ny"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("a &lt;b&gt; &#8212; c&nbsp;d", "a <b> — c d"),
        ("<b>bo</b>ld", "bold"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("x<!-- <b>no</b> -->y", "xy"),
        ("x<script>alert('<p>')</script>y<STYLE>p{}</STYLE>z", "xyz"),
        ("x<!-- never closed", "x"),
        ("line\n  broken\ttext", "line broken text"),
        ("<pre>one\ntwo</pre>", "one\ntwo"),
    ],
)
def test_plain(markup: str, expected: str) -> None:
    """Markup goes, words, paragraphs and lines stay."""
    assert body_text(markup) == expected


@pytest.mark.parametrize("piece", ["<!--", "<", "<script", "<p", "&", "<br ", "</td", "\n ", "<pre", " \n"])
def test_a15_plain_takes_linear_time(piece: str) -> None:
    """A megabyte of anything takes no more than a moment."""
    began = time.monotonic()
    body_text(piece * (1_000_000 // len(piece)))
    assert time.monotonic() - began < 5


@given(st.text())
def test_what_is_storable(value: str) -> None:
    """Any text can be kept as UTF-8 without NUL, and what could be kept before is unchanged."""
    kept = storable.storable(value)
    assert isinstance(kept, str)
    assert "\0" not in kept
    kept.encode()
    assert storable.storable(kept) == kept


@given(st.text(), st.integers(2, 50))
def test_shortened(value: str, limit: int) -> None:
    """One line, not longer than asked but for the ellipsis, and a beginning of the text."""
    short = storable.shortened(value, limit)
    assert len(short) <= limit + 1
    assert "\n" not in short
    assert " ".join(value.split()).startswith(short.removesuffix("…").rstrip()) or len(value) > limit * 4


@given(st.text(max_size=300))
def test_a39_slug(value: str) -> None:
    """Lower-case ASCII letters, digits and inner hyphens; never empty, never long."""
    slug = storable.slug(value, "post")
    assert slug
    assert len(slug) <= 66
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert slug not in ("con", "nul", "aux", "prn", "com1", "lpt9")


AWARE = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - Hypothesis wants them so
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 - see above
)


@given(AWARE, AWARE)
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    """Whole seconds compare as text as they do as times; the exact form comes back as it was."""
    assert times.read(times.exact(one)) == one
    assert (times.whole(one) < times.whole(other)) == (one.replace(microsecond=0) < other.replace(microsecond=0))
    assert times.must_read(times.whole(one)) <= one <= times.must_read(times.not_before(one) or "")
    assert len(times.whole(one)) == 20
