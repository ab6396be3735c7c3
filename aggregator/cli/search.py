"""`aggregator search`: what the web server's search finds, on a terminal."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import Json, app, existing, iso, line, print_json, say, show
from aggregator.cli.progress import paged

if TYPE_CHECKING:
    from aggregator.models import SearchHit

_MARKS = str.maketrans({"\ue000": "", "\ue001": ""})
"""What the index puts round a hit."""

_MEANT_AS_SYNTAX = re.compile(r"[\"()*:^+{}]|\b(AND|OR|NOT|NEAR)\b")
"""In a query that is none in FTS5: characters that suggest one was meant. `CVE-2026-1234` has none of them."""


@app.command()
def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help='Words, all of them; or FTS5: a OR b, a NOT b, "a phrase", pre*.')
    ],
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Maximum number of results.")] = 20,
    copies: Annotated[bool, typer.Option("--copies", help="List copies too, not only their originals.")] = False,
    as_json: Json = False,
) -> None:
    """Search titles and texts, best matches first; copies are folded into their original. Dates are UTC.

    The number before an address is the article's: `diff`, `withdraw` and the commands of `story` take it.
    """
    from aggregator.intel.query import facts_of_query
    from aggregator.store import Store

    place = existing(context)
    with Store.read(place.database) as store:
        named = facts_of_query(query)
        hits = store.search(query, limit=limit, named=named, copies=copies or as_json)
    if as_json:
        print_json([asdict(hit) | {"snippet": hit.snippet.translate(_MARKS)} for hit in hits])
        return
    with paged():
        for hit in hits:
            show_hit(hit, "" if hit.url else place.opens(hit.path))
    if not hits:
        say("nothing found")
    if (problem := _problem(query)) and not (hits and named) and (not hits or _MEANT_AS_SYNTAX.search(query)):
        say(
            f"note: not valid FTS5 search syntax ({problem}); searched for the words as typed. Put terms with "
            'punctuation in double quotes, and the whole in single ones: \'"CVE-2026-1234" OR "log4j"\''
        )


def _problem(query: str) -> str | None:
    from aggregator.models.filters import query_problem

    return query_problem(query) if query.strip() else "it is empty"


def show_hit(hit: SearchHit, page: str = "") -> None:
    """One hit: date, title and outlet; its number; what it is a copy of, or who copied it; where it is; the passage.

    `page`: what opens its page on the mirror; it stands where the original has no address.
    """
    margin = " " * 12
    show(f"{(iso(hit.published) or '')[:10]}  {line(hit.title)}  [{line(hit.source)}]", hang=12)
    if hit.copy_of:
        show(f"{margin}a copy of what {line(hit.copy_of)} published first")
    if hit.also_in:
        show(f"{margin}also in {line(', '.join(hit.also_in))}")
    show(f"{margin}{hit.article_id}  {line(hit.url or page)}", wrap=False)  # an address is to be copied
    if passage := line(hit.snippet.translate(_MARKS)):
        show(f"{margin}{passage}")
