"""Every page in neighbour_pages/ against what the JSON beside it says; a new pair of files is a new case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml.html import HtmlElement, HTMLParser, document_fromstring, tostring

from aggregator.models import Attribution, Neighbour
from aggregator.scrape.attribution import attribution
from aggregator.scrape.neighbours.choose import Neighbours, find, find_with_blocks

PAGES = sorted((Path(__file__).parent / "neighbour_pages").glob("*.html"))


def parsed(path: Path) -> HtmlElement:
    return document_fromstring(path.read_bytes(), parser=HTMLParser(encoding="utf-8"))


def expected(path: Path) -> dict[str, dict[str, str] | None]:
    return json.loads(path.with_suffix(".json").read_text("utf-8"))


def neighbour(said: dict[str, str] | None) -> Neighbour | None:
    return Neighbour(**said) if said else None


def test_there_are_pages() -> None:
    """The folder is where it should be, and each page has its truth."""
    assert len(PAGES) > 40
    assert all(path.with_suffix(".json").is_file() for path in PAGES)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_neighbours_of_the_page(path: Path) -> None:
    """URL, title and teaser of both neighbours are those that the page states, and none where it states none."""
    truth = expected(path)
    found = find(parsed(path), str(truth["url"]))
    assert found == Neighbours(neighbour(truth["next"]), neighbour(truth["previous"]))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_attribution_of_the_page(path: Path) -> None:
    """A page that re-publishes names its source; no other page has one."""
    truth = expected(path)
    source = truth.get("source")
    assert attribution(parsed(path), "", str(truth["url"])) == (Attribution(**source) if source else None)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_blocks_hold_the_neighbours_and_nothing_of_the_article(path: Path) -> None:
    """Without the blocks that show neighbours, their visible titles and teasers are gone and the article is whole."""
    truth, tree = expected(path), parsed(path)
    found, blocks = find_with_blocks(tree, str(truth["url"]))
    assert found == find(tree, str(truth["url"]))
    before = {each.text_content() for each in tree.iter("h1")}
    prose = [each.text_content() for each in tree.iter("p") if len(each.text_content()) > 150]
    for block in blocks:
        block.drop_tree()
    text = tree.text_content()
    assert before == {each.text_content() for each in tree.iter("h1")}
    assert all(each in text for each in prose if "Puma Ridge" not in each)
    shown = [side.teaser for side in (found.next, found.previous) if side and side.teaser]
    assert not [each for each in shown if each in text]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_tree_stays_as_it_is(path: Path) -> None:
    """Reading a page for its neighbours and its source changes nothing in it."""
    tree = parsed(path)
    before = tostring(tree)
    url = str(expected(path)["url"])
    find_with_blocks(tree, url)
    attribution(tree, "", url)
    assert tostring(tree) == before
