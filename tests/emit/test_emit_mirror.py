"""The mirror's pages: what they show, how they link, and what they never contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote

import pytest
from lxml import html
from support.emit_shelf import KREBS, START, THREATPOST, Shelf, filled, link_to, make_post

from aggregator.config.settings import ServedSite, Site
from aggregator.emit import build
from aggregator.emit.intel_pages import write_exploited
from aggregator.models import AlsoIn, Attribution, Enclosure, PostLink, StoryMember

STYLE = Path(__file__).parents[2] / "aggregator" / "emit" / "templates" / "style.css"


def page(out: Path, path: str) -> html.HtmlElement:
    return html.fromstring((out / path).read_bytes())


def words(node: html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


@pytest.fixture
def out(shelf: Shelf, site: Site, tmp_path: Path) -> Path:
    """A mirror of thirty posts, one of which has everything."""
    full = replace(
        shelf.posts[15],
        title="Android “Ransomware” <b>",
        author="Lindsey O’Donnell",
        word_count=920,
        language="de",
        summary="A family. " * 60,
        html='<p>Text.</p><pre><code>x &lt; y</code></pre><img src="https://threatpost.example/a.png" alt="A">',
        attribution=Attribution("Kaspersky", "https://kaspersky.example/"),
        also_in=(
            AlsoIn("Krebs on Security", "https://krebs.example/x/", shelf.posts[13].path),
            AlsoIn("X", "https://x.example/"),
        ),
        tags=("news", "unheard of"),
        next=PostLink("https://threatpost.example/n/", "What comes next", "Its first lines."),
        enclosures=(Enclosure("https://threatpost.example/pod/a.mp3", "audio/mpeg"),),
        revised=START + timedelta(days=301),
    )
    leader = AlsoIn("Threatpost", full.url or "", full.path)
    shelf.put(full, replace(shelf.posts[14], hidden=True, leader=leader, also_in=(leader,)))
    build(shelf, site, tmp_path)
    return tmp_path


def test_a_posts_page_says_all_that_is_known(out: Path, shelf: Shelf) -> None:
    """Title, outlet, author, date, reading time, article, attribution, others, files, tags."""
    found = page(out, shelf.posts[15].path)
    article = found.find(".//article")
    assert words(article.find(".//h1")) == "Android “Ransomware” <b>"
    shown = words(article)
    for part in ("Threatpost", "Lindsey O’Donnell", "5 March 2026, 17:00 UTC", "4 min read", "x < y", "a.mp3"):
        assert part in shown
    assert article.find(".//time").get("datetime") == "2026-03-05T17:00:00Z"
    hrefs = {a.get("href"): words(a) for a in article.findall(".//a")}
    assert hrefs["https://kaspersky.example/"] == "Kaspersky"
    assert hrefs["https://threatpost.example/15/"] == "read the original post"
    assert hrefs["https://krebs.example/x/"] == "Krebs on Security"
    assert hrefs["../../../posts/2026/03/post-13.html"] == "our copy"
    assert hrefs["../../../tags/news.html"] == "news"
    assert "unheard of" in shown
    assert "unheard of" not in hrefs.values()
    assert article.get("lang") == "de"
    assert found.get("lang") == "en"


def test_next_and_previous_stand_under_the_article(out: Path, shelf: Shelf) -> None:
    """Title and teaser of both; the link leads to our page where we hold the post, else to the outlet."""
    around = page(out, shelf.posts[15].path).find(".//nav[@class='around']")
    after, before = around.findall("section")
    assert words(after) == "Next post on Threatpost What comes next Its first lines."
    assert after.find(".//a").get("href") == "https://threatpost.example/n/"
    assert words(before) == "Previous post Post number 12 In short: 12."
    assert before.find(".//a").get("href") == "../../../posts/2026/03/post-12.html"


def test_the_head_of_a_posts_page(out: Path, shelf: Shelf) -> None:
    """Canonical is the origin, robots stay out, OpenGraph and rel next/prev are there."""
    head = page(out, shelf.posts[15].path).find("head")
    assert head.find("link[@rel='canonical']").get("href") == "https://threatpost.example/15/"
    assert head.find("meta[@name='robots']").get("content") == "noindex"
    assert head.find("link[@rel='prev']").get("href") == "../../../posts/2026/03/post-12.html"
    assert head.find("link[@rel='next']") is None
    og = {meta.get("property"): meta.get("content") for meta in head.findall("meta[@property]")}
    assert og["og:title"] == "Android “Ransomware” <b>"
    assert og["og:url"] == "https://threatpost.example/15/"
    assert og["article:published_time"] == "2026-03-05T17:00:00Z"
    assert len(og["og:description"]) <= 220
    kinds = [link.get("type") for link in head.findall("link[@rel='alternate']")]
    assert kinds == ["application/atom+xml", "application/rss+xml", "application/feed+json"]


def test_robots_may_come_where_the_operator_says_so(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """`site.index: true` takes the noindex away."""
    build(shelf, site.model_copy(update={"index": True}), tmp_path)
    assert b"noindex" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.html"))


def test_a_hidden_posts_page_names_its_leader(out: Path, shelf: Shelf) -> None:
    """A duplicate keeps its page, which leads to the one that stands in the combined feed."""
    notice = page(out, shelf.posts[14].path).find(".//p[@class='notice inset']")
    assert "Threatpost carries the same article" in words(notice)
    assert notice.find("a").get("href") == "../../../posts/2026/03/post-15.html"
    assert "Also in" not in words(page(out, shelf.posts[14].path).find(".//article/footer"))
    assert "also in Threatpost" in words(page(out, "sources/lab.html"))
    assert "Post number 14" not in words(page(out, "archive/2026-03.html"))


def test_the_front_page_shows_the_newest_by_day(out: Path, site: Site) -> None:
    """The newest `page_size` posts, newest day first, each with outlet and time."""
    found = page(out, "index.html")
    days = [words(day.find("h2")) for day in found.findall(".//section")]
    assert days[0] == "Tuesday, 10 March 2026"
    assert len(days) == len(set(days))
    titles = [words(a) for a in found.iterfind(".//a[@class='post']")]
    assert titles == [f"Post number {n}" for n in range(30, 20, -1)]
    assert len(titles) == site.page_size


def test_late_posts_stand_under_their_own_day(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A post found late is among the newest, but under the day when it was published."""
    shelf.put(make_post(31, published=START - timedelta(days=400), title="Found late"))
    build(shelf, site, tmp_path)
    assert words(page(tmp_path, "index.html").findall(".//section")[-1]).startswith(
        "Saturday, 25 January 2025 Found late"
    )


