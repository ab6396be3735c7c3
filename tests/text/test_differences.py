"""Two versions of a text, compared for a person."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.diff import DiffKind, Passage, changes, compare, summary, words_of

BEFORE = "A worm spreads.\n\nIt uses CVE-2026-1111 in the lamp firmware and calls home.\n\nPatch now."
AFTER = "A worm spreads.\n\nIt uses CVE-2026-2222 in the lamp firmware and calls home.\n\nPatch now.\n\nUpdate: it is a botnet."


def _side(passages: tuple[Passage, ...], gone: DiffKind) -> str:
    sides = ("".join(piece.text for piece in one.pieces if piece.kind is not gone) for one in passages)
    return "\n\n".join(text for text in sides if text.strip())


def test_what_changed() -> None:
    """The changed paragraph word by word, the new one as a whole, the others not at all."""
    changed, added = changes(BEFORE, AFTER)
    assert (changed.kind, added.kind) == (DiffKind.CHANGED, DiffKind.ADDED)
    assert [(piece.kind, piece.text) for piece in changed.pieces if piece.kind is not DiffKind.SAME] == [
        (DiffKind.REMOVED, "CVE-2026-1111 "),
        (DiffKind.ADDED, "CVE-2026-2222 "),
    ]
    assert added.pieces[0].text == "Update: it is a botnet."
    assert summary(BEFORE, AFTER) == "1 paragraph changed, 1 added (+6 −1 words)"
    assert summary(BEFORE, BEFORE) == ""


def test_a_line() -> None:
    """A title is compared word by word; signs between two changed words go with them."""
    pieces = words_of("Worm hits 10 banks", "Worm hits 12 banks")
    assert "".join(piece.text for piece in pieces if piece.kind is not DiffKind.REMOVED) == "Worm hits 12 banks"
    assert [piece.kind for piece in pieces] == [DiffKind.SAME, DiffKind.REMOVED, DiffKind.ADDED, DiffKind.SAME]


texts = st.lists(st.text("ab .", min_size=1, max_size=12).filter(str.strip), max_size=8).map("\n\n".join)


@given(texts, texts)
def test_both_sides_can_be_read_out_of_it(before: str, after: str) -> None:
    """Without what was added it is the one text, without what was removed the other, white space aside."""
    passages = compare(before, after)
    assert "".join(_side(passages, DiffKind.ADDED).split()) == "".join(before.split())
    assert "".join(_side(passages, DiffKind.REMOVED).split()) == "".join(after.split())
    assert compare(before, before) == tuple(
        passage for passage in compare(before, before) if passage.kind is DiffKind.SAME
    )


def test_hostile_sizes_are_bounded() -> None:
    """Thousands of equal or of long paragraphs cost no minute."""
    begun = time.perf_counter()
    compare("\n\n".join(["a b"] * 9_000), "\n\n".join(["a c"] * 9_000))
    compare("\n\n".join(f"a b {n}" for n in range(9_000)), "\n\n".join(f"a c {n}" for n in range(9_000)))
    compare("a b " * 50_000, "b a c " * 50_000)
    compare("\n\n".join(["a b " * 700] * 20), "\n\n".join(["b c a " * 450] * 20))
    assert time.perf_counter() - begun < 20
