"""Times the desk over 100,000 articles: `python -m bench.desk [--database FILE] [--queries 400]`.

The database is that of bench.archive (`--keep FILE` there fills one to keep; else one is filled here). Words are drawn
as they stand in the texts, so that common ones come up often: a hard mixture, since people search for rarer words. Each
kind of question is asked of the store, and over HTTP of a running server, which also renders the page.
"""

from __future__ import annotations

import argparse
import http.client
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from aggregator.config.settings import Site
from aggregator.store import Store
from aggregator.web import WebServer, application
from aggregator.web.search import SearchQuery
from bench.archive import FEEDS, NOW, TAGS, Press, fill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, help="as bench.archive --keep has filled it")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.database or Path(folder) / "archive.db"
        with Store.open(path) as store:
            if not store.feeds():
                fill(store, options.articles)
        asked = questions(options.queries)
        with Store.read(path) as store:
            report("the store", asked, lambda values: _find(store, values))
        app = application(Site(), path, Path(folder), lambda: NOW)
        with WebServer(app, "127.0.0.1", 0) as server:
            connection = http.client.HTTPConnection(*server.address)
            report("the page, over HTTP", asked, lambda values: _get(connection, f"/search?{urlencode(values)}"))
            report("the feed, over HTTP", asked, lambda values: _get(connection, f"/search.atom?{urlencode(values)}"))
            report("the API, over HTTP", asked, lambda values: _get(connection, f"/api/articles?{urlencode(values)}"))
            for path_ in ("/status", "/metrics", "/ready"):
                times = sorted(_timed(lambda: _get(connection, path_)) for _ in range(5))  # noqa: B023
                print(f"{path_:28} {times[2]:8.1f} ms")


def questions(count: int) -> list[tuple[str, dict[str, str]]]:
    """(kind, query string's values), each kind in its turn, the same at each run."""
    press, dice = Press(), random.Random(11)

    def word() -> str:
        return press.random.choices(press.words, cum_weights=press.weights)[0]

    kinds: list[tuple[str, Callable[[], dict[str, str]]]] = [
        ("a word", lambda: {"q": word()}),
        ("two words", lambda: {"q": f"{word()} {word()}"}),
        ("two words or'd", lambda: {"q": f"{word()} OR {word()}"}),
        ("a phrase", lambda: {"q": f'"{word()} {word()}"'}),
        ("a word, by date", lambda: {"q": word(), "sort": "date"}),
        ("a word of a source", lambda: {"q": word(), "source": f"outlet-{dice.randrange(FEEDS)}"}),
        ("a word of a tag", lambda: {"q": word(), "tag": f"tag{dice.randrange(TAGS)}"}),
        ("a word, one week", lambda: {"q": word(), "since": f"{NOW - timedelta(days=dice.randrange(1, 60)):%Y-%m-%d}"}),
        ("no words, a tag", lambda: {"tag": f"tag{dice.randrange(TAGS)}"}),
    ]
    return [(kind, make()) for _ in range(count // len(kinds)) for kind, make in kinds]


def report(where: str, asked: list[tuple[str, dict[str, str]]], answer: Callable[[dict[str, str]], object]) -> None:
    """Ask everything once, and print median and 95th percentile by kind and of all."""
    times: dict[str, list[float]] = {}
    for kind, values in asked:
        times.setdefault(kind, []).append(_timed(lambda: answer(values)))  # noqa: B023
    print(f"\n{where:28} {'median':>8} {'95 %':>8} {'worst':>8}   ms of processor time")
    every = [ms for found in times.values() for ms in found]
    for kind, found in [*times.items(), ("all", every)]:
        high = statistics.quantiles(found, n=20)[-1]
        print(f"  {kind:26} {statistics.median(found):8.1f} {high:8.1f} {max(found):8.1f}", flush=True)


def _find(store: Store, values: dict[str, str]) -> object:
    asked = SearchQuery.read(values)
    return store.queries.find(asked.text, asked.where(), limit=20, order=asked.order)


def _get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    assert response.status in (200, 503), (response.status, path)
    return body


def _timed(work: Callable[[], object]) -> float:
    """Milliseconds of processor time, client and server together: those of the wall where nothing else runs."""
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


if __name__ == "__main__":
    main()
