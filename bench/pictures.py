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

from PIL import Image

from aggregator.config import load
from aggregator.demo import Press
from aggregator.pipeline.pipeline import opened
from aggregator.web import WebServer, of_folder

START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
BETWEEN = timedelta(minutes=20)
"""Between two rounds of the press."""

COLOURS = 96
"""Of a picture's palette: text stays smooth, and a screenshot takes a third of the space."""

PHONE = 360
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
    """What there is to look at: the program's server, the static files; by (outlet, title) each page and original."""

    desk: str
    files: str
    folder: Path
    pages: Mapping[tuple[str, str], str]
    originals: Mapping[tuple[str, str], str]
    story: str


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
    three = [("", what.files + "index.html"), ("", post), ("", what.files + what.story)]
    found: dict[str, Callable[[Path], None]] = {
        "front": lambda to: shoot(what.queries, to, 1280, 1000),
        "post": lambda to: shoot(post, to, 1280, 1900),
        "post-dark": lambda to: shoot(coded, to, 1280, 1500, dark=True),
        "story": lambda to: shoot(what.files + what.story, to, 1280, 1150),
        "phone": lambda to: board(what, three, to, inner=PHONE, tall=780, scale=1),
        "search": lambda to: shoot(what.queries + "search?q=ransomware&copies=1", to, 1280, 1000),
        "status": lambda to: shoot(what.queries + "status", to, 1280, 1000),
    }
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
        public = place / "data" / "public"
        with (
            WebServer(
                of_folder(config, place / "data", lambda: START + press.rounds * BETWEEN), "127.0.0.1", 0
            ) as desk,
            files(public) as address,
        ):
            yield Scene(desk.url, address, public, pages, originals, f"stories/{told.story}.html")


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