def test_a_month_lists_all_its_posts(out: Path) -> None:
    """A line for each post that is not hidden, newest first; the archive's list counts them."""
    titles = [words(a) for a in page(out, "archive/2026-03.html").iterfind(".//a[@class='post']")]
    assert len(titles) == 29
    assert words(page(out, "archive/index.html").find(".//main")) == "Archive 2026 March 29"


def test_a_busy_month_has_a_page_for_each_day(site: Site, tmp_path: Path) -> None:
    """Up to a thousand posts stand on the month's page; with more it lists its days alone. One more touches one day."""
    shelf = Shelf()
    shelf.put(*(make_post(n, published=START + timedelta(minutes=20 * n)) for n in range(1, 1001)))
    build(shelf, site, tmp_path)
    assert len(list(page(tmp_path, "archive/2026-03.html").iterfind(".//a[@class='post']"))) == 1000
    shelf.put(make_post(1001, published=START + timedelta(days=3)))
    built = build(shelf, site, tmp_path)
    assert [name for name in built.files if name.startswith("archive/2026-03-")] == ["archive/2026-03-04.html"]
    days = sorted(path.name for path in tmp_path.glob("archive/2026-03-*.html"))
    assert (days[0], days[-1], len(days)) == ("2026-03-01.html", "2026-03-15.html", 15)
    listed = [words(item) for item in page(tmp_path, "archive/2026-03.html").iterfind(".//ul[@class='dates inset']/li")]
    assert listed[-1] == "Sunday, 1 March 2026 47"
    assert words(page(tmp_path, "archive/2026-03-04.html").find(".//header[@class='head inset']")) == (
        "March 2026 Wednesday, 4 March 2026 73 posts"
    )
    shelf.put(make_post(1002, published=START + timedelta(days=3)))
    days = [name for name in build(shelf, site, tmp_path).files if name.startswith("archive/2026-03")]
    assert sorted(days) == ["archive/2026-03-04.html", "archive/2026-03.html"]
    build(shelf, site, tmp_path / "whole")
    assert (tmp_path / "whole/archive/2026-03-04.html").read_bytes() == (
        tmp_path / "archive/2026-03-04.html"
    ).read_bytes()
    shelf.drop(1002)
    shelf.drop(1001)
    build(shelf, site, tmp_path, full=True)
    assert words(page(tmp_path, "archive/2026-03-04.html").find(".//header[@class='head inset']")).endswith(" 72 posts")


