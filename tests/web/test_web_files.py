"""The static side of the server, over a real socket: what is served, with which headers, and what is not."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from support.desk_room import request, serving

from aggregator.config import settings
from aggregator.config.settings import Site
from aggregator.store import Store
from aggregator.web import WebServer, application, files

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    public = tmp_path / "public"
    (public / "posts").mkdir(parents=True)
    (public / "index.html").write_text("<!DOCTYPE html><title>front</title>" + "x" * 2000, "utf-8")
    (public / "feed.atom").write_text("<feed/>", "utf-8")
    (public / "posts" / "a%20b.html").write_text("post", "utf-8")
    (public / ".htpasswd").write_text("{}", "utf-8")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    (public / "link.txt").symlink_to(tmp_path / "secret.txt")
    Store.open(tmp_path / "aggregator.db").close()
    return tmp_path


@pytest.fixture
def server(data: Path) -> Iterator[WebServer]:
    app = application(Site(), data / "aggregator.db", data / "public", lambda: NOW)
    with WebServer(app, "127.0.0.1", 0) as server:
        yield server


def ask(
    server: WebServer, path: str, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    answer = request(server, path, method, **headers)
    return answer.status, answer.headers, answer.body


def test_a_folder_is_its_index_and_types_are_right(server: WebServer) -> None:
    """`/` is the front page; a feed has the type that readers look for."""
    assert ask(server, "/")[2].startswith(b"<!DOCTYPE html>")
    assert ask(server, "/feed.atom")[1]["content-type"] == "application/atom+xml; charset=utf-8"


def test_a_validator_is_given_and_answered_with_304(server: WebServer) -> None:
    """Either validator brings a 304 without a body; another tag brings the file."""
    _, headers, _ = ask(server, "/feed.atom")
    status, _, body = ask(server, "/feed.atom", If_None_Match=headers["etag"])
    assert (status, body) == (304, b"")
    assert ask(server, "/feed.atom", If_Modified_Since=headers["last-modified"])[0] == 304
    assert ask(server, "/feed.atom", If_None_Match='"other"', If_Modified_Since=headers["last-modified"])[0] == 200
    assert ask(server, "/feed.atom", If_Modified_Since="yesterday")[0] == 200
    strong = headers["etag"].removeprefix("W/")
    for tags in (f'"other", {headers["etag"]}', f'{strong},"other"', "*", strong):
        assert ask(server, "/feed.atom", If_None_Match=tags)[0] == 304


def test_head_gives_headers_alone_and_gzip_is_offered(server: WebServer) -> None:
    """HEAD has no body; a client that takes gzip gets it."""
    status, _, body = ask(server, "/", "HEAD")
    assert (status, body) == (200, b"")
    _, headers, body = ask(server, "/", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b"<!DOCTYPE html>")


def test_what_is_compressed_already_is_not_again(data: Path, server: WebServer) -> None:
    """Images go out as they are: compressing them costs time and gains nothing."""
    for name in ("a.png", "a.jpg", "a.webp", "a.gif", "a.avif"):
        (data / "public" / name).write_bytes(b"0" * 5000)
        _, headers, body = ask(server, f"/{name}", Accept_Encoding="gzip")
        assert (headers["content-encoding"], len(body)) == (None, 5000)


def test_a_compressed_file_is_that_of_now(data: Path, server: WebServer) -> None:
    """What is kept compressed is never older than the file; a part of a file and what is no text go out as they are."""
    for words in ("first ", "later "):
        emit_like(data / "public" / "feed.atom", words * 1000)
        status, headers, body = ask(server, "/feed.atom", Accept_Encoding="gzip")
        again = ask(server, "/feed.atom", Accept_Encoding="gzip")
        assert (status, headers["content-encoding"], headers["vary"]) == (
            200,
            "gzip",
            "Accept-Encoding, Sec-Fetch-Dest",
        )
        assert headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert gzip.decompress(body).decode() == gzip.decompress(again[2]).decode() == words * 1000
        assert ask(server, "/feed.atom", Accept_Encoding="gzip", If_None_Match=headers["etag"])[0] == 304
    assert ask(server, "/feed.atom", "HEAD", Accept_Encoding="gzip")[2] == b""
    status, headers, body = ask(server, "/feed.atom", Accept_Encoding="gzip", Range="bytes=0-4")
    assert (status, headers["content-encoding"], body) == (206, None, b"later")


def emit_like(path: Path, text: str) -> None:
    """Replace a file as builds do."""
    path.with_suffix(".tmp").write_text(text, "utf-8")
    path.with_suffix(".tmp").rename(path)


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 2024 00:00:00 +99999999999999", "Mon, 31 Dec 9999 23:59:59 -2300x", "x" * 5000, "-1"]
)
def test_a_date_that_is_none_is_no_condition(server: WebServer, date: str) -> None:
    """The file comes, and no error."""
    assert ask(server, "/feed.atom", If_Modified_Since=date)[0] == 200


@pytest.mark.parametrize("given", ["items=0-1", "bytes=", "bytes=a-b", "bytes=--5", "bytes=" + "9" * 5000 + "-", "x"])
def test_a_range_that_is_none_is_ignored(server: WebServer, given: str) -> None:
    """The whole file comes (RFC 9110, 14.2)."""
    assert ask(server, "/feed.atom", Range=given)[::2] == (200, b"<feed/>")
    assert ask(server, "/feed.atom", Range="bytes=1-4")[::2] == (206, b"feed")


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip", True), ("deflate, gzip;q=0.5, br", True), ("x-gzip", True), ("gzip;q=0", False), ("gzip; q=0.000, *", False)],
)  # fmt: skip
def test_who_refuses_gzip_gets_none(server: WebServer, accepted: str, compressed: bool) -> None:
    """A weight of zero is a no, of files and of pages made when asked for."""
    for path in ("/", "/status", "/api"):
        headers = ask(server, path, Accept_Encoding=accepted)[1]
        assert (headers["content-encoding"] == "gzip") is compressed


def test_a_file_that_is_replaced_goes_out_whole(data: Path, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at it and its last byte: the length of one is never sent with the bytes of the other."""
    path, later = data / "public" / "feed.atom", "later " * 1000
    fresh = files.is_fresh

    def replaced(*given: Mapping[str, str]) -> bool:
        emit_like(path, later)
        return fresh(*given)

    monkeypatch.setattr(files, "is_fresh", replaced)
    status, headers, body = ask(server, "/feed.atom")
    assert (status, body.decode(), headers["content-length"]) == (200, later, str(len(later)))

    def replaced_later(*given: object) -> bool:
        emit_like(path, "<last/>")
        return False

    monkeypatch.setattr(files, "is_fresh", fresh)
    monkeypatch.setattr(files, "_RANGES", SimpleNamespace(fullmatch=replaced_later))
    assert ask(server, "/feed.atom", Range="bytes=0-")[2].decode() == later


