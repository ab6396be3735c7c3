"""Whole rounds side by side: ours, newsboat, sfeed and reader over the same feeds on loopback.

    python -m bench.rounds [--feeds 200] [--items 30] [--texts distinct copies] [--repeat 3] [--only ours newsboat]
    python -m bench.rounds --large 10000          one feed of so many items of 2.1 KB, by ours alone

nginx serves the feeds (gzip), each under a loopback address of its own; an item has 6 KB of text. Each program is a
fresh process on its own folder, as cron would start it, and they take turns in each situation:

    cold      nothing is stored yet
    one new   one new item in each feed
    304       nothing has changed, and the server says so (the round before it is not counted: it is the first in which
              newsboat sends validators)
    same      nothing has changed, and the server sends the same bytes with 200

`--texts distinct`: no two items are alike; `copies`: all items are made of 180 texts. Ours does more in the same time:
it cleans, compares, indexes for search, groups stories and writes combined feeds and a mirror. Printed: seconds of wall
and of processor time, peak memory (PSS) in MB, each of all processes of a round, medians of `--repeat` series, each
from empty folders; and ours as multiples of the others'.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from statistics import median

from bench.measure import Cost, measured

ITEM_CHARS = 6000
LARGE_CHARS = 1900
TEXTS = 180
"""Of which the copies are made."""
WORDS = tuple(
    "".join(random.Random(number).choices("etaoinshrdlucmfwyp", k=random.Random(-number).randint(2, 10)))
    for number in range(6000)
)
NGINX = """
daemon off; master_process off; pid {0}/nginx.pid; error_log {0}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; types {{ application/rss+xml xml; }} gzip on; gzip_types application/rss+xml; etag {2};
    {3}
    client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4;
    scgi_temp_path {0}/t5;
    server {{ listen 0.0.0.0:{1}; root {0}/www; }}
}}
"""
NO_VALIDATORS = 'if_modified_since off; add_header Last-Modified "";'
READER = """
import sys
from reader import make_reader
reader = make_reader(sys.argv[1])
for url in open(sys.argv[2]).read().split():
    reader.add_feed(url, exist_ok=True)
for result in reader.update_feeds_iter(workers=16, scheduled=False):
    if isinstance(result.value, Exception):
        raise result.value
