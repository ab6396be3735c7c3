"""What each post of a story adds: what it is the first to name, as it writes it."""

from __future__ import annotations

from aggregator.store.story_members import SHOWN, StoryPost, first_told


def told(key: str, text: str, *terms: str, own: str = "") -> StoryPost:
    return StoryPost(key, text, dict.fromkeys(terms, 1.0), frozenset(own.split()))


def test_what_was_named_before_is_not_added() -> None:
    """The first adds nothing: there is nothing to add to. A name that was told in lower case was told."""
    found = dict(
        first_told(
            [
                told("one", "Quayline fell to a worm.", "name:quayline", "word:worm"),
                told("two", "Quayline named Arne Tolliver and the Worm.", "name:quayline", "name:arne", "name:tolliver", "name:worm"),
                told("three", "Arne Tolliver again, and CVE-2026-1234.", "name:arne", "name:tolliver", "id:CVE-2026-1234"),
            ]
        )
    )  # fmt: skip
    assert found == {"one": (), "two": ("Arne Tolliver",), "three": ("CVE-2026-1234",)}


def test_names_are_as_the_article_writes_them() -> None:
    """Names that stand together are one; a number goes with what it counts; the outlet's own name is none."""
    text = (
        "Daily Packet: EdgeWall's maker counts 412 containers at 203.0.113.7, in version 5.0, says Isolde Brandt's aide"
    )
    names = ("edgewall", "isolde", "brandt", "daily", "packet")
    terms = (*(f"name:{name}" for name in names), "num:412", "num:203.0.113.7", "num:5.0")
    (_, (_, added)) = first_told([told("one", ""), told("two", text, *terms, own="daily packet")])
    assert set(added) == {"EdgeWall", "412 containers", "203.0.113.7", "Isolde Brandt"}


def test_the_most_telling_come_first_and_few() -> None:
    """Identifiers before names, names before numbers, and no more than a line."""
    names = [f"Name{letter}" for letter in "abcdefgh"]
    text = ". ".join((*names, "60 firms", "CVE-2026-1"))
    terms = (*(f"name:{name.casefold()}" for name in names), "num:60", "id:CVE-2026-1")
    (_, (_, added)) = first_told([told("one", ""), told("two", text, *terms)])
    assert added[0] == "CVE-2026-1"
    assert len(added) == SHOWN
    assert "60 firms" not in added


def test_what_may_not_be_shown_adds_nothing() -> None:
    """Without its text there is nothing to quote; later ones still do not repeat it."""
    found = dict(first_told([told("one", "a"), told("two", "", "name:brandt"), told("three", "Brandt", "name:brandt")]))
    assert found == {"one": (), "two": (), "three": ()}
