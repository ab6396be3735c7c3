"""One request and its answer: validators, statuses, redirects, credentials, headers, TLS, closing."""

from __future__ import annotations

import base64
import contextlib
import logging
import pickle
import socket
import ssl
import threading
import time
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rawserver import Asked, Clock, Memory, Server, answer, late, routes

from aggregator.config.settings import Network
from aggregator.fetch import Fetcher
from aggregator.models import Request, Validators
from aggregator.models.errors import FetchError, Refused, TooLarge

TLS = Path(__file__).parent / "tls"


# --- validators ---------------------------------------------------------------------------------------------------


def test_first_request_is_unconditional_and_introduces_itself(serve, fetching) -> None:
    """Nothing is asked conditionally without validators; the user agent is the configured one, and little else is sent."""
    server = serve(answer())
    response = fetching(user_agent="mine/1 (+https://me.example)").get(
        Request(server.url("/feed?x=1"), accept="application/rss+xml")
    )
    assert set(server.asked[0].headers) == {"host", "user-agent", "accept", "accept-encoding"}
    assert server.asked[0].headers["user-agent"] == "mine/1 (+https://me.example)"
    assert server.asked[0].headers["accept"] == "application/rss+xml"
    assert (response.url, response.status, response.body) == (server.url("/feed?x=1"), 200, b"hello")
    assert response.hops[0].address == "127.0.0.1"


def test_f01_f04_validators_are_those_of_the_last_answer(serve, fetching) -> None:
    """What the answer carries is what there is: a new ETag, or none."""
    tags = iter(['ETag: "1"', 'ETag: "2"', "X-None: 1"])
    server = serve(late(lambda _: answer(b"same", "200 OK", next(tags))))
    got = [fetching().get(Request(server.url())).validators for _ in range(3)]
    assert got == [Validators('"1"'), Validators('"2"'), Validators()]


def test_lines_that_are_meant_for_different_robots_stay_apart(serve, fetching) -> None:
    """Other fields that come twice are joined with commas, X-Robots-Tag with line breaks."""
    lines = ["X-Robots-Tag: otherbot: noindex", "X-Robots-Tag: noarchive", "Vary: a", "Vary: b"]
    headers = fetching().get(Request(serve(answer(b"x", "200 OK", *lines)).url())).headers
    assert (headers["x-robots-tag"], headers["vary"]) == ("otherbot: noindex\nnoarchive", "a, b")


def test_f02_f03_a_304_hands_on_its_headers(serve, fetching) -> None:
    """A 304 to a conditional request is an answer without a body, with whatever validators it has."""
    server = serve(answer(b"", "304 Not Modified", 'ETag: "new"', length=False))
    response = fetching().get(Request(server.url(), validators=Validators('"old"')))
    assert (response.status, response.body, response.validators.etag) == (304, b"", '"new"')
    server = serve(answer(b"", "304 Not Modified", length=False))
    assert fetching().get(Request(server.url(), validators=Validators('"old"'))).validators == Validators()


def test_304_that_nobody_asked_for_is_an_error(serve, fetching) -> None:
    """Without validators a 304 answers nothing."""
    with pytest.raises(FetchError, match="304") as caught:
        fetching().get(Request(serve(answer(b"", "304 Not Modified", length=False)).url()))
    assert caught.value.status == 304


ODD_TAGS = [
    'W/"weak"',
    "unquoted",
    '"',
    '""',
    "W/",
    '"a", "b"',
    "'single'",
    '"with space"',
    '"tab\there"',
    '"caf\xe9"',
    "\xa0x\xa0",
    "\x85",
    '"\xff\xfe"',
]
ODD_DATES = [
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "yesterday",
    "2026-03-10T12:00:00Z",
    "0",
    "-1",
    "Tue, 10 Mar 2026 12:00:00 +0100",
]


@pytest.mark.parametrize("tag", ODD_TAGS)
def test_f05_odd_etag_goes_back_byte_for_byte(tag: str, serve, fetching) -> None:
    """Whatever an ETag looks like, the server gets its own bytes back."""
    server = serve(answer(b"x", "200 OK", f"ETag: {tag}"))
    first = fetching().get(Request(server.url()))
    fetching().get(Request(server.url(), validators=first.validators))
    assert b"\r\nIf-None-Match: " + tag.encode("latin-1") + b"\r\n" in server.asked[1].raw


