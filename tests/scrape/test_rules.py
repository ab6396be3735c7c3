"""What a site's rule does to a page, and what it cannot do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aggregator.models import Article, Neighbour
from aggregator.models.site_rules import Rule, Selector
from aggregator.scrape import Hint, read_article

URL = "https://example.com/2026/03/the-loader/"
TEXT = " ".join(
    f"Sentence number {n} of the article tells what the loader does next on the machine." for n in range(30)
)
AD = "Buy our scanner now and save half of the price on every licence that you order today, dear reader."
PAGE = f"""<!doctype html><html><head><title>The loader - Example</title></head><body><h1>The loader</h1>
<p class=who>by <b>Ann Other</b></p><time datetime=2026-03-09T08:00:00Z>Monday</time>
<div id=text><h1>The loader</h1><p>{TEXT}</p><div class=ad-box>{AD}</div><p>The <amp-img src=/a.png></amp-img> end.</p>
<nav class=pager><a href=/next-one/>Newer: the dropper</a></nav></div>
<div class=more><a class=go href=/2026/03/the-loader/p2>Go on</a></div><div id=story><p>{AD} {AD}</p></div></body></html>"""


def selectors(*xpaths: str) -> tuple[Selector, ...]:
    return tuple(Selector(xpath, f"example.com.yaml:{line}:1") for line, xpath in enumerate(xpaths, 1))


def read(page: str = PAGE, **rule: Any) -> Article:
    made = Rule("example.com", "example.com.yaml", **rule)
    return read_article(page.encode(), URL, "text/html", Hint(rule=made))


def test_a_rule_says_what_the_article_is() -> None:
    """Its body without what is stripped and without its title; author, date and pages where it says."""
    found = read(
        body=selectors("//div[@id='text']"),
        title=selectors("//body/h1"),
        author=selectors("//p[@class='who']/b"),
        date=selectors("//time"),
        strip=selectors("//*[contains(@class, 'ad-box')]", "//img/@src"),
        next_page=selectors("//a[@class='go']"),
        single_page=selectors("concat('/print', '/the-loader')"),
        next=selectors("//nav/a/@href"),
        replace=(("<amp-img", "<img"), ("</amp-img>", "")),
    )
    assert found.extractor == "rule:example.com"
    assert (found.rule, found.rule_problem) == ("example.com.yaml", None)
    assert TEXT in found.text
    assert AD[:20] not in found.text
    assert "<h1" not in found.html
    assert (found.title, found.author) == ("The loader", "Ann Other")
    assert found.published == datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert found.next_page_url == "https://example.com/2026/03/the-loader/p2"
    assert found.single_page_url == "https://example.com/print/the-loader"
    assert found.next is not None
    assert found.next.url == "https://example.com/next-one/"
    assert found.word_count == len(found.text.split())


def test_the_first_selector_that_finds_something_counts() -> None:
    """A rule may list what a site had before."""
    found = read(body=selectors("//div[@id='gone']", "//div[@id='text']", "//div[@id='story']"))
    assert found.extractor == "rule:example.com"
    assert TEXT in found.text


def test_several_elements_are_one_body() -> None:
    """In the order of the page; an element inside another is not told twice."""
    page = "<html><body><article>" + "".join(f"<p>{TEXT} {n}</p>" for n in range(3)) + "</article></body></html>"
    found = read(page, body=selectors("//p | //p/text()/.."))
    assert found.text == "\n\n".join(f"{TEXT} {n}" for n in range(3))
    assert found.html.count("<p>") == 3


def test_where_the_body_finds_nothing_the_engines_are_asked() -> None:
    """What was stripped stays away from them, and the line is named."""
    found = read(body=selectors("//div[@id='gone']"), strip=selectors("//*[@class='ad-box']", "//div[@id='story']"))
    assert found.extractor != "rule:example.com"
    assert TEXT in found.text
    assert AD[:20] not in found.text
    assert found.rule_problem == "example.com.yaml:1:1: body: finds nothing in this page"


def test_a_rule_that_finds_far_less_than_the_engines_is_outdated() -> None:
    """The site has been redesigned around it."""
    found = read(body=selectors("//p[@class='who']"))
    assert found.extractor != "rule:example.com"
    assert TEXT in found.text
    assert "example.com.yaml:1:1: body: found 3 words, where the engines found" in (found.rule_problem or "")


def test_a_selector_that_can_not_be_evaluated_is_named_and_passed_over() -> None:
    """A function that XPath 1.0 does not have."""
    found = read(body=selectors("//div[matches(@id, 't.*t')]", "//div[@id='text']"), title=selectors("//x:y"))
    assert found.extractor == "rule:example.com"
    assert found.title == "The loader"
    assert "example.com.yaml:1:1: `//div[matches(@id, 't.*t')]` cannot be evaluated" in (found.rule_problem or "")


def test_a_selector_may_depend_on_the_page() -> None:
    """`if_page_contains`."""
    only = replace(selectors("//div[@id='story']")[0], when="//div[@id='gone']")
    found = read(body=(only, *selectors("//div[@id='text']")))
    assert TEXT in found.text


def test_what_a_rule_keeps_is_clean_all_the_same() -> None:
    """A rule that takes the whole page brings no script and no handler with it."""
    page = PAGE.replace("<p>", "<p onclick=alert(1)><script>alert(1)</script><a href=javascript:alert(1)>x</a>")
    found = read(page, body=selectors("//body"))
    assert found.extractor == "rule:example.com"
    assert "alert" not in found.html


def test_the_page_itself_can_not_be_stripped_nor_grow_without_end() -> None:
    """Neither by taking out its root, nor by replacing a letter by a book."""
    found = read(strip=selectors("/*", "//body"), replace=(("e", "e" * 1_000_000),))
    assert TEXT in found.text


def test_the_neighbour_that_a_rule_names_keeps_its_title_and_teaser() -> None:
    """The page's own words for the same post are fuller than a bare address."""
    page = PAGE.replace("<head>", "<head><link rel=next href=/next-one/ title='The dropper'>")
    found = read(page, body=selectors("//div[@id='text']"), next=selectors("//nav/a"))
    assert found.next is not None
    assert found.next.url == "https://example.com/next-one/"
    assert found.next.title
    other = read(PAGE, body=selectors("//div[@id='text']"), previous=selectors("//div[@class='more']"))
    assert other.previous == Neighbour("https://example.com/2026/03/the-loader/p2", "Go on")


def test_without_a_rule_nothing_is_told_of_one() -> None:
    """The usual page."""
    found = read_article(PAGE.encode(), URL, "text/html")
    assert (found.rule, found.rule_problem) == (None, None)
