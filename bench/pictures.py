"""Makes the pictures of the documentation again: `python -m bench.pictures [--folder docs] [NAME …]`.

The press of the demo prints its four rounds at a fixed time, the whole program reads them, and a headless chromium
looks at the result; so the same program gives the same pictures but for fonts. No test and no other page needs it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

from PIL import Image

from aggregator.config import load
from aggregator.config.settings import Config
from aggregator.demo import Press
from aggregator.emit import note_served
from aggregator.pipeline.pipeline import Tally, opened
from aggregator.poll.health import diagnose
from aggregator.store import Store
from aggregator.web import WebServer, of_folder

START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
BETWEEN = timedelta(minutes=20)
"""Between two rounds of the press."""

COLOURS = 64
"""Of a picture's palette: text stays smooth, and a screenshot takes a third of the space."""

WIDE, TALL, PHONE_TALL = 1280, 860, 844
"""Pixels of the pictures of each page, and of those on a phone."""
LEAST_WINDOW = 500
"""Chromium's narrowest window; a phone's page stands in a frame in it."""

PHONE = 390
COLUMN, SCALE = 880, 0.72
"""Width in pixels at which a page of a pair is drawn, and how much smaller it is shown."""

BOARD = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; display: flex; gap: 16px; padding: 14px 16px 16px; background: #8a9396;
       font: 600 15px/1.3 sans-serif; color: #fff }}
