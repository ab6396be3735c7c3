"""The desk in a real browser: nothing is wider than a phone, dark is dark, and the policy lets everything through."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

PAGES = ("/search?q=worm&copies=1&source=alpha", "/search?q=%22a%20(", "/status", "/api", "/none")
MEASURE = """<!DOCTYPE html><meta charset="utf-8"><pre id="result"></pre><script>
(async () => {
  const results = {};
  for (const page of PAGES) {
    const element = document.createElement("iframe");
    element.width = 360; element.height = 740; element.style.border = 0;
    const loaded = new Promise((done) => { element.onload = done; });
    element.src = page;
    document.body.append(element);
    await loaded;
    const inner = element.contentDocument, body = element.contentWindow.getComputedStyle(inner.body);
    results[page] = { width: inner.documentElement.scrollWidth, sheets: inner.styleSheets.length, paper: body.backgroundColor,
      ink: body.color, unnamed: [...inner.querySelectorAll("input, select")].filter((field) => !field.labels.length).length };
    element.remove();
  }
  document.querySelector("#result").textContent = JSON.stringify(results);
})();
</script>"""


@pytest.fixture(scope="module")
def framed(ask: Any) -> Iterator[str]:
    """The desk behind a proxy that lets its pages stand in the frames of one that measures them; its address."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            measuring = self.path == "/measure"
            answer = None if measuring else ask(self.path)
            body = MEASURE.replace("PAGES", json.dumps(PAGES)).encode() if answer is None else answer.body
            self.send_response(200 if answer is None else answer.status)
            self.send_header("content-type", "text/html" if answer is None else answer.headers["content-type"])
            if answer is not None:
                policy = answer.headers["content-security-policy"].replace(
                    "frame-ancestors 'none'", "frame-ancestors 'self'"
                )
                self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def measure(base: str, profile: Path, scheme: int) -> dict[str, dict[str, Any]]:
    """What the browser makes of the pages; `scheme` 0 prefers dark, 1 light."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", "--enable-logging=stderr", f"--user-data-dir={profile}",
               "--dump-dom", "--virtual-time-budget=20000", f"--blink-settings=preferredColorScheme={scheme}"]  # fmt: skip
    run = subprocess.run(
        [chromium, *options, f"{base}/measure"], check=True, capture_output=True, text=True, timeout=90
    )
    assert [line for line in run.stderr.splitlines() if "CONSOLE" in line and "404" not in line] == []
    found = re.search(r'<pre id="result">(\{.*?\})</pre>', run.stdout, re.DOTALL)
    assert found, run.stdout[-2000:]
    return dict(json.loads(unescape(found[1])))


def brightness(colour: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3])


@pytest.mark.parametrize(("scheme", "dark"), [(1, False), (0, True)])
def test_pages_fit_a_phone_and_follow_the_readers_colours(
    framed: str, tmp_path: Path, scheme: int, *, dark: bool
) -> None:
    """At 360 pixels nothing scrolls sideways; every field has a label; both style sheets come; the console is silent."""
    found = measure(framed, tmp_path, scheme)
    assert found.keys() == set(PAGES)
    for page, seen in found.items():
        assert seen["width"] <= 360, page
        assert seen["sheets"] == 2, page
        assert seen["unnamed"] == 0, page
        assert (brightness(seen["paper"]) < brightness(seen["ink"])) is dark, page
