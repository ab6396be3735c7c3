"""Run as a program: `aggregator` with everything loaded, which runs commands in forks of itself.

    warm_program.py SOCKET

Loading the program takes a second of processor time, which a hundred tests need not spend each. What a test asks for
runs in a process of its own all the same, with its own arguments, environment and standard streams. It ends with its
standard input.

A request is one message: JSON (`arguments`, `environ`, `folder`), and the descriptors of three streams. What comes back
are lines: the number of the process, and when it has ended its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import sys

LOADED = (
    "aggregator.cli",
    "aggregator.pipeline.pipeline",
    "aggregator.pipeline.parsing",
    "aggregator.web",
    "aggregator.scrape.article",
)
REQUEST_BYTES = 1 << 20


def serve(place: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    watch(connection)


def watch(connection: socket.socket) -> None:
    """Answer one request, and be gone. Only the process that runs the command returns from this, by an exception."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, streams, _, _ = socket.recv_fds(connection, REQUEST_BYTES, 3)
    if not data:
        os._exit(0)  # somebody looked whether we are there
    request = json.loads(data)
    if (child := os.fork()) == 0:
        connection.close()
        run(request, streams)
    connection.sendall(f"{child}\n".encode())
    status = os.waitpid(child, 0)[1]
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def run(request: dict[str, object], streams: list[int]) -> None:
    """Become the program; the interpreter ends as it does for any other."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(dict(request["environ"]))  # type: ignore[call-overload]
    sys.argv = ["aggregator", *request["arguments"]]  # type: ignore[misc]
    importlib.import_module("aggregator.__main__").main()
    sys.exit()


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    serve(sys.argv[1])
