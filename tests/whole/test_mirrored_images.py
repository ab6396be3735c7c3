"""The images of articles through the whole program, under each policy."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from support.machine import full_disk
from support.outlets import Outlet, outlet, rss

from aggregator.config import load
from aggregator.demo import Press
from aggregator.fetch import Fetcher
from aggregator.models import Request, Response
from aggregator.models.errors import FetchError, Offline
from aggregator.pipeline import images, maintenance
from aggregator.pipeline.pipeline import Pipeline, Tally, opened

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NOUNS = ("worm", "server", "ministry", "hospital", "router", "account", "password", "certificate", "patch", "backup")
VERBS = ("spread", "failed", "was found", "came back", "asked for money", "went silent", "was sold", "broke")
PARAGRAPHS = [
    f"On day {day} the {NOUNS[day % 10]} {VERBS[day % 8]}, and whoever looked at the {NOUNS[(day * 3 + 1) % 10]} "
    f"saw that it had {VERBS[(day + 3) % 8].removeprefix('was ')} {day * 7} times before anybody noticed."
    for day in range(1, 13)
]
BASE = "http://mirror.example/"


def picture(kind: str, width: int = 60, height: int = 40, color: str = "navy") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, kind)
    return out.getvalue()


def bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


GOOD = {
    "/a.jpg": ("image/jpeg", picture("JPEG")),
    "/b.png": ("text/plain", picture("PNG", color="red")),
    "/c.gif": ("image/gif", picture("GIF", color="green")),
    "/d.webp": ("image/webp", picture("WEBP", color="white")),
    "/same.php?id=1": ("image/png", picture("PNG", color="red")),
}
BAD = {
    "/bomb.png": ("image/png", bomb()),
    "/page.jpg": ("image/jpeg", b"<!doctype html><script>alert(1)</script>"),
    "/drawing.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    "/half.png": ("image/png", picture("PNG", 400, 300)[:-40]),
    "/large.png": ("image/png", bytes(70_000)),
    "/hidden/x.png": ("image/png", picture("PNG")),
}


@dataclass
class Desk:
    """The program on a data folder, and a clock that a test may set."""

    folder: Path
    press: Outlet
    now: datetime = NOW
    media: str = "mirror"
    max_bytes: int = 65536
    options: str = ""

    @property
    def public(self) -> Path:
        return self.folder / "data" / "public"

    @contextmanager
    def opened(self) -> Iterator[Pipeline]:
        config = self.folder / "feeds.yaml"
        config.write_text(
            f"site: {{base_url: '{BASE}'}}\n"
            f"network: {{allow: [127.0.0.1], per_host_interval_s: 0, max_image_bytes: {self.max_bytes}}}\n"
            f"defaults: {{media: {self.media}{self.options}}}\n"
            f"feeds: [{{url: '{self.press.origin}/feed', name: Alpha}}]\n"
        )
        with opened(load(config), self.folder / "data", lambda: self.now) as pipeline:
            yield pipeline

    def round(self) -> None:
        with self.opened() as pipeline:
            pipeline.round(force=True)

    def rows(self, sql: str, *values: object) -> list[Any]:
        with sqlite3.connect(f"file:{self.folder / 'data' / 'aggregator.db'}?mode=ro", uri=True) as connection:
            return connection.execute(sql, values).fetchall()

    def page(self) -> str:
        (path,) = self.public.glob("posts/**/*.html")
        return path.read_text()

    def documents(self) -> dict[str, str]:
        """Everything that shows an article: pages and feeds, by path."""
        return {
            path.relative_to(self.public).as_posix(): path.read_text()
            for path in sorted(self.public.rglob("*"))
            if path.suffix in (".html", ".atom", ".rss", ".json") and not path.name.startswith(".")
        }

    def item(self) -> dict[str, Any]:
        (item,) = json.loads((self.public / "feed.json").read_text())["items"]
        return item  # type: ignore[no-any-return]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes a desk over one post with these images."""
    with outlet() as press:

        def make(files: dict[str, Any], *, extra: str = "", media: str = "mirror") -> Desk:
            press.pages.update(files)
            paths = [*files]
            shown = "".join(f'<figure><img src="{path}" alt="Picture {path[1:2]}"></figure>' for path in paths)
            text = ["".join(f"<p>{words}</p>" for words in part) for part in (PARAGRAPHS[:6], PARAGRAPHS[6:])]
            head = f'<meta property="og:image" content="{press.origin}{paths[0]}">' if paths else ""
            press.pages["/post"] = (
                "text/html",
                f"<!doctype html><html><head><title>The worm</title>{head}</head><body><article><h1>The worm</h1>{text[0]}{shown}{extra}{text[1]}"
                "</article></body></html>".encode(),
            )
            press.pages["/feed"] = rss(
                "Alpha", (f"{press.origin}/post", "The worm", "Tue, 10 Mar 2026 11:00:00 GMT", "A worm.")
            )
            press.pages["/robots.txt"] = ("text/plain", b"User-agent: *\nDisallow: /hidden/\n")
            return Desk(tmp_path, press, media=media)

        yield make


