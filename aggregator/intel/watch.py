"""Watchlists: does an article concern what somebody runs, and why.

Certain is what a CVE record's own `affected` says; by name is a product in the text with a word of harm near it, so
that nobody waits for NVD. A vendor alone is no hit. Pure: articles, records and lists are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from packageurl import PackageURL

from aggregator.intel.names import common_words
from aggregator.intel.spelling import spelled
from aggregator.models.intel import Affected, Fact, Subject, Vulnerability


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a vendor, as names are compared (see `plain`)."""

    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class Package:
    """A package of a registry (`npm`, `pypi` …), perhaps with a scope."""

    type: str
    name: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Watchlist:
    """What is watched under one name."""

    name: str
    products: tuple[Product, ...] = ()
    packages: tuple[Package, ...] = ()
    words: tuple[str, ...] = ()
    cves: frozenset[str] = frozenset()
    exploited_only: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """An article concerns a watchlist; `certain` by a CVE record, else by name."""

    name: str
    why: str
    certain: bool
    exploited: bool = False


def plain(name: str) -> str:
    """A name as two are compared: lower case, single spaces for underscores and hyphens.

    >>> plain("Confluence_Server")
    'confluence server'
    """
    return " ".join(re.split(r"[\s_-]+", name.strip().lower()))


def product_of_cpe(cpe: str) -> Product | None:
    """The product of a CPE 2.3 name, a short form (`cpe:2.3:a:atlassian:confluence_server`) included; else None.

    Fields are split at colons that no backslash escapes (NIST IR 7695, 6.2).
    """
    fields = re.split(r"(?<!\\):", cpe.strip())
    if len(fields) < 5 or [one.lower() for one in fields[:2]] != ["cpe", "2.3"]:
        fields = (
            ["cpe", "2.3", *(fields[1].removeprefix("/"), *fields[2:])]
            if len(fields) > 3 and fields[0].lower() == "cpe"
            else []
        )
    if len(fields) < 5 or fields[4] in {"*", "-", ""}:
        return None
    vendor, product = (re.sub(r"\\(.)", r"\1", one) for one in fields[3:5])
    return Product("" if vendor in {"*", "-"} else plain(vendor), plain(product))


def package_of_purl(purl: str) -> Package | None:
    """The package of a purl (ECMA-427), or None."""
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    return Package(parsed.type, unquote(parsed.name).lower(), unquote(parsed.namespace or "").lower())


def hits(
    subject: Subject, facts: Iterable[Fact], known: Mapping[str, Vulnerability], lists: Iterable[Watchlist]
) -> tuple[Hit, ...]:
    """At most one hit of each list, the certain one before one by name."""
    numbers = [fact.value for fact in facts if fact.kind == "cve"]
    text = _Text(subject)
    exploited = any(known[number].exploited for number in numbers if number in known)
    found = []
    for one in lists:
        certain = list(_certain(one, numbers, known))
        if certain:
            certain.sort(key=lambda hit: not hit.exploited)
            best = certain[0]
        elif (why := _by_name(one, text)) is not None:
            best = Hit(one.name, why, certain=False, exploited=exploited)
        else:
            continue
        if best.exploited or not one.exploited_only:
            found.append(best)
    return tuple(found)


def _certain(one: Watchlist, numbers: Iterable[str], known: Mapping[str, Vulnerability]) -> Iterator[Hit]:
    for number in numbers:
        record = known.get(number)
        if record and record.state == "rejected":
            continue
        exploited = bool(record and record.exploited)
        if number in one.cves:
            yield Hit(one.name, f"names {number}", certain=True, exploited=exploited)
        for affected in record.affected if record else ():
            if what := _affects(one, affected):
                yield Hit(one.name, f"{number} affects {what}", certain=True, exploited=exploited)
                break


def _affects(one: Watchlist, affected: Affected) -> str | None:
    vendor, product = plain(affected.vendor or ""), plain(affected.product or "")
    cpes = [found for cpe in affected.cpes if (found := product_of_cpe(cpe))]
    for watched in one.products:
        if watched in cpes or any(cpe.product == watched.product and not watched.vendor for cpe in cpes):
            return watched.product
        if product and _same_vendor(watched.vendor, vendor) and _same_product(watched, product, vendor):
            return affected.product
    for package in one.packages:
        if _is_package(package, affected):
            return package.name
    return None


