"""How fresh the combined feed is: `python -m bench.freshness [--seconds 90] [--feeds 50] [--backlog 300] [--check]`.

A daemon follows `--feeds` feeds on loopback, each on an address of its own. One has `--backlog` entries when it is
first read, whose pages have to be fetched. Every tenth is slow: its feed and its pages take SLOW_S to answer. Meanwhile
the fast ones publish a new post every `--every` seconds.

Measured: from the poll that is handed a new post to the moment at which it stands in `feed.atom`, for posts whose own
page answers at once; and from the moment at which it stood in its feed, which adds the wait for the next poll. Printed:
median, 99th percentile and the longest, in seconds, and what became of the backlog. `--check`: exit code 1 above the
floors.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles

P50_S, P99_S = 5.0, 15.0
"""Floors: seconds after the poll."""

SLOW_S = 4.0
"""Until a slow outlet answers."""

OLD_POSTS = 3
"""Posts that each feed has when it is first read."""

EVERY = 6
"""Seconds from one poll of a feed to the next."""

WORDS = tuple("".join(random.Random(number).choices("etaoinshrdlu", k=7)) for number in range(4000))

CONFIG = """\
site: {{title: Freshness, base_url: 'http://127.0.0.1:{port}/'}}
server: {{port: {port}}}
network: {{allow: [127.0.0.0/8], per_host_interval_s: 0.3}}
upkeep: {{backups: 0}}
defaults: {{interval: {every}s, min_interval: {every}s, max_interval: {every}s, respect_robots: false, websub: false}}
feeds:
"""


@dataclass
class Post:
    name: str
    at: datetime
    stood: float
    polled: float | None = None
    shown: float | None = None


@dataclass
class Press:
    """The outlets: which posts each feed has, and when each was first handed out."""

    feeds: int
    backlog: int
    posts: dict[int, list[Post]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        begun = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        for feed in range(self.feeds):
            old = self.backlog if feed == 0 else OLD_POSTS
            self.posts[feed] = [Post(f"f{feed}-{n}", begun - timedelta(minutes=n), 0.0) for n in range(old)]

    def is_slow(self, feed: int) -> bool:
        return feed % 10 == 9

    def publish(self, feed: int) -> Post:
        with self.lock:
            post = Post(f"f{feed}-new{len(self.posts[feed])}", datetime.now(UTC), time.monotonic())
            self.posts[feed].insert(0, post)
        return post

    def document(self, feed: int, host: str) -> str:
        with self.lock:
            listed = list(self.posts[feed])
        now = time.monotonic()
        items = []
        for post in listed:
            post.polled = post.polled or now
            url = f"http://{host}/{post.name}"
            items.append(
                f"<item><title>Post {post.name}</title><link>{url}</link><guid>{url}</guid>"
                f"<pubDate>{format_datetime(post.at)}</pubDate><description>About {post.name}.</description></item>"
            )
        channel = f"<title>Outlet {feed}</title><link>http://{host}/</link>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{channel}{"".join(items)}</channel></rss>'


def page(name: str) -> str:
    words = random.Random(name).choices(WORDS, k=220)
    body = "".join(f"<p>{' '.join(words[at : at + 44]).capitalize()}.</p>" for at in range(0, 220, 44))
    head = f"<head><title>Post {name}</title></head>"
    return f"<html>{head}<body><article><h1>Post {name}</h1>{body}</article></body></html>"


def serve(press: Press) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = self.headers["Host"]
            feed = int(host.partition(":")[0].rpartition(".")[2]) - 1
            if press.is_slow(feed):
                time.sleep(SLOW_S)
            feeds = self.path == "/feed"
            text = press.document(feed, host) if feeds else page(self.path[1:])
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml" if feeds else "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # every loopback address is an outlet
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def watch(feed: Path, waiting: dict[str, Post], ended: threading.Event) -> None:
    """Note when each post is first in the combined feed."""
    seen = 0
    while not ended.wait(0.05):
        try:
            stamp = feed.stat().st_mtime_ns
            if stamp == seen:
                continue
            text, now = feed.read_text("utf-8"), time.monotonic()
        except OSError:
            continue
        seen = stamp
        for name, post in list(waiting.items()):
            if post.shown is None and f">Post {name}<" in text:
                post.shown = now


def measure(folder: Path, press: Press, seconds: float, every: float) -> list[Post]:
    server = serve(press)
    port = server.server_address[1]
    lines = "".join(f"  - url: http://127.0.1.{n + 1}:{port}/feed\n" for n in range(press.feeds))
    (folder / "feeds.yaml").write_text(CONFIG.format(port=port + 1 if port < 65000 else port - 1, every=EVERY) + lines)
    command = [sys.executable, "-m", "aggregator", "--config", "feeds.yaml", "--data", "data", "run"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("AGGREGATOR_")}
    ended, waiting = threading.Event(), dict[str, Post]()
    watcher = threading.Thread(target=watch, args=(folder / "data/public/feed.atom", waiting, ended), daemon=True)
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, env=env, stderr=log) as daemon:
        try:
            watcher.start()
            fast = [feed for feed in range(1, press.feeds) if not press.is_slow(feed)]
            end, number = time.monotonic() + seconds, 0
            time.sleep(8)  # the first polls: what stands in a feed then is its back-file
            while time.monotonic() < end:
                post = press.publish(fast[number % len(fast)])
                waiting[post.name] = post
                number += 1
                time.sleep(every)
            last = time.monotonic() + 60
            while time.monotonic() < last and any(post.shown is None for post in waiting.values()):
                time.sleep(0.5)
        finally:
            ended.set()
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(30)
            server.shutdown()
            server.server_close()
    return list(waiting.values())


def summed_up(delays: list[float]) -> tuple[float, float, float]:
    cuts = quantiles(delays, n=100, method="inclusive")
    return cuts[49], cuts[98], max(delays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--backlog", type=int, default=300)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    press = Press(options.feeds, options.backlog)
    with tempfile.TemporaryDirectory() as place:
        posts = measure(Path(place), press, options.seconds, options.every)
        stored = sum("f0-" in one.name for one in (Path(place) / "data/public/posts").rglob("*.html"))
    shown = [post for post in posts if post.shown is not None and post.polled is not None]
    after_poll = [post.shown - post.polled for post in shown]  # type: ignore[operator]
    in_all = [post.shown - post.stood for post in shown]  # type: ignore[operator]
    print(f"{len(posts)} posts in {options.feeds} feeds, {len(posts) - len(shown)} not shown; "
          f"{stored} of {options.backlog} of the back-file published by the end")  # fmt: skip
    for what, delays in (("after the poll", after_poll), ("after it stood in its feed", in_all)):
        median, late, most = summed_up(delays)
        print(f"{what:28} p50 {median:5.1f} s   p99 {late:5.1f} s   longest {most:5.1f} s")
    median, late, _ = summed_up(after_poll)
    if options.check and (median > P50_S or late > P99_S or len(shown) < len(posts)):
        print(f"above the floors: p50 {P50_S:.0f} s, p99 {P99_S:.0f} s")
        sys.exit(1)


if __name__ == "__main__":
    main()
