"""Hosts that cannot be reached: one of them has failed, all of them at once mean that our own network is down."""

from __future__ import annotations

import pytest
from support.rawserver import answer

from aggregator.fetch import client as door
from aggregator.fetch.hosts import LATELY, OFFLINE_RETRY_S
from aggregator.models import Request, Response
from aggregator.models.errors import FetchError, Offline

NAMES = tuple(f"host{number}.example" for number in range(10))


class Names:
    """A resolver for a network that can be cut: everything but `dead` is on loopback."""

    def __init__(self, *dead: str) -> None:
        self.dead, self.cut = set(dead), False

    def __call__(self, host: str, port: int) -> list[str]:
        if self.cut or host in self.dead:
            raise OSError("no such host")
        return ["127.0.0.1"]


def asked(fetcher, port: int, names=NAMES, path: str = "/feed", **options) -> dict[str, object]:
    requests = [Request(f"http://{name}:{port}{path}", **options) for name in names]
    return {request.url.split("/")[2].split(":")[0]: outcome for request, outcome in fetcher.each(requests)}


def test_when_no_host_can_be_reached_it_is_the_network(serve, fetching, memory, clock) -> None:
    """Each request says so and when to come back; no host is held to have failed, and all answer once it is back."""
    server, names = serve(answer()), Names()
    names.cut = True
    fetcher = fetching(names)
    for _ in range(3):
        outcomes = asked(fetcher, server.port)
        assert {type(outcome) for outcome in outcomes.values()} == {Offline}
        assert {outcome.retry_after_s for outcome in outcomes.values()} == {OFFLINE_RETRY_S}
        assert "no address for host host0.example" in outcomes["host0.example"].message
        clock.forward(OFFLINE_RETRY_S)
    assert all(state.failures == 0 and state.not_before is None for state in memory.hosts.values())
    with pytest.raises(Offline):
        fetcher.get(Request(f"http://host3.example:{server.port}/"))
    names.cut = False
    assert all(isinstance(outcome, Response) for outcome in asked(fetcher, server.port).values())


def test_a_few_hosts_that_are_gone_are_not_the_network(serve, fetching, memory) -> None:
    """Hosts that fail among others that answer have failed themselves, in the same round and in later ones of their own."""
    server, names = serve(answer()), Names(*NAMES[:4])
    fetcher = fetching(names)
    outcomes = asked(fetcher, server.port)
    assert [type(outcomes[name]) is Response for name in NAMES] == [False] * 4 + [True] * 6
    assert not any(isinstance(outcome, Offline) for outcome in outcomes.values())
    assert all(memory.hosts[f"{name}:{server.port}"].failures == 1 for name in NAMES[:4])


def test_hosts_that_failed_before_say_nothing_about_the_network(serve, fetching, clock) -> None:
    """Dead feeds whose turns come together, long after anything else was asked, do not look like an outage."""
    server, names = serve(answer()), Names(*NAMES[:4])
    fetcher = fetching(names)
    asked(fetcher, server.port)
    clock.forward(LATELY.total_seconds() + 60)
    outcomes = asked(fetcher, server.port, NAMES[:4])
    assert all(isinstance(outcome, FetchError) and not isinstance(outcome, Offline) for outcome in outcomes.values())


def test_one_host_of_the_own_network_may_answer(serve, fetching) -> None:
    """Nine of ten out of reach are enough; what answers, answers."""
    server, names = serve(answer()), Names(*NAMES[1:])
    outcomes = asked(fetching(names), server.port)
    assert isinstance(outcomes["host0.example"], Response)
    assert sum(isinstance(outcome, Offline) for outcome in outcomes.values()) == 9


def test_two_hosts_are_too_few_to_tell(serve, fetching) -> None:
    """With only two feeds nobody knows whose failure it is; and a refused connection is an answer from somebody."""
    server, names = serve(answer()), Names(*NAMES)
    assert not any(isinstance(found, Offline) for found in asked(fetching(names), server.port, NAMES[:2]).values())
    server.close()
    names.dead.clear()
    assert not any(isinstance(found, Offline) for found in asked(fetching(names), server.port).values())


def test_an_outage_does_not_shut_pages_out_by_robots_txt(serve, fetching, memory) -> None:
    """A robots.txt that our network kept from us forbids nothing: pages are asked for as soon as it is back."""
    server, names = serve(answer()), Names()
    names.cut = True
    fetcher = fetching(names)
    asked(fetcher, server.port)
    outcomes = asked(fetcher, server.port, path="/page", robots=True)
    assert {type(outcome) for outcome in outcomes.values()} == {Offline}
    assert memory.files == {}
    names.cut = False
    assert all(isinstance(outcome, Response) for outcome in asked(fetcher, server.port, robots=True).values())


def test_a_long_outage_is_told_of_while_it_is_found_out(serve, fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    """With many feeds and a deadline each, the last would keep back the first for longer than a watchdog waits."""
    monkeypatch.setattr(door, "HELD_BACK_S", 0.0)
    server, names = serve(answer()), Names()
    names.cut = True
    requested: list[str] = []

    def requests():
        for number in range(5000):
            requested.append(f"host{number}.example")
            yield Request(f"http://host{number}.example:{server.port}/feed")

    outcomes = fetching(names).each(requests())
    first = [type(next(outcomes)[1]) for _ in range(100)]
    assert len(requested) < 5000
    assert first[-1] is Offline
    outcomes.close()
