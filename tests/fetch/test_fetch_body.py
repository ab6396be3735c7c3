"""Bodies: codings, caps, truncation, and what is done about lies (F21 to F26, A16 to A20)."""

from __future__ import annotations

import contextlib
import functools
import gzip
import random
import socket
import time
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rawserver import answer

from aggregator.fetch.body import Decoder, DecodingError
from aggregator.models import Request
from aggregator.models.errors import Barrier, FetchError, TimedOut, TooLarge

FEED = b"<rss><channel>" + b"".join(b"<item><title>%d</title></item>" % n for n in range(3000)) + b"</channel></rss>"


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": functools.partial(brotli.compress, quality=5),
    "zstd": zstandard.ZstdCompressor().compress,
}


def undo(names: tuple[str, ...], data: bytes, chunk: int) -> tuple[bytes, bool]:
    decoder = Decoder(names)
    result = b"".join(
        piece
        for start in range(0, len(data), chunk)
        for stage, piece in decoder.pieces(data[start : start + chunk])
        if stage == decoder.last
    )
    result += b"".join(piece for stage, piece in decoder.rest() if stage == decoder.last)
    return result, decoder.complete


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=5000), st.integers(1, 700))
def test_every_coding_is_undone_whatever_the_chunks(name: str, data: bytes, chunk: int) -> None:
    """What was coded comes back, in chunks of any size, and is known to be complete."""
    assert undo((name,), CODINGS[name](data), chunk) == (data, True)


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 100))
def test_bare_deflate_and_members_in_a_row_are_undone(data: bytes, chunk: int) -> None:
    """deflate without its wrapper, several gzip members and several zstd frames are all in use."""
    assert undo(("deflate",), bare_deflate(data), chunk) == (data, True)
    assert undo(("gzip",), gzip.compress(data) + gzip.compress(b"more"), chunk) == (data + b"more", True)
    zstd = CODINGS["zstd"]
    assert undo(("zstd",), zstd(data) + zstd(b"more"), chunk) == (data + b"more", True)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(CODINGS)), st.integers(1, 200), st.integers(1, 900))
def test_f21_truncation_is_noticed_whatever_the_coding(name: str, missing: int, chunk: int) -> None:
    """A coded body without its end gives a beginning of the original, and is not complete."""
    coded = CODINGS[name](FEED)
    result, complete = undo((name,), coded[: max(len(coded) - missing, 3)], chunk)
    assert FEED.startswith(result)
    assert not complete


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=400))
def test_f23_any_bytes_under_any_label_end_in_bytes_or_a_decoding_error(name: str, data: bytes) -> None:
    """No input makes a decoder crash or hang."""
    with contextlib.suppress(DecodingError):
        undo((name,), data, 64)


@pytest.mark.parametrize("name", sorted(CODINGS))
def test_coded_body_is_decoded(name: str, serve, fetching) -> None:
    """A coded answer arrives as what it was before, and its size on the wire is known."""
    coded = CODINGS[name](FEED)
    server = serve(answer(coded, "200 OK", f"Content-Encoding: {name.upper()}"))
    response = fetching().get(Request(server.url()))
    assert (response.body, response.partial, response.wire_bytes) == (FEED, False, len(coded))
    assert {"gzip", "deflate", "br", "zstd"} == set(
        server.asked[0].headers["accept-encoding"].replace(",", " ").split()
    )


def test_two_codings_on_top_of_one_another_are_undone(serve, fetching) -> None:
    """A proxy that compresses again does no harm."""
    server = serve(answer(brotli.compress(gzip.compress(FEED)), "200 OK", "Content-Encoding: gzip, br"))
    assert fetching().get(Request(server.url())).body == FEED


@pytest.mark.parametrize("label", ["identity", "none", "utf-8", "", "aws-chunked"])
def test_label_that_is_no_coding_is_ignored(label: str, serve, fetching) -> None:
    """A charset in the place of a coding is a common mistake, and the body is plain."""
    assert fetching().get(Request(serve(answer(FEED, "200 OK", f"Content-Encoding: {label}")).url())).body == FEED


