"""The command line as somebody meets it: the first steps, mistakes, following what comes in, a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.outlets import Outlet, outlet, rss
from support.program import Program
from support.terminal import at_terminal

from aggregator.cli import init, main
from aggregator.cli.app import PANELS, printable
from aggregator.cli.app import Here as Whereabouts
from aggregator.cli.manual import man_page, manual
from aggregator.cli.progress import rate
from aggregator.cli.search import show_hit
from aggregator.config import load
from aggregator.models import SearchHit

DATE = "Tue, 03 Mar 2026 10:00:00 +0000"


def page(title: str) -> bytes:
    text = "".join(
        f"<p>Paragraph {number} of {title}: the kettle was reached through its debug port.</p>" for number in range(12)
    )
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title} - Kettles</title></head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{title}</h1>{text}</article></body></html>"
    ).encode()


class Here:
    """The program run in this process, which is quicker: for commands that end at once and start no other."""

    def __init__(self, program: Program, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._program, self._capsys, self._patch = program, capsys, patch

    @property
    def folder(self) -> Path:
        return self._program.folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._program.command(*arguments)[3:]
        self._patch.setattr(sys, "argv", ["aggregator", *command])
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code or 0
        assert isinstance(code, int)
        return subprocess.CompletedProcess(command, code, *self._capsys.readouterr())


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.setenv("COLUMNS", "160")
    return Here(Program(tmp_path), capsys, monkeypatch)


@pytest.fixture(scope="module")
def site() -> Iterator[Outlet]:
    with outlet() as server:
        links = "".join(
            f'<link rel="alternate" type="application/rss+xml" title="{title}" href="{path}">'
            for path, title in (("/feed", "Posts"), ("/lost", "Lost"), ("/research", "Research"))
        )
        server.pages["/"] = ("text/html", f"<html><head><title>Kettles</title>{links}</head></html>".encode())
        for path, title in (("/feed", "Kettle News"), ("/research", "Kettle Research")):
            items = [(f"{server.origin}{path}/{n}", f"{title} {n}", DATE, "About a kettle.") for n in range(1, 6)]
            server.pages[path] = rss(title, *items)
            for url, name, _, _ in items:
                server.pages[url.removeprefix(server.origin)] = ("text/html", page(name))
        server.pages["/robots.txt"] = ("text/plain", b"User-agent: *\nDisallow: /research/\n")
        yield server


# --- init ----------------------------------------------------------------------------------------------------------


def test_init_without_questions_writes_a_file_that_check_accepts(tmp_path: Path, here: Here) -> None:
    """In a pipe nothing is asked; the file has comments and a few feeds; it is said what comes next; never overwritten."""
    ended = here.run("init", str(tmp_path / "new folder"), "--title", 'Ours: "the" feed', "--base-url", "news.example")
    assert ended.returncode == 0, ended.stderr
    assert "aggregator poll" in ended.stderr
    assert f"cd '{tmp_path / 'new folder'}'" in ended.stderr
    written = tmp_path / "new folder" / "feeds.yaml"
    text = written.read_text("utf-8")
    assert text.count("#") > 15
    config = load(written)
    assert (config.site.title, config.site.base_url) == ('Ours: "the" feed', "https://news.example/")
    assert config.feeds == init.starters()
    assert [path.name for path in written.parent.iterdir()] == ["feeds.yaml"]
    ended = here.run("init", str(tmp_path / "new folder"), "--yes")
    assert ended.returncode == 2
    assert "left unchanged" in ended.stderr
    assert written.read_text("utf-8") == text


def test_init_asks_three_questions_on_a_terminal(tmp_path: Path) -> None:
    """Enter takes what is suggested; the port of an address on this machine is the server's."""
    program = Program(tmp_path)
    code, shown = at_terminal(program, "init", answers=("Kitchen security", "", "http://localhost:9000"))
    assert code == 0, shown
    assert [f"{number}." in shown for number in (1, 2, 3, 4)] == [True, True, True, False]
    config = load(program.config)
    assert config.site.title == "Kitchen security"
    assert (config.server.host, config.server.port, len(config.feeds)) == ("127.0.0.1", 9000, 5)


def test_init_writes_nothing_when_the_site_can_not_be_reached(tmp_path: Path, site: Outlet) -> None:
    """A private address is refused, and it is said why."""
    program = Program(tmp_path)
    ended = program.run("init", "--follow", site.origin)
    assert ended.returncode == 2
    assert "network.allow" in ended.stderr
    assert not program.config.exists()