@pytest.mark.parametrize("host", ["a/x?y", "evil.example/api/?", "[", "@", "a:99999999", ""])
def test_the_host_header_changes_nothing(server: WebServer, host: str) -> None:
    """Pages link relatively and feeds to `base_url`: nothing that caches keep is made of what a client sends."""
    for path in ("/search.atom", "/health.json", "/none", "/status", "/api/none"):
        odd, usual = (bare(server, path, name) for name in (host, "news.example"))
        assert odd == usual


def bare(server: WebServer, path: str, host: str) -> bytes:
    """The whole answer but its Date."""
    with socket.create_connection(server.address, timeout=5) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        found = b"".join(iter(lambda: client.recv(65536), b""))
    return re.sub(rb"(?im)^date:.*\r\n", b"", found, count=1)


def test_an_error_deep_down_is_short(server: WebServer) -> None:
    """The way back to the top, thousands of folders up, is not written out for each link."""
    status, headers, body = ask(server, "/a" * 7000)
    assert (status, headers["content-type"], body) == (404, "text/plain; charset=utf-8", b"Page not found.")


@pytest.mark.parametrize(("path", "root"), [("/none", ""), ("/a/b/none", "../../"), ("/a%2fb%2Fc/none", "../")])
def test_an_error_leads_back_to_the_top(server: WebServer, path: str, root: str) -> None:
    """Whatever the prefix under which a proxy shows us, and however the path is written."""
    assert f'href="{root}style.css"'.encode() in ask(server, path)[2]