_VENDOR_TAIL = re.compile(r"(?:,? (?:inc|corp|corporation|ltd|llc|gmbh|ag|sa|co|company|foundation|software|software foundation|networks|systems|technologies|international|project|team|group)\.?)+$")  # fmt: skip


def _same_vendor(watched: str, vendor: str) -> bool:
    return not watched or watched == vendor or _VENDOR_TAIL.sub("", watched) == _VENDOR_TAIL.sub("", vendor)


def _same_product(watched: Product, product: str, vendor: str) -> bool:
    """Equal, with the vendor's name before it or not, or followed by a version or an edition's number."""
    bare = product.removeprefix(f"{vendor} ").removeprefix(f"{_VENDOR_TAIL.sub('', vendor)} ")
    wanted = watched.product.removeprefix(f"{watched.vendor} ")
    return wanted in {product, bare} or bool(re.match(rf"{re.escape(wanted)} (?:version )?v?\d", bare))


_REGISTRIES = {"npm": "npmjs", "pypi": "pypi", "maven": "maven", "gem": "rubygems", "cargo": "crates", "nuget": "nuget", "golang": "golang", "composer": "packagist"}  # fmt: skip


def _is_package(package: Package, affected: Affected) -> bool:
    if affected.purl and package_of_purl(affected.purl) == package:
        return True
    full = f"{package.scope}/{package.name}" if package.scope else package.name
    if affected.package and affected.package.lower() == full:
        return _REGISTRIES.get(package.type, package.type) in (affected.collection or "").lower()
    return False


