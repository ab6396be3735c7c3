"""Budgets of hosts, the schedule, and robots.txt: no host is asked too often, and none holds up the others."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from support.rawserver import Memory, Server, answer, late, routes

from aggregator.config.settings import Network
from aggregator.fetch import robots as robots_module
from aggregator.fetch.hosts import BUSY_REST_S, MAX_REST_S, SILENT_REST_S, Hosts
from aggregator.fetch.robots import product_token, read_rules
from aggregator.models import HostState, Request, Response, RobotsFile
from aggregator.models.errors import FetchError, Refused, StoreError, TimedOut


def gaps(server: Server) -> list[float]:
    times = sorted(asked.at for asked in server.asked)
    return [after - before for before, after in itertools.pairwise(times)]


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens on another thread, five seconds at most."""
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def rules(text: str, body: bytes = b"page") -> Callable:
    """A site with a robots.txt; every other path is a page."""
    return late(lambda asked: answer(text.encode() if asked.path == "/robots.txt" else body))


def message(outcome: object) -> str:
    assert isinstance(outcome, FetchError), outcome
    return outcome.message


# --- spacing and connections --------------------------------------------------------------------------------------


def test_requests_to_one_host_are_spaced(serve, fetching) -> None:
    """The starts of two requests to a host are the interval apart, also with threads to spare."""
    server = serve(answer())
    fetcher = fetching(per_host_interval_s=0.15, per_host_connections=4)
    outcomes = list(fetcher.each(Request(server.url(f"/{n}"), key=n) for n in range(5)))
    assert sorted(request.key for request, outcome in outcomes if isinstance(outcome, Response)) == list(range(5))
    assert min(gaps(server)) > 0.08
    assert sum(gaps(server)) < 5


def test_every_way_of_asking_shares_one_budget(serve, fetching) -> None:
    """get and each, from several threads, add up to one budget; so do redirects."""
    server = serve(routes(start=answer(b"", "302 Found", "Location: /end"), end=answer(), a=answer(), b=answer()))
    fetcher = fetching(per_host_interval_s=0.12, per_host_connections=4)
    threads = [
        threading.Thread(target=fetcher.get, args=(Request(server.url(path)),)) for path in ("/a", "/b", "/start")
    ]
    for thread in threads:
        thread.start()
    list(fetcher.each([Request(server.url("/a")), Request(server.url("/start"))]))
    for thread in threads:
        thread.join()
    assert len(server.asked) == 7
    assert sum(gaps(server)) > 0.5  # six gaps of 0.12 s; single ones look shorter on a machine that is busy


def test_hosts_do_not_wait_for_one_another(serve, fetching) -> None:
    """Spacing holds for a host; ports of one address are hosts of their own."""
    servers = [serve(answer(), f"127.0.0.{n}") for n in range(2, 8)] + [serve(answer()) for _ in range(3)]
    fetcher = fetching(per_host_interval_s=30, threads=2)
    begun = time.monotonic()
    assert (
        len(
            [
                1
                for _, outcome in fetcher.each(Request(server.url()) for server in servers)
                if isinstance(outcome, Response)
            ]
        )
        == 9
    )
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("allowed", [1, 3])
def test_connections_to_one_host_are_bounded(allowed: int, serve, fetching) -> None:
    """No more requests at a time than the host may get, however many threads are free."""
    under_way: list[int] = []
    seen: list[int] = []

    def slow(sock, asked) -> None:
        under_way.append(1)
        seen.append(len(under_way))
        time.sleep(0.15)
        under_way.pop()  # before the answer: the client may come back sooner than this thread
        answer()(sock, asked)

    server = serve(slow)
    fetcher = fetching(per_host_connections=allowed, threads=8)
    assert len(list(fetcher.each(Request(server.url(f"/{n}")) for n in range(9)))) == 9
    assert max(seen) == allowed


def test_waiting_for_one_host_does_not_hold_a_thread(serve, fetching) -> None:
    """With one thread only, the other host's requests are done while the first host's wait."""
    slow, quick = serve(answer(), "127.0.0.2"), [serve(answer()) for _ in range(6)]
    fetcher = fetching(per_host_interval_s=1, threads=1)
    requests = [Request(slow.url("/1")), Request(slow.url("/2"))] + [Request(server.url()) for server in quick]
    order = [request.url for request, _ in fetcher.each(requests)]
    assert order[-1] == slow.url("/2")
    assert len(order) == 8


