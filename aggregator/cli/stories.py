"""Commands about stories as they are stored: why two articles are one story, and what an operator says to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.app import Json, app, clock, existing, iso, line, print_json, print_table, say, show
from aggregator.models.errors import StoreError

if TYPE_CHECKING:
    from aggregator.pipeline.stories import StoryReason
    from aggregator.store import Store
    from aggregator.store.stories import StorySubject

Article = Annotated[str, typer.Argument(metavar="ARTICLE", help="Article number, URL, or page on the mirror.")]
Other = Annotated[str, typer.Argument(metavar="ARTICLE", help="Another article.")]

story = typer.Typer(help="Explain and correct which articles are one story.", no_args_is_help=True)
app.add_typer(story, name="story")

KINDS = {"id": "identifier", "name": "name", "num": "number", "word": "word"}
"""What kinds of terms are called in the table of evidence."""


@story.command()
@app.command()
def why(context: typer.Context, article: Article, other: Other, as_json: Json = False) -> None:
    """Explain why two articles are in one story, or are not."""
    from aggregator.pipeline import stories
    from aggregator.store import Store

    place = existing(context)
    with Store.read(place.database) as store:
        one, two = subject_of(store, article), subject_of(store, other)
        reason = stories.why(store, one, two)
    if as_json:
        print_json(_json(one, two, reason))
        return
    for subject in (one, two):
        show(f"{subject.id}: {line(subject.title)}")
        show(f"    {line(subject.source)}, {iso(subject.published)}; story {subject.story or '-'}")
    show()
    print_table("What they share", ("kind", "what", "part of the score"), _rows(reason))
    show(_verdict(one, two, reason))


@story.command()
@app.command()
def merge(context: typer.Context, article: Article, other: Other) -> None:
    """Merge the stories of two articles; later runs keep them merged."""
    from aggregator.pipeline import stories

    with _writing(context) as store:
        one, two = _placed(store, article), _placed(store, other)
        if one.leader == two.leader:
            raise StoreError(f"{article} and {other} are one article, or a copy of it: they tell one story as it is")
        if one.story == two.story:
            say("They are in one story already; it is noted that they belong together.")
        merged = stories.merge(store, one, two, clock())
    say(f"{one.title!r} and {two.title!r} tell story {merged}. The output shows it after the next round.")


@story.command()
@app.command()
def split(context: typer.Context, article: Article) -> None:
    """Move an article out of its story; later runs keep it separate."""
    from aggregator.pipeline import stories

    with _writing(context) as store:
        one = _placed(store, article)
        own = stories.split(store, one, clock())
    if own == one.story:
        say(f"{one.title!r} is story {own} from now on; the other articles were removed from it.")
    else:
        say(f"{one.title!r} tells story {own} now, not {one.story}. The output shows it after the next round.")


@contextmanager
def _writing(context: typer.Context) -> Iterator[Store]:
    """The database of a data folder that is held alone meanwhile."""
    from aggregator import dedupe
    from aggregator.pipeline import lock
    from aggregator.store import Store
    from aggregator.text.urls import at_home, same_site

    place = existing(context)
    with (
        lock.hold(place.data),
        Store.open(place.database, canonical=dedupe.canonical_url, same_site=same_site, at_home=at_home) as store,
    ):
        yield store


def subject_of(store: Store, reference: str) -> StorySubject:
    """The article with that number, URL (`https://` may be left out) or page. StoreError when there is none."""
    from aggregator import dedupe
    from aggregator.text.urls import http_url, redact

    reference = reference.strip()
    bare = "://" not in reference and "/" in reference and "." in reference.partition("/")[0]
    for wanted in (reference, f"https://{reference}") if bare else (reference,):
        url = http_url(wanted)
        found = store.stories.subject(wanted, dedupe.canonical_url(url) if url else wanted)
        if found is not None:
            return found
    raise StoreError(
        f"no article {redact(reference)}; use a number shown by `aggregator search` or `aggregator tail`, or the "
        "article's URL"
    )


def _placed(store: Store, reference: str) -> StorySubject:
    found = subject_of(store, reference)
    if found.story is None:
        raise StoreError(f"{reference} has no story yet: its text is still to come")
    return found


def _rows(reason: StoryReason) -> Iterator[tuple[object, ...]]:
    for term, part in reason.evidence:
        kind, mark, _ = term.partition(":")
        if not mark and part < 0:  # what speaks against it is a factor
            yield "", term, f"× {1 + part:.3f}"
        else:
            yield KINDS.get(kind, "") if mark else "", reason.spelled[term], f"{part:+.3f}"


def _verdict(one: StorySubject, two: StorySubject, reason: StoryReason) -> str:
    said = {True: " An operator put them together.", False: " An operator put them apart.", None: ""}[reason.ruled]
    kept = "as it was when they were compared" if reason.stored else "computed now"
    if one.leader == two.leader:
        copy = one if one.id != one.leader else two
        return f"The same text: similarity {copy.similarity or 1.0:.2f}, {copy.copy_reason or 'one article'}."
    verdict = f"{'One story' if reason.together else 'Not one story'}: score {reason.score:.3f} ({kept})"
    return f"{verdict}; {_needed(reason)}.{said}"


def _needed(reason: StoryReason) -> str:
    """The score that makes a story, in words (see docs/internals/stories.md)."""
    from aggregator.dedupe.stories.cohesion import ALONE

    if max(reason.members) <= (2 if reason.together else 1):
        return f"two articles are one story from {ALONE:.3f} on"
    sizes = " and ".join(dict.fromkeys(f"{number}" for number in reason.members if number > 1))
    return (
        f"two articles alone are one story from {ALONE:.3f} on, but the stories here have {sizes} articles: these are "
        "compared by the average score of all their pairs, which between two stories must be at least 55 % of that "
        "within them"
    )


def _json(one: StorySubject, two: StorySubject, reason: StoryReason) -> dict[str, Any]:
    from aggregator.dedupe.stories.cohesion import ALONE

    return {
        "articles": [_named(one), _named(two)],
        "one_story": reason.together,
        "score": reason.score,
        "needed_by_two": round(ALONE, 4),
        "evidence": [{"term": term, "words": reason.spelled[term], "part": part} for term, part in reason.evidence],
        "ruling": {True: "together", False: "apart", None: None}[reason.ruled],
        "stored": reason.stored,
        "same_text": one.leader == two.leader,
    }


def _named(subject: StorySubject) -> dict[str, Any]:
    return {
        "id": subject.id,
        "title": subject.title,
        "url": subject.url or None,
        "source": subject.source,
        "published": subject.published,
        "story": subject.story,
    }
