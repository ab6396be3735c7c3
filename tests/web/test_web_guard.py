"""Who may ask, how often and how slowly; and that every answer is safe, those of the server's own machinery too."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers
from support.desk_room import Asking, serving

from aggregator.config.settings import Server
from aggregator.models.errors import StoreError
from aggregator.web import access, server
from aggregator.web.server import BACKLOG

THREADS = 40
"""Those in which Starlette runs what is not asynchronous (AnyIO's default)."""

TOKEN = "correct-horse-battery"
PROXIES = tuple(ipaddress.ip_network(proxy) for proxy in ("127.0.0.0/8", "::1", "10.0.0.0/8"))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def locked(filled: Path) -> Iterator[Any]:
    """A server that asks for a token, or for the password of `ann`."""
    with serving(filled, server=Server(token=TOKEN, user="ann", password="pässword")) as asking:
        yield asking


@pytest.mark.parametrize(
    "path",
    ["/", "/feed.atom", "/search?q=worm", "/search.atom", "/status", "/api/feeds", "/metrics", "/ready", "/none"],
)
def test_nothing_is_shown_without_a_secret(locked: Any, path: str) -> None:
    """401 with a challenge, and no word of what is there; with a secret it is there, in no shared cache."""
    refused = locked(path)
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Basic realm=")
    assert refused.body in (b"This needs a password.\n", b'{"error":"This needs a password."}')
    assert (refused.headers["content-type"] == "application/json") is path.startswith("/api/")
    shown = locked(path, Accept="text/html,*/*;q=0.8")
    if not path.startswith("/api/"):
        assert (shown.status, shown.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert "<h1>This needs a password.</h1>" in shown.text
        assert not re.search(r"<(?:link|style|script)|src=", shown.text)
    answer = locked(path, Authorization=f"Bearer {TOKEN}")
    assert answer.status == (404 if path == "/none" else 200)
    assert "public" not in answer.headers["cache-control"]


def test_health_is_open(locked: Any) -> None:
    """A watchdog knows no password; it learns nothing but that the program is alive."""
    assert (locked("/health").status, locked("/health").json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (basic("anybody", TOKEN), 200),
        (basic("ann", "pässword"), 200),
        (basic("bob", "pässword"), 401),
        (basic("ann", "wrong"), 401),
        ("Bearer pässword".encode().decode("latin-1"), 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer", 401),
        ("Basic !!!", 401),
        ("Digest x", 401),
        (TOKEN, 401),
    ],
)  # fmt: skip
def test_secrets(locked: Any, authorization: str, status: int) -> None:
    """Bearer token, token as password, user and password; nothing else."""
    assert locked("/", Authorization=authorization).status == status


def test_a_token_in_an_address_is_none(locked: Any) -> None:
    """It would stand in logs and in Referer headers."""
    assert locked(f"/?token={TOKEN}").status == 401


def test_a_user_needs_a_password_and_secrets_are_long() -> None:
    """Half a credential is a mistake in the configuration."""
    for wrong in (
        {"user": "ann"},
        {"password": "longenough"},
        {"token": "short"},
        {"user": "a:b", "password": "longenough"},
    ):
        with pytest.raises(ValidationError):
            Server(**wrong)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, rubbish", "unreadable"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "", "2001:db8:1:2::/64"),
        ("::1", "[2001:db8::5]", "2001:db8::/64"),
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8::5]:4711", "2001:db8::/64"),
    ],
)
def test_who_is_counted(peer: str, forwarded: str, client: str | None) -> None:
    """The connected address, or what a trusted proxy says; strangers cannot lend themselves a name."""
    headers = Headers({"x-forwarded-for": forwarded} if forwarded else {})
    assert access.client_of({"client": (peer, 1)}, headers, PROXIES) == client


def test_a_proxy_that_adds_a_line_of_its_own_is_heard() -> None:
    """HAProxy does so, below what the client has sent: the last line counts, not the client's own."""
    lines = [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"198.51.100.1")]
    assert access.client_of({"client": ("127.0.0.1", 1)}, Headers(raw=lines), PROXIES) == "198.51.100.1"


