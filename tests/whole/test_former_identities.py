"""A database that was made before entries were told apart as they are now: it goes on with its ids, and re-sends nothing.

`former_identities.db.gz` was made by the program as it was (schema 22) from `documents(0)`, two polls of each.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from rounds import DAY, HOUR, START, Rounds, item, prose, rss

FEEDS = {
    "Links": "https://links.example/rss",
    "Numbers": "https://numbers.example/rss",
    "Shared": "https://shared.example/rss",
    "Plain": "https://plain.example/rss",
    "Bare": "https://bare.example/rss",
}
MADE = Path(__file__).with_name("former_identities.db.gz")
OLD = START - 9 * DAY


def documents(more: int) -> dict[str, bytes]:
    """What the feeds say; with `more`, each has as many posts besides."""

    def links(n: int) -> str:
        url = f"https://links.example/{n}?utm_source=rss&token=8f2b1c9{n}"
        return item(f"Link {n}", url, url, OLD + n * HOUR, prose(f"link {n}"))

    def numbers(n: int) -> str:
        url = f"https://numbers.example/thread?t={2104567 + n}&page=1"
        return item("Service degraded", url, url, OLD + n * HOUR, prose(f"thread {n}"))

    def shared(n: int) -> str:
        return item(f"Part {n}", f"https://shared.example/part/{n}", "same", OLD + n * HOUR, prose(f"part {n}"))

    def plain(n: int) -> str:
        return item(f"Plain {n}", f"https://plain.example/{n}/", f"http://plain.example/{n}", OLD, prose(f"plain {n}"))

    def bare(n: int) -> str:
        return item(f"Bare {n}", "", "", OLD + n * HOUR, prose(f"bare {n}"))

    made = {"Links": links, "Numbers": numbers, "Shared": shared, "Plain": plain, "Bare": bare}
    first = {"Numbers": 1}  # of several, one was kept
    return {
        name: rss(*(of(n) for n in reversed(range(first.get(name, 3) + more))), home=f"https://{name.lower()}.example/")
        for name, of in made.items()
    }


@pytest.fixture
def former(tmp_path: Path) -> Rounds:
    (tmp_path / "aggregator.db").write_bytes(gzip.decompress(MADE.read_bytes()))
    return Rounds(tmp_path, **FEEDS)


@pytest.mark.parametrize("more", [0, 1, 2])
def test_h18_h19_a_former_database_goes_on(former: Rounds, more: int) -> None:
    """What it has is neither new nor revised, and keeps its id and place; what comes is new."""
    before = former.ids()
    assert len(before) == 13
    former.now += DAY
    for new in (more, 0):
        for name, body in documents(more).items():
            assert (name, former.poll(name, body, full_text="never")) == (name, (new, 0))
    assert before.items() <= former.ids().items()
    assert len(former.ids()) == 13 + 5 * more


def test_h19_an_edit_in_a_former_database_is_one(former: Rounds) -> None:
    """Each entry that is edited is revised in its place. (One without guid and link is known by its words alone.)"""
    before = former.ids()
    former.now += DAY
    for name, body in list(documents(0).items())[:-1]:
        edited = body.replace(b"<title>", b"<title>Updated: ")
        assert (name, former.poll(name, edited, full_text="never")) == (name, (0, 1 if name == "Numbers" else 3))
    assert former.ids() == before
