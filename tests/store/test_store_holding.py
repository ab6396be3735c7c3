"""The output waits for pages that nobody has tried, but not forever."""

from __future__ import annotations

from datetime import timedelta

from support.store_builders import NOW, Newsroom, entry

WAIT = timedelta(minutes=10)


def test_a_steady_stream_of_new_entries_does_not_hold_up_what_is_ready(newsroom: Newsroom) -> None:
    """Within the wait the untried page holds the output back; what has been ready for longer goes out."""
    newsroom.poll(entry("one"))
    newsroom.store.save_failure(newsroom.article_id("https://alpha.example/one"), "404", None, NOW)
    newsroom.now = NOW + timedelta(minutes=9)
    newsroom.poll(entry("one"), entry("two"))
    assert newsroom.store.untried(newsroom.now - WAIT, newsroom.now)
    newsroom.now = NOW + timedelta(minutes=11)
    assert not newsroom.store.untried(newsroom.now - WAIT, newsroom.now)
