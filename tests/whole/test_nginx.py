"""deploy/nginx.conf in a real nginx: what readers get through it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from support.outlets import outlet

ROOT = Path(__file__).parents[2]
SITE = ROOT / "deploy" / "nginx.conf"


@contextmanager
def nginx(folder: Path, program: str, public: Path) -> Iterator[str]:
    """Our site in a real nginx, with a certificate of the tests, a port of its own and the files of `public`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = SITE.read_text("utf-8")
    site = re.sub(r"/etc/letsencrypt/\S+\.pem", str(ROOT / "tests" / "fetch" / "tls" / "good.pem"), site)
    site = re.sub(r"\n    listen (?:80|\[::\]:80|\[::\]:443 ssl);", "", site)
    site = site.replace("server_name news", "listen 127.0.0.1:1;\n    server_name news", 1)  # the one that leads to TLS
    site = site.replace("listen 127.0.0.1:1;", f"listen unix:{folder}/plain;").replace(
        "443 ssl", f"127.0.0.1:{port} ssl"
    )
    site = site.replace("http://127.0.0.1:8080", program).replace("/var/lib/aggregator/public", str(public))
    whom = "user root; " if os.geteuid() == 0 else ""
    places = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(
        f"{whom}daemon off; pid {folder}/pid; error_log stderr; events {{}} "
        f"http {{ access_log off; {places} include {folder}/site.conf; }}"
    )
    process = subprocess.Popen(
        ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx (Debian: nginx)")
def test_nginx_serves_the_feeds_and_asks_the_program_for_the_rest(tmp_path: Path) -> None:
    """Feeds from the disk with their types, compressed, conditional, closed to scripts; pages come from the program."""
    public = tmp_path / "public"
    (public / "tags").mkdir(parents=True)
    text = "<feed>" + "news " * 500 + "</feed>"
    for name in ("feed.atom", "tags/news.rss", "feed.json", "index.html"):
        (public / name).write_text(text)
    with outlet({"/": ("text/html", b"from the program")}) as program, nginx(tmp_path, program.origin, public) as site:

        def ask(path: str, **headers: str) -> requests.Response:
            return requests.get(site + path, headers=headers, verify=False, timeout=5)  # the name is not 127.0.0.1

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            atom, page = ask("/feed.atom"), ask("/")
            assert ask("/tags/news.rss").headers["content-type"] == "application/rss+xml; charset=utf-8"
            assert ask("/feed.json").headers["content-type"] == "application/feed+json; charset=utf-8"
            assert ask("/feed.atom", **{"If-None-Match": atom.headers["etag"]}).status_code == 304
        assert atom.text == text
        assert atom.headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert atom.headers["content-encoding"] == "gzip"
        assert atom.headers["vary"] == "Accept-Encoding"
        assert "sandbox" in atom.headers["content-security-policy"]
        assert page.text == "from the program"
        assert program.received["/"]["X-Forwarded-For"] == "127.0.0.1"
        assert program.asked == ["/"]