@pytest.mark.parametrize("date", ODD_DATES)
def test_f05_odd_last_modified_goes_back_byte_for_byte(date: str, serve, fetching) -> None:
    """A date is not read, corrected or written again."""
    server = serve(answer(b"x", "200 OK", f"Last-Modified: {date}"))
    first = fetching().get(Request(server.url()))
    fetching().get(Request(server.url(), validators=first.validators))
    assert f"\r\nIf-Modified-Since: {date}\r\n".encode() in server.asked[1].raw


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tag=st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0xFF, blacklist_categories=("Cc",)), min_size=1, max_size=60
    )
)
def test_f05_any_etag_goes_back_byte_for_byte(tag: str, serve, fetching) -> None:
    """The same for every value that a header can hold."""
    server = serve(answer(b"x", "200 OK", f"ETag: {tag}"))
    fetcher = fetching()
    fetcher.get(Request(server.url(), validators=fetcher.get(Request(server.url())).validators))
    assert b"\r\nIf-None-Match: " + tag.encode("latin-1") + b"\r\n" in server.asked[1].raw


def test_f06_odd_header_lines_do_not_hide_the_others(serve, fetching) -> None:
    """Folded, Latin-1, empty, nameless and malformed lines, and control characters: what can be read is read."""
    head = (
        b"HTTP/1.1 200 OK\r\n folded into nothing\r\nX-Folded: one\r\n\t two\r\nThis is no header\r\n: nameless\r\n"
        b"X-L\xe4tin: \xe4\r\nX-Value: caf\xe9\x85\r\nX-Blank : spaced\r\nX-NUL: a\x00b\rc\r\nSet-Cookie: \x01=\xff\r\nETag: \"v\"\r\n"
        b"X-Twice: a\r\nX-Twice: b\r\nLast-Modified: first\r\nLast-Modified: second\r\nContent-Length: 2\r\n\r\nok"
    )  # fmt: skip
    response = fetching().get(Request(serve(lambda sock, asked: sock.sendall(head)).url()))
    assert (response.body, response.partial) == (b"ok", False)
    assert response.headers["x-folded"].split() == ["one", "two"]
    assert response.headers["x-value"] == "caf\xe9\x85"
    assert response.headers["x-blank"] == "spaced"
    assert response.headers["x-nul"] == "a b c"
    assert response.headers["x-twice"] == "a, b"
    assert response.validators == Validators('"v"', "first")


@pytest.mark.parametrize("name", ["ETag", "Last-Modified", "Location", "Content-Type"])
def test_f06_latin1_in_any_field_is_no_obstacle(name: str, serve, fetching) -> None:
    """Bytes beyond ASCII in a header are taken as they are."""
    response = fetching().get(Request(serve(answer(b"x", "200 OK", f"{name}: \xe4\xf6\xfc")).url()))
    assert response.headers[name.lower()] == "\xe4\xf6\xfc"


def test_interim_answers_are_passed_over(serve, fetching) -> None:
    """100 and 103 come before the answer, and are not the answer."""
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    response = fetching().get(Request(serve(lambda sock, asked: sock.sendall(head)).url()))
    assert (response.status, response.body, "link" in response.headers) == (200, b"ok", False)


@pytest.mark.parametrize(
    "wire", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nX: y\r\n", b"HTTP/1.1 200"]
)
def test_answer_that_ends_within_its_header_is_an_error(wire: bytes, serve, fetching) -> None:
    """Half a header is not a header without a body."""
    with pytest.raises(FetchError, match=r"closed|reset"):
        fetching().get(Request(serve(lambda sock, asked: sock.sendall(wire)).url()))


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"<html>\n</html>\n",
        b"\x16\x03\x01\n",
        b"HTTP/9 200 OK\r\n\r\n",
    ],
)
def test_answer_that_is_not_http_is_an_error(wire: bytes, serve, fetching) -> None:
    """Another protocol on the port."""
    with pytest.raises(FetchError, match="not HTTP"):
        fetching().get(Request(serve(lambda sock, asked: sock.sendall(wire)).url()))


