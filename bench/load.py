"""Load test of the fetch stage: a thousand hosts on loopback, some of which drip.

    python -m bench.load [--feeds 1000] [--dripping 50] [--timeout 5] [--rounds 4]

Every feed is on a loopback address of its own (127.16.0.1 and on), so that it is a host of its own. The healthy ones
answer after 50 ms, with 30 KB or a 304; the dripping ones send a byte every half second for ever. Between two rounds
the clock is put forward by a poll interval of 15 minutes, so that hosts that were given a rest are tried again.
It prints, for each round, how long it took and how late the healthy feeds were, and at the end the resident memory.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import multiprocessing.connection
import resource
import time
from datetime import UTC, datetime, timedelta

from aggregator.fetch import Fetcher
from aggregator.models import HostState, Request, Response, RobotsFile, Validators
from aggregator.settings import Network

FEED = b"<rss><channel>" + b"<item><title>One of many</title></item>" * 770 + b"</channel></rss>"
LATENCY_S = 0.05
DRIP_S = 0.5
POLL_INTERVAL = timedelta(minutes=15)


def address(number: int) -> str:
    return f"127.16.{number // 250}.{number % 250 + 1}"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, drips: bool) -> None:
    try:
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            if drips:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n")
                while True:
                    writer.write(b"<")
                    await writer.drain()
                    await asyncio.sleep(DRIP_S)
            await asyncio.sleep(LATENCY_S)
            if b"If-None-Match" in asked:
                writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
            else:
                writer.write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n' % len(FEED) + FEED)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(feeds: int, dripping: int, ready: multiprocessing.connection.Connection) -> None:
    """Listen on all addresses with one port, until killed. Every `feeds / dripping`-th feed drips."""

    async def listen() -> None:
        port = 0
        step = max(feeds // max(dripping, 1), 1)
        for number in range(feeds):
            drips = number % step == 0 and number // step < dripping
            server = await asyncio.start_server(
                lambda reader, writer, drips=drips: answer(reader, writer, drips=drips), address(number), port
            )
            port = server.sockets[0].getsockname()[1]
        ready.send(port)
        await asyncio.Event().wait()

    asyncio.run(listen())


class Memory:
    """What a database would keep."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostState] = {}

    def host(self, host: str) -> HostState | None:
        return self._hosts.get(host)

    def save_host(self, state: HostState) -> None:
        self._hosts[state.host] = state

    def robots(self, origin: str) -> RobotsFile | None:  # noqa: ARG002 -- feeds do not ask
        return None

    def save_robots(self, robots: RobotsFile) -> None:
        raise NotImplementedError


def measure(feeds: int, dripping: int, timeout_s: float, rounds: int) -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(feeds, dripping, theirs), daemon=True)
    server.start()
    port = ours.recv()
    ahead = timedelta(0)
    network = Network(allow=("127.16.0.0/16",), timeout_s=timeout_s)
    print(f"{feeds} feeds, {dripping} dripping, {network.threads} threads, timeout {timeout_s:g} s")
    print("round    wall s   healthy: median s    99 %    last   rounds an hour   failed")
    seen: dict[int, Validators] = {}
    try:
        with Fetcher(network, Memory(), clock=lambda: datetime.now(UTC) + ahead) as fetcher:
            for number in range(1, rounds + 1):
                one_round(fetcher, port, feeds, seen, number)
                ahead += POLL_INTERVAL
    finally:
        server.kill()
        server.join()
    print(f"resident memory at its highest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def one_round(fetcher: Fetcher, port: int, feeds: int, seen: dict[int, Validators], number: int) -> None:
    requests = (
        Request(f"http://{address(feed)}:{port}/feed", key=feed, validators=seen.get(feed, Validators()))
        for feed in range(feeds)
    )
    begun = time.monotonic()
    late: list[float] = []
    failed = 0
    for request, outcome in fetcher.each(requests):
        if isinstance(outcome, Response):
            late.append(time.monotonic() - begun)
            seen[request.key] = outcome.validators
        else:
            failed += 1
    wall = time.monotonic() - begun
    late.sort()
    median, most = late[len(late) // 2], late[len(late) * 99 // 100]
    print(f"{number:5}  {wall:8.1f}  {median:18.2f}  {most:6.2f}  {late[-1]:6.2f}  {3600 / wall:15.0f}  {failed:7}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--dripping", type=int, default=50)
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for one request (default setting: 30)")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    measure(options.feeds, options.dripping, options.timeout, options.rounds)


if __name__ == "__main__":
    main()
