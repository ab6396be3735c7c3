"""Selectors on a tree: the elements, the texts and the addresses that they find. What fails is noted, never raised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.html import HtmlElement

from aggregator.models.site_rules import Selector
from aggregator.scrape.dom import is_element, squeeze, text_of

MAX_FOUND = 1000
"""Results of one selector that are looked at."""

_ADDRESSES = ("href", "src", "content", "value")


class Selecting:
    """Evaluates selectors on one tree; `problems` are what went wrong, for a person."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree
        self.problems: list[str] = []

    def found(self, selector: Selector) -> list[object]:
        """Whatever the expression gives, as a list: elements, or texts."""
        try:
            if selector.when and not self._tree.xpath(f"boolean({selector.when})"):
                return []
            result = self._tree.xpath(selector.xpath)
        except (etree.XPathError, ValueError) as error:
            self.problems.append(f"{selector.place}: `{selector.xpath}` can not be evaluated: {error}")
            return []
        if isinstance(result, list):
            return list(result[:MAX_FOUND])
        return [result] if isinstance(result, str) and result.strip() else []

    def elements(self, selector: Selector) -> list[HtmlElement]:
        """The elements that are found, without those inside another of them."""
        nodes = [node for node in self.found(selector) if is_element(node)]
        chosen = set(nodes)
        return [node for node in nodes if not any(ancestor in chosen for ancestor in node.iterancestors())]

    def texts(self, selectors: Iterable[Selector]) -> list[str]:
        """The texts that the first selector finds that finds any: of `meta` the content, of others what they show."""
        for selector in selectors:
            texts = [text for result in self.found(selector) if (text := _text(result))]
            if texts:
                return texts
        return []

    def dates(self, selectors: Iterable[Selector]) -> Iterator[str]:
        """What all selectors find, what machines are told of it first."""
        for selector in selectors:
            for result in self.found(selector):
                if is_element(result) and (told := result.get("datetime") or result.get("content")):
                    yield told
                yield _text(result)

    def addresses(self, selectors: Iterable[Selector]) -> Iterator[tuple[str, str]]:
        """(address, words of the link) for what the selectors find; an element without an address may hold a link."""
        for selector in selectors:
            for result in self.found(selector):
                if not is_element(result):
                    yield str(result).strip(), ""
                    continue
                link = next((node for node in result.iter() if any(node.get(name) for name in _ADDRESSES)), None)
                if link is not None:
                    yield next(value for name in _ADDRESSES if (value := link.get(name))), text_of(link)


def _text(result: object) -> str:
    if is_element(result):
        return squeeze(result.get("content")) if result.tag == "meta" else text_of(result)
    return squeeze(str(result))
