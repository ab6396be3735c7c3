"""What fetch remembers of hosts and robots.txt, over restarts and from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from support.store_builders import NOW

from aggregator.models import FetchMemory, HostState, RobotsFile
from aggregator.store import Store


def test_memory_survives_a_restart(path: Path) -> None:
    """What was saved is there after the file was closed and opened."""
    state = HostState("alpha.example", NOW, 3, 2.5)
    robots = RobotsFile("https://alpha.example", NOW, 200, "User-agent: *\nDisallow: /x\n")
    with Store.open(path) as store:
        memory: FetchMemory = store.hosts
        assert memory.host("alpha.example") is None
        assert memory.robots("https://alpha.example") is None
        memory.save_host(HostState("alpha.example"))
        memory.save_host(state)
        memory.save_robots(robots)
        assert memory.host("alpha.example") == state
    with Store.open(path) as store:
        assert store.hosts.host("alpha.example") == state
        assert store.hosts.robots("https://alpha.example") == robots
        store.hosts.save_robots(RobotsFile("https://alpha.example", NOW, 0, ""))
        robots_again = store.hosts.robots("https://alpha.example")
        assert robots_again is not None
        assert robots_again.status == 0


def test_f10_a_host_is_never_asked_early(path: Path) -> None:
    """A Retry-After with a fraction of a second is kept as the next whole second."""
    with Store.open(path) as store:
        store.hosts.save_host(HostState("alpha.example", NOW.replace(microsecond=1)))
    with Store.open(path) as store:
        state = store.hosts.host("alpha.example")
        assert state is not None
        assert state.not_before == NOW + timedelta(seconds=1)


def test_many_threads(store: Store) -> None:
    """Sixteen threads that read and write at the same time lose nothing."""

    def work(number: int) -> None:
        for turn in range(5):
            store.hosts.save_host(HostState(f"h{number}.example", NOW, turn))
            store.hosts.host(f"h{turn}.example")
            store.feeds()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(16)))
    assert all((state := store.hosts.host(f"h{number}.example")) and state.failures == 4 for number in range(16))


def test_what_is_known_already_is_not_written(store: Store) -> None:
    """Saving the same state again does not wait for the disk."""
    store.hosts.save_host(HostState("alpha.example", NOW))
    size = store.path.with_name(store.path.name + "-wal").stat().st_size
    for _ in range(20):
        store.hosts.save_host(HostState("alpha.example", NOW))
    assert store.path.with_name(store.path.name + "-wal").stat().st_size == size