"""
SITUATIONS = ("cold", "one new", "304", "same")

Run = Callable[[], Cost]


def address(feed: int) -> str:
    return f"127.17.{feed // 250}.{feed % 250 + 1}"


def document(feed: int, items: int, *, copies: bool = False, chars: int = ITEM_CHARS) -> str:
    """`items` items, the newest first; item n is the same text in every edition."""
    parts = []
    for item in reversed(range(items)):
        text = (feed * 31 + item) % TEXTS if copies else f"{feed} {item}"
        dice = random.Random(f"{text}")
        paragraphs = "".join(f"&lt;p&gt;{' '.join(dice.choices(WORDS, k=100))}.&lt;/p&gt;" for _ in range(chars // 600))
        day = datetime(2026, 1, 1, feed % 24, tzinfo=UTC) + timedelta(days=item % 28, seconds=item // 28)
        title = f"Post {text}" if copies else f"Post {item} of {feed}"
        parts.append(
            f"<item><title>{title}</title><link>http://{address(feed)}/{item}</link><guid>{feed}-{item}</guid>"
            f"<pubDate>{format_datetime(day, usegmt=True)}</pubDate><description>{paragraphs}</description></item>"
        )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {feed}</title>{''.join(parts)}</channel></rss>"
    )


def publish(folder: Path, feeds: int, items: int, *, copies: bool = False) -> int:
    """Write every feed; the bytes of one."""
    (folder / "www").mkdir(exist_ok=True)
    for feed in range(feeds):
        (folder / "www" / f"{feed}.xml").write_text(document(feed, items, copies=copies), "utf-8")
    return (folder / "www" / "0.xml").stat().st_size


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


class Server:
    """nginx on the files of a folder; restarted when it is to send validators, or none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, validators: bool) -> None:
        self.stop()
        settings = ("on", "") if validators else ("off", NO_VALIDATORS)
        (self.folder / "nginx.conf").write_text(NGINX.format(self.folder, self.port, *settings), "utf-8")
        command = ["nginx", "-c", str(self.folder / "nginx.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


def ours(folder: Path, urls: list[str]) -> Run:
    config = folder / "feeds.yaml"
    listed = "".join(f"  - {{url: '{url}', name: F{number}}}\n" for number, url in enumerate(urls))
    config.write_text(f"network: {{allow: [127.17.0.0/16]}}\ndefaults: {{full_text: never}}\nfeeds:\n{listed}", "utf-8")
    return runner(sys.executable, "-m", "aggregator", "--config", config, "--data", folder / "data", "poll", "--force")


def newsboat(folder: Path, urls: list[str]) -> Run:
    (folder / "urls").write_text("\n".join(urls) + "\n", "utf-8")
    (folder / "config").write_text("reload-threads 16\nsuppress-first-reload yes\n", "utf-8")
    return runner(
        "newsboat", "-q", "-u", folder / "urls", "-c", folder / "cache.db", "-C", folder / "config", "-x", "reload"
    )


def sfeed(folder: Path, urls: list[str]) -> Run:
    lines = "".join(f"\tfeed F{number} '{url}'\n" for number, url in enumerate(urls))
    (folder / "sfeedrc").write_text(f"sfeedpath='{folder}/feeds'\nmaxjobs=16\nfeeds() {{\n{lines}}}\n", "utf-8")
    return runner("sfeed_update", folder / "sfeedrc")


def reader(folder: Path, urls: list[str]) -> Run:
    (folder / "urls").write_text("\n".join(urls) + "\n", "utf-8")
    (folder / "update.py").write_text(READER, "utf-8")
    return runner(sys.executable, folder / "update.py", folder / "reader.sqlite", folder / "urls")


def runner(*command: str | Path) -> Run:
    return lambda: measured([str(part) for part in command], {"HOME": "/nonexistent"})


PROGRAMS = {"ours": ours, "newsboat": newsboat, "sfeed": sfeed, "reader": reader}
TOOLS = {"newsboat": "newsboat", "sfeed": "sfeed_update"}


def series(folder: Path, feeds: int, items: int, names: Sequence[str], *, copies: bool) -> dict[str, dict[str, Cost]]:
    """The cost of every situation by program, from empty folders; the programs take turns in each."""
    size = publish(folder, feeds, items, copies=copies)
    server = Server(folder)
    server.start(validators=True)
    try:
        urls = [f"http://{address(feed)}:{server.port}/{feed}.xml" for feed in range(feeds)]
        print(f"{feeds} feeds x {items} items, {size // 1000} KB each", flush=True)
        runs = {}
        for name in names:
            (folder / name).mkdir()
            runs[name] = PROGRAMS[name](folder / name, urls)
        found = {"cold": {name: run() for name, run in runs.items()}}
        time.sleep(1.1)  # nginx makes its ETag of the second and the size
        publish(folder, feeds, items + 1, copies=copies)
        found["one new"] = {name: run() for name, run in runs.items()}
        for run in runs.values():
            run()
        found["304"] = {name: run() for name, run in runs.items()}
        server.start(validators=False)
        found["same"] = {name: run() for name, run in runs.items()}
        return found
    finally:
        server.stop()


def report(found: Sequence[dict[str, dict[str, Cost]]]) -> None:
    for situation in SITUATIONS:
        costs = {
            name: Cost(*(median(values) for values in zip(*((c.wall, c.cpu, c.peak) for c in several), strict=True)))
            for name in found[0][situation]
            if (several := [one[situation][name] for one in found])
        }
        for name, cost in costs.items():
            beside = ""
            if name != "ours" and "ours" in costs:
                beside = f"   ours: {costs['ours'].wall / cost.wall:5.2f} x wall, {costs['ours'].cpu / cost.cpu:5.2f} x"
            print(
                f"  {situation:8} {name:9} {cost.wall:7.2f} s wall {cost.cpu:7.2f} s processor {cost.peak:6.0f} MB"
                f"{beside}",
                flush=True,
            )


def large(items: int) -> None:
    """One feed of many items, polled, stored and put out."""
    with tempfile.TemporaryDirectory(prefix="rounds-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www" / "0.xml").write_text(document(0, items, chars=LARGE_CHARS), "utf-8")
        server = Server(folder)
        server.start(validators=True)
        try:
            (folder / "ours").mkdir()
            cost = ours(folder / "ours", [f"http://{address(0)}:{server.port}/0.xml"])()
        finally:
            server.stop()
        size = (folder / "www" / "0.xml").stat().st_size / 1e6
        print(f"{items} items, {size:.1f} MB: {cost.wall:.1f} s wall, {cost.cpu:.1f} s processor, {cost.peak:.0f} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--texts", nargs="+", choices=("distinct", "copies"), default=["distinct"])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--large", type=int, metavar="ITEMS")
    options = parser.parse_args()
    if options.large:
        large(options.large)
        return 0
    names = [name for name in options.only if name not in TOOLS or shutil.which(TOOLS[name])]
    for texts in options.texts:
        found = []
        for _ in range(options.repeat):
            with tempfile.TemporaryDirectory(prefix="rounds-") as folder:
                Path(folder).chmod(0o755)
                args = (Path(folder), options.feeds, options.items, names)
                found.append(series(*args, copies=texts == "copies"))
        print(f"{texts} texts, medians of {options.repeat}")
        report(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