# --- rest ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["429 Too Many", "503 Busy"])
def test_f10_the_whole_host_waits_as_long_as_it_asked(status: str, serve, fetching, memory, clock) -> None:
    """After Retry-After nothing on the host is asked until the time is over, also by a new process."""
    statuses = iter([answer(b"", status, "Retry-After: 600")])
    server = serve(late(lambda _: next(statuses, answer())))
    fetcher = fetching()
    with pytest.raises(FetchError) as busy:
        fetcher.get(Request(server.url("/feed")))
    assert busy.value.retry_after_s == 600
    clock.forward(590)
    for again in (fetcher, fetching()):
        with pytest.raises(Refused) as caught:
            again.get(Request(server.url("/other")))
        assert caught.value.retry_after_s == pytest.approx(10)
        [(_, outcome)] = again.each([Request(server.url("/third"))])
        assert isinstance(outcome, Refused)
        assert outcome.retry_after_s == pytest.approx(10)
    assert server.paths == ["/feed"]
    clock.forward(11)
    assert fetching().get(Request(server.url("/feed"))).status == 200
    assert memory.host(f"127.0.0.1:{server.port}") == HostState(f"127.0.0.1:{server.port}")


def test_f10_what_stands_in_line_is_refused_when_the_host_turns_busy(serve, fetching) -> None:
    """One 429 answers for all that were waiting: they are told when to come back, and nothing more is sent."""
    server = serve(answer(b"", "429 Too Many", "Retry-After: 3600"))
    outcomes = [
        outcome for _, outcome in fetching(per_host_connections=1).each(Request(server.url(f"/{n}")) for n in range(20))
    ]
    assert len(server.asked) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 19
    assert all(outcome.retry_after_s == pytest.approx(3600) for outcome in outcomes if isinstance(outcome, FetchError))


def test_f10_answer_that_was_under_way_does_not_end_the_rest(serve, fetching) -> None:
    """A 200 to an earlier request, arriving after a 429, does not let the next one through."""
    server = serve(
        late(
            lambda asked: (
                (lambda sock, asked: (time.sleep(0.3), answer()(sock, asked)))
                if asked.path == "/slow"
                else answer(b"", "429 Too Many", "Retry-After: 600")
            )
        )
    )
    fetcher = fetching()
    slow = threading.Thread(target=fetcher.get, args=(Request(server.url("/slow")),))
    slow.start()
    time.sleep(0.1)
    with pytest.raises(FetchError, match="429"):
        fetcher.get(Request(server.url("/busy")))
    slow.join()
    with pytest.raises(Refused):
        fetcher.get(Request(server.url("/next")))
    assert sorted(server.paths) == ["/busy", "/slow"]


def test_busy_host_that_does_not_say_how_long_rests_longer_each_time(serve, fetching, clock, memory) -> None:
    """A minute, two, four ... an hour at most; one good answer and all is forgotten."""
    statuses = iter(["503 Busy"] * 9)
    server = serve(late(lambda _: answer(b"", next(statuses, "200 OK"))))
    fetcher = fetching()
    rests = []
    for _ in range(9):
        with pytest.raises(FetchError):
            fetcher.get(Request(server.url()))
        with pytest.raises(Refused) as caught:
            fetcher.get(Request(server.url()))
        rests.append(caught.value.retry_after_s)
        clock.forward(caught.value.retry_after_s + 1)
    assert rests == [pytest.approx(min(BUSY_REST_S * 2**n, MAX_REST_S)) for n in range(9)]
    fetcher.get(Request(server.url()))
    assert memory.host(f"127.0.0.1:{server.port}").failures == 0


