"""The commands as INTERFACE has them: what they print, where, and how they end."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.outlets import Outlet, outlet, rss
from support.program import Program

from aggregator.cli.app import FORMER
from aggregator.config import load
from aggregator.emit import note_served

DATE = "Tue, 03 Mar 2026 10:00:00 +0000"
STATUS_KEYS = {
    "name", "url", "state", "last_success", "last_poll", "next_poll", "failures", "last_error", "entries", "interval_s"
}  # fmt: skip
ARTICLE_KEYS = {
    "url", "canonical_url", "title", "author", "published", "language", "text", "html", "lead_image", "next", "previous",
    "source", "extractor", "word_count",
}  # fmt: skip


def article(title: str) -> bytes:
    text = "".join(
        f"<p>Paragraph {number} of {title}: the kettle was reached through its debug port.</p>" for number in range(12)
    )
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title} - Kettle News</title><meta name='author' content='Ann Boil'>"
        f"<meta property='article:published_time' content='2026-03-03T10:00:00Z'></head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{title}</h1>{text}</article><a rel='next' href='/two'>Next: The second</a></body></html>"
    ).encode()


@pytest.fixture(scope="module")
def site() -> Iterator[Outlet]:
    with outlet() as server:
        server.pages["/"] = (
            "text/html",
            b"""<html><head><title>Kettle News</title><link rel="alternate" type="application/rss+xml" href="/feed"></head>
            <body>News of kettles</body></html>""",
        )
        server.pages["/feed"] = rss(
            "Kettle News",
            (server.origin + "/one", "The first", DATE, "About the first kettle."),
            (server.origin + "/two", "The second", DATE, "About the second kettle."),
        )
        for path, title in (("/one", "The first"), ("/two", "The second")):
            server.pages[path] = ("text/html; charset=utf-8", article(title))
        yield server


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, site: Outlet) -> Program:
    """A folder in which one round has been polled."""
    program = Program(tmp_path_factory.mktemp("commands"))
    program.configure(
        "# mine\nnetwork: {allow: [127.0.0.0/8], per_host_interval_s: 0}\n"
        f"feeds:\n  - {{url: '{site.origin}/feed?token=hunter2', name: Kettles, tags: [news]}}\n"
        "outputs:\n  - {name: kettles, query: 'kettle NOT teapot', tags: [news]}\n  - {name: nothing, words: [teapot]}\n"
    )
    site.pages["/feed?token=hunter2"] = site.pages["/feed"]
    ended = program.run("poll")
    assert ended.returncode == 0, ended.stderr
    return program


def test_poll_says_what_it_did_on_standard_error(program: Program) -> None:
    """Standard output stays empty; a second round finds nothing due, and in a pipe (cron mails it) prints nothing."""
    for options, said in ((), ""), (("--quiet",), ""), (("--verbose",), "0 feeds polled"), (("--force",), ""):
        ended = program.run("poll", *options)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr.startswith(said)
        assert said or not ended.stderr


def test_status_json_has_the_keys_of_the_interface(program: Program) -> None:
    """One object a feed, times in UTC, the secret of its URL gone."""
    (state,) = json.loads(program.run("status", "--json").stdout)
    assert state.keys() >= STATUS_KEYS
    assert (state["name"], state["state"], state["failures"], state["last_error"], state["entries"]) == (
        "Kettles",
        "ok",
        0,
        None,
        2,
    )
    assert state["last_success"].endswith("Z")
    assert state["next_poll"] > state["last_poll"]
    assert "hunter2" not in json.dumps(state)


def test_status_is_a_table_for_people(program: Program) -> None:
    """On standard output, with the reason for the next poll in words."""
    ended = program.run("status")
    assert ended.stderr == ""
    assert "Kettles" in ended.stdout
    assert "ok" in ended.stdout


def test_a37_the_token_of_a_feed_is_in_no_output(program: Program) -> None:
    """Not in any document, page, list or message."""
    for path in (program.data / "public").rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes(), path
    for command in (("status",), ("export-opml",), ("check",), ("poll", "--force")):
        ended = program.run(*command)
        assert "hunter2" not in ended.stdout + ended.stderr


def test_emitting_twice_changes_no_byte(program: Program) -> None:
    """Neither a byte nor a time of change."""

    def shape() -> dict[str, tuple[bytes, int]]:
        files = [path for path in (program.data / "public").rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = shape()
    assert "feed.atom" in " ".join(before)
    for _ in range(2):
        assert program.run("emit").returncode == 0
    assert shape() == before


def test_emit_makes_what_was_deleted_anew(program: Program) -> None:
    """The output comes from the database: a lost file is written again, the same to the byte."""
    feed = program.data / "public" / "feed.atom"
    before = feed.read_bytes()
    feed.unlink()
    assert program.run("emit").returncode == 0
    assert feed.read_bytes() == before


def test_search_finds_titles_and_texts(program: Program) -> None:
    """JSON on standard output; words that are no query syntax are words."""
    hits = json.loads(program.run("search", "debug port", "--json").stdout)
    assert {hit["title"] for hit in hits} == {"The first", "The second"}
    assert hits[0]["source"] == "Kettles"
    assert "The first" in program.run("search", "first").stdout
    assert "not valid FTS5 search syntax" in program.run("search", '"The first" AND (').stderr
    assert json.loads(program.run("search", "nonsuch", "--json").stdout) == []


def test_backup_is_a_whole_database(program: Program, tmp_path: Path) -> None:
    """The copy opens, is sound, and holds the articles."""
    copy = tmp_path / "copy.db"
    assert program.run("backup", str(copy)).returncode == 0
    with sqlite3.connect(copy) as database:
        assert database.execute("pragma integrity_check").fetchone()[0] == "ok"
        assert database.execute("select count(*) from articles").fetchone()[0] == 2


def test_verify_finds_and_mends(program: Program) -> None:
    """A sound database is said to be; a search index that has drifted is found (exit code 1), and made again."""
    assert "is sound" in program.run("verify").stderr
    with closing(sqlite3.connect(program.data / "aggregator.db")) as database, database:
        database.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    damaged = program.run("verify")
    assert damaged.returncode == 1
    assert "search index" in damaged.stderr
    assert "verify --mend" in damaged.stderr
    mended = program.run("verify", "--mend")
    assert (mended.returncode, "is sound" in mended.stderr) == (0, True)


def test_parse_shows_what_would_be_stored(program: Program, site: Outlet, tmp_path: Path) -> None:
    """A URL or a file; `feed` and `entries` with the keys of the interface."""
    found: dict[str, Any] = json.loads(program.run("parse", site.origin + "/feed").stdout)
    assert found["feed"]["title"] == "Kettle News"
    entry = found["entries"][0]
    assert set(entry) == {
        "id", "url", "title", "author", "published", "updated", "summary", "html", "tags", "enclosures"
    }  # fmt: skip
    assert (entry["title"], entry["published"]) == ("The first", "2026-03-03T10:00:00Z")
    (tmp_path / "feed.xml").write_bytes(site.pages["/feed"][1])  # type: ignore[index]
    assert json.loads(program.run("parse", str(tmp_path / "feed.xml")).stdout)["entries"] == found["entries"]
    (tmp_path / "page.html").write_text("<html><title>x</title></html>", "utf-8")
    ended = program.run("parse", str(tmp_path / "page.html"))
    assert ended.returncode == 1
    assert "web page" in ended.stderr
    assert program.run("parse", str(tmp_path / "none.xml")).returncode == 1


def test_extract_shows_an_article_with_its_neighbours(program: Program, site: Outlet) -> None:
    """The keys of the interface; absent is null."""
    found = json.loads(program.run("extract", site.origin + "/one").stdout)
    assert found.keys() >= ARTICLE_KEYS
    assert (found["title"], found["author"], found["published"]) == ("The first", "Ann Boil", "2026-03-03T10:00:00Z")
    assert found["next"]["url"] == site.origin + "/two"
    assert found["previous"] is None
    assert found["source"] is None
    assert len(found["text"].split("\n\n")) == 12


def test_extract_takes_a_batch_and_keeps_its_order(program: Program, tmp_path: Path) -> None:
    """A line in, a line out, in the order of the file; one that fails says so in its place."""
    lines = []
    for number in range(6):
        (tmp_path / f"{number}.html").write_bytes(article(f"Title {number}"))
        lines.append({"id": f"a{number}", "url": f"https://a.example/{number}", "file": f"{number}.html"})
    lines.insert(2, {"id": "lost", "url": "https://a.example/lost", "file": "lost.html"})
    (tmp_path / "batch.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    ended = program.run("extract", "--batch", str(tmp_path / "batch.jsonl"))
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["id"] for line in found] == ["a0", "a1", "lost", "a2", "a3", "a4", "a5"]
    assert found[3]["title"] == "Title 2"
    assert found[2]["text"] is None
    assert "cannot be read" in found[2]["error"]


def test_a_pdf_is_no_article(program: Program, tmp_path: Path) -> None:
    """Exit code 1, and the file is named."""
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    ended = program.run("extract", str(tmp_path / "paper.pdf"))
    assert ended.returncode == 1
    assert "paper.pdf" in ended.stderr


def test_add_finds_the_feed_behind_a_page_and_remove_takes_it_out(site: Outlet, tmp_path: Path) -> None:
    """The comments of feeds.yaml stay; a second time it is a mistake that names the line."""
    program = Program(tmp_path)
    program.configure("# mine\nnetwork: {allow: [127.0.0.0/8]}\nfeeds:\n  - {url: 'https://a.example/feed', name: A}\n")
    ended = program.run("add", site.origin + "/", "--tag", "news")
    assert ended.returncode == 0, ended.stderr
    assert "The first" in ended.stderr
    added = load(program.config).feeds[1]
    assert (added.url, added.name, added.tags) == (site.origin + "/feed", "Kettle News", ("news",))
    assert program.config.read_text("utf-8").startswith("# mine\n")
    assert program.run("add", site.origin + "/feed").returncode == 2
    assert program.run("remove", "kettle news").returncode == 0
    assert [feed.name for feed in load(program.config).feeds] == ["A"]
    assert program.run("remove", "kettle news").returncode == 2


def test_k20_a_list_is_imported_whole_whatever_its_names(tmp_path: Path) -> None:
    """Equal names, none, and one that is there already: the address decides. What is left out is named; exit code 1."""
    program = Program(tmp_path)
    program.configure(
        "site: {base_url: 'https://our.example/'}\nfeeds: [{url: 'https://x.example/feed', name: blog}]\n"
    )
    outlines = [
        ("Blog", "k.example/feed"),
        ("Blog", "l.example/a"),
        ("Blog", "l.example/b"),
        ("", "m.example/1"),
        ("", "m.example/2"),
    ]
    text = "".join(f"<outline type='rss' text='{name}' xmlUrl='https://{url}'/>" for name, url in outlines)
    opml = tmp_path / "in.opml"
    opml.write_text(f"<opml><body>{text}</body></opml>", "utf-8")
    done = program.run("import-opml", str(opml))
    assert done.returncode == 0, done.stderr
    assert [feed.name for feed in load(program.config).feeds] == [
        "blog", "Blog (k.example)", "Blog (l.example)", "Blog (l.example) 2", None, None
    ]  # fmt: skip
    lost = "<outline text='S' type='HTML+XPath' xmlUrl='https://s.example/'/><outline text='O' xmlUrl='https://our.example/feed.rss'/>"
    opml.write_text(f"<opml><body>{lost}{text}</body></opml>", "utf-8")
    done = program.run("import-opml", str(opml))
    assert done.returncode == 1
    assert "left out, though it is an address: https://s.example/, https://our.example/feed.rss" in done.stderr


def test_opml_goes_in_and_comes_out(tmp_path: Path) -> None:
    """Folders become tags, what is known is passed over, and the list comes out again as it went in."""
    program = Program(tmp_path)
    opml = tmp_path / "in.opml"
    opml.write_text(
        "<opml version='2.0'><head><title>x</title></head><body><outline text='Research &amp; more'>"
        "<outline text='A' xmlUrl='https://a.example/feed'/><outline text='B' xmlUrl='https://b.example/feed'/></outline>"
        "<outline text='bad' xmlUrl='javascript:alert(1)'/></body></opml>",
        "utf-8",
    )
    done = program.run("import-opml", str(opml))
    assert done.returncode == 0
    assert "2 feeds added" in done.stderr
    assert "skipped bad: has no http:// or https:// address" in done.stderr
    assert [(feed.name, feed.tags) for feed in load(program.config).feeds] == [
        ("A", ("Research more",)),
        ("B", ("Research more",)),
    ]
    again = program.run("import-opml", str(opml))
    assert "0 feeds added" in again.stderr
    assert "skipped A: you already have a feed with this address" in again.stderr
    out = tmp_path / "out.opml"
    out.write_text(program.run("export-opml").stdout, "utf-8")
    second = Program(tmp_path / "second")
    second.folder.mkdir()
    assert second.run("import-opml", str(out)).returncode == 0
    assert {feed.url for feed in load(second.config).feeds} == {feed.url for feed in load(program.config).feeds}


def test_a13_an_opml_file_with_an_external_entity_is_rejected(tmp_path: Path) -> None:
    """No file is read through it, and nothing is added."""
    (tmp_path / "secret").write_text("hunter2", "utf-8")
    opml = tmp_path / "in.opml"
    opml.write_text(
        f"<!DOCTYPE opml [<!ENTITY x SYSTEM 'file://{tmp_path}/secret'>]><opml version='2.0'><body>"
        "<outline text='&x;' xmlUrl='https://a.example/feed'/></body></opml>",
        "utf-8",
    )
    program = Program(tmp_path)
    ended = program.run("import-opml", str(opml))
    assert ended.returncode == 1
    assert not program.config.exists()
    assert "hunter2" not in ended.stderr


def test_stories_groups_a_file_in_the_order_given(program: Program, tmp_path: Path) -> None:
    """One line a line, with the five keys; the same every time."""
    lines = [
        {"id": "1", "title": "Kettle flaw CVE-2026-90001 exploited", "text": "Attackers use CVE-2026-90001 in Boilwell kettles to flood kitchens. Boilwell has published a patch."},
        {"id": "2", "title": "Museum opens", "text": "A museum of locks opened in Salthaven on Sunday with four hundred exhibits."},
        {"id": "3", "title": "Kettle flaw CVE-2026-90001 exploited", "text": "Attackers use CVE-2026-90001 in Boilwell kettles to flood kitchens. Boilwell has published a patch."},
    ]  # fmt: skip
    file = tmp_path / "items.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    ended = program.run("stories", str(file))
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [set(line) for line in found] == [{"id", "story", "duplicate_of", "reason", "similarity"}] * 3
    assert found[2]["duplicate_of"] == "1"
    assert found[0]["story"] == found[2]["story"] != found[1]["story"]
    assert program.run("stories", str(file)).stdout == ended.stdout


def test_stories_takes_ids_and_dates_as_they_are(tmp_path: Path) -> None:
    """An id that is null is a missing one; a date that no calendar holds is none."""
    file = tmp_path / "items.jsonl"
    file.write_text(
        '{"id":"1","title":"one \u2028 two","published":"0001-01-01T00:00:00+14:00"}\n'
        '{"id":null,"title":null,"text":null,"published":null}\n'
        '{"id":"3","published":"9999-12-31T23:59:59-23:00"}\n',
        "utf-8",
    )
    ended = Program(tmp_path).run("stories", str(file))
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["id"] for line in ended.stdout.split("\n") if line] == ["1", "~2", "3"]


def test_poll_knows_a_feed_by_its_name_in_any_case(program: Program, site: Outlet) -> None:
    """By name, slug or URL; a wrong name is answered with the nearest right one."""
    for name in ("KETTLES", "kettles", site.origin + "/feed?token=hunter2"):
        ended = program.run("poll", "--feed", name)
        assert ended.returncode == 0, ended.stderr
        assert "1 feed polled" in ended.stderr
    ended = program.run("poll", "--feed", "Ketles")
    assert ended.returncode == 2
    assert "no feed is called `Ketles`; did you mean `Kettles`?" in ended.stderr
    assert "lists them all" in program.run("poll", "--feed", "zzz").stderr


def test_poll_says_that_a_feed_is_paused(tmp_path: Path) -> None:
    """Nothing is asked for, and the exit code says so."""
    program = Program(tmp_path)
    program.configure("feeds: [{url: 'http://127.0.0.1:9/feed', name: Quiet, paused: true}]\n")
    ended = program.run("poll", "--feed", "quiet")
    assert ended.returncode == 1
    assert "Quiet is paused in" in ended.stderr
    (state,) = json.loads(program.run("status", "--json").stdout)
    assert (state["state"], state["words"]) == ("paused", "paused in feeds.yaml: not polled, and what is stored stays")
    assert "no more" in program.run("status").stdout


def test_a_file_from_nowhere_has_no_address(tmp_path: Path) -> None:
    """`parse` and `extract` of a file without --url: what is not known is null, and errors name the file."""
    program = Program(tmp_path)
    (tmp_path / "feed.xml").write_text(
        "<rss version='2.0'><channel><title>T</title><item><title>A</title><link>/a</link></item></channel></rss>",
        "utf-8",
    )
    (tmp_path / "page.html").write_bytes(article("A page"))
    found = json.loads(program.run("parse", str(tmp_path / "feed.xml")).stdout)
    assert (found["feed"]["url"], found["feed"]["home_page_url"], found["entries"][0]["url"]) == (None, None, None)
    ended = program.run("parse", str(tmp_path / "page.html"))
    assert ended.returncode == 1
    assert f"not a feed ({tmp_path / 'page.html'})" in ended.stderr
    found = json.loads(program.run("extract", str(tmp_path / "page.html")).stdout)
    assert (found["url"], found["canonical_url"], found["title"]) == (None, None, "A page")
    stated = (tmp_path / "feed.xml").read_text("utf-8").replace("<item>", "<link>https://a.example/x/</link><item>")
    (tmp_path / "feed.xml").write_text(stated, "utf-8")
    found = json.loads(program.run("parse", str(tmp_path / "feed.xml")).stdout)
    assert (found["feed"]["url"], found["entries"][0]["url"]) == (None, "https://a.example/a")


def test_doctor_knows_a_feed_by_its_name(program: Program) -> None:
    """It is asked as its next poll would ask, and not told apart by what is secret in its URL."""
    ended = program.run("doctor", "kettles")
    assert ended.returncode == 0, ended.stderr
    for words in (
        "not asked: feeds.yaml asks for this feed",
        "REDACTED",
        "after a poll now",
        "next poll",
        "asked with",
    ):
        assert words in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr
    ended = program.run("doctor", "ketles")
    assert ended.returncode == 2
    assert "did you mean `Kettles`?" in ended.stderr


def test_a01_doctor_says_what_the_guard_refused(tmp_path: Path, site: Outlet) -> None:
    """A private address is named as such, not hidden behind the robots.txt that could not be had there."""
    program = Program(tmp_path)
    before = len(site.asked)
    ended = program.run("doctor", site.origin + "/feed")
    assert ended.returncode == 1
    assert "error              127.0.0.1 is not a public address (see network.allow)" in ended.stdout
    assert "robots.txt" not in ended.stdout + ended.stderr
    assert len(site.asked) == before


def test_doctor_says_what_a_failure_means_for_the_next_poll(tmp_path: Path) -> None:
    """410 ends polling, a busy host is left alone for as long as it asked; a person who asks is answered."""
    with outlet() as server:
        server.pages["/gone"] = lambda: (410, "text/plain", b"")
        server.pages["/busy"] = lambda: (503, "text/plain", b"")
        server.headers["/busy"] = [("Retry-After", "7200")]
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\nfeeds:\n"
            f"  - {{url: '{server.origin}/gone', name: Gone}}\n  - {{url: '{server.origin}/busy', name: Busy}}\n"
        )
        ended = program.run("doctor", "gone")
        assert ended.returncode == 1
        assert "is gone (410)" in ended.stdout
        assert "none any more" in ended.stdout
        assert "the server asks for 2 h (Retry-After)" in program.run("doctor", "busy").stdout
        program.run("poll", "--feed", "busy")
        asked = len(server.asked)
        assert "503 Service Unavailable" in program.run("doctor", "busy").stdout
        assert len(server.asked) == asked + 1


def test_doctor_explains_a_request(program: Program, site: Outlet) -> None:
    """Hops, address, validators and the next poll, for a person and as JSON."""
    ended = program.run("doctor", site.origin + "/feed")
    assert ended.returncode == 0
    for words in ("connected to", "127.0.0.1", "200 OK", "Kettle News (2 entries)", "next poll"):
        assert words in ended.stdout
    found = json.loads(program.run("doctor", site.origin + "/none", "--json").stdout)
    assert found["hops"][0]["status"] == 404
    assert "404" in found["error"]


def test_an_output_can_be_tried_and_stands_among_the_others(program: Program) -> None:
    """What it takes in and why, what it leaves out and by which condition; in words and as JSON; a name nearly right."""
    tried = program.run("output", "try", "kettles").stdout
    for words in (
        "The second  [Kettles]\n            ",
        "query: matches kettle NOT teapot",
        "tags: news",
        "posts. 0 are left out.",
    ):
        assert words in tried
    found = json.loads(program.run("output", "try", "nothing", "--json").stdout)
    assert found["taken"] == 0
    assert found["left_out"] == {"words": {"posts": found["posts"], "alone": found["posts"]}}
    feed = json.loads((program.data / "public" / "outputs" / "kettles.json").read_bytes())
    assert len(feed["items"]) == found["posts"] > 0
    listed = json.loads(program.run("output", "list", "--json").stdout)
    assert [(row["name"], row["entries"]) for row in listed] == [("kettles", found["posts"]), ("nothing", 0)]
    assert "outputs/kettles.atom" in program.run("output", "list").stdout
    ended = program.run("output", "try", "kettle")
    assert ended.returncode == 2
    assert "no output is called `kettle`; did you mean `kettles`?" in ended.stderr


def test_an_article_can_be_withdrawn_and_reinstated(program: Program, tmp_path: Path) -> None:
    """At once, in feeds, pages and searches; a second reinstatement is refused. It is back as it was, with a later date."""
    shutil.copytree(program.folder, tmp_path / "copy")
    other = Program(tmp_path / "copy")
    before = (other.data / "public" / "feed.atom").read_bytes()
    item = json.loads((other.data / "public" / "feed.json").read_bytes())["items"][0]
    ended = other.run("withdraw", item["url"], "--reason", "A kettle asked for it.")
    assert ended.returncode == 0, ended.stderr
    assert "is withdrawn" in ended.stderr
    feed = (other.data / "public" / "feed.atom").read_text()
    assert f'<at:deleted-entry ref="{item["id"]}"' in feed
    assert f"<title>{item['title']}</title>" not in feed
    pages = (other.data / "public" / "posts").rglob("*.html")
    assert sum("A kettle asked for it." in page.read_text() for page in pages) == 1
    found = json.loads(other.run("search", "kettle", "--json").stdout)
    assert item["title"] not in json.dumps(found)
    assert other.run("reinstate", item["url"]).returncode == 0
    after = (other.data / "public" / "feed.atom").read_bytes()
    dates = re.compile(rb"<updated>(.*?)</updated>")
    assert dates.sub(b"", after) == dates.sub(b"", before)
    assert max(dates.findall(after)) > max(dates.findall(before))
    assert other.run("reinstate", item["url"]).returncode == 1
    assert other.run("withdraw", "--undo", item["url"]).returncode == 1
    assert other.run("withdraw", item["url"]).returncode == 0
    assert other.run("withdraw", "--undo", item["url"]).returncode == 0
    assert item["title"] in (other.data / "public" / "feed.json").read_text()


def test_commands_stand_in_groups_and_go_by_their_former_names(program: Program, tmp_path: Path) -> None:
    """`db backup` is what `backup` was, and so on; the first page of the help lists no former name."""
    for number, words in enumerate((("db", "backup"), ("backup",))):
        assert program.run(*words, str(tmp_path / f"{number}.db")).returncode == 0
        assert (tmp_path / f"{number}.db").is_file()
    export = program.run("opml", "export").stdout
    assert export == program.run("export-opml").stdout
    assert "<outline" in export
    (tmp_path / "mine.opml").write_text(export)
    other = Program(tmp_path / "other")
    other.folder.mkdir()
    assert "1 feed added" in other.run("opml", "import", str(tmp_path / "mine.opml")).stderr
    assert "1 skipped" in other.run("import-opml", str(tmp_path / "mine.opml")).stderr
    why = [program.run(*words, "1", "2", "--json") for words in (("story", "why"), ("why",))]
    assert why[0].stdout == why[1].stdout
    assert json.loads(why[0].stdout)["articles"]
    for words in ("db", "story", "opml", "output"):
        assert "Commands" in program.run(words, "--help").stdout
    listed = re.findall(r"^[│|] ([a-z][a-z-]+) ", program.run("--help").stdout, re.MULTILINE)
    assert len(listed) <= 15 + 7
    assert not set(FORMER) & set(listed)
    assert {"run", "db", "story", "withdraw"} <= set(listed)


def test_the_combined_feed_keeps_and_mutes(program: Program, site: Outlet, tmp_path: Path) -> None:
    """Tried over what is stored first; then in force for new posts: they stand in their source's feed alone."""
    shutil.copytree(program.folder, tmp_path / "copy")
    other = Program(tmp_path / "copy")
    rules = "combined:\n  mute:\n    - {name: seconds, words: [second]}\n  keep:\n    - {tags: [news]}\n"
    other.config.write_text(other.config.read_text() + rules)
    trial = json.loads(other.run("output", "try", "combined", "--json").stdout)
    assert (trial["taken"], trial["posts"]) == (1, 2)
    assert trial["left_out"] == {"mute seconds": {"posts": 1, "alone": 1}}
    assert trial["newest"][0]["title"] == "The first"
    before = (other.data / "public" / "feed.atom").read_bytes()
    other.run("db", "emit")
    assert (other.data / "public" / "feed.atom").read_bytes() == before  # what is out stays out
    shutil.rmtree(other.data)
    assert other.run("poll").returncode == 0
    assert [item["title"] for item in json.loads((other.data / "public" / "feed.json").read_text())["items"]] == [
        "The first"
    ]
    source = json.loads((other.data / "public" / "sources" / "kettles.json").read_text())
    assert len(source["items"]) == 2
    with closing(sqlite3.connect(other.data / "aggregator.db")) as database:
        assert database.execute("SELECT rule, why FROM muted").fetchall() == [("mute seconds", "has second")]
    trial = json.loads(other.run("output", "try", "combined", "--json").stdout)
    assert (trial["taken"], trial["posts"]) == (1, 2)
    other.config.write_text(other.config.read_text().replace("{tags: [news]}", "{tags: [nwes]}"))
    assert "did you mean `news`?" in other.run("check").stderr
    other.config.write_text(other.config.read_text().replace("{tags: [nwes]}", "{name: all}"))
    assert "at least one condition" in other.run("check").stderr


