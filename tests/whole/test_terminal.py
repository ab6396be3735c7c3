"""What people see on a terminal: it fits, nothing of it is a command to the terminal, and Ctrl-C ends it well."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from support.mirroredpress import Mirrored
from support.outlets import outlet, rss
from support.program import Program
from support.terminal import at_terminal

from aggregator.cli import main, status, tail
from aggregator.cli.app import _wrapped, complain, print_json, print_table
from aggregator.cli.search import show_hit
from aggregator.dedupe.stories.scoring import spelled
from aggregator.models import FeedState, FeedStatus, SearchHit
from aggregator.poll.health import diagnose

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07[red]Bank\u202e knab\u2066 \x9b31m\udcff 日本語 👩\u200d💻 wide\nsecond"


class Screen:
    """The program in this process, on what it takes for a terminal of 80 columns."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._program, self._capsys, self._patch = Program(folder), capsys, patch
        self.config = self._program.config
        for name, value in (("COLUMNS", "80"), ("LINES", "24"), ("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1")):
            patch.setenv(name, value)

    def run(self, *arguments: str) -> tuple[object, str, str]:
        self._patch.setattr(sys, "argv", ["aggregator", *self._program.command(*arguments)[3:]])
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        out, err = self._capsys.readouterr()
        return code, out, re.sub(r"\x1b\[[0-9;]*m", "", out + err)