@pytest.mark.parametrize("asked", ["0", "Tue, 10 Mar 2026 11:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_f10_busy_host_that_asks_for_no_time_rests_all_the_same(asked: str, serve, fetching) -> None:
    """A Retry-After of nothing, in the past or without sense does not mean `at once`."""
    server = serve(answer(b"", "429 Too Many", f"Retry-After: {asked}"))
    outcomes = [outcome for _, outcome in fetching(threads=1).each(Request(server.url(f"/{n}")) for n in range(5))]
    assert len(server.asked) == 1
    assert {outcome.retry_after_s for outcome in outcomes if isinstance(outcome, Refused)} == {BUSY_REST_S}


def test_f10_host_that_stays_busy_rests_longer_than_it_asked(serve, fetching, clock) -> None:
    """Its word is taken once: what it fails again after was too short a time."""
    server = serve(answer(b"", "429 Too Many", "Retry-After: 1"))
    fetcher = fetching()
    rests = []
    for _ in range(3):
        with pytest.raises(FetchError):
            fetcher.get(Request(server.url()))
        with pytest.raises(Refused) as caught:
            fetcher.get(Request(server.url()))
        rests.append(caught.value.retry_after_s)
        clock.forward(caught.value.retry_after_s)
    assert rests == [1, 2 * BUSY_REST_S, 4 * BUSY_REST_S]


def test_the_state_of_a_host_is_kept_in_the_order_in_which_it_changed(clock) -> None:
    """A slow write of an earlier state does not come after that of a later one: the rest would be forgotten."""
    written: list[HostState] = []
    began, go_on = threading.Event(), threading.Event()

    class Slow(Memory):
        def save_host(self, state: HostState) -> None:
            if not began.is_set():
                began.set()
                go_on.wait(5)
            written.append(state)

    hosts = Hosts(Network(), Slow(), clock)
    first = threading.Thread(target=hosts.crawl_delay, args=("news.example", 7.0))
    first.start()
    began.wait(5)
    second = threading.Thread(target=hosts.answered, args=("news.example", 429, 600.0))
    second.start()
    second.join(0.2)
    go_on.set()
    first.join()
    second.join()
    assert written[-1] == hosts.state("news.example")
    assert written[-1].not_before is not None


def test_timeout_rests_the_host(serve, fetching) -> None:
    """A host that let one request hang does not get the next one right away."""
    server = serve(lambda sock, asked: time.sleep(1))
    fetcher = fetching(timeout_s=0.2)
    with pytest.raises(TimedOut):
        fetcher.get(Request(server.url()))
    with pytest.raises(Refused) as caught:
        fetcher.get(Request(server.url("/other")))
    assert caught.value.retry_after_s == pytest.approx(SILENT_REST_S)


def test_one_page_that_hangs_does_not_rest_a_host_that_answers_others(serve, fetching) -> None:
    """When the host answered meanwhile, it was that page, not the host."""
    server = serve(late(lambda asked: (lambda sock, _: time.sleep(8)) if asked.path == "/hangs" else answer()))
    fetcher = fetching(timeout_s=0.6)
    outcomes = fetcher.each(Request(server.url(path)) for path in ("/hangs", "/a", "/b"))
    assert sorted(type(outcome).__name__ for _, outcome in outcomes) == ["Response", "Response", "TimedOut"]
    assert fetcher.get(Request(server.url("/c"))).status == 200


def test_dead_connection_rests_the_host_the_second_time(fetching, clock) -> None:
    """A connection that is refused once may be a restart; twice in a row is an outage."""
    fetcher = fetching()
    for _ in range(2):
        with pytest.raises(FetchError, match="connection refused"):
            fetcher.get(Request("http://127.0.0.1:1111/"))
    with pytest.raises(Refused):
        fetcher.get(Request("http://127.0.0.1:1111/"))


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oh", "403 No"])
def test_error_of_one_page_does_not_rest_the_host(status: str, serve, fetching, memory) -> None:
    """A status that concerns one URL says nothing about the others, and nothing is written for it."""
    server = serve(late(lambda asked: answer(b"", status) if asked.path == "/bad" else answer()))
    fetcher = fetching()
    with pytest.raises(FetchError):
        fetcher.get(Request(server.url("/bad")))
    assert fetcher.get(Request(server.url("/good"))).status == 200
    assert memory.saves == 0


def test_rest_written_by_a_wrong_clock_is_cut_to_a_day(serve, fetching, memory, clock) -> None:
    """A host is not lost for years because the clock once was wrong."""
    server = serve(answer())
    host = f"127.0.0.1:{server.port}"
    memory.save_host(HostState(host, not_before=clock() + timedelta(days=4000), failures=1))
    with pytest.raises(Refused) as caught:
        fetching().get(Request(server.url()))
    assert caught.value.retry_after_s == pytest.approx(86400)


# --- each ---------------------------------------------------------------------------------------------------------


def test_each_takes_its_input_as_it_goes(serve, fetching, monkeypatch) -> None:
    """An endless input is no problem: only so much of it is taken in advance."""
    monkeypatch.setattr("aggregator.fetch.client.LOOK_AHEAD", 10)
    server = serve(answer())
    taken = itertools.count()
    results = fetching().each(Request(server.url(f"/{n}")) for n in taken)
    for _ in range(25):
        assert isinstance(next(results)[1], Response)
    results.close()
    assert next(taken) < 60


def test_slow_caller_is_not_swamped(serve, fetching, monkeypatch) -> None:
    """While a caller does not take what is there, only so many bytes are fetched ahead of it; then all the rest."""
    monkeypatch.setattr("aggregator.fetch.scheduler.MAX_WAITING_BYTES", 100_000)
    servers = [serve(answer(b"x" * 30_000), f"127.0.3.{n}") for n in range(1, 31)]
    results = fetching().each(Request(server.url()) for server in servers)
    next(results)
    time.sleep(0.3)
    assert sum(len(server.asked) for server in servers) <= 1 + 4 + 4
    assert len(list(results)) == 29


def test_stream_gives_its_caller_turns_and_takes_requests_as_they_come_up(serve, fetching) -> None:
    """While nothing completes the caller gets None; an input without a request for now is asked again later."""
    server = serve(answer())
    wanted: list[Request | None] = [Request(server.url("/a"), key=0), None, None, Request(server.url("/b"), key=1)]
    turns, done = 0, []
    for outcome in fetching(per_host_interval_s=0.3).stream(iter(wanted)):
        turns += outcome is None
        done += [] if outcome is None else [outcome[0].key]
    assert done == [0, 1]
    assert turns >= 2


def test_each_with_nothing_to_do_ends(fetching) -> None:
    """No requests, no answers."""
    assert list(fetching().each([])) == []


def test_every_request_gets_exactly_one_outcome_of_its_own(serve, fetching) -> None:
    """Good, refused, failed and malformed requests are each handed back once, with their key."""
    server = serve(routes(ok=answer(), gone=answer(b"", "410 Gone")))
    urls = [server.url("/ok"), server.url("/gone"), "http://10.0.0.1/", "no url", server.url("/ok"), "http://127.1/"]
    outcomes = {
        request.key: outcome for request, outcome in fetching().each(Request(url, key=n) for n, url in enumerate(urls))
    }
    assert [type(outcomes[n]).__name__ for n in range(6)] == [
        "Response",
        "FetchError",
        "Refused",
        "Refused",
        "Response",
        "Refused",
    ]


def test_bug_costs_its_own_request_only(serve, fetching, capsys) -> None:
    """An unexpected exception becomes that request's error, and is logged without what it says."""
    server = serve(answer())
    secret = str(123456789 * 3)

    def resolver(host: str, port: int) -> list[str]:
        if host == "bug.example":
            raise ZeroDivisionError(secret)
        return ["127.0.0.1"]

    urls = [f"http://{host}.example:{server.port}/" for host in ("one", "bug", "two")]
    outcomes = {request.url: outcome for request, outcome in fetching(resolver).each(map(Request, urls))}
    assert [type(outcomes[url]).__name__ for url in urls] == ["Response", "FetchError", "Response"]
    assert "ZeroDivisionError" in message(outcomes[urls[1]])
    logged = capsys.readouterr()
    assert "fetch.bug" in logged.out + logged.err
    assert secret not in logged.out + logged.err


def test_error_of_the_store_is_raised(serve, fetching, memory, monkeypatch) -> None:
    """The memory that cannot be written stops the round: it is no failure of a request."""

    def full(state: HostState) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(memory, "save_host", full)
    server = serve(answer(b"", "503 Busy"))
    with pytest.raises(StoreError, match="disk full"):
        list(fetching().each([Request(server.url())]))


def test_close_ends_each_promptly(serve, fetching) -> None:
    """Requests under way are shut, those in line are forgotten, and the iteration ends."""
    server = serve(lambda sock, asked: time.sleep(8))
    fetcher = fetching(per_host_connections=2)
    threading.Timer(0.2, fetcher.close).start()
    begun = time.monotonic()
    assert list(fetcher.each(Request(server.url(f"/{n}")) for n in range(50))) == []
    assert time.monotonic() - begun < 4
    assert list(fetcher.each([Request(server.url())])) == []


def test_leaving_each_early_forgets_what_stands_in_line(serve, fetching) -> None:
    """A caller who goes away does not keep the host busy."""
    server = serve(answer())
    fetcher = fetching(per_host_interval_s=0.1)
    for _ in fetcher.each(Request(server.url(f"/{n}")) for n in range(50)):
        break
    time.sleep(0.35)
    assert len(server.asked) <= 3
    assert fetcher.get(Request(server.url("/after"))).status == 200


def test_hosts_that_failed_before_do_not_starve_the_healthy(serve, fetching, memory) -> None:
    """Twelve hosts known to hang get three threads of four at most: forty healthy ones are done meanwhile."""
    hanging = [serve(lambda sock, asked: time.sleep(8), f"127.0.1.{n}") for n in range(1, 13)]
    healthy = [serve(answer(), f"127.0.2.{n}") for n in range(1, 41)]
    for server in hanging:
        memory.save_host(HostState(f"{server.address}:{server.port}", failures=1))
    fetcher = fetching(timeout_s=6, threads=4)
    begun = time.monotonic()
    done: dict[str, float] = {}
    for request, outcome in fetcher.each(Request(server.url()) for server in hanging + healthy):
        if isinstance(outcome, Response):
            done[request.url] = time.monotonic() - begun
        if len(done) == 40:
            break
    assert max(done.values()) < 5
    assert sum(server.connections for server in hanging) <= 3


def test_host_that_failed_before_is_tried_by_one_request_at_a_time(serve, fetching, memory) -> None:
    """Until it answers, a suspect host gets a single connection; then it is a host like any other."""
    server = serve(lambda sock, asked: (time.sleep(0.1), answer()(sock, asked)))
    memory.save_host(HostState(f"127.0.0.1:{server.port}", failures=3))
    list(fetching(per_host_connections=4, threads=8).each(Request(server.url(f"/{n}")) for n in range(5)))
    assert gaps(server)[0] > 0.05
    assert server.peak > 1


# --- robots.txt ---------------------------------------------------------------------------------------------------


def test_robots_is_asked_once_for_many_pages_and_obeyed(serve, fetching) -> None:
    """One robots.txt for a host, before its first page; what it forbids is not fetched."""
    server = serve(rules("User-agent: *\nDisallow: /private/\nAllow: /private/but\n"))
    paths = ["/a", "/private/x", "/private/but", "/b", "/c", "/private/y"]
    outcomes = {
        request.url: outcome
        for request, outcome in fetching().each(Request(server.url(path), robots=True) for path in paths)
    }
    assert server.paths[0] == "/robots.txt"
    assert sorted(server.paths[1:]) == ["/a", "/b", "/c", "/private/but"]
    assert "robots.txt" in message(outcomes[server.url("/private/x")])
    assert isinstance(outcomes[server.url("/private/x")], Refused)


def test_feeds_are_fetched_without_asking_robots(serve, fetching) -> None:
    """The operator asked for them."""
    server = serve(rules("User-agent: *\nDisallow: /\n"))
    assert fetching().get(Request(server.url("/feed"))).body == b"page"
    assert server.paths == ["/feed"]


def test_robots_group_is_chosen_by_our_product_token(serve, fetching) -> None:
    """A group for our name wins over the one for all; others' groups are not ours."""
    text = (
        "User-agent: otherbot\nDisallow: /\n\nUser-agent: *\nDisallow: /all\n\nUser-agent: My-Reader\nDisallow: /mine\n"
    )
    server = serve(rules(text))
    fetcher = fetching(user_agent="my-reader/2.0 (+https://otherbot.example)")
    assert fetcher.get(Request(server.url("/all"), robots=True)).status == 200
    with pytest.raises(Refused):
        fetcher.get(Request(server.url("/mine"), robots=True))
    assert product_token("My-Reader/2.0 (+x)") == "my-reader"


def test_robots_without_content_allows_everything(serve, fetching, memory) -> None:
    """Any 2xx is a success (RFC 9309 section 2.3.1.1): 204 is a file without a rule."""
    server = serve(routes(robots_txt=answer(b"", "204 No Content"), page=answer()))
    assert fetching().get(Request(server.url("/page"), robots=True)).status == 200
    assert memory.files[server.url("").rstrip("/")].status == 200


@pytest.mark.parametrize("status", ["404 Not Found", "401 No", "403 No", "410 Gone"])
def test_missing_robots_allows_everything(status: str, serve, fetching, memory) -> None:
    """4xx means that there are no rules (RFC 9309 section 2.3.1.3)."""
    server = serve(routes(robots_txt=answer(b"Disallow: /", status), page=answer()))
    assert fetching().get(Request(server.url("/page"), robots=True)).status == 200
    assert memory.files[server.url("").rstrip("/")].status == int(status[:3])


@pytest.mark.parametrize("script", [answer(b"", "500 Oh"), answer(b"", "503 Busy"), answer(b"", "429 Slow"), lambda sock, asked: None,
                                    answer(b"plain", "200 OK", "Content-Encoding: gzip")], ids=["500", "503", "429", "nothing", "junk"])  # fmt: skip
def test_unreachable_robots_forbids_everything_for_now(script, serve, fetching, clock) -> None:
    """When the rules cannot be had nothing is fetched; after a while they are asked for again."""
    scripts = iter([script])
    server = serve(late(lambda asked: next(scripts, answer(b"")) if asked.path == "/robots.txt" else answer()))
    fetcher = fetching()
    with pytest.raises(Refused) as caught:
        fetcher.get(Request(server.url("/page"), robots=True))
    assert caught.value.retry_after_s is not None
    clock.forward(120)
    with pytest.raises(Refused, match=r"robots\.txt"):
        fetcher.get(Request(server.url("/page"), robots=True))
    assert server.paths == ["/robots.txt"]
    clock.forward(robots_module.UNREACHABLE.total_seconds())
    assert fetcher.get(Request(server.url("/page"), robots=True)).status == 200


def test_robots_holds_for_a_day_also_across_restarts(serve, fetching, clock) -> None:
    """Asked again after 24 hours, not before, and not by every new process."""
    server = serve(rules(""))
    for hours in (0, 23, 2, 23):
        clock.forward(hours * 3600)
        fetching().get(Request(server.url("/page"), robots=True))
    assert server.paths.count("/robots.txt") == 2


def test_old_rules_hold_on_while_the_new_ones_can_not_be_had(serve, fetching, clock, memory) -> None:
    """An outage of robots.txt does not stop a site whose rules are known (RFC 9309 section 2.4)."""
    server = serve(late(lambda asked: answer(b"", "500 Oh") if asked.path == "/robots.txt" else answer()))
    origin = server.url("").rstrip("/")
    old = RobotsFile(origin, clock() - timedelta(days=3), 200, "User-agent: *\nDisallow: /no\n")
    memory.save_robots(old)
    fetcher = fetching()
    assert fetcher.get(Request(server.url("/yes"), robots=True)).status == 200
    with pytest.raises(Refused):
        fetcher.get(Request(server.url("/no"), robots=True))
    assert server.paths == ["/robots.txt", "/yes"]
    assert memory.files[origin] == old


def test_robots_works_with_a_memory_that_keeps_nothing(serve, fetching, memory, monkeypatch) -> None:
    """What was just learned counts even where nothing can be stored."""
    monkeypatch.setattr(memory, "save_robots", lambda robots: None)
    server = serve(rules("User-agent: *\nDisallow: /no\n"))
    fetcher = fetching()
    assert fetcher.get(Request(server.url("/yes"), robots=True)).status == 200
    with pytest.raises(Refused):
        fetcher.get(Request(server.url("/no"), robots=True))
    assert server.paths == ["/robots.txt", "/yes"]


def test_robots_redirects_are_followed_and_count_for_the_first_host(serve, fetching) -> None:
    """The rules may be kept elsewhere (RFC 9309 section 2.3.1.2)."""
    elsewhere = serve(answer(b"User-agent: *\nDisallow: /no\n"), "127.0.0.2")
    server = serve(
        late(
            lambda asked: (
                answer(b"", "301 Moved", f"Location: {elsewhere.url('/r')}")
                if asked.path == "/robots.txt"
                else answer()
            )
        )
    )
    outcomes = fetching().each(Request(server.url(path), robots=True) for path in ("/no", "/yes"))
    assert sorted(type(outcome).__name__ for _, outcome in outcomes) == ["Refused", "Response"]
    assert elsewhere.paths == ["/r"]


def test_robots_that_redirects_for_ever_is_as_good_as_none(serve, fetching) -> None:
    """More redirects than are followed: unavailable, so everything is allowed."""
    count = itertools.count()
    server = serve(
        late(lambda asked: answer() if asked.path == "/page" else answer(b"", "302 Found", f"Location: /{next(count)}"))
    )
    assert fetching().get(Request(server.url("/page"), robots=True)).status == 200


def test_page_that_redirects_to_another_host_is_judged_there(serve, fetching) -> None:
    """The rules of every origin on the way are asked."""
    other = serve(rules("User-agent: *\nDisallow: /closed\n"), "127.0.0.2")
    server = serve(routes(robots_txt=answer(b""), page=answer(b"", "302 Found", f"Location: {other.url('/closed')}")))
    with pytest.raises(Refused, match=r"robots\.txt of 127\.0\.0\.2"):
        fetching().get(Request(server.url("/page"), robots=True))
    assert other.paths == ["/robots.txt"]


def test_crawl_delay_stretches_the_spacing_for_everybody(serve, fetching, memory) -> None:
    """Once known it holds for feeds too, and for the next process."""
    server = serve(rules("User-agent: *\nCrawl-delay: 0.2\n"))
    list(fetching().each(Request(server.url(f"/{n}"), robots=True) for n in range(3)))
    list(fetching().each(Request(server.url(f"/feed{n}")) for n in range(2)))
    assert memory.host(f"127.0.0.1:{server.port}").crawl_delay_s == 0.2
    waits = gaps(server)
    assert min(waits[:3] + waits[4:]) > 0.12


def test_no_page_slips_through_before_a_crawl_delay_is_known(serve, fetching, memory, monkeypatch) -> None:
    """Others go by a robots.txt only once its delay holds, however long it takes to keep the file."""
    server = serve(rules("User-agent: *\nCrawl-delay: 0.8\n"))
    fetcher, kept = fetching(per_host_connections=4), memory.save_robots
    meanwhile = threading.Thread(target=fetcher.get, args=(Request(server.url("/late"), robots=True),))

    def keep(file: RobotsFile) -> None:
        kept(file)
        meanwhile.start()
        time.sleep(0.3)

    monkeypatch.setattr(memory, "save_robots", keep)
    fetcher.get(Request(server.url("/first"), robots=True))
    meanwhile.join()
    assert server.paths[0] == "/robots.txt"
    assert min(gaps(server)) > 0.6


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("Crawl-delay: 7", 7),
        ("Request-rate: 1/10", 10),
        ("Crawl-delay: 99999", 300),
        ("Crawl-delay: -1", None),
        ("Crawl-delay: x", None),
    ],
)
def test_crawl_delay_is_read_and_clamped(text: str, delay: float | None, serve, fetching, memory) -> None:
    """Crawl-delay or Request-rate, five minutes at most."""
    server = serve(rules(f"User-agent: *\n{text}\n"))
    fetcher = fetching()
    threading.Thread(target=lambda: list(fetcher.each([Request(server.url("/"), robots=True)])), daemon=True).start()
    host = f"127.0.0.1:{server.port}"
    until(lambda: memory.files and (delay is None or host in memory.hosts))
    state = memory.host(host)
    assert (state.crawl_delay_s if state else None) == delay


