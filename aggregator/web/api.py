"""The JSON API: read only, described by `/api/openapi.json`, which is made of the same models as the answers.

Stored values as the shapes of the JSON API: absolute addresses, and nothing that is not to be shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aggregator.config.settings import Site
from aggregator.emit import item, paths
from aggregator.emit.item import language_of
from aggregator.models import AlsoIn, FeedState, Post, PostLink, StoryMember
from aggregator.poll import health
from aggregator.poll.health import Diagnosis
from aggregator.store import Store
from aggregator.store.queries import ArticleDetail, ArticleSummary, StoryDetail
from aggregator.text.urls import redact
from aggregator.web import api_models as shapes
from aggregator.web.api_models import (
    ArticleListed,
    ArticleOut,
    AttributionOut,
    CopyOut,
    EnclosureOut,
    EvidenceOut,
    FactOut,
    FeedOut,
    LinkOut,
    PassageOut,
    SourceOut,
    StoryOut,
    TellerOut,
)
from aggregator.web.openapi import Endpoint, describe
from aggregator.web.rendering import Templates, marked
from aggregator.web.search import SearchQuery, document


class Spelling:
    """Values to shapes, with absolute addresses under one base, and the numbers of what stands at these paths."""

    def __init__(self, site_url: str, numbers: Mapping[str, int]) -> None:
        self._base = paths.base(site_url)
        self._numbers = numbers

    def listed(self, hit: ArticleSummary) -> ArticleListed:
        return ArticleListed(**self._common(hit.id, hit.post), passage=_passage(hit))

    def whole(self, found: ArticleDetail, facts: Iterable[Mapping[str, object]] = ()) -> ArticleOut:
        post = found.post
        return ArticleOut(
            **self._common(found.id, post),
            passage=None,
            text=found.text,
            html=item.article(post, self._base),
            lead_image=lead.url if (lead := item.lead_image(post, self._base)) else None,
            enclosures=[EnclosureOut(url=f.url, type=f.type, length=f.length) for f in item.files_of(post, self._base)],
            attribution=AttributionOut(name=post.attribution.name, url=paths.shown(post.attribution.url))
            if post.attribution
            else None,
            next=self._link(post.next),
            previous=self._link(post.previous),
            story_members=[self._teller(member) for member in post.story_members],
            evidence=EvidenceOut.model_validate(found.evidence, from_attributes=True),
            facts=[FactOut.model_validate({key: fact[key] for key in FactOut.model_fields}) for fact in facts],
        )

    def story(self, story: StoryDetail) -> StoryOut:
        return StoryOut(
            id=story.id,
            mirror_url=self._base + paths.quoted(f"stories/{story.id}.html"),
            articles=[self.listed(hit) for hit in story.articles],
        )

    def _common(self, number: int, post: Post) -> dict[str, Any]:
        return {
            "id": number,
            "uid": post.id,
            "title": post.title,
            "url": paths.shown(post.url),
            "mirror_url": self._base + paths.quoted(post.path),
            "source": SourceOut(
                name=post.source.name,
                slug=post.source.slug,
                home_page_url=paths.shown(post.source.home_page_url),
            ),
            "author": post.author,
            "published": post.published,
            "stamp": post.stamp,
            "revised": post.revised,
            "language": language_of(post.language),
            "tags": list(post.tags),
            "summary": post.summary,
            "words": post.word_count,
            "copy_of": self._copy(post.leader) if post.leader else None,
            "also_in": [self._copy(other) for other in post.also_in],
            "story": post.story,
        }

    def _copy(self, other: AlsoIn) -> CopyOut:
        return CopyOut(
            id=self._numbers.get(other.path or ""),
            name=other.name,
            url=other.url,
            mirror_url=self._base + paths.quoted(other.path) if other.path else None,
            similarity=other.similarity,
            reason=other.reason,
        )

    def _link(self, link: PostLink | None) -> LinkOut | None:
        url = paths.shown(link.url) if link else None
        if link is None or url is None:
            return None
        mirror_url = self._base + paths.quoted(link.path) if link.path else None
        number = self._numbers.get(link.path or "")
        return LinkOut(id=number, url=url, title=link.title, teaser=link.teaser, mirror_url=mirror_url)

    def _teller(self, member: StoryMember) -> TellerOut:
        return TellerOut(
            id=self._numbers.get(member.path),
            name=member.name,
            url=paths.shown(member.url),
            mirror_url=self._base + paths.quoted(member.path),
            title=member.title,
            published=member.published,
        )


def named_paths(posts: Iterable[Post]) -> set[str]:
    """The pages of the articles that these posts name: neighbours, copies, those of the same story."""
    found: set[str | None] = set()
    for post in posts:
        named = (post.next, post.previous, post.leader, *post.also_in, *post.story_members)
        found.update(other.path for other in named if other)
    return {path for path in found if path}


def spelled_feed(state: FeedState, diagnosis: Diagnosis) -> FeedOut:
    """A feed's state, without secrets."""
    return FeedOut(
        name=state.name,
        slug=state.slug,
        url=redact(state.url),
        home_page_url=paths.shown(state.home_page_url),
        tags=list(state.tags),
        state=state.status,
        condition=diagnosis.condition,
        words=diagnosis.words,
        last_success=state.last_success,
        last_poll=state.last_poll,
        next_poll=state.next_poll,
        next_poll_reason=state.next_poll_reason or None,
        failures=state.failures,
        last_error=state.last_error,
        entries=state.entries,
        interval_s=state.interval_s,
        found_by_chain=state.found_by_chain,
    )