@pytest.fixture
def screen(mirrored: Mirrored, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Screen:
    """On the data of the imaginary press."""
    return Screen(mirrored.folder.parent, capsys, monkeypatch)


def too_wide(text: str, width: int = 80) -> list[str]:
    """Lines that do not fit, but for those that hold one long word, which is kept in one piece to be copied."""
    return [line for line in text.splitlines() if cell_len(line.rstrip()) > width and max(map(len, line.split())) < 60]


# --- fits ------------------------------------------------------------------------------------------------------------


def test_status_fits_80_columns_with_every_reason(screen: Screen) -> None:
    """Name, state in words, last success and next poll in a line; below it why, whole, however narrow the terminal is."""
    code, _, shown = screen.run("status")
    assert code == 0
    assert not too_wide(shown)
    assert "robots.txt does" in shown
    flat = " ".join(shown.split())
    for state in json.loads(screen.run("status", "--json")[1]):
        assert state["name"] in flat
        assert state["words"].partition(";")[0][1:] in flat


def test_rules_are_a_line_each_on_80_columns(screen: Screen) -> None:
    """The files of the program's own rules are named, not where it is installed; programs are told all of it."""
    code, _, shown = screen.run("rules")
    assert code == 0
    rules = json.loads(screen.run("rules", "--json")[1])
    assert len(shown.splitlines()) <= 2 + 2 * len(rules)
    assert not too_wide(shown)
    for rule in rules:
        assert Path(rule["file"]).is_absolute()
        assert Path(rule["file"]).name.replace(".yaml", "")[:12] in shown


@pytest.mark.parametrize("width", [60, 80, 100])
def test_names_of_wide_characters_keep_the_columns(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A name of wide characters takes two cells each, and gives way first."""
    from rich.console import Console

    names = ("日本語のセキュリティニュース" * 4, "👩‍💻 Emoji desk", "Plain", HOSTILE)
    rows = []
    for number, name in enumerate(names):
        state = FeedState(
            number, name, "x", "https://a.example/", "https://a.example/", status=FeedStatus.BACKING_OFF, failures=2,
            last_error=f"[bold]{HOSTILE}", last_poll=NOW, last_success=NOW - timedelta(hours=1), next_poll=NOW,
            next_poll_reason="failed 2 times in a row; next try in 30 min",
        )  # fmt: skip
        rows.append(status.StatusRow(state, diagnose(state, NOW)))
    console = Console(stderr=True, width=width, force_terminal=True, no_color=True, highlight=False)
    status._show_narrow(console, "4 feeds", rows, NOW, offline=False)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err)
    assert max(cell_len(line) for line in shown.splitlines()) <= width
    assert {line.index("failed 2×") > 0 for line in shown.splitlines() if "failed 2×" in line} == {True}
    assert "\x1b" not in shown
    assert "[bold]" in shown


def test_in_a_pipe_a_feed_is_a_line(mirrored: Mirrored) -> None:
    """Nothing is cut, wrapped or coloured where programs read."""
    done = Program(mirrored.folder.parent).run("status")
    lines = done.stdout.splitlines()
    assert len(lines) == 2 + len(json.loads(Program(mirrored.folder.parent).run("status", "--json").stdout))
    assert "\x1b" not in done.stdout
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "hang", "lines"),
    [
        ("short  as it is", 80, 0, ["short  as it is"]),
        ("  one two three four", 12, 2, ["  one two", "    three", "    four"]),
        (
            "12  https://example.org/a/long/address and more",
            20,
            0,
            ["12  https://example.org/a/long/address", "and more"],
        ),
        ("日本語 日本語 日本語", 14, 0, ["日本語 日本語", "日本語"]),
    ],
)
def test_lines_break_between_words(text: str, width: int, hang: int, lines: list[str]) -> None:
    """As far in as they begin; wide characters count twice; what is to be copied stays in one piece."""
    assert list(_wrapped(text, width, hang)) == lines


# --- is no command ---------------------------------------------------------------------------------------------------


def test_words_of_strangers_stay_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences, C1, bidirectional overrides, halves of characters, markup, line breaks: all of it is harmless."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    hit = SearchHit(7, HOSTILE, "https://a.example/1", HOSTILE, NOW, f"\ue000{HOSTILE}\ue001", "posts/1.html")
    show_hit(hit)
    print_table("t", ("a",), [(HOSTILE,)])
    complain(HOSTILE)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", "".join(capsys.readouterr()))
    print_json({HOSTILE: HOSTILE})
    out, err = capsys.readouterr()
    shown += out + err
    assert not set("\x1b\x07\x9b\u202e\u2066\udcff") & set(shown)
    assert "[red]Bank" in shown
    assert "👩\u200d💻" in shown  # what joins an emoji is no override
    assert json.loads(out).keys() == {HOSTILE.replace("\udcff", "?")}


# --- what is said ----------------------------------------------------------------------------------------------------


def test_the_search_of_the_readme_finds_something(screen: Screen) -> None:
    """The example is tried by newcomers in the demo: it must find posts, and show their numbers."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    [line] = re.findall(r"^ +\.venv/bin/aggregator (search .*?)(?: +#.*)?$", readme, re.MULTILINE)
    code, _, shown = screen.run(*shlex.split(line))
    assert code == 0
    assert not too_wide(shown)
    numbers = re.findall(r"^ {12}(\d+)  \S", shown, re.MULTILINE)
    assert numbers, shown
    for command in (("diff", numbers[0]), ("why", numbers[0], numbers[-1])):
        assert screen.run(*command)[0] == 0


def test_an_article_may_be_named_by_its_address(screen: Screen) -> None:
    """With or without https://; what is unknown is answered with where names of articles are found."""
    code, out, _ = screen.run("search", "ransomware", "--json")
    assert code == 0
    hit = next(hit for hit in json.loads(out) if hit["url"])
    numbered, named = (screen.run("diff", name, "--json") for name in (str(hit["article_id"]), hit["url"]))
    assert numbered == named
    code, _, shown = screen.run("diff", "nobody.example/post")
    assert code == 1
    hint = f"`aggregator --config {screen.config} --data {screen.config.with_name('data')} search`"
    assert hint in " ".join(shown.split())


def test_why_says_the_score_that_is_needed_in_whole_words(screen: Screen) -> None:
    """The evidence is in words as the articles write them, not in stems; the threshold stands beside the score."""
    hits = json.loads(screen.run("search", "ransomware", "--json")[1])
    story, other = hits[0]["article_id"], next(hit["article_id"] for hit in hits[1:] if not hit["copy_of"])
    code, out, _ = screen.run("why", str(story), str(other), "--json")
    said = json.loads(out)
    assert code == 0
    assert said["needed_by_two"] == 0.0825
    _, _, shown = screen.run("why", str(story), str(other))
    assert not too_wide(shown)
    assert "from 0.083 on" in " ".join(shown.split())


def test_terms_are_spelled_as_the_texts_have_them() -> None:
    """A stem of six letters stands for the words that begin so; the usual form comes first, three at most."""
    texts = (
        "Attackers patched EdgeWall. Attackers attack EdgeWall's box.",
        "The attacker patches the EDGEWALL. Attackers",
    )
    terms = ("word:attack", "word:patche", "name:edgewall", "id:CVE-2026-1", "num:1.2", "5 days apart")
    assert spelled(terms, texts) == {
        "word:attack": "attackers, attack, attacker", "word:patche": "patched, patches", "name:edgewall": "EdgeWall",
        "id:CVE-2026-1": "CVE-2026-1", "num:1.2": "1.2", "5 days apart": "5 days apart",
    }  # fmt: skip


# --- tail ------------------------------------------------------------------------------------------------------------


def test_tail_outlives_a_database_that_is_replaced(
    mirrored: Mirrored, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is away it is said once that it is waited for; then it goes on."""
    shutil.copytree(mirrored.folder, tmp_path / "data")
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    base, away = tmp_path / "data" / "aggregator.db", tmp_path / "away.db"
    steps = iter((lambda: base.rename(away), lambda: None, lambda: away.rename(base), lambda: None))

    def sleep(_: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(tail, "time", SimpleNamespace(sleep=sleep))
    code, out, err = Screen(tmp_path, capsys, monkeypatch).run("tail", "-n", "3", "--json")
    assert code == 0
    posts = [json.loads(line) for line in out.splitlines()]
    assert len(posts) == 3
    assert all(isinstance(post["article"], int) for post in posts)
    assert err.count("waiting: ") == 1


# --- ends well -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ctrl_c_is_answered_with_a_sentence(tmp_path: Path) -> None:
    """Exit code 130 as shells have it, and no traceback, in the middle of a round."""
    hanging = threading.Event()

    def slow() -> tuple[int, str, bytes]:
        hanging.wait(20)
        return 200, *rss("Slow")

    with outlet({"/feed": slow, "/quick": rss("Quick")}) as server:
        program = Program(tmp_path)
        program.configure(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\n"
            f"feeds:\n  - {{url: {server.origin}/quick, name: a}}\n  - {{url: {server.origin}/feed, name: b}}\n"
        )
        code, shown = at_terminal(program, "poll", interrupt_at="0/2")
        hanging.set()
    assert code == 130, shown
    assert "Stopped: what was done is kept" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("arguments", [("search", "the", "--json", "--limit", "1000"), ("export-opml",)])
def test_a_reader_that_goes_away_is_no_error(mirrored: Mirrored, arguments: tuple[str, ...]) -> None:
    """`aggregator search x --json | head -1`: not a word about the pipe."""
    program = Program(mirrored.folder.parent)
    command = program.command(*arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_no_output_at_all_is_no_error(tmp_path: Path) -> None:
    """`aggregator check >&-`, as some lines of cron have it."""
    program = Program(tmp_path)
    program.configure("feeds: [{url: 'https://example.org/feed'}]")
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *program.command("check")]
    done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
