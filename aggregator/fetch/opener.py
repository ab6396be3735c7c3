"""Opens sockets: resolves once, asks the guard about every address, connects to one that passed.

The address that was checked is the address that is connected to; the name is not looked up again. The operating
system's own resolver is asked unless another is given. What goes wrong becomes a FetchError in words for a person.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Sequence

from urllib3.util.ssl_match_hostname import CertificateError

from aggregator.fetch.calls import Call, NoAnswer, Phase, Unreached
from aggregator.fetch.guard import Address, Guard
from aggregator.models.errors import Misled, Refused

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to addresses, as text; raises OSError when there are none."""

MAX_ADDRESSES = 6
"""Addresses of one host that are tried in turn."""

_ADDRESS_SHARE_S = 5.0
"""Seconds for an address that does not answer, when there are others to try (RFC 8305 has 250 ms, in parallel)."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system has for `host`, in its order of preference (RFC 6724)."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Opener:
    """Opens sockets to where the guard lets us."""

    def __init__(self, guard: Guard, resolver: Resolver = system_resolver) -> None:
        self._guard = guard
        self._resolver = resolver

    def open(self, host: str, port: int, call: Call) -> socket.socket:
        """A connected socket. Raises Refused when no address may be reached, TimedOut, or FetchError."""
        call.enter(Phase.LOOKUP)
        addresses = self.lookup(host, port, call)
        permitted = [address for address in addresses if self._guard.permits(host, address)][:MAX_ADDRESSES]
        if not permitted:
            kind = Refused if _address(host) is not None else Misled
            where = "" if host.strip("[]") == str(addresses[0]) else f" at {addresses[0]}, which is"
            raise kind(call.url, f"{host} is{where} not a public address (see network.allow)")
        call.enter(Phase.CONNECT)
        problem: OSError | None = None
        for index, address in enumerate(permitted):
            try:
                return _connect(address, port, call, alone=index == len(permitted) - 1)
            except OSError as error:
                problem = error
                call.check()
        answered = isinstance(problem, ConnectionError)  # refused, reset: somebody is there
        raise (NoAnswer if answered else Unreached)(
            call.url, f"can not connect to {host}: {reason(problem)}"
        ) from problem

    def lookup(self, host: str, port: int, call: Call) -> list[Address]:
        """Every address of `host`, asked once, for no longer than the call has time."""
        literal = _address(host)
        if literal is not None:
            return [literal]
        found = self._ask(host.rstrip("."), port, call)
        addresses = [address for text in dict.fromkeys(found) if (address := _address(text)) is not None]
        if not addresses:
            raise Unreached(call.url, f"{host} has no address")
        return addresses

    def _ask(self, host: str, port: int, call: Call) -> Sequence[str]:
        # getaddrinfo can neither be interrupted nor be given a time: it gets a thread of its own, which we may leave.
        answer: queue.SimpleQueue[Sequence[str] | Exception | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put(self._resolver(host, port))
            except Exception as error:  # noqa: BLE001 -- handed to the thread that waits
                answer.put(error)

        threading.Thread(target=ask, name="fetch-lookup", daemon=True).start()
        with call.ending_by(lambda: answer.put(None)):
            found = answer.get()
        call.check()
        if isinstance(found, OSError | UnicodeError):
            raise Unreached(call.url, f"no address for host {host}") from found
        if isinstance(found, Exception):
            raise found
        return found or ()


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _connect(address: Address, port: int, call: Call, *, alone: bool) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        call.hold(sock)
        sock.settimeout(call.remaining() if alone else min(call.remaining(), _ADDRESS_SHARE_S))
        sock.connect((str(address), port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(call.remaining())
    except BaseException:
        call.let_go()
        sock.close()
        raise
    call.address = str(address)
    return sock


def reason(error: BaseException | None) -> str:
    """What went wrong with a socket or with TLS, in words, without names or paths."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {error.verify_message}"
        case CertificateError():
            return "its certificate is for another host"
        case ssl.SSLError():
            return f"TLS failed ({(error.reason or 'no reason given').lower().replace('_', ' ')})"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return "the connection was reset"
        case TimeoutError():
            return "no answer"
        case OSError(strerror=str() as text):
            return text.lower()
        case _:
            return "the connection failed"
