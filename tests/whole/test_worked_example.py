"""The pages that this project exists for, through the whole program: a Threatpost post, Google's security blog, and a
Blogger page that re-publishes a Threatpost article with its next post below."""

from __future__ import annotations

import html
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.outlets import outlet, rss

from aggregator.config import load
from aggregator.pipeline.pipeline import opened

pytestmark = pytest.mark.corpora

NOW = datetime(2020, 6, 20, 12, 0, tzinfo=UTC)
ANDROID = "/android-ransomware-spreads-via-sex-simulation-game-links-on-reddit-sms/146774/"
CHROME = "/2020/05/enhanced-safe-browsing-protection-now.html"
MIRRORED = "/2020/06/microsoft-joins-ban-on-sale-of-facial.html"
TIGER_LAKE = "/2020/06/intel-tiger-lake-cpus-to-come-with-anti.html"


@dataclass
class Example:
    """What the program made of the three pages."""

    data: Path
    posts: dict[str, dict[str, Any]]
    origins: dict[str, str]

    def article(self, title: str) -> sqlite3.Row:
        with sqlite3.connect(f"file:{self.data / 'aggregator.db'}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute("select * from articles where title = ?", (title,)).fetchone()
        assert row is not None, f"no article is called {title!r}: {self.titles()}"
        return row  # type: ignore[no-any-return]

    def titles(self) -> list[str]:
        return list(self.posts)


def blogger_page(text: str) -> tuple[str, list[str], str, str]:
    """A Blogger page around the text that a person copied: (markup, body paragraphs, next title, next teaser)."""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    title, *middle, next_title, teaser = parts
    body = middle[: [" ".join(part.split()) for part in middle].index("Source: Threatpost")]
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in body)
    markup = f"""<!DOCTYPE html><html lang="en"><head><title>{html.escape(title)} ~ The Hacking Notes</title></head><body>
<div class="header"><h1 class="title"><a href="/">The Hacking Notes</a></h1></div>
<div class="main"><div class="blog-posts hfeed"><div class="date-outer"><h2 class="date-header"><span>Friday, June 12, 2020</span></h2>
<div class="post-outer"><div class="post hentry"><h3 class="post-title entry-title">{html.escape(title)}</h3>
<div class="post-body entry-content">{paragraphs}<p>Source: <a href="https://threatpost.com/microsoft-facial-recognition/156507/">Threatpost</a></p></div>
<div class="post-footer"><span class="post-labels">Labels: <a href="/search/label/News">News</a></span></div></div>
<div class="comments" id="comments"><h4>No comments:</h4><p class="comment-footer"><a href="/comment-form">Post a Comment</a></p></div>
</div></div></div>
<div class="blog-pager" id="blog-pager"><span id="blog-pager-newer-link"><a class="blog-pager-newer-link" href="{TIGER_LAKE}">Newer Post</a></span>
<span id="blog-pager-older-link"></span></div>
<div class="next-post"><h3><a href="{TIGER_LAKE}">{html.escape(next_title)}</a></h3><p>{html.escape(teaser)}</p></div>
</div><div class="sidebar"><h2>Subscribe</h2><ul><li>Posts</li><li>All Comments</li></ul></div></body></html>"""
    return markup, body, next_title, teaser


