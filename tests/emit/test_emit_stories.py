"""Stories in the output: the page of a story, what posts say of it, and what becomes of a page that is not needed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from support.emit_shelf import Shelf, make_post

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.models import Post, StoryMember


def told(story: str, *posts: Post, former: tuple[str, ...] = ()) -> tuple[Post, ...]:
    """These posts as ones that tell one story."""
    members = tuple(
        StoryMember(post.source.name, post.source.slug, post.url, post.path, post.title, post.published, post.summary)
        for post in sorted(posts, key=lambda post: post.published)
    )
    return tuple(replace(post, story=story, story_members=members, story_former=former) for post in posts)


def read(out: Path, path: str) -> str:
    return (out / path).read_text("utf-8")


def test_a_story_has_a_page_that_its_posts_link_to(site: Site, tmp_path: Path) -> None:
    """By day and in order, who was first, which outlets, and how each begins; another post has nothing of it."""
    shelf = Shelf()
    one, two, three, other = (make_post(number) for number in (1, 2, 3, 4))
    shelf.put(*told("a1b2", one, two, three), other)
    built = build(shelf, site, tmp_path)
    assert "stories/a1b2.html" in built.files
    page = read(tmp_path, "stories/a1b2.html")
    assert re.findall(r'<a class="post" href="\.\./(.+?)"', page) == [one.path, two.path, three.path]
    assert f"{one.source.name} was first" in page
    assert page.count("first report") == 1
    assert all(post.summary in page for post in (one, two, three))
    assert "../../../stories/a1b2.html" in read(tmp_path, two.path)
    assert [post.title in read(tmp_path, two.path) for post in (one, three, other)] == [True, True, False]
    index, link = read(tmp_path, "index.html"), '<a href="stories/a1b2.html">3 outlets on this story</a>'
    assert index.count(link) == 1, "a story is one card"
    assert link.replace('"stories', '"../stories') in read(tmp_path, f"sources/{one.source.slug}.html")
    assert "stor" not in re.sub(r"(?s)<nav aria-label=.*?</nav>", "", read(tmp_path, other.path)).casefold().replace(
        "history", ""
    )


def test_a_story_of_one_outlet_is_called_so(site: Site, tmp_path: Path) -> None:
    """In words, and nobody is called the first of several."""
    shelf = Shelf()
    one = make_post(1)
    shelf.put(*told("a1b2", one, replace(make_post(2), source=one.source)))
    build(shelf, site, tmp_path)
    page = read(tmp_path, "stories/a1b2.html")
    assert "Story, 1 outlet" in page
    assert '<a href="stories/a1b2.html">2 posts on this story</a>' in read(tmp_path, "index.html")
    assert f"By {one.source.name}, since" in page
    assert "was first" not in page


def test_a_storys_page_says_what_each_post_adds(site: Site, tmp_path: Path) -> None:
    """As text, under the post that says it; nothing where there is nothing."""
    shelf = Shelf()
    one, two, three = (make_post(number) for number in (1, 2, 3))
    shelf.additions["a1b2"] = {one.path: (), two.path: ("CVE-2026-1234", "<b>Quay\nline</b>")}
    shelf.put(*told("a1b2", one, two, three))
    build(shelf, site, tmp_path)
    page = read(tmp_path, "stories/a1b2.html")
    (added,) = re.findall(r'<p class="adds".*?</p>', page)
    assert "CVE-2026-1234, &lt;b&gt;Quay line&lt;/b&gt;" in added
    assert page.index(two.path) < page.index(added) < page.index(three.path)


def test_a_storys_page_names_who_carries_the_same_text(site: Site, tmp_path: Path) -> None:
    """Copies are not posts of the story; their outlets are named beside the one that they carry."""
    shelf = Shelf()
    one, two = told("a1b2", make_post(1), make_post(2))
    members = (replace(one.story_members[0], also_in=("Coastal <Ledger>", "Dockside")), one.story_members[1])
    shelf.put(replace(one, story_members=members), replace(two, story_members=members))
    build(shelf, site, tmp_path)
    page = read(tmp_path, "stories/a1b2.html")
    assert "first report · also in Coastal &lt;Ledger&gt;, Dockside" in page
    assert page.count("also in") == 1


def test_feeds_name_the_other_members(site: Site, tmp_path: Path) -> None:
    """JSON Feed keeps the id under `story` and lists the others beside it; every format has them under the entry."""
    shelf = Shelf()
    one, two, other = (make_post(number) for number in (1, 2, 3))
    shelf.put(*told("a1b2", one, two), other)
    build(shelf, site, tmp_path)
    ours = {item["title"]: item["_aggregator"] for item in json.loads(read(tmp_path, "feed.json"))["items"]}
    assert ours[one.title]["story"] == "a1b2"
    assert ours[one.title]["story_url"] == "https://news.example/stories/a1b2.html"
    (member,) = ours[one.title]["story_members"]
    assert (member["name"], member["url"], member["title"]) == (two.source.name, two.url, two.title)
    assert member["mirror_url"] == f"https://news.example/{two.path}"
    assert ours[other.title]["story"] is None
    assert "story_members" not in ours[other.title]
    for document in ("feed.atom", "feed.rss", "feed.json"):
        assert read(tmp_path, document).count("More on this story") == 2


def test_a_story_that_ended_in_another_leads_there(site: Site, tmp_path: Path) -> None:
    """Its page stays, and sends people on."""
    shelf = Shelf()
    posts = [make_post(number) for number in (1, 2, 3, 4)]
    shelf.put(*told("a1b2", *posts[:2]), *told("c3d4", *posts[2:]))
    build(shelf, site, tmp_path)
    shelf.put(*told("a1b2", *posts, former=("c3d4",)))
    build(shelf, site, tmp_path)
    assert 'content="0; url=../stories/a1b2.html"' in read(tmp_path, "stories/c3d4.html")
    assert all(post.path in read(tmp_path, "stories/a1b2.html") for post in posts)


def test_a_story_of_one_has_no_page(site: Site, tmp_path: Path) -> None:
    """What was split leaves nothing behind, and the posts say nothing of it."""
    shelf = Shelf()
    one, two = make_post(1), make_post(2)
    shelf.put(*told("a1b2", one, two))
    build(shelf, site, tmp_path)
    shelf.put(replace(one, story_former=("a1b2",)), replace(two, story_former=("c3d4",)))
    build(shelf, site, tmp_path)
    assert [path.name for path in (tmp_path / "stories").iterdir()] == ["index.html"]
    assert "More on this story" not in read(tmp_path, one.path)


def test_words_of_outlets_are_text(site: Site, tmp_path: Path) -> None:
    """Titles, names and teasers are escaped on the story's page and in the feeds."""
    shelf = Shelf()
    one = make_post(1, title="<script>alert(1)</script>", summary="<img src=x onerror=alert(1)>")
    shelf.put(*told("a1b2", one, make_post(2)))
    build(shelf, site, tmp_path)
    assert not re.search(r"<script>|<img src=x", read(tmp_path, "stories/a1b2.html"))
    assert not re.search(r"<script>|<img src=x", read(tmp_path, make_post(2).path))


def test_every_order_of_building_gives_the_same_pages(site: Site, tmp_path: Path) -> None:
    """A story's page is the same whichever of its posts had it made."""
    posts = [make_post(number) for number in (1, 2, 3)]
    whole, bit_by_bit = Shelf(), Shelf()
    whole.put(*told("a1b2", *posts))
    build(whole, site, tmp_path / "whole")
    bit_by_bit.put(*posts[:1])
    build(bit_by_bit, site, tmp_path / "bits")
    bit_by_bit.put(*told("a1b2", *posts[:2]))
    build(bit_by_bit, site, tmp_path / "bits")
    bit_by_bit.put(*told("a1b2", *posts))
    build(bit_by_bit, site, tmp_path / "bits")
    for path in ("stories/a1b2.html", *(post.path for post in posts)):
        assert read(tmp_path / "whole", path) == read(tmp_path / "bits", path)
