"""One exchange: a GET of one URL, or a POST to it, its answer read under every cap, and nothing else.

Redirects are answers here; only the body of a 200 or 203 is read, and what is not read is dropped with its connection.
Nothing is retried but a request that met a kept connection which the server had closed; what we POST may arrive twice,
then, as it may when an answer is lost (WebSub's requests say the same when said twice). `requests` does the HTTP; its
redirects, cookies and netrc are off, and so are proxies, but for one that the operator has named.
"""

from __future__ import annotations

import contextlib
import functools
import http.cookiejar
import logging
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from aggregator.fetch.body import ACCEPT_ENCODING, Body, glimpse, read_body
from aggregator.fetch.connection import (
    Connector,
    GuardedConnection,
    GuardedTLSConnection,
    StaleConnection,
    calling,
    tls_context,
)
from aggregator.fetch.deadline import Deadline, Phase, Watchdog
from aggregator.fetch.headers import WHOLE
from aggregator.fetch.refusals import REFUSALS, barrier_of
from aggregator.models.errors import Barrier, FetchError
from aggregator.text.urls import redact

KEPT_HOSTS = 64
"""Hosts whose connections are kept open for the next request, beyond those in use."""

_SINGLE_FIELDS = frozenset(
    {"location", "content-type", "content-length", "retry-after", "last-modified", "etag", "date", "expires"}
)
"""Fields that hold one value (RFC 9110 section 5.3); should a server send more, the first counts."""

_BY_LINE = {"x-robots-tag": "\n", "set-cookie": "\n"}
"""Fields whose lines, joined with commas, would say something else: they begin with a name, or hold commas."""