def test_requests_far_down_the_line_of_a_slowed_host_come_back_later(serve, fetching, memory) -> None:
    """With ten seconds between requests, a round does not wait for a hundred of them."""
    server = serve(answer())
    memory.save_host(HostState(f"127.0.0.1:{server.port}", crawl_delay_s=10))
    fetcher = fetching()
    results = fetcher.each(Request(server.url(f"/{n}")) for n in range(100))
    outcomes = [next(results)[1] for _ in range(60)]
    assert all(
        isinstance(outcome, Refused) and outcome.retry_after_s
        for outcome in outcomes
        if not isinstance(outcome, Response)
    )
    assert sum(isinstance(outcome, Response) for outcome in outcomes) <= 1


def test_giant_robots_is_read_up_to_its_cap(serve, fetching, memory) -> None:
    """500 KiB are read, the rest is left, and the rules in the first part hold."""
    text = "User-agent: *\nDisallow: /no\n" + "#" * 100 + "\n" + "x: y\n" * 200_000 + "Disallow: /late\n"
    server = serve(rules(text))
    fetcher = fetching()
    with pytest.raises(Refused):
        fetcher.get(Request(server.url("/no"), robots=True))
    assert fetcher.get(Request(server.url("/late"), robots=True)).status == 200
    assert len(memory.files[server.url("").rstrip("/")].body) == 500 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00",
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /no\n",
        b"<html>no rules</html>",
        b"User-agent: *\r\rDisallow: /no",
        b"\x00" * 1000,
    ],
)
def test_odd_robots_never_breaks_anything(body: bytes, serve, fetching) -> None:
    """Whatever stands at /robots.txt, other pages can be fetched."""
    server = serve(late(lambda asked: answer(body if asked.path == "/robots.txt" else b"page")))
    assert fetching().get(Request(server.url("/yes"), robots=True)).status == 200


