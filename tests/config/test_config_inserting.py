"""A feed is added to the text of feeds.yaml: every byte that was there stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aggregator.config import add_feeds, load
from aggregator.config.settings import Feed

NEW = Feed(url="https://new.example/feed", name="New: one", tags=("a", "b"))

ODD = """\
# odd
site:   {title:  "A",   base_url: 'http://127.0.0.1:8080/'}   # kept
network: { allow: [ 127.0.0.0/8 ] , per_host_interval_s:   0 }
feeds:
    -   url:   "https://a.example/feed"     # first
        name: 'A'

    # a remark
    - {url: https://b.example/feed,   name: B, tags: [ x,y ]}  # last

    # after the last one
defaults:
      interval:   1h
# end"""

TEXTS = {
    "odd": ODD,
    "CRLF": ODD.replace("\n", "\r\n"),
    "at the end, no newline": "feeds:\n- url: https://a.example/feed\n  name: A\n  tags:\n  - x\n  - y",
    "folded": "feeds:\n- url: https://a.example/feed\n  name: >-\n    A\n    name\n\n# end\n",
    "a value left out": "feeds:\n- url: https://a.example/feed\n  name:\n\n# end\ndefaults: {interval: 1h}\n",
    "not indented": "feeds:\n- url: https://a.example/feed\ndefaults: {interval: 1h}\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_byte_stays(tmp_path: Path, text: str) -> None:
    """Some lines more, in one place, as far in as the others; the file is valid and has the feed last."""
    path = tmp_path / "feeds.yaml"
    path.write_bytes(text.encode())
    before = load(path).feeds
    add_feeds(path, [NEW], os.environ)
    after = path.read_bytes().decode()
    lines = after.splitlines(keepends=True)
    number = next(place for place, line in enumerate(lines) if "new.example" in line)
    rest = "".join(lines[:number] + lines[number + 3 :])
    assert rest in (text, text + "\n")
    assert load(path).feeds == (*before, NEW)


@pytest.mark.parametrize(
    "text", ["feeds: []\n", "feeds:\n", "# none\nsite: {title: A}\n", "feeds: [{url: 'https://a.example/'}]\n"]
)
def test_other_forms_are_written_anew(tmp_path: Path, text: str) -> None:
    """An empty list, or one on a line: the feed gets in all the same."""
    path = tmp_path / "feeds.yaml"
    path.write_text(text, "utf-8")
    add_feeds(path, [NEW], os.environ)
    assert load(path).feeds[-1] == NEW
