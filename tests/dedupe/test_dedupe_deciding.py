"""What a poll's entries mean: new, revised, as before; by named acceptance case, and what must hold always."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import content_hash, decide
from aggregator.dedupe.changes import lasting, visible
from aggregator.dedupe.decide import Document
from aggregator.models import Decision, Entry, Known, Verdict

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIRST = Entry(
    guid="https://example.org/?p=1",
    url="https://example.org/2026/03/worm/",
    title="A worm in the orchard",
    published=WHEN,
    html="<p>The worm spreads through <b>mail</b> servers.</p><p>Update to 5.1.7 now.</p>",
)


def stored(decisions: tuple[Decision, ...]) -> dict[str, Known]:
    """What the store knows after a poll."""
    return {decision.guid: known_of(decision) for decision in decisions}


def known_of(decision: Decision) -> Known:
    """One entry as the store keeps it."""
    entry = decision.entry
    return Known(
        guid=decision.guid,
        content_hash=decision.content_hash,
        given_guid=entry.guid,
        url=decision.canonical_url,
        title=entry.title,
        text=entry.html or entry.summary,
        published=entry.published,
    )


def verdict(entry: Entry, known: dict[str, Known]) -> Verdict:
    (decision,) = decide([entry], known)
    assert decision.reason
    return decision.verdict


def test_an_entry_is_new_then_unchanged_then_revised() -> None:
    """The first poll brings it, the second nothing, a change of the text a revision."""
    (decision,) = decide([FIRST], {})
    assert decision.verdict is Verdict.NEW
    assert decision.guid == "https://example.org/?p=1"
    assert decision.canonical_url == "https://example.org/2026/03/worm"
    known = stored((decision,))
    assert verdict(FIRST, known) is Verdict.UNCHANGED
    assert verdict(replace(FIRST, html=FIRST.html.replace("5.1.7", "5.1.8")), known) is Verdict.REVISED
    assert verdict(replace(FIRST, title="A worm in the garden"), known) is Verdict.REVISED


def test_f31_one_guid_on_two_items_keeps_both() -> None:
    """Both are new, both are found again, alone or together, whatever their order."""
    other = replace(
        FIRST, url="https://example.org/2026/03/moth/", title="A moth in the lamp", html="<p>Quite another text.</p>"
    )
    decisions = decide([other, FIRST], {})
    assert [decision.verdict for decision in decisions] == [Verdict.NEW, Verdict.NEW]
    assert len({decision.guid for decision in decisions}) == 2
    known = stored(decisions)
    assert set(known) <= set(Document.of([other, FIRST]).guids)
    for poll in ([other, FIRST], [FIRST, other], [FIRST], [other]):
        assert {decision.verdict for decision in decide(poll, known)} == {Verdict.UNCHANGED}


def test_f31_a_second_item_under_a_known_guid_does_not_overwrite_the_first() -> None:
    """When the item with the reused guid comes later, the stored one stays as it is."""
    known = stored(decide([FIRST], {}))
    other = replace(FIRST, url="https://example.org/2026/03/moth/", title="A moth", html="<p>Quite another text.</p>")
    for poll in ([other, FIRST], [FIRST, other]):
        verdicts = {decision.entry.title: decision.verdict for decision in decide(poll, known)}
        assert verdicts == {FIRST.title: Verdict.UNCHANGED, "A moth": Verdict.NEW}


def test_an_entry_that_stands_twice_in_a_document_counts_once() -> None:
    """The second of two equal items is no second entry."""
    flipped = replace(FIRST, guid="http://example.org/?p=1")
    assert [decision.verdict for decision in decide([FIRST, flipped], {})] == [Verdict.NEW, Verdict.UNCHANGED]


@pytest.mark.parametrize(
    "guid", ["http://example.org/?p=1", "https://www.example.org/?p=1", "https://example.org:443/?p=1"]
)
def test_f32_a_flipping_guid_makes_no_duplicate(guid: str) -> None:
    """http and https, with www and without, are the same entry."""
    known = stored(decide([FIRST], {}))
    assert verdict(replace(FIRST, guid=guid), known) is Verdict.UNCHANGED


NOISE = [
    "<p>The worm spreads through <b>mail</b> servers.</p>\n\n<p>Update to 5.1.7 now.</p><!-- rendered 12:01:77 -->",
    "<div class='x9f2'><p>The worm spreads through <i>mail</i> servers.</p><p>Update to 5.1.7 now.</p></div>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><img src='https://t.example/p.gif?r=81'>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><p>1,234 views</p>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><p>Views: 99</p><p>3 comments</p>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><span>5 minutes ago</span>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><script>var t='8a7f'</script>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><input type=hidden value=8a7f><form>token</form>",
    "<p>The worm spreads through <a href='/s?utm_source=rss&token=8f1'>mail</a> servers.</p><p>Update to 5.1.7 now.</p>",
    "<p>The worm spreads&nbsp;through mail servers.</p><p>Update to&#32;5.1.7 now.</p><p>request id: 8f2a-11c9-77</p>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p>https://example.org/x?session=1712",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><p>1.234 Aufrufe</p>",
    "<p>The worm spreads through mail servers.</p><p>Update to 5.1.7 now.</p><p>Page generated in 0.123 seconds</p>",
]


@pytest.mark.parametrize("html", NOISE)
def test_f33_what_changes_by_itself_is_no_revision(html: str) -> None:
    """Counters, tokens, ages, hidden fields, markup and links do not make a revision."""
    known = stored(decide([FIRST], {}))
    assert verdict(replace(FIRST, html=html), known) is Verdict.UNCHANGED


@pytest.mark.parametrize("query", ["utm_source=feed", "token=aa11", "PHPSESSID=1f2e3d", "_=1712345678901"])
def test_f33_tokens_in_the_url_make_no_new_entry(query: str) -> None:
    """A guid that is a URL stays the same entry whatever token hangs on it."""
    known = stored(decide([FIRST], {}))
    entry = replace(FIRST, guid=f"{FIRST.guid}&{query}", url=f"{FIRST.url}?{query}")
    (decision,) = decide([entry], known)
    assert decision.verdict is Verdict.UNCHANGED
    assert decision.canonical_url == "https://example.org/2026/03/worm"


def test_f34_dates_that_move_are_no_revision() -> None:
    """A feed that stamps everything again at every poll revises nothing."""
    known = stored(decide([FIRST], {}))
    moved = replace(FIRST, published=WHEN + timedelta(days=1), updated=WHEN + timedelta(days=1))
    assert verdict(moved, known) is Verdict.UNCHANGED


def test_numbers_that_are_content_stay_content() -> None:
    """Not every number is a counter: victims, versions and prices make revisions."""
    known = stored(decide([FIRST], {}))
    for change in ("Update to 5.2 now.", "Update to 5.1.7 now. 412,000 patients were affected."):
        assert (
            verdict(replace(FIRST, html=FIRST.html.replace("Update to 5.1.7 now.", change)), known) is Verdict.REVISED
        )


def test_a38_another_feeds_guid_means_nothing() -> None:
    """What is known is given for one feed; an entry of another with the same guid is new there."""
    known = stored(decide([FIRST], {}))
    assert verdict(replace(FIRST, title="Spoofed"), {}) is Verdict.NEW
    assert known == stored(decide([FIRST], {}))


def test_a39_odd_guids_are_kept_as_names() -> None:
    """Paths, NUL, reserved names and 5 KB are names like any other, and stay apart."""
    guids = ["../../x", "CON", "a\0b", "x" * 5000, "x" * 4999 + "y"]
    decisions = decide([replace(FIRST, guid=guid) for guid in guids], {})
    assert len({decision.guid for decision in decisions}) == len(guids)
    assert {decision.verdict for decision in decisions} == {Verdict.NEW}


def test_the_summary_counts_where_there_is_no_content() -> None:
    """With html, a changed summary is nothing; without, it is the text."""
    bare = replace(FIRST, html="", summary="Short.")
    assert content_hash(replace(FIRST, summary="Short.")) == content_hash(FIRST)
    assert content_hash(bare) != content_hash(replace(bare, summary="Shorter."))


def test_a_picture_is_content_where_there_is_nothing_else() -> None:
    """A comic's new strip is a revision, its tracking parameter is none."""
    strip = replace(FIRST, html='<img src="https://example.org/1.png?t=1">')
    assert content_hash(strip) == content_hash(replace(strip, html='<img alt="" src="https://example.org/1.png?t=2">'))
    assert content_hash(strip) != content_hash(replace(strip, html='<img src="https://example.org/2.png?t=1">'))


