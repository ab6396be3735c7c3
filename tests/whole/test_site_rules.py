"""Rules for sites in the whole program: from a folder to the database, their headers, and what a bad one costs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from support.machine import Quiet, serving
from support.outlets import Outlet, outlet, rss
from support.program import Program

from aggregator.config import load
from aggregator.pipeline import articles
from aggregator.pipeline.pipeline import opened

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Mon, 09 Mar 2026 08:00:00 GMT"
TEXT = " ".join(f"Sentence number {n} of the article tells what the loader does on the machine." for n in range(20))
SLOW = "//*[count(//*[count(//*[count(//*[count(//*) > 0]) > 0]) > 0]) > 0]"


def html(inner: str) -> tuple[str, bytes]:
    page = f"<!doctype html><html><head><title>The loader</title></head><body><h1>The loader</h1>{inner}</body></html>"
    return "text/html", page.encode()


def set_up(folder: Path, here: Outlet, rule: str, inner: str, name: str = "127.0.0.1.yaml") -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / name).write_text(rule, "utf-8")
    (folder / "feeds.yaml").write_text(
        "rules: mine\nnetwork: {allow: [127.0.0.1], per_host_interval_s: 0}\n"
        f"feeds: [{{url: '{here.origin}/feed', name: Outlet}}]\n",
        "utf-8",
    )
    here.pages |= {
        "/feed": rss("Outlet", (f"{here.origin}/loader/", "The loader", DATE, "It is back.")),
        "/loader/": html(inner),
    }


def mirrored(folder: Path) -> dict[str, Any]:
    with opened(load(folder / "feeds.yaml"), folder / "data", lambda: NOW) as pipeline:
        pipeline.round(force=True)
    with closing(sqlite3.connect(folder / "data" / "aggregator.db")) as connection:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute("SELECT * FROM articles LEFT JOIN extractions ON article_id = articles.id")
        return dict(row)


BOX = f"<div class=x><p>{TEXT}</p></div><div class=y><p>{TEXT.replace('loader', 'scanner')}</p></div>"


@pytest.mark.parametrize(
    ("name", "rule"), [("127.0.0.1.yaml", "body: .y\n"), ("127.0.0.1.txt", "body: //div[@class='y']\n")]
)
def test_an_operator_s_rule_decides(tmp_path: Path, name: str, rule: str) -> None:
    """In either format; the database says which it was."""
    with outlet() as here:
        set_up(tmp_path, here, rule, BOX, name)
        article = mirrored(tmp_path)
    assert "scanner" in article["text"]
    assert "loader" not in article["text"]
    assert article["extractor"] == "rule:127.0.0.1"
    assert (article["rule"], article["rule_problem"]) == (str(tmp_path / "mine" / name), None)


def test_a_broken_rule_costs_nothing_but_itself(tmp_path: Path) -> None:
    """The article is there, and the mistake is named by `check`, with its line."""
    with outlet() as here:
        set_up(tmp_path, here, "body: 'div['\n", BOX)
        article = mirrored(tmp_path)
    assert "loader" in article["text"]
    checked = Program(tmp_path).run("check")
    assert checked.returncode == 2
    assert f"{tmp_path / 'mine' / '127.0.0.1.yaml'}:1:7: body: found `div[`" in checked.stderr


def test_a40_a_rule_that_takes_for_ever_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catastrophic XPath ends with its worker; the engines read the page, and the record says why."""
    monkeypatch.setattr(articles, "SCRAPE_TIMEOUT_S", 2.0)
    with outlet() as here:
        set_up(tmp_path, here, f"body: {SLOW}\n", BOX + "<p>word</p>" * 2000)
        article = mirrored(tmp_path)
    assert "loader" in article["text"]
    assert (article["state"], article["extractor"].startswith("rule:")) == ("scraped", False)
    assert "took longer than 2 s and was stopped" in article["rule_problem"]


def test_pages_are_found_by_a_rule_and_read_by_it(tmp_path: Path) -> None:
    """`next_page` where no engine sees one: later pages are of the same site, and read by the same rule."""
    with outlet() as here:
        set_up(
            tmp_path,
            here,
            "body: .x\nnext_page: .more\n",
            f"<div class=x><p>{TEXT}</p></div><a class=more href=/go/b>x</a>",
        )
        here.pages["/go/b"] = html(f"<div class=x><p>{TEXT.replace('Sentence', 'Line')}</p></div>")
        article = mirrored(tmp_path)
    assert article["pages"] == 2
    assert "Line number 7" in article["text"]


