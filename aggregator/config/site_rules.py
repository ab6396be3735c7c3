"""Rules for sites in our own format: a YAML file a site, named after its host, checked like feeds.yaml.

    krebsonsecurity.com.yaml    krebsonsecurity.com and www.krebsonsecurity.com
    .blogspot.com.yaml          every host below blogspot.com

A selector that begins with `/` or `(` is XPath 1.0, any other is CSS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cssselect import HTMLTranslator, SelectorError
from lxml import etree
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from aggregator.config.document import Path_, YamlDocument, explain, read
from aggregator.config.value_types import HttpUrl, Texts
from aggregator.models.errors import ConfigError
from aggregator.models.site_rules import HARMLESS_HEADERS, Rule, Sample, Selector

MAX_SELECTOR = 2000
"""Characters; the longest of 1,500 rules that people wrote for sites has half of them."""


def to_xpath(selector: str) -> str:
    """The XPath 1.0 expression that `selector` (CSS or XPath) means; ValueError says what is wrong with it."""
    if len(selector) > MAX_SELECTOR:
        raise ValueError(f"a selector of at most {MAX_SELECTOR} characters")
    try:
        if selector.startswith(("/", "(")):
            return checked(selector)
        return checked(str(HTMLTranslator().css_to_xpath(selector)))
    except SelectorError as error:
        raise ValueError(f"a CSS selector, or XPath that begins with / ({error})") from None


def checked(xpath: str) -> str:
    """`xpath`, which can be compiled; else ValueError. What only shows when it is evaluated is not found out here."""
    try:
        etree.XPath(xpath)
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"an XPath 1.0 expression ({error})") from None
    return xpath


def _harmless(headers: dict[str, str]) -> dict[str, str]:
    """The headers with lower-case names; ValueError names one that no rule may set, but not its value."""
    for name in headers:
        if name.lower() not in HARMLESS_HEADERS:
            raise ValueError(f"no other headers than {', '.join(sorted(HARMLESS_HEADERS))} (not `{name}`)")
    return {name.lower(): value for name, value in headers.items()}


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Selectors = Annotated[
    tuple[Annotated[str, AfterValidator(to_xpath)], ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,500}$")]


class TestPage(BaseModel):
    """A page to test the rule with."""

    __test__ = False
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl = Field(description="An article of the site.")
    contains: Texts = Field((), description="Texts that the article has, word for word.")


class SiteRule(BaseModel):
    """A rule for a site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: Selectors = Field((), description="The article's text: every element that the selector finds.")
    title: Selectors = Field((), description="Its title.")
    author: Selectors = Field((), description="Its authors, one an element.")
    date: Selectors = Field((), description="When it was published: `datetime` or `content`, else what is shown.")
    strip: Selectors = Field((), description="Elements to remove before the body is extracted.")
    next_page: Selectors = Field((), description="The link to the next page of the same article.")
    single_page: Selectors = Field((), description="The link to a page with all of it.")
    next: Selectors = Field((), description="The link to the next, newer post.")
    previous: Selectors = Field((), description="The link to the previous, older post.")
    replace: dict[Annotated[str, Field(min_length=1)], str] = Field(
        {}, description="Texts in the page's source and their replacements; literal, in this order."
    )
    headers: Annotated[dict[str, HeaderValue], AfterValidator(_harmless)] = Field(
        {}, description="Sent with requests to this host: user-agent, referer, accept, accept-language."
    )
    tests: tuple[TestPage, ...] = Field((), description="Pages that `aggregator rules test` reads.")


def read_rule(path: Path) -> Rule:
    """The rule in `path`. Raises ConfigError with every mistake, each with file, line and column."""
    document = read(path, {}, "a mapping with the key `body`")
    rule = None
    if isinstance(document.values, dict):
        try:
            rule = SiteRule.model_validate({key: value for key, value in document.values.items() if value is not None})
        except ValidationError as error:
            explain(document, error, _valid_keys)
    if document.mistakes or rule is None:
        raise ConfigError(document.lines())
    return _as_values(document, rule, path)


def _valid_keys(path: Path_) -> tuple[str, ...]:
    return tuple((TestPage if path[:1] == ("tests",) else SiteRule).model_fields)


def _as_values(document: YamlDocument, rule: SiteRule, path: Path) -> Rule:
    fields: dict[str, Any] = {}
    for key, info in SiteRule.model_fields.items():
        if info.annotation == SiteRule.model_fields["body"].annotation and key != "tests":
            places = (document.places.get((key, n)) or document.places.get((key,), (1, 1)) for n in range(10_000))
            fields[key] = tuple(
                Selector(xpath, f"{path}:{line}:{column}")
                for xpath, (line, column) in zip(getattr(rule, key), places, strict=False)
            )
    return Rule(
        site=path.stem,
        file=str(path),
        replace=tuple(rule.replace.items()),
        headers=tuple(rule.headers.items()),
        tests=tuple(Sample(page.url, page.contains) for page in rule.tests),
        **fields,
    )