def test_empty_body_under_a_coding_is_empty(serve, fetching) -> None:
    """Nothing, compressed, is nothing."""
    response = fetching().get(Request(serve(answer(b"", "200 OK", "Content-Encoding: gzip")).url()))
    assert (response.body, response.partial) == (b"", False)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_f21_truncated_coding_with_an_exact_length_is_partial(name: str, serve, fetching) -> None:
    """Nothing in HTTP says that the body is short, but its coding does."""
    feed = FEED + random.Random(1).randbytes(300_000)
    coded = CODINGS[name](feed)
    server = serve(answer(coded[: len(coded) * 2 // 3], "200 OK", f"Content-Encoding: {name}"))
    response = fetching().get(Request(server.url()))
    assert response.partial
    assert len(response.body) > 100
    assert feed.startswith(response.body)


def test_f21_damaged_gzip_keeps_what_came_before_the_damage(serve, fetching) -> None:
    """A flipped bit in the checksum leaves a body that is there, but is not to be trusted as whole."""
    coded = bytearray(gzip.compress(FEED))
    coded[-6] ^= 0xFF
    response = fetching().get(Request(serve(answer(bytes(coded), "200 OK", "Content-Encoding: gzip")).url()))
    assert (response.partial, response.body) == (True, FEED)


def test_f22_short_content_length_is_partial(serve, fetching) -> None:
    """Less came than was announced."""
    server = serve(answer(FEED[:5000], "200 OK", f"Content-Length: {len(FEED)}", length=False))
    response = fetching().get(Request(server.url()))
    assert (response.partial, response.body) == (True, FEED[:5000])


@pytest.mark.parametrize("tail", [b"", b"1000\r\nabc", b"zz\r\nabc", b"5\r\nabcde", b"5"])
def test_f22_broken_chunks_are_partial(tail: bytes, serve, fetching) -> None:
    """A chunked body that ends without its last chunk, or makes no sense, is kept as far as it goes."""
    start = b"a\r\n0123456789\r\n"
    server = serve(answer(start + tail, "200 OK", "Transfer-Encoding: chunked", length=False))
    response = fetching().get(Request(server.url()))
    assert response.partial
    assert response.body.startswith(b"0123456789")


def test_chunked_body_is_put_together(serve, fetching) -> None:
    """Chunks, extensions and trailers are no part of the body."""
    body = b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    response = fetching().get(Request(serve(answer(body, "200 OK", "Transfer-Encoding: chunked", length=False)).url()))
    assert (response.body, response.partial) == (b"hello world", False)


def test_f22_reset_in_the_middle_is_partial(serve, fetching) -> None:
    """A connection that is reset after some of the body leaves that much of it."""

    def reset(sock: socket.socket, asked: object) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 500)
        time.sleep(0.1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        sock.close()

    response = fetching().get(Request(serve(reset).url()))
    assert (response.partial, response.body) == (True, b"x" * 500)


def test_f22_nothing_of_what_was_announced_is_an_error(serve, fetching) -> None:
    """A body that breaks off before its first byte is no partial body."""
    with pytest.raises(FetchError, match="broke off"):
        fetching().get(Request(serve(answer(b"", "200 OK", "Content-Length: 10", length=False)).url()))


def test_body_that_ends_with_the_connection_is_complete(serve, fetching) -> None:
    """Without length or chunks the end of the connection is the end of the body (HTTP/1.0 style)."""
    response = fetching().get(Request(serve(answer(FEED, length=False)).url()))
    assert (response.body, response.partial) == (FEED, False)


@pytest.mark.parametrize("label", ["gzip", "deflate", "br", "zstd", "compress", "bogus", "gzip, gzip"])
def test_f23_false_content_encoding_is_an_error(label: str, serve, fetching) -> None:
    """Plain text under the label of a coding, or an unknown label, is refused in words."""
    with pytest.raises(FetchError, match="Content-Encoding"):
        fetching().get(Request(serve(answer(FEED, "200 OK", f"Content-Encoding: {label}")).url()))


def dripping(head: bytes, pause: float = 0.02):
    def drip(sock: socket.socket, asked: object) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(b"x")
            time.sleep(pause)

    return drip


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_f24_header_drip_ends_at_the_deadline(head: bytes, serve, fetching) -> None:
    """However slowly a header comes, the request ends when its time is up."""
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="waiting for the answer"):
        fetching(timeout_s=0.6).get(Request(serve(dripping(head)).url()))
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("head", [b"", b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_f25_body_drip_ends_at_the_deadline_and_is_no_body(head: bytes, serve, fetching) -> None:
    """A body that is still dripping at the deadline is an error, never a complete body."""
    start = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + (b"fffff\r\n" if b"chunked" in head else b"")
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="reading the body"):
        fetching(timeout_s=0.6).get(Request(serve(dripping(start)).url()))
    assert time.monotonic() - begun < 4


def test_f24_silent_server_ends_at_the_deadline(serve, fetching) -> None:
    """A server that takes the request and says nothing."""
    with pytest.raises(TimedOut):
        fetching(timeout_s=0.6).get(Request(serve(lambda sock, asked: time.sleep(8)).url()))


def test_f24_lookup_that_hangs_ends_at_the_deadline(fetching) -> None:
    """The deadline covers DNS, which cannot be interrupted."""
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="looking up the host"):
        fetching(lambda host, port: time.sleep(8) or [], timeout_s=0.6).get(Request("http://slow.example/"))
    assert time.monotonic() - begun < 4


def test_f24_connect_that_hangs_ends_at_the_deadline(fetching) -> None:
    """A listener with a full queue never completes the connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(address)
        begun = time.monotonic()
        with pytest.raises(TimedOut, match="connecting"):
            fetching(timeout_s=0.6).get(Request(f"http://127.0.0.1:{address[1]}/"))
        assert time.monotonic() - begun < 4
        for sock in crowd:
            sock.close()


def endless(head: bytes, piece: bytes):
    def flood(sock: socket.socket, asked: object) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(piece)

    return flood


@pytest.mark.parametrize("chunked", [False, True])
def test_f26_endless_stream_is_cut_at_the_cap(chunked: bool, serve, fetching) -> None:
    """A stream without an end is reported as too large."""
    head = b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked\r\n" if chunked else b"") + b"\r\n"
    piece = (b"4000\r\n" if chunked else b"") + b"x" * 0x4000 + (b"\r\n" if chunked else b"")
    with pytest.raises(TooLarge, match="1,000,000"):
        fetching(max_bytes=1_000_000).get(Request(serve(endless(head, piece)).url()))


def test_f26_announced_size_over_the_cap_is_not_read(serve, fetching) -> None:
    """A Content-Length that is too large is believed."""
    server = serve(answer(b"", "200 OK", "Content-Length: 99999999999", length=False))
    with pytest.raises(TooLarge, match="99,999,999,999 bytes announced"):
        fetching().get(Request(server.url()))


def test_a20_request_has_a_cap_of_its_own(serve, fetching) -> None:
    """An article page is cut at the cap that its request names; a body of exactly that size passes."""
    server = serve(answer(b"x" * 5000))
    assert len(fetching().get(Request(server.url(), max_bytes=5000)).body) == 5000
    with pytest.raises(TooLarge):
        fetching().get(Request(server.url(), max_bytes=4999))


@functools.cache
def bombs() -> dict[str, bytes]:
    zeros = b"\0" * 2**20
    gz = zlib.compressobj(9, wbits=31)
    df = zlib.compressobj(9)
    zs = zstandard.ZstdCompressor(level=19).compressobj()
    br = brotli.Compressor(quality=5)
    packed = {
        "gzip": b"".join(gz.compress(zeros) for _ in range(40)) + gz.flush(),
        "deflate": b"".join(df.compress(zeros) for _ in range(40)) + df.flush(),
        "zstd": b"".join(zs.compress(zeros) for _ in range(40)) + zs.flush(),
        "br": b"".join(br.process(zeros) for _ in range(40)) + br.finish(),
    }
    return packed | {"gzip, gzip": gzip.compress(packed["gzip"])}


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_a16_bomb_is_cut_at_the_cap_on_decoded_bytes(name: str, serve, fetching) -> None:
    """40 MiB out of a few hundred bytes never come into being."""
    bomb = bombs()[name]
    server = serve(answer(bomb, "200 OK", f"Content-Encoding: {name}"))
    fetcher = fetching(max_bytes=2 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="more than 2,097,152 bytes"):
            fetcher.get(Request(server.url()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20


def test_a16_bomb_inside_a_harmless_coding_is_counted(serve, fetching) -> None:
    """A huge intermediate stage counts, even when the last one gives nothing."""
    empty_members = gzip.compress(b"") * 100_000
    server = serve(answer(gzip.compress(empty_members), "200 OK", "Content-Encoding: gzip, gzip"))
    with pytest.raises(TooLarge):
        fetching(max_bytes=2**19).get(Request(server.url()))


def test_a17_body_of_a_redirect_is_not_read(serve, fetching) -> None:
    """A bomb as the body of a redirect costs nothing, and the redirect is followed."""
    bomb = bombs()["gzip"]
    server = serve(
        lambda sock, asked: (
            answer(bomb * 20, "302 Found", "Location: /end", "Content-Encoding: gzip")(sock, asked)
            if asked.path == "/"
            else answer(b"end")(sock, asked)
        )
    )
    tracemalloc.start()
    try:
        response = fetching().get(Request(server.url()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response.body == b"end"
    assert peak < 16 * 2**20


def test_a17_endless_body_of_a_redirect_or_an_error_is_left(serve, fetching) -> None:
    """Neither holds us up."""

    def script(sock: socket.socket, asked) -> None:
        status = {"/": b"301 Moved\r\nLocation: /gone", "/gone": b"404 Not Found"}[asked.path]
        endless(b"HTTP/1.1 " + status + b"\r\n\r\n", b"x" * 1000)(sock, asked)

    begun = time.monotonic()
    with pytest.raises(FetchError, match="404 Not Found"):
        fetching().get(Request(serve(script).url()))
    assert time.monotonic() - begun < 5


def test_a18_long_chain_of_codings_is_refused(serve, fetching) -> None:
    """Six codings on top of one another are an attack, whatever they hold."""
    body = b"x"
    for _ in range(6):
        body = gzip.compress(body)
    server = serve(answer(body, "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * 6)))
    with pytest.raises(TooLarge, match="codings"):
        fetching().get(Request(server.url()))


def test_a18_chain_spread_over_several_fields_is_refused(serve, fetching) -> None:
    """Repeated Content-Encoding fields are one list."""
    fields = ["Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: deflate"]
    with pytest.raises(TooLarge, match="codings"):
        fetching().get(Request(serve(answer(b"x", "200 OK", *fields)).url()))


def test_transfer_encoding_that_was_not_asked_for_is_an_error(serve, fetching) -> None:
    """A compressed transfer coding, which nobody sends, is not taken for a body."""
    with pytest.raises(FetchError, match="Transfer-Encoding"):
        fetching().get(Request(serve(answer(FEED, "200 OK", "Transfer-Encoding: gzip, chunked", length=False)).url()))


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 900) for n in range(90)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\n" + b"junk\r\n" * 20_000,
    ],
    ids=["long line", "many bytes", "many fields", "interim answers", "junk lines"],
)
def test_header_over_its_caps_is_too_large(head: bytes, serve, fetching) -> None:
    """Header lines are capped in number and in bytes, interim answers and junk included."""
    with pytest.raises(TooLarge, match="header"):
        fetching().get(Request(serve(lambda sock, asked: sock.sendall(head)).url()))


@pytest.mark.parametrize("label", ["", "gzip"])
@pytest.mark.parametrize("times", [1, 2])
def test_f23_k16_gzip_that_nobody_has_named_is_undone(label: str, times: int, serve, fetching) -> None:
    """A file `feed.xml.gz`, and what a proxy compressed again and said so once; the bytes counted are the wire's."""
    packed = FEED
    for _ in range(times):
        packed = gzip.compress(packed)
    headers = [f"Content-Encoding: {label}"] if label else ["Content-Type: application/gzip"]
    response = fetching().get(Request(serve(answer(packed, "200 OK", *headers)).url()))
    assert (response.body, response.partial, response.wire_bytes) == (FEED, False, len(packed))


def test_a21_gzip_that_nobody_has_named_is_under_the_same_cap(serve, fetching) -> None:
    """A bomb without a label is one."""
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    with pytest.raises(TooLarge):
        fetching(max_bytes=100_000).get(Request(serve(answer(bomb)).url()))


@pytest.mark.parametrize("body", [b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x00 no gzip", b"\x1fx"])
def test_what_only_begins_like_gzip_is_as_it_came(body: bytes, serve, fetching) -> None:
    """Nothing is held back, nothing is lost."""
    response = fetching().get(Request(serve(answer(body)).url()))
    assert (response.body, response.partial) == (body, False)


@pytest.mark.parametrize("head", [b"", b"Content-Length: 100000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_f25_k17_what_came_until_the_deadline_is_kept_where_it_is_wanted(head: bytes, serve, fetching) -> None:
    """A feed that drips has complete entries; that it is a part is said, and the host counts as silent."""
    start = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + (b"fffff\r\n" if b"chunked" in head else b"") + FEED
    fetcher = fetching(timeout_s=0.6)
    response = fetcher.get(Request(serve(dripping(start)).url(), keep_late=True))
    assert response.body.startswith(FEED)
    assert (response.partial, response.late) == (True, True)
    assert fetcher.explain(Request(response.url)).rest_s > 0


def test_203_is_a_success(serve, fetching) -> None:
    """What a proxy has changed on its way is the document all the same (RFC 9110 section 15.3.4)."""
    response = fetching().get(Request(serve(answer(FEED, "203 Non-Authoritative Information")).url()))
    assert (response.status, response.body) == (203, FEED)


@pytest.mark.parametrize(
    ("status", "fields", "page", "barrier"),
    [
        ("403 Forbidden", ["cf-mitigated: challenge"], b"", Barrier.CHALLENGE),
        ("403 Forbidden", ["Server: x"], b"<title>Just a moment...</title>", Barrier.CHALLENGE),
        ("503 Service Unavailable", [], b"<title>DDoS-Guard</title>", Barrier.CHALLENGE),
        ("202 Accepted", ["x-amzn-waf-action: challenge"], b"", Barrier.CHALLENGE),
        (
            "403 Forbidden",
            ["Content-Encoding: gzip"],
            gzip.compress(b"Making sure you&#39;re not a bot!", mtime=0),
            Barrier.CHALLENGE,
        ),
        ("401 Unauthorized", ['WWW-Authenticate: Basic realm="Members"'], b"", Barrier.LOGIN),
        ("403 Forbidden", [], b"<title>Attention Required! | Cloudflare</title>", Barrier.BLOCKED),
        ("403 Forbidden", [], b"no", None),
        ("403 Forbidden", ["Content-Encoding: gzip"], b"no gzip", None),
        ("404 Not Found", [], b"captcha", None),
    ],
)
def test_k19_who_refuses_is_said(
    status: str, fields: list[str], page: bytes, barrier: Barrier | None, serve, fetching
) -> None:
    """By marks in the head, else by the beginning of the page; the status stands before it."""
    with pytest.raises(FetchError, match=status) as caught:
        fetching().get(Request(serve(answer(page, status, *fields)).url()))
    assert caught.value.barrier is barrier
    assert (barrier is None) or str(barrier) in caught.value.message


def test_a_refusal_whose_page_does_not_come_costs_little(serve, fetching) -> None:
    """The page is only looked at: what is silent or drips does not turn the answer into a timeout."""
    begun = time.monotonic()
    silent = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\n"
    with pytest.raises(FetchError, match="403 Forbidden"):
        fetching().get(Request(serve(lambda sock, asked: (sock.sendall(silent), time.sleep(5))).url()))
    assert time.monotonic() - begun < 4
