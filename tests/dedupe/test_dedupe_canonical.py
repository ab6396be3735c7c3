"""Canonical URLs, guids and sites: what folds, what stays apart, and that folding twice is folding once."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import canonical_url, normal_guid
from aggregator.text.urls import registrable, same_site

FOLDS = [
    ("http://example.org/a", "https://example.org/a"),
    ("https://example.org:443/a", "https://example.org/a"),
    ("http://example.org:80/a", "https://example.org/a"),
    ("https://EXAMPLE.org./a", "https://example.org/a"),
    ("https://www.example.org/a", "https://example.org/a"),
    ("https://example.org/a/", "https://example.org/a"),
    ("https://example.org/a#comments", "https://example.org/a"),
    ("https://example.org/a/index.html", "https://example.org/a"),
    ("https://example.org/index.php?p=123", "https://example.org/?p=123"),
    ("https://example.org/a?utm_source=rss&utm_medium=feed", "https://example.org/a"),
    ("https://example.org/a?UTM_Source=rss", "https://example.org/a"),
    ("https://example.org/?p=123&fbclid=IwAR0x", "https://example.org/?p=123"),
    ("https://example.org/a?ref=newsletter.example.com", "https://example.org/a"),
    ("https://example.org/a?ref=news.example", "https://example.org/a"),
    ("https://example.org/a?PHPSESSID=0a1b2c3d4e", "https://example.org/a"),
    ("https://example.org/a;jsessionid=0A1B2C?x=1", "https://example.org/a?x=1"),
    ("https://example.org/a?replytocom=77", "https://example.org/a"),
    ("https://example.org/a?b=2&a=1", "https://example.org/a?a=1&b=2"),
    ("https://example.org/a?a=&b", "https://example.org/a?a&b"),
    ("https://example.org/a?q=x+y", "https://example.org/a?q=x%20y"),
    ("https://example.org/%7euser/caf%c3%a9", "https://example.org/~user/caf%C3%A9"),
    ("https://example.org/café", "https://example.org/caf%C3%A9"),
    ("https://example.org/a//b/./c/../d", "https://example.org/a/b/d"),
    ("https://example.org/2019/post/amp/", "https://example.org/2019/post"),
    ("https://example.org/amp/2019/post", "https://example.org/2019/post"),
    ("https://example.org/post.amp.html", "https://example.org/post.html"),
    ("https://example.org/post?amp=1", "https://example.org/post"),
    ("https://example.org/post?amp", "https://example.org/post"),
    ("https://example.org/post?outputType=amp", "https://example.org/post"),
    ("https://amp.example.org/post", "https://example.org/post"),
    ("https://m.example.org/post", "https://example.org/post"),
    ("https://mobile.example.co.uk/post", "https://example.co.uk/post"),
    ("https://en.m.example.org/wiki", "https://en.example.org/wiki"),
    ("https://news.blogspot.com/2020/05/x.html?m=1", "https://news.blogspot.com/2020/05/x.html"),
    ("https://www-example-org.cdn.ampproject.org/c/s/www.example.org/post/amp/", "https://example.org/post"),
    ("https://www.google.com/amp/s/www.example.org/post", "https://example.org/post"),
    ("https://user:secret@example.org/post", "https://example.org/post"),
    ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
    ("http://[::1]:8080/x", "https://[::1]:8080/x"),
]

STAYS = [
    "https://example.org/?p=123",
    "https://example.org/a?id=7&page=2",
    "https://example.org/?m=201907",
    "https://example.org/advisory?ref=SA-2026-11",
    "https://example.org/amp",
    "https://example.org/lamp/x",
    "https://example.org/a.html",
    "https://example.org/index.php/2019/07/post",
    "https://example.org/a?ref=v1.2.3",
    "https://example.org/a?ref=readme.md",
    "https://example.org/a?ref=main",
    "https://example.org/#/advisory/CVE-2026-1111",
    "https://example.org:8443/a",
    "https://m.blogspot.com/post",
    "https://www.co.uk/post",
    "https://blog.example.org/a",
    "https://example.org/A",
    "https://example.org/a%2Fb",
]


@pytest.mark.parametrize(("url", "key"), FOLDS)
def test_spellings_of_one_article_fold(url: str, key: str) -> None:
    """Each spelling gives the article's one key."""
    assert canonical_url(url) == key


@pytest.mark.parametrize("url", STAYS)
def test_what_tells_articles_apart_stays(url: str) -> None:
    """Parameters, hosts, cases and routes that may be identity are left alone."""
    assert canonical_url(url) == url


def test_what_is_no_web_address_is_left_alone() -> None:
    """A mail address, an empty string or nonsense comes back stripped, and nothing raises."""
    assert [canonical_url(url) for url in (" mailto:a@example.org ", "", "http://", "http://[x/")] == [
        "mailto:a@example.org",
        "",
        "http://",
        "http://[x/",
    ]


