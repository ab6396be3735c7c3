"""kill -9 at a hundred random moments of the whole pipeline; `python -m bench.kills` does it a thousand times."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench import kills

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_f39_a_hundred_kills_of_the_whole_pipeline(tmp_path: Path) -> None:
    """What was acknowledged is there, nothing is there twice, no document is torn, the database is sound.

    A process of its own does it, since one with threads must not fork.
    """
    command = [sys.executable, "-m", "bench.kills", "--kills", "100", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=280)  # noqa: PLW1510
    found = json.loads(done.stdout or "{}")
    assert found.get("wrong") == [], done.stdout + done.stderr
    assert found["kills"] == 100
    assert min(found["entry"], found["scraped"]) > 50
    assert {"polling", "scraping", "emitting"} <= found["killed_in"].keys()

    told = Counter([("entry", "never stored"), ("scraped", "999999"), ("published", "999999")])
    assert len(list(kills.wrong(tmp_path, told))) == 3  # it would be noticed
    assert len(list(kills.lost(tmp_path, told))) == 3  # at once, too, before anything could make up for it
    assert list(kills.lost(tmp_path, [("emitted", "1"), ("published", "0")])) == []
    page = next((tmp_path / "public" / "posts").rglob("*.html"))
    page.unlink()
    places = [
        ("emitted", str(number)) for number in range(1, 2 * found["entry"])
    ]  # more than were acknowledged came out
    assert any(page.name in what for what in kills.lost(tmp_path, places))
    (tmp_path / "public" / "feed.json").write_text('{"items": [')
    assert list(kills.torn(tmp_path / "public", "*"))
