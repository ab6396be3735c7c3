"""What posts name, as entries and their pages show it: the line under an entry, categories, the box beside a text.

Every value is a stranger's: it is escaped where it is shown, an indicator is defanged and is never a link.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from aggregator.emit import paths
from aggregator.models import Post
from aggregator.models.emit import Flaw, PostFact
from aggregator.text.published import line as line_of

FOLDERS = {"cve": "cve", "actor": "actors", "software": "software", "vendor": "vendors", "product": "products"}
"""Where the pages of each kind stand."""

LABELS = {"cve": "Vulnerability", "actor": "Group", "software": "Software", "vendor": "Vendor", "product": "Product"}

SCHEME = "https://github.com/security-feed-aggregator/security-feed-aggregator/kinds/"
"""What a category's scheme begins with; the kind is appended (RFC 4287, 4.2.2.2)."""

LINE_CVES, LINE_NAMES = 5, 6
"""At most so many of each in the line under an entry; the page has all."""

NETWORK = ("domain", "url", "email", "ipv4", "ipv6", "cidr")


def stem_of(kind: str, value: str) -> str:
    """The path of a subject's page, without its ending; names that could share one get a part of their hash."""
    if kind == "cve":
        return f"cve/{value}"
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    if not re.fullmatch(r"[A-Za-z0-9 _-]+", value) or not slug or "_" in value or "-" in value:
        slug = f"{slug or 'x'}-{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"{FOLDERS[kind]}/{slug}"


def defanged(kind: str, value: str) -> str:
    """An indicator as it may be shown: nothing in it can be clicked.

    >>> defanged("url", "https://evil.top/x.php")
    'hxxps://evil[.]top/x.php'
    """
    if kind not in NETWORK:
        return value
    if kind == "url":
        scheme, _, rest = value.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme.replace('http', 'hxxp').replace('ftp', 'fxp')}://{_dotted(host)}{slash}{path}"
    return _dotted(value.replace("@", "[@]"))


def _dotted(host: str) -> str:
    return host.replace(".", "[.]") if "." in host else host.replace(":", "[:]")


def in_words(flaw: Flaw) -> str:
    """What is known of a flaw, in a few words: `exploited since 3 May 2026, ransomware; CVSS 9.8; EPSS 94 %`."""
    if flaw.state == "rejected":
        return "rejected"
    parts = []
    if flaw.exploited:
        since = (
            f" since {_day(flaw.kev_added or (flaw.exploited_since and flaw.exploited_since.date().isoformat()) or '')}"
        )
        parts.append(f"exploited{since.rstrip()}{', ransomware' if flaw.ransomware else ''}")
    if flaw.cvss is not None:
        parts.append(f"CVSS {flaw.cvss:.1f}")
    if flaw.epss is not None:
        parts.append(_epss(flaw))
    return "; ".join(parts)


def _epss(flaw: Flaw) -> str:
    top = 100 * (1 - (flaw.percentile or 0))
    return (
        f"EPSS {100 * (flaw.epss or 0):.0f} % (top {top:.1f} %)"
        if flaw.percentile is not None
        else f"EPSS {100 * (flaw.epss or 0):.0f} %"
    )


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _day(day: str) -> str:
    try:
        year, month, number = (int(part) for part in day[:10].split("-"))
        return f"{number} {_MONTHS[month - 1]} {year}"
    except (ValueError, IndexError):
        return ""


def line(facts: Sequence[PostFact], base: str) -> str:
    """What stands above an entry's footer: what the post names, linked to our pages; empty when it names nothing."""
    flaws = [fact for fact in facts if fact.kind == "cve"]
    flaws.sort(
        key=lambda fact: (
            not (fact.flaw and fact.flaw.exploited),
            -(fact.flaw.cvss or 0) if fact.flaw else 0,
            fact.value,
        )
    )
    parts = [_flaw_html(fact, base) for fact in flaws[:LINE_CVES]]
    if len(flaws) > LINE_CVES:
        parts.append(f"{len(flaws) - LINE_CVES} more flaws")
    names = [fact for fact in facts if fact.kind in {"actor", "software"}] + [
        fact for fact in facts if fact.kind in {"vendor", "product"}
    ]
    parts += [_linked(fact.kind, fact.value, base) for fact in names[:LINE_NAMES]]
    sentence = ", ".join(parts)
    count = sum(fact.indicator for fact in facts)
    if count:
        sentence += f"{'; ' if sentence else ''}{count} indicator{'s' * (count != 1)}"
    return f"<p>Names {sentence}.</p>" if sentence else ""


