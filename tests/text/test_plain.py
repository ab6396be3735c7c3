"""Characters that no text may hold: dropped or put right in the same way for feeds, pages and output."""

from __future__ import annotations

import pytest

from aggregator.scrape.clean.clean import clean_html
from aggregator.text.plain import legal
from aggregator.text.published import valid


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("it\x92s \x93so\x94 \x85", "it’s “so” …"),
        ("a\x81b\x00c\x1bd\x7fe", "abcde"),
        ("\ufffe\uffffx", "x"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("é“x”", "é“x”"),
    ],
)
def test_f29_controls_of_every_kind(given: str, wanted: str) -> None:
    """C1 controls are what Windows-1252 has in their place, also on a page and in what goes out; the rest goes."""
    assert legal(given) == valid(given) == wanted
    assert legal(wanted) == wanted
    assert clean_html(f"<p>{given}</p>", None).replace("\t", " ") == f"<p>{' '.join(wanted.split())}</p>"