class _Text:
    """Title and text of an article, in sentences."""

    def __init__(self, subject: Subject) -> None:
        self.fields = [spelled(field) for field in (subject.title, subject.text) if field]
        self.sentences = [[one for one in _SENTENCE_END.split(field.text) if one.strip()] for field in self.fields]

    def holds(self, pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(field.text) for field in self.fields)

    def near_harm(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
        """(the sentence, the word of harm) where a name stands with one in its sentence or a neighbouring one."""
        for sentences in self.sentences:
            for index, sentence in enumerate(sentences):
                if pattern.search(sentence):
                    around = " ".join(sentences[max(0, index - 1) : index + 2])
                    if harm := _HARM.search(around):
                        yield sentence, harm[0]


_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+|\n+")
_HARM = re.compile(
    r"\b(?:flaws?|holes?|bugs?|exploit\w*|zero[- ]?days?|0-?days?|attack\w*|broken? into|breaks? into|break-ins?|patch(?:es|ed|ing)?|"
    r"vulnerab\w+|backdoor\w*|worms?|malware|malicious|hijack\w*|leak(?:s|ed|ing)?|ransomware|compromis\w+|breach\w*|CVE-\d{4}-\d+)\b",
    re.IGNORECASE,
)


@lru_cache(1024)
def _named(name: str) -> re.Pattern[str]:
    """A name as it may be spelled: any of space, hyphen, underscore and nothing between its words."""
    words = "[ _-]?".join(re.escape(word) for word in name.split(" "))
    return re.compile(rf"(?<![\w@./-]){words}(?![\w]|[-.]\w)", re.IGNORECASE)


def _by_name(one: Watchlist, text: _Text) -> str | None:
    for word in one.words:
        if text.holds(_word(word)):
            return f"the word “{word}”"
    for product in one.products:
        if (why := _product_named(product, text)) is not None:
            return why
    for package in one.packages:
        if (why := _package_named(package, text)) is not None:
            return why
    return None


@lru_cache(1024)
def _word(word: str) -> re.Pattern[str]:
    prefix = word.endswith("*")
    words = r"[\s_-]+".join(re.escape(part) for part in word.rstrip("*").split())
    end = "" if prefix else r"(?![\w-])"
    return re.compile(rf"(?<![\w-]){words}{end}", re.IGNORECASE)


_TAIL = re.compile(r" (?:server|appliances?|software|firmware|client|agent|enterprise|edition|os)$")


def _product_named(product: Product, text: _Text) -> str | None:
    name = product.product.removeprefix(f"{product.vendor} ")
    ordinary = all(word in common_words() or len(word) < 3 for word in name.split(" "))
    vendor = _named(_VENDOR_TAIL.sub("", product.vendor)) if product.vendor else None
    for sentence, harm in text.near_harm(_named(name)):
        seen = _named(name).search(sentence)
        if not ordinary or (vendor and vendor.search(sentence)) or _has_version(sentence, seen):
            return f"names {name} near “{harm}”"
    short = _TAIL.sub("", name)
    if short != name and vendor:
        for sentence, harm in text.near_harm(_named(short)):
            if re.search(rf"{vendor.pattern}[ '’s]+{_named(short).pattern}", sentence, re.IGNORECASE):
                return f"names {product.vendor} {short} near “{harm}”"
    return None


def _has_version(sentence: str, seen: re.Match[str] | None) -> bool:
    return bool(seen and seen[0][:1].isupper() and re.match(r" (?:version |v)?\d+\.\d", sentence[seen.end() :]))


_PACKAGE_WORD = (
    r"(?:npm|pypi|pip|packages?|librar(?:y|ies)|modules?|registry|dependenc(?:y|ies)|gems?|crates?|nuget|maven)"
)
_WORDS_OF_PACKAGES = frozenset(
    [
        "express",
        "flask",
        "requests",
        "request",
        "colors",
        "chalk",
        "debug",
        "commander",
        "async",
        "moment",
        "react",
        "vue",
        "angular",
        "next",
        "nuxt",
        "jest",
        "mocha",
        "chai",
        "click",
        "rich",
        "black",
        "poetry",
        "pillow",
        "attrs",
        "six",
        "mock",
        "nose",
        "wheel",
        "celery",
        "redis",
        "tornado",
        "bottle",
        "pyramid",
        "events",
        "path",
        "glob",
        "cookie",
        "cors",
        "passport",
        "helmet",
        "socket",
        "pug",
        "handlebars",
        "mustache",
        "underscore",
        "backbone",
        "ember",
        "grunt",
        "gulp",
        "bower",
        "yarn",
        "rollup",
        "parcel",
        "node",
        "config",
        "dotenv",
        "log",
        "logger",
        "core",
        "utils",
        "common",
        "test",
        "tests",
        "jquery",
        "bootstrap",
        "lodash-es",
        "marked",
        "sharp",
        "through",
        "inherits",
        "once",
        "send",
        "router",
        "parser",
        "server",
        "client",
        "cache",
        "queue",
        "stream",
        "buffer",
        "crypto",
        "http",
        "https",
        "url",
        "date",
        "time",
        "uuid",
        "color",
        "label",
        "slug",
        "fake",
        "faker",
        "cross",
        "cheerio",
        "puppet",
        "salt",
        "fabric",
        "scrapy",
        "click",
        "typer",
        "rack",
        "rails",
        "sinatra",
        "spring",
    ]
)


def _package_named(package: Package, text: _Text) -> str | None:
    if package.scope:
        full = re.compile(rf"(?<![\w/]){re.escape(package.scope)}/{re.escape(package.name)}(?![\w-])", re.IGNORECASE)
        found = next(text.near_harm(full), None)
        return f"names {package.scope}/{package.name} near “{found[1]}”" if found else None
    name = re.escape(package.name)
    is_word = package.name in _WORDS_OF_PACKAGES or package.name in common_words() or len(package.name) <= 3
    pattern = rf"(?<![\w@./-]){name}(?![\w]|[-./]\w)"
    if is_word:
        before = rf"\b{_PACKAGE_WORD}\b[^.!?]{{0,24}}[ \"'“‘`(:]{name}(?![\w]|[-./]\w)"
        after = rf"(?<![\w@./-]){name}[\"'”’`)]*(?: (?:npm|pypi|python|node(?:\.js)?|javascript|web))?[ ,(]+(?:\w+ ){{0,1}}{_PACKAGE_WORD}\b"
        pattern = f"{before}|{after}"
    found = next(text.near_harm(re.compile(pattern, re.IGNORECASE)), None)
    return f"names the package {package.name} near “{found[1]}”" if found else None
