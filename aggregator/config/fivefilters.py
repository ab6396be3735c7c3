"""Rules for sites in the site-config format of FiveFilters' Full-Text RSS, of which thousands are in the public domain.

A line is `directive: value` or `directive(argument): value`; `#` begins a comment. Files are named after the host:
`example.com.txt` is for example.com and www.example.com, `.example.com.txt` for every other host below it. What
`global.txt` strips and replaces counts for each site that has a file; what it finds does not, as our engines find it
better. A line that cannot be used is named and left out; the rest of the file counts.

Not obeyed: cookies and other secrets in `http_header`, logins, `autodetect_on_failure: no` (there is always a text),
`tidy`, `prune` and `parser` (what comes out is cleaned in any case).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from aggregator.config.site_rules import MAX_SELECTOR, checked
from aggregator.models.site_rules import HARMLESS_HEADERS, Rule, Sample, Selector
from aggregator.text.urls import http_url

MAX_FILE = 200_000
"""Bytes; the longest of 1,500 files has a tenth of it."""

_LINE = re.compile(r"([A-Za-z_]+)[ \t]*(?:\((.*?)\))?[ \t]*:[ \t]*(.*)")
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,500}")

_SELECTORS = {
    "body": "body",
    "title": "title",
    "author": "author",
    "date": "date",
    "strip": "strip",
    "strip_attr": "strip",
    "next_page_link": "next_page",
    "single_page_link": "single_page",
}
"""Directives whose value is XPath, and what they are in a Rule."""

_IGNORED = frozenset(
    [
        "tidy",
        "prune",
        "parser",
        "autodetect_on_failure",
        "skip_json_ld",
        "insert_detected_image",
        "native_ad_clue",
        "requires_login",
        "not_logged_in_xpath",
        "login_uri",
        "login_username_field",
        "login_password_field",
        "login_extra_fields",
        "login",
        "convert_double_br_tags",
        "strip_comments",
        "src_lazy_load_attr",
        "wrap_in",
        "dissolve",
        "move_into",
        "footnotes",
        "post_strip_attr",
        "single_page_link_in_feed",
        "skip_id_or_class",
        "prefer_json_ld",
        "fingerprint",
        "user_agent_override",
        "max_pages",
    ]
)
"""Directives that are known and have no effect here."""


@dataclass
class _Reading:
    """A file as far as it was read."""

    name: str
    selectors: dict[str, list[Selector]] = field(default_factory=dict)
    replace: list[tuple[str, str]] = field(default_factory=list)
    find: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    tests: list[Sample] = field(default_factory=list)
    test_is_bad: bool = False
    last: str = ""
    problems: list[str] = field(default_factory=list)


def read_site_config(path: Path, everywhere: Rule | None = None) -> tuple[Rule, tuple[str, ...]]:
    """The rule in `path`, and its mistakes as `file:line: what is wrong`. `everywhere` is the rule of global.txt.

    Raises OSError.
    """
    with path.open("rb") as file:
        text = file.read(MAX_FILE).decode("utf-8-sig", "replace")
    state = _Reading(str(path))
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            _read_line(state, stripped, f"{path}:{number}")
    if state.find is not None:
        state.problems.append(f"{path}: find_string: the last one has no replace_string")
    rule = Rule(
        site=path.stem,
        file=str(path),
        replace=tuple(state.replace),
        headers=tuple(state.headers.items()),
        tests=tuple(state.tests),
        **{key: tuple(selectors) for key, selectors in state.selectors.items()},
    )
    if everywhere is not None:
        rule = replace(rule, strip=rule.strip + everywhere.strip, replace=rule.replace + everywhere.replace)
    return rule, tuple(state.problems)


def _read_line(state: _Reading, line: str, place: str) -> None:
    match = _LINE.fullmatch(line)
    if match is None:
        state.problems.append(f"{place}: found `{line[:80]}`; expected `directive: value`")
        return
    name, argument, value = match[1].lower(), match[2], match[3].strip()
    if not value and not name.startswith("replace_string"):
        state.problems.append(f"{place}: {name}: has no value")
        return
    try:
        _take(state, name, argument, value, place)
    except ValueError as error:
        state.problems.append(f"{place}: {name}: found `{(argument or value)[:80]}`; expected {error}")
    state.last = name


def _take(state: _Reading, name: str, argument: str | None, value: str, place: str) -> None:
    if name in _SELECTORS:
        _select(state, _SELECTORS[name], _short(value), place)
    elif name in _TAKEN:
        _TAKEN[name](state, value, place)
    elif name == "replace_string":
        _replaced(state, argument, value)
    elif name == "http_header" and argument is not None:
        if argument.lower() in HARMLESS_HEADERS and _PRINTABLE.fullmatch(value):
            state.headers[argument.lower()] = value
    elif name not in _IGNORED:
        raise ValueError("a known directive")


def _select(state: _Reading, key: str, xpath: str, place: str) -> None:
    state.selectors.setdefault(key, []).append(Selector(checked(xpath), place))


def _strip_named(state: _Reading, value: str, place: str) -> None:
    name = literal(_short(value).strip("\"'"))
    _select(state, "strip", f"//*[contains(@id, {name}) or contains(@class, {name})]", place)


def _strip_image(state: _Reading, value: str, place: str) -> None:
    _select(state, "strip", f"//img[contains(@src, {literal(_short(value))})]", place)


def _only_if(state: _Reading, value: str, _place: str) -> None:
    """`if_page_contains` is about the directive before it."""
    selectors = state.selectors.get(_SELECTORS.get(state.last, ""))
    if not selectors:
        raise ValueError("a directive with XPath before it")
    selectors[-1] = replace(selectors[-1], when=checked(_short(value)))


def _find(state: _Reading, value: str, _place: str) -> None:
    if state.find is not None:
        state.find = value
        raise ValueError("a replace_string before the next find_string")
    state.find = value


def _replaced(state: _Reading, argument: str | None, value: str) -> None:
    find = argument if argument is not None else state.find
    if argument is None:
        state.find = None
    if not find:
        raise ValueError("a find_string before it, or the text to be found in parentheses")
    state.replace.append((find, value))


def _test(state: _Reading, value: str, _place: str) -> None:
    url = http_url(value)
    state.test_is_bad = url is None
    if url is None:
        raise ValueError("an http:// or https:// URL")
    state.tests.append(Sample(url))


def _test_text(state: _Reading, value: str, _place: str) -> None:
    if state.test_is_bad:
        return  # of a page that was named already as none
    if not state.tests:
        raise ValueError("a test_url before it")
    last = state.tests[-1]
    state.tests[-1] = Sample(last.url, (*last.contains, value))


_TAKEN: dict[str, Callable[[_Reading, str, str], None]] = {
    "strip_id_or_class": _strip_named,
    "strip_image_src": _strip_image,
    "if_page_contains": _only_if,
    "find_string": _find,
    "test_url": _test,
    "test_contains": _test_text,
}


def _short(value: str) -> str:
    if len(value) > MAX_SELECTOR:
        raise ValueError(f"at most {MAX_SELECTOR} characters")
    return value


def literal(text: str) -> str:
    """`text` as a string of XPath 1.0, which has no way to write a quotation mark of its own kind."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    parts = ', "\'", '.join(f"'{part}'" for part in text.split("'"))
    return f"concat({parts})"