@pytest.fixture(scope="module")
def example(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    folder = corpora / "worked-example"
    text = (folder / "mirrored-post.txt").read_text("utf-8")
    data = tmp_path_factory.mktemp("example")
    kind = "text/html; charset=utf-8"
    with outlet() as threatpost, outlet() as google, outlet() as blogger:
        threatpost.pages = {
            "/feed/": rss(
                "Threatpost",
                (
                    threatpost.origin + ANDROID,
                    "Android Ransomware Spreads Via ‘Sex Simulation Game’ Links on Reddit, SMS",
                    "Tue, 30 Jul 2019 17:16:29 +0000",
                    "A new Android ransomware.",
                ),
            ),
            ANDROID: (kind, (folder / "threatpost-android.html").read_bytes()),
        }
        google.pages = {
            "/feed": rss(
                "Google Security Blog",
                (
                    google.origin + CHROME,
                    "Enhanced Safe Browsing Protection now available in Chrome",
                    "Tue, 19 May 2020 17:00:00 +0000",
                    "x",
                ),
            ),
            CHROME: (kind, (folder / "blogger-googlesecurity.html").read_bytes()),
        }
        blogger.pages = {
            "/feed": rss("The Hacking Notes", (blogger.origin + MIRRORED, "Microsoft Joins Ban on Sale of Facial Recognition Tech to Police", "Fri, 12 Jun 2020 09:00:00 +0000", "x")),
            MIRRORED: (kind, blogger_page(text)[0].encode()),
        }  # fmt: skip
        origins = {"threatpost": threatpost.origin, "google": google.origin, "blogger": blogger.origin}
        (data / "feeds.yaml").write_text(
            "network: {allow: [127.0.0.0/8], per_host_interval_s: 0}\nfeeds:\n"
            f"  - {{url: '{threatpost.origin}/feed/', name: Threatpost, tags: [news]}}\n"
            f"  - {{url: '{google.origin}/feed', name: Google Security Blog, tags: [vendor]}}\n"
            f"  - {{url: '{blogger.origin}/feed', name: The Hacking Notes, tags: [blogs]}}\n",
            "utf-8",
        )
        with opened(load(data / "feeds.yaml"), data, lambda: NOW) as pipeline:
            tally = pipeline.round()
        assert (tally.failed, tally.unscraped, tally.scraped) == (0, 0, 3)
        items = json.loads((data / "public" / "feed.json").read_text("utf-8"))["items"]
        yield Example(data, {item["title"]: item for item in items}, origins)


def test_the_threatpost_page_comes_out_whole(example: Example) -> None:
    """Title, author, time and text; no share bar, comment form, related cards or newsletter box."""
    article = example.article("Android Ransomware Spreads Via ‘Sex Simulation Game’ Links on Reddit, SMS")
    assert article["author"] == "Lindsey O'Donnell"
    assert article["published"] == "2019-07-30T17:16:29Z"
    assert "Android/Filecoder.C" in article["text"]
    for furniture in ("Leave A Comment", "Share this article", "Subscribe", "Suggested articles", "newsletter"):
        assert furniture.casefold() not in article["text"].casefold()


def test_its_neighbours_are_in_the_combined_feed_with_their_titles(example: Example) -> None:
    """Next and previous as the page states them, in the JSON object and as Atom links."""
    item = example.posts["Android Ransomware Spreads Via ‘Sex Simulation Game’ Links on Reddit, SMS"]
    following, former = item["_aggregator"]["next"], item["_aggregator"]["previous"]
    assert following["url"] == "https://threatpost.com/apple-imessage-remote-attackersread-iphone-messages/146789/"
    assert former["url"] == "https://threatpost.com/nation-state-actors-go-all-in-on-mobile-malware/146771/"
    assert following["title"]
    assert former["title"]
    atom = (example.data / "public" / "feed.atom").read_text("utf-8")
    assert f'rel="next" href="{following["url"]}"' in atom or f'href="{following["url"]}"' in atom


def test_the_blogger_page_of_google_has_its_pager(example: Example) -> None:
    """Blogger names no titles: the addresses alone are known."""
    item = example.posts["Enhanced Safe Browsing Protection now available in Chrome"]
    neighbours = item["_aggregator"]
    assert (
        neighbours["next"]["url"] == "https://security.googleblog.com/2020/05/expanding-our-work-with-open-source.html"
    )
    assert (
        neighbours["previous"]["url"]
        == "https://security.googleblog.com/2020/05/introducing-portability-of-google.html"
    )


def test_the_mirrored_post_is_clean_and_names_its_source(example: Example, corpora: Path) -> None:
    """The body to the last sentence, without the comment form, the source line or the neighbour's text."""
    text = (corpora / "worked-example" / "mirrored-post.txt").read_text("utf-8")
    _, body, next_title, teaser = blogger_page(text)
    article = example.article("Microsoft Joins Ban on Sale of Facial Recognition Tech to Police")
    assert article["text"].split("\n\n") == [" ".join(part.split()) for part in body]
    assert (article["source_name"], article["source_url"]) == (
        "Threatpost", "https://threatpost.com/microsoft-facial-recognition/156507/",
    )  # fmt: skip
    for other in ("No comments", "Post a Comment", next_title, teaser[:40]):
        assert other not in article["text"]


def test_the_mirror_shows_the_source_and_the_next_posts_title_and_teaser_below(example: Example, corpora: Path) -> None:
    """As on the page that was mirrored: the article, whom it is from, then the next post and its first lines."""
    text = (corpora / "worked-example" / "mirrored-post.txt").read_text("utf-8")
    _, body, next_title, teaser = blogger_page(text)
    item = example.posts["Microsoft Joins Ban on Sale of Facial Recognition Tech to Police"]
    assert item["_aggregator"]["next"] == {
        "url": example.origins["blogger"] + TIGER_LAKE, "title": next_title, "teaser": teaser, "mirror_url": None,
    }  # fmt: skip
    (page,) = [
        path.read_text("utf-8")
        for path in (example.data / "public" / "posts").rglob("*.html")
        if "microsoft-joins-ban" in path.name
    ]
    places = [page.find(html.escape(part)) for part in (body[-1][:40], "Threatpost", next_title, teaser[:40])]
    assert -1 not in places
    last_of_body = page.find(html.escape(body[-1][:40], quote=False))
    assert last_of_body < page.find(next_title, last_of_body) < page.find(teaser[:30], last_of_body)