def test_the_front_page_is_the_day_folded_by_story(site: Site, tmp_path: Path) -> None:
    """A card a story, its longest report with who else reports; a day and a half, then whole days with their pages."""
    shelf = Shelf()
    posts = [make_post(n, published=START + timedelta(hours=n)) for n in range(1, 101)]
    members = [replace(posts[n], word_count=900 if n == 96 else 100) for n in (90, 96, 98)]
    story = tuple(
        StoryMember(post.source.name, post.source.slug, post.url, post.path, post.title, post.published, post.summary)
        for post in members
    )
    members = [replace(post, story="a1b2", story_members=story) for post in members]
    shelf.put(*posts)
    shelf.put(*members)
    build(shelf, site.model_copy(update={"page_size": 100}), tmp_path)
    front = page(tmp_path, "index.html")
    cards = [card.get("href") for card in front.iterfind(".//li[@class='card']/h3/a[@class='post']")]
    assert len(cards) == 37 - 2, "36 hours and what is as old, two of them folded"
    assert [path for path in cards if path in {post.path for post in members}] == [posts[96].path]
    (others,) = (words(note) for note in front.iterfind(".//p[@class='others']"))
    assert others == "Also " + ", ".join(
        dict.fromkeys(members[n].source.name for n in (2, 0) if members[n].source != members[1].source)
    )
    days = [link.get("href") for link in front.iterfind(".//nav[@aria-labelledby='earlier']//a")]
    assert days[0] == f"archive/{posts[64].published:%Y-%m-%d}.html"
    for day in days:
        assert (tmp_path / day).is_file()
    one = page(tmp_path, days[1])
    assert [link.get("rel") for link in one.iterfind(".//link") if link.get("rel") in ("prev", "next")] == [
        "prev",
        "next",
    ]
    stories = page(tmp_path, "stories/index.html")
    assert [card.get("href") for card in stories.iterfind(".//li[@class='card']/h3/a[@class='post']")] == [
        f"../{posts[96].path}"
    ]
    assert "sources" in words(front.find(".//p[@class='purpose inset']"))
    assert (tmp_path / "feed.html").is_file()


