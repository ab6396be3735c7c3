"""Connections that stand where urllib3's own would: guarded, owned by a call, with errors in words.

Only a `Connector` opens them, and every one belongs to the `Deadline` of the thread that uses it, so that its end
shuts it, during the TLS handshake too. Cookies and retries do not exist here.

Opens sockets: resolves once, asks the guard about every address, connects to one that passed.

The address that was checked is the address that is connected to; the name is not looked up again. The operating
system's own resolver is asked unless another is given. What goes wrong becomes a FetchError in words for a person.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import urllib3
import urllib3.connection
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssl_match_hostname import CertificateError

from aggregator.fetch.deadline import Deadline, NoAnswer, Phase, Unreached
from aggregator.fetch.guard import Address, AddressGuard
from aggregator.fetch.headers import MAX_HEADER_BYTES, ResponseHead, TooManyFields
from aggregator.models.errors import FetchError, Misled, Refusal, Refused, TooLarge

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to addresses, as text; raises OSError when there are none."""

MAX_ADDRESSES = 6
"""Addresses of one host that are tried in turn."""

_ADDRESS_SHARE_S = 5.0
"""Seconds for an address that does not answer, when there are others to try (RFC 8305 has 250 ms, in parallel)."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system has for `host`, in its order of preference (RFC 6724)."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Connector:
    """Opens sockets to where the guard lets us."""

    def __init__(self, guard: AddressGuard, resolver: Resolver = system_resolver) -> None:
        self.guard = guard
        self._resolver = resolver

    def open(self, host: str, port: int, call: Deadline, *, named: bool = False) -> socket.socket:
        """A connected socket; `named`: the operator has named this very place (a proxy), so that it may be anywhere.

        Raises Refused when no address may be reached, TimedOut, or FetchError.
        """
        call.enter(Phase.LOOKUP)
        addresses = self.lookup(host, port, call)
        permitted = [address for address in addresses if named or self.guard.permits(host, address)][:MAX_ADDRESSES]
        if not permitted:
            kind = Refused if _address(host) is not None else Misled
            where = "" if host.strip("[]") == str(addresses[0]) else f" at {addresses[0]}, which is"
            raise kind(call.url, f"{host} is{where} not a public address (see network.allow)", Refusal.ADDRESS)
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
            call.url, f"cannot connect to {host}: {reason(problem)}"
        ) from problem

    def lookup(self, host: str, port: int, call: Deadline) -> list[Address]:
        """Every address of `host`, asked once, for no longer than the call has time."""
        literal = _address(host)
        if literal is not None:
            return [literal]
        found = self._ask(host.rstrip("."), port, call)
        addresses = [address for text in dict.fromkeys(found) if (address := _address(text)) is not None]
        if not addresses:
            raise Unreached(call.url, f"{host} has no address")
        return addresses

    def _ask(self, host: str, port: int, call: Deadline) -> Sequence[str]:
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


def _connect(address: Address, port: int, call: Deadline, *, alone: bool) -> socket.socket:
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


class StaleConnection(Exception):
    """A kept connection was closed by the server before it answered: ask again (RFC 9112 section 9.3.1)."""


class _Current(threading.local):
    """The call that this thread is making, and who opens its sockets: urllib3 has no way to hand them through."""

    call: Deadline | None = None
    opener: Connector | None = None
    proxy: tuple[str, int] | None = None


_current = _Current()


@contextlib.contextmanager
def calling(call: Deadline, opener: Connector, proxy: tuple[str, int] | None = None) -> Iterator[None]:
    """Within, every connection that this thread opens or uses belongs to `call`, and leads to a given `proxy`."""
    _current.call, _current.opener, _current.proxy = call, opener, proxy
    try:
        yield
    finally:
        _current.call = _current.opener = _current.proxy = None


def _call() -> Deadline:
    assert _current.call is not None, "a connection outside of a call"
    return _current.call


class GuardedConnection(urllib3.connection.HTTPConnection):
    """A connection that only an `Connector` opens, and that always belongs to the current call."""

    response_class = ResponseHead

    def _new_conn(self) -> socket.socket:
        call = _call()
        assert _current.opener is not None
        call.reused = False
        named = _current.proxy == (self._dns_host, self.port)
        return _current.opener.open(self._dns_host, self.port, call, named=named)

    def request(self, *args: Any, **kwargs: Any) -> None:
        call = _call()
        if self.sock is not None:
            call.hold(self.sock)
        try:
            super().request(*args, **kwargs)
            if self.sock is not None:
                call.address = call.address or str(self.sock.getpeername()[0])
        except OSError as error:
            raise _broken(call, error) from error
        call.enter(Phase.WAIT)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        call = _call()
        try:
            response = super().getresponse()
        except TooManyFields as error:
            call.check()
            raise TooLarge(call.url, "the answer has too many header fields") from error
        except http.client.LineTooLong as error:
            call.check()
            raise TooLarge(call.url, f"the header of the answer is over {MAX_HEADER_BYTES // 1024} KiB") from error
        except OSError as error:
            raise _broken(call, error) from error
        except (http.client.HTTPException, ValueError) as error:
            call.check()
            raise FetchError(call.url, "the answer is not HTTP") from error
        try:
            call.check()
        except FetchError:
            response.close()
            raise
        call.enter(Phase.BODY)
        return response

    def close(self) -> None:
        if _current.call is not None and self.sock is not None:
            _current.call.let_go(self.sock)
        super().close()


class GuardedTLSConnection(GuardedConnection, urllib3.connection.HTTPSConnection):
    """The same over TLS. What TLS refuses is an error; nothing is ever sent in the clear instead."""

    def connect(self) -> None:
        call = _call()
        try:
            super().connect()
        except (OSError, CertificateError) as error:
            call.check()
            if _current.proxy is not None and type(error) is OSError and error.errno is None:  # its answer to CONNECT
                raise NoAnswer(call.url, "the proxy (`proxy` in feeds.yaml) does not let it through") from error
            raise NoAnswer(call.url, f"{self.host}: {reason(error)}") from error


class _Shakeable(ssl.SSLSocket):
    """Lets the current call hold the socket during the handshake: the plain one has lost its descriptor by then."""

    def do_handshake(self, block: bool = False) -> None:
        call = _call()
        call.enter(Phase.TLS)
        try:
            call.hold(self)
            self.settimeout(call.remaining())
        except FetchError:
            self.close()  # ssl does that for its own errors only
            raise
        super().do_handshake(block)


def tls_context() -> ssl.SSLContext:
    """One context for all connections: certificates are verified against requests' and the system's authorities."""
    context = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    context.load_default_certs()
    context.sslsocket_class = _Shakeable
    return context


def _broken(call: Deadline, error: OSError) -> Exception:
    """What a connection that broke before its answer means."""
    call.check()
    if call.reused:
        return StaleConnection()
    if isinstance(error, http.client.RemoteDisconnected):
        return NoAnswer(call.url, "the server closed the connection without an answer")
    return NoAnswer(call.url, reason(error))
