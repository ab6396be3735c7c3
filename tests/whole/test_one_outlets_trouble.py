"""What troubles one outlet holds up nothing of the others."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

from support.outlets import Outlet, outlet, rss
from support.program import Program

DATE = "Tue, 03 Mar 2026 10:00:00 +0000"


def stock(site: Outlet, name: str, posts: int = 2) -> None:
    """A feed of some posts, and their pages. No text is like another's: it would be taken for a copy, and hidden."""
    site.pages["/feed"] = rss(name, *((f"{site.origin}/p{n}", f"{name} {n}", DATE, "") for n in range(posts)))
    for n in range(posts):
        own = f"{name.replace(' ', '').lower()}{n}"
        text = "".join(
            f"<p>{name} {n}, paragraph {i}: {' '.join(f'{own}w{i}x{word}' for word in range(9))}, and so on.</p>"
            for i in range(9)
        )
        site.pages[f"/p{n}"] = ("text/html", f"<html><body><article>{text}</article></body></html>".encode())


def test_h07_h24_k25_a_slow_and_a_broken_robots_txt_delay_their_own_outlets_alone(tmp_path: Path) -> None:
    """A Crawl-delay of minutes and a robots.txt that fails: the well outlet's posts are out within seconds."""
    answers = [
        (200, b"User-agent: *\nCrawl-delay: 110\n"),
        (200, b"User-agent: *\nCrawl-delay: 1e9\n"),
        (200, b"User-agent: aggregator\nCrawl-delay: 3600\nDisallow: /p0\n"),
        (500, b"broken"),
        (503, b"later"),
        (429, b"User-agent: *\nAllow: /\n"),
    ]
    with ExitStack() as stack:
        well, *others = (stack.enter_context(outlet(host=f"127.0.0.{n}")) for n in range(1, 2 + len(answers)))
        stock(well, "Well")
        for number, (site, (status, body)) in enumerate(zip(others, answers, strict=True)):
            stock(site, f"Other {number}")
            site.pages["/robots.txt"] = lambda status=status, body=body: (status, "text/plain", body)
        program = Program(tmp_path)
        feeds = ", ".join(f"{{url: '{site.origin}/feed'}}" for site in (well, *others))
        program.configure(f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}\nfeeds: [{feeds}]\n")
        feed, until = program.data / "public" / "feed.json", time.monotonic() + 60
        round_ = program.start("poll")
        try:
            titles: set[str] = set()
            while not titles >= {"Well 0", "Well 1"} and time.monotonic() < until:
                time.sleep(0.2)
                titles = {item["title"] for item in json.loads(feed.read_text())["items"]} if feed.exists() else titles
            assert round_.poll() is None
        finally:
            round_.terminate()
            round_.communicate()
        assert titles >= {"Well 0", "Well 1"}
        assert not any(title.startswith(("Other 0", "Other 3")) for title in titles)