def test_a_key_without_effect_is_a_hint(program: Program, tmp_path: Path) -> None:
    """A file of a former version is read as ever; `check` says which line can go. A mistake beside it is one."""
    other = Program(tmp_path)
    other.configure("site:\n  title: T\n  desk: true\nfeeds: []\n")
    ended = other.run("check")
    assert ended.returncode == 0
    assert "feeds.yaml:3:3: site.desk has no effect any more" in ended.stderr
    other.configure("site:\n  desc: true\nfeeds: []\n")
    assert other.run("check").returncode == 2


def test_pages_link_to_a_server_once_there_is_one(program: Program, tmp_path: Path) -> None:
    """Not where only `poll` builds them; from the first `run` or `serve` on, by every command."""
    shutil.copytree(program.folder, tmp_path / "copy")
    other = Program(tmp_path / "copy")
    front = other.data / "public" / "index.html"
    assert 'href="search"' not in front.read_text()
    note_served(other.data / "public")
    other.run("poll")
    assert 'href="search"' in front.read_text()


@pytest.mark.parametrize("arguments", [("nonsense",), ("extract",), ("poll", "--nonsense"), ("search",)])
def test_wrong_use_ends_with_exit_code_2(program: Program, arguments: tuple[str, ...]) -> None:
    """And a line that says what was wrong."""
    ended = program.run(*arguments)
    assert ended.returncode == 2
    assert ended.stderr


