"""Datasette on our database: started, asked for its tables, and for each canned query, which gives rows."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.store_builders import Newsroom, entry
from test_store_docs import _fill, name_things

from aggregator.store import Store

DEPLOY = Path(__file__).parents[2] / "deploy"
MADE = DEPLOY / "datasette.yaml"


def describing() -> Any:
    """deploy/describe.py, which is no module of the program."""
    spec = importlib.util.spec_from_file_location("describe", DEPLOY / "describe.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_in_datasette_is_that_of_the_schema_and_the_page() -> None:
    """deploy/datasette.yaml is the generated one. AGGREGATOR_UPDATE_DOCS=1 writes it again."""
    wanted = describing().text()
    if os.environ.get("AGGREGATOR_UPDATE_DOCS"):
        MADE.write_text(wanted, "utf-8")
    assert MADE.read_text("utf-8") == wanted, "run this test with AGGREGATOR_UPDATE_DOCS=1"


Ask = Callable[[str], str]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A page of Datasette, beside a writer that has the database open."""
    path = tmp_path_factory.mktemp("datasette") / "aggregator.db"
    with Store.open(path) as store:
        room = Newsroom(store, "Alpha", "Beta", "Gamma", "Delta")
        _fill(room)
        name_things(room)
        command = [sys.executable, "-m", "datasette", "serve", str(path), "--metadata", str(MADE), "--port", "0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr
        origin = ""
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                origin = found[1]
                break

        def page(address: str) -> str:
            with urllib.request.urlopen(origin + address, timeout=20) as answer:
                assert answer.status == 200
                return str(answer.read().decode())

        yield page
        process.terminate()
        process.communicate(timeout=20)


def test_the_first_page_says_what_is_there(ask: Ask) -> None:
    """Title, questions and tables; what is the program's own is not in the way."""
    text = ask("/aggregator")
    assert "Security news: feeds, articles, stories" in text
    assert "Which feeds are in trouble?" in text
    assert 'href="/aggregator/latest_articles"' in text
    assert 'href="/aggregator/bands"' not in text.partition("hidden tables")[0]


def test_tables_explain_themselves(ask: Ask) -> None:
    """What a table is, a link to its columns' meanings, names instead of numbers, search, newest first."""
    text = ask("/aggregator/articles?_size=5")
    assert "One row an article" in text
    assert 'name="_search"' in text
    assert ">Alpha</a>" in text
    rows = json.loads(ask("/aggregator/articles.json?_shape=array&_size=5"))
    assert [row["published"] for row in rows] == sorted((row["published"] for row in rows), reverse=True)
    columns = json.loads(ask("/aggregator/schema_help.json?table=articles&_shape=array&_size=100"))
    assert len(columns) > 30
    assert "source" in ask("/aggregator/latest_articles")


def test_each_canned_query_gives_rows(ask: Ask) -> None:
    """All questions of docs/database.md, and a search for words of one's own."""
    for name in describing().questions():
        words = {"search": "&words=worm", "related-to": "&id=1"}.get(name, "")
        rows = json.loads(ask(f"/aggregator/{urllib.parse.quote(name)}.json?_shape=array{words}"))
        assert rows, name
        assert ask(f"/aggregator/{name}?{words}")


FOUND = {
    "CVE-2026-1234": "a", "C++": "a", "wi-fi": "a", "https://evil.example/x?y=1": "a", "10.0.0.1": "a", "bob@evil.example": "a",
    '"supply chain"': "b", "café": "b", "ransomware OR worm": "ab", "gang NOT ransomware": "c", "ransom*": "b", "title:worm": "a",
    "title: worm": "a", "AND": "ab", "a AND": "a", '"': "", '"unclosed': "", "": "", "++": "", "worm\ncve": "a", "o'brien": "",
    'text:"supply chain"': "", "title:wor*": "a", "-gang": "bc", "evil[.]example": "a", "{x": "a", "NEAR(": "", "OR OR": "a",
}  # fmt: skip


def test_what_people_type_is_found_as_by_the_program(newsroom: Newsroom) -> None:
    """The query `search` with what an analyst types first: never an error, the same articles as `aggregator search`."""
    texts = {
        "a": (
            "A worm in C++",
            "Of CVE-2026-1234 and wi-fi at https://evil.example/x?y=1 or 10.0.0.1, by bob@evil.example; and a gain.",
        ),
        "b": ("Café", "The ransomware gang and the supply chain."),
        "c": ("Gang", "Nothing of CVE 2025."),
    }
    newsroom.poll(*(entry(name) for name in texts))
    for name, (title, text) in texts.items():
        newsroom.scrape(f"https://alpha.example/{name}", text, title=title)
    newsroom.publish()
    sql = describing().questions()["search"]["sql"]
    for typed, expected in FOUND.items():
        found = {row["url"][-1] for row in newsroom.rows(sql.replace(":words", "?1"), typed)}
        assert found == set(expected), typed
        if typed and ":" not in typed.partition("//")[0]:
            ours = {hit.url[-1] for hit in newsroom.store.search(typed, limit=9)}
            assert found == ours, typed
