"""`aggregator watch try`: which articles of the last 90 days concern a watchlist, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from aggregator.cli.app import Json, app, clock, existing, line, print_json, print_table, show
from aggregator.models.errors import ConfigError

watch = typer.Typer(help="Watchlists: what you run, and the articles about it.", no_args_is_help=True)
app.add_typer(watch, name="watch")

DAYS = 90


@watch.command("try")
def try_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A watchlist of feeds.yaml.")],
    as_json: Json = False,
) -> None:
    """Show a watchlist's hits of the last 90 days with their reasons, as feeds.yaml has it now."""
    from aggregator.intel.watch import hits
    from aggregator.models.intel import Fact, Subject
    from aggregator.pipeline.data_files import database
    from aggregator.pipeline.facts import join
    from aggregator.pipeline.watch import watchlists
    from aggregator.store import Store
    from aggregator.store.intel_data import IntelData

    place = existing(context)
    chosen = [one for one in place.config.watch if one.name == name]
    if not chosen:
        raise ConfigError((f"no watchlist {name!r} in {place.config_path}",))
    lists = watchlists(chosen, place.config_path.parent)
    path = database(place.data)
    data = IntelData.open(path, read_only=True) if path.exists() else None
    found: list[dict[str, Any]] = []
    with Store.read(place.database) as store:
        for text, numbers in store.intel.texts_since(clock() - timedelta(days=DAYS)):
            facts = [Fact("cve", number, number, ()) for number in numbers]
            found.extend(
                {
                    "article": text.id,
                    "title": text.title,
                    "published": text.published,
                    "why": hit.why,
                    "certain": hit.certain,
                    "exploited": hit.exploited,
                }
                for hit in hits(Subject(text.text, text.title, text.url), facts, join(data, numbers), lists)
            )
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["article"],
            str(one["published"])[:10],
            line(str(one["title"])),
            "certain" if one["certain"] else "by name",
            one["why"],
        )
        for one in found
    )
    print_table(f"Hits of {name}", ("article", "published", "title", "", "why"), rows)
    show(f"{len(found)} in the last {DAYS} days")
