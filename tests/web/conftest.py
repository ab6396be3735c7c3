"""A newsroom with a few posts behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.desk_room import SITE, WORM, Asking, serving
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.emit import build
from aggregator.models import Likeness
from aggregator.store import Store


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with five posts of three feeds, one of them a copy, and the output built from it; not to change."""
    data = tmp_path_factory.mktemp("desk")
    alpha = {"url": "https://alpha.example/feed?token=hunter2hunter2", "name": "Alpha", "tags": ["wire", "vendors"]}
    with Store.open(data / "aggregator.db") as store:
        room = Newsroom(store, alpha, {"url": "https://beta.example/feed", "name": "Beta", "tags": ["wire"]}, "Gamma")
        room.poll(entry("worm", published=NOW - 48 * HOUR), entry("patch", published=NOW - 3 * HOUR))
        room.poll(entry("cafe", "beta.example"), entry("copy", "beta.example"), feed="Beta")
        room.poll(entry("wurm", "gamma.example"), feed="Gamma")
        worm = room.scrape("https://alpha.example/worm", WORM, title="A worm in C++", language="en-GB")
        room.scrape(
            "https://alpha.example/patch", "A vendor patched <b>& co.</b>: a worm used the hole.", language="en"
        )
        room.scrape("https://beta.example/cafe", "Wi-Fi at the café is not safe.", title="Hotspots", language="en")
        likeness = Likeness(worm, 0.98, "the same text")
        room.scrape("https://beta.example/copy", WORM, title="A worm in C++ again", likeness=likeness, language="en")
        room.scrape("https://gamma.example/wurm", "Ein Wurm, auf Englisch worm.", title="Wurm", language="de")
        room.publish()
        build(store.archive, SITE, data / "public")
    return data


@pytest.fixture(scope="session")
def ask(filled: Path) -> Iterator[Asking]:
    """Ask the server over the filled folder."""
    with serving(filled) as asking:
        yield asking