PARTS = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 304 Not Modified\r\n", b"HTTP/1.1 301 Moved\r\n", b"HTTP/1.1 100 C\r\n", b"HTTP/1.0 200\r\n",
         b"Location: /\r\n", b"Location: //\xff\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5, 6\r\n", b"Content-Length: \xb2\r\n",
         b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: Chunked, x\r\n", b"Content-Encoding: gzip\r\n", b"Content-Encoding: br\r\n", b"ETag: \xff\r\n",
         b"Set-Cookie: a=b; expires=x\r\n", b"Retry-After: Tue, 99 Foo 0000\r\n", b"Connection: close\r\n", b"\r\n", b"\n", b"\r", b" ", b":", b"\x00", b"5\r\nhello\r\n",
         b"-5\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"\x1f\x8b\x08", b"hello", b"\xff\xfe", b"x" * 70_000]  # fmt: skip


@pytest.fixture(scope="module")
def babbling():
    """A server that sends whatever stands in its list, and a fetcher."""
    says: list[bytes] = [b""]
    server = Server(lambda sock, asked: sock.sendall(says[0]))
    network = Network(allow=("127.0.0.1",), per_host_interval_s=0, timeout_s=5)
    clock = Clock()
    with Fetcher(network, Memory(), clock=clock) as fetcher:
        yield says, server, fetcher, clock
    server.close()


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.binary(max_size=8), max_size=14))
def test_whatever_a_server_says_is_an_answer_or_a_fetch_error(babbling, parts: list[bytes]) -> None:
    """No bytes on the wire lead to any other exception, or to an answer that was not given."""
    says, server, fetcher, clock = babbling
    says[0] = b"".join(parts)
    clock.forward(86_400)  # whatever rest the last answer led to is over
    with contextlib.suppress(FetchError):
        response = fetcher.get(Request(server.url(), validators=Validators('"v"')))
        assert response.status in (200, 304)
        assert len(response.body) <= len(says[0])


# --- statuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [
        "204 No Content",
        "206 Partial",
        "304 Not Modified",
        "400 Bad",
        "401 No",
        "403 No",
        "404 No",
        "410 Gone",
        "418 Pot",
        "451 Law",
        "500 Oh",
        "502 Bad",
        "599 Odd",
        "777 Odd",
        "300 Many",
        "301 Nowhere",
    ],
)
def test_other_statuses_are_errors_that_carry_the_status(status: str, serve, fetching) -> None:
    """Only 200 and an asked-for 304 are answers."""
    with pytest.raises(FetchError) as caught:
        fetching().get(Request(serve(answer(b"body", status)).url()))
    assert caught.value.status == int(status[:3])
    assert status[:3] in caught.value.message


@pytest.mark.parametrize(("value", "seconds"), [
    ("120", 120), ("0", 0), ("1.5", 1.5), (" 7 ", 7), ("999999999999999999999", 86400), ("-5", None), ("soon", None), ("", None), ("١٢", None),
    ("Tue, 10 Mar 2026 12:10:00 GMT", 600), ("Tue, 10 Mar 2026 11:00:00 GMT", 0), ("Mon, 10 Mar 2036 12:00:00 GMT", 86400),
    ("Fri, 31 Dec 9999 23:59:59 -2359", None),
])  # fmt: skip
def test_f10_retry_after_is_read_and_clamped(value: str, seconds: float | None, serve, fetching) -> None:
    """Seconds or a date, at most a day."""
    wire = b"HTTP/1.1 429 Slow\r\nRetry-After: " + value.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(FetchError) as caught:
        fetching().get(Request(serve(lambda sock, asked: sock.sendall(wire)).url()))
    assert (caught.value.status, caught.value.retry_after_s) == (429, seconds)


def test_f10_retry_after_date_is_relative_to_the_server_s_own_clock(serve, fetching, clock) -> None:
    """A server whose clock is a day off still means ten minutes."""
    there = clock() - timedelta(days=1)
    fields = [
        f"Date: {format_datetime(there, usegmt=True)}",
        f"Retry-After: {format_datetime(there + timedelta(minutes=10), usegmt=True)}",
    ]
    with pytest.raises(FetchError) as caught:
        fetching().get(Request(serve(answer(b"", "503 Busy", *fields)).url()))
    assert caught.value.retry_after_s == 600