def test_too_many_requests_are_told_to_wait(filled: Path) -> None:
    """429 with Retry-After, for this client alone; `/health` and the machine itself are never counted."""
    with serving(filled, server=Server(requests_per_minute=5)) as asking:
        if (second := time.time() % 60) > 55:  # the limit counts by minutes, and forgets some where one ends
            time.sleep(60 - second)
        statuses = [asking("/", X_Forwarded_For="198.51.100.1").status for _ in range(8)]
        refused = asking("/", X_Forwarded_For="198.51.100.1")
        others = [asking("/", X_Forwarded_For="198.51.100.2").status, *(asking("/").status for _ in range(9))]
        alive = [asking("/health", X_Forwarded_For="198.51.100.1").status for _ in range(9)]
    assert statuses == [200] * 5 + [429] * 3
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert set(others) == set(alive) == {200}


def raw(asking: Any, data: bytes, wait_s: float = 5) -> bytes:
    """What comes back for these bytes until the server closes the connection."""
    with socket.create_connection(asking.server.address, timeout=wait_s) as connection:
        connection.sendall(data)
        found = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                found += part
        return found


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00 no TLS here\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_a31_what_is_no_http_gets_a_safe_answer(ask: Any, data: bytes) -> None:
    """The server's own 400 carries the policy and nosniff too."""
    head = raw(ask, data).partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 400")
    assert b"content-security-policy: default-src 'none'" in head
    assert b"x-content-type-options: nosniff" in head


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/none", 404), ("/api/none", 404), ("/metrics", 200), ("/robots.txt", 200), ("/favicon.ico", 200)],
)
def test_a31_every_answer_is_safe(ask: Any, path: str, status: int) -> None:
    """Files, pages, errors, machine-readable ones."""
    answer = ask(path)
    assert answer.status == status
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


