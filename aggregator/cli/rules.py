"""Rules for sites: which there are, what is wrong with them, and whether they still find what they are for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import Here, Json, app, complain, counted, here, line, print_json, print_table, say, show
from aggregator.cli.progress import bars
from aggregator.models.errors import ConfigError, StageError

if TYPE_CHECKING:
    from aggregator.config.rulebook import Rulebook
    from aggregator.models import PendingArticle
    from aggregator.models.site_rules import Rule, Sample
    from aggregator.pipeline.articles import ArticleResult

_BEGINNING = 60
"""Characters of an article's text that the table shows."""


class Action(StrEnum):
    """What is to be done with the rules."""

    LIST = "list"
    TEST = "test"


@app.command()
def rules(
    context: typer.Context,
    action: Annotated[
        str,
        typer.Argument(
            help="list: every rule, every mistake (exit code 2); test: read their test pages.",
            autocompletion=lambda: [*Action],
        ),
    ] = Action.LIST,
    site: Annotated[str | None, typer.Argument(help="A host; default: all.")] = None,
    as_json: Json = False,
) -> None:
    """List site rules (docs/rules.md) and check whether they still match."""
    from aggregator.config.rulebook import Rulebook

    place = here(context)
    config = place.config if place.config_path.exists() else None
    book = Rulebook.of(config.rules if config else ())
    wanted = _action(action, book)
    chosen = _chosen(book, site)
    if wanted is Action.LIST:
        _list(book, chosen, as_json=as_json)
    elif not _test(book, chosen, place, as_json=as_json):
        raise typer.Exit(1)


def _action(given: str, book: Rulebook) -> Action:
    """What is to be done. ConfigError with what was meant, if that can be told."""
    if given in [*Action]:
        return Action(given)
    near = difflib.get_close_matches(given, [*Action], 1, 0.5)
    if "." in given and book.find(given if "://" in given else f"https://{given}/"):
        near = [f"{action} {given}" for action in Action]
    hint = f"; did you mean {' or '.join(f'`aggregator rules {one}`' for one in near)}?" if near else ""
    raise ConfigError((f"`{given}` is neither `list` nor `test`{hint}",))


def _chosen(book: Rulebook, site: str | None) -> list[Rule]:
    if site is None:
        return list(book.all())
    rule = book.find(site if "://" in site else f"https://{site}/")
    if rule is None and not book.problems:
        raise ConfigError((f"there is no rule for `{site}`",))
    return [rule] if rule else []


def _list(book: Rulebook, chosen: list[Rule], *, as_json: bool) -> None:
    names = ("body", "title", "author", "date", "strip", "next_page", "single_page", "next", "previous")
    rows = [
        (
            rule.site,
            ", ".join(name for name in names if getattr(rule, name)),
            len(rule.tests),
            rule.file if as_json else _place(rule.file),
        )
        for rule in chosen
    ]
    _print(f"{len(chosen)} rule{'s' * (len(chosen) != 1)}", ("site", "says", "tests", "file"), rows, as_json=as_json)
    if book.problems:
        raise ConfigError(tuple(book.problems))


def _place(file: str) -> str:
    """A rule's file for people: from here if it is below, its name alone if it came with the program."""
    from aggregator.config.rulebook import shipped

    path = Path(file)
    if path.parent == shipped():
        return f"{path.name} (comes with the program)"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _print(title: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]], *, as_json: bool) -> None:
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(title, columns, rows)


def _test(book: Rulebook, chosen: list[Rule], place: Here, *, as_json: bool) -> bool:
    """Read the test pages and print what was found: whether all went well."""
    for problem in book.problems:
        complain(problem)
    samples = [(rule, sample) for rule in chosen for sample in rule.tests]
    if not samples:
        say(
            "a rule with a mistake is not used: no page was read"
            if book.problems and not chosen
            else "no rule has a test page"
        )
        return not book.problems
    rows = []
    with bars() as progress:
        for number, (index, reading) in enumerate(_read(book, samples, place), 1):
            progress("scrape", number, len(samples))
            rows.append((index, _row(*samples[index], reading)))
    rows.sort(key=lambda row: row[0])
    failed = sum(row[0] != "ok" for _, row in rows)
    if as_json:
        columns = ("result", "page", "title", "words", "begins", "notes")
        print_json([dict(zip(columns, row, strict=True)) for _, row in rows])
    else:
        for _, row in rows:
            _show(*row)
    (say if as_json else show)(f"{len(rows) - failed} of {len(samples)} pages are as they should be")
    return failed == 0 and len(rows) == len(samples) and not book.problems


def _show(result: str, page: str, title: str, words: int | str, begins: str, notes: str) -> None:
    """One test page: its address, what was found in it, and what is wrong with that."""
    show(f"{result:<6}  {page}", hang=8)
    if words != "":
        show(f"        {line(title) or 'no title'} ({counted(int(words), 'word')}): {line(begins)}")
    if notes:
        show(f"        {line(notes)}")


def _read(book: Rulebook, samples: list[tuple[Rule, Sample]], place: Here) -> Iterator[tuple[int, ArticleResult]]:
    """Each sample's number with what was read, as they complete: by the way that articles take, but nothing is kept."""
    from aggregator.cli.inspect import fetching
    from aggregator.config.settings import FeedOptions, Network
    from aggregator.pipeline.articles import ArticleReader
    from aggregator.pipeline.workers import Workers

    network = place.config.network if place.config_path.exists() else Network()
    with fetching(place) as fetcher, Workers() as workers:
        pages = ArticleReader(fetcher, workers, network, lambda _: FeedOptions(), lambda: False, book)
        for reading in pages.read(_pending(sample for _, sample in samples)):
            yield reading.article.id, reading


def _pending(samples: Iterable[Sample]) -> Iterator[PendingArticle]:
    from aggregator.models import PendingArticle

    for index, sample in enumerate(samples):
        yield PendingArticle(index, sample.url, 0, 0, "", "", None)


def _row(rule: Rule, sample: Sample, reading: ArticleResult) -> tuple[str, str, str, int | str, str, str]:
    from aggregator.models import PageKind
    from aggregator.pipeline.parsing import ReadArticle
    from aggregator.text.urls import public_url

    url = public_url(sample.url)
    if not isinstance(reading.read, ReadArticle):
        error = reading.read
        return "failed", url, "", "", "", error.message if isinstance(error, StageError) else str(error)
    article = reading.read.article
    text = " ".join(article.text.split())
    notes = [f"no `{wanted}`" for wanted in sample.contains if " ".join(wanted.split()) not in text]
    if article.kind is not PageKind.ARTICLE:
        notes.append(f"no article ({article.kind.value})")
    if rule.body and not article.extractor.startswith("rule:"):
        notes.append(f"the text was found by `{article.extractor}`, not by the rule")
    state = "failed" if notes else "ok"
    notes += [article.rule_problem] if article.rule_problem else []
    begins = text[:_BEGINNING] + ("…" if len(text) > _BEGINNING else "")
    return state, url, article.title or "", article.word_count, begins, "; ".join(notes)