# --- redirects ----------------------------------------------------------------------------------------------------


def chain(*steps: tuple[str, str]):
    """`("301", "/a")`: the request number n gets status n and its Location; after the last comes the answer."""
    count = iter(range(1000))

    def script(sock: socket.socket, asked: Asked) -> None:
        number = next(count)
        if number < len(steps):
            answer(b"", f"{steps[number][0]} Moved", f"Location: {steps[number][1]}")(sock, asked)
        else:
            answer(b"end")(sock, asked)

    return script


@pytest.mark.parametrize(("steps", "moved"), [
    ((("301", "/a"),), "/a"),
    ((("308", "/a"), ("301", "/b")), "/b"),
    ((("301", "/a"), ("302", "/b")), "/a"),
    ((("301", "/a"), ("307", "/b"), ("301", "/c")), "/a"),
    ((("302", "/a"), ("301", "/b")), None),
    ((("303", "/a"),), None),
    ((("307", "/a"),), None),
    ((), None),
])  # fmt: skip
def test_f12_f14_moved_to_is_the_end_of_an_unbroken_permanent_run(steps, moved: str | None, serve, fetching) -> None:
    """301 and 308 from the start count; what comes after a temporary redirect does not."""
    server = serve(chain(*steps))
    response = fetching().get(Request(server.url("/start")))
    assert response.moved_to == (server.url(moved) if moved else None)
    assert response.url == server.url(steps[-1][1] if steps else "/start")
    assert [hop.status for hop in response.hops] == [int(step[0]) for step in steps] + [200]


def test_f17_five_hops_are_followed_and_a_sixth_is_not(serve, fetching) -> None:
    """A chain of five arrives; a longer one ends there."""
    five, six = serve(chain(*[("302", f"/{n}") for n in range(5)])), serve(chain(*[("302", f"/{n}") for n in range(6)]))
    assert fetching().get(Request(five.url("/start"))).body == b"end"
    with pytest.raises(TooLarge, match="more than 5 redirects"):
        fetching().get(Request(six.url("/start")))
    assert len(six.asked) == 6


def test_f17_redirect_loop_ends(serve, fetching) -> None:
    """A circle is noticed when it closes."""
    server = serve(
        lambda sock, asked: answer(b"", "302 Found", f"Location: /{'b' if asked.path == '/a' else 'a'}")(sock, asked)
    )
    with pytest.raises(FetchError, match="circle"):
        fetching().get(Request(server.url("/a")))
    assert len(server.asked) <= 6


@pytest.mark.parametrize(("location", "path"), [
    ("next?x=1", "/dir/next?x=1"), ("../up", "/up"), ("?only=query", "/dir/start?only=query"), ("/a b", "/a%20b"), ("/caf\xe9", "/caf%C3%A9"),
    ("/caf\xc3\xa9", "/caf%C3%A9"), ("/x#fragment", "/x"), ("\\back", "/back"),
])  # fmt: skip
def test_location_is_resolved_as_browsers_do(location: str, path: str, serve, fetching) -> None:
    """Relative, unescaped, Latin-1 and UTF-8 locations lead where they are meant to."""
    server = serve(chain(("302", location)))
    fetching().get(Request(server.url("/dir/start")))
    assert server.paths[1] == path


def test_validators_are_asked_at_every_hop(serve, fetching) -> None:
    """The end of a temporary redirect can answer 304."""
    server = serve(
        routes(start=answer(b"", "302 Found", "Location: /end"), end=answer(b"", "304 Not Modified", length=False))
    )
    response = fetching().get(Request(server.url("/start"), validators=Validators('"v"')))
    assert response.status == 304
    assert [asked.headers["if-none-match"] for asked in server.asked] == ['"v"', '"v"']


# --- credentials --------------------------------------------------------------------------------------------------


def with_credentials(url: str, credentials: str = "user:p%40ss") -> str:
    return url.replace("http://", f"http://{credentials}@")