def test_sources_and_tags_have_pages(out: Path) -> None:
    """Each outlet with its home, its feed, its tags and its posts; each tag with its outlets."""
    krebs = page(out, "sources/krebs.html")
    assert {"https://krebs.example/", "https://krebs.example/feed/atom/", "../tags/threat-intel.html"} <= {
        a.get("href") for a in krebs.iterfind(".//main//a")
    }
    assert "From Krebs on Security, Threatpost" in words(page(out, "tags/news.html"))
    listed = [words(a) for a in page(out, "sources.html").iterfind(".//h2/a")]
    assert listed == ["Krebs on Security", "The Lab", "Threatpost"]
    rows = [words(row) for row in page(out, "sources.html").iterfind(".//ul[@class='sources inset']/li")]
    assert "10 posts, the newest of 9 March 2026 news, Threat Intel krebs.example its own feed" in rows[0]
    assert "The first stop for security news its own feed" in rows[2]
    own = page(out, "tags/threat-intel.html").findall("head/link[@rel='alternate']")
    assert "../tags/threat-intel.atom" in [link.get("href") for link in own]


def links(out: Path) -> Iterator[tuple[str, str]]:
    """(page, where it leads) for every relative link, image, script and stylesheet."""
    for path in out.rglob("*.html"):
        name = path.relative_to(out).as_posix()
        for node in html.fromstring(path.read_bytes()).iter("a", "link", "img", "script"):
            target = node.get("href") or node.get("src") or ""
            if not re.match(r"[a-z]+:|#", target):
                yield name, normpath(f"{name}/../{unquote(target)}")