for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.response"):
    # These log whole URLs, tokens included.
    logging.getLogger(_name).addFilter(lambda _record: False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one exchange gave: `headers` as in models.Response, seconds spent a phase, the address connected to, and
    what stands between us and the document, where that is known.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: Body
    address: str
    elapsed_s: float
    spent: Mapping[Phase, float]
    reused: bool
    barrier: Barrier | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One GET of `url` (in normal form, without credentials), or with a `body` a POST, within `seconds`.

    Of the answer `max_bytes` decoded are read at most: beyond that it is TooLarge, or with `cut` the rest is left;
    `keep_late` as in read_body. It goes through `proxy`, if there is one, which looks names up.
    """

    url: str
    headers: Mapping[str, str]
    seconds: float
    max_bytes: int
    cut: bool = False
    keep_late: bool = False
    body: bytes | None = None
    proxy: str | None = None


class _Adapter(requests.adapters.HTTPAdapter):
    """requests' adapter over guarded connections, with one TLS context for all (loading one takes 20 ms and more)."""

    _making = threading.Lock()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, options = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, options | ({"ssl_context": self.context} if host["scheme"] == "https" else {})

    @functools.cached_property
    def context(self) -> ssl.SSLContext:
        """The TLS context, made when it is first needed."""
        return tls_context()

    def prepare(self, url: str) -> None:
        """Make the TLS context, if `url` is the first to need it: once, and not on the time of a call."""
        if url.startswith("https:"):
            with self._making:
                self.context  # noqa: B018 -- the property makes it

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context has the authorities, and verifies."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = GuardedConnection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = GuardedTLSConnection


class _Session(requests.Session):
    """A session that brings nothing of its own to a request."""

    def __init__(self, adapter: _Adapter) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 -- requests' signature
        """None: or else requests reads the body of a redirect, whatever its size, to prepare the next request."""
        return None


class Exchange:
    """Makes exchanges, from many threads at once."""

    def __init__(self, opener: Connector, *, user_agent: str, threads: int, per_host: int) -> None:
        self._opener = opener
        self._user_agent = user_agent
        self._per_host = per_host
        self._watchdog = Watchdog()
        self._adapter = _Adapter(pool_connections=KEPT_HOSTS + 4 * threads, pool_maxsize=per_host)
        self._session = _Session(self._adapter)

    def exchange(self, outgoing: Outgoing) -> Answer:
        """Ask, and read the body of a 200 or 203; of a refusal (see `refusals`) the beginning is looked at.

        Raises the tree of FetchError; every status is an answer.
        """
        self._adapter.prepare(outgoing.url)
        call = Deadline(redact(outgoing.url), outgoing.seconds)
        through = None
        if outgoing.proxy is not None:
            self._opener.guard.through_proxy(outgoing.url)
            parts = urlsplit(outgoing.proxy)
            through = (parts.hostname or "", parts.port or 80)
        with self._watchdog.watching(call), calling(call, self._opener, through):
            for _ in range(self._per_host + 1):
                with contextlib.suppress(StaleConnection):
                    return self._once(outgoing, call)
            raise FetchError(call.url, "the server closes its connections without an answer")

    def _once(self, outgoing: Outgoing, call: Deadline) -> Answer:
        call.reused, call.address = True, ""
        answer = self._send(outgoing, call)
        try:
            fields = _fields(answer.raw)
            body, barrier = Body(), None
            if answer.status_code in WHOLE:
                how = {"cut": outgoing.cut, "keep_late": outgoing.keep_late}
                body = read_body(answer.raw, fields, call, outgoing.max_bytes, **how)
            elif answer.status_code in REFUSALS:
                barrier = barrier_of(answer.status_code, fields, glimpse(answer.raw, fields, call))
        finally:
            _leave(answer)
        call.enter(Phase.BODY)
        if not body.late:
            call.check()
        elapsed = sum(call.spent.values())
        spent = dict(call.spent)
        status = answer.status_code
        return Answer(outgoing.url, status, fields, body, call.address, elapsed, spent, call.reused, barrier)

    def _send(self, outgoing: Outgoing, call: Deadline) -> requests.Response:
        fields = {"User-Agent": self._user_agent, "Accept-Encoding": ACCEPT_ENCODING, **outgoing.headers}
        method = "GET" if outgoing.body is None else "POST"
        try:
            request = requests.Request(method, outgoing.url, headers=_encoded(fields), data=outgoing.body)
            prepared = self._session.prepare_request(request)
            proxies = dict.fromkeys(("http", "https"), outgoing.proxy) if outgoing.proxy else {}
            return self._session.send(
                prepared, stream=True, allow_redirects=False, timeout=call.remaining(), proxies=proxies
            )
        except requests.exceptions.ProxyError as error:
            call.check()
            raise FetchError(call.url, "the proxy (`proxy` in feeds.yaml) does not let it through") from error
        except (requests.RequestException, HTTPError) as error:
            call.check()
            raise FetchError(call.url, "the request cannot be made") from error

    def close(self) -> None:
        """End every exchange under way."""
        self._watchdog.close()
        self._session.close()


def _leave(answer: requests.Response) -> None:
    """Keep the connection when nothing is left to read on it, and drop it otherwise."""
    if answer.status_code == 304 and "transfer-encoding" not in answer.headers:
        answer.raw.drain_conn()  # a 304 has no body (RFC 9110 section 15.4.5): this reads nothing
    else:
        answer.raw.close()
        answer.raw.release_conn()


def _encoded(fields: Mapping[str, str]) -> dict[str, str | bytes]:
    """Field values as the bytes they came as: http.client reads them as Latin-1, and so they go back."""
    return {name: value.encode("latin-1", "replace") for name, value in fields.items()}


def _fields(raw: urllib3.HTTPResponse) -> dict[str, str]:
    """Lower-case names; repeated fields joined or the first taken where there can be only one."""
    fields: dict[str, str] = {}
    for name in {name.lower() for name in raw.headers}:
        values = list(dict.fromkeys(value.strip(" \t") for value in raw.headers.getlist(name)))
        fields[name] = values[0] if name in _SINGLE_FIELDS else _BY_LINE.get(name, ", ").join(values)
    return fields