BASIC = "Basic " + base64.b64encode(b"user:p@ss").decode()


def test_credentials_of_the_url_are_sent_as_a_header(serve, fetching) -> None:
    """Decoded, and in no other place."""
    server = serve(answer())
    response = fetching().get(Request(with_credentials(server.url("/feed")), headers={"X-Key": "k"}))
    assert server.asked[0].headers["authorization"] == BASIC
    assert server.asked[0].headers["x-key"] == "k"
    assert server.asked[0].line == "GET /feed HTTP/1.1"
    assert response.url == server.url("/feed")


def test_a36_credentials_stay_on_their_origin(serve, fetching) -> None:
    """Another host or port gets neither the password, nor a key, nor a cookie; the same origin does."""
    other = serve(answer(b"other"), "127.0.0.2")
    elsewhere = serve(answer(b"elsewhere"))
    server = serve(routes(same=answer(b"", "302 Found", "Location: /end", "Set-Cookie: a=b; Path=/"), end=answer(b"end"),
                          host=answer(b"", "302 Found", f"Location: {other.url('/end')}"),
                          port=answer(b"", "302 Found", f"Location: {elsewhere.url('/end')}")))  # fmt: skip
    for path in ("/same", "/host", "/port"):
        fetching().get(Request(with_credentials(server.url(path)), headers={"X-Key": "k"}))
    assert [asked.headers.get("authorization") for asked in server.asked] == [BASIC] * 4
    for stranger in (other, elsewhere):
        assert not {"authorization", "x-key", "cookie", "referer"} & set(stranger.asked[0].headers)
    assert [asked.headers.get("cookie") for asked in server.asked] == [None, "a=b", None, None]


def test_a36_the_way_back_does_not_bring_the_credentials_back(serve, fetching) -> None:
    """A stranger cannot choose a URL on the first host that is then asked with the password."""
    stranger = serve(late(lambda _: answer(b"", "302 Found", f"Location: {server.url('/chosen')}")), "127.0.0.2")
    server = serve(routes(start=answer(b"", "302 Found", f"Location: {stranger.url('/')}"), chosen=answer(b"x")))
    fetching().get(Request(with_credentials(server.url("/start"))))
    assert [asked.headers.get("authorization") for asked in server.asked] == [BASIC, None]


def test_a36_credentials_in_a_location_are_not_used(serve, fetching) -> None:
    """A server cannot make us log in somewhere."""
    server = serve(
        routes(
            end=answer(b"x"),
            start=late(
                lambda _: answer(b"", "301 Moved", f"Location: {with_credentials(server.url('/end'), 'evil:pw')}")
            ),
        )
    )
    response = fetching().get(Request(server.url("/start")))
    assert "authorization" not in server.asked[1].headers
    assert response.moved_to == server.url("/end")


def test_permanent_move_on_the_same_origin_keeps_the_credentials(serve, fetching) -> None:
    """Or else the next poll of the new URL would be refused."""
    server = serve(chain(("301", "/new")))
    assert fetching().get(Request(with_credentials(server.url("/old")))).moved_to == with_credentials(
        server.url("/new")
    )