def test_every_link_inside_leads_to_a_file(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Pages link relatively, so that the folder works wherever it is put; no link is dead."""
    build(shelf, site, tmp_path)
    write_exploited(site, (), {}, tmp_path)
    found = set(links(tmp_path))
    assert len(found) > 300
    assert {(name, target) for name, target in found if not (tmp_path / target).is_file()} == set()


def test_pages_carry_no_script_or_style_of_their_own(out: Path) -> None:
    """One stylesheet, one script file, a policy that allows no more; no handler, no inline style."""
    for path in out.rglob("*.html"):
        found = html.fromstring(path.read_bytes())
        assert [script.text for script in found.iter("script")] == [None]
        assert not list(found.iter("style"))
        for node in found.iter("*"):
            assert not [name for name in node.attrib if name.startswith("on") or name == "style"]
        policy = found.find("head/meta[@http-equiv='Content-Security-Policy']").get("content")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_pages_have_landmarks_and_an_order(out: Path) -> None:
    """One h1, headings that skip no level outside the article, a main, a named nav, a skip link, images with alt."""
    for path in out.rglob("*.html"):
        found = html.fromstring(path.read_bytes())
        assert len(found.findall(".//h1")) == 1, path
        assert len(found.findall(".//main")) == 1
        assert found.find(".//a[@class='skip']").get("href") == "#main"
        navs = found.findall(".//nav")
        assert all(nav.get("aria-label") or nav.get("aria-labelledby") for nav in navs)
        levels = [int(node.tag[1]) for node in found.iter("h1", "h2", "h3", "h4", "h5", "h6")]
        assert all(later <= level + 1 for level, later in pairwise(levels)), path
        assert all(image.get("alt") is not None for image in found.iter("img"))
        ids = [node.get("id") for node in found.iter("*") if node.get("id")]
        assert len(ids) == len(set(ids))


def test_a28_markup_is_text_on_every_page(site: Site, tmp_path: Path) -> None:
    """Nothing from a feed but the cleaned article is ever markup."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    source = replace(THREATPOST, name=f"Outlet {evil}", title=evil, tags=("news",))
    shelf = Shelf((source, KREBS))
    post = make_post(
        3,
        source=source,
        title=evil,
        author=evil,
        summary=evil,
        tags=("news", evil),
        attribution=Attribution(evil),
        next=PostLink("https://x.example/\"onclick='x'", evil, evil),
        also_in=(AlsoIn(evil, "https://x.example/<b>"),),
        leader=AlsoIn(evil, "https://x.example/"),
        enclosures=(Enclosure('https://x.example/"><b>', evil),),
    )
    shelf.put(post)
    build(shelf, site.model_copy(update={"title": evil}), tmp_path)
    for path in tmp_path.rglob("*.html"):
        data = path.read_bytes()
        assert b"<script>" not in data, path
        assert b"<img" not in data, path
        assert not [node for node in html.fromstring(data).iter("*") for name in node.attrib if name.startswith("on")]


def test_an_article_without_pictures_shows_its_lead_image(site: Site, tmp_path: Path) -> None:
    """The page's own picture stands over a text that has none, and only there."""
    shelf = Shelf()
    lead = "https://threatpost.example/lead.jpg"
    shelf.put(
        make_post(3, lead_image=lead), make_post(6, lead_image=lead, html='<p><img src="https://x.example/y"></p>')
    )
    build(shelf, site, tmp_path)
    assert page(tmp_path, shelf.posts[3].path).find(".//p[@class='lead inset']/img").get("src") == lead
    assert page(tmp_path, shelf.posts[6].path).find(".//p[@class='lead inset']") is None


def test_long_months_and_names_of_days_do_not_depend_on_the_locale(site: Site, tmp_path: Path) -> None:
    """The interface is English everywhere."""
    build(filled(3), site, tmp_path)
    assert words(page(tmp_path, "archive/2026-03.html").find(".//h1")) == "March 2026"


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_enough_in_both_schemes() -> None:
    """Every colour of text has a contrast of 4.5 or more on both backgrounds (WCAG 2.2, 1.4.3)."""
    schemes = [
        dict(re.findall(r"--(\w+): (#\w{6});", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    ]
    schemes = [scheme for scheme in schemes if {"paper", "ink"} <= scheme.keys()]
    assert len(schemes) == 2
    for scheme in schemes:
        for ground in ("paper", "raised"):
            for ink in ("ink", "soft", "accent"):
                light, dark = sorted((luminance(scheme[ground]), luminance(scheme[ink])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, ink)


def test_an_article_is_fitted_into_its_page(site: Site, tmp_path: Path) -> None:
    """What scrolls takes the focus, no second h1; a `<pre>` inside an attribute is no tag, and cannot become one."""
    shelf = Shelf()
    alt = "<pre><script>alert(1)</script>"
    shelf.put(
        make_post(
            3,
            html=f'<h1>T</h1><pre><code>x</code></pre><p><img alt="{alt}" src="https://x.example/y"></p><table></table>',
        )
    )
    build(shelf, site, tmp_path)
    text = page(tmp_path, shelf.posts[3].path).find(".//div[@class='text inset']")
    assert [node.tag for node in text.iter("*") if node.get("tabindex") == "0"] == ["pre", "table"]
    assert text.find(".//img").get("alt") == alt
    assert text.find("h1") is None
    assert words(text.find("h2")) == "T"
    assert text.find(".//script") is None


def test_a_neighbour_that_is_held_is_linked_in_the_head(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """rel next and prev lead to our pages: the keyboard follows them."""
    build(shelf, site, tmp_path)
    head = page(tmp_path, shelf.posts[15].path).find("head")
    assert head.find("link[@rel='next']").get("href").endswith(link_to(shelf.posts[18]).path or "?")


def test_the_mirror_links_to_the_desk_where_it_is_served(shelf: Shelf, tmp_path: Path) -> None:
    """Only when the site says so: other servers have no search."""
    for desk in (False, True):
        build(shelf, (ServedSite if desk else Site)(base_url="https://news.example/"), tmp_path)
        links = page(tmp_path, shelf.posts[1].path).xpath("//nav//a/@href")
        assert ("../../../search" in links) is ("../../../status" in links) is desk


def test_a_full_list_leads_on_to_the_archive(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A tag or a source with more posts than its page holds; one that shows all it has does not."""
    build(shelf, site, tmp_path)
    assert 'href="../archive/index.html">Other months' in (tmp_path / "archive/2026-03.html").read_text()
    assert 'href="../archive/index.html">Older posts, by month' in (tmp_path / "tags/news.html").read_text()
    build(shelf, Site(base_url="https://news.example/", page_size=100), tmp_path)
    assert "Older posts, by month" not in (tmp_path / "tags/news.html").read_text()
