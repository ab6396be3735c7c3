"""Commands that show what the program makes of something, and store nothing: parse, extract, stories.

JSON Lines for `extract --batch` and `stories`: a bad line is named with its number, and costs only itself.

One file or URL, fetched outside a round for `parse`, `extract` and `add`: the same guard, the same workers.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.app import Here, app, clock, complain, dumps, here, print_json
from aggregator.models.errors import ConfigError, FetchError, ParseError, StageError, StoreError
from aggregator.text.urls import public_url, redact

if TYPE_CHECKING:
    from aggregator.config.rulebook import Rulebook
    from aggregator.config.settings import Network
    from aggregator.dedupe.stories.values import StoryItem
    from aggregator.fetch import Fetcher
    from aggregator.models import Article, Entry, FetchMemory, HostState, ParsedFeed, RobotsFile


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: the object that it holds, or the problem with it, said with file and line."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def read_lines(path: Path, texts: tuple[str, ...] = ()) -> Iterator[Line]:
    """The lines of a file that are not blank; the keys in `texts` hold text where they are there.

    Raises ConfigError when the file cannot be read. A line ends at a newline and at nothing else: JSON may hold
    U+2028 and its like as they are.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}",)) from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _line(path, number, line, texts)


def _line(path: Path, number: int, line: bytes, texts: tuple[str, ...]) -> Line:
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return Line(number, problem=f"{path}:{number}:{error.colno}: is not JSON: {error.msg}")
    except UnicodeDecodeError as error:
        return Line(number, problem=f"{path}:{number}: is not UTF-8 (byte {error.start + 1} of the line)")
    except (RecursionError, ValueError) as error:
        return Line(number, problem=f"{path}:{number}: cannot be read: {error}")
    if not isinstance(value, dict):
        return Line(number, problem=f"{path}:{number}: found no JSON object")
    for key in texts:
        if value.get(key) is not None and not isinstance(value[key], str):
            return Line(number, {"id": value.get("id")}, f"{path}:{number}: `{key}` is not text")
    return Line(number, value)


_STORY_KEYS = ("id", "story", "duplicate_of", "reason", "similarity")


@app.command()
def parse(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="A feed: a file (may be gzipped) or a URL, fetched once.")
    ],
    url: Annotated[str | None, typer.Option(help="Read FILE as if it came from this URL.")] = None,
) -> None:
    """Parse a feed and print what would be stored, as JSON."""
    from aggregator.pipeline.feeds import FEED_TYPES, PARSE_TIMEOUT_S
    from aggregator.pipeline.parsing import read_feed
    from aggregator.pipeline.workers import Workers

    document = read_document(target, here(context), accept=FEED_TYPES, url=url)
    with Workers(processes=1) as workers:

        def read(url: str) -> ParsedFeed:
            feed: ParsedFeed = workers.call(
                read_feed, document.body, url, document.content_type, clock(), timeout_s=PARSE_TIMEOUT_S
            )
            return feed

        try:
            feed = read(document.url)
        except ParseError as error:
            raise ParseError(error.url or target, error.message) from None
        if not document.url and (base := feed.self_url or feed.home_page_url):
            feed = replace(read(base), url="")  # its relative links are relative to something after all
    print_json(_feed_json(feed))


def _asks_robots(context: typer.Context) -> bool:
    """Whether robots.txt is asked for a page: the operator's default, where there is one."""
    place = here(context)
    return not place.config_path.exists() or place.config.defaults.respect_robots


def _feed_json(feed: ParsedFeed) -> dict[str, object]:
    about = {
        "title": feed.title,
        "url": redact(feed.url) or None,
        "home_page_url": feed.home_page_url,
        "description": feed.description or None,
        "language": feed.language,
        "author": feed.author,
        "icon": feed.icon,
        "updated": feed.updated,
        "format": feed.format or None,
        "hubs": feed.hubs,
        "problems": feed.problems,
    }
    return {"feed": about, "entries": [_entry_json(entry) for entry in feed.entries]}


def _entry_json(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "author": entry.author,
        "published": entry.published,
        "updated": entry.updated,
        "summary": entry.summary or None,
        "html": entry.html or None,
        "tags": entry.tags,
        "enclosures": entry.enclosures,
    }


@app.command()
def extract(
    context: typer.Context,
    target: Annotated[
        str | None, typer.Argument(metavar="FILE|URL", help="A page: a file (may be gzipped) or a URL, fetched once.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Read FILE as if it came from this URL.")] = None,
    batch: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help='A line {"id","url","file"} in, a line out, in the same order.'),
    ] = None,
) -> None:
    """Extract a page's article and print what would be stored, as JSON.

    Of a batch, a line that fails has an `error`; exit code 1 when all do.
    """
    if (target is None) == (batch is None):
        raise typer.BadParameter("give either FILE|URL or --batch FILE.jsonl")
    if batch is not None:
        _print_batch(batch)
        return
    assert target is not None
    _extract_one(context, target, url)