def test_a36_no_key_goes_from_https_to_http(serve, fetching, monkeypatch) -> None:
    """A redirect to plaintext on the same host name carries nothing that is secret."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    plain = serve(answer(b"plain"))
    secure = serve(answer(b"", "302 Found", f"Location: {plain.url('/end')}"), wrap=tls("good"))
    response = fetching().get(Request(f"https://user:pw@127.0.0.1:{secure.port}/", headers={"X-Key": "k"}))
    assert response.body == b"plain"
    assert "authorization" in secure.asked[0].headers
    assert not {"authorization", "x-key"} & set(plain.asked[0].headers)


SECRETS = ("hunter2", "s3cr3t")


def test_a37_no_secret_in_errors_logs_or_hops(serve, fetching, caplog) -> None:
    """Password and token are in no message, no log line at any level, and no hop."""
    caplog.set_level(logging.DEBUG)
    server = serve(routes(ok=answer(), gone=answer(b"", "410 Gone"), loop=answer(b"", "301 Moved", "Location: /loop?token=s3cr3t"),
                          file=answer(b"", "302 Found", "Location: file:///x?token=s3cr3t"), reset=lambda sock, asked: None,
                          junk=answer(b"x", "200 OK", "Content-Encoding: gzip")))  # fmt: skip
    told: list[str] = []
    for path in ("/ok", "/gone", "/loop", "/file", "/reset", "/junk"):
        url = with_credentials(server.url(path), "me:hunter2") + "?token=s3cr3t&page=2"
        try:
            told.append(repr(fetching().get(Request(url)).hops))
        except FetchError as error:
            told += [str(error), repr(error), error.url, error.message, str(pickle.loads(pickle.dumps(error)))]
    for url in (
        "http://me:hunter2@127.1/?token=s3cr3t",
        "ftp://me:hunter2@x/?token=s3cr3t",
        "http://me:hunter2@127.0.0.1:1/?token=s3cr3t",
    ):
        with pytest.raises(FetchError) as caught:
            fetching().get(Request(url))
        told.append(str(caught.value))
    told += [record.getMessage() for record in caplog.records]
    assert not [line for line in told if any(secret in line for secret in SECRETS)]
    assert server.asked[0].line == "GET /ok?token=s3cr3t&page=2 HTTP/1.1"


# --- hosts and TLS ------------------------------------------------------------------------------------------------


def test_f37_idn_host_is_asked_for_in_punycode(serve, fetching) -> None:
    """The name is looked up, sent and kept in its ASCII form."""
    server = serve(answer())
    looked_up: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    response = fetching(resolver).get(Request(f"http://B\u00fccher.example:{server.port}/f\u00e9ed"))
    assert looked_up == ["xn--bcher-kva.example"]
    assert server.asked[0].headers["host"] == f"xn--bcher-kva.example:{server.port}"
    assert response.url == f"http://xn--bcher-kva.example:{server.port}/f%C3%A9ed"


def tls(name: str):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.pem")
    return lambda sock: context.wrap_socket(sock, server_side=True)


@pytest.fixture
def secure(serve, fetching, monkeypatch):
    """A TLS server with a certificate, and a fetcher that knows its authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))

    def start(name: str, **options: object):
        return serve(answer(b"secure"), wrap=tls(name), keep=True), fetching(
            lambda host, port: ["127.0.0.1"], **options
        )

    return start


def test_tls_with_a_valid_certificate_works(secure) -> None:
    """A verified host answers, by name and by address."""
    server, fetcher = secure("good")
    assert fetcher.get(Request(server.url(host="good.test", scheme="https"))).body == b"secure"
    assert fetcher.get(Request(server.url(scheme="https"))).body == b"secure"


@pytest.mark.parametrize(
    ("certificate", "host", "why"),
    [
        ("expired", "good.test", "expired"),
        ("otherhost", "good.test", "mismatch|another host|not valid"),
        ("good", "wrong.test", "mismatch|another host|not valid"),
    ],
)
def test_f36_bad_certificate_is_an_error_and_nothing_is_sent(certificate: str, host: str, why: str, secure) -> None:
    """An expired certificate, or one for another host, ends the request before anything is asked."""
    server, fetcher = secure(certificate)
    with pytest.raises(FetchError, match=why):
        fetcher.get(Request(server.url(host=host, scheme="https")))
    assert server.asked == []


def test_f36_unknown_authority_is_an_error(serve, fetching) -> None:
    """A certificate that nobody vouches for is refused."""
    server = serve(answer(), wrap=tls("good"))
    with pytest.raises(FetchError, match="certificate is not valid"):
        fetching().get(Request(server.url(scheme="https")))
    assert server.asked == []


def test_f36_server_without_tls_is_not_asked_in_the_clear(serve, fetching) -> None:
    """https means TLS; what answers in plaintext is an error."""
    server = serve(lambda sock, asked: None)
    server._read = lambda sock: sock.recv(100) and sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n") and None  # type: ignore[method-assign]
    with pytest.raises(FetchError, match="TLS"):
        fetching(timeout_s=2).get(Request(server.url(scheme="https")))
    assert server.asked == []


