"""What is secret in an address, and what a page asks not to be kept: through the whole program, and out of it."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from support.outlets import outlet, rss
from support.program import Program

DATE = "Tue, 03 Mar 2026 10:00:00 +0000"
SECRETS = ("hunter2pw", "t0ken-of-ann", "letmein99", "env-s3cret-key")


def page(origin: str, head: str = "") -> bytes:
    strange = origin.replace("http://", "http://bob:letmein99@")
    text = "".join(
        f"<p>Paragraph {n}: the kettle was reached through its debug port, and boiled.</p>" for n in range(12)
    )
    return (
        f"<html lang=en><head><title>One</title>{head}<link rel=canonical href='{strange}/one'></head><body><article>"
        f"<h1>One</h1><p>As <a href='{strange}/source'>they wrote</a> and "
        f"<a href='{origin}/feed?token=t0ken-of-ann'>here</a>, in {origin}/x?y=t0ken-of-ann too.</p>{text}"
        f"<img src='{strange}/picture.png' alt='a picture'></article>"
        f"<a rel=next href='{strange}/two'>Next: The second one</a></body></html>"
    ).encode()


def test_a37_no_secret_leaves(tmp_path: Path) -> None:
    """User, password and token of a feed's URL, and those in links of strangers, are in nothing that goes out."""
    with outlet() as site:
        strange = site.origin.replace("http://", "http://bob:letmein99@")
        mine = site.origin.replace("http://", "http://ann:hunter2pw@")
        kind, body = rss("Kettles", (f"{strange}/one", "One", DATE, ""), (f"{site.origin}/three", "Three", DATE, ""))
        about = (
            f"&lt;p&gt;See &lt;a href='{strange}/x'&gt;this&lt;/a&gt; and &lt;a href='/feed?token=t0ken-of-ann&amp;amp;z=1'&gt;that"
            f"&lt;/a&gt; or {site.origin}/?q=t0ken-of-ann &lt;img src='//bob:letmein99@127.0.0.1/i.png'&gt;&lt;/p&gt;"
        )
        extra = f"<description>{about}</description><enclosure url='{strange}/a.mp3' type='audio/mpeg' length='1'/>"
        links = f"<link>{mine}/</link><atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='{mine}/feed?token=t0ken-of-ann'/>"
        body = body.replace(b"<description></description>", extra.encode()).replace(
            b"</title>", b"</title>" + links.encode(), 1
        )
        site.pages["/feed?token=t0ken-of-ann"] = (kind, body)
        site.pages["/one"] = ("text/html", page(site.origin))
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\nfeeds:\n"
            f"  - {{url: '{mine}/feed?token=t0ken-of-ann', name: Kettles}}\n"
            f"  - {{url: '{mine}/none?api_key=env-s3cret-key', name: Broken}}\n"
        )
        spoken = {}
        for words in ("poll", "status", "status --json", "export-opml", "doctor Kettles", "search kettle --json"):
            ended = program.run(*words.split())
            spoken[words] = ended.stdout + ended.stderr
    assert "Kettles" in spoken["export-opml"]
    assert "404" in spoken["status"]
    files = {
        path: path.read_text("utf-8", "replace") for path in (tmp_path / "data" / "public").rglob("*") if path.is_file()
    }
    everything = "".join(files.values())
    for words in ("debug port", "/source", "picture.png", "a.mp3", "/x?y=REDACTED"):
        assert words in everything
    for secret in (*SECRETS[:3], "ann:", "bob:"):
        assert [path for path, text in files.items() if secret in text] == []
    for secret in SECRETS:
        assert [words for words, text in spoken.items() if secret in text] == []