def _print_batch(batch: Path) -> None:
    """Exit code 1 when no line of several gave an article."""
    worked, lines = 0, 0
    for line in _extract_batch(batch):
        sys.stdout.write(dumps(line) + "\n")
        sys.stdout.flush()
        worked += "error" not in line
        lines += 1
    if lines and not worked:
        complain(f"{batch}: none of its {lines} lines could be worked on")
        raise typer.Exit(1)


def _extract_one(context: typer.Context, target: str, url: str | None) -> None:
    from aggregator.models import PageKind
    from aggregator.pipeline.articles import PAGE_TYPES, SCRAPE_TIMEOUT_S
    from aggregator.pipeline.parsing import PageInput, read_page
    from aggregator.pipeline.workers import Workers
    from aggregator.scrape import Hint

    document = read_document(target, here(context), accept=PAGE_TYPES, url=url, robots=_asks_robots(context))
    with Workers(processes=1) as workers:
        read = workers.call(
            read_page,
            PageInput(
                document.body, document.url, document.content_type, Hint(rule=_rules(context).find(document.url))
            ),
            timeout_s=SCRAPE_TIMEOUT_S,
        )
    print_json(_article_json(read.article))
    if read.article.kind is not PageKind.ARTICLE:
        complain(f"{target}: holds no article ({read.article.kind.value})")
        raise typer.Exit(1)


def _rules(context: typer.Context) -> Rulebook:
    """The operator's rules and those that come with the program."""
    from aggregator.config.rulebook import Rulebook

    place = here(context)
    return Rulebook.of(place.config.rules if place.config_path.exists() else ())


def _extract_batch(batch: Path) -> Iterator[dict[str, object]]:
    """The lines of a batch, worked on in parallel, given back in the order of the file."""
    from aggregator.pipeline.articles import SCRAPE_TIMEOUT_S
    from aggregator.pipeline.parsing import read_page
    from aggregator.pipeline.workers import Workers

    lines = list(read_lines(batch, ("url", "file")))
    waiting: dict[int, dict[str, object]] = {}
    turn = 0
    with Workers() as workers:
        for number, answer in workers.each(_pages(lines, batch, waiting), read_page, timeout_s=SCRAPE_TIMEOUT_S):
            waiting[number] = _batch_line(lines[number], answer)
            while turn in waiting:
                yield waiting.pop(turn)
                turn += 1
    while turn in waiting:
        yield waiting.pop(turn)
        turn += 1


def _pages(lines: list[Line], batch: Path, waiting: dict[int, dict[str, object]]) -> Iterator[tuple[int, tuple[Any]]]:
    from aggregator.pipeline.parsing import PageInput
    from aggregator.scrape import Hint

    for number, line in enumerate(lines):
        try:
            path = _file_of(line, batch)
            document = read_file(path if path.exists() else batch.parent / path, line.values.get("url"))
        except (FetchError, ParseError) as error:
            waiting[number] = _batch_line(line, error)
        else:
            yield number, (PageInput(document.body, document.url, document.content_type, Hint()),)


def _file_of(line: Line, batch: Path) -> Path:
    if line.problem:
        raise ParseError("", line.problem)
    if not line.values.get("file"):
        raise ParseError("", f"{batch}:{line.number}: names no `file`")
    return Path(line.values["file"])


def _batch_line(line: Line, answer: Any) -> dict[str, object]:
    from aggregator.models import Article

    named, url = line.values.get("id"), line.values.get("url")
    if isinstance(answer, Exception):
        message = answer.message if isinstance(answer, StageError) else str(answer)
        complain(message if line.problem or named is None else f"{named}: {message}")
        return {"id": named, **_article_json(Article(url or "")), "error": message}
    return {"id": named, **_article_json(answer.article)}


def _article_json(article: Article) -> dict[str, object]:
    return {
        "url": public_url(article.url) or None,
        "canonical_url": article.canonical_url,
        "title": article.title,
        "author": article.author,
        "published": article.published,
        "modified": article.modified,
        "language": article.language,
        "text": article.text or None,
        "html": article.html or None,
        "lead_image": article.lead_image,
        "next": asdict(article.next) if article.next else None,
        "previous": asdict(article.previous) if article.previous else None,
        "source": asdict(article.source) if article.source else None,
        "extractor": article.extractor or None,
        "word_count": article.word_count,
        "tags": article.tags,
        "kind": article.kind.value,
    }


