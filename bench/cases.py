"""The feeds that gave readers trouble, each served as its README says, read by the installed program, checked.

    python -m bench.cases [NAME ...] [--keep]

Each case has a loopback address of its own and is a feed of one feeds.yaml; three rounds of `poll --force` are made.
What counts is what a subscriber sees: the source's JSON Feed, `status`, `doctor`, feeds.yaml. Printed: a line for each
failure, and `N passed, N failed`. The exit code is 1 when one failed. With NAMEs only cases whose name begins so are
run; `--keep` leaves the data folder in place and prints where it is.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CASES = Path(os.environ.get("AGGREGATOR_CASES", ROOT.parent / "shared" / "cases")) / "feeds"
PROGRAM = Path(sys.executable).with_name("aggregator")
OTHER = "http://127.34.1.1/other.xml"
"""A feed that is in feeds.yaml before something is added."""

ROUNDS = 3
STALE_DAYS = (0, 1, 2, 4, 7, 9)
DAY_ZERO = "2026-02-03T18:00:00+00:00"
"""When the polls of `stale-304` begin: an hour after the newest date in it."""

NETWORK = """
network:
  allow: [127.0.0.0/8]
  timeout_s: 15
  per_host_interval_s: 0
defaults:
  full_text: never
  respect_robots: false
"""
AT_DAY = """
import datetime, os, sys
import aggregator.cli.app
app = sys.modules["aggregator.cli.app"]
app.moment = datetime.datetime.fromisoformat(os.environ["CASE_NOW"])
app.clock.__code__ = (lambda: moment).__code__  # the commands have the function already
import runpy
sys.argv[0] = "aggregator"
runpy.run_module("aggregator", run_name="__main__")
"""
"""The program with another clock."""

Items = list[dict[str, Any]]
Headers = list[tuple[str, str]]


@dataclass
class Answer:
    """What a server sends. `length` is the Content-Length where that is not the body's."""

    body: bytes = b""
    kind: str = "application/rss+xml"
    status: int = 200
    headers: Headers = field(default_factory=list)
    length: int | None = None


@dataclass
class Seen:
    """What came of a case: its source's JSON Feed, the lines of `status`, its site and the requests that it got."""

    name: str
    items: Items
    row: dict[str, Any]
    origin: str
    requests: list[dict[str, str]]
    doctor: Callable[[], str]


Serve = Callable[[int, Mapping[str, str]], Answer]
Check = Callable[[Seen], str]
"""What is wrong, or nothing."""


@dataclass
class Case:
    """A feed: at which path, what is served in round n (1, 2, 3) to a request with these headers, and what is right."""

    name: str
    check: Check
    serve: Serve
    path: str = "/feed.xml"


# --- serving ---------------------------------------------------------------------------------------------------


def file_of(name: str, round_: int) -> bytes:
    """The file of a case in a round: NAME.N.xml, else NAME.xml, else NAME.json."""
    numbered = [CASES / f"{name}.{number}.xml" for number in range(round_, 0, -1)]
    for path in (*numbered, CASES / f"{name}.xml", CASES / f"{name}.json"):
        if path.exists():
            return path.read_bytes()
    raise FileNotFoundError(name)


def plainly(name: str, kind: str = "application/rss+xml") -> Serve:
    return lambda round_, _: Answer(file_of(name, round_), kind)


