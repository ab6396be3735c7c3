"""Images in clean HTML, as each policy shows them."""

from __future__ import annotations

import pytest

from aggregator.models import Picture
from aggregator.scrape.clean.clean import clean_html
from aggregator.text.images import is_image, path_of, shown, sources

ONE = "https://a.example/one.png"
COPY = Picture(ONE, "media/ab/abcd.png", "image/png", 10, 800, 400)
PAGE = f'<p>Before.</p><p><img src="{ONE}" alt="A graph of infections"></p><p>After.</p>'


def test_sources_are_listed_once_and_unescaped() -> None:
    html = '<p><img src="https://a.example/x?a=1&amp;b=2"><img src="https://a.example/x?a=1&amp;b=2" alt="&lt;img src="></p>'
    assert sources(html) == ("https://a.example/x?a=1&b=2",)


def test_link_leaves_everything_as_it_is() -> None:
    assert shown(PAGE, "link", (COPY,), "../") == PAGE


def test_a_copy_is_shown_with_its_size() -> None:
    """The page does not jump when it comes."""
    found = shown(PAGE, "mirror", (COPY,), "../../")
    assert '<img src="../../media/ab/abcd.png" alt="A graph of infections" width="800" height="400">' in found
    assert ONE not in found


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ('width="200"', 'width="200" height="100"'),
        ('height="200"', 'width="400" height="200"'),
        ('width="7" height="9"', 'width="7" height="9"'),
    ],
)
def test_a_size_that_the_page_gives_is_completed(given: str, size: str) -> None:
    assert size in shown(f'<p><img src="{ONE}" {given}></p>', "mirror", (COPY,), "")


def test_an_image_without_a_copy_is_a_link() -> None:
    """Nothing is loaded from the origin unbidden; who wants to see it can."""
    found = shown(PAGE, "mirror", (), "")
    assert "<img" not in found
    assert f'<a href="{ONE}">Image: A graph of infections</a>' in found
    assert f'<a href="{ONE}">Image: a.example</a>' in shown(f'<p><img src="{ONE}"></p>', "mirror", (), "")


def test_no_link_stands_in_a_link() -> None:
    html = f'<p><a href="https://a.example/large"><img src="{ONE}" alt="The graph"></a> <img src="{ONE}" alt=""></p>'
    found = shown(html, "mirror", (), "")
    assert '<a href="https://a.example/large">[Image: The graph]</a>' in found
    assert found.count("<a ") == found.count("</a>") == 2


@pytest.mark.parametrize("policy", ["mirror", "strip"])
def test_an_image_that_shows_nothing_is_left_out(policy: str) -> None:
    """No words stand in for a tracking pixel, and nothing empty stays behind."""
    pixel = Picture(ONE, tracker=True)
    html = f'<p>Text.</p><p><a href="https://a.example/"><img src="{ONE}" alt=""></a></p>'
    assert shown(html, policy, (pixel,), "") == "<p>Text.</p>"


@pytest.mark.parametrize(
    ("html", "left"),
    [
        (PAGE, "<p>Before.</p><p>[Image: A graph of infections]</p><p>After.</p>"),
        (f'<figure><img src="{ONE}" alt="Same"><figcaption>A caption</figcaption></figure>', "<figure><figcaption>A caption</figcaption></figure>"),
        (f'<p>a</p><figure><a href="{ONE}"><img src="{ONE}" alt=""></a></figure>', "<p>a</p>"),
        (f'<p>a</p><p><img src="{ONE}" alt="IMG_2041.jpg"></p>', "<p>a</p>"),
        (f'<p>a</p><ul><li><img src="{ONE}" alt="image"></li></ul>', "<p>a</p>"),
        (f'<p>x <img src="{ONE}" alt="a &lt; b &amp; c"> y</p>', "<p>x [Image: a &lt; b &amp; c] y</p>"),
        ('<pre><code>&lt;img src="x"&gt;</code></pre>', '<pre><code>&lt;img src="x"&gt;</code></pre>'),
        ("<p></p><p>b</p>", "<p></p><p>b</p>"),
    ],
)  # fmt: skip
def test_strip_leaves_words_and_captions(html: str, left: str) -> None:
    """Alternative text stays where it says something that no caption says; code that speaks of images is text."""
    assert shown(html, "strip", (), "") == left


@pytest.mark.parametrize("policy", ["mirror", "strip"])
def test_what_is_shown_is_still_clean(policy: str) -> None:
    """Rewriting opens no way around the cleaning, whatever an alternative text holds."""
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    html = clean_html(f"<p>a <img src='{ONE}' alt='{nasty}' title='{nasty}'> b</p>", None)
    for pictures in ((), (COPY,)):
        found = shown(html, policy, pictures, "https://mirror.example/")
        assert sorted(clean_html(found, None)) == sorted(found)  # the order of attributes apart


def test_images_among_files_are_known_by_type_or_name() -> None:
    assert is_image("image/png", "https://a.example/x")
    assert is_image("", "https://a.example/x.JPG?size=2")
    assert not is_image("audio/mpeg", "https://a.example/x.jpg")


def test_a_copy_has_a_name_that_any_server_understands() -> None:
    assert path_of("ab12", "image/jpeg") == "media/ab/ab12.jpg"
