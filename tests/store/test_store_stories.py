"""Stories in the database: who is in which, what survives, and which posts are told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import Likeness
from aggregator.pipeline.stories import StoryFinder
from aggregator.store import Store
from aggregator.store.stories import Placed, Remembered, Ruling, StoryChanges, Tie, Unplaced

WIDE = timedelta(days=30)


@pytest.fixture
def three(two: Newsroom) -> Newsroom:
    """Three articles of two feeds, put out."""
    two.poll(entry("one", published=NOW - 3 * HOUR), entry("two", published=NOW - 2 * HOUR))
    two.poll(entry("three", "beta.example"), feed="Beta")
    for url in ("https://alpha.example/one", "https://alpha.example/two", "https://beta.example/three"):
        two.scrape(url, f"What {url} tells.")
    two.publish()
    return two


def placed(article: Unplaced, story: str) -> Placed:
    return Placed(article.id, article.key, article.published, '{"name:lockbit": 2.5}', story)


def written(one: Remembered) -> Placed:
    return Placed(one.id, one.key, one.published, one.stored, one.story)


def said(one: Unplaced, other: Unplaced) -> Ruling:
    """That the two do not belong together, as it is kept."""
    return Ruling(min(one.id, other.id), max(one.id, other.id), together=False)


def together(store: Store, *, but: int = 0) -> tuple[Unplaced, ...]:
    """Every article that waits in one story, except for the last few, which have one of their own."""
    waiting = store.stories.unplaced(10)
    first = waiting[: len(waiting) - but]
    rows = [placed(one, first[0].key) for one in first] + [placed(one, one.key) for one in waiting[len(first) :]]
    store.stories.save(StoryChanges(tuple(rows)), NOW)
    return waiting


def test_articles_wait_until_they_have_a_story(three: Newsroom) -> None:
    """By publication, with their text; placed, they wait no more."""
    waiting = three.store.stories.unplaced(10)
    assert [one.title for one in waiting] == [f"Page {name}" for name in ("one", "two", "three")]
    assert all("tells" in one.text for one in waiting)
    together(three.store)
    assert three.store.stories.unplaced(10) == ()


def test_an_article_whose_page_never_comes_waits_a_day(newsroom: Newsroom) -> None:
    """Its robots.txt cannot be had, say, so that no try is ever counted: it is placed by its feed's text."""
    newsroom.poll(entry("one"))
    article_id = newsroom.article_id("https://alpha.example/one")
    for hours in (0, 23, 25):
        newsroom.now = NOW + hours * HOUR
        newsroom.store.postpone(article_id, newsroom.now + HOUR)
        newsroom.publish()
        assert StoryFinder(newsroom.store).place(newsroom.now) == (hours > 24)
    assert newsroom.value("SELECT terms LIKE '%word:feed%' FROM story_articles")


def test_a_copy_has_no_story_of_its_own(three: Newsroom) -> None:
    """It is never handed out, and its post shows the story of the first publication."""
    three.poll(entry("copy", "beta.example"), feed="Beta")
    three.scrape(
        "https://beta.example/copy", likeness=Likeness(three.article_id("https://alpha.example/one"), 0.9, "x")
    )
    three.publish()
    waiting = together(three.store)
    assert three.article_id("https://beta.example/copy") not in {one.id for one in waiting}
    copy = next(post for post in three.store.archive.latest(9, source="beta") if post.hidden)
    assert copy.story == waiting[0].key
    assert [member.title for member in copy.story_members] == ["Page one", "Page two", "Page three"]


def test_posts_name_all_who_tell_the_story(three: Newsroom) -> None:
    """By publication, with outlet, link, page and teaser; a story that one article tells names nobody."""
    waiting = together(three.store, but=1)
    three_, two, one = three.store.archive.latest(9)
    assert (one.story, two.story, three_.story) == (waiting[0].key, waiting[0].key, None)
    assert one.story_members == two.story_members
    assert three_.story_members == ()
    first = one.story_members[0]
    assert (first.name, first.slug, first.path, first.url) == ("Alpha", "alpha", one.path, one.url)
    assert first.teaser == "What https://alpha.example/one tells."


def test_who_reads_many_posts_is_told_of_every_change(three: Newsroom) -> None:
    """What many posts show alike is read once, and again when a story has grown, or lost one that tells it."""
    waiting = together(three.store, but=1)
    remembering = three.store.archive.remembering()
    _, two, one = remembering.latest(9)
    assert one.story_members is two.story_members
    assert remembering.latest(9)[2].story_members is one.story_members
    three.store.stories.save(StoryChanges(moved={waiting[2].id: waiting[0].key}), NOW + HOUR)
    assert remembering.latest(9) == three.store.archive.latest(9)
    assert [member.title for member in remembering.latest(9)[0].story_members] == ["Page one", "Page two", "Page three"]
    three.store.stories.save(StoryChanges(moved={waiting[2].id: waiting[2].key}), NOW + 2 * HOUR)
    assert remembering.latest(9) == three.store.archive.latest(9)


def test_a_story_that_grows_is_a_change_of_its_posts_and_revises_none(three: Newsroom) -> None:
    """Everybody in it is rendered again; nobody's `revised` moves; the rest is left alone."""
    waiting = together(three.store, but=1)
    head = three.store.archive.head()
    assert three.store.archive.changed(head) == ()
    three.store.stories.save(StoryChanges(moved={waiting[2].id: waiting[0].key}), NOW + HOUR)
    changed = three.store.archive.changed(head)
    assert {post.title for post in changed} == {"Page one", "Page two", "Page three"}
    assert all(post.revised is None for post in changed)


