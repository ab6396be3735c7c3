"""Stored values as the shapes of the JSON API: absolute addresses, and nothing that is not to be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aggregator.emit import item, paths
from aggregator.emit.item import language_of
from aggregator.models import AlsoIn, FeedState, Post, PostLink, StoryMember
from aggregator.poll.health import Diagnosis
from aggregator.store.queries import Listed, Story, Whole
from aggregator.text.urls import redact
from aggregator.web.api_models import (
    ArticleListed,
    ArticleOut,
    AttributionOut,
    CopyOut,
    EnclosureOut,
    EvidenceOut,
    FeedOut,
    LinkOut,
    PassageOut,
    SourceOut,
    StoryOut,
    TellerOut,
)
from aggregator.web.rendering import marked


class Spelling:
    """Values to shapes, with absolute addresses under one base, and the numbers of what stands at these paths."""

    def __init__(self, site_url: str, numbers: Mapping[str, int]) -> None:
        self._base = paths.base(site_url)
        self._numbers = numbers

    def listed(self, hit: Listed) -> ArticleListed:
        return ArticleListed(**self._common(hit.id, hit.post), passage=_passage(hit))

    def whole(self, found: Whole) -> ArticleOut:
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
        )

    def story(self, story: Story) -> StoryOut:
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
        home_page_url=paths.shown_feed(state.home_page_url),
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


def _passage(hit: Listed) -> PassageOut | None:
    if hit.passage is None:
        return None
    return PassageOut(title_html=str(marked(hit.passage.title)), text_html=str(marked(hit.passage.text)))
