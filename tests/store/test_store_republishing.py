"""How much of a post goes out, and what was withdrawn: nothing that may not be shown leaves the store for the output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.config.settings import Output
from aggregator.models import Enclosure, Likeness, Post
from aggregator.store import Store
from aggregator.store.stories import Placed, StoryChanges

ALPHA = {"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["news"]}
BETA = {"url": "https://beta.example/feed", "name": "Beta"}
SECRET = "A secret sentence of the article"
Make = Callable[..., Newsroom]


@pytest.fixture
def make(store: Store) -> Make:
    """Two posts of Alpha, linked, with files and images, out; options for Alpha and for its page."""

    def made(*, page: bool = False, **options: object) -> Newsroom:
        room = Newsroom(store, {**ALPHA, **options}, BETA)
        file = Enclosure("https://alpha.example/a.mp3", "audio/mpeg", 5)
        room.poll(
            entry("one", published=NOW - 2 * HOUR, summary="How it begins.", enclosures=(file,)),
            entry("two", published=NOW - HOUR),
        )
        for name in ("one", "two"):
            room.scrape(
                f"https://alpha.example/{name}",
                f"{SECRET} {name}. " * 30,
                noarchive=page,
                lead_image="https://alpha.example/a.png",
            )
        room.publish()
        return room

    return made


def everything(post: Post) -> str:
    return repr(post)


def test_full_is_everything(make: Make) -> None:
    """The default: text, picture, files."""
    post = make().posts()["one"]
    assert SECRET in post.html
    assert post.lead_image
    assert post.enclosures
    assert post.republish == "full"


def test_excerpt_is_a_beginning(make: Make) -> None:
    """No text beyond it, no picture, no file."""
    post = make(republish="excerpt").posts()["one"]
    assert (post.html, post.summary, post.lead_image, post.enclosures) == ("", "How it begins.", None, ())
    assert SECRET not in everything(make(republish="excerpt").posts()["one"]).replace(post.next.teaser or "", "")


def test_link_is_title_and_link(make: Make) -> None:
    """Nothing of the text, in the post and in those that name it: neighbours, stories, searches."""
    room = make(republish="link")
    waiting = room.store.stories.unplaced(9)
    placed = tuple(Placed(one.id, one.key, one.published, "{}", waiting[0].key) for one in waiting)
    room.store.stories.save(StoryChanges(placed), room.now)
    posts = room.posts()
    assert posts["one"].title == "Page one"
    assert posts["one"].next is not None
    assert len(posts["one"].story_members) == 2
    assert all(SECRET not in everything(post) and "How it begins" not in everything(post) for post in posts.values())
    assert [hit.snippet for hit in room.store.search("secret")] == ["", ""]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "excerpt"),
        ({"noarchive": "link"}, "link"),
        ({"noarchive": "ignore"}, "full"),
        ({"noarchive": "ignore", "republish": "excerpt"}, "excerpt"),
        ({"noarchive": "excerpt", "republish": "link"}, "link"),
    ],
)
def test_pages_that_ask_not_to_be_archived(make: Make, options: dict[str, object], expected: str) -> None:
    """An excerpt unless the operator says otherwise; the stricter of the two options counts."""
    post = make(page=True, **options).posts()["one"]
    assert post.republish == expected
    assert (SECRET in post.html) == (expected == "full")


def test_the_strictest_feed_counts(make: Make) -> None:
    """Another feed that carries the article may restrict it, whichever came first."""
    room = make()
    room.store.sync_feeds(_config(BETA | {"republish": "link"}), room.now)
    head = room.store.archive.head()
    room.poll(entry("one"), feed="Beta")
    changed = {(post.url or "").rpartition("/")[2]: post.republish for post in room.store.archive.changed(head)}
    assert changed["one"] == "link"
    assert room.posts()["two"].republish == "full"


def test_another_word_in_the_configuration_marks_the_posts(make: Make) -> None:
    """They are put out again, and a feed that is not configured any more goes by the defaults."""
    room = make()
    head = room.store.archive.head()
    room.store.sync_feeds(_config(BETA, alpha={"republish": "excerpt"}), room.now)
    assert {post.republish for post in room.store.archive.changed(head)} == {"excerpt"}
    room.store.sync_feeds(_config(BETA, alpha=None), room.now)
    assert room.posts()["one"].republish == "full"


def _config(beta: dict[str, object], alpha: dict[str, object] | None = {}) -> object:  # noqa: B006 - never changed
    from support.store_builders import config

    return config(*([] if alpha is None else [ALPHA | alpha]), beta)


# --- withdrawn -------------------------------------------------------------------------------------------------


def test_a_withdrawn_post_is_in_no_list(make: Make) -> None:
    """Neither in the lists nor in searches, outputs and stories; what is stored stays."""
    room = make()
    one, number = Output(name="own"), room.article_id("https://alpha.example/one")
    room.store.outputs.fill([one], room.now)
    room.store.withdrawals.withdraw(number, "It named a victim.", room.now)
    room.store.outputs.fill([one], room.now)
    archive = room.store.archive
    two = room.posts()["two"]
    for found in (
        archive.latest(9),
        archive.latest(9, source="alpha"),
        archive.latest(9, tag="news"),
        archive.between(1, 9),
    ):
        assert [post.sequence for post in found] == [two.sequence]
    assert archive.months() == (("2026-03", 1),)
    assert [entry.post.sequence for entry in room.store.outputs.shown(one, 9)] == [two.sequence]
    assert [ended.at for ended in room.store.outputs.ended("own", 9)] == [room.now]
    assert [hit.title for hit in room.store.search("secret")] == ["Page two"]
    assert room.store.outputs.trial(one.filter, 9).taken == 1
    assert SECRET in str(room.value("SELECT text FROM articles WHERE id = ?", number))


def test_a_withdrawn_post_is_a_notice(make: Make) -> None:
    """Place, outlet, time and reason; nothing of what it said. Its neighbours do not lead there any more."""
    room = make()
    head, number = room.store.archive.head(), room.article_id("https://alpha.example/one")
    before = room.posts()["one"]
    room.store.withdrawals.withdraw(number, "It named a victim.", room.now)
    (notice,) = room.store.archive.withdrawn()
    assert notice.withdrawn is not None
    assert (notice.withdrawn.at, notice.withdrawn.reason) == (room.now, "It named a victim.")
    assert (notice.id, notice.path, notice.sequence, notice.stamp) == (
        before.id, before.path, before.sequence, before.stamp
    )  # fmt: skip
    assert "Page one" not in everything(notice)
    assert SECRET not in everything(notice)
    changed = {post.sequence: post for post in room.store.archive.changed(head)}
    neighbour = next(post for post in changed.values() if post.withdrawn is None)
    assert neighbour.previous is None or (neighbour.previous.path is None and not neighbour.previous.teaser)


def test_reinstated_it_is_as_before(make: Make) -> None:
    """The same post in the same place, as updated after its tombstone; doing either twice does no harm."""
    room = make()
    number, before = room.article_id("https://alpha.example/one"), room.posts()
    for _ in range(2):
        room.store.withdrawals.withdraw(number, "", room.now)
    (tombstone,) = room.store.archive.withdrawn()
    assert room.store.withdrawals.reinstate(number, room.now)
    assert not room.store.withdrawals.reinstate(number, room.now)
    after = room.posts()
    revised = after["one"].revised
    assert revised is not None
    assert tombstone.withdrawn is not None
    assert revised > tombstone.withdrawn.at
    assert {**after, "one": replace(after["one"], revised=None)} == before
    assert room.store.archive.withdrawn() == ()


@pytest.mark.parametrize("stated", [True, False])
def test_the_chain_steps_over_what_was_withdrawn(newsroom: Newsroom, stated: bool) -> None:
    """A -> C, be it by what pages say or by the feed's order; a later change of C shows at A; reinstated, B is back."""
    names = ["a", "b", "c", "d"]
    room = newsroom
    room.poll(*(entry(name, published=NOW - (9 - n) * HOUR) for n, name in enumerate(names)))
    for n, name in enumerate(names):
        around = {"next": names[n + 1 : n + 2], "previous": names[n - 1 : n] if n else []}
        links = {side: f"https://alpha.example/{one[0]}" for side, one in around.items() if one and stated}
        room.scrape(f"https://alpha.example/{name}", **links)
    room.publish()

    def chain() -> dict[str, tuple[str | None, str | None]]:
        return {
            name: tuple(link and link.url[-1] for link in (post.previous, post.next))
            for name, post in room.posts().items()
        }

    whole = {"a": (None, "b"), "b": ("a", "c"), "c": ("b", "d"), "d": ("c", None)}
    assert chain() == whole
    for name in ("b", "c"):
        room.store.withdrawals.withdraw(room.article_id(f"https://alpha.example/{name}"), "", room.now)
    assert (chain()["a"], chain()["d"]) == ((None, "d"), ("a", None))
    head = room.store.archive.head()
    room.scrape("https://alpha.example/d", "Another text.", title="Another title")
    changed = {post.url: post for post in room.store.archive.changed(head)}
    following = changed["https://alpha.example/a"].next
    assert following is not None
    assert following.title == "Another title"
    for name in ("b", "c"):
        room.store.withdrawals.reinstate(room.article_id(f"https://alpha.example/{name}"), room.now)
    assert chain() == whole