@pytest.mark.parametrize(
    "bomb", ["<!--", "<", "<a", "<a ", "1 ", "<script>", "&lt", "token=", "--><!--", "<a>" + "x" * 9]
)
def test_text_is_taken_out_in_linear_time(bomb: str) -> None:
    """A megabyte of the nastiest takes no longer than a megabyte of anything."""
    begin = time.process_time()
    lasting(bomb * (1_000_000 // len(bomb)))
    lasting("<" + "a" * 1_000_000)
    assert time.process_time() - begin < 5


def test_visible_text() -> None:
    """Tags become spaces, entities characters; scripts, comments and forms are not seen."""
    assert visible("<p>a&amp;b</p><style>x</style>c<!-- d -- <p>e</p> -->f<br/>g") == "a&b c f g"


TEXTS = st.sampled_from(["", "<p>one</p>", "<p>two</p>", "<p>one</p><p>9 views</p>"]) | st.text(max_size=20)
ENTRIES = st.builds(
    Entry,
    guid=st.sampled_from(["1", "http://example.org/a", "https://example.org/a/", "https://example.org/b?utm_x=1"]),
    url=st.sampled_from([None, "https://example.org/a", "https://example.org/b"]),
    title=st.sampled_from(["A", "B", "9 views"]),
    html=TEXTS,
)


@given(st.lists(ENTRIES, max_size=6), st.lists(ENTRIES, max_size=6))
def test_deciding_twice_is_deciding_once(before: list[Entry], now: list[Entry]) -> None:
    """When a poll is stored, the same document brings nothing, whatever was known before."""
    known = stored(decide(before, {}))
    for decision in decide(now, known):
        if decision.verdict is not Verdict.UNCHANGED:
            known[decision.guid] = known_of(decision)
    assert {decision.verdict for decision in decide(now, known)} <= {Verdict.UNCHANGED}


@given(st.lists(ENTRIES, max_size=6))
def test_nothing_is_lost(entries: list[Entry]) -> None:
    """Each entry gets a decision; entries of different guid, URL and title never share an identity."""
    decisions = decide(entries, {})
    assert [decision.entry for decision in decisions] == entries
    new = [decision for decision in decisions if decision.verdict is Verdict.NEW]
    assert len({decision.guid for decision in new}) == len(new)
    assert {decision.guid for decision in decisions} <= set(Document.of(entries).guids)