def test_init_offers_to_allow_a_site_of_the_own_network(tmp_path: Path, site: Outlet) -> None:
    """It says that the address is not public, asks, and writes network.allow."""
    program = Program(tmp_path / "asked")
    code, shown = at_terminal(program, "init", answers=("Kitchen", f"{site.origin}/feed", "y", ""))
    assert code == 0, shown
    assert "127.0.0.1 is in a private network or on this machine" in shown
    config = load(program.config)
    assert config.network.allow == ("127.0.0.1",)
    assert [feed.url for feed in config.feeds] == [f"{site.origin}/feed"]


def test_init_in_a_pipe_names_the_option_that_allows_a_private_site(tmp_path: Path, site: Outlet, here: Here) -> None:
    """Nothing is written before; with it, the file allows the host."""
    ended = here.run("init", "--follow", f"{site.origin}/feed")
    assert ended.returncode == 2
    assert "`--allow 127.0.0.1`" in ended.stderr
    assert not (here.folder / "feeds.yaml").exists()
    ended = here.run("init", "--follow", f"{site.origin}/feed", "--allow", "not a host")
    assert ended.returncode == 2, ended.stderr


@pytest.mark.parametrize("title", ["a: b #c", "'", '"', "\\", "\t", "naïve – ☕", "- x", "null", "{a}"])
def test_any_title_makes_a_valid_file(tmp_path: Path, title: str) -> None:
    """What is typed is text, whatever YAML would make of it."""
    (tmp_path / "feeds.yaml").write_text(init.text(title, "http://127.0.0.1:8080/", init.starters()), "utf-8")
    assert load(tmp_path / "feeds.yaml").site.title == title


# --- add -----------------------------------------------------------------------------------------------------------


def kitchen(folder: Path) -> Program:
    program = Program(folder)
    program.configure(
        "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\n"
        "feeds:\n  - {url: 'https://a.example/feed', name: A, tags: [research]}\n"
    )
    return program


def test_add_shows_what_it_found_before_it_writes(tmp_path: Path, site: Outlet) -> None:
    """Title, format, entries, newest, full text or not, robots.txt for an article, the text for the file; in a pipe no question."""
    program = kitchen(tmp_path)
    ended = program.run("add", site.origin, "--tag", "reserch")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    for words in (
        "Kettle News", "RSS 2.0, 5 entries", "2026-03-03  Kettle News 1", "not in the feed", "robots.txt allows it",
        "words of text", "tags: [reserch]", "did you mean `research`?", "added to",
    ):  # fmt: skip
        assert words in ended.stderr, words
    assert ended.stderr.count("2026-03-03") == 3
    assert load(program.config).feeds[1].url == site.origin + "/feed"
    again = program.run("add", site.origin)
    assert again.returncode == 2
    assert "is already there as `Kettle News`" in again.stderr


def test_add_says_which_scheme_it_took(tmp_path: Path, site: Outlet) -> None:
    """An address without one is tried with https://; where that is none, a word says how to ask without."""
    program = Program(tmp_path)
    program.configure("network: {allow: [127.0.0.0/8]}\nfeeds: [{url: 'https://a.example/'}]\n")
    ended = program.run("add", site.origin.removeprefix("http://"))
    assert ended.returncode == 1
    assert f"https:// was tried; where the site has none, write {site.origin}" in ended.stderr


def test_add_lets_one_choose_and_say_no(tmp_path: Path, site: Outlet) -> None:
    """Of several feeds one is chosen; those that do not answer are left out; no is no."""
    program = kitchen(tmp_path)
    before = program.config.read_bytes()
    code, shown = at_terminal(program, "add", site.origin, answers=("2", "n"))
    assert code == 1, shown
    assert "2 feeds are there" in shown
    assert "robots.txt does not allow it" in shown
    assert "nothing was written" in shown
    assert program.config.read_bytes() == before
    code, shown = at_terminal(program, "add", site.origin, answers=("2", ""))
    assert code == 0, shown
    assert load(program.config).feeds[1].name == "Kettle Research"


def test_a37_add_shows_no_secret(tmp_path: Path, site: Outlet) -> None:
    """What is secret in the URL goes into the file and nowhere else."""
    site.pages["/feed?token=hunter2"] = site.pages["/feed"]
    program = kitchen(tmp_path)
    ended = program.run("add", site.origin + "/feed?token=hunter2")
    assert ended.returncode == 0, ended.stderr
    assert "hunter2" not in ended.stderr
    assert "hunter2" in program.config.read_text("utf-8")