def test_a31_a_bug_gets_a_safe_answer_that_tells_nothing(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw: 500, with the headers, without a path or a message."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("aggregator.web.search.SearchQuery.read", broken)
    with serving(filled) as asking:
        answer = asking("/search")
    assert answer.status == 500
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert b"secret" not in answer.body


def test_a_database_that_can_not_be_read_tells_no_path(tmp_path: Path) -> None:
    """503, in words, without the folder's name."""
    with serving(tmp_path) as asking:
        (tmp_path / "aggregator.db").unlink()
        for path in ("/search", "/api/feeds"):
            answer = asking(path)
            assert answer.status == 503
            assert str(tmp_path).encode() not in answer.body


def test_too_many_at_once_are_told_to_come_again(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After and the safe headers, while `/health` still answers."""
    monkeypatch.setattr(access, "MAX_UNDER_WAY", 0)
    with serving(filled) as asking:
        answer = asking("/")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert asking("/health").status == 200


def test_one_client_does_not_take_all_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has as many answers under way as one may have is told to come again, and others are served."""
    monkeypatch.setattr(access, "MAX_OF_ONE", 2)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "large.bin").write_bytes(b"x" * 8_000_000)
    with serving(tmp_path) as asking, contextlib.ExitStack() as slow:
        for _ in range(2):
            client = slow.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
            client.connect(asking.server.address)
            client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        assert asking("/robots.txt", X_Forwarded_For="198.51.100.1").status == 503
        assert asking("/robots.txt", X_Forwarded_For="198.51.100.2").status == 200


@contextlib.contextmanager
def held_up(
    filled: Path, monkeypatch: pytest.MonkeyPatch, what: str, path: str
) -> Iterator[tuple[Asking, threading.Semaphore]]:
    """As many clients as there are threads ask for `path` and wait in `what` while the block runs; who has begun."""
    begun, done = threading.Semaphore(0), threading.Event()

    def hold(*_: object) -> None:
        begun.release()
        done.wait(20)
        raise StoreError("busy")

    monkeypatch.setattr(what, hold)
    with serving(filled) as asking, ThreadPoolExecutor(THREADS) as clients:
        for _ in range(THREADS):
            clients.submit(asking, path)
        try:
            yield asking, begun
        finally:
            done.set()


def test_files_go_out_while_searches_wait(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks the database has threads of its own, and few."""
    with held_up(filled, monkeypatch, "aggregator.web.search.SearchQuery.read", "/search") as (asking, begun):
        assert begun.acquire(timeout=10)
        assert asking("/").status == 200
        assert asking("/metrics").status == 200


def test_health_answers_while_every_thread_is_at_work(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor is not to end a program that is merely busy."""
    with held_up(filled, monkeypatch, "aggregator.web.metrics.Probes._checks", "/ready") as (asking, busy):
        assert all(busy.acquire(timeout=10) for _ in range(THREADS))
        assert asking("/health").status == 200


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n"]
)
def test_who_does_not_finish_is_cut(filled: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Nothing, half a head, half a body: dripping on keeps no connection open for longer than a request may take."""
    monkeypatch.setattr(server, "REQUEST_S", 0.4)
    with serving(filled) as asking, socket.create_connection(asking.server.address, timeout=5) as connection:
        began = time.monotonic()
        connection.sendall(data)
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 4:
                time.sleep(0.1)
                connection.sendall(b"X")
        assert time.monotonic() - began < 3


def test_all_connections_fit_into_the_files_of_a_process() -> None:
    """Those that are kept, those that are being taken up, and those that are being closed for them."""
    assert server.MAX_CONNECTIONS + 2 * BACKLOG < 1024 - 100


def test_hoarded_connections_lock_nobody_out(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more connections than there are places, the next request is answered all the same."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 5)
    with serving(filled) as asking, contextlib.ExitStack() as hoard:
        for _ in range(20):
            hoard.enter_context(socket.create_connection(asking.server.address, timeout=5))
        assert [asking("/").status for _ in range(3)] == [200] * 3
        assert len(asking.server._server.server_state.connections) <= 5


def test_a34_no_redirect_leads_away(ask: Any) -> None:
    """Whatever stands in a path: not found, and no location."""
    for path in (
        "//evil.example",
        "/\\evil.example",
        "/%5cevil.example/..",
        "//evil.example/search",
        "/search/",
        "/api/",
    ):
        answer = ask(path)
        assert "location" not in answer.headers
        assert answer.status == 404


def test_robots_and_icon(ask: Any) -> None:
    """A mirror that is not to be indexed says so; browsers get their icon."""
    assert ask("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert ask("/favicon.ico").headers["content-type"] == "image/x-icon"


def test_images_of_others_only_where_the_mirror_shows_them(filled: Path) -> None:
    """The policy follows the media setting."""
    with serving(filled, images_leave=False) as asking:
        assert "img-src 'self' data:;" in asking("/").headers["content-security-policy"]


def test_compressed_answers_say_so_to_caches(ask: Any) -> None:
    """`Vary` on each, once."""
    for path in ("/", "/robots.txt", "/health", "/feed.atom"):
        for headers in ({}, {"Accept_Encoding": "gzip"}):
            (vary,) = ask(path, **headers).headers.get_all("vary")
            assert vary.split(", ")[0] == "Accept-Encoding"


@pytest.mark.parametrize("size", [b"-5", b"zz", b"1" * 30])
def test_h15_a_bad_chunk_is_answered_and_is_no_bug(
    filled: Path, size: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """What comes in a request's body is a stranger's doing: the connection ends, and no traceback is logged."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(filled) as asking:
        assert said(asking, head + size + b"\r\nabcde\r\n0\r\n\r\n").count(b"HTTP/1.1 ") <= 1
        assert asking("/health").status == 200
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_h15_a_request_for_another_protocol_is_answered_as_http(
    filled: Path, protocol: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """And no advice about what to install is logged for it."""
    asked = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"
    with serving(filled) as asking:
        assert said(asking, asked).startswith(b"HTTP/1.1 200 ")
    assert [record for record in caplog.records if "pgrade" in record.message or "pip" in record.message] == []


def test_h15_nothing_behind_a_request_with_two_lengths_is_answered(filled: Path) -> None:
    """Which of the two a proxy went by is not known: the connection ends after the answer (RFC 9112 section 6.1)."""
    both = b"POST /search HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with serving(filled) as asking:
        answers = said(asking, both + b"GET /status HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answers


def said(asking: Asking, sent: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    answers = b""
    with socket.create_connection(asking.server.address, timeout=5) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                answers += piece
    return answers
