"""The table of flaws that articles name."""

from __future__ import annotations

from support.store_builders import NOW, Newsroom, entry

from aggregator.models.intel import Fact, Vulnerability


def test_a_flaw_that_no_article_names_any_more_is_dropped(newsroom: Newsroom) -> None:
    """The text that named it has changed."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one")
    number, kept = newsroom.article_id("https://alpha.example/one"), newsroom.store.intel
    kept.save(number, [Fact("cve", "CVE-2026-1", "CVE-2026-1", (), indicator=False, why="")], [], 1, NOW)
    assert kept.save_vulnerabilities({"CVE-2026-1": Vulnerability("CVE-2026-1")}, NOW) == 1
    assert kept.flaw("CVE-2026-1")
    kept.save(number, [], [], 1, NOW)
    assert kept.save_vulnerabilities({}, NOW) == 0
    assert kept.flaw("CVE-2026-1") is None