def _flaw_html(fact: PostFact, base: str) -> str:
    linked = _linked("cve", fact.value, base)
    if fact.flaw is None:
        return linked
    if fact.flaw.state == "rejected":
        return f"<s>{linked}</s> (rejected)"
    words = escape(in_words(fact.flaw))
    if fact.flaw.exploited:
        first, _, rest = words.partition(";")
        words = f"<strong>{first}</strong>{';' if rest else ''}{rest}"
    return f"{linked} ({words})" if words else linked


def _linked(kind: str, value: str, base: str) -> str:
    return f'<a href="{escape(base + paths.quoted(stem_of(kind, value)))}.html">{escape(value)}</a>'


def categories(facts: Iterable[PostFact]) -> tuple[tuple[str, str], ...]:
    """(term, scheme) of the flaws, groups, software and vendors that a post names, and `exploited`."""
    found = [(fact.value, SCHEME + fact.kind) for fact in facts if fact.kind in {"cve", "actor", "software", "vendor"}]
    if any(fact.flaw and fact.flaw.exploited for fact in facts):
        found.append(("exploited", SCHEME + "state"))
    return tuple(found)


def in_json(facts: Iterable[PostFact]) -> dict[str, Any]:
    """What a post names, for `_aggregator.facts`: no values of indicators, only how many there are."""
    known = tuple(facts)
    return {
        "cves": [
            {
                "id": fact.value,
                "exploited": bool(fact.flaw and fact.flaw.exploited),
                "cvss": fact.flaw and fact.flaw.cvss,
                "epss": fact.flaw and fact.flaw.epss,
            }
            for fact in known
            if fact.kind == "cve"
        ],
        **{
            f"{kind}s" if kind != "software" else kind: [fact.value for fact in known if fact.kind == kind]
            for kind in ("actor", "software", "vendor", "product")
        },
        "techniques": [fact.value for fact in known if fact.kind == "technique"],
        "indicators": sum(fact.indicator for fact in known),
    }


def box(post: Post, root: str) -> dict[str, Any] | None:
    """What the page of a post shows beside its text; None when it names nothing."""
    if not post.facts:
        return None
    flaws = [
        {
            "value": fact.value,
            "href": f"{root}{stem_of('cve', fact.value)}.html",
            "words": in_words(fact.flaw) if fact.flaw else "",
            "exploited": bool(fact.flaw and fact.flaw.exploited),
            "rejected": bool(fact.flaw and fact.flaw.state == "rejected"),
            "note": _model_note(fact.flaw),
        }
        for fact in post.facts
        if fact.kind == "cve"
    ]
    names = [
        {
            "label": LABELS[kind],
            "value": fact.value,
            "href": f"{root}{paths.quoted(stem_of(kind, fact.value))}.html",
        }
        for kind in ("actor", "software", "vendor", "product")
        for fact in post.facts
        if fact.kind == kind
    ]
    techniques = [
        {"value": fact.value, "name": line_of(fact.name or "")}
        for fact in post.facts
        if fact.kind in {"technique", "tactic", "campaign"}
    ]
    others = [fact.value for fact in post.facts if fact.kind in {"cwe", "ghsa"}]
    indicators = [
        {"kind": fact.kind, "value": defanged(fact.kind, fact.value), "why": line_of(fact.why)}
        for fact in post.facts
        if fact.indicator
    ]
    if not (flaws or names or techniques or indicators or others):
        return None
    return {"flaws": flaws, "names": names, "techniques": techniques, "others": others, "indicators": indicators}


def _model_note(flaw: Flaw | None) -> str:
    if flaw is None or flaw.epss is None:
        return ""
    stated = f"EPSS of {flaw.epss_date or 'unknown date'}, model {flaw.epss_model or 'unknown'}"
    return f"{stated}; scores of two models do not compare"
