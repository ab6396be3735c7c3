"""The one door for URLs: what comes out may be stored, linked and shown."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.urls import (
    at_home,
    hide,
    hide_in_urls,
    host_of,
    http_url,
    keep_secret,
    keep_secrets_of,
    public_url,
    redact,
    same_site,
)


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [
        ("https://A.Example/x", None, "https://a.example/x"),
        ("HTTP://a.example", None, "http://a.example/"),
        ("/x?y=1#z", "https://a.example/b/c", "https://a.example/x?y=1#z"),
        ("//b.example/x", "https://a.example/", "https://b.example/x"),
        ("https://a.example:443/", None, "https://a.example/"),
        ("https://a.example:8443/", None, "https://a.example:8443/"),
        ("https://a.example/é ü", None, "https://a.example/%C3%A9%20%C3%BC"),
        ("https://a.example/%C3%A9", None, "https://a.example/%C3%A9"),
        ("https://bücher.example/", None, "https://xn--bcher-kva.example/"),
        ("  https://a.example/\n", None, "https://a.example/"),
        ("https://a.exam\tple/x\ny", None, "https://a.example/xy"),
        ("http://[2001:DB8::1]/", None, "http://[2001:db8::1]/"),
    ],
)
def test_a_url_comes_out_absolute_ascii_and_normal(value: str, base: str | None, expected: str) -> None:
    """Case, ports, escapes, white space and hosts have one form each."""
    assert http_url(value, base) == expected


@pytest.mark.parametrize(
    "value",
    [
        None, "", "x", "ftp://a.example/", "javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd",
        "javascript://a.example/%0aalert(1)", "http://", "http:///x", "http://a b/", "http://a.example:99999/", "http://[::1", "http://<x>/",
        "https://a.example/" + "x" * 5000,
    ],
)  # fmt: skip
def test_a26_what_is_no_http_url_is_none(value: str | None) -> None:
    """Other schemes, hidden or not, hosts that are none, and endless URLs end at the door."""
    assert http_url(value, "https://base.example/" if value == "http://" else None) is None


@pytest.mark.parametrize("value", ["http://evil.example\\@127.0.0.1/", "http://evil.example\\\\@127.0.0.1:80/x"])
def test_a06_a_backslash_can_not_hide_the_host(value: str) -> None:
    """Browsers read a backslash as a slash; so do we, before anything is decided on the host."""
    url = http_url(value)
    assert url is not None
    assert urlsplit(url).hostname == host_of(url) == "evil.example"


@given(st.text(max_size=80), st.sampled_from([None, "https://a.example/b/c?d"]))
def test_whatever_comes_in_the_result_is_stable_and_plain(value: str, base: str | None) -> None:
    """Never an exception; what comes out comes out again unchanged, and holds no blank, quote, bracket or control."""
    url = http_url(value, base)
    if url is not None:
        assert http_url(url) == url
        assert url.isascii()
        assert not set(url) & set(' "<>\\^`{|}\r\n\t\0')


@pytest.mark.parametrize(
    ("value", "base"),
    [
        ("https://user:pw@a.example/x", None),
        ("//us%65r:p%77@a.example/x", "https://b.example/"),
        ("x", "https://user:pw@a.example/"),
        ("https:\\\\user:pw@a.example\\x", None),
        ("https://a@b@a.example/x", None),
    ],
)
def test_a37_userinfo_ends_at_the_door(value: str, base: str | None) -> None:
    """User and password are in no URL that is stored or linked, unless the operator gave it to be fetched."""
    assert http_url(value, base) == "https://a.example/x"
    kept = http_url(value, base, userinfo=True)
    assert kept is not None
    assert kept.endswith("@a.example/x")


def test_a37_what_is_secret_in_a_configured_url_is_hidden_in_every_other_url() -> None:
    """Words of a text stay as they are; inside its URLs, what a configured URL keeps secret is taken out."""
    keep_secrets_of(
        "https://user:c0rrect%20h0rse@a.example/feed?page=2&api_key=qw3rtyu1op45&short_key=abc#token=as-d4fgh5jkl6"
    )
    html = "<a href='https://b.example/?x=qw3rtyu1op45&y=as-d4fgh5jkl6'>abc qw3rtyu1op45</a> https://b.example/c0rrect%20h0rse page=2"
    assert hide_in_urls(html) == (
        "<a href='https://b.example/?x=REDACTED&y=REDACTED'>abc qw3rtyu1op45</a> https://b.example/REDACTED page=2"
    )


@pytest.mark.parametrize(
    ("configured", "link"),
    [
        ("https://a.example/feed?topic_key=security-news", "https://b.example/security-news/CVE-2026-1"),
        ("https://a.example/feed?hash=ransomware2026", "https://b.example/tag/ransomware2026"),
        ("https://a.example/feed?token=log4j-vulnerability", "https://b.example/log4j-vulnerability/"),
        ("https://a.example/feed?sid=2026-11-30", "https://b.example/2026-11-30/"),
        ("https://a.example/feed?session=DarkReadingNews", "https://b.example/DarkReadingNews"),
        ("https://a.example/feed?key=a1b2c3d4", "https://b.example/a1b2c3d4"),
        ("https://user:security@a.example/feed", "https://b.example/security/"),
    ],
)
def test_h04_k26_words_in_a_configured_url_are_taken_out_of_nobodys_links(configured: str, link: str) -> None:
    """A parameter that is called like a key and holds a word is none; a short value stands in too many addresses."""
    keep_secrets_of(configured)
    assert public_url(link) == link
    assert hide_in_urls(f"<a href='{link}'>it</a>") == f"<a href='{link}'>it</a>"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://a.example/p?x=1&token=sunshine", "https://a.example/p?x=1&token=REDACTED"),
        ("https://a.example/p?token=sunshine&amp;x=1#top", "https://a.example/p?token=REDACTED&amp;x=1#top"),
        ("https://a.example/p?token=sunshine2", "https://a.example/p?token=sunshine2"),
        ("https://a.example/p?word=sunshine", "https://a.example/p?word=sunshine"),
        ("https://a.example/sunshine-policy", "https://a.example/sunshine-policy"),
        ("https://b.example/p?token=sunshine", "https://b.example/p?token=sunshine"),
        ("https://a.example/private/sunshine/p", "https://a.example/private/REDACTED/p"),
        ("https://c.example/sunshine/feed", "https://c.example/sunshine/feed"),
        ("https://ann:sunshine@a.example/p", "https://a.example/p"),
    ],
)
def test_h04_k26_a_secret_that_is_a_word_is_one_where_it_was_configured(link: str, expected: str) -> None:
    """On its host, as its parameter, whole; as a password before any host. Else it is the word that others wrote."""
    keep_secret("sunshine")
    keep_secrets_of("https://ann:sunshine@a.example/feed?token=sunshine", interpolated=True)
    keep_secrets_of("https://a.example/private/sunshine/feed", interpolated=True)
    keep_secrets_of("https://c.example/sunshine/feed")
    assert public_url(link) == expected
    assert "token=" in link or redact(link) == expected
    assert hide_in_urls(f"sunshine <a href='{link}'>it</a>") == f"sunshine <a href='{expected}'>it</a>"


@pytest.mark.parametrize(
    "value",
    [
        "9f86d081884c7d65",
        "550e8400-e29b-41d4-a716-446655440000",
        "AKIAIOSFODNN7EXAMPLE",
        "xkqjzwvbnmpr",
        "202611300123",
    ],
)
def test_a37_a_key_in_a_configured_url_is_in_no_link(value: str) -> None:
    """Whatever the link is, and wherever in it the value stands."""
    keep_secrets_of(f"https://a.example/feed?key={value}")
    assert public_url(f"https://b.example/x/{value}?u={value}") == "https://b.example/x/REDACTED?u=REDACTED"


@pytest.mark.parametrize(
    "query", ["sid=26/11/30/0123456", "catalogue_key=CVE-2026-1234", "hash=9f86d081884c7d60", "token=abc", "auth=x"]
)
def test_h16_k26_the_parameters_of_a_strangers_link_stay(query: str) -> None:
    """Forums, Slashcode and catalogues name their posts so; only user and password go."""
    assert (
        public_url(f"https://u:p@a.example/view?{query}&amp;z=1#{query}")
        == f"https://a.example/view?{query}&amp;z=1#{query}"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pw@a.example/x", "https://a.example/x"),
        ("https://a.example/?token=abc&page=2", "https://a.example/?token=REDACTED&page=2"),
        ("https://a.example/?API_KEY=abc", "https://a.example/?API_KEY=REDACTED"),
        ("https://a.example/?p=123", "https://a.example/?p=123"),
        ("https://a.example/x\r\nInjected: 1", "https://a.example/xInjected: 1"),
        ("http://[bad", "(unreadable URL)"),
        ("https://a.example/x;token=q#access_token=z", "https://a.example/x;token=REDACTED#access_token=REDACTED"),
        (
            "https://a.example/?accessToken=1&user_hash=2&monkey=3&hmac=4",
            "https://a.example/?accessToken=REDACTED&user_hash=REDACTED&monkey=3&hmac=REDACTED",
        ),
        (
            "https://a.example/?url=http%3A%2F%2Fb%2F%3Ftoken%3Dx",
            "https://a.example/?url=http%3A%2F%2Fb%2F%3Ftoken%3DREDACTED",
        ),
    ],
)
def test_a37_a_redacted_url_holds_no_secret(url: str, expected: str) -> None:
    """User, password and the values of key-like parameters are gone; the rest can be recognised."""
    assert redact(url) == expected


def test_a37_a_value_from_the_environment_is_hidden_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a path too, plain or percent-encoded; short values are no secrets."""
    monkeypatch.setattr("aggregator.text.urls._secrets", set())
    keep_secret("s3cr/t-1")
    keep_secret("abc")
    assert redact("https://a.example/private/s3cr/t-1/feed") == "https://a.example/private/REDACTED/feed"
    assert redact("https://a.example/private/s3cr%2Ft-1/feed") == "https://a.example/private/REDACTED/feed"
    assert hide("refused: s3cr/t-1") == "refused: REDACTED"
    assert hide("abc") == "abc"