def test_check_ends_with_0_or_2(program: Program, tmp_path: Path) -> None:
    """A good file is called fine; one with mistakes has them all listed; a missing one is a mistake."""
    assert "fine, 1 feed," in program.run("check").stderr
    other = Program(tmp_path)
    assert other.run("check").returncode == 2
    other.configure("feeds: [{nmae: x}]")
    ended = other.run("check")
    assert ended.returncode == 2
    assert "feeds.yaml:1:9: feeds[0].url: is missing" in ended.stderr
    assert json.loads(other.run("check", "--schema").stdout)["title"] == "feeds.yaml"


def test_a_host_that_rests_is_left_alone_by_every_command(tmp_path: Path) -> None:
    """What a round has learnt of a host (429, Retry-After) holds for the commands that ask for one thing, too."""
    with outlet() as server:
        server.pages["/feed"] = lambda: (429, "text/plain", b"not now")
        server.headers["/feed"] = [("Retry-After", "3600")]
        program = Program(tmp_path)
        program.configure(f"network: {{allow: [127.0.0.0/8]}}\nfeeds: [{{url: '{server.origin}/feed', name: Busy}}]\n")
        program.run("poll")
        server.asked.clear()
        for command in (
            ("parse", f"{server.origin}/other"),
            ("extract", f"{server.origin}/page"),
            ("add", server.origin),
        ):
            ended = program.run(*command)
            assert ended.returncode == 1
            assert "rest" in ended.stderr, ended.stderr
        assert server.asked == []