HOSTS = st.sampled_from(
    ["example.org", "www.example.org", "m.www.example.co.uk", "amp.m.example.org", "www.m", "127.0.0.1", "[::1]", "x"]
)
PIECES = st.sampled_from(
    [
        "amp",
        "a",
        "index.html",
        "..",
        ".",
        "",
        "x.amp",
        "b.amp.html",
        "%2e%2E",
        "%41",
        "%e4",
        "ä",
        "a b",
        "a;sid=1",
        "%",
        "%zz",
        "c:d",
    ]
)
PARAMETERS = st.sampled_from(
    ["a=1", "b", "=", "utm_x=1", "amp=1", "a=%20+", "%75tm_y=1", "p=123", "q=ä", "z=%", "", "m=1", "a==", "ref=rss"]
)


@st.composite
def urls(draw: st.DrawFn) -> str:
    path = "/".join(draw(st.lists(PIECES | st.text(max_size=6), max_size=5)))
    query = "&".join(draw(st.lists(PARAMETERS | st.text(max_size=6), max_size=4)))
    port = draw(st.sampled_from(["", ":80", ":443", ":8080"]))
    fragment = draw(st.sampled_from(["", "#x", "#/r%7e", "#!/ä"]))
    return f"{draw(st.sampled_from(['http', 'https', 'HTTP']))}://{draw(HOSTS)}{port}/{path}?{query}{fragment}"


@given(urls() | st.text())
def test_folding_twice_is_folding_once(url: str) -> None:
    """canonical_url and normal_guid are idempotent, whatever comes in."""
    assert canonical_url(canonical_url(url)) == canonical_url(url)
    assert normal_guid(normal_guid(url)) == normal_guid(url)


@pytest.mark.parametrize(
    "piece", ["amp/", "amp/index.html/", "x.amp.html/", "..amp/", "index.amp.html/amp/", "%2e%2e/"]
)
@pytest.mark.parametrize("times", [9, 30, 400])
def test_folding_twice_is_folding_once_however_often_something_stands_there(piece: str, times: int) -> None:
    """Nothing is taken off a part at a time, so that the next folding would take off more; nor does it take long."""
    url = f"https://example.org/{piece * times}"[:4096]
    begun = process_time()
    assert canonical_url(canonical_url(url)) == canonical_url(url)
    assert process_time() - begun < 0.1


def test_caches_around_caches() -> None:
    """A few are taken off; one inside many is left as it is, since taking them off never ends."""
    cache = "https://google.com/amp/s/"
    for times, folded in ((1, True), (4, True), (5, False), (150, False)):
        url = cache + "google.com/amp/s/" * (times - 1) + "example.org/post"
        assert (canonical_url(url) == "https://example.org/post") is folded
        assert canonical_url(canonical_url(url)) == canonical_url(url)


@given(urls())
def test_the_scheme_does_not_matter(url: str) -> None:
    """http and https give one key."""
    rest = url.partition(":")[2]
    assert canonical_url(f"http:{rest}") == canonical_url(f"https:{rest}")


@pytest.mark.parametrize(
    "guid",
    [
        "http://example.org/post/1/",
        "https://example.org/post/1",
        "https://www.example.org/post/1/",
        " https://example.org/post/1 ",
    ],
)
def test_f32_flips_of_a_guid_are_the_same_entry(guid: str) -> None:
    """Scheme, slash and www flips of a guid that is a URL give one key."""
    assert normal_guid(guid) == "https://example.org/post/1"


def test_guids_that_are_names_are_left_alone() -> None:
    """What is no URL is only stripped; fragments and WordPress's parameters tell entries apart."""
    assert normal_guid(" tag:example.org,2026:1/ ") == "tag:example.org,2026:1/"
    assert normal_guid("https://example.org/log#v1") != normal_guid("https://example.org/log#v2")
    assert normal_guid("https://example.org/?p=1") != normal_guid("https://example.org/?p=2")
    assert normal_guid("../../x") == "../../x"


def test_a_site_is_its_registrable_domain() -> None:
    """Sub-domains are one site; tenants of a shared suffix, and look-alikes, are not."""
    assert registrable("news.example.co.uk") == "example.co.uk"
    assert same_site("https://www.example.co.uk/a", "http://news.example.co.uk:8080/b")
    assert not same_site("https://a.github.io/", "https://b.github.io/")
    assert not same_site("https://example.co.uk/", "https://other.co.uk/")
    assert not same_site("https://notexample.org/", "https://example.org/")
    assert same_site("http://127.0.0.1:1/", "http://127.0.0.1:2/")
    assert not same_site("http://127.0.0.1/", "http://126.0.0.1/")
    assert not same_site("mailto:a", "mailto:a")
