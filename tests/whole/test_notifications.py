"""Notifications through the whole program: an outlet and a service on loopback, rules in feeds.yaml."""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from support.machine import Quiet, serving
from support.outlets import Outlet, outlet, rss
from support.program import Program

from aggregator.config import load
from aggregator.config.settings import Site
from aggregator.models import Post, Source
from aggregator.models.errors import NotifyError
from aggregator.pipeline import notify, pipeline
from aggregator.store import Store
from aggregator.store.search import SearchFilter

pytest.importorskip("apprise", reason="the extra `notify` is not installed")

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Tue, 10 Mar 2026 11:00:00 GMT"


@dataclass
class Service:
    """Takes messages as Apprise's `json://` sends them; `status` is what it answers."""

    address: str = ""
    status: int = 200
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


@contextmanager
def service() -> Iterator[Service]:
    here = Service()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if here.status == 200:
                here.messages.append(json.loads(body))
            self.send_response(here.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Handler) as port:
        here.address = f"json://127.0.0.1:{port}/hook"
        yield here


@dataclass
class Desk:
    """A program with one outlet and one service, whose rounds a test runs; the clock moves when it is told to."""

    program: Program
    news: Outlet
    service: Service
    now: datetime = NOW

    def round(self, **later: float) -> pipeline.Tally:
        self.now += timedelta(**later)
        config = load(self.program.config, {"SERVICE": self.service.address})
        with pipeline.opened(config, self.program.data, lambda: self.now) as opened:
            return opened.round(force=True)

    def attempts(self) -> list[int]:
        with closing(sqlite3.connect(self.program.data / "aggregator.db")) as connection:
            return [row[0] for row in connection.execute("SELECT attempts FROM notices ORDER BY attempts")]

    def publish(self, *titles: str) -> None:
        items = [
            (f"{self.news.origin}/{number}", title, DATE, f"Teaser of {title}") for number, title in enumerate(titles)
        ]
        self.news.pages["/feed"] = rss("Outlet", *reversed(items))

    def rules(self, text: str, feeds: str = "", watch: str = "[]") -> None:
        self.program.configure(
            f"""
            network: {{allow: [127.0.0.1], per_host_interval_s: 0}}
            feeds: [{{url: '{self.news.origin}/feed', name: Outlet, tags: [news], full_text: never}}{feeds}]
            notifications: {text}
            watch: {watch}
            """
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with outlet() as news, service() as told:
        made = Desk(Program(tmp_path), news, told)
        made.rules("[{name: worms, to: ['${SERVICE}'], words: [worm*]}]")
        made.publish("An old worm")
        yield made


def test_a_rule_tells_of_new_posts_that_meet_it_once(desk: Desk) -> None:
    """Not of what was there before it, not of what does not meet it, and not again."""
    desk.round()
    assert desk.service.titles == []
    desk.publish("An old worm", "A new worm in the wild", "Nothing of the kind")
    assert desk.round(hours=1).told == 1
    assert desk.service.titles == ["[worms] A new worm in the wild"]
    body = desk.service.messages[0]["message"]
    assert "Teaser of A new worm" in body
    assert f"{desk.news.origin}/1" in body
    assert "http://127.0.0.1:8080/posts/" in body
    assert desk.round(hours=1).told == 0
    assert len(desk.service.messages) == 1


def test_a_watchlist_tells_of_each_story_once(desk: Desk, tmp_path: Path) -> None:
    """By its words, a package and the components of a file; a service that fails is asked again."""
    components = {
        "components": [
            {"name": "a", "purl": "pkg:npm/%40lamps/kettle"},
            {"components": [{"cpe": "cpe:2.3:a:quay:crane:1.0"}]},
            5,
        ]
    }
    desk.program.data.mkdir(exist_ok=True)
    (desk.program.data / "sbom.cdx.json").write_text(json.dumps(components), "utf-8")
    (desk.program.data / "broken.json").write_text("[", "utf-8")
    watch = (
        "[{name: ours, words: [fleet-sync], to: ['${SERVICE}']},"
        " {name: parts, files: [sbom.cdx.json, broken.json], to: ['${SERVICE}']},"
        " {name: npm, purls: ['pkg:npm/%40lamps/kettle'], to: ['${SERVICE}']}, {name: silent, words: [worm]}]"
    )
    desk.rules("[]", watch=watch)
    desk.publish(
        "A worm in fleet-sync", "Flaw in the npm package @lamps/kettle", "Quay Crane has a vulnerability", "Tea"
    )
    desk.service.status = 503
    assert desk.round().told == 0
    desk.service.status = 200
    assert desk.round(hours=1).told == len(desk.service.titles)
    assert {title.partition(" ")[0] for title in desk.service.titles} == {"[ours]", "[parts]", "[npm]"}
    with closing(sqlite3.connect(desk.program.data / "aggregator.db")) as connection:
        rows = connection.execute(
            "SELECT watch, article_id, told_at IS NULL FROM watch_hits ORDER BY watch, article_id"
        )
        assert rows.fetchall() == [("npm", 2, 0), ("ours", 1, 0), ("parts", 2, 0), ("parts", 3, 0), ("silent", 1, 1)]
    assert "http://127.0.0.1:8080/posts/" in desk.service.messages[0]["message"]
    assert desk.round(hours=1).told == 0


def test_what_a_feed_holds_when_it_is_first_read_is_no_news(desk: Desk) -> None:
    """At the very first start, though the rule is looked at before the first round; and when a feed is added."""
    config = load(desk.program.config, {"SERVICE": desk.service.address})
    with pipeline.opened(config, desk.program.data, lambda: desk.now) as opened:
        opened.notify(pipeline.Tally())
    assert desk.round(seconds=10).told == 0
    with outlet() as other:
        old = [(f"{other.origin}/{n}", f"Worm {n} of 2019", "Tue, 12 Mar 2019 11:00:00 GMT", "Old") for n in range(9)]
        other.pages["/feed"] = rss("Other", *old)
        desk.rules(
            "[{name: worms, to: ['${SERVICE}'], words: [worm*]}]", f", {{url: '{other.origin}/feed', name: Other}}"
        )
        assert desk.round(hours=1).told == 0
        late = (f"{other.origin}/late", "A worm of 2018, found late", "Mon, 12 Mar 2018 11:00:00 GMT", "Older")
        other.pages["/feed"] = rss("Other", (f"{other.origin}/new", "A worm of today", DATE, "New"), late, *old)
        assert desk.round(hours=1).told == 1
    assert desk.service.titles == ["[worms] A worm of today"]


def test_the_first_posts_of_a_feed_that_was_empty_are_news(desk: Desk) -> None:
    """The feed of a search holds nothing at first: its first hit is what the rule was made for."""
    desk.publish()
    desk.round()
    desk.round(minutes=10)
    desk.news.pages["/feed"] = rss(
        "Outlet",
        (f"{desk.news.origin}/1", "A worm at last", "Tue, 10 Mar 2026 12:30:00 GMT", "Seen"),
        (f"{desk.news.origin}/0", "A worm of before", DATE, "It was here before the feed was followed"),
    )
    assert desk.round(hours=1).told == 1
    assert desk.service.titles == ["[worms] A worm at last"]


def test_a_service_that_fails_is_asked_again_later_and_loses_nothing(desk: Desk) -> None:
    """Later each time; a restart in between changes nothing; `notify` shows what waits and why."""
    desk.round()
    desk.publish("An old worm", "A worm while the service is down")
    desk.service.status = 500
    assert desk.round(hours=1).told == 0
    desk.service.status = 200
    assert desk.round(minutes=1).told == 0, "the next try is not due yet"
    shown = desk.program.run("notify", "--json")
    assert shown.returncode == 2, "the environment has no SERVICE here"
    assert desk.round(minutes=2).told == 1
    assert desk.service.titles == ["[worms] A worm while the service is down"]


def test_messages_follow_their_address_and_not_its_place(desk: Desk) -> None:
    """Places in another order: nobody gets what waits for another. What waits for an address that is gone is dropped."""
    with service() as other, service() as third:
        desk.rules(f"[{{name: worms, to: ['${{SERVICE}}', '{third.address}', '{other.address}'], words: [worm*]}}]")
        desk.round()
        desk.publish("An old worm", "A worm for two")
        desk.service.status = third.status = 500
        assert desk.round(hours=1).told == 1
        desk.service.status = third.status = 200
        desk.rules(f"[{{name: worms, to: ['{other.address}', '${{SERVICE}}'], words: [worm*]}}]")
        assert desk.round(hours=1).told == 1
        titles = ["[worms] A worm for two"]
        assert (desk.service.titles, other.titles, third.titles) == (titles, titles, [])
        desk.rules(f"[{{name: worms, to: ['${{SERVICE}}', '{third.address}'], words: [worm*]}}]")
        assert desk.round(hours=1).told == 0


def test_services_that_hang_hold_a_round_for_a_while_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is waited for; what was not begun in time has lost nothing, and is sent by the next round."""
    monkeypatch.setattr(notify, "SEND_TIMEOUT_S", 0.5)
    monkeypatch.setattr(notify, "BEGIN_WITHIN_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"json://127.0.0.1:{silent.getsockname()[1]}"
        desk.rules(f"[{{name: worms, to: ['{hanging}/1', '{hanging}/2', '{hanging}/3'], words: [worm*]}}]")
        desk.round()
        desk.publish("An old worm", "A worm that nobody hears of")
        desk.round(hours=1)
        assert desk.attempts() == [0, 0, 1]
        desk.round(seconds=1)
        assert desk.attempts() == [0, 1, 1]


def test_what_was_withdrawn_meanwhile_is_not_told_of(desk: Desk) -> None:
    """A message that waits for its service is dropped with its post."""
    desk.round()
    desk.publish("An old worm", "A worm that was none")
    desk.service.status = 500
    desk.round(hours=1)
    with Store.open(desk.program.data / "aggregator.db") as store:
        (found,) = store.queries.find("none", SearchFilter(), limit=5).hits
        store.withdrawals.withdraw(found.id, "untrue", desk.now)
    desk.service.status = 200
    assert desk.round(hours=1).told == 0
    assert desk.service.titles == []


def test_many_posts_at_once_are_one_message(desk: Desk) -> None:
    """A busy hour does not ring twenty times."""
    desk.round()
    desk.publish("An old worm", *[f"Worm number {number}" for number in range(20)])
    assert desk.round(hours=1).told == 1
    assert desk.service.titles == ["[worms] 20 new posts"]
    assert all(f"Worm number {number} " in desk.service.messages[0]["message"] for number in range(20))


def test_a35_a_title_reaches_no_shell(desk: Desk, tmp_path: Path) -> None:
    """Whatever a title holds is text: it arrives as it is, and nothing ran."""
    trap = tmp_path / "ran"
    title = f"Worm $(touch {trap}) `touch {trap}`; touch {trap} | ${{IFS}} &amp;&amp; %s {{0}}"
    desk.round()
    desk.publish("An old worm", title)
    assert desk.round(hours=1).told == 1
    assert desk.service.titles == [f"[worms] {title.replace('&amp;', '&')}"]
    assert not trap.exists()


@pytest.mark.parametrize("target", ["syslog://", "dbus://", "macosx://", "windows://"])
def test_a35_services_of_this_machine_are_refused(target: str) -> None:
    """Some of them start programs."""
    with pytest.raises(NotifyError, match="service of this machine"):
        notify.deliver(target, "title", "body")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise asks for it where it is there
@pytest.mark.parametrize("between", [",", " ", ", "])
def test_a35_no_second_service_hides_behind_the_first(between: str) -> None:
    """One place is one address, which Apprise does not take apart."""
    with service() as here:
        with suppress(NotifyError):
            notify.deliver(f"{here.address}{between}{here.address}", "title", "body")
        assert len(here.messages) <= 1


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise asks for it where it is there
@pytest.mark.parametrize("target", ["nosuch://somewhere", "json://"])
def test_a_service_that_can_not_be_says_so_without_its_address(target: str) -> None:
    """The address may hold a key."""
    with pytest.raises(NotifyError) as refused:
        notify.deliver(target, "title", "body")
    assert target not in str(refused.value)


@pytest.mark.slow
def test_notify_tries_every_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--test` sends one message to each, says which failed, and exits with 1 then; addresses are not shown."""
    monkeypatch.setenv("SERVICE", desk.service.address)
    done = desk.program.run("notify", "--test")
    assert done.returncode == 0, done.stderr
    assert "worms, place 1 (json): sent" in done.stderr
    assert desk.service.titles == ["[worms] test"]
    desk.service.status = 403
    failed = desk.program.run("notify", "worms", "--test")
    assert failed.returncode == 1
    assert "worms, place 1 (json): the service did not take the message: it answered 403" in failed.stderr
    monkeypatch.setenv("SERVICE", "json://127.0.0.1:1/key-of-the-service")
    unreachable = desk.program.run("notify", "worms", "--test")
    assert "did not take the message: it cannot be reached" in unreachable.stderr
    assert "key-of-the-service" not in unreachable.stderr
    assert desk.service.address not in done.stderr + failed.stderr
    assert desk.program.run("notify", "nobody").returncode == 2


def test_notify_shows_what_was_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table and as JSON."""
    monkeypatch.setenv("SERVICE", desk.service.address)
    desk.round()
    desk.publish("An old worm", "A second worm")
    desk.round(hours=1)
    (row,) = json.loads(desk.program.run("notify", "--json").stdout)
    assert (row["name"], row["sent"], row["waiting"], row["given_up"]) == ("worms", 1, 0, 0)
    assert row["last_sent"] == "2026-03-10T13:00:00Z"
    assert "worms" in desk.program.run("notify").stdout


def test_check_names_mistakes_in_notifications(desk: Desk) -> None:
    """With their places, and without the value of a secret."""
    desk.rules("[{name: a, to: [nowhere], sources: [Outlett]}, {name: a, to: []}]")
    done = desk.program.run("check")
    assert done.returncode == 2
    assert "notifications[0].to[0]" in done.stderr
    desk.rules("[{name: a, to: ['json://x'], sources: [Outlett]}, {name: a, to: ['json://x']}]")
    done = desk.program.run("check")
    assert "did you mean `Outlet`?" in done.stderr
    assert "notifications[0] has already" in done.stderr


def post(title: str, make: Callable[..., Post] = Post) -> Post:
    source = Source("Outlet", "outlet", "https://outlet.example/feed")
    return make("tag:x", 1, NOW, "posts/x.html", "https://outlet.example/x", title, source, NOW, summary="word " * 200)


def test_messages_are_short_and_plain() -> None:
    """One line of title, a teaser that ends at a word, the links."""
    ((title, body, _),) = notify.messages("rule", [post("Two\nlines")], Site())
    assert title == "[rule] Two lines"
    assert len(body) < 600
    assert "word…" in body
    ((_, body, _),) = notify.messages("rule", [post("One")], Site(base_url="https://news.example/security"))
    assert body.endswith("\nhttps://news.example/security/posts/x.html")
    ((title, _, _),) = notify.messages("rule", [post("@everyone <!here> <@U1> a@b.example")], Site())
    assert title.replace("\u2060", "") == "[rule] @everyone <!here> <@U1> a@b.example"
    assert not {"@everyone", "<!here>", "<@U1>"} & set(title.split())  # no chat takes them for a call
    (told,) = notify.messages("rule", [post(str(number)) for number in range(50)], Site())
    assert told[0] == "[rule] 50 new posts"
    assert "and 20 more" in told[1]
