"""Connections that stand where urllib3's own would: guarded, owned by a call, with errors in words.

Only an `Opener` opens them, and every one belongs to the `Call` of the thread that uses it, so that the call's end
shuts it, during the TLS handshake too. Proxies, cookies and retries do not exist here.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import urllib3
import urllib3.connection
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssl_match_hostname import CertificateError

from aggregator.fetch.calls import Call, NoAnswer, Phase
from aggregator.fetch.head import MAX_HEADER_BYTES, Head
from aggregator.fetch.opener import Opener, reason
from aggregator.models.errors import FetchError, TooLarge


class StaleConnection(Exception):
    """A kept connection was closed by the server before it answered: ask again (RFC 9112 section 9.3.1)."""


class _Current(threading.local):
    """The call that this thread is making, and who opens its sockets: urllib3 has no way to hand them through."""

    call: Call | None = None
    opener: Opener | None = None


_current = _Current()


@contextlib.contextmanager
def calling(call: Call, opener: Opener) -> Iterator[None]:
    """Within, every connection that this thread opens or uses belongs to `call`."""
    _current.call, _current.opener = call, opener
    try:
        yield
    finally:
        _current.call = _current.opener = None


def _call() -> Call:
    assert _current.call is not None, "a connection outside of a call"
    return _current.call


class GuardedConnection(urllib3.connection.HTTPConnection):
    """A connection that only an `Opener` opens, and that always belongs to the current call."""

    response_class = Head

    def _new_conn(self) -> socket.socket:
        call = _call()
        assert _current.opener is not None
        call.reused = False
        return _current.opener.open(self._dns_host, self.port, call)

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
        except http.client.LineTooLong as error:
            call.check()
            raise TooLarge(call.url, f"the header of the answer is over {MAX_HEADER_BYTES // 1024} KiB") from error
        except OSError as error:
            raise _broken(call, error) from error
        except (http.client.HTTPException, ValueError) as error:
            call.check()
            if "more than" in str(error):
                raise TooLarge(call.url, "the answer has too many header fields") from error
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


def _broken(call: Call, error: OSError) -> Exception:
    """What a connection that broke before its answer means."""
    call.check()
    if call.reused:
        return StaleConnection()
    if isinstance(error, http.client.RemoteDisconnected):
        return NoAnswer(call.url, "the server closed the connection without an answer")
    return NoAnswer(call.url, reason(error))