def _passage(hit: ArticleSummary) -> PassageOut | None:
    if hit.passage is None:
        return None
    return PassageOut(title_html=str(marked(hit.passage.title)), text_html=str(marked(hit.passage.text)))


MAX_NUMBER = 2**63 - 1
"""The largest number of a row in SQLite."""

JSON = "application/json; charset=utf-8"


class BadRequest(Exception):
    """A request that makes no sense; the message is for the client."""


class NotHere(Exception):
    """What was asked for by name or number is not there."""


class Api:
    """The endpoints over one database; each request opens its own read-only connection."""

    def __init__(
        self, site: Site, database: Path, clock: Callable[[], datetime], templates: Templates, *, closed: bool = False
    ) -> None:
        """`closed`: whether a secret is asked for."""
        self._site = site
        self._database = database
        self._clock = clock
        self._templates = templates
        self.endpoints = (
            Endpoint(
                "/api/articles", "articles", "Articles, by words and filters.", self._articles, shapes.ArticlesOut,
                shapes.ArticlesQuery, leads_to="article",
            ),
            Endpoint(
                "/api/articles/{id}", "article", "One article: text, HTML, neighbours, copies, story, evidence.",
                self._article, shapes.ArticleOut, named_type="integer",
            ),
            Endpoint(
                "/api/stories", "stories", "Events that several articles tell of, the latest first.", self._stories,
                shapes.StoriesOut, shapes.StoriesQuery, leads_to="story",
            ),
            Endpoint("/api/stories/{id}", "story", "One story.", self._story, shapes.StoryOut),
            Endpoint(
                "/api/vulnerabilities", "vulnerabilities", "Flaws that articles name, by number.", self._flaws,
                shapes.VulnerabilitiesOut, shapes.VulnerabilitiesQuery, leads_to="vulnerability",
            ),
            Endpoint(
                "/api/vulnerabilities/{cve}", "vulnerability", "One flaw, with the articles that name it.", self._flaw,
                shapes.VulnerabilityWholeOut,
            ),
            Endpoint(
                "/api/indicators", "indicators", "Indicators, by kind and value.", self._indicators,
                shapes.IndicatorsOut, shapes.IndicatorsQuery,
            ),
            Endpoint(
                "/api/watch", "watch", "Hits of the watchlists, newest first.", self._watch, shapes.HitsOut,
                shapes.WatchQuery,
            ),
            Endpoint("/api/feeds", "feeds", "Every feed, and how it does.", self._feeds, shapes.FeedsOut),
            Endpoint("/api/tags", "tags", "Every tag.", self._tags, shapes.TagsOut),
        )  # fmt: skip
        self._description = json.dumps(describe(self.endpoints, site, closed=closed), ensure_ascii=False).encode()

    def routes(self, apart: Callable[[Callable[[Request], Response]], Callable[..., Any]]) -> list[Route]:
        """All of it, the description and the page for people included; `apart` goes round what asks the database."""
        return [
            Route("/api", self.page),
            Route("/api/openapi.json", lambda request: document(request, self._description, JSON)),
            *(Route(endpoint.path, apart(self._answering(endpoint))) for endpoint in self.endpoints),
            Route("/api/{path:path}", lambda _: problem(404, "there is no such endpoint; see /api")),
        ]

    def page(self, request: Request) -> Response:
        """What there is, for people."""
        takes = {
            endpoint.name: [(name, field.description or "") for name, field in endpoint.takes.model_fields.items()]
            for endpoint in self.endpoints
            if endpoint.takes
        }
        return self._templates.page("api.html", request, endpoints=self.endpoints, takes=takes)

    def _answering(self, endpoint: Endpoint) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            try:
                found = endpoint.answer(request)
            except BadRequest as error:
                return problem(400, str(error))
            except NotHere as error:
                return problem(404, str(error))
            return document(request, found.model_dump_json().encode(), JSON)

        return answer

    def _articles(self, request: Request) -> shapes.ArticlesOut:
        query = read_query(shapes.ArticlesQuery, request)
        asked = SearchQuery(
            text=query.q.strip(),
            source=query.source or None,
            tag=query.tag or None,
            language=query.language or None,
            since=query.since,
            until=query.until,
            order="date" if query.sort == "date" or not query.q.strip() else "relevance",
            copies=query.copies,
            cve=query.cve,
            actor=query.actor,
            software=query.software,
            vendor=query.vendor,
            exploited=query.exploited,
            indicators=query.indicators,
        )
        kind = (query.cursor or asked.order)[0]
        place = int(query.cursor[1:]) if query.cursor else None
        with Store.read(self._database) as store:
            results = store.queries.find(
                asked.text,
                asked.where(before=place if kind == "d" else None),
                limit=query.limit,
                offset=place or 0 if kind == "r" else 0,
                order="date" if kind == "d" else "relevance",
            )
            spelling = self._numbered(store, *(hit.post for hit in results.hits))
        reached = results.hits[-1].post.sequence if kind == "d" and results.hits else (place or 0) + query.limit
        return shapes.ArticlesOut(
            items=[spelling.listed(hit) for hit in results.hits],
            next_cursor=f"{kind}{reached}" if results.more and results.hits else None,
            total=results.total if asked.text and place is None else None,
            literal=results.literal,
        )

    def _article(self, request: Request) -> shapes.ArticleOut:
        given = request.path_params["id"]
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 20 else 0
        with Store.read(self._database) as store:
            found = store.queries.article(number) if 0 < number <= MAX_NUMBER else None
            if found is None:
                raise NotHere("there is no article of this number in the output")
            facts = store.intel.of_article(number)
            return self._numbered(store, found.post).whole(found, facts)

    def _numbered(self, store: Store, *posts: Post) -> Spelling:
        """What spells these posts with the numbers of the articles that they name."""
        return Spelling(self._site.base_url, store.queries.numbers(named_paths(posts)))

    def _stories(self, request: Request) -> shapes.StoriesOut:
        query = read_query(shapes.StoriesQuery, request)
        with Store.read(self._database) as store:
            before = int(query.cursor[1:]) if query.cursor else None
            found = store.queries.stories(limit=query.limit + 1, before=before)
            shown = found[: query.limit]
            spelling = self._numbered(store, *(hit.post for story in shown for hit in story.articles))
        return shapes.StoriesOut(
            items=[spelling.story(story) for story in shown],
            next_cursor=f"d{shown[-1].newest}" if len(found) > query.limit else None,
        )

    def _story(self, request: Request) -> shapes.StoryOut:
        with Store.read(self._database) as store:
            found = store.queries.story(request.path_params["id"])
            if found is None:
                raise NotHere("there is no story of this id")
            return self._numbered(store, *(hit.post for hit in found.articles)).story(found)

    def _flaws(self, request: Request) -> shapes.VulnerabilitiesOut:
        query = read_query(shapes.VulnerabilitiesQuery, request)
        with Store.read(self._database) as store:
            found = store.intel.flaws(exploited=query.exploited, after=query.cursor or "", limit=query.limit + 1)
        shown = found[: query.limit]
        return shapes.VulnerabilitiesOut(
            items=[shapes.VulnerabilityOut.model_validate(one) for one in shown],
            next_cursor=str(shown[-1]["cve"]) if len(found) > query.limit else None,
        )

    def _flaw(self, request: Request) -> shapes.VulnerabilityWholeOut:
        number = str(request.path_params["cve"]).upper()
        with Store.read(self._database) as store:
            found = store.intel.flaw(number)
            if found is None:
                raise NotHere("no article names a flaw of this number")
            named = store.intel.named_in("cve", number)
        by = [self._naming(one.article_id, one.title, one.url, one.path, one.outlet, one.published) for one in named]
        return shapes.VulnerabilityWholeOut.model_validate({**found, "named_by": by})

    def _naming(
        self, number: int, title: str, url: str, path: str | None, outlet: str, published: datetime
    ) -> dict[str, object]:
        base = paths.base(self._site.base_url)
        mirror = base + paths.quoted(path or "")
        return {
            "id": number,
            "title": title,
            "url": paths.shown(url) or mirror,
            "mirror_url": mirror,
            "outlet": outlet,
            "published": published,
        }

    def _indicators(self, request: Request) -> shapes.IndicatorsOut:
        query = read_query(shapes.IndicatorsQuery, request)
        since = datetime.combine(query.since, time(), UTC) if query.since else None
        kind, _, value = (query.cursor or "").partition(" ")
        with Store.read(self._database) as store:
            found = store.intel.indicators(kind=query.kind, since=since, after=(kind, value), limit=query.limit + 1)
        shown = found[: query.limit]
        return shapes.IndicatorsOut(
            items=[shapes.IndicatorOut.model_validate(one) for one in shown],
            next_cursor=f"{shown[-1]['kind']} {shown[-1]['value']}" if len(found) > query.limit else None,
        )

    def _watch(self, request: Request) -> shapes.HitsOut:
        query = read_query(shapes.WatchQuery, request)
        with Store.read(self._database) as store:
            found = store.intel.hits(query.watch, limit=query.limit)
        return shapes.HitsOut(
            items=[
                shapes.HitOut.model_validate(
                    {
                        **{key: one[key] for key in ("watch", "why", "certain", "exploited", "at")},
                        "article": self._naming(
                            one["article_id"],
                            one["title"],
                            one["url"],
                            one["path"],
                            one["outlet"],
                            datetime.fromisoformat(str(one["published"])),
                        ),
                    }
                )
                for one in found
            ]
        )

    def _feeds(self, _: Request) -> shapes.FeedsOut:
        now = self._clock()
        with Store.read(self._database) as store:
            states, disallowed, flagged = store.feeds(), store.queries.disallowed(), store.quality.flagged()
        found = [health.diagnose(one, now, disallowed.get(one.id, 0), flagged.get(one.id)) for one in states]
        return shapes.FeedsOut(items=[spelled_feed(*pair) for pair in zip(states, found, strict=True)])

    def _tags(self, _: Request) -> shapes.TagsOut:
        with Store.read(self._database) as store:
            return shapes.TagsOut(items=[shapes.TagOut(tag=tag, feeds=feeds) for tag, feeds in store.queries.tags()])


_Query = TypeVar("_Query", bound=BaseModel)


def read_query(model: type[_Query], request: Request) -> _Query:
    """The query string as the model has it; BadRequest names the first thing that is wrong."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{where}: {first['msg'].lower()}") from None


def problem(status: int, words: str) -> Response:
    """An error as JSON."""
    return JSONResponse({"error": words}, status, headers={"cache-control": "no-store"})
