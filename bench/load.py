"""Load test: a thousand feeds on loopback, some of which drip, polled by the whole program.

    python -m bench.load [--feeds 1000] [--dripping 50] [--timeout 5] [--rounds 4] [--items 3]

Every feed is on a loopback address of its own (127.16.0.1 and on), so that it is a host of its own. The healthy ones
answer after 50 ms, with a document of 30 KB or a 304; the dripping ones send a byte every half second forever. A
process of its own runs the real pipeline on a new data folder: fetch, parse, clean, store, emit. Between two rounds its
clock is put forward by a poll interval of 15 minutes, so that hosts that were given a rest are tried again.

Printed for each round: how long its polls took, and all of it; how late the healthy feeds were asked, by the server's
log; how many polls failed. At the end the memory of the program and its workers together: PSS, which counts what
processes share once, sampled every quarter of a second, and RSS, which counts it in each.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import multiprocessing
import multiprocessing.connection
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

from aggregator.config.settings import Config

LATENCY_S = 0.05
DRIP_S = 0.5
POLL_INTERVAL = timedelta(minutes=15)
DOCUMENT_BYTES = 30_000
VOCABULARY = 60_000
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n'
SAMPLE_S = 0.25
SPAWN = multiprocessing.get_context("spawn")


def address(number: int) -> str:
    return f"127.16.{number // 250}.{number % 250 + 1}"


def document(feed: int, items: int) -> bytes:
    """A feed of about DOCUMENT_BYTES, its words spread as those of a language are: few are frequent, most are rare."""
    dice = random.Random(feed)
    parts = []
    for item in range(items):
        chosen = dice.choices(range(VOCABULARY), cum_weights=_spread(), k=DOCUMENT_BYTES // max(items, 1) // 9)
        text = " ".join(f"word{number:x}" for number in chosen)
        parts.append(
            f"<item><title>Post {item} of feed {feed}</title><guid>{feed}-{item}</guid>"
            f"<link>http://{address(feed)}/{item}</link><description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )
    return f"<rss version='2.0'><channel><title>Feed {feed}</title>{''.join(parts)}</channel></rss>".encode()


@cache
def _spread() -> list[float]:
    return list(itertools.accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))


def serve(feeds: int, dripping: int, items: int, log: str, ready: multiprocessing.connection.Connection) -> None:
    """Listen on all addresses with one port, until killed. Every `feeds / dripping`-th feed drips."""
    step = max(feeds // max(dripping, 1), 1)

    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                if number % step == 0 and number // step < dripping:
                    await drip(writer)
                await asyncio.sleep(LATENCY_S)
                if b"if-none-match" in asked.lower():
                    writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
                else:
                    body = document(number, items)
                    writer.write(HEAD % len(body) + body)
                await writer.drain()
                seen.write(f"{time.monotonic()}\n")
                seen.flush()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def listen() -> None:
        port = 0
        for number in range(feeds):
            made = await asyncio.start_server(lambda r, w, n=number: answer(n, r, w), address(number), port)
            port = made.sockets[0].getsockname()[1]
        ready.send(port)
        await asyncio.Event().wait()

    with Path(log).open("a", encoding="ascii") as seen:
        asyncio.run(listen())


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n")
    while True:
        writer.write(b"<")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


@dataclass(frozen=True, slots=True)
class Round:
    """When a round began and ended, and when its polls had ended (monotonic seconds); its figures."""

    began: float
    polled: float
    ended: float
    polls: int
    unchanged: int
    failed: int


def run(config: Config, folder: str, rounds: int, told: multiprocessing.connection.Connection) -> None:
    """The program: `rounds` rounds of the pipeline, the clock put forward between them."""
    import logging

    from aggregator.config import logs
    from aggregator.pipeline.pipeline import Tally, opened

    logs.configure(level=logging.CRITICAL)
    ahead = timedelta(0)
    with opened(config, Path(folder), lambda: datetime.now(UTC).replace(microsecond=0) + ahead) as pipeline:
        for _ in range(rounds):
            tally, began = Tally(), time.monotonic()
            pipeline.poll(tally, force=True)
            polled = time.monotonic()
            pipeline.scrape(tally)
            pipeline.emit(tally)
            told.send(Round(began, polled, time.monotonic(), tally.polled, tally.unchanged, tally.failed))
            ahead += POLL_INTERVAL
    told.send(None)


class Memory:
    """The highest memory of a process and all below it, sampled from /proc until `stop`."""

    def __init__(self, pid: int) -> None:
        self.pss_mb = self.rss_mb = 0.0
        self.processes = 0
        self._pid = pid
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            found = [usage for pid in tree(self._pid) if (usage := _usage(pid))]
            self.processes = max(self.processes, len(found))
            self.pss_mb = max(self.pss_mb, sum(pss for pss, _ in found) / 1024)
            self.rss_mb = max(self.rss_mb, sum(rss for _, rss in found) / 1024)


def tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def _usage(pid: int) -> tuple[int, int] | None:
    """PSS and RSS in KiB; None when the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:] if line.split()[1].isdigit()}
    return sizes.get("Pss", 0), sizes.get("Rss", 0)


def started(target: Callable[..., None], *arguments: object) -> BaseProcess:
    process = SPAWN.Process(target=target, args=arguments, daemon=False)
    process.start()
    return process


def measure(options: argparse.Namespace, folder: Path) -> None:
    log = folder / "asked"
    log.touch()
    ours, theirs = SPAWN.Pipe()
    server = started(serve, options.feeds, options.dripping, options.items, str(log), theirs)
    program = None
    try:
        port = ours.recv()
        config = Config.model_validate(
            {
                "network": {"allow": ["127.16.0.0/16"], "timeout_s": options.timeout},
                "defaults": {"full_text": "never"},
                "feeds": [{"url": f"http://{address(n)}:{port}/feed", "name": f"F{n}"} for n in range(options.feeds)],
            }
        )
        print(
            f"{options.feeds} feeds, {options.dripping} dripping, {config.network.threads} threads, timeout "
            f"{options.timeout:g} s, {options.items} items of {DOCUMENT_BYTES // 1000 // options.items} KB in each"
        )
        print("round   polls s   all s   healthy: median s    99 %    last   rounds an hour   unchanged   failed")
        told, tells = SPAWN.Pipe()
        program = started(run, config, str(folder / "data"), options.rounds, tells)
        memory = Memory(program.pid or 0)
        number = 0
        while (done := told.recv()) is not None:
            number += 1
            show(number, done, log)
        memory.stop()
        print(f"the program at its highest, {memory.processes} processes: {memory.pss_mb:.0f} MB PSS "
              f"({memory.rss_mb:.0f} MB RSS, shared pages counted in each)")  # fmt: skip
    finally:
        for process in (program, server):
            if process is not None:
                process.kill()
                process.join()


def show(number: int, done: Round, log: Path) -> None:
    late = sorted(
        moment - done.began for moment in map(float, log.read_text().split()) if done.began <= moment <= done.polled
    )
    median, most = late[len(late) // 2], late[len(late) * 99 // 100]
    polls, whole = done.polled - done.began, done.ended - done.began
    print(
        f"{number:5}  {polls:8.1f}  {whole:6.1f}  {median:18.2f}  {most:6.2f}  {late[-1]:6.2f}  {3600 / whole:15.0f}"
        f"  {done.unchanged:10}  {done.failed:7}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--dripping", type=int, default=50)
    parser.add_argument("--items", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for one request (default setting: 30)")
    parser.add_argument("--rounds", type=int, default=4)
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        measure(parser.parse_args(), Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
