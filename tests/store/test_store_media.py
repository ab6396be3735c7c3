"""Which images are to be fetched, in which order, and what the posts show of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, config, entry

from aggregator.emit import item
from aggregator.models import CheckedImage, Enclosure, EntryImage, Picture
from aggregator.store import Store
from aggregator.text.urls import keep_secret

PNG = CheckedImage("image/png", 800, 400)
ALPHA = "https://alpha.example"


def feed(**options: object) -> dict[str, object]:
    return {"url": f"{ALPHA}/feed", "name": "Alpha", **options}


@pytest.fixture
def room(store: Store) -> Newsroom:
    """A store with one feed whose images are mirrored."""
    return Newsroom(store, feed(media="mirror"))


def told(room: Newsroom, slug: str = "one", *images: str, **values: object) -> int:
    """An article with these images, scraped."""
    room.poll(entry(slug))
    shown = "".join(f'<p><img src="{image}" alt=""></p>' for image in images)
    return room.scrape(f"{ALPHA}/{slug}", html=f"<p>Text of {slug}.</p>{shown}", **values)


def due(room: Newsroom, *, first: bool = True, per_host: int = 100) -> list[str]:
    room.store.media.look_through(room.now, older=not first)
    return [image.url for image in room.store.media.pending(room.now, per_host, first=first)]


def number(room: Newsroom, url: str) -> int:
    return int(str(room.value("SELECT id FROM media WHERE url = ?", url)))


def test_lead_image_images_and_image_files_are_mirrored_once(room: Newsroom) -> None:
    files = (Enclosure("https://c.example/f.jpg", "image/jpeg"), Enclosure("https://c.example/a.mp3", "audio/mpeg"))
    room.poll(entry("one", enclosures=files))
    room.scrape(f"{ALPHA}/one", html='<p><img src="https://c.example/a.png"></p>', lead_image="https://c.example/a.png")
    assert due(room) == ["https://c.example/a.png", "https://c.example/f.jpg"]


def test_the_feeds_own_picture_is_mirrored_where_the_page_has_none(room: Newsroom) -> None:
    room.poll(entry("one", images=(EntryImage("https://c.example/e.jpg"),)))
    room.scrape(f"{ALPHA}/one", html="<p>Text.</p>")
    assert due(room) == ["https://c.example/e.jpg"]


def test_nothing_is_noted_where_images_are_links(newsroom: Newsroom) -> None:
    told(newsroom, "one", "https://c.example/a.png")
    assert due(newsroom) == []
    assert newsroom.rows("SELECT * FROM media_queue") == []


def test_a_page_that_asks_not_to_be_archived_has_none(room: Newsroom) -> None:
    told(room, "one", "https://c.example/a.png", noarchive=True)
    assert due(room) == []


def test_a_feed_that_is_only_quoted_has_none_until_it_may_go_out_whole(newsroom: Newsroom) -> None:
    newsroom.store.sync_feeds(config(feed(media="mirror", republish="excerpt")), NOW)
    told(newsroom, "one", "https://c.example/a.png")
    newsroom.publish()
    assert due(newsroom, first=False) == []
    newsroom.store.sync_feeds(config(feed(media="mirror")), NOW)
    assert due(newsroom, first=False) == ["https://c.example/a.png"]


def test_an_article_is_mirrored_as_far_as_forty(room: Newsroom) -> None:
    told(room, "one", *(f"https://c.example/{n}.png" for n in range(60)))
    assert len(due(room)) == 40


def test_each_host_has_its_turn(room: Newsroom) -> None:
    """One host with many images holds up no other."""
    told(room, "one", *(f"https://c.example/{n}.png" for n in range(9)), "https://d.example/x.png")
    assert due(room, per_host=2) == ["https://c.example/0.png", "https://d.example/x.png", "https://c.example/1.png"]


def test_a_copy_marks_the_posts_that_show_it_and_no_date(room: Newsroom) -> None:
    told(room, "one", "https://c.example/a.png")
    told(room, "two", "https://c.example/b.png")
    due(room)
    room.publish()
    before, head = room.posts(), room.store.archive.head()
    room.store.media.save_copy(number(room, "https://c.example/a.png"), "ab" * 32, PNG, 77, NOW)
    (post,) = room.store.archive.changed(head)
    path = f"media/ab/{'ab' * 32}.png"
    assert post.pictures == (Picture("https://c.example/a.png", path, "image/png", 77, 800, 400),)
    assert post == replace(before["one"], pictures=post.pictures)


def test_output_waits_for_a_first_try_but_not_for_ever(room: Newsroom) -> None:
    """From the text to the first try; neither for a second one nor for an article of an hour ago."""
    told(room, "one", "https://c.example/a.png")
    media, since = room.store.media, NOW - timedelta(minutes=10)
    assert media.untried(NOW, since)
    due(room)
    assert media.untried(NOW, since)
    assert not media.untried(NOW + HOUR, NOW + HOUR / 2)
    media.save_failure(number(room, "https://c.example/a.png"), "503", NOW)
    assert not media.untried(NOW, since)
    assert due(room) == []
    assert due(room, first=False) == ["https://c.example/a.png"]


def test_something_older_that_is_ready_waits_for_no_image(room: Newsroom) -> None:
    told(room, "one", "https://c.example/a.png")
    room.now += HOUR
    told(room, "two", "https://c.example/b.png")
    assert not room.store.media.untried(room.now, room.now - timedelta(minutes=10))


def test_a_feed_that_is_mirrored_from_now_on_has_its_old_posts_looked_through(newsroom: Newsroom) -> None:
    told(newsroom, "one", "https://c.example/a.png")
    newsroom.publish()
    newsroom.store.sync_feeds(config(feed(media="mirror")), NOW)
    assert due(newsroom) == []
    assert due(newsroom, first=False) == ["https://c.example/a.png"]
    assert newsroom.posts()["one"].media == "mirror"


def test_a_new_text_is_looked_through_again(room: Newsroom) -> None:
    """What it showed before is still kept: archive documents show it."""
    told(room, "one", "https://c.example/a.png")
    due(room)
    room.publish()
    room.now += HOUR
    room.scrape(f"{ALPHA}/one", "Another text.", html='<p>Another text. <img src="https://c.example/b.png"></p>')
    due(room, first=False)
    assert room.rows("SELECT url FROM media ORDER BY url") == [
        {"url": "https://c.example/a.png"},
        {"url": "https://c.example/b.png"},
    ]


def test_robots_txt_is_asked_unless_the_feed_says_otherwise(store: Store) -> None:
    room = Newsroom(store, feed(media="mirror", respect_robots=False))
    told(room, "one", "https://c.example/a.png")
    due(room)
    assert [image.robots for image in store.media.pending(NOW, 9, first=True)] == [False]


def test_a_feed_no_longer_configured_goes_by_the_defaults(room: Newsroom) -> None:
    told(room, "one", "https://c.example/a.png")
    room.publish()
    other = {"feeds": [{"url": "https://beta.example/feed"}], "defaults": {"media": "strip"}}
    room.store.sync_feeds(config("Beta").model_validate(other), NOW)
    assert room.posts()["one"].media == "strip"


def test_only_what_no_article_shows_is_forgotten(room: Newsroom) -> None:
    first = told(room, "one", "https://c.example/a.png", "https://c.example/b.png")
    told(room, "two", "https://c.example/b.png")
    due(room)
    room.execute("DELETE FROM article_media WHERE article_id = ?", first)
    assert room.store.media.forget_unused() == 1
    assert room.rows("SELECT url FROM media") == [{"url": "https://c.example/b.png"}]


def test_a_secret_in_an_address_stands_in_no_post_and_is_sent_nowhere(room: Newsroom) -> None:
    """An image whose address names a secret of the operator's is not asked for: not with it, and not without it."""
    keep_secret("op3n-s3same")
    url = "https://c.example/a.png?k=op3n-s3same"
    told(room, "one", url, lead_image=url)
    assert due(room) == []
    room.publish()
    post = room.posts()["one"]
    assert "op3n-s3same" not in repr(post)
    assert "op3n-s3same" not in item.article(post, "../../../")