def test_f24_tls_handshake_that_hangs_ends_at_the_deadline(serve, fetching) -> None:
    """The deadline covers TLS."""
    server = serve(answer(), wrap=lambda sock: time.sleep(8) or sock)
    begun = time.monotonic()
    with pytest.raises(FetchError, match="setting up TLS"):
        fetching(timeout_s=0.6).get(Request(server.url(scheme="https")))
    assert time.monotonic() - begun < 4


def test_f25_tls_body_drip_ends_at_the_deadline(serve, fetching, monkeypatch) -> None:
    """A socket that is shut under TLS is noticed, too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))

    def drip(sock: socket.socket, asked: Asked) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sock.sendall(b"x")
            time.sleep(0.02)

    with pytest.raises(FetchError, match="reading the body"):
        fetching(timeout_s=0.6).get(Request(serve(drip, wrap=tls("good")).url(scheme="https")))


# --- connections --------------------------------------------------------------------------------------------------


def test_connection_is_kept_for_the_next_request(serve, fetching) -> None:
    """Several requests to one host use one connection, 304s included."""
    server = serve(
        lambda sock, asked: (
            answer(b"", "304 Not Modified", length=False, close=False)(sock, asked)
            if "if-none-match" in asked.headers
            else answer(close=False)(sock, asked)
        ),
        keep=True,
    )
    fetcher = fetching()
    for validators in (Validators(), Validators('"x"'), Validators('"x"'), Validators()):
        assert fetcher.get(Request(server.url(), validators=validators)).hops[0].address == "127.0.0.1"
    assert server.connections == 1


def test_kept_connection_that_the_server_closed_is_replaced(serve, fetching) -> None:
    """A server that closes between two requests costs nothing but a new connection."""
    server = serve(answer(close=False))
    fetcher = fetching()
    assert [fetcher.get(Request(server.url())).status for _ in range(3)] == [200] * 3
    closing = serve(
        lambda sock, asked: answer(close=False)(sock, asked) if asked.path == "/first" else None, keep=False
    )
    closing_keep = serve(
        lambda sock, asked: (
            answer(close=False)(sock, asked) if len(closing_keep.asked) != 2 else sock.shutdown(socket.SHUT_RDWR)
        ),
        keep=True,
    )
    assert [fetcher.get(Request(closing_keep.url(f"/{n}"))).status for n in range(3)] == [200] * 3
    assert closing_keep.connections == 2
    with pytest.raises(FetchError, match="without an answer"):
        fetcher.get(Request(closing.url("/never")))


def test_connection_with_something_left_on_it_is_not_used_again(serve, fetching) -> None:
    """Bytes behind an answer are not the beginning of the next one."""
    server = serve(
        lambda sock, asked: (answer(b"ok", close=False)(sock, asked), answer(b"smuggled", close=False)(sock, asked)),
        keep=True,
    )
    fetcher = fetching()
    for _ in range(2):
        assert fetcher.get(Request(server.url())).body == b"ok"
        time.sleep(0.2)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_close_ends_a_request_under_way(scheme: str, serve, fetching) -> None:
    """Closing shuts what waits, in the middle of an answer or of a handshake, at once."""
    server = serve(
        lambda sock, asked: time.sleep(8), wrap=(lambda sock: time.sleep(8) or sock) if scheme == "https" else None
    )
    fetcher = fetching()
    errors: list[Exception] = []

    def get() -> None:
        try:
            fetcher.get(Request(server.url(scheme=scheme)))
        except FetchError as error:
            errors.append(error)

    thread = threading.Thread(target=get)
    thread.start()
    time.sleep(0.2)
    begun = time.monotonic()
    fetcher.close()
    thread.join(4)
    assert time.monotonic() - begun < 4
    assert "stopping" in str(errors[0])
    with pytest.raises(FetchError, match="stopping"):
        fetcher.get(Request(server.url()))


def test_refused_is_told_apart_by_its_type(fetching) -> None:
    """Errors have the types that the rest of the program goes by, and survive pickling."""
    with pytest.raises(Refused) as caught:
        fetching(allow=()).get(Request("http://127.0.0.1/"))
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), Refused)


# --- cookies ------------------------------------------------------------------------------------------------------


def until_it_comes_back(cookie: str, *more: str):
    """A redirect to itself with a cookie, until the cookie comes back."""

    def script(sock: socket.socket, asked: Asked) -> None:
        if cookie.partition(";")[0] in asked.headers.get("cookie", ""):
            answer(b"feed")(sock, asked)
        else:
            answer(b"", "302 Found", "Location: " + asked.path, f"Set-Cookie: {cookie}", *more)(sock, asked)

    return script


@pytest.mark.parametrize(
    "cookie",
    ["a=b", "a=b; Path=/; HttpOnly; Domain=elsewhere.example", 'a="b, c"; Expires=Wed, 01 Jan 2099 00:00:00 GMT'],
)
def test_k15_a_cookie_lives_for_one_requests_redirects(cookie: str, serve, fetching) -> None:
    """A door that hands out a cookie and asks for it is passed; the next request begins without."""
    server = serve(until_it_comes_back(cookie, "Set-Cookie: other=1"))
    fetcher = fetching()
    assert [fetcher.get(Request(server.url("/x"))).body for _ in range(2)] == [b"feed"] * 2
    assert [("cookie" in asked.headers) for asked in server.asked] == [False, True, False, True]


@pytest.mark.parametrize("cookie", ["a=b; Max-Age=0", "a=b; Secure", "=b", "no cookie", "a=" + "b" * 5000])
def test_k15_a_cookie_that_is_not_to_come_back_does_not(cookie: str, serve, fetching) -> None:
    """It is over, for TLS alone, or none: the redirect leads in a circle then."""
    server = serve(until_it_comes_back(cookie))
    with pytest.raises(TooLarge, match="circle"):
        fetching().get(Request(server.url("/x")))


def test_k15_a_cookie_stays_on_its_host(serve, fetching) -> None:
    """Whatever domain it claims."""
    other = serve(answer(b"end"), "127.0.0.2")
    server = serve(answer(b"", "302 Found", f"Location: {other.url('/')}", "Set-Cookie: a=b; Domain=127.0.0.2"))
    fetching().get(Request(server.url("/")))
    assert "cookie" not in other.asked[0].headers


# --- a proxy ------------------------------------------------------------------------------------------------------


def test_k23_a_named_proxy_is_asked_for_everything_and_no_other(serve, fetching, monkeypatch) -> None:
    """In feeds.yaml, for all or for one request; never from the environment. It is reached wherever it is."""
    one, other, unasked = serve(answer(b"one")), serve(answer(b"other")), serve(answer(b"unasked"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, unasked.url("/"))
    fetcher = fetching(allow=(), proxy=one.url("/").replace("//", "//ann:s3cret@"))
    assert fetcher.get(Request("http://news.example.org/feed")).body == b"one"
    assert fetcher.get(Request("http://news.example.org/feed", proxy=other.url("/"))).body == b"other"
    assert [asked.path for asked in (*one.asked, *other.asked)] == ["http://news.example.org/feed"] * 2
    assert one.asked[0].headers["host"] == "news.example.org"
    assert one.asked[0].headers["proxy-authorization"].startswith("Basic ")
    assert "authorization" not in one.asked[0].headers
    assert unasked.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://localhost/",
        "http://wiki.internal/",
        "http://intranet/",
    ],
)
def test_k23_a_proxy_is_not_asked_for_what_is_private(url: str, serve, fetching) -> None:
    """It looks names up; what can be told from an address itself is refused as ever."""
    proxy = serve(answer(b"proxied"))
    with pytest.raises(Refused, match="not a public address"):
        fetching(allow=(), proxy=proxy.url("/")).get(Request(url))
    assert proxy.asked == []


def test_k23_a_proxy_that_lets_nothing_through_is_named(serve, fetching) -> None:
    """TLS goes through it as a tunnel; a refusal is no answer of the site."""
    proxy = serve(answer(b"", "403 Forbidden"))
    with pytest.raises(FetchError, match="proxy"):
        fetching(allow=(), proxy=proxy.url("/")).get(Request("https://news.example.org/feed"))
    assert proxy.asked[0].path == "news.example.org:443"
