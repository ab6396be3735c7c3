"""Whole rounds side by side: ours, newsboat and sfeed over the same feeds on loopback.

    python -m bench.rounds [--feeds 200] [--items 30]

nginx serves the feeds (gzip, ETag, 304), each under a loopback address of its own; a document has ITEMS full-text items
and about 184 KB. Each program is a fresh process on its own folder, as cron would start it:

    cold      nothing is stored yet
    304       nothing has changed (the third round: newsboat sends no validators in its second)
    one new   one new item in each feed

Ours does more in the same time: it cleans, compares, indexes for search, and writes a combined feed and a mirror.
Printed: wall seconds, and ours as a multiple of each other program's.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ITEM_CHARS = 6000
WORDS = tuple(
    "".join(random.Random(number).choices("etaoinshrdlucmfwyp", k=random.Random(-number).randint(2, 10)))
    for number in range(6000)
)
NGINX = """
daemon off; master_process off; pid {0}/nginx.pid; error_log {0}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; types {{ application/rss+xml xml; }} gzip on; gzip_types application/rss+xml; etag on;
    client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4;
    scgi_temp_path {0}/t5;
    server {{ listen 0.0.0.0:{1}; root {0}/www; }}
}}
"""


def address(feed: int) -> str:
    return f"127.17.{feed // 250}.{feed % 250 + 1}"


def document(feed: int, items: int) -> str:
    """`items` items, the newest first; item n is the same text in every edition."""
    parts = []
    for item in reversed(range(items)):
        dice = random.Random(f"{feed} {item}")
        paragraphs = "".join(
            f"&lt;p&gt;{' '.join(dice.choices(WORDS, k=100))}.&lt;/p&gt;" for _ in range(ITEM_CHARS // 600)
        )
        day = f"{item % 28 + 1:02} Jan 2026 {feed % 24:02}:00:00 GMT"
        parts.append(
            f"<item><title>Post {item} of {feed}</title><link>http://{address(feed)}/{item}</link>"
            f"<guid>{feed}-{item}</guid><pubDate>{day}</pubDate><description>{paragraphs}</description></item>"
        )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {feed}</title>{''.join(parts)}</channel></rss>"
    )


def publish(folder: Path, feeds: int, items: int) -> int:
    """Write every feed; the bytes of one."""
    (folder / "www").mkdir(exist_ok=True)
    for feed in range(feeds):
        (folder / "www" / f"{feed}.xml").write_text(document(feed, items), "utf-8")
    return (folder / "www" / "0.xml").stat().st_size


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def ours(folder: Path, urls: list[str]) -> Callable[[], float]:
    config = folder / "feeds.yaml"
    listed = "".join(f"  - {{url: '{url}', name: F{number}}}\n" for number, url in enumerate(urls))
    config.write_text(f"network: {{allow: [127.17.0.0/16]}}\ndefaults: {{full_text: never}}\nfeeds:\n{listed}", "utf-8")
    command = [
        sys.executable,
        "-m",
        "aggregator",
        "--config",
        str(config),
        "--data",
        str(folder / "data"),
        "poll",
        "--force",
    ]
    return lambda: timed(command)


def newsboat(folder: Path, urls: list[str]) -> Callable[[], float]:
    (folder / "urls").write_text("\n".join(urls) + "\n", "utf-8")
    (folder / "config").write_text("reload-threads 16\nsuppress-first-reload yes\n", "utf-8")
    command = [
        "newsboat",
        "-q",
        "-u",
        str(folder / "urls"),
        "-c",
        str(folder / "cache.db"),
        "-C",
        str(folder / "config"),
        "-x",
        "reload",
    ]
    return lambda: timed(command)


def sfeed(folder: Path, urls: list[str]) -> Callable[[], float]:
    lines = "".join(f"\tfeed F{number} '{url}'\n" for number, url in enumerate(urls))
    (folder / "sfeedrc").write_text(f"sfeedpath='{folder}/feeds'\nmaxjobs=16\nfeeds() {{\n{lines}}}\n", "utf-8")
    return lambda: timed(["sfeed_update", str(folder / "sfeedrc")])


def timed(command: list[str]) -> float:
    began = time.monotonic()
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": "/nonexistent"}
    )
    if ended.returncode:
        print(f"{command[0]} ended with {ended.returncode}: {(ended.stderr or ended.stdout)[-300:]}", file=sys.stderr)
    return time.monotonic() - began


PROGRAMS = {"ours": ours, "newsboat": newsboat, "sfeed": sfeed}
TOOLS = {"newsboat": "newsboat", "sfeed": "sfeed_update"}


def measure(folder: Path, feeds: int, items: int) -> dict[str, dict[str, float]]:
    """Wall seconds by situation and program; the programs take turns in each situation."""
    size = publish(folder, feeds, items)
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder, port), "utf-8")
    server = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        urls = [f"http://{address(feed)}:{port}/{feed}.xml" for feed in range(feeds)]
        print(f"{feeds} feeds x {items} items, {size // 1000} KB each", flush=True)
        poll = {}
        for name, make in PROGRAMS.items():
            if name == "ours" or shutil.which(TOOLS[name]):
                (folder / name).mkdir()
                poll[name] = make(folder / name, urls)
        found = {"cold": {name: run() for name, run in poll.items()}}
        for run in poll.values():
            run()
        found["304"] = {name: run() for name, run in poll.items()}
        time.sleep(1.1)  # nginx makes its ETag of the second and the size
        publish(folder, feeds, items + 1)
        found["one new"] = {name: run() for name, run in poll.items()}
        return found
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--items", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rounds-") as folder:
        Path(folder).chmod(0o755)
        found = measure(Path(folder), options.feeds, options.items)
    for situation, seconds in found.items():
        shown = "   ".join(f"{name} {taken:6.1f} s" for name, taken in seconds.items())
        ratios = ", ".join(
            f"{seconds['ours'] / taken:.2f} x {name}" for name, taken in seconds.items() if name != "ours"
        )
        print(f"{situation:8} {shown}   ours: {ratios}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
