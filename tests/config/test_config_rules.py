"""Rules for sites: both formats, every mistake with its place, and which file a page's rule is in."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from aggregator.config import load
from aggregator.config.fivefilters import literal, read_site_config
from aggregator.config.rulebook import Rulebook, shipped
from aggregator.config.site_rules import read_rule
from aggregator.models.errors import ConfigError
from aggregator.models.site_rules import Rule, Sample, Selector


def a_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_rule_in_our_own_format(tmp_path: Path) -> None:
    """CSS becomes XPath, XPath stays, one or many; each selector knows its place."""
    path = a_file(
        tmp_path,
        "example.com.yaml",
        "body: article\ntitle: //h1\nstrip:\n  - .box\n  - (//p)[1]\nreplace: {'<amp-img': '<img'}\n"
        "headers: {Accept-Language: en}\ntests: [{url: 'https://example.com/a', contains: one}]\n",
    )
    rule = read_rule(path)
    assert rule == Rule(
        site="example.com",
        file=str(path),
        body=(Selector("descendant-or-self::article", f"{path}:1:7"),),
        title=(Selector("//h1", f"{path}:2:8"),),
        strip=(
            Selector(
                "descendant-or-self::*[@class and contains(concat(' ', normalize-space(@class), ' '), ' box ')]",
                f"{path}:4:5",
            ),
            Selector("(//p)[1]", f"{path}:5:5"),
        ),
        replace=(("<amp-img", "<img"),),
        headers=(("accept-language", "en"),),
        tests=(Sample("https://example.com/a", ("one",)),),
    )


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("body: 'div['\n", "1:7", "body: found `div[`; expected a CSS selector, or XPath that begins with /"),
        ("body:\n  - //div\n  - //p[\n", "3:5", "body[1]: found `//p[`; expected an XPath 1.0 expression"),
        ("bdoy: p\n", "1:1", "unknown key `bdoy`; did you mean `body`?"),
        (
            "headers: {cookie: x=1}\n",
            "1:10",
            "expected no other headers than accept, accept-language, referer, user-agent (not `cookie`)",
        ),
        ("tests:\n  - {url: example.com}\n", "2:11", "expected an http:// or https:// URL"),
        ("tests:\n  - {uri: 'https://example.com'}\n", "2:6", "unknown key `uri`; did you mean `url`?"),
        ("body: !!python/object:os.system p\n", "1:7", "found the tag"),
        ("", "1:1", "the file is empty; expected a mapping with the key `body`"),
        ("- p\n", "1:1", "found a list; expected a mapping with the key `body`"),
        ("body: [p\n", "2:1", "is not YAML"),
    ],
)
def test_mistakes_are_named_with_line_and_column(tmp_path: Path, text: str, place: str, told: str) -> None:
    """As in feeds.yaml."""
    path = a_file(tmp_path, "example.com.yaml", text)
    with pytest.raises(ConfigError) as caught:
        read_rule(path)
    assert f"{path}:{place}: " in str(caught.value)
    assert told in str(caught.value)


SITE_CONFIG = """\
# a comment
title: //h1
body: //div[@id='text']
body: //article
author: substring-after(//p[@class='by'], 'by ')
date: //time/@datetime
strip: //aside
strip_attr: //img/@srcset
strip_id_or_class: 'advert'
strip_image_src: doubleclick.net
single_page_link: concat(//a[@class='all']/@href, '?all')
if_page_contains: //a[@class='all']
next_page_link: //a[@rel='next']
find_string: <amp-img
replace_string: <img
replace_string(<h5>): <h2>
replace_string(<wbr>):
http_header(User-Agent): Mozilla/5.0
http_header(Cookie): consent=yes
tidy: no
prune: no
autodetect_on_failure: no
test_url: https://example.com/one
test_contains: the first of them
test_contains: and more
test_url: https://example.com/two
"""


def test_a_site_config_file(tmp_path: Path) -> None:
    """Every directive that has a meaning here; comments, cookies and switches have none."""
    path = a_file(tmp_path, "example.com.txt", SITE_CONFIG)
    rule, problems = read_site_config(path)
    assert problems == ()
    assert [selector.xpath for selector in rule.body] == ["//div[@id='text']", "//article"]
    assert rule.body[1].place == f"{path}:4"
    assert [selector.xpath for selector in rule.strip] == [
        "//aside",
        "//img/@srcset",
        "//*[contains(@id, 'advert') or contains(@class, 'advert')]",
        "//img[contains(@src, 'doubleclick.net')]",
    ]
    assert rule.single_page[0].when == "//a[@class='all']"
    assert rule.next_page[0].when == ""
    assert rule.replace == (("<amp-img", "<img"), ("<h5>", "<h2>"), ("<wbr>", ""))
    assert rule.headers == (("user-agent", "Mozilla/5.0"),)
    assert rule.tests == (
        Sample("https://example.com/one", ("the first of them", "and more")),
        Sample("https://example.com/two"),
    )


def test_a_line_with_a_mistake_is_named_and_left_out(tmp_path: Path) -> None:
    """The rest of the file counts."""
    lines = [
        "body: //div[", "body: //article", "just words", "titel: //h1", "title:", "replace_string: x",
        "test_contains: x", "if_page_contains: //p", "test_url: sec://example.com/", "find_string: left over",
    ]  # fmt: skip
    rule, problems = read_site_config(a_file(tmp_path, "example.com.txt", "\n".join(lines)))
    assert [selector.xpath for selector in rule.body] == ["//article"]
    path = tmp_path / "example.com.txt"
    assert [problem.removeprefix(f"{path}:")[:22] for problem in problems] == [
        "1: body: found `//div[",
        "3: found `just words`;",
        "4: titel: found `//h1`",
        "5: title: has no value",
        "6: replace_string: fou",
        "7: test_contains: foun",
        "8: if_page_contains: f",
        "9: test_url: found `se",
        " find_string: the last",
    ]


def test_a_text_of_a_page_that_is_none_is_not_another_page_s(tmp_path: Path) -> None:
    """It belongs to the `test_url` before it, which was left out."""
    lines = ["test_url: https://example.com/a", "test_url: sec://example.com/b", "test_contains: of b"]
    rule, problems = read_site_config(a_file(tmp_path, "example.com.txt", "\n".join(lines)))
    assert rule.tests == (Sample("https://example.com/a"),)
    assert len(problems) == 1


@pytest.mark.parametrize("text", ["plain", "it's", 'the "first"', "both ' and \""])
def test_a_name_to_strip_may_hold_quotation_marks(text: str) -> None:
    """XPath 1.0 has no way to escape them."""
    assert etree.XPath(literal(text))(etree.Element("x")) == text


def test_the_rule_of_a_page_is_found_by_its_host(tmp_path: Path) -> None:
    """The name itself before its parents; a leading dot for what is below; our format before the other."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder, names in (
        (ours, ("example.com.yaml", "both.org.yaml")),
        (theirs, (".example.com.txt", "news.example.com.txt", "both.org.txt", "LICENSE.txt", ".co.uk.txt")),
    ):
        folder.mkdir()
        for name in names:
            a_file(folder, name, "body: //p\n")
    book = Rulebook([ours, theirs])
    found = {
        host: (rule.site if (rule := book.find(f"https://{host}/a")) else None)
        for host in (
            "example.com", "www.example.com", "news.example.com", "shop.example.com", "a.b.example.com", "both.org",
            "other.org", "license",
        )
    }  # fmt: skip
    assert found == {
        "example.com": "example.com",
        "www.example.com": "example.com",
        "news.example.com": "news.example.com",
        "shop.example.com": ".example.com",
        "a.b.example.com": ".example.com",
        "both.org": "both.org",
        "other.org": None,
        "license": None,
    }
    both = book.find("https://both.org/")
    assert both is not None
    assert both.file.endswith(".yaml")
    assert book.problems == []


def test_global_rules_strip_and_replace_for_sites_that_have_a_file(tmp_path: Path) -> None:
    """They find no title and no body, and alone they are no rule."""
    a_file(tmp_path, "global.txt", "title: //title\nstrip: //nav\nreplace_string(<a>): <b>\n")
    a_file(tmp_path, "example.com.txt", "body: //p\nstrip: //aside\n")
    book = Rulebook([tmp_path])
    rule = book.find("https://example.com/")
    assert rule is not None
    assert ([each.xpath for each in rule.strip], rule.replace, rule.title) == (
        ["//aside", "//nav"],
        (("<a>", "<b>"),),
        (),
    )
    assert book.find("https://example.org/") is None
    assert [rule.site for rule in book.all()] == ["example.com"]


def test_a_broken_rule_is_no_rule(tmp_path: Path) -> None:
    """Its mistake is kept for whoever asks; another folder's rule counts."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    a_file(first, "example.com.yaml", "body: 'div['\n")
    a_file(second, "example.com.txt", "body: //p\n")
    book = Rulebook([first, second])
    rule = book.find("https://example.com/")
    assert rule is not None
    assert rule.file.endswith(".txt")
    assert len(book.problems) == 1
    assert "example.com.yaml:1:7: body" in book.problems[0]


def test_the_folders_are_named_in_the_configuration(tmp_path: Path) -> None:
    """Relative to it; one or several; what is no folder is a mistake."""
    (tmp_path / "mine").mkdir()
    path = a_file(tmp_path, "feeds.yaml", "rules: mine\nfeeds: [{url: 'https://example.com/feed'}]\n")
    assert load(path).rules == (str(tmp_path / "mine"),)
    a_file(tmp_path, "feeds.yaml", "rules:\n  - mine\n  - yours\nfeeds: [{url: 'https://example.com/feed'}]\n")
    with pytest.raises(ConfigError, match=r"feeds.yaml:3:5: rules: found `yours`; expected a folder"):
        load(path)


def test_the_rules_of_this_project_have_no_mistake() -> None:
    """And each has a page to be tested with."""
    folder = shipped()
    assert folder is not None
    book = Rulebook([folder])
    rules = list(book.all())
    assert book.problems == []
    assert rules
    assert all(rule.tests for rule in rules)
