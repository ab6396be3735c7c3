"""WebSub over HTTP: feed documents say in their header where to subscribe."""

from __future__ import annotations

from pathlib import Path

from support.desk_room import SITE, serving

HUBS = ("https://hub.example/",)


def test_feed_documents_name_hub_and_topic_in_the_link_header(filled: Path) -> None:
    """WebSub section 4: the header goes first; pages, lists and sites without hubs have none."""
    with serving(filled, SITE.model_copy(update={"hubs": HUBS})) as ask:
        answer = ask("/feed.atom")
        assert answer.headers["link"] == (
            '<https://news.example/wire/feed.atom>; rel="self", <https://hub.example/>; rel="hub"'
        )
        again = ask("/feed.atom", if_none_match=answer.headers["etag"])
        assert (again.status, again.headers["link"]) == (304, answer.headers["link"])
        assert "link" in ask("/tags/wire.json").headers
        for path in ("/", "/opml.xml", "/health.atom", "/search.atom?q=worm"):
            assert "link" not in ask(path).headers
    with serving(filled) as ask:
        assert "link" not in ask("/feed.atom").headers