# --- tail ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory, site: Outlet) -> Program:
    """A folder in which a feed has been polled."""
    program = kitchen(tmp_path_factory.mktemp("polled"))
    program.configure(program.config.read_text("utf-8").replace("https://a.example/feed", site.origin + "/feed"))
    ended = program.run("poll")
    assert ended.returncode == 0, ended.stderr
    return program


def test_tail_shows_the_last_posts_and_then_new_ones(polled: Program, site: Outlet, tmp_path: Path) -> None:
    """A line of JSON each, the newest last; a later round's posts follow; Ctrl-C ends it well."""
    shutil.copytree(polled.folder, tmp_path / "copy")
    program = Program(tmp_path / "copy")
    following = program.start("tail", "-n", "1", "--json")
    assert following.stdout is not None
    try:
        first = json.loads(following.stdout.readline())  # nothing at all, if it has ended
        assert first["title"].startswith("Kettle News")
        kind, body = site.pages["/feed"]  # type: ignore[misc]
        new = f"<item><title>A teapot</title><link>{site.origin}/teapot</link><pubDate>{DATE}</pubDate></item>"
        site.pages["/feed"] = (kind, body.replace(b"<item>", new.encode() + b"<item>", 1))
        site.pages["/teapot"] = ("text/html", page("A teapot").replace(b"kettle", b"teapot"))
        assert program.run("poll", "--force").returncode == 0
        second = json.loads(following.stdout.readline())
        assert (second["title"], second["source"]) == ("A teapot", "A")
        assert second["sequence"] > first["sequence"]
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 0
        assert following.stderr is not None
        assert following.stderr.read() == ""
    finally:
        following.kill()
        following.communicate()


def test_tail_has_nothing_to_follow_in_an_empty_folder(here: Here) -> None:
    """It names the next command: `init` without a configuration, `poll` with one."""
    ended = here.run("tail")
    assert ended.returncode == 2
    assert "data init`" in ended.stderr
    (here.folder / "feeds.yaml").write_text("feeds: []\n")
    ended = here.run("tail")
    assert ended.returncode == 1
    assert "data poll` first" in ended.stderr


# --- mistakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("statsu",), "Did you mean 'status'?"),
        (("poll", "--forse"), "--force"),
        (("remove", "kettle new"), "no feed is called `kettle new`"),
        (("remove", "AA"), "did you mean `A`?"),
    ],
)
def test_what_was_meant_is_suggested(here: Here, arguments: tuple[str, ...], words: str) -> None:
    """For commands, options and feeds; exit code 2."""
    kitchen(here.folder)
    ended = here.run(*arguments)
    assert ended.returncode == 2
    assert words in ended.stderr


def test_without_a_configuration_it_is_said_how_to_make_one(here: Here) -> None:
    """For every command that needs one."""
    for command in ("check", "poll", "emit"):
        ended = here.run(command)
        assert ended.returncode == 2
        assert "not found. Create one with" in ended.stderr


@pytest.mark.parametrize("command", ["parse", "extract"])
def test_files_that_are_none_are_named_in_clear_words(tmp_path: Path, here: Here, command: str) -> None:
    """A folder, an empty file, no file, a site without https://."""
    (tmp_path / "empty").touch()
    for name, words in (
        (str(tmp_path), "it is a folder"),
        (str(tmp_path / "empty"), "the file is empty"),
        (str(tmp_path / "none"), "there is no such file"),
        ("site.example/blog", "write https://site.example/blog"),
        ("ftp://site.example/feed", "ftp://site.example/feed: is neither a file nor an http:// or https:// URL"),
    ):
        ended = here.run(command, name)
        assert (ended.returncode, ended.stdout) == (1, ""), name
        assert words in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_bad_line_of_a_batch_costs_only_itself(tmp_path: Path) -> None:
    """It is named with its number and keeps its place; exit code 1 when no line worked."""
    (tmp_path / "a.html").write_bytes(page("A"))
    bad = b'{"id": "x", "file"\n\xff\n[1]\n{"id": "y", "file": 3}\n{"id": "z"}\n' + b"[" * 100_000 + b"\n"
    (tmp_path / "batch.jsonl").write_bytes(bad + '{"id": "good", "file": "a.html", "note": "\u2028"}\n\n'.encode())
    program = Program(tmp_path)
    ended = program.run("extract", "--batch", str(tmp_path / "batch.jsonl"))
    assert ended.returncode == 0, ended.stderr
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["id"] for line in found] == [None, None, None, "y", "z", None, "good"]
    assert [bool(line.get("error")) for line in found] == [True] * 6 + [False]
    for number in range(1, 7):
        assert f"batch.jsonl:{number}" in ended.stderr
    (tmp_path / "batch.jsonl").write_bytes(bad)
    ended = program.run("extract", "--batch", str(tmp_path / "batch.jsonl"))
    assert ended.returncode == 1
    assert "none of its 6 lines" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_bad_line_of_stories_costs_only_itself(tmp_path: Path, here: Here) -> None:
    """As in a batch of pages."""
    file = tmp_path / "items.jsonl"
    file.write_text('{"id": "1", "title": "Kettle flaw"}\n{"id"\n{"id": "2", "title": "A museum"}\n', "utf-8")
    ended = here.run("stories", str(file))
    assert ended.returncode == 0
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["id"] for line in found] == ["1", None, "2"]
    assert "items.jsonl:2:" in ended.stderr
    file.write_text("nonsense\n", "utf-8")
    assert here.run("stories", str(file)).returncode == 1