def test_h04_k26_a_secret_that_is_a_word_changes_no_other_feeds_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in `status`, in the list of feeds, or in what is published of its articles, links and exports included."""
    monkeypatch.setenv("PASS", "security")
    with outlet() as site:
        about = f"&lt;p&gt;See &lt;a href='{site.origin}/x?sid=26/11/security'&gt;this&lt;/a&gt;.&lt;/p&gt;"
        for name in ("/security/feed", "/own"):
            site.pages[name] = rss("Kettles", (f"{site.origin}/security{name}", name, DATE, about))
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\nfeeds:\n"
            f"  - {{url: '{site.origin}/security/feed', name: Security}}\n"
            f"  - {{url: '{site.origin}/own', user: ann, password: '${{PASS}}'}}\n"
        )
        spoken = [program.run(*words.split()).stdout for words in ("poll", "status --json", "export-opml")]
    assert all("/security/feed" in words for words in spoken[1:])
    assert "REDACTED" not in "".join(spoken)
    with program.database() as database:
        assert not [line for line in database.iterdump() if "REDACTED" in line]
    files = [path.read_bytes() for path in (tmp_path / "data" / "public").rglob("*.*") if path.is_file()]
    assert not [data for data in files if b"REDACTED" in data]
    assert any(b"sid=26/11/security" in data for data in files)


NAMES = (
    "News ${TEAM_KEY} weekly", "$${TEAM_KEY}", "$$${TEAM_KEY}", "${NOT_SET}", "${${TEAM_KEY}}", "quote\" ' # ${TEAM_KEY}: [x]",
    "!!python/object ${TEAM_KEY}", "*alias", "&anchor ${TEAM_KEY}", "- ${TEAM_KEY}", "{a: ${TEAM_KEY}}", "> ${TEAM_KEY}", "null", "~",
    "%TEAM_KEY% $TEAM_KEY ${TEAM_KEY:-x} $(env) {{ TEAM_KEY }}",
)  # fmt: skip
"""What a stranger may call a feed."""


def test_h01_a_list_of_a_strangers_brings_nothing_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, folders and addresses of an imported list are what they are, in the file, in `status` and on the mirror."""
    secret = "k3y-that-nobody-may-see"
    monkeypatch.setenv("TEAM_KEY", secret)
    with outlet() as site:
        urls = {f"{site.origin}/${{TEAM_KEY}}/{n}": name for n, name in enumerate(NAMES)}
        for n, name in enumerate(NAMES):
            shown = escape(name)
            site.pages[f"/$%7BTEAM_KEY%7D/{n}"] = rss(shown, (f"{site.origin}/p{n}", f"Post {n}", DATE, shown))
        lines = (
            f"<outline text={quoteattr(f'In {name}')}><outline type='rss' text={quoteattr(name)} xmlUrl={quoteattr(url)}"
            f" category={quoteattr(name)}/></outline>"
            for url, name in urls.items()
        )
        (tmp_path / "list.opml").write_text(f"<opml version='2.0'><body>{''.join(lines)}</body></opml>")
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\ndefaults: {full_text: never}\nfeeds: []\n"
        )
        commands = (["import-opml", str(tmp_path / "list.opml")], ["poll"], ["status", "--json"], ["export-opml"])
        spoken = [program.run(*words) for words in commands]
    assert [ended.returncode for ended in spoken] == [0, 0, 0, 0]
    assert sorted(feed["name"] for feed in json.loads(spoken[2].stdout)) == sorted(NAMES)
    everything = [ended.stdout + ended.stderr for ended in spoken]
    everything += [f"{path} {path.read_bytes()!r}" for path in tmp_path.rglob("*") if path.is_file()]
    assert [text[:80] for text in everything if secret in text] == []