def test_a_change_of_one_member_is_shown_by_the_others(three: Newsroom) -> None:
    """The others' pages show its title and teaser."""
    together(three.store)
    head = three.store.archive.head()
    three.scrape("https://alpha.example/one", "Told again.")
    assert {post.title for post in three.store.archive.changed(head)} == {"Page one", "Page two", "Page three"}


def test_a_merged_story_leads_on_and_one_that_comes_back_does_not(three: Newsroom) -> None:
    """Also through a second merge; the first date of the surviving one stays."""
    waiting = three.store.stories.unplaced(10)
    a, b, c = (one.key for one in waiting)
    three.store.stories.save(StoryChanges(tuple(placed(one, one.key) for one in waiting)), NOW)
    three.store.stories.save(StoryChanges(moved={waiting[2].id: b}, merged={c: b}), NOW)
    three.store.stories.save(StoryChanges(moved={one.id: a for one in waiting[1:]}, merged={b: a}), NOW)
    assert {post.story_former for post in three.store.archive.latest(9)} == {tuple(sorted((b, c)))}
    three.store.stories.save(StoryChanges(moved={waiting[2].id: c}), NOW)
    posts = {post.title: post for post in three.store.archive.latest(9)}
    assert posts["Page one"].story_former == (b,)
    assert posts["Page three"].story_former == (c,)
    assert three.store.maintenance.check() == ()


def test_the_window_gives_back_what_was_compared(three: Newsroom) -> None:
    """In the order of arrival, with terms, ties and rulings; what is outside comes with its story alone."""
    waiting = three.store.stories.unplaced(10)
    rows = tuple(placed(one, one.key) for one in reversed(waiting))
    ties = (Tie(waiting[2].id, waiting[0].id, 0.25, (("name:lockbit", 0.2),)),)
    ruling = said(waiting[0], waiting[1])
    three.store.stories.save(StoryChanges(rows, ties=ties), NOW, rulings=(ruling,))
    window = three.store.stories.window(NOW - WIDE, NOW + WIDE)
    assert tuple(map(written, window.placed)) == rows
    assert window.ties == (Tie(waiting[2].id, waiting[0].id, 0.25),)
    assert window.rulings == (ruling,)
    assert three.store.stories.compared(waiting[0].id, waiting[2].id) == ties[0]
    assert three.store.stories.compared(waiting[0].id, waiting[1].id) is None
    assert three.store.stories.window(NOW + WIDE, NOW + WIDE).placed == ()
    assert three.store.stories.window(NOW + WIDE, NOW + WIDE, also=[waiting[0].key]).placed == window.placed[-1:]


def test_the_later_word_holds(three: Newsroom) -> None:
    """Whichever of the two articles is named first."""
    one, two, _ = three.store.stories.unplaced(10)
    three.store.stories.save(StoryChanges(), NOW, rulings=[Ruling(one.id, two.id, together=True)])
    three.store.stories.save(StoryChanges(), NOW, rulings=[Ruling(two.id, one.id, together=False)])
    assert three.store.stories.window(NOW, NOW).rulings == (said(one, two),)


def test_an_operators_word_goes_with_a_folded_article(three: Newsroom) -> None:
    """Two addresses turn out to be one article: what was said of the one that goes holds for the one that stays."""
    three.poll(entry("r/1", "beta.example"), feed="Beta")
    three.scrape("https://beta.example/r/1", "The text.")
    one, two, other = (
        three.article_id(f"https://{name}") for name in ("alpha.example/one", "alpha.example/two", "beta.example/r/1")
    )
    three.store.stories.save(
        StoryChanges(), NOW, rulings=[Ruling(other, two, together=False), Ruling(one, other, together=True)]
    )
    three.scrape("https://beta.example/r/1", "The text.", urls=["https://alpha.example/one"])
    assert three.article_id("https://beta.example/r/1") == one
    assert three.store.stories.window(NOW, NOW).rulings == (Ruling(min(one, two), max(one, two), together=False),)


def test_settled_articles_keep_the_ties_within_their_story(three: Newsroom) -> None:
    """Those with other stories are forgotten, once the articles are out of every window."""
    one, two, other = three.store.stories.unplaced(10)
    rows = (placed(one, one.key), placed(two, one.key), placed(other, other.key))
    ties = (Tie(two.id, one.id, 0.5), Tie(other.id, one.id, 0.03))
    three.store.stories.save(StoryChanges(rows, ties=ties), NOW, settle=timedelta(days=28))
    assert len(three.store.stories.window(NOW - WIDE, NOW).ties) == 2
    three.store.stories.save(StoryChanges(), NOW, settle=timedelta(minutes=30))
    assert three.store.stories.window(NOW - WIDE, NOW).ties == ties[:1]


def test_the_window_names_stories_of_its_articles_that_are_elsewhere(three: Newsroom) -> None:
    """A name that others hold is taken; one whose story nobody tells any more is free."""
    one, two, old = three.store.stories.unplaced(10)
    changes = (placed(one, two.key), replace(placed(old, one.key), published=NOW - 2 * WIDE), placed(two, two.key))
    three.store.stories.save(StoryChanges(changes), NOW)
    window = three.store.stories.window(NOW - WIDE, NOW + WIDE)
    assert {row.id for row in window.placed} == {one.id, two.id}
    assert window.names == ((one.key, one.key), (two.key, two.key))
    three.store.stories.save(StoryChanges(moved={old.id: two.key}), NOW)
    assert dict(three.store.stories.window(NOW - WIDE, NOW + WIDE).names).keys() == {two.key}
