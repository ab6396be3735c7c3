"""WebSub: where documents say that their changes can be subscribed to."""

from __future__ import annotations

import json
from pathlib import Path

from support.emit_rules import faults_of
from support.emit_shelf import Shelf, filled

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.poll import parse

HUBS = ("https://hub.example/", "https://other.example/push?a=1&b=2")
SITE = Site(title="Wire", base_url="https://news.example/wire/", page_size=10, hubs=HUBS)


def built(out: Path, site: Site = SITE) -> Shelf:
    shelf = filled(40)
    build(shelf, site, out)
    return shelf


def test_current_documents_name_the_hubs_and_themselves(tmp_path: Path) -> None:
    """WebSub section 4: a subscriber needs both, in each of the formats, and finds them there."""
    built(tmp_path)
    for kind in ("atom", "rss", "json"):
        url = f"https://news.example/wire/feed.{kind}"
        data = (tmp_path / f"feed.{kind}").read_bytes()
        assert not faults_of({f"feed.{kind}": data})
        found = parse(data, url, "")
        assert found.hubs == HUBS
        assert found.self_url == url or json.loads(data)["feed_url"] == url
    assert parse(next((tmp_path / "tags").glob("*.atom")).read_bytes(), "https://x.example/").hubs == HUBS


def test_archived_documents_and_sites_without_hubs_name_none(tmp_path: Path) -> None:
    """What never changes is nothing to subscribe to; without the setting nothing is different."""
    built(tmp_path / "with")
    assert b"hub.example" not in (tmp_path / "with" / "archive" / "feed-0001.atom").read_bytes()
    built(tmp_path / "without", Site(title="Wire", base_url="https://news.example/wire/", page_size=10))
    assert b"hub" not in (tmp_path / "without" / "feed.json").read_bytes().split(b'"items"')[0]