def test_extract_asks_robots_txt(tmp_path: Path) -> None:
    """As a round would: what may not be fetched is not shown as what would be stored."""
    with outlet(
        {"/robots.txt": ("text/plain", b"User-agent: *\nDisallow: /private"), "/private/x": ("text/html", article("X"))}
    ) as server:
        program = Program(tmp_path)
        program.configure(
            f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}\nfeeds: [{{url: '{server.origin}/feed'}}]\n"
        )
        ended = program.run("extract", f"{server.origin}/private/x")
        assert ended.returncode == 1
        assert "robots.txt" in ended.stderr
        assert "/private/x" not in server.asked


def test_pages_that_robots_txt_forbids_are_counted(tmp_path: Path) -> None:
    """A real robots.txt, a round, and what `status` has to report of the feed."""
    with outlet({"/robots.txt": ("text/plain", b"User-agent: *\nDisallow: /private\n")}) as server:
        date = "Tue, 10 Mar 2026 10:00:00 GMT"
        items = [(f"{server.origin}/{path}", path, date, "A line.") for path in ("private/1", "private/2", "open")]
        server.pages["/feed"] = rss("F", *items)
        server.pages["/open"] = ("text/html", article("Open"))
        program = Program(tmp_path)
        program.configure(
            f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}\nfeeds: [{{url: '{server.origin}/feed', name: F}}]\n"
        )
        assert program.run("poll").returncode == 0
        assert "/private/1" not in server.asked
        (feed,) = json.loads(program.run("status", "--json").stdout)
        assert "2 pages are not fetched because robots.txt does not allow it" in feed["words"]