class Site:
    """A server on an address of its own: one feed, or the pages of `add`."""

    def __init__(self, host: str, answer: Callable[[str, Mapping[str, str]], Answer]) -> None:
        self.requests: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
                given = answer(self.path, {key.lower(): value for key, value in self.headers.items()})
                self.send_response(given.status)
                self.send_header("Content-Type", given.kind)
                self.send_header("Content-Length", str(len(given.body) if given.length is None else given.length))
                for key, value in given.headers:
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(given.body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.origin = f"http://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


# --- the program -----------------------------------------------------------------------------------------------


@dataclass
class Program:
    """`aggregator` with a feeds.yaml and a data folder in `folder`."""

    folder: Path

    def run(self, *arguments: str, now: str = "") -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", AT_DAY] if now else [str(PROGRAM)]
        command = [
            *program, "--config", str(self.folder / "feeds.yaml"), "--data", str(self.folder / "data"), *arguments
        ]  # fmt: skip
        environment = {**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb", "CASE_NOW": now}
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=300, check=False, stdin=subprocess.DEVNULL
        )

    def configure(self, feeds: Mapping[str, str]) -> None:
        listed = "".join(f"  - url: {json.dumps(url)}\n    name: {json.dumps(name)}\n" for name, url in feeds.items())
        text = f"site:\n  title: Cases\n  base_url: http://cases.example/\n{NETWORK}feeds:\n{listed}"
        (self.folder / "feeds.yaml").write_text(text, "utf-8")

    def items(self, name: str) -> Items:
        path = self.folder / "data" / "public" / "sources" / f"{name}.json"
        return list(json.loads(path.read_text("utf-8"))["items"]) if path.exists() else []


# --- what is right ---------------------------------------------------------------------------------------------


def meant(item: dict[str, Any]) -> str:
    """What an entry says itself: `Meant: X`."""
    found = re.search(r"<p>Meant: (.*?)</p>", item["content_html"], re.DOTALL)
    return html.unescape(found[1]) if found else ""


def as_meant(key: str, count: int) -> Check:
    """Every entry has in `key` what it says itself."""

    def check(seen: Seen) -> str:
        wrong = [f"{item[key]!r} for {meant(item)!r}" for item in seen.items if not _fits(str(item[key]), meant(item))]
        return counted(seen, count) or "; ".join(wrong)

    return check


def _fits(value: str, wanted: str) -> bool:
    if wanted.startswith("not "):
        return not value.startswith(wanted.removeprefix("not "))
    if wanted.startswith("the "):
        return value[8:10] == re.sub(r"\D", "", wanted)
    return value == wanted


def counted(seen: Seen, count: int) -> str:
    found = len(seen.items)
    return "" if found == count else f"{found} entries, not {count} ({seen.row.get('last_error') or 'no error'})"


def entries(count: int) -> Check:
    return lambda seen: counted(seen, count)


def title_is(wanted: str) -> Check:
    return lambda seen: counted(seen, 1) or ("" if seen.items[0]["title"] == wanted else repr(seen.items[0]["title"]))


def every(test: Callable[[dict[str, Any]], bool], count: int) -> Check:
    """`count` entries, each of which passes."""

    def check(seen: Seen) -> str:
        wrong = [json.dumps(item, ensure_ascii=False)[:400] for item in seen.items if not test(item)]
        return counted(seen, count) or "; ".join(wrong)

    return check


def urls(*wanted: str) -> Check:
    """Entries with these links (relative to the feed's site), in this order."""

    def check(seen: Seen) -> str:
        found = [item["url"] for item in seen.items]
        right = [seen.origin + url if url.startswith("/") else url for url in wanted]
        return "" if found == right else f"{found}"

    return check


def reused(seen: Seen) -> str:
    """Three articles under one guid, each with its own link, title and date."""
    found = {item["url"].rpartition("/")[2]: (item["title"][:1], item["date_published"]) for item in seen.items}
    right = {str(number): (str(number), f"2026-02-0{number}T17:08:09Z") for number in (1, 2, 3)}
    return counted(seen, 3) or ("" if found == right else f"{found}")


def in_order(seen: Seen) -> str:
    """The document's order in the feed and in the chain of next posts."""
    numbers = [item["url"].rpartition("/")[2] for item in seen.items]
    after = {item["url"].rpartition("/")[2]: (item["_aggregator"].get("next") or {}).get("url") for item in seen.items}
    chain = {number: (url or "").rpartition("/")[2] for number, url in after.items()}
    right = {str(number): str(number + 1) if number < 8 else "" for number in range(1, 9)}
    problems = [] if numbers == list("87654321") else [f"order {numbers}"]
    return "; ".join(problems + ([] if chain == right else [f"next posts {chain}"]))


def pictured(item: dict[str, Any], url: str) -> bool:
    return item.get("image") == url or f'src="{url}"' in item["content_html"]


def video(item: dict[str, Any]) -> bool:
    number = item["url"][-1]
    body = item["content_html"]
    kinds = [file["mime_type"] for file in item.get("attachments") or ()]
    lines = re.search(r"0:00 Kettle(<br ?/?>|</p>|</li>|\n)", body)
    shown = pictured(item, f"https://img.youtube.example/vi/hopsAndMalt{number}/hqdefault.jpg")
    return shown and "application/x-shockwave-flash" not in kinds and bool(lines)


def tooted(item: dict[str, Any]) -> bool:
    number = item["url"].rpartition("/")[2]
    alts = {"3": "Paddle lemon daisy", "2": "Sunday lantern morning", "1": "Valley violet desert"}
    image = re.search(rf'<img[^>]*src="https://files.mastodon-images.example/{number}.png"[^>]*>', item["content_html"])
    return item["title"] != "Untitled" and bool(image) and f'alt="{alts[number]}' in image[0] if image else False


def sampled(item: dict[str, Any]) -> bool:
    body, number = item["content_html"], item["url"].rpartition("/")[2]
    words = {"1": "one", "2": "two", "3": "three"}[number]
    sample = {"1": "", "2": "if (a[b[0]]&gt;1) { x }</pre>", "3": "evil"}[number]
    article = body.partition("<hr>")[0]
    around = article.startswith(("<p>&lt;![CDATA", "&lt;![CDATA")) or article.rstrip().endswith("]]&gt;</p>")
    return f"<p>Last words of {words}.</p>" in body and sample in body and not around


def based(seen: Seen) -> str:
    base = f"{seen.origin}/ongoing/When/2026/02/"
    wrong = [
        item["content_html"]
        for item in seen.items
        if f'href="{base}notes"' not in item["content_html"] or f'src="{base}chart.png"' not in item["content_html"]
    ]
    return urls("/ongoing/When/2026/02/Post-2", "/ongoing/When/2026/02/Post-1")(seen) or "; ".join(wrong)


def not_cut_short(seen: Seen) -> str:
    said = json.dumps(seen.row) + seen.doctor()
    return counted(seen, 2) or ("it is called cut short" if "cut short" in said else "")


def length_lies(seen: Seen) -> str:
    asked = any(request.get("if-none-match") == '"w-1"' for request in seen.requests)
    return not_cut_short(seen) or ("" if asked else "its validator is not kept")


def says(*patterns: str) -> Check:
    """`status` or `doctor` has each of these (regular expressions)."""

    def check(seen: Seen) -> str:
        said = json.dumps(seen.row, ensure_ascii=False) + "\n" + seen.doctor()
        missing = [pattern for pattern in patterns if not re.search(pattern, said, re.IGNORECASE | re.DOTALL)]
        return f"nothing of {missing} in {said}" if missing else ""

    return check


# --- the cases -------------------------------------------------------------------------------------------------


def with_cookie(round_: int, headers: Mapping[str, str]) -> Answer:
    if "seen=1" in headers.get("cookie", ""):
        return Answer(file_of("cookie", round_))
    return Answer(status=302, headers=[("Location", "/feed.xml"), ("Set-Cookie", "seen=1; Path=/")])


def too_long(round_: int, headers: Mapping[str, str]) -> Answer:
    body = file_of("length-too-long", round_)
    if headers.get("if-none-match") == '"w-1"':
        return Answer(status=304, headers=[("ETag", '"w-1"')])
    return Answer(body, headers=[("ETag", '"w-1"'), ("Connection", "close")], length=len(body) + 300)


def stale(round_: int, headers: Mapping[str, str]) -> Answer:
    validators = [("ETag", '"stale"'), ("Last-Modified", "Sat, 12 Jan 2041 00:00:00 GMT")]
    if "if-none-match" in headers or "if-modified-since" in headers:
        return Answer(status=304, headers=validators)
    return Answer(file_of("stale-304", round_), headers=validators)


def challenge(_: int, __: Mapping[str, str]) -> Answer:
    page = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"
    return Answer(page, "text/html", 403, [("Server", "cloudflare"), ("cf-mitigated", "challenge")])


def members(_: int, __: Mapping[str, str]) -> Answer:
    page = b"<html><head><title>401</title></head></html>"
    return Answer(page, "text/html", 401, [("WWW-Authenticate", 'Basic realm="Members"')])


def wp_page(_: int, __: Mapping[str, str]) -> Answer:
    page = b"""<!doctype html><html><head><title>Harbor</title>
<link rel="alternate" title="JSON" type="application/json" href="/wp-json/wp/v2/pages/7">
<link rel="alternate" type="application/rss+xml" title="Harbor" href="/harbor.rss"></head><body>Hello</body></html>"""
    return Answer(page, "text/html")


def gzipped(_: int, __: Mapping[str, str]) -> Answer:
    return Answer((CASES / "gz-no-label.xml.gz").read_bytes(), "application/gzip")


def simple(name: str, check: Check, path: str = "/feed.xml", kind: str = "application/rss+xml") -> Case:
    return Case(name, check, plainly(name, kind), path)


FEEDS = (
    simple("dates-weekday", as_meant("date_published", 6)),
    simple("dates-numbers", as_meant("date_published", 6)),
    simple("dates-months", as_meant("date_published", 9)),
    simple("dates-zones", as_meant("date_published", 5)),
    simple("dates-wrong", as_meant("date_published", 4)),
    simple("dates-slashes", as_meant("date_published", 5)),
    simple("youtube", every(video, 2)),
    simple("mastodon-images", every(tooted, 3)),
    simple(
        "media-images",
        every(lambda item: pictured(item, f"https://media-images.example/{item['url'][-1]}.jpg"), 3),
    ),
    simple("itunes-title", title_is("Helmet hidden shelter harvest potato pebble")),
    simple("guid-reused", reused),
    simple("guid-rotates", every(lambda item: item["title"].startswith("Updated: "), 2)),
    simple("guid-rotates-nolink", entries(2)),
    simple("noguid-nolink-redated", entries(2)),
    simple("same-date", in_order),
    simple("relative-no-channel-link", urls(*(f"/news/posts/{n}.html" for n in (3, 2, 1))), "/news/feed.xml"),
    simple(
        "relative-image-first", urls(*(f"https://relative-image-first.example/news/posts/{n}.html" for n in (2, 1)))
    ),
    simple("xmlbase-xhtml", based, "/ongoing/feed.atom", "application/atom+xml"),
    simple("links-odd", as_meant("url", 4)),
    simple("atom-links", as_meant("url", 3)),
    simple("titles-tags", as_meant("title", 5)),
    simple("cdata-nested", every(sampled, 3)),
    simple("junk-after", not_cut_short),
    simple("json-newline", every(lambda item: "Last words." in item["content_html"], 2), kind="application/feed+json"),
    simple(
        "json-authors",
        every(lambda item: "Marble Warden" in item["authors"][0]["name"], 3),
        kind="application/feed+json",
    ),
    simple("enc-not-utf8", title_is("Café – « sécurité » de l’été"), kind="text/xml"),
    simple("enc-pasted", title_is("Ważne: the “harbor’s “log”” of Žižkov"), kind="text/xml; charset=utf-8"),
    simple("enc-server-default", title_is("Ważne ostrzeżenie: źródło błędu"), kind="text/xml; charset=ISO-8859-1"),
    simple("enc-label-hebrew", title_is("פגיעות חמורה בשרת הדואר"), kind="text/xml"),
    Case("gz-no-label", entries(2), gzipped, "/feed.xml.gz"),
    Case("length-too-long", length_lies, too_long),
    Case("cookie", entries(2), with_cookie),
    Case("words-challenge", says(r"check for bots|bot (check|challenge)|\bbots\b"), challenge),
    Case("words-login", says("password", "user", r"feeds\.yaml"), members),
    Case("words-wp-json", says(r"names a feed at \S*/harbor\.rss"), wp_page),
)


@contextmanager
def served(cases: list[Case], round_: list[int]) -> Iterator[dict[str, Site]]:
    with ExitStack() as opened:
        yield {
            case.name: opened.enter_context(Site(f"127.33.0.{number}", _answer(case, round_)))
            for number, case in enumerate(cases, start=1)
        }


def _answer(case: Case, round_: list[int]) -> Callable[[str, Mapping[str, str]], Answer]:
    def answer(path: str, headers: Mapping[str, str]) -> Answer:
        if path.partition("?")[0] != case.path:
            return Answer(b"", "text/plain", 404)
        return case.serve(round_[0], headers)

    return answer


def run_feeds(cases: list[Case], folder: Path) -> Iterator[tuple[str, str]]:
    """(name, what is wrong) of each feed."""
    if not cases:
        return
    program, round_ = Program(folder), [1]
    with served(cases, round_) as sites:
        program.configure({case.name: sites[case.name].origin + case.path for case in cases})
        for round_[0] in range(1, ROUNDS + 1):
            program.run("poll", "--force")
        rows = {row["name"]: row for row in json.loads(program.run("status", "--json").stdout)}
        text = program.run("status").stdout
        for case in cases:
            site, row = sites[case.name], rows.get(case.name, {})
            row["words"] = [line for line in text.splitlines() if case.name in line]

            def doctor(name: str = case.name) -> str:
                ended = program.run("doctor", name)
                return ended.stdout + ended.stderr

            items = program.items(case.name)
            yield case.name, case.check(Seen(case.name, items, row, site.origin, site.requests, doctor))


def run_stale(folder: Path) -> str:
    """A server that answers 304 forever: polls on some days, without `--force`, with the clock of that day."""
    program, round_ = Program(folder), [1]
    with served([Case("stale-304", entries(3), stale)], round_) as sites:
        program.configure({"stale-304": sites["stale-304"].origin + "/feed.xml"})
        for number, day in enumerate(STALE_DAYS, start=1):
            round_[0] = min(number, 2)
            program.run("poll", "--force", now=DAY_ZERO.replace("-03T", f"-{3 + day:02}T"))
        found = len(program.items("stale-304"))
    return "" if found == 3 else f"{found} entries after {STALE_DAYS[-1]} days"


def rss(title: str, count: int, origin: str) -> bytes:
    items = "".join(
        f"<item><title>{title} {n}</title><link>{origin}/{n}</link><guid>{origin}/{title}/{n}</guid></item>"
        for n in range(count)
    )
    return (
        f"<rss version='2.0'><channel><title>{title}</title><link>{origin}/</link>"
        f"<description>x</description>{items}</channel></rss>"
    ).encode()


def run_adding(case: dict[str, Any], variant: dict[str, Any], folder: Path, number: int) -> str:
    """`add --yes` writes the feed that is wanted."""
    pages, sites = variant["pages"], []

    def answer(path: str, _: Mapping[str, str]) -> Answer:
        page = pages.get(path)
        if page is None:
            return Answer(b"not here", "text/plain", 404)
        headers = [(key, value) for key, value in page.get("headers", ())]
        if "feed" in page:
            return Answer(rss(page["feed"], page["entries"], sites[0].origin), headers=headers)
        return Answer(page["body"].encode(), "text/html", 200, headers)

    with Site(f"127.34.0.{number}", answer) as site:
        sites.append(site)
        program = Program(folder)
        program.configure({variant.get("known", "other"): OTHER})
        given, host = variant["given"], site.origin.removeprefix("http://")
        given = given.replace("HOST", host) if "HOST" in given else site.origin + given
        ended = program.run("add", "--yes", given)
        written = (folder / "feeds.yaml").read_text("utf-8")
    wanted = site.origin + variant["wanted"]
    if re.search(rf"url: ['\"]?{re.escape(wanted)}['\"]?\s*$", written, re.MULTILINE):
        return ""
    if case["name"] == "add-same-title" and "--name" in ended.stderr + ended.stdout:
        return ""
    return f"{given} -> {(ended.stderr + ended.stdout).strip()[-300:]}"


def run_opml(name: str, folder: Path) -> str:
    program = Program(folder)
    program.configure({"other": OTHER})
    ended = program.run("import-opml", str(CASES / f"{name}.opml"))
    written, said = (folder / "feeds.yaml").read_text("utf-8"), ended.stdout + ended.stderr
    count = len(re.findall(r"(?<!_)url: \S+\.example", written))
    if name == "opml-same-title":
        return "" if count == 5 else f"{count} feeds, not 5: {said.strip()}"
    told = "skipped" in said or ("Scraped" in said and "Queried" in said)
    return "" if count == 1 and "good.example/rss" in written and told else f"{count} feeds: {said.strip()}"


def run(names: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """Every case whose name begins with one of `names` (all, when there are none), and what is wrong with it."""

    def wanted(name: str) -> bool:
        return not names or name.startswith(tuple(names))

    def fresh(name: str) -> Path:
        made = folder / name
        made.mkdir()
        return made

    yield from run_feeds([case for case in FEEDS if wanted(case.name)], fresh("feeds"))
    if wanted("stale-304"):
        yield "stale-304", run_stale(fresh("stale-304"))
    adding = [case for case in json.loads((CASES / "adding.json").read_text("utf-8")) if wanted(case["name"])]
    for case in adding:
        wrong = [
            run_adding(case, variant, fresh(f"{case['name']}-{number}"), number)
            for number, variant in enumerate(case["variants"], start=1)
        ]
        yield case["name"], "; ".join(filter(None, wrong))
    for name in ("opml-same-title", "opml-scraped"):
        if wanted(name):
            yield name, run_opml(name, fresh(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only cases whose name begins so")
    parser.add_argument("--keep", action="store_true", help="leave the data folder in place")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cases-"))
    passed = failed = 0
    try:
        for name, problem in run(arguments.names, folder):
            passed, failed = passed + (not problem), failed + bool(problem)
            if problem:
                print(f"{name}: {problem}", flush=True)
        print(f"{passed} passed, {failed} failed")
    finally:
        if arguments.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
