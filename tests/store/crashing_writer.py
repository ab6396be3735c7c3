"""Run as a program: writes to a store until it is killed, again and again, and says what was acknowledged.

    crashing_writer.py DATABASE ROUNDS SEED

Each round forks a child that polls, scrapes and publishes as fast as it can, and tells each thing that a call has
returned from through a pipe; after a random moment it is killed with SIGKILL: counted from its start, or in every second
round from the first time that it told of everything. What it told is printed, one JSON array a round. (A program of its
own, since a test process with threads must not fork.)
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.store import Store


def write_until_killed(path: Path, round_number: int, pipe: int) -> None:
    with Store.open(path) as store:
        room = Newsroom(store)
        for number in count():
            names = [f"r{round_number}-{number}-{letter}" for letter in "abc"]
            room.poll(*(entry(name) for name in names))
            tell(pipe, *(f"entry {name}" for name in names))
            for name in names[:2]:
                room.scrape(f"https://alpha.example/{name}", f"The text of {name}. " * 200)
                tell(pipe, f"scraped {name}")
            room.store.publish(NOW, HOUR)
            tell(pipe, *(f"published {name}" for name in names[:2]))


def tell(pipe: int, *lines: str) -> None:
    os.write(pipe, "".join(line + "\n" for line in lines).encode())


def killed_after(path: Path, round_number: int, seconds: float) -> list[str]:
    """What the child was told to be done before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write_until_killed(path, round_number, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = b""
        while round_number % 2 and b"published" not in told and (line := pipe.readline()):
            told += line
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [line.decode() for line in (told + pipe.read()).split(b"\n")[:-1]]


def main() -> None:
    path, rounds, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    for number in range(rounds):
        sys.stdout.write(json.dumps(killed_after(path, number, chance.uniform(0.005, 0.12))) + "\n")


if __name__ == "__main__":
    main()
