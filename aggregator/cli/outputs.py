"""Commands about the outputs of feeds.yaml: `list` shows what they hold, `try` what one would hold, and why.

`withdraw` removes an article from the output, and with `--undo` publishes it again; what is stored stays.
"""

from __future__ import annotations

import difflib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli import completion
from aggregator.cli.app import Json, app, clock, counted, existing, here, iso, line, print_json, print_table, say, show
from aggregator.cli.progress import bars
from aggregator.cli.stories import Article, subject_of
from aggregator.models.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Output
    from aggregator.store.outputs import FilterResult, Trial

output = typer.Typer(help="List and preview your own output feeds.", no_args_is_help=True)
app.add_typer(output, name="output")

COMBINED = "combined"
"""Under this name `output try` tries the rules of the combined feed itself."""

SHOWN = 20
"""Posts listed unless `--limit` says otherwise."""


@output.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """The outputs of feeds.yaml: how many entries each holds, when the newest came in, where its feed is."""
    from aggregator import emit
    from aggregator.store import Store

    place = here(context)
    config = place.config
    if not config.outputs and not as_json:
        say(f"{place.config_path} has no outputs; docs/outputs.md shows how to add one")
        return
    rows: list[dict[str, Any]] = []
    with ExitStack() as opened:
        store = opened.enter_context(Store.read(place.database)) if place.database.exists() else None
        for one in config.outputs:
            held = store.outputs.shown(one, one.limit or config.site.page_size) if store else ()
            newest = iso(held[0].stamp) if held else None
            feed = emit.topic(config.site, f"outputs/{one.name}.atom")
            rows.append({"name": one.name, "entries": len(held), "newest": newest, "feed": feed})
    if as_json:
        print_json(rows)
        return
    shown = [(*list(row.values())[:2], (row["newest"] or "")[:10], row["feed"]) for row in rows]
    print_table(counted(len(rows), "output"), ("name", "entries", "newest", "feed"), shown)


@output.command("try")
def try_(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=completion.outputs,
            help="Its name in feeds.yaml; combined: the combined feed.",
        ),
    ],
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Maximum number of posts to list.")] = SHOWN,
    as_json: Json = False,
) -> None:
    """Preview an output over stored posts: what matches, what does not, and which condition excludes it.

    The newest come first, by publication (UTC); the number before the reason is the article's.
    """
    from aggregator.store import Store

    place = here(context)
    config = place.config
    combined = name == COMBINED and all(one.name != COMBINED for one in config.outputs)
    one = None if combined else _named(config, name, str(place.config_path))
    if not place.database.exists():
        raise StoreError(f"No data yet in {place.data}. Run `aggregator poll` first.")
    with Store.read(place.database) as store:
        trial = store.outputs.trial(one.filter if one else config.combined.rules, limit)
    if as_json:
        print_json(_json(name, trial))
        return
    for post in trial.newest:
        show(f"{(iso(post.published) or '')[:10]}  {line(post.title)}  [{line(post.source)}]", hang=12)
        show(f"            {post.article_id}  {line(_why(post))}")
    _sum_up(trial, grouped=one is not None and one.group == "story")


def _named(config: Config, name: str, file: str) -> Output:
    names = [one.name for one in config.outputs]
    found = next((one for one in config.outputs if one.name == name), None)
    if found is None:
        near = difflib.get_close_matches(name, names, 1, 0.5)
        known = f"did you mean `{near[0]}`?" if near else f"it has {', '.join(names) or 'no outputs at all'}"
        raise ConfigError((f"{file}: no output is called `{name}`; {known}",))
    return found


def _why(post: FilterResult) -> str:
    return "; ".join(f"{reason.condition}: {reason.why}" for reason in post.reasons) or "it takes in everything"


def _sum_up(trial: Trial, *, grouped: bool) -> None:
    missing = trial.posts - trial.taken
    shown = f", of which {len(trial.newest)} are listed" if len(trial.newest) < trial.taken else ""
    show(f"{trial.taken} of {trial.posts} posts{shown}. {missing} are left out.")
    rows = [(name, count, trial.alone.get(name, 0)) for name, count in _by_count(trial)]
    if rows:
        print_table("Excluded by", ("condition", "posts", "only by this"), rows)
    if grouped:
        show("Posts of one story will be one entry.")


def _by_count(trial: Trial) -> list[tuple[str, int]]:
    return sorted(trial.failed.items(), key=lambda pair: (-pair[1], pair[0]))


def _json(name: str, trial: Trial) -> dict[str, Any]:
    return {
        "name": name,
        "taken": trial.taken,
        "posts": trial.posts,
        "left_out": {name: {"posts": count, "alone": trial.alone.get(name, 0)} for name, count in _by_count(trial)},
        "newest": trial.newest,
    }


@app.command()
def withdraw(
    context: typer.Context,
    article: Article,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason, shown on the page that replaces it.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Publish a withdrawn article again.")] = False,
) -> None:
    """Withdraw an article from feeds, pages and searches; a notice replaces it."""
    from aggregator.pipeline.pipeline import Tally, opened

    if undo:
        reinstate(context, article)
        return
    place = existing(context)
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        one = subject_of(pipeline.store, article)
        copies = pipeline.store.withdrawals.withdraw(one.id, reason, clock())
        pipeline.emit(tally := Tally())
    undoes = f"`aggregator withdraw --undo {one.id}` undoes it."
    say(f"{one.title!r} is withdrawn; {tally.built.written} files written. {undoes}")
    if copies:
        say(f"The same text is still shown as {', '.join(map(str, copies))}; withdraw these too if it is to go.")


@app.command()
def reinstate(context: typer.Context, article: Article) -> None:
    """Publish a withdrawn article again."""
    from aggregator.pipeline.pipeline import Tally, opened

    place = existing(context)
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        one = subject_of(pipeline.store, article)
        if not pipeline.store.withdrawals.reinstate(one.id, clock()):
            raise StoreError(f"{article} was not withdrawn")
        pipeline.emit(tally := Tally())
    say(f"{one.title!r} is shown again; {tally.built.written} files written.")
