"""A feed as large as any that was ever seen: within its time, and in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MAX_CPU_S = 10.0
MAX_MB = 600

READ = """
import json, resource, time
from aggregator.pipeline.parsing import read_feed

text = "&lt;p&gt;" + "The kettle was reached through its debug port, and boiled. " * 31 + "&lt;/p&gt;"
items = "".join(
    f"<item><title>Post {n}</title><link>https://a.example/{n}</link><guid>{n}</guid>"
    f"<pubDate>Tue, 03 Mar 2026 10:00:00 +0000</pubDate><description>{text}</description></item>"
    for n in range(10_000)
)
body = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()
del items
began = time.process_time()
feed = read_feed(body, "https://a.example/feed", "application/rss+xml")
spent = time.process_time() - began
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([len(body), len(feed.entries), feed.entries[-1].html[:13], spent, memory]))
"""


@pytest.mark.slow
def test_f27_ten_thousand_items_in_20_mb_are_read_in_time() -> None:
    """Parsed and cleaned as a worker does it: under ten seconds of CPU, in bounded memory, and every item is there."""
    ended = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True, timeout=100)
    size, entries, beginning, spent, memory = json.loads(ended.stdout)
    assert size > 20_000_000
    assert (entries, beginning) == (10_000, "<p>The kettle")
    assert spent < MAX_CPU_S
    assert memory < MAX_MB