def test_urls_nested_without_end_are_redacted_all_the_same() -> None:
    """A hostile address costs no more than a harmless one."""
    url = "https://a.example/?u=" * 2000 + "https://a.example/?token=x"
    assert "token=x" not in redact(url)


def test_a37_urls_inside_urls_are_looked_into_and_not_for_ever() -> None:
    """Nesting costs no stack: below a few levels a value is hidden as a whole."""
    assert redact("https://a.example/?u=https%3A%2F%2Fb.example%2F%3Ftoken%3Dabc") == (
        "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Ftoken%3DREDACTED"
    )
    deep = redact("https://a.example/" + "?a=" * 2000 + "https://b.example/?token=abc")
    assert "abc" not in deep
    assert deep.endswith("REDACTED")


@pytest.mark.parametrize(
    ("one", "other", "one_site"),
    [
        ("https://telegra.ph/A-12-01", "https://telegra.ph/B-12-01", False),
        ("https://telegra.ph/A-12-01", "https://telegra.ph/A-12-01?page=2", True),
        ("https://www.linkedin.com/pulse/a", "https://www.linkedin.com/pulse/b", False),
        ("https://alice.blogspot.co.uk/1", "https://bob.blogspot.co.uk/1", False),
        ("https://alice.blogspot.co.uk/1", "https://alice.blogspot.co.uk/2", True),
        ("https://h.example/en/~alice/1", "https://h.example/en/~bob/1", False),
        ("https://h.example/authors/alice/1", "https://h.example/authors/bob/1", False),
        ("https://h.example/people/jane-wins", "https://h.example/?p=1", True),
        ("https://h.example/.rss", "https://h.example/@/x", True),
    ],
)
def test_h03_two_authors_of_one_host_are_two_sites(one: str, other: str, one_site: bool) -> None:
    """By marks and folders in the path; on a service whose address shows no author, each page stands for itself."""
    assert (same_site(one, other), same_site(other, one)) == (one_site, one_site)


@pytest.mark.parametrize(
    ("feed", "post", "home"),
    [
        ("https://www.reddit.com/r/netsec/.rss", "https://www.reddit.com/r/netsec/comments/1/x", True),
        ("https://medium.com/feed/@alice", "https://medium.com/@alice/x", True),
        ("https://alice.substack.com/feed", "https://substack.com/home/post/p-1", False),
        ("https://h.example/people/feed", "https://h.example/people/jane", True),
        ("https://h.example/.rss", "https://h.example/users/jane/x", True),
    ],
)
def test_h02_a_feed_is_at_home_with_its_author(feed: str, post: str, home: bool) -> None:
    """A host's own feed is at home everywhere on it, save on a service with strangers for authors."""
    assert at_home(feed, post) == home
