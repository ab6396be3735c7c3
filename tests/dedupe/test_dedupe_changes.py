"""What counts as an edit of an article, and what does not."""

from __future__ import annotations

import pytest

from aggregator.dedupe import change
from aggregator.models import ChangeKind

TITLE = "Worm hits smart lamps"
BODY = (
    (
        "A worm spreads through smart lamps of three vendors, researchers of the Lamp Lab said on Tuesday in a report that "
        "names forty affected models and the firmware that they run."
    ),
    "It uses CVE-2026-1111, a flaw in the update service, and reaches versions <= 5.1 of the firmware.",
    "Operators are told to block port 4444 and to install the new firmware, which the vendors published on 3 March 2026.",
    "Indicators: 198.51.100.7, https://lamp.example/x?a=1, and the file /tmp/.lamp that the worm leaves behind on each lamp.",
    "The lab has not found who is behind it; two earlier worms used the same flaw before it was fixed by one vendor only.",
)


def text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs or BODY)


def kind(new: str, *, old: str = text(), title: str = TITLE) -> ChangeKind:
    return change(TITLE, old, title, new).kind


def swapped(before: str, after: str) -> str:
    assert before in text()
    return text().replace(before, after)


TRIFLES = {
    "white space": text().replace(" ", "  ").replace("\n\n", " \n\n "),
    "typographic quotes and dashes": swapped("Indicators:", "“Indicators”:"),
    "a view counter": text(*BODY, "12,431 views"),
    "another count of shares": text(*BODY, "1.2K"),
    "an age": text("Updated 5 minutes ago", *BODY),
    "a stamp": text("Last updated: March 4, 2026 at 10:30 am UTC", *BODY),
    "a bare date": text("4 March 2026", *BODY),
    "related posts": text(*BODY, "Related articles", "Ten lamps that spy on you", "Botnet taken down in Ruritania"),
    "a related link amid": text(BODY[0], "Read also: Botnet taken down in Ruritania", *BODY[1:]),
    "share buttons": text(*BODY, "Share on Facebook", "Tweet"),
    "an advertisement": text(BODY[0], "Advertisement", *BODY[1:]),
    "a newsletter box": text(*BODY, "Sign up for our newsletter"),
    "comments": text(*BODY, "3 comments"),
    "the order": text(BODY[1], BODY[0], *BODY[2:]),
    "a paragraph cut in two": swapped(" said on Tuesday in", " said on Tuesday\n\nin"),
    "a full stop": swapped("vendor only.", "vendor only"),
}


@pytest.mark.parametrize("new", TRIFLES.values(), ids=TRIFLES.keys())
def test_trifles(new: str) -> None:
    """No revision comes of what changes by itself, in neither direction."""
    assert kind(new) is ChangeKind.TRIVIAL
    assert kind(text(), old=new) is ChangeKind.TRIVIAL


EDITS = {
    "an identifier": swapped("CVE-2026-1111", "CVE-2026-1112"),
    "one comparison": swapped("<= 5.1", "< 5.1"),
    "a version": swapped("5.1", "5.2"),
    "a date in a sentence": swapped("published on 3 March 2026", "published on 5 March 2026"),
    "an indicator": swapped("198.51.100.7", "198.51.100.8"),
    "an indicator that is a link": swapped("lamp.example/x?a=1", "lamp.example/x?a=2"),
    "a dot in a path": swapped("/tmp/.lamp", "/tmp/lamp"),
    "a number in a sentence": swapped("forty affected models", "sixty affected models"),
    "an update": text("Update, March 4, 2026: one vendor says that the new firmware does not help.", *BODY),
    "a paragraph less": text(*BODY[:-1]),
    "mitigations": text(*BODY, "Recommended mitigations", "Block port 4444"),
    "one negation": swapped("has not found", "has found"),
}


@pytest.mark.parametrize("new", EDITS.values(), ids=EDITS.keys())
def test_edits(new: str) -> None:
    """Down to one word, one number, one sign."""
    found = change(TITLE, text(), TITLE, new)
    assert found.kind is ChangeKind.EDITED
    assert "paragraph" in found.reason


def test_titles() -> None:
    """Another title is an edit; its quotes and its case are not."""
    assert kind(text(), title="Worm hits smart lamps and locks") is ChangeKind.EDITED
    assert kind(text(), title="Worm Hits “Smart” Lamps") is ChangeKind.TRIVIAL
    assert kind(text(), title=TITLE) is ChangeKind.SAME
    assert change(TITLE, text(), "Worms", text()).reason == "another title"


LOST = {
    "a teaser": (TITLE, BODY[0]),
    "a soft 404": ("Page not found", "Sorry, we could not find that page. " * 12),
    "the front page": (
        "Lamp News",
        "\n\n".join(f"A headline of today number {n} about other things" for n in range(30)),
    ),
    "nothing": (TITLE, ""),
}


@pytest.mark.parametrize(("title", "new"), LOST.values(), ids=LOST.keys())
def test_what_is_no_edit_but_a_loss(title: str, new: str) -> None:
    """A page that became something else never stands for the article."""
    found = change(TITLE, text(), title, new)
    assert found.kind is ChangeKind.LOST
    assert found.reason


def test_rewritten_under_a_title_that_its_feed_announces() -> None:
    """An article may be written again from end to end; its feed says that it is the same."""
    new = "\n\n".join(f"Sentence {n} of an account that shares no words whatsoever" for n in range(30))
    assert change(TITLE, text(), "The lamp worm, explained", new).kind is ChangeKind.LOST
    announced = ("The Lamp Worm, Explained",)
    assert change(TITLE, text(), "The lamp worm, explained", new, announced=announced).kind is ChangeKind.EDITED


def test_short_notices_may_be_cut() -> None:
    """Where there were few words, fewer are an edit."""
    assert kind("It is fixed.", old="The service is down since noon, we look into it.") is ChangeKind.EDITED
