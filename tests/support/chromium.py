"""A headless chromium, told what to do over its debugging pipe: one process for many pages, schemes and sizes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.machine import needed

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe")  # fmt: skip
PIPED = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
"""Chromium reads commands from descriptor 3 and writes answers to 4 (DevTools' --remote-debugging-pipe)."""


class Page:
    """The browser's one page. Messages are JSON with a NUL behind each (https://chromedevtools.github.io)."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._rest, self._number = b"", 0
        self._session: dict[str, str] = {}
        self._heard: list[dict[str, Any]] = []
        (first,) = [one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        self._session = {
            "sessionId": self.call("Target.attachToTarget", targetId=first["targetId"], flatten=True)["sessionId"]
        }
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **values: object) -> dict[str, Any]:
        """What the browser answers to a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": values, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._heard.append(answer)
        assert "error" not in answer, (method, answer)
        return dict(answer["result"])

    def open(self, url: str) -> list[str]:
        """Go there; what the console complains of."""
        self._heard.clear()
        self.call("Page.navigate", url=url)
        self.loaded()
        told = [one for one in self._heard if one.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
        self._heard.clear()
        return [json.dumps(one["params"]) for one in told]

    def loaded(self) -> None:
        """Wait until a page has come that nobody has waited for yet."""
        while not (come := [one for one in self._heard if one.get("method") == "Page.loadEventFired"]):
            self._heard.append(self._next())
        self._heard.remove(come[0])

    def press(self, key: str, **more: object) -> None:
        """A key, down and up."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **more)

    def run(self, script: str) -> Any:
        """The value of an expression, awaited; the page's policy does not hold for it."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def look(self, width: int, *, scheme: str = "light", media: str = "", touch: bool = False) -> None:
        """As wide as that, with these preferences, from now on."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._back, 1 << 20)
            assert more, "chromium has ended"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A page of a browser of its own; skips where there is no chromium."""
    chromium = needed("chromium", other="chromium-browser")
    (hears, to), (back, says) = os.pipe(), os.pipe()
    command = [sys.executable, "-c", PIPED, str(hears), str(says), chromium, *OPTIONS, f"--user-data-dir={profile}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, "about:blank"], pass_fds=(hears, says), stdout=quiet, stderr=quiet) as process:
        os.close(hears)
        os.close(says)
        try:
            page = Page(to, back)
            yield page
            with contextlib.suppress(AssertionError, OSError):
                page.call("Browser.close")
        finally:
            os.close(to)
            os.close(back)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
