"""The JSON API: read only, described by `/api/openapi.json`, which is made of the same models as the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aggregator.config.settings import Site
from aggregator.models import Post
from aggregator.poll import health
from aggregator.store import Store
from aggregator.web import api_models as shapes
from aggregator.web.api_spelling import Spelling, named_paths, spelled_feed
from aggregator.web.asked import Asked
from aggregator.web.openapi import Endpoint, describe
from aggregator.web.rendering import Templates
from aggregator.web.searching import document

MAX_NUMBER = 2**63 - 1
"""The largest number of a row in SQLite."""

JSON = "application/json; charset=utf-8"


class BadRequest(Exception):
    """A request that makes no sense; the message is for whoever sent it."""


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
        asked = Asked(
            text=query.q.strip(),
            source=query.source or None,
            tag=query.tag or None,
            language=query.language or None,
            since=query.since,
            until=query.until,
            order="date" if query.sort == "date" or not query.q.strip() else "relevance",
            copies=query.copies,
        )
        kind = (query.cursor or asked.order)[0]
        place = int(query.cursor[1:]) if query.cursor else None
        with Store.read(self._database) as store:
            results = store.desk.find(
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
            found = store.desk.article(number) if 0 < number <= MAX_NUMBER else None
            if found is None:
                raise NotHere("there is no article of this number in the output")
            return self._numbered(store, found.post).whole(found)

    def _numbered(self, store: Store, *posts: Post) -> Spelling:
        """What spells these posts with the numbers of the articles that they name."""
        return Spelling(self._site.base_url, store.desk.numbers(named_paths(posts)))

    def _stories(self, request: Request) -> shapes.StoriesOut:
        query = read_query(shapes.StoriesQuery, request)
        with Store.read(self._database) as store:
            before = int(query.cursor[1:]) if query.cursor else None
            found = store.desk.stories(limit=query.limit + 1, before=before)
            shown = found[: query.limit]
            spelling = self._numbered(store, *(hit.post for story in shown for hit in story.articles))
        return shapes.StoriesOut(
            items=[spelling.story(story) for story in shown],
            next_cursor=f"d{shown[-1].newest}" if len(found) > query.limit else None,
        )

    def _story(self, request: Request) -> shapes.StoryOut:
        with Store.read(self._database) as store:
            found = store.desk.story(request.path_params["id"])
            if found is None:
                raise NotHere("there is no story of this id")
            return self._numbered(store, *(hit.post for hit in found.articles)).story(found)

    def _feeds(self, _: Request) -> shapes.FeedsOut:
        now = self._clock()
        with Store.read(self._database) as store:
            states, disallowed, flagged = store.feeds(), store.desk.disallowed(), store.quality.flagged()
        found = [health.diagnose(one, now, disallowed.get(one.id, 0), flagged.get(one.id)) for one in states]
        return shapes.FeedsOut(items=[spelled_feed(*pair) for pair in zip(states, found, strict=True)])

    def _tags(self, _: Request) -> shapes.TagsOut:
        with Store.read(self._database) as store:
            return shapes.TagsOut(items=[shapes.TagOut(tag=tag, feeds=feeds) for tag, feeds in store.desk.tags()])


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