def test_a_reason_may_be_given_later(make: Make) -> None:
    """Withdrawing again changes the reason on the notice, and not the day; without one it stays."""
    room = make()
    number = room.article_id("https://alpha.example/one")
    for reason in ("", "It named a victim.", ""):
        room.store.withdrawals.withdraw(number, reason, room.now)
        room.now += timedelta(days=1)
    (notice,) = room.store.archive.withdrawn()
    assert notice.withdrawn is not None
    assert (notice.withdrawn.at, notice.withdrawn.reason) == (room.now - timedelta(days=3), "It named a victim.")


def test_copies_of_a_withdrawn_text_are_named(make: Make) -> None:
    """They are still shown, and say nothing of the one that is gone."""
    room = make()
    one, two = (room.article_id(f"https://alpha.example/{name}") for name in ("one", "two"))
    room.scrape("https://alpha.example/two", likeness=Likeness(one, 0.95, "the same"))
    assert room.store.withdrawals.withdraw(one, "", room.now) == (two,)
    copy = room.posts()["two"]
    assert (copy.leader, copy.also_in) == (None, ())


def test_a_story_whose_first_post_is_withdrawn_goes_on(make: Make) -> None:
    """In a grouped output its entry ends and the others of the story begin one; reinstated, it is as before."""
    room = make()
    grouped = Output(name="own", group="story")
    waiting = room.store.stories.unplaced(9)
    placed = tuple(Placed(one.id, one.key, one.published, "{}", waiting[0].key) for one in waiting)
    room.store.stories.save(StoryChanges(placed), room.now)

    def shown() -> list[str]:
        room.store.outputs.fill([grouped], room.now)
        return [(found.post.url or "").rpartition("/")[2] for found in room.store.outputs.shown(grouped, 9)]

    assert shown() == ["one"]
    number = room.article_id("https://alpha.example/one")
    room.store.withdrawals.withdraw(number, "", room.now)
    assert shown() == ["two"]
    room.store.withdrawals.reinstate(number, room.now)
    assert shown() == ["one"]