def test_h01_a_secret_that_a_server_says_back_is_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its channel's title: the feed is called by its host, in what is said and on the mirror."""
    secret = "zq8Xw2Lp9Rt4Vb7N"
    monkeypatch.setenv("TEAM_KEY", secret)
    with outlet() as site:
        for path in (f"/feed?token={secret}", f"/{secret}/feed", "/feed"):
            site.pages[path] = rss(f"Feed for {secret}", (f"{site.origin}/{len(path)}", "A post", DATE, "Text."))
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\ndefaults: {full_text: never}\nfeeds:\n"
            f"  - {{url: '{site.origin}/feed?token=${{TEAM_KEY}}'}}\n"
            f"  - {{url: '{site.origin}/${{TEAM_KEY}}/feed', name: Two}}\n"
            f"  - {{url: '{site.origin}/feed', name: Three, headers: {{X-Key: '${{TEAM_KEY}}'}}}}\n"
        )
        spoken = [program.run(*words.split()) for words in ("poll", "status", "export-opml")]
    assert "127.0.0.1" in spoken[1].stdout
    assert [ended.stdout + ended.stderr for ended in spoken if secret in ended.stdout + ended.stderr] == []
    files = [path for path in (tmp_path / "data" / "public").rglob("*") if path.is_file()]
    assert len(files) > 9
    assert [path for path in files if secret in f"{path} {path.read_bytes()!r}"] == []


def told(name: str) -> bytes:
    """A sentence of its own for each page: what several pages say alike is taken for a notice in place of them."""
    return " ".join(f"{name}{word}" for word in ("boils", "whistles", "pours", "steams", "cools")).encode()


def test_a_page_that_asks_not_to_be_archived_is_noted_as_such(tmp_path: Path) -> None:
    """By its header or its head, for everybody or for us by name; what is said to others is not for us."""
    with outlet() as site:
        names = ("header", "named", "head", "other")
        site.pages["/feed"] = rss("Kettles", *((f"{site.origin}/{name}", name, DATE, "About it.") for name in names))
        for name in names:
            head = "<meta name=robots content='noindex, noarchive'>" if name == "head" else ""
            body = page(site.origin, head).replace(b"One", name.encode()).replace(b"/one", f"/{name}".encode())
            site.pages[f"/{name}"] = (
                "text/html",
                body.replace(b"the kettle was reached through its debug port", told(name)),
            )
        site.headers["/header"] = [("X-Robots-Tag", "otherbot: nofollow"), ("X-Robots-Tag", "noarchive")]
        site.headers["/named"] = [("X-Robots-Tag", "kettle-reader: noarchive")]
        site.headers["/other"] = [("X-Robots-Tag", "otherbot: noarchive")]
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0, user_agent: 'Kettle-Reader/1 (+https://k.example)'}\n"
            f"feeds: [{{url: '{site.origin}/feed', name: Kettles}}]\n"
        )
        assert program.run("poll").returncode == 0
    with program.database() as database:
        noted = dict(database.execute("select canonical_url, noarchive from articles").fetchall())
        said = database.execute("select x_robots_tag from evidence where final_url like '%/header'").fetchone()[0]
        silent = database.execute("select x_robots_tag from evidence where final_url like '%/head'").fetchone()[0]
    assert (said, silent) == ("otherbot: nofollow\nnoarchive", None)
    assert {url.rpartition("/")[2]: bool(wish) for url, wish in noted.items()} == {
        "header": True, "named": True, "head": True, "other": False
    }  # fmt: skip


def test_a_wish_not_to_be_archived_holds_where_the_page_gives_no_text(tmp_path: Path) -> None:
    """One notice in place of every article: the feed's text stands, and what the pages ask for is noted all the same."""
    with outlet() as site:
        names = ("one", "two", "three", "four", "five")
        about = "A text of its own, " + "with a good many words about kettles and how they are reached, " * 8
        items = ((f"{site.origin}/{name}", name, DATE, f"{name}: {about}") for name in names)
        site.pages["/feed"] = rss("Kettles", *items)
        for name in names:
            body = page(site.origin, "<meta name=robots content=noarchive>").replace(b"One", name.encode())
            site.pages[f"/{name}"] = ("text/html", body.replace(b"/one", f"/{name}".encode()))
        program = Program(tmp_path)
        program.configure(
            f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}\nfeeds: [{{url: '{site.origin}/feed'}}]\n"
        )
        assert program.run("poll").returncode == 0
    with program.database() as database:
        rows = database.execute("select extractor, noarchive, http_status from articles").fetchall()
    assert ("feed", 1, 200) in rows
    assert {row[1:] for row in rows} == {(1, 200)}
