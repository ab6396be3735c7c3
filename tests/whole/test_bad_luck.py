"""A restored or lost database, a wrong clock, feeds that fill the disk, titles that nobody sees: what holds then."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rounds import DAY, HOUR, START, Rounds, item, page, prose, rss
from support.emit_shelf import make_post
from support.machine import Quiet, serving

from aggregator import emit
from aggregator.config.settings import Config, FeedOptions, Site
from aggregator.emit import shorten
from aggregator.emit.item import view
from aggregator.models import Decision, Entry, FeedState, Verdict
from aggregator.models.errors import ClockError
from aggregator.pipeline.pipeline import Tally, opened
from aggregator.pipeline.websub import Signature, keeps_secrets, request_form
from aggregator.poll import limits
from aggregator.poll.clock import ServerTimes
from aggregator.store import Store, restored
from aggregator.text.plain import closed, is_seen

FEED = "https://feed.example/rss"
SITE = Site(title="News", base_url="https://news.example/", page_size=10)


# --- a database that knows less than is published -------------------------------------------------------------------


class Published(Rounds):
    """Rounds whose output is built as the pipeline builds it."""

    @property
    def out(self) -> Path:
        return self.folder / "public"

    def build(self) -> None:
        shown = emit.published(self.out)
        if shown is not None:
            self.store.catch_up(shown.sequence, shown.stamp)
        self.store.publish(self.now, HOUR)
        behind = self.store.must_rebuild()
        emit.build(self.store.archive, SITE, self.out, behind=behind)
        if behind:
            self.store.rebuilt()

    def document(self, first: int, last: int) -> bytes:
        return rss(
            *(item(f"Post {n}", f"https://feed.example/{n}", f"{n}", START - 99 * HOUR + n * HOUR, prose(f"{n}", 40))
              for n in reversed(range(first, last)))
        )  # fmt: skip

    def round(self, first: int, last: int) -> None:
        self.poll("One", self.document(first, last), scrape=False)
        self.now += HOUR
        for pending in self.store.pending(self.now, 1000):
            self.store.save_failure(pending.id, "403", None, self.now)
        self.build()

    def shown(self) -> dict[str, str]:
        """What the feed and its archive documents hold: id -> time."""
        files = [self.out / "feed.json", *sorted((self.out / "archive").glob("feed-*.json"))]
        items = [one for file in files for one in json.loads(file.read_text())["items"]]
        return {one["id"]: one["date_modified"] for one in reversed(items)}

    def entries(self, extension: str) -> dict[str, list[str]]:
        """The ids in each document of a format, by its name."""
        found = {}
        for file in (self.out / f"feed.{extension}", *(self.out / "archive").glob(f"feed-*.{extension}")):
            if extension == "json":
                found[file.name] = [one["id"] for one in json.loads(file.read_bytes())["items"]]
            else:
                root = ET.parse(file).getroot()
                path = "{*}entry/{*}id" if extension == "atom" else "channel/item/guid"
                found[file.name] = [one.text or "" for one in root.findall(path)]
        return found


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path, One=FEED)


@pytest.mark.parametrize("how", ["restored", "lost", "emptied", "swapped", "lost with the notes"])
@pytest.mark.parametrize("again", [(0, 40), (30, 40), (35, 55)])
def test_h05_the_output_follows_a_database_that_knows_less(
    published: Published, how: str, again: tuple[int, int]
) -> None:
    """Every post of the database is in the feed or its archive; ids are those of before, times go on above."""
    published.round(0, 12)
    backup = published.folder / "backup.db"
    published.store.maintenance.backup(backup)
    published.round(0, 40)
    before = published.shown()
    published.store.close()
    database = published.folder / "aggregator.db"
    if how == "restored":
        restored(backup, database, published.now)
    else:
        database.unlink()
        for left in published.folder.glob("aggregator.db-*"):
            left.unlink()
        if how == "swapped":
            shutil.copy(backup, database)
        if how == "lost with the notes":
            shutil.rmtree(emit.notes_of(published.out))
    published.now += DAY
    published.store = published.opened()
    published.round(*again)
    after, held = published.shown(), {post.id: post for post in published.store.archive.latest(999)}
    assert held.keys() | before.keys() <= after.keys()
    newest = max(before.values())
    sent = [one for one in held if one not in before or after[one] != before[one]]
    assert all(after[one] > newest for one in sent)
    assert all((published.out / post.path).is_file() for post in held.values())
    feed = json.loads((published.out / "feed.json").read_text())["items"]
    assert len(feed) >= 10
    stamps = [one["date_modified"] for one in feed]
    assert stamps == sorted(stamps, reverse=True)


def test_h05_what_was_open_is_closed_as_it_stands(published: Published) -> None:
    """Posts of the current documents that nobody holds any more go into the history, in each format; none is empty."""
    published.round(0, 43)
    before = {name: published.entries(name) for name in ("atom", "rss", "json")}
    published.store.close()
    (published.folder / "aggregator.db").unlink()
    published.store = published.opened()
    published.round(42, 46)
    published.round(42, 75)
    for name, entries in before.items():
        after = published.entries(name)
        assert min(map(len, after.values())) > 0
        whole = {one for document in after.values() for one in document}
        assert {one for document in entries.values() for one in document} - whole == set()
        assert sum(map(len, after.values())) == len(whole) == 75
    closed = ET.parse(published.out / "archive" / "feed-0004.atom").getroot()
    links = {link.get("rel"): link.get("href", "") for link in closed.findall("{http://www.w3.org/2005/Atom}link")}
    assert links["prev-archive"].endswith("feed-0003.atom")
    assert links["current"].endswith("/feed.atom")
    assert closed.find("{http://purl.org/syndication/history/1.0}archive") is not None


def test_h05_what_is_published_is_not_taken_away_with_the_database(published: Published) -> None:
    """Pages of posts that nobody else has any more stay, and so do closed archive documents."""
    published.round(0, 40)
    pages = set(published.out.glob("posts/**/*.html"))
    closed_documents = {path: path.read_bytes() for path in (published.out / "archive").glob("feed-*")}
    published.store.close()
    (published.folder / "aggregator.db").unlink()
    published.store = published.opened()
    published.round(39, 41)
    assert pages <= set(published.out.glob("posts/**/*.html"))
    assert {path: path.read_bytes() for path in closed_documents} == closed_documents


def test_h05_notes_of_another_folder_are_not_believed(published: Published) -> None:
    """The output folder was deleted, or put back from elsewhere: all is built again."""
    published.round(0, 12)
    wanted = {path.name for path in published.out.rglob("*") if path.is_file()}
    shutil.rmtree(published.out)
    published.build()
    assert {path.name for path in published.out.rglob("*") if path.is_file()} == wanted


def test_h29_nothing_hidden_is_served(published: Published) -> None:
    """Notes are beside the folder; what a former version or a killed build has left in it goes."""
    published.round(0, 12)
    notes = emit.notes_of(published.out)
    former = published.out / ".built"
    shutil.copytree(notes, former)
    (former / "state.json").rename(published.out / ".built.json")
    shutil.rmtree(notes)
    (published.out / "posts" / ".left.html.new").write_text("half a p")
    published.round(0, 13)
    (notes / "building").write_text("")
    published.round(0, 14)
    assert [path for path in published.out.rglob("*") if path.name.startswith(".")] == []
    assert (notes / "state.json").is_file()


def test_h29_a_restore_that_was_killed_leaves_nothing(tmp_path: Path) -> None:
    """Its half copy goes when the database is opened."""
    left = tmp_path / ".aggregator.db.partial"
    left.write_text("half")
    with Store.open(tmp_path / "aggregator.db"):
        assert not left.exists()


# --- the clock ------------------------------------------------------------------------------------------------------

STAMPED = datetime(2026, 2, 1, tzinfo=UTC)


def ahead(now: datetime, past: datetime | None = STAMPED, **said: datetime) -> timedelta | None:
    times = ServerTimes(past)
    for host, date in said.items():
        times.add(f"https://{host}.example/feed", {"date": format_datetime(date, usegmt=True)}, now)
    return times.ahead


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"a": START}, True),
        ({"a": START, "b": START, "c": START}, True),
        ({"a": START, "b": START + 3 * 365 * DAY, "c": START + 3 * 365 * DAY}, False),
        ({"a": datetime(1970, 1, 1, tzinfo=UTC)}, False),
        ({"a": datetime(1970, 1, 1, tzinfo=UTC), "b": START}, False),
        ({}, False),
    ],
    ids=["one", "all", "one of three", "a server of 1970", "two that disagree", "nobody"],
)
def test_h28_a_clock_years_ahead_is_noticed(said: Mapping[str, datetime], wrong: bool) -> None:
    """By what most servers say; one alone is not believed that says a time at which something was stamped already."""
    assert bool(ahead(START + 3 * 365 * DAY, **said)) is wrong
    assert ahead(START + 30 * DAY, **said) is None


def test_h28_nothing_is_stamped_while_the_clock_is_wrong(tmp_path: Path) -> None:
    """A first round against servers that say that it is years ago: an error with what to do, and an empty database."""
    before = datetime.now(UTC) - 3 * 365 * DAY

    class Late(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = rss(item("A post", "", "1", None, "<p>x</p>"))
            self.send_response_only(200)
            self.send_header("Date", format_datetime(before, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Late) as port:
        config = Config.model_validate(
            {"feeds": [{"url": f"http://127.0.0.1:{port}/feed"}], "network": {"allow": ["127.0.0.0/8"]}}
        )
        with opened(config, tmp_path, lambda: datetime.now(UTC)) as pipeline:
            with pytest.raises(ClockError, match="Set the clock"):
                pipeline.round()
            with pytest.raises(ClockError):
                pipeline.emit(Tally())
            (state,) = pipeline.store.feeds()
            assert (state.entries, state.last_poll) == (0, None)
        trusting = config.model_copy(update={"network": config.network.model_copy(update={"trust_clock": True})})
        with opened(trusting, tmp_path, lambda: datetime.now(UTC)) as pipeline:
            assert pipeline.round().published == 1


@pytest.mark.parametrize("date", ["", "soon", "Thu, 32 Foo 2026 00:00:00 GMT"])
def test_h28_what_is_no_date_says_nothing(date: str) -> None:
    times = ServerTimes(STAMPED)
    times.add("https://a.example/", {"date": date}, START + 9 * 365 * DAY)
    assert times.ahead is None


# --- bounds ---------------------------------------------------------------------------------------------------------

STATE = FeedState(1, "One", "one", FEED, FEED)


def decisions(count: int, size: int = 10, verdict: Verdict = Verdict.NEW) -> list[Decision]:
    return [
        Decision(Entry(guid=f"{n}", url=None, title="", html="x" * size), f"{n}", verdict, "", f"{n}")
        for n in range(count)
    ]


def test_h12_a_poll_takes_so_many_new_entries_and_the_next_the_rest() -> None:
    """Those that stand first; what is known already is not counted."""
    known = decisions(9, verdict=Verdict.REVISED)
    taken = limits.within([*known, *decisions(limits.MOST_NEW + 5)], STATE, FeedOptions())
    assert (len(taken.decisions), taken.more) == (limits.MOST_NEW + 9, True)
    assert "5 this time" in taken.note
    assert limits.within(decisions(limits.MOST_NEW), STATE, FeedOptions()).note == ""


@pytest.mark.parametrize(
    ("options", "taken"), [({"max_entries": 7}, 7), ({"max_text_mb": 1}, 2), ({"max_entries": 1, "max_text_mb": 1}, 1)]
)
def test_h12_a_feed_adds_so_much_in_all(options: dict[str, int], taken: int) -> None:
    """Entries, and bytes of their texts; the reason is in words."""
    found = limits.within(decisions(10, size=500_000), STATE, FeedOptions(**options))
    assert (len(found.decisions), found.more) == (taken, False)
    assert "max_" in found.note


def test_h12_status_says_which_bound_is_met(tmp_path: Path) -> None:
    """And no longer when it is not; revisions and purging count."""
    rounds = Rounds(tmp_path, One=FEED)
    rounds.config = rounds.config.model_copy(
        update={"defaults": rounds.config.defaults.model_copy(update={"max_entries": 2})}
    )
    items = [item(f"Post {n}", "", f"{n}", START - n * HOUR, prose(f"{n}")) for n in range(3)]
    assert rounds.poll("One", rss(*items)) == (2, 0)
    (state,) = rounds.store.feeds()
    assert "max_entries" in state.limit
    assert state.text_bytes == sum(len(prose(f"{n}").encode()) for n in (0, 1))
    rounds.poll("One", rss(*items[:2]))
    assert rounds.store.feeds()[0].limit == ""


def test_h12_a_feed_that_rewrites_its_texts_at_every_poll_ends_at_a_bound(tmp_path: Path) -> None:
    """What articles said before counts; at the bound the last version stands, and what is new is left out too."""
    rounds = Rounds(tmp_path, One=FEED)
    rounds.config = rounds.config.model_copy(
        update={"defaults": rounds.config.defaults.model_copy(update={"max_text_mb": 1})}
    )
    taken = []
    for n in range(5):
        items = (item(f"Post {k}", "", f"{k}", START, prose(f"{n} {k}", 16_000)) for k in range(2 + (n > 3)))
        taken.append(rounds.poll("One", rss(*items), full_text="never"))
        rounds.now += HOUR
    assert taken[0] == (2, 0)
    assert taken[-1] == (0, 0)
    (state,) = rounds.store.feeds()
    assert 2**19 < state.text_bytes <= 2**20
    assert "edits are left out" in state.limit


def test_h12_a_cut_text_is_whole_html() -> None:
    """Whole elements and words, with a link to the page that has the rest; the footer stays."""
    html = "".join(f"<p><b>word {n}</b> &amp; more</p>" for n in range(30_000))
    whole = view(make_post(1, html=html), "https://n.example/")
    for limit in (2_000, 2_001, 2_017, 99_999):
        short = shorten.cut(whole, limit).html
        assert len(short) < limit + 300
        assert whole.mirror_url in short
        assert all(short.count(f"<{name}>") == short.count(f"</{name}>") for name in ("b", "p"))
        assert "&amp</" not in short


# --- words ----------------------------------------------------------------------------------------------------------

INVISIBLE = ["\u200b", "\u200f\u200e", "\u2800", "\u3164", "\u00ad", "\u034f", "\u061c", "\ufeff", "\u2060\u2060"]
INVISIBLE += ["\u115f\u1160", "\uffa0", "\ufe0f", "\u180e", "\U000e0001\U000e0020", "\u2063 \u2064", "\u202e\u202c"]


@pytest.mark.parametrize("title", INVISIBLE)
@pytest.mark.parametrize("where", ["feed", "page"])
def test_h11_a_title_that_nobody_sees_is_none(tmp_path: Path, title: str, where: str) -> None:
    """The beginning of the text is shown in its place."""
    rounds = Rounds(tmp_path, One=FEED)
    link = "https://feed.example/post"
    if where == "page":
        rounds.pages[link] = page(title, "<p>The words of the post.</p>" + prose("post", 200))
    rounds.poll("One", rss(item(title, link, "1", START, "<p>The words of the post.</p>")))
    (post,) = rounds.posts()
    assert post.title.startswith("The words of the post")


@pytest.mark.parametrize("text", ["a", "é", "ᰤ", "गि", "\u200bx", "👩\u200d💻", "。", "中"])
def test_h11_what_can_be_seen_is_a_title(text: str) -> None:
    assert is_seen(text)


@given(st.text(alphabet="a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069 \n", max_size=12))
def test_h11_direction_marks_end_within_their_text(text: str) -> None:
    """Whatever is open is closed, once."""
    whole = closed(text)
    assert whole.startswith(text)
    assert closed(whole) == whole


def test_h11_a_title_turns_round_nothing_after_it(published: Published) -> None:
    """In the feeds each title with an override has its end."""
    published.poll("One", rss(item("Invoice \u202efdp.exe", "", "1", START, "<p>x</p>")))
    published.build()
    (one,) = json.loads((published.out / "feed.json").read_text())["items"]
    assert one["title"] == "Invoice \u202efdp.exe\u202c"


# --- a hub over http ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hub", "safe"),
    [
        ("https://hub.example/", True),
        ("http://hub.example/", False),
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]/", True),
        ("http://10.0.0.1/", False),
        ("http://localhost.example/", False),
    ],
)
def test_h29_a_hubs_secret_goes_over_https_alone(hub: str, safe: bool) -> None:
    """Over http none is sent, and a call then needs no signature: it makes the feed due, and nothing in it is used."""
    assert keeps_secrets(hub) is safe
    form = request_form("subscribe", FEED, "https://me.example/x", "s3cret" if safe else None)
    assert ("hub.secret" in dict(form)) is safe
    assert Signature("", "s3cret" if safe else None).good is not safe
