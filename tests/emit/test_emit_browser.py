"""The mirror in a real browser: it renders, nothing overflows a phone, the policy is kept, keys work."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from emit_shelf import Shelf, filled
from machine import QuietFiles, needed, serving

from aggregator.emit import build
from aggregator.models import Attribution
from aggregator.settings import Site

pytestmark = pytest.mark.browser

POLICY = "default-src 'none'; img-src 'self' https: http: data:; style-src 'self'; script-src 'self'; base-uri 'none'"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" * 3
WIDE = "".join(f"<th>Column {n}</th>" for n in range(12))
ARTICLE = f"""
<p>The loader reads <code>HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\{HASH}</code> and calls
hxxps://{HASH}.example[.]net/gate.php. Its hash is {HASH}.</p>
<h2>A heading that is long: {HASH}</h2>
<pre><code>rule Loader {{ strings: $mutex = "{HASH}" condition: uint16(0) == 0x5A4D and $mutex }}</code></pre>
<table><thead><tr>{WIDE}</tr></thead><tbody><tr>{WIDE.replace("th>", "td>")}</tr></tbody></table>
<figure><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="" width="2400" height="900"><figcaption>{HASH}</figcaption></figure>
<blockquote><p><a href="https://example.org/{HASH}">https://example.org/{HASH}</a></p></blockquote>
<ul><li>{HASH}</li></ul>
"""

MEASURE = """<!DOCTYPE html><meta charset="utf-8"><pre id="result"></pre><script>
const pages = PAGES, results = {};
const frame = (page) => new Promise((done) => {
  const element = document.createElement("iframe");
  element.width = 360; element.height = 740; element.style.border = 0;
  element.onload = () => done(element);
  element.src = page;
  document.body.append(element);
});
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
(async () => {
  for (const page of pages) {
    const element = await frame(page), inner = element.contentDocument, root = inner.documentElement;
    const look = (selector) => inner.querySelector(selector) && element.contentWindow.getComputedStyle(inner.querySelector(selector));
    results[page] = {
      width: root.scrollWidth, height: root.scrollHeight, code: look("pre") && look("pre").overflowX, sheets: inner.styleSheets.length,
    };
    element.remove();
  }
  const press = async (page, key) => {
    const element = await frame(page);
    const moved = new Promise((done) => { element.onload = () => done(element.contentWindow.location.pathname); });
    element.contentDocument.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const where = await Promise.race([moved, pause(1500).then(() => element.contentDocument.activeElement.textContent)]);
    element.remove();
    return where;
  };
  results.j = await press(pages[1], "j");
  results.k = await press(pages[1], "k");
  results.list = await press(pages[0], "j");
  document.querySelector("#result").textContent = JSON.stringify(results);
})();
</script>"""


@dataclass(frozen=True)
class Served:
    base: str
    out: Path
    shelf: Shelf
    chromium: str


class Strict(QuietFiles):
    """Static files with the policy that the project's own server sends."""

    def end_headers(self) -> None:
        if "measure" not in self.path:
            self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A mirror with one hard article, over loopback HTTP; skips where there is no chromium."""
    browser = needed("chromium", other="chromium-browser")
    out = tmp_path_factory.mktemp("mirror")
    shelf = filled(30)
    hard = replace(shelf.posts[15], html=ARTICLE, title=f"A loader that waits {HASH}", attribution=Attribution(HASH))
    shelf.put(hard, replace(shelf.posts[30], title=HASH, summary=HASH))
    with serving(partial(Strict, directory=str(out))) as port:
        base = f"http://127.0.0.1:{port}/"
        build(shelf, Site(base_url=base, page_size=10), out)
        yield Served(base, out, shelf, browser)


def browse(served: Served, profile: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        served.chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        f"--user-data-dir={profile}",
        *options,
        served.base + url,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90)


def measure(served: Served, profile: Path) -> dict[str, object]:
    """What the browser makes of the pages."""
    pages = [
        "/index.html",
        f"/{served.shelf.posts[15].path}",
        "/sources.html",
        "/tags/news.html",
        "/sources/krebs.html",
    ]
    pages += ["/archive/index.html", "/archive/2026-03.html"]
    (served.out / "measure.html").write_text(MEASURE.replace("PAGES", json.dumps(pages)))
    options = ("--dump-dom", "--virtual-time-budget=20000")
    run = browse(served, profile, "measure.html", *options)
    complaints = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
    found = re.search(r'<pre id="result">(\{.*?\})</pre>', run.stdout, re.DOTALL)
    assert found, run.stdout[-2000:]
    return dict(json.loads(unescape(found[1])))


@pytest.fixture(scope="module")
def light(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return measure(served, tmp_path_factory.mktemp("profile"))


def test_no_page_is_wider_than_a_phone(light: dict[str, object]) -> None:
    """At 360 pixels nothing scrolls sideways, whatever hash, URL, table or code stands in the text."""
    pages = {name: found for name, found in light.items() if isinstance(found, dict)}
    assert len(pages) == 7
    assert {name: found["width"] for name, found in pages.items() if found["width"] > 360} == {}
    assert all(found["sheets"] == 1 and found["height"] > 300 for found in pages.values())


def test_code_scrolls_in_its_own_box(light: dict[str, object], served: Served) -> None:
    """Long lines of code are not broken and not cut off."""
    assert light[f"/{served.shelf.posts[15].path}"]["code"] == "auto"  # type: ignore[index]


def test_keys_lead_to_the_next_and_the_previous_post(light: dict[str, object], served: Served) -> None:
    """j and k follow rel next and prev on a post's page; in a list j goes to the first post."""
    assert light["j"] == f"/{served.shelf.posts[18].path}"
    assert light["k"] == f"/{served.shelf.posts[12].path}"
    assert light["list"] == HASH


def test_a_page_is_drawn_without_complaints(served: Served, tmp_path: Path) -> None:
    """The screenshot has the size asked for and shows something; the console is silent."""
    picture = tmp_path / "post.png"
    options = (f"--screenshot={picture}", "--window-size=1280,1600")
    run = browse(served, tmp_path / "profile", served.shelf.posts[15].path, *options)
    assert "CONSOLE" not in run.stderr
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1280, 1600)
    assert len(data) > 20_000