div {{ width: {width}px; height: {height}px; overflow: hidden; margin-top: 8px; background: #fff }}
iframe {{ width: {inner}px; height: {tall}px; border: 0; transform: scale({scale}); transform-origin: 0 0 }}
</style>{frames}"""
FRAME = '<section>{title}<div><iframe src="{url}" scrolling="no"></iframe></div></section>'

CASES: Mapping[str, tuple[str, str, int]] = {
    "case-wordpress": ("Threat Lantern", "Cinderlatch Ransomware Stops Cranes at Quayline Terminals", 2640),
    "case-blogger": ("The Nightly Patch", "Cinderlatch Ransomware Stops Cranes at Quayline Terminals", 2500),
    "case-plain": ("Farpoint News Service", "Terminal operator halts work at three ports after cyber attack", 2280),
}
"""Name -> outlet, title, and how many pixels of the page are shown."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to look at: the mirror, and other sites beside it; by (outlet, title) each page and original."""

    files: str
    others: str
    folder: Path
    pages: Mapping[tuple[str, str], str]
    originals: Mapping[tuple[str, str], str]
    story: str
    day: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these, without .png")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, scene(Path(place)) as what:
        for name, take in pictures(what).items():
            if not options.names or name in options.names:
                target = options.folder / ("internals" if name in CASES else "images") / f"{name}.png"
                take(target)
                shrink(target)
                print(f"{target}: {target.stat().st_size / 1000:.0f} KB")


def pictures(what: Scene) -> dict[str, Callable[[Path], None]]:
    """Name -> what takes the picture."""
    post = what.files + what.pages[CASES["case-wordpress"][:2]]
    coded = (
        what.files
        + what.pages["Basalt Labs Research", "Anatomy of Cinderlatch, a ransomware that waits for the weekend"]
    )
    found: dict[str, Callable[[Path], None]] = {
        "post-code-dark": lambda to: shoot(coded, to, WIDE, 1500, dark=True),
        "story": lambda to: shoot(what.files + what.story, to, WIDE, 1150),
        "search": lambda to: shoot(what.files + "search.html", to, WIDE, 1000),
    }
    every = {
        "front": what.files + "index.html",
        "day": what.files + what.day,
        "stories": what.files + "stories/index.html",
        "post": post,
        "status": what.others + "healthy/public/status.html",
        "status-trouble": what.files + "status.html",
        "empty": what.others + "empty/public/index.html",
        "first-minutes": what.others + "first/public/index.html",
    }
    for name, url in every.items():
        for dark in (False, True):
            ending = "-dark" * dark
            found[f"{name}{ending}"] = partial(shoot, url, width=WIDE, height=TALL, dark=dark)
            found[f"{name}-phone{ending}"] = partial(phone, what, url, dark=dark)
    for name, (outlet, title, tall) in CASES.items():
        pair = [("The page", what.originals[outlet, title]), ("On the mirror", what.files + what.pages[outlet, title])]
        found[name] = partial(board, what, pair, inner=COLUMN, tall=tall, scale=SCALE)
    return found


@contextmanager
def scene(place: Path) -> Iterator[Scene]:
    """The press in its last round, read and mirrored, with everything served on loopback."""
    with Press(START, slow_s=0) as press:
        path = place / "feeds.yaml"
        path.write_text(press.config_text("http://127.0.0.1:8080/", media="mirror"), "utf-8")
        config = load(path)
        note_served(place / "data" / "public")
        for number in range(1, press.rounds + 1):
            press.publish(number)
            now = START + number * BETWEEN
            with opened(config, place / "data", lambda now=now: now) as pipeline:  # type: ignore[misc]
                pipeline.round(force=True)
                archive = pipeline.store.archive
                posts = tuple(post for one in archive.sources() for post in archive.latest(100, source=one.slug))
        pages = {(post.source.name, post.title or ""): post.path for post in posts}
        told = next(post for post in posts if (post.source.name, post.title) == CASES["case-wordpress"][:2])
        originals = {(one.outlet, one.title): one.url or "" for one in press.expected()}
        public, now = place / "data" / "public", START + press.rounds * BETWEEN
        day = max((public / "archive").glob("2*-*-*.html"), key=lambda path: path.stat().st_size)
        save_pages(config, place / "data", now, "status", "search?q=ransomware&copies=1")
        others(config, place, now)
        with files(place) as address:
            mirror = f"{address}data/public/"
            yield Scene(mirror, address, public, pages, originals, f"stories/{told.story}.html", f"archive/{day.name}")


def others(config: Config, place: Path, now: datetime) -> None:
    """Beside the mirror: the same with its healthy feeds only; a site without feeds; one in its first minutes."""
    shutil.copytree(place / "data", place / "healthy")
    with Store.read(place / "data" / "aggregator.db") as store:
        sick = {state.url for state in store.feeds() if diagnose(state, now).trouble}
    healthy = config.model_copy(update={"feeds": tuple(feed for feed in config.feeds if feed.url not in sick)})
    for name, own in (("healthy", healthy), ("empty", config.model_copy(update={"feeds": ()})), ("first", config)):
        note_served(place / name / "public")
        with opened(own, place / name, lambda: now) as pipeline:
            if name == "first":
                pipeline.poll(Tally(), force=True)
            pipeline.emit(Tally())
    save_pages(healthy, place / "healthy", now, "status")


def save_pages(config: Config, data: Path, now: datetime, *paths: str) -> None:
    """Write what the server answers to these paths beside the static pages, since it may not be shown in a frame."""
    with WebServer(of_folder(config, data, lambda: now), "127.0.0.1", 0) as server:
        for path in paths:
            with urlopen(server.url + path) as answer:
                (data / "public" / f"{path.partition('?')[0]}.html").write_bytes(answer.read())
        with urlopen(server.url + "desk.css") as answer:
            (data / "public" / "desk.css").write_bytes(answer.read())


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """The folder over HTTP, without the headers that keep its pages out of frames; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def board(
    what: Scene, frames: list[tuple[str, str]], to: Path, *, inner: int, tall: int, scale: float, dark: bool = False
) -> None:
    """Pages side by side, `inner` by `tall` pixels each, drawn `scale` times as large."""
    width, height = round(inner * scale), round(tall * scale)
    made = "".join(FRAME.format(title=escape(title), url=escape(url)) for title, url in frames)
    page = BOARD.format(width=width, height=height, inner=inner, tall=tall, scale=scale, frames=made)
    (what.folder / "board.html").write_text(page, "utf-8")
    label = 28 if any(title for title, _ in frames) else 8
    shoot(what.files + "board.html", to, len(frames) * (width + 16) + 16, height + label + 30, dark=dark)


def phone(what: Scene, url: str, to: Path, *, dark: bool = False) -> None:
    """A page as wide as a phone."""
    frame = f'<iframe src="{escape(url)}" scrolling="no" style="width: {PHONE}px; height: {PHONE_TALL}px; border: 0">'
    (what.folder / "phone.html").write_text(f'<!DOCTYPE html><body style="margin: 0">{frame}</iframe>', "utf-8")
    shoot(what.files + "phone.html", to, LEAST_WINDOW, PHONE_TALL, dark=dark)
    with Image.open(to) as image:
        image.crop((0, 0, PHONE, PHONE_TALL)).save(to)


def shoot(url: str, to: Path, width: int, height: int, *, dark: bool = False) -> None:
    """A screenshot. Raises FileNotFoundError without chromium, CalledProcessError when it fails."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise FileNotFoundError("chromium is not installed (Debian package chromium)")
    with tempfile.TemporaryDirectory() as profile:
        options = [
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--hide-scrollbars", "--virtual-time-budget=10000", f"--user-data-dir={profile}"),
            f"--window-size={width},{height}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--screenshot={to.absolute()}",
        ]
        subprocess.run([chromium, *options, url], check=True, capture_output=True, timeout=120)


def shrink(picture: Path) -> None:
    """The same picture with a palette."""
    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    small.save(picture, optimize=True)


if __name__ == "__main__":
    main()
