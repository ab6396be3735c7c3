"""What troubles one outlet holds up nothing of the others."""

from __future__ import annotations

import json
import time
from pathlib import Path

from support.outlets import Outlet, outlet, rss
from support.program import Program

DATE = "Tue, 03 Mar 2026 10:00:00 +0000"


def stock(site: Outlet, name: str, posts: int = 2) -> None:
    """A feed of some posts, and their pages."""
    site.pages["/feed"] = rss(name, *((f"{site.origin}/p{n}", f"{name} {n}", DATE, "") for n in range(posts)))
    for n in range(posts):
        text = "".join(f"<p>{name} {n}, paragraph {i}: a sentence of a good many words about it.</p>" for i in range(9))
        site.pages[f"/p{n}"] = ("text/html", f"<html><body><article>{text}</article></body></html>".encode())


def test_h07_h24_k25_a_slow_and_a_broken_robots_txt_delay_their_own_outlets_alone(tmp_path: Path) -> None:
    """A Crawl-delay of minutes and a robots.txt that fails: the well outlet's posts are out within seconds."""
    with outlet() as well, outlet(host="127.0.0.2") as slow, outlet(host="127.0.0.3") as ill:
        for site, name in ((well, "Well"), (slow, "Slow"), (ill, "Ill")):
            stock(site, name)
        slow.pages["/robots.txt"] = ("text/plain", b"User-agent: *\nCrawl-delay: 110\n")
        ill.pages["/robots.txt"] = lambda: (500, "text/plain", b"broken")
        program = Program(tmp_path)
        feeds = ", ".join(f"{{url: '{site.origin}/feed'}}" for site in (well, slow, ill))
        program.configure(f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}\nfeeds: [{feeds}]\n")
        feed, until = program.data / "public" / "feed.json", time.monotonic() + 60
        round_ = program.start("poll")
        try:
            while not feed.exists() and time.monotonic() < until:
                time.sleep(0.2)
            titles = sorted(item["title"] for item in json.loads(feed.read_text())["items"])
            assert round_.poll() is None
        finally:
            round_.terminate()
            round_.communicate()
        assert titles == ["Well 0", "Well 1"]