def test_the_desks_style_has_validators(server: WebServer) -> None:
    """It is not sent again with each page."""
    headers = ask(server, "/desk.css")[1]
    assert headers["content-type"] == "text/css; charset=utf-8"
    assert ask(server, "/desk.css", If_None_Match=headers["etag"])[0] == 304


def test_the_last_bytes_of_an_answer_do_not_wait(server: WebServer) -> None:
    """Nagle's algorithm would hold them back for the 40 ms in which clients put off their ACK."""
    with socket.create_connection(server.address, timeout=5) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        client.recv(100)
        (connection,) = server._server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/posts/../../secret.txt", "/link.txt", "/.htpasswd", "/x%00.html",
        "/posts/%5c..%5csecret.txt", "//etc/passwd", "/posts", "/" + "a" * 5000,
    ],
)  # fmt: skip
def test_a39_nothing_outside_the_folder_is_served(server: WebServer, path: str) -> None:
    """Dots, encoded dots, links out of the folder, hidden files and folders without a slash are not found."""
    status, _, body = ask(server, path)
    assert status == 404
    assert b"secret" not in body


def test_a34_a_double_slash_leads_nowhere(server: WebServer) -> None:
    """`//evil.example` is not found, and never a redirect to another host."""
    status, headers, _ = ask(server, "//evil.example/%2f..")
    assert status == 404
    assert "location" not in headers


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/none", 404), ("/search?q=x", 200), ("/status", 200), ("/health", 200)]
)
def test_a31_every_response_carries_the_safe_headers(server: WebServer, path: str, status: int) -> None:
    """Errors and pages made on request too."""
    found, headers, _ = ask(server, path)
    assert found == status
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"