@pytest.mark.parametrize(("text", "allowed"), [
    ("User-agent: reader\nDisallow: /x", True),  # the beginning of our name is not our name
    ("User-agent: Reader-Two/9.1\nDisallow: /x", False),
    ("useragent reader-two\nDisallow: /x", False),
    ("User-agent: a\nUser-agent: reader-two\nUser-agent: b\nDisallow: /x", False),
    ("User-agent: *\nDisallow: /x\n\nUser-agent: other\nDisallow: /\n\nUser-agent: third\nDisallow: /", False),
    ("User-agent: other\nDisallow: /\nUser-agent: *\nAllow: /x\n\nUser-agent: more\nDisallow: /", True),
    ("User-agent: reader-two\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
    ("User-agent: *bot\nDisallow: /", True),
    ("Disallow: /x\nUser-agent: *\nDisallow: /y", True),
])  # fmt: skip
def test_group_is_ours_by_our_whole_name(text: str, allowed: bool) -> None:
    """Groups of others do not count, wherever they stand (RFC 9309 section 2.2.1)."""
    assert read_rules(text, "reader-two").allow("http://h/x") is allowed


def test_robots_with_many_names_and_many_rules_stays_small() -> None:
    """The rules of a group are not kept once for each of its names."""
    names = "".join(f"User-agent: a{n}\n" for n in range(5000))
    text = names + "User-agent: *\n" + "".join(f"Disallow: /{n}\n" for n in range(10_000))
    begun = time.monotonic()
    assert not read_rules(text, "mine").allow("http://h/77")
    assert time.monotonic() - begun < 5


def test_hostile_patterns_are_matched_in_no_time(serve, fetching) -> None:
    """Thousands of wildcard rules do not hold up a thread."""
    text = "User-agent: *\n" + "Disallow: /*a*a*a*a*a*a*a*a*a*a*a*a*b$\n" * 5000
    server = serve(rules(text))
    begun = time.monotonic()
    assert fetching().get(Request(server.url("/" + "a" * 2000), robots=True)).status == 200
    assert time.monotonic() - begun < 10


# --- explain ------------------------------------------------------------------------------------------------------


def test_explain_tells_every_hop(serve, fetching) -> None:
    """Hops with addresses and times, validators, caching, robots and the host's budget."""
    server = serve(routes(robots_txt=answer(b"User-agent: *\nDisallow: /no"), start=answer(b"", "301 Moved", "Location: /end?token=s3cr3t"),
                          end=answer(b"<rss/>", "200 OK", 'ETag: "v"', "Cache-Control: max-age=60", "Content-Type: application/rss+xml")))  # fmt: skip
    told = fetching().explain(Request(server.url("/start"), robots=True))
    assert [(hop.status, hop.meaning, hop.address) for hop in told.hops] == [
        (301, "301 Moved Permanently", "127.0.0.1"),
        (200, "200 OK", "127.0.0.1"),
    ]
    assert told.hops[0].location == server.url("/end?token=REDACTED")
    assert dict(told.hops[1].caching)["cache-control"] == "max-age=60"
    assert dict(told.hops[0].spent_s)["connecting"] >= 0
    assert told.validators.etag == '"v"'
    assert told.moved_to == server.url("/end?token=REDACTED")
    assert told.robots == "robots.txt allows it"
    assert (told.error, told.body_bytes, told.partial) == (None, 6, False)
    assert "s3cr3t" not in repr(replace(told, response=None))


def test_explain_explains_errors(serve, fetching) -> None:
    """What cannot be fetched is explained, not raised."""
    server = serve(rules("User-agent: *\nDisallow: /no\n"))
    assert "does not allow" in (fetching().explain(Request(server.url("/no"), robots=True)).error or "")
    assert "number" in (fetching().explain(Request("http://127.1/", robots=True)).error or "")
    assert "404" in (fetching().explain(Request(serve(answer(b"", "404 Not Found")).url("/x"))).error or "")
    told = fetching().explain(Request(serve(answer(b"", "503 Busy", "Retry-After: 60")).url("/x")))
    assert (told.rest_s, told.host.failures) == (60, 1)


def test_robots_that_can_not_be_had_says_why(serve, fetching) -> None:
    """So that a person looks in the right place."""
    server = serve(routes(robots_txt=answer(b"", "500 Oh"), page=answer()))
    fetcher = fetching()
    with pytest.raises(Refused, match=r"nothing is allowed for now \(500 Internal"):
        fetcher.get(Request(server.url("/page"), robots=True))