def test_search_explains_a_query_that_is_none(
    polled: Program, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words are looked for, and it is said what is wrong with it; words with signs need no sermon."""
    here = Here(polled, capsys, monkeypatch)
    ended = here.run("search", "kettle AND (")
    assert "not valid FTS5 search syntax" in ended.stderr
    assert "double quotes" in ended.stderr
    assert "FTS5" not in here.run("search", "port").stderr


def test_search_marks_copies(capsys: pytest.CaptureFixture[str]) -> None:
    """The first publication names who else carries it, a copy names the first."""
    hit = SearchHit(1, "Kettles", "https://a.example/1", "A", datetime(2026, 3, 3, tzinfo=UTC), "text", "posts/1.html")
    show_hit(replace(hit, also_in=("B", "C")))
    show_hit(replace(hit, source="B", copy_of="A"))
    shown = capsys.readouterr().out
    assert "also in B, C" in shown
    assert "a copy of what A published first" in shown


def test_a_page_is_named_by_what_opens_it(polled: Program) -> None:
    """By its file, where the site is this machine's; by its address, where the site has a host; never as `posts/...`."""
    place = Whereabouts(polled.config, polled.data)
    page = next(path for path in (polled.data / "public").glob("posts/**/*.html"))
    path = str(page.relative_to(polled.data / "public"))
    assert place.opens(path) == page.as_uri()
    assert place.opens("posts/none.html") == "http://127.0.0.1:8080/posts/none.html"
    assert Whereabouts(polled.config.with_name("none.yaml"), polled.data).opens(path) == page.as_uri()
    elsewhere = polled.config.with_name("elsewhere.yaml")
    elsewhere.write_text("site: {base_url: 'https://news.example/wire/'}\nfeeds: []\n")
    assert Whereabouts(elsewhere, polled.data).opens("posts/a b.html") == "https://news.example/wire/posts/a%20b.html"


def test_long_results_go_through_a_pager(polled: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a terminal, when they do not fit; in a pipe, and where they fit, there is none."""
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED; cat\n")
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))
    assert "PAGED" not in polled.run("search", "kettle").stdout
    assert "PAGED" not in at_terminal(polled, "search", "kettle")[1]
    code, shown = at_terminal(polled, "search", "kettle", lines=2)
    assert code == 0
    assert shown.startswith("PAGED")
    assert "Kettle" in shown


# --- a terminal ----------------------------------------------------------------------------------------------------


def test_progress_shows_rate_and_time_left_on_a_terminal(polled: Program) -> None:
    """Of a round, and of building the output again; in a pipe there is none."""
    code, shown = at_terminal(polled, "emit")
    assert code == 0, shown
    assert "writing documents" in shown
    assert re.search(r"\d+/(s|min)", re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown))
    assert "writing documents" not in polled.run("emit").stderr


@pytest.mark.parametrize(
    ("per_s", "words"), [(None, "-"), (0.0, "-"), (120.4, "120/s"), (1.5, "1.5/s"), (0.25, "15/min")]
)
def test_a_rate_is_said_in_the_unit_that_fits(per_s: float | None, words: str) -> None:
    """Per second, or per minute where that is slow."""
    assert rate(per_s) == words


def test_words_of_strangers_are_no_commands_to_the_terminal() -> None:
    """Escape sequences are shown as what they are: not text."""
    assert printable("a\x1b]0;title\x07b\x9bc\td\ne") == "a\ufffd]0;title\ufffdb\ufffdc\td\ne"


# --- help ----------------------------------------------------------------------------------------------------------


def test_every_command_has_its_place_in_the_help() -> None:
    """In one panel, and with help for each argument and option that is not plain."""
    known = set(re.findall(r"^## `([\w-]+)", manual(), re.MULTILINE))
    listed = [name for names in PANELS.values() for name in names]
    assert known - set(listed) == set()
    assert len(listed) == len(set(listed))
    assert "default None" not in manual()


def test_version_is_printed(here: Here) -> None:
    """On standard output, without a configuration."""
    ended = here.run("--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"aggregator \d+\.\d+\.\d+\S*\n", ended.stdout)


HEAVY = {
    "aggregator.config.settings", "aggregator.emit.mirror", "aggregator.fetch.exchange", "aggregator.scrape.article",
    "aggregator.store.database", "jinja2", "lxml", "numpy", "pebble", "pydantic", "requests", "ruamel", "sqlite_utils",
    "structlog", "urllib3",
}  # fmt: skip
"""What takes long to load."""
NETWORK = {"aggregator.fetch.exchange", "lxml", "numpy", "requests", "sqlite_utils", "urllib3"}
"""What only rounds need that bring something, or a file of an older schema."""

READING = NETWORK | {"structlog", "aggregator.text.dates", "aggregator.text.words", "aggregator.poll.schedule"}
"""And what a command does without that only shows what is stored: these take 0.4 s of processor time at most."""


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (("--version",), HEAVY),
        (("--help",), HEAVY),
        (("poll", "--help"), HEAVY - {"pydantic"}),  # typer takes it to read options
        (("status",), READING - {"lxml"} | {"aggregator.config.settings", "ruamel"}),
        (("search", "worm"), READING),
        (("opml", "export"), READING),
        (("export-opml",), READING),
        (("poll",), NETWORK - {"lxml"}),
    ],
)
def test_commands_load_what_they_need(polled: Program, arguments: tuple[str, ...], unwanted: set[str]) -> None:
    """Libraries and stages take a second to load together; who is answered without them does not wait for them."""
    command = [sys.executable, "-X", "importtime", *polled.command(*arguments)[1:]]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}
    assert loaded & unwanted == set()


def test_the_man_page_is_one(tmp_path: Path) -> None:
    """Every command is in it; groff formats it without a word of complaint, where it is installed."""
    text = man_page()
    for section in (".TH AGGREGATOR 1", ".SH NAME", ".SH COMMANDS", ".SH EXIT STATUS", ".SS tail"):
        assert section in text
    if shutil.which("groff"):
        ended = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-P-c"], input=text.encode(), capture_output=True, check=True
        )
        assert ended.stderr == b""
        shown = re.sub(r".\x08", "", ended.stdout.decode())
        assert "--force" in shown
        assert "feeds.yaml" in shown


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    """By the script that the program prints."""
    (tmp_path / "aggregator").write_text(f"#!{sys.executable}\nfrom aggregator.cli import main\nmain()\n")
    (tmp_path / "aggregator").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = subprocess.run(
        [str(tmp_path / "aggregator")], env={**env, "_AGGREGATOR_COMPLETE": "source_bash"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "script").write_text(script)

    def completed(*words: str) -> set[str]:
        lines = (
            f". {tmp_path}/script; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
            "$(complete -p aggregator | sed 's/.*-F \\([^ ]*\\).*/\\1/') aggregator; printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        shown = subprocess.run(["bash", "-c", lines], env=env, capture_output=True, text=True, check=True).stdout
        return {line.strip() for line in shown.splitlines()}

    program = Program(tmp_path)
    program.configure(
        "outputs: [{name: ransom, words: [ransomware]}]\n"
        "feeds:\n  - {url: 'https://a.example/', name: Kettle & Key}\n  - {url: 'https://b.example/', name: Plain}\n"
    )
    env["AGGREGATOR_CONFIG"] = str(program.config)
    assert completed("aggregator", "sta") == {"status"}
    assert completed("aggregator", "poll", "--feed", "ket") == {"'Kettle & Key'"}
    assert completed("aggregator", "output", "try", '""') == {"ransom"}
    assert completed("aggregator", "poll", "--f") == {"--force", "--feed"}
