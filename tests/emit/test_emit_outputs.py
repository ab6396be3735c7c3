"""The operator's outputs as documents: how much of each post, a story as one entry, and what is built again when."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from lxml import etree
from support.emit_rules import faults_of
from support.emit_shelf import START, Shelf
from test_emit_stories import told

from aggregator.config.settings import Output, Site
from aggregator.emit import build
from aggregator.models import Enclosure, Ended, OutputEntry

AT = "{http://purl.org/atompub/tombstones/1.0}"
ATOM = "{http://www.w3.org/2005/Atom}"


class Hand:
    """`Chosen` by hand: the entries of the one output that there is."""

    def __init__(self, *entries: OutputEntry, ended: tuple[Ended, ...] = ()) -> None:
        self.entries, self.gone = entries, ended

    def shown(self, _: Output, limit: int) -> tuple[OutputEntry, ...]:
        return self.entries[:limit]

    def members(self, _: Output, limit: int) -> tuple[int, ...]:
        return tuple(entry.post.sequence for entry in self.entries[:limit])

    def ended(self, _: str, limit: int) -> tuple[Ended, ...]:
        return self.gone[:limit]


def output(**keys: object) -> Output:
    return Output.model_validate({"name": "own", **keys})


def newest_first(shelf: Shelf, *sequences: int) -> tuple[OutputEntry, ...]:
    return tuple(OutputEntry(shelf.posts[n], shelf.posts[n].stamp) for n in sorted(sequences, reverse=True))


def items(out: Path) -> list[dict[str, object]]:
    return json.loads((out / "outputs/own.json").read_bytes())["items"]


def documents(out: Path) -> dict[str, bytes]:
    return {f"own.{kind}": (out / f"outputs/own.{kind}").read_bytes() for kind in ("atom", "rss", "json")}


def test_an_output_is_a_feed_in_three_formats_with_a_page(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Its entries are those of the combined feed, byte for byte; the front page and the page of sources lead to it."""
    one = output(title="Only three", words=["gang"])
    build(shelf, site, tmp_path, outputs=[one], chosen=Hand(*newest_first(shelf, 30, 28, 25)))
    assert faults_of(documents(tmp_path)) == {}
    whole = json.loads((tmp_path / "feed.json").read_bytes())["items"]
    assert items(tmp_path) == [
        item for item in whole if item["title"] in ("Post number 30", "Post number 28", "Post number 25")
    ]
    page = (tmp_path / "outputs/own.html").read_text()
    assert "Only three" in page
    assert "words: gang" in page
    assert shelf.posts[28].path in page
    for path in ("index.html", "sources.html"):
        assert '"outputs/own.html">Only three' in (tmp_path / path).read_text()