def test_headers_of_a_rule_go_to_its_host_alone(tmp_path: Path) -> None:
    """A redirect to another host is followed without them."""
    seen: list[tuple[str, str | None, str | None]] = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("accept-language"), self.headers.get("referer")))
            if self.path == "/loader/":
                self.send_response(302)
                self.send_header("Location", f"{other.origin}/there/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            feed = rss("Outlet", (f"http://127.0.0.1:{port}/loader/", "The loader", DATE, "Back."))[1]
            body = feed if self.path == "/feed" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as port, outlet() as other:
        other.pages["/there/"] = html(BOX)
        set_up(
            tmp_path,
            Outlet(f"http://127.0.0.1:{port}"),
            "headers: {accept-language: de, referer: 'https://x.example/'}\n",
            BOX,
        )
        mirrored(tmp_path)
    assert ("/feed", None, None) in seen
    assert ("/loader/", "de", "https://x.example/") in seen
    assert "/there/" in other.asked


def test_rules_are_listed_and_tested(tmp_path: Path) -> None:
    """`rules` names them and their mistakes; `rules test` fetches their pages and fails when one is not as it should be."""
    with outlet() as here:
        rule = (
            f"body: .y\nauthor: .nobody\ntests:\n  - url: {here.origin}/loader/\n    contains: what the scanner does\n"
        )
        set_up(tmp_path, here, rule, BOX)
        program = Program(tmp_path)
        listed = program.run("rules")
        assert listed.returncode == 0
        assert "127.0.0.1" in listed.stdout
        tested = program.run("rules", "test", "127.0.0.1", "--json")
        assert tested.returncode == 0, tested.stderr
        (row,) = json.loads(tested.stdout)
        assert row["result"] == "ok"
        assert "127.0.0.1.yaml:2:9: author: finds nothing in this page" in row["notes"]
        here.pages["/loader/"] = html(f"<div class=x><p>{TEXT}</p></div>")
        again = program.run("rules", "test", "127.0.0.1")
        assert again.returncode == 1
        assert f"failed  {here.origin}/loader/\n        " in again.stdout
        assert "\n        no `what the scanner does`" in again.stdout
        assert "0 of 1 pages are as they should be" in again.stdout
        assert program.run("rules", "test", "nobody.example").returncode == 2
        for wrong, meant in (("tset", " rules test`"), ("127.0.0.1", " rules test 127.0.0.1`")):
            ended = program.run("rules", wrong)
            assert (ended.returncode, meant in " ".join(ended.stderr.split())) == (2, True), ended.stderr
        (tmp_path / "mine" / "other.example.txt").write_text("body: //p[\n", "utf-8")
        broken = program.run("rules")
        assert broken.returncode == 2
        assert "other.example.txt:1: body: found `//p[`; expected an XPath 1.0 expression" in broken.stderr
        assert not (tmp_path / "data" / "aggregator.db").exists()


def test_extract_reads_a_page_by_its_rule(tmp_path: Path) -> None:
    """What would be stored."""
    with outlet() as here:
        set_up(tmp_path, here, "body: .y\n", BOX)
        (tmp_path / "page.html").write_bytes(html(BOX)[1])
        shown = json.loads(
            Program(tmp_path).run("extract", str(tmp_path / "page.html"), "--url", f"{here.origin}/a").stdout
        )
    assert shown["extractor"] == "rule:127.0.0.1"
    assert "scanner" in shown["text"]


def test_check_says_that_others_rules_have_mistakes(tmp_path: Path) -> None:
    """They are no mistake of the operator's, so they are counted; `rules` names them."""
    program = Program(tmp_path)
    (tmp_path / "ff").mkdir()
    (tmp_path / "ff" / "b.example.txt").write_text("body: //div[@class='x'\n", "utf-8")
    program.configure("rules: ff\nfeeds: [{url: 'https://b.example/feed'}]\n")
    done = program.run("check")
    assert done.returncode == 0
    assert "mistakes in site-config files: 1;" in done.stderr