@app.command()
def stories(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="Each line: id, url, title, text, published, source.")
    ],
) -> None:
    """Group articles by event and find copies: one JSON object per line in and out, in the same order.

    A line that cannot be read is named, and has an `error` in its place; exit code 1 when none can.
    """
    from aggregator.dedupe.stories.clusterer import group

    lines = list(read_lines(file))
    found = iter(group(_item(line.values) for line in lines if not line.problem))
    for line in lines:
        if line.problem:
            complain(line.problem)
            shown: dict[str, object] = {**dict.fromkeys(_STORY_KEYS), "error": line.problem}
        else:
            grouped = asdict(next(found))
            shown = {key: grouped[key] for key in _STORY_KEYS}
        sys.stdout.write(dumps(shown) + "\n")
    if lines and all(line.problem for line in lines):
        raise typer.Exit(1)


def _item(values: dict[str, Any]) -> StoryItem:
    from aggregator.dedupe.stories.values import StoryItem

    return StoryItem(
        id="" if values.get("id") is None else str(values["id"]),
        title=str(values.get("title") or ""),
        text=str(values.get("text") or ""),
        published=_time(values.get("published")),
        source=str(values.get("source") or ""),
        url=str(values.get("url") or ""),
    )


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # a year before the first or after the last, in another zone
        return None


MAX_FILE_BYTES = 64 * 2**20

_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?!html?$|xml$|json$|jsonl$|rss$|atom$|gz$|txt$)[a-z]{2,}(?:/|$)", re.IGNORECASE)
"""What was meant for a site rather than for a file."""


class Passing:
    """A memory for a few requests that leave no trace: it goes when they are done.

    `behind` is a memory that it begins with and never writes to: a host that rests is left alone by them, too, unless
    they are `urgent`: a person asks, once.
    """

    def __init__(self, behind: FetchMemory | None = None, *, urgent: bool = False) -> None:
        self._behind = behind
        self._urgent = urgent
        self._hosts: dict[str, HostState] = {}
        self._robots: dict[str, RobotsFile] = {}

    def host(self, host: str) -> HostState | None:
        known = self._hosts.get(host) or (self._behind.host(host) if self._behind else None)
        return replace(known, not_before=None) if known and self._urgent else known

    def save_host(self, state: HostState) -> None:
        self._hosts[state.host] = state

    def robots(self, origin: str) -> RobotsFile | None:
        return self._robots.get(origin) or (self._behind.robots(origin) if self._behind else None)

    def save_robots(self, robots: RobotsFile) -> None:
        self._robots[robots.origin] = robots


@dataclass(frozen=True, slots=True)
class InputDocument:
    """Bytes to look at, and where they are from: empty for a file without `--url`. Its relative links are lost."""

    body: bytes
    url: str
    content_type: str = ""


@contextmanager
def fetching(place: Here | None, network: Network | None = None) -> Iterator[Fetcher]:
    """A fetcher with `network`, else the operator's settings; it knows which hosts rest, and keeps nothing."""
    from aggregator.config.settings import Network
    from aggregator.fetch import Fetcher
    from aggregator.store import Store

    network = network or (place.config.network if place and place.config_path.exists() else Network())
    with ExitStack() as opened:
        memory: FetchMemory | None = None
        if place and place.database.exists():
            with suppress(StoreError):  # of another version: what it knows of hosts cannot be read
                memory = opened.enter_context(Store.read(place.database)).hosts
        yield opened.enter_context(Fetcher(network, Passing(memory), clock=clock))


def read_document(
    target: str, place: Here, *, accept: str, url: str | None = None, robots: bool = False
) -> InputDocument:
    """A file's bytes (gunzipped if need be) or a URL's; with `robots` robots.txt has its say. Raises FetchError."""
    from aggregator.models import Request

    if "://" in target:
        if not target.lower().startswith(("http://", "https://")):
            raise Unreadable(redact(target), "is neither a file nor an http:// or https:// URL")
        with fetching(place) as fetcher:
            response = fetcher.get(Request(target, accept=accept, robots=robots))
        return InputDocument(response.body, url or response.url, response.content_type)
    return read_file(Path(target), url)


class Unreadable(FetchError):
    """A file cannot be read; `url` is its path."""

    def __str__(self) -> str:
        return f"{self.url}: {self.message}"


def read_file(path: Path, url: str | None) -> InputDocument:
    """A file as if it had been fetched from `url`. Unreadable when there is none, or nothing in it."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES)
        if body.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                body = packed.read(MAX_FILE_BYTES)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise Unreadable(str(path), f"cannot be read: {_why(path, error)}") from None
    if not body.strip():
        raise Unreadable(str(path), "cannot be read: the file is empty")
    return InputDocument(body, url or "")


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, FileNotFoundError):
        host = _HOST.match(str(path))
        return f"there is no such file{f'; for the site, write https://{path}' if host else ''}"
    return str(getattr(error, "strerror", None) or error)
