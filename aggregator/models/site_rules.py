"""What is known of one site's pages: a rule, as values. Both formats that rules are written in become these.

A rule is made from a file by `aggregator.config` and applied by `aggregator.scrape`, in a worker; it goes there with
the page that it is for. Nothing here reads a file or a page.
"""

from __future__ import annotations

from dataclasses import dataclass

HARMLESS_HEADERS = frozenset({"user-agent", "referer", "accept", "accept-language"})
"""Request headers that a rule may set: how a page looks depends on them. A cookie or a key would be somebody's."""


@dataclass(frozen=True, slots=True)
class Selector:
    """An XPath 1.0 expression, and the `file:line:column` that it stands at. It counts only where `when` is true."""

    xpath: str
    place: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A page to test a rule with, and texts that the article there contains."""

    url: str
    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Where the parts of a site's articles are. Of several selectors the first that finds something counts.

    `strip` is taken out of the page before the body is read; all of it counts. `replace` are pairs of literal texts,
    replaced in the page's source. `file` is shown to people.
    """

    site: str
    file: str
    body: tuple[Selector, ...] = ()
    title: tuple[Selector, ...] = ()
    author: tuple[Selector, ...] = ()
    date: tuple[Selector, ...] = ()
    strip: tuple[Selector, ...] = ()
    next_page: tuple[Selector, ...] = ()
    single_page: tuple[Selector, ...] = ()
    next: tuple[Selector, ...] = ()
    previous: tuple[Selector, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    tests: tuple[Sample, ...] = ()