def test_a32_markup_in_a_query_is_shown_as_text(server: WebServer) -> None:
    """What was searched for stands escaped in the page; a query in wrong syntax is still a search."""
    status, _, body = ask(server, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22%20AND%20(")
    assert status == 200
    assert b"<script>alert" not in body
    assert b"&lt;script&gt;" in body


def test_other_methods_are_refused(server: WebServer) -> None:
    """The server reads only."""
    assert ask(server, "/", "POST")[0] == 405


def test_a_missing_database_is_said_by_ready(data: Path, server: WebServer) -> None:
    """`/ready` is 503 when the database cannot be read, `/health` is not, and pages of the mirror still come."""
    (data / "aggregator.db").unlink()
    assert ask(server, "/ready")[0] == 503
    assert ask(server, "/health")[0] == 200
    assert ask(server, "/")[0] == 200


def test_a_port_in_use_is_said_before_anything_runs(data: Path, server: WebServer) -> None:
    """The message names the address."""
    from aggregator.models.errors import AggregatorError

    app = application(Site(), data / "aggregator.db", data / "public", lambda: NOW)
    with pytest.raises(AggregatorError, match=f"cannot listen on 127.0.0.1:{server.address[1]}"):
        WebServer(app, *server.address)


# --- other sites' pages --------------------------------------------------------------------------------------------

SHARED = ("/feed.atom", "/search.json?q=worm", "/health.rss", "/api/articles", "/opml.xml", "/none.json")


@pytest.mark.parametrize("secret", [{}, {"token": "hunter2hunter2"}, {"user": "ann", "password": "hunter2hunter2"}])
def test_pages_elsewhere_may_read_what_is_public(filled: Path, secret: dict[str, str]) -> None:
    """Feeds, searches and the API, errors too, whether Origin is sent or not; pages never, and nothing behind a password."""
    with serving(filled, server=settings.Server(**secret)) as ask:
        for path in (*SHARED, "/", "/style.css", "/search?q=worm", "/status"):
            for origin in ({}, {"Origin": "https://reader.example"}):
                shared = ask(path, **origin).headers["access-control-allow-origin"]
                assert shared == ("*" if path in SHARED and not secret else None), path
        preflight = {"Origin": "https://reader.example", "Access_Control_Request_Method": "GET",
                     "Access_Control_Request_Headers": "if-none-match"}  # fmt: skip
        answer = ask("/feed.json", "OPTIONS", **preflight)
        assert (answer.status, answer.body) == (204, b"")
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        if secret:
            assert not [name for name in answer.headers if name.startswith("access-control-")]
        else:
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "GET" in answer.headers["access-control-allow-methods"]
            assert answer.headers["access-control-allow-headers"] == "if-none-match"
            assert "ETag" in ask("/feed.json").headers["access-control-expose-headers"]


def test_a_feed_in_a_browser_is_shown_and_not_downloaded(ask: Any) -> None:
    """To a person who opens it, it is XML with a stylesheet that is there; to all others it has its own type."""
    for path in ("/feed.atom", "/feed.rss", "/search.atom?q=worm", "/health.rss", "/tags/wire.atom"):
        plain, opened = ask(path), ask(path, Sec_Fetch_Dest="document")
        assert plain.headers["content-type"].startswith("application/")
        assert opened.headers["content-type"] == "text/xml; charset=utf-8"
        assert opened.body == plain.body
        assert "Sec-Fetch-Dest" in plain.headers["vary"]
        style = re.search(rb'<\?xml-stylesheet type="text/css" href="([^"]+)"\?>', opened.body)
        assert style
        assert ask(urljoin(path, style[1].decode())).headers["content-type"] == "text/css; charset=utf-8"
        assert b"xslt" not in opened.body


def test_icons_are_what_they_are_called(ask: Any) -> None:
    """For browsers, phones and readers that show no SVG."""
    for path, start in (("/favicon.ico", b"\0\0\1\0"), ("/icon.png", b"\x89PNG"), ("/icon-64.png", b"\x89PNG")):
        assert ask(path).body.startswith(start)
    assert "/icon-64.png</icon>" in ask("/feed.atom").text
    assert "/icon-64.png</url>" in ask("/feed.rss").text
    assert ask("/feed.json").json["icon"].endswith("/icon.png")


# --- a site below a path -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["https://news.example/wire/", "https://news.example/a/b"])
def test_a_site_below_a_path_answers_with_it_and_without(filled: Path, base: str) -> None:
    """Whether the proxy takes the path away or not; relative links lead to the same things, and nothing else is opened."""
    site = Site(base_url=base, page_size=10)
    path = urlsplit(base).path.rstrip("/")
    with serving(filled, site) as ask:
        for one in ("/", "/index.html", "/feed.atom", "/search?q=worm", "/status", "/api/articles", "/health", "/sources.html",
                    "/archive/", "/robots.txt"):  # fmt: skip
            direct, below = ask(one), ask(path + one)
            assert (direct.status, below.status) == (200, 200), one
            if one not in ("/status", "/health"):
                assert direct.body == below.body
        bare = ask(path)
        assert (bare.status, urljoin("https://news.example" + path, bare.headers["location"])) == (
            308,
            f"https://news.example{path}/",
        )
        for none in (path + "x/feed.atom", path + path + "/feed.atom", path + "/../secret.txt", path + "/.htpasswd"):
            assert ask(none).status == 404, none
    with serving(filled, site.model_copy(update={"index": True})) as ask:
        assert f"Disallow: {path}/search\n" in ask("/robots.txt").text


def test_a_site_below_a_path_of_ours_shows_the_files_first(filled: Path) -> None:
    """`/archive/` below `/archive`: what is there under the name as it was asked for."""
    with serving(filled, Site(base_url="https://news.example/archive/", page_size=10)) as ask:
        assert ask("/archive/index.html").body == (filled / "public/archive/index.html").read_bytes()
        assert ask("/archive/feed.atom").status == 200


@pytest.mark.parametrize("name", ["archive", "stories", "sources", "tags", "outputs", "feed"])
def test_what_people_type_leads_somewhere(filled: Path, name: str) -> None:
    """Each with and without a slash ends at a page."""
    with serving(filled) as asking:
        for path in (f"/{name}", f"/{name}/"):
            answer = asking(path)
            if answer.status == 308:
                target = urljoin(path, answer.headers["location"]).partition("#")[0]
                answer = asking(target)
            assert (path, answer.status) == (path, 200)