def test_how_much_of_a_post_an_output_carries(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """full: the article; summary: its beginning; titles: neither text nor files. The footer is in all of them."""
    shelf.put(replace(shelf.posts[30], enclosures=(Enclosure("https://x.example/a.mp3", "audio/mpeg", 5),)))
    found = {}
    for content in ("full", "summary", "titles"):
        build(shelf, site, tmp_path, outputs=[output(content=content)], chosen=Hand(*newest_first(shelf, 30)))
        assert faults_of(documents(tmp_path)) == {}
        (found[content],) = items(tmp_path)
    article, summary = "The text of post 30", "<p>In short: 30.</p>"
    assert [article in item["content_html"] for item in found.values()] == [True, False, False]
    assert [summary in item["content_html"] for item in found.values()] == [False, True, False]
    assert ["summary" in item for item in found.values()] == [True, True, False]
    assert ["attachments" in item for item in found.values()] == [True, True, False]
    assert all("original post" in item["content_html"] for item in found.values())
    assert (tmp_path / "feed.json").read_text().count("The text of post 30") == 1


def test_an_entry_that_came_in_late_has_a_later_time(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Times in an output are its own, unique and descending; the same post keeps its time elsewhere."""
    late = OutputEntry(shelf.posts[12], shelf.posts[30].stamp + timedelta(seconds=1))
    build(shelf, site, tmp_path, outputs=[output()], chosen=Hand(late, *newest_first(shelf, 30, 11)))
    dates = [item["date_modified"] for item in items(tmp_path)]
    assert dates == sorted(set(dates), reverse=True)
    assert faults_of(documents(tmp_path)) == {}
    whole = {item["id"]: item["date_modified"] for item in json.loads((tmp_path / "feed.json").read_bytes())["items"]}
    own = {item["id"]: item["date_modified"] for item in items(tmp_path)}
    assert {key for key in own if own[key] != whole.get(key, own[key])} <= {late.post.id}


def test_only_what_could_be_in_it_has_an_output_built(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A post of it, its settings, its entries; nothing else. Taken out of the configuration, its files go."""
    one, hand = output(), Hand(*newest_first(shelf, 30, 28))

    def built(chosen: Hand = hand, *outputs: Output) -> set[str]:
        files = build(shelf, site, tmp_path, outputs=outputs or [one], chosen=chosen).files
        return {file for file in files if file.startswith("outputs/")}

    assert len(built()) == 4
    assert built() == set()
    shelf.put(replace(shelf.posts[29], title="Another title"))
    assert built() == set()
    shelf.put(replace(shelf.posts[28], title="Another title"))
    hand.entries = newest_first(shelf, 30, 28)
    assert len(built()) == 4
    shelf.put(shelf.posts[1])
    assert len(built(Hand(*newest_first(shelf, 30)))) == 4
    assert len(built(hand, output(title="Renamed"))) == 4
    build(shelf, site, tmp_path)
    assert not (tmp_path / "outputs").exists()


def test_a_story_is_one_entry_that_lists_every_outlet(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """By publication, each with link and beginning; its id is no post's, its first date and link those of the first."""
    shelf.put(*told("a1b2", shelf.posts[20], shelf.posts[21], shelf.posts[22]))
    grown = START + timedelta(days=400)
    entries = (
        OutputEntry(shelf.posts[30], shelf.posts[30].stamp),
        OutputEntry(shelf.posts[20], shelf.posts[20].stamp, grown),
    )
    build(shelf, site, tmp_path, outputs=[output(group="story")], chosen=Hand(*entries))
    assert faults_of(documents(tmp_path)) == {}
    alone, folded = items(tmp_path)
    first = shelf.posts[20]
    assert folded["id"] == f"{first.id}:story"
    assert alone["id"] == f"{shelf.posts[30].id}:story"
    assert (folded["url"], folded["title"]) == (first.url, first.title)
    assert folded["date_modified"].startswith(f"{grown:%Y-%m-%dT%H:%M:%S}")
    content = folded["content_html"]
    places = [
        content.index(f'<a href="{shelf.posts[n].url}">Post number {n}</a><br>In short: {n}.') for n in (20, 21, 22)
    ]
    assert places == sorted(places)
    assert "Told by 3 posts" in content
    assert "Told by" not in alone["content_html"]
    assert folded["authors"] == [{"name": "Lab and 2 others"}] or "and 2 others" in folded["authors"][0]["name"]
    page = (tmp_path / "outputs/own.html").read_text()
    assert "told by 3 posts, 3 outlets" in page
    assert "../stories/a1b2.html" in page


def test_a_folded_entry_is_revised_by_growth_alone(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A member's revision changes its text and not its date; a story of one post has that post's own revisions."""
    revised = START + timedelta(days=500)
    posts = [replace(shelf.posts[n], revised=revised) for n in (20, 21)]
    shelf.put(*told("a1b2", *posts), replace(shelf.posts[30], revised=revised))
    entries = newest_first(shelf, 30, 20)
    build(shelf, site, tmp_path, outputs=[output(group="story")], chosen=Hand(*entries))
    alone, folded = items(tmp_path)
    assert alone["date_modified"] == f"{revised:%Y-%m-%dT%H:%M:%S}Z"
    assert folded["date_modified"] == f"{shelf.posts[20].stamp:%Y-%m-%dT%H:%M:%S}Z"


def test_an_entry_that_ended_leaves_a_tombstone(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """RFC 6721, in Atom; JSON Feed and RSS simply lack it."""
    gone = Ended(shelf.posts[29].id, START + timedelta(days=400))
    hand = Hand(*newest_first(shelf, 30), ended=(gone,))
    build(shelf, site, tmp_path, outputs=[output(group="story")], chosen=hand)
    feed = etree.fromstring((tmp_path / "outputs/own.atom").read_bytes())
    (stone,) = feed.findall(f"{AT}deleted-entry")
    assert (stone.get("ref"), stone.get("when")) == (f"{gone.id}:story", "2027-04-05T08:00:00Z")
    assert gone.id not in (tmp_path / "outputs/own.json").read_text()
    assert faults_of(documents(tmp_path)) == {}


def test_words_of_outlets_are_text_in_a_folded_entry(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Titles, teasers and names are escaped; a forbidden character breaks no document."""
    shelf.put(
        *told(
            "a1b2", replace(shelf.posts[20], title="<script>x</script>\x00", summary="<img onerror=x>"), shelf.posts[21]
        )
    )
    build(shelf, site, tmp_path, outputs=[output(group="story")], chosen=Hand(*newest_first(shelf, 21)))
    content = str(items(tmp_path)[0]["content_html"])
    assert "<script" not in content
    assert "<img" not in content
    assert faults_of(documents(tmp_path)) == {}