class WithoutImages:
    """A fetcher to whose images the network is down."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def each(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response | FetchError]]:
        asked = list(requests)
        for request in asked:
            if request.url.endswith(".jpg"):
                yield request, Offline(request.url, "the network seems to be down", retry_after_s=300)
        yield from self._fetcher.each(request for request in asked if not request.url.endswith(".jpg"))

    def stream(self, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response | FetchError] | None]:
        return self._fetcher.stream(requests)


def copies(document: str, prefix: str) -> list[str]:
    return re.findall(rf'<img src="{re.escape(prefix)}(media/[0-9a-f]{{2}}/[0-9a-f]{{64}}\.\w+)"', document)


def test_mirrored_images_are_files_that_decode(desk: Callable[..., Desk]) -> None:
    """Feed and page refer to our copies, each of them is there, is what its name says, and equal ones are one file."""
    here = desk(GOOD)
    here.round()
    page, item = here.page(), here.item()
    on_page, in_feed = copies(page, "../../../"), copies(item["content_html"], BASE)
    assert on_page == in_feed
    assert len(on_page) == 5
    assert [path.rpartition(".")[2] for path in on_page] == ["jpg", "png", "gif", "webp", "png"]
    assert len(set(on_page)) == 4
    for path in on_page:
        with Image.open(here.public / path) as image:
            image.load()
            assert image.size == (60, 40)
    assert 'width="60" height="40"' in page
    assert "img-src 'self';" in page
    assert item["image"] == BASE + on_page[0]
    assert not any(re.search(rf'<img[^>]+src="{here.press.origin}', text) for text in here.documents().values())


def test_a_day_without_a_network_gives_up_no_image(desk: Callable[..., Desk]) -> None:
    """What could not be asked for is no failed try: the image is fetched once the network is back."""
    here = desk({"/a.jpg": GOOD["/a.jpg"]})
    with here.opened() as pipeline:
        network, pipeline.fetcher = pipeline.fetcher, WithoutImages(pipeline.fetcher)  # type: ignore[assignment]
        for _ in range(2 * images.ATTEMPTS):
            pipeline.poll(Tally())
            pipeline.scrape(Tally())
            here.now += timedelta(hours=2)
        assert here.rows("SELECT attempts, next_attempt IS NOT NULL FROM media") == [(0, 1)]
        pipeline.fetcher = network
        pipeline.scrape(tally := Tally())
        assert tally.images == 1


def test_a30_mirror_lets_no_reader_load_anything_from_elsewhere(desk: Callable[..., Desk]) -> None:
    """What is no image, or none that may be had, is a link to the original; a pixel that counts readers is nothing."""
    here = desk({**BAD, "/gone.png": lambda: (404, "text/plain", b""), "/count": ("image/gif", picture("GIF", 1, 1))})
    here.round()
    page, item = here.page(), here.item()
    for text in (page, item["content_html"]):
        assert "<img" not in text
        assert f"{here.press.origin}/count" not in text
        for path in (*BAD, "/gone.png"):
            assert f'<a href="{here.press.origin}{path}">Image: Picture' in text
    assert "image" not in item
    states = {
        urlsplit(url).path: (state, error) for url, state, error in here.rows("select url, state, error from media")
    }
    assert states.pop("/count") == ("tracker", None)
    assert {state for state, _ in states.values()} == {"refused"}
    assert "too many pixels" in states["/bomb.png"][1]
    assert "robots.txt" in states["/hidden/x.png"][1]
    assert "404" in states["/gone.png"][1]
    assert "/hidden/x.png" not in here.press.asked
    assert not list(here.public.glob("media/*/*"))
    here.press.asked.clear()
    here.now += timedelta(days=2)
    here.round()
    assert set(here.press.asked) <= {"/feed", "/robots.txt", "/post"}  # the article itself is looked at again


@pytest.mark.parametrize("robots", [True, False])
def test_a03_a08_images_pass_the_guard(desk: Callable[..., Desk], robots: bool) -> None:
    """An image at a private address, or behind a redirect to one, is not asked for, and neither is its robots.txt."""
    with outlet({"/secret.png": ("image/png", picture("PNG"))}, host="127.0.0.2") as private:
        secret = f"{private.origin}/secret.png"
        inner = f'<figure><img src="{secret}" alt="One"></figure>'
        here = desk({"/away.png": lambda: (302, "text/plain", b"")}, extra=inner)
        here.press.headers["/away.png"] = [("Location", secret)]
        here.options = "" if robots else ", respect_robots: false"
        here.round()
        assert private.asked == []
    assert "/away.png" in here.press.asked
    errors = [error for (error,) in here.rows("select error from media")]
    assert len(errors) == 2
    assert all("127.0.0.2 is not a public address" in error for error in errors)


def test_a_late_image_takes_its_place_without_a_new_date(desk: Callable[..., Desk]) -> None:
    """What failed is tried again later; then the documents are written again, and `updated` stays."""
    here = desk({"/late.png": lambda: (503, "text/plain", b"")})
    here.round()
    before = here.item()
    assert "<img" not in before["content_html"]
    here.press.pages["/late.png"] = ("image/png", picture("PNG"))
    here.now += timedelta(minutes=30)
    here.round()
    after = here.item()
    assert copies(after["content_html"], BASE)
    assert after["date_modified"] == before["date_modified"]
    here.now += timedelta(minutes=30)
    with here.opened() as pipeline:
        assert pipeline.round(force=True).built.written == 0


def test_nothing_new_writes_nothing_and_asks_for_no_image(tmp_path: Path) -> None:
    """A second round over the whole press, in which one image is no image to us and some posts have no page."""

    def rows() -> dict[str, set[tuple[object, ...]]]:
        with sqlite3.connect(f"file:{tmp_path / 'data' / 'aggregator.db'}?mode=ro", uri=True) as database:
            names = "select name from sqlite_master where type = 'table' and name not like 'search%'"
            tables = {name for (name,) in database.execute(names)} - {
                "polls",
                "feeds",
                "feed_events",
                "sqlite_sequence",
            }
            return {table: set(database.execute(f'select * from "{table}"')) for table in tables}

    with Press(NOW, slow_s=0) as press:
        (tmp_path / "feeds.yaml").write_text(press.config_text(BASE, media="mirror"), "utf-8")
        with opened(load(tmp_path / "feeds.yaml"), tmp_path / "data", lambda: NOW) as pipeline:
            for number in (1, 2):
                press.publish(number)
                pipeline.round(force=True)
            before = rows()
            press.forget_requests()
            again = pipeline.round(force=True)
        asked = [one.path for one in press.requests if one.path.startswith("/img/")]
    after = rows()
    assert {state for row in before["media"] for state in row if state in ("kept", "refused")} == {"kept", "refused"}
    assert [table for table in after if after[table] != before[table]] == []
    assert asked == []
    assert (again.images, again.built.written, again.built.unchanged) == (0, 0, 0)


def test_strip_shows_no_image_anywhere(desk: Callable[..., Desk]) -> None:
    """No element, no address of one, nothing fetched; the words that stand for an image stay."""
    here = desk(GOOD, media="strip")
    here.round()
    for path, text in here.documents().items():
        assert "<img" not in text.replace("&lt;", "<"), path
        assert f"{here.press.origin}/a.jpg" not in text, path
    assert "[Image: Picture a]" in here.page()
    assert not set(GOOD) & set(here.press.asked)


def test_emitting_twice_changes_no_byte(desk: Callable[..., Desk]) -> None:
    here = desk(GOOD)
    here.round()
    before = {path: path.read_bytes() for path in here.public.rglob("*") if path.is_file()}
    with here.opened() as pipeline:
        pipeline.emit(Tally(), full=True)
    assert {path: path.read_bytes() for path in here.public.rglob("*") if path.is_file()} == before


def test_another_policy_is_a_matter_of_the_next_round(desk: Callable[..., Desk]) -> None:
    """From link to mirror the images of what is stored are fetched; from mirror to strip they go from every document."""
    here = desk(GOOD, media="link")
    here.round()
    assert f'<img src="{here.press.origin}/a.jpg"' in here.page()
    assert "img-src 'self' https: http: data:;" in here.page()
    here.media = "mirror"
    here.round()
    assert len(copies(here.page(), "../../../")) == 5
    here.media = "strip"
    here.round()
    assert "<img" not in here.page()
    here.media = "link"
    here.round()
    assert f'<img src="{here.press.origin}/a.jpg"' in here.page()


def test_f38_a_full_disk_tears_nothing(desk: Callable[..., Desk]) -> None:
    """The failure is recorded, no half file stays, and the image comes when there is room again."""
    noise = io.BytesIO()
    Image.effect_noise((1600, 1600), 200).save(noise, "PNG")
    here = desk({"/a.png": ("image/png", noise.getvalue())})
    here.max_bytes = len(noise.getvalue())
    with full_disk(here.max_bytes - 1):
        here.round()
    assert "<img" not in here.page()
    assert here.rows("select state, attempts from media") == [("waiting", 0)]
    assert "cannot be written: File too large" in here.rows("select error from media")[0][0]
    assert not list(here.public.glob("media/*/.*"))
    here.now += timedelta(minutes=20)
    here.round()
    (path,) = copies(here.page(), "../../../")
    assert (here.public / path).read_bytes() == noise.getvalue()


def test_the_sweep_takes_what_no_article_shows(desk: Callable[..., Desk]) -> None:
    """Copies of articles that are gone, files that nobody knows; a file that is lost is fetched again."""
    here = desk(GOOD)
    here.round()
    stray = here.public / "media" / "ff" / "f.png"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    lost = here.public / copies(here.page(), "../../../")[0]
    lost.unlink()
    with here.opened() as pipeline:
        assert images.sweep(pipeline.store, pipeline.out, here.now) == 1
        assert not stray.exists()
    here.round()
    assert lost.exists()
    with here.opened() as pipeline:
        with pipeline.store._session.write() as sql:
            sql.execute("DELETE FROM article_media")
        assert images.sweep(pipeline.store, pipeline.out, here.now) == 4
    assert not list(here.public.glob("media/*/*"))


def test_upkeep_sweeps(desk: Callable[..., Desk]) -> None:
    """Every night, without anybody asking: what no article shows does not fill the disk forever."""
    here = desk(GOOD)
    here.round()
    with here.opened() as pipeline:
        with pipeline.store._session.write() as sql:
            sql.execute("DELETE FROM article_media")
        of = maintenance.Tended(pipeline.store, pipeline.config, pipeline.options, pipeline.out)
        done = {one.job: one.result for one in maintenance.tend(of, here.now, force=True)}
    assert done["images"] == "4 files taken away"
    assert not list(here.public.glob("media/*/*"))


def with_icon(here: Desk, address: str) -> None:
    """The feed names an icon."""
    kind, body = here.press.pages["/feed"]  # type: ignore[misc]
    image = f"<image><url>{here.press.origin}{address}</url></image><item>".encode()
    here.press.pages["/feed"] = (kind, body.replace(b"<item>", image, 1))


def test_a_source_has_its_icon_from_here(desk: Callable[..., Desk]) -> None:
    """Fetched once, checked as other images, stored beside them and shown on the pages of the sources alone."""
    here = desk({"/icon.png": next(page for path, page in GOOD.items() if path.endswith(".png"))}, media="link")
    with_icon(here, "/icon.png")
    here.round()
    ((digest, kind, error),) = here.rows("SELECT hash, type, error FROM feed_icons")
    assert (kind, error) == ("image/png", None)
    assert (here.public / "media" / digest[:2] / f"{digest}.png").is_file()
    assert f'src="media/{digest[:2]}/{digest}.png"' in (here.public / "sources.html").read_text()
    assert f'src="../media/{digest[:2]}/{digest}.png"' in (here.public / "sources" / "alpha.html").read_text()
    here.round()
    with here.opened() as pipeline:
        assert images.sweep(pipeline.store, pipeline.out, here.now) == 0
    assert here.press.asked.count("/icon.png") <= 2  # as an image of the article it may be asked for, too


@pytest.mark.parametrize("address", ["/icon.svg", "/hidden/icon.png", "/none.png"])
def test_an_icon_that_is_none_is_not_shown(desk: Callable[..., Desk], address: str) -> None:
    """A document in place of an image, one that robots.txt keeps from us, one that is not there."""
    here = desk({}, media="link")
    here.press.pages["/icon.svg"] = ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    with_icon(here, address)
    here.round()
    ((digest, error),) = here.rows("SELECT hash, error FROM feed_icons")
    assert digest is None
    assert error
    assert 'class="icon"' not in (here.public / "sources.html").read_text()
    if address.startswith("/hidden"):
        assert address not in here.press.asked
