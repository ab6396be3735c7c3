"""docs/internals/acceptance.md names, for every fault and attack, the tests that show it; a case without one is listed with why.

`AGGREGATOR_WRITE_DOCS=1 pytest tests/whole/test_acceptance.py` writes the page again.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "internals" / "acceptance.md"
NAMED = re.compile(r"^\s*(?:async )?def (test_((?:[fahk]\d\d_)+)\w+)", re.MULTILINE)

FAULTS = """\
F1 the ETag changes and the body does not: the new one is kept
F2 a 304 brings a new ETag: it is kept
F3 a 304 without validators: the old ones stay
F4 a 200 without validators: the old ones are dropped
F5 weak, unquoted or odd validators: echoed byte for byte
F6 folded or Latin-1 headers: the feed goes on
F7 a 200 that does not parse: the validators do not advance
F8 max-age: no earlier poll, after a restart neither
F9 absurd max-age or ttl: clamped
F10 429 and 503 with Retry-After: the whole host waits, clamped
F11 skipHours, skipDays, ttl, sy:updatePeriod: honoured
F12 301 and 308: the new address is taken after several good polls
F13 301 to a web page: not taken
F14 302 and 307: never taken
F15 410: polling stops, entries stay
F16 a week of 500s: waits of at most a day, never given up
F17 a redirect loop: ends at five hops
F18 a web page with status 200: an error, entries stay
F19 an empty body or no items: nothing is deleted
F20 a shrunken feed: nothing is deleted
F21 truncated gzip of the right length: whole entries are kept, marked partial, fetched again
F22 a body cut short: the same
F23 a false Content-Encoding: an error
F24 headers that drip: ended at the deadline
F25 a body that drips: ended at the deadline, not taken for whole
F26 an endless body: cut at the cap
F27 10,000 items: within ten seconds and bounded memory
F28 wrong or unknown charset: readable
F29 NUL, controls, lone surrogates: kept, and the output is valid
F30 no guid: a stable one is made
F31 one guid on two items: both are kept
F32 a guid that flips http and https: one entry
F33 tokens and counters that change: no revision
F34 dates missing, moving or in the future: the order stays
F35 relative links and xml:base: absolute
F36 expired or foreign certificates: an error, never plain text instead
F37 international host names: punycode
F38 a full disk: the old files stand, work resumes
F39 kill -9 at any moment: nothing acknowledged is lost, no torn file
F40 two daemons: the second is refused; a locked database loses no write"""

ATTACKS = """\
A1 private, link-local and loopback addresses: refused before a byte is sent
A2 addresses in odd spellings: refused
A3 a redirect from public to private: refused at that hop
A4 a name that resolves differently the second time: the checked address is the connected one
A5 mapped, translated and tunnelled addresses: refused
A6 URLs that parsers read differently: one reading everywhere
A7 redirects to file:, ftp:, data:: refused
A8 pages, images and robots.txt: the same guard
A9 proxies in the environment: ignored
A10 entities that multiply: bounded
A11 entities that grow quadratically: bounded
A12 external entities: no file, no network
A13 external entities in OPML: rejected
A14 a body that names a file: never opened
A15 floods of comment openers, endless authors: that worker ends, all else goes on
A16 compression bombs: cut at the cap
A17 a bomb in the body of a redirect: not read
A18 many encodings on top of one another: refused
A19 deep nesting, floods of attributes: two seconds at most
A20 a giant page: cut at its cap
A21 scripts, handlers, styles, forms: removed
A22 javascript: in disguise: removed
A23 data: documents and SVG: removed
A24 frames with documents, form actions: removed
A25 markup that mutates when parsed again: inert
A26 javascript: in links, enclosures, authors: dropped
A27 ids and names that clobber: removed
A28 markup in titles, authors, categories: shown as text
A29 markup and ]]> in what is emitted: escaped and valid
A30 tracking pixels: dropped
A31 every response of the server: strict headers
A32 markup in an error or status page: escaped
A33 line breaks in titles and URLs: no header, no log line
A34 //host paths on our own server: no redirect
A35 a title like $(id): no shell
A36 redirects to another host or to http: no credentials go along
A37 secrets in URLs: in no log, feed, page or error
A38 one feed using another's guids: the other's entries stay
A39 hostile guids and paths: a safe name inside the root
A40 instructions in the configuration: refused"""

KINDS = """\
K1 dates in every shape that is met, zones by name and region: read, with the time
K2 months and days of the week in sixty languages: read
K3 numbers in any order: the document decides, or the entry stays undated
K4 a date that cannot be read: looked for in other fields, on the page, in the address, before it is now
K5 pictures beside the text (Media RSS, JSON Feed, microblogs): kept, with their descriptions
K6 podcasts: files with type, length and duration, and what iTunes' tags say
K7 relative links: from the channel's link and xml:base, once
K8 links with what cannot be seen, or without a scheme; relations as IRI: the link that is meant
K9 titles that speak of tags: they keep them
K10 sections of CDATA in one another: the whole content, and no marks around it
K11 says UTF-8 and is not, pasted bytes, a server's default, labels of every kind: the letters
K12 something follows the feed: said, and not called cut short
K13 JSON Feeds as templates write them: read
K14 Retry-After as a date: by the server's own clock
K15 a cookie that a redirect asks for: it lives for that request, on its host
K16 gzip without a label, or twice: undone, under the caps
K17 a body that drips past the deadline: its complete entries are kept
K18 304 forever: now and then the request is unconditional
K19 a check for bots, a login, a firewall: named, with the next step
K20 feeds of one name, or of none: the address decides; a feed without a name has its own title
K21 the feed behind a site: below the given address, behind what says so, never the comments first
K22 user, password, headers, cookies and user agent of one feed: from the environment, to its origin alone
K23 a proxy: only one that feeds.yaml names, and what is private is not asked of it
K24 a busy machine: limits count processor time
K25 one outlet's robots.txt fails or asks for minutes: the others' posts come out
K26 links and words of other people: no secret because of their names
K27 entries of one date: in the document's order, and the chain of posts with them"""

HOSTILE = """\
H1 a stranger's title or address holds `${NAME}`: it is text, and the environment stays where it is
H2 a stranger's feed names an outlet's post first: it is the outlet's, with its title and words
H3 a page says that it is another author's post on a host they share: both stand, each for itself
H4 a feed's address holds a word where keys stand: links keep it
H5 a backup is restored, the database lost or emptied: the output follows, ids and times go on above what is out
H6 every page names the front page or an overview as its address: each entry leads to its own post
H7 one outlet's robots.txt answers 500: the others' posts come out
H8 a copy dated before our last look at its feed: the date is not believed
H9 a link blog is a round ahead of the outlet, plainly or by a redirect: the source is the outlet
H10 an edit is told once, and none where the words are the same
H11 invisible titles, direction marks without an end: untitled; closed
H12 a feed that fills the disk: bounds on what it may add, and on a document
H13 a page says that another author's post comes before it: that post leads on to no stranger
H14 the folder that a command was started in is gone: a sentence
H15 requests that are none, or ask for another protocol: answered once, and no traceback
H16 links whose parameters are called like keys: they lead where they led
H17 threads told apart by a number in the link: each page is read
H18 guids and links that differ in one parameter: as many entries; one that only tracks makes none
H19 items that share link and title: as many entries as there are texts and dates
H20 entries of two feeds on one front page or catalogue: two posts, each with its words
H21 notices in the same words on other days: no copies
H22 pages with a base: links and pictures start from there
H23 what a page or a feed hides by style: no part of the article
H24 one host asks for minutes between requests: its own posts wait, and no others
H25 a guid used again for another article: another entry
H26 new guids or dates at every build: the same entries
H27 a post that two feeds carry: the best of both, and nothing of a stranger's
H28 our clock is years ahead of the servers': nothing is stored or stamped
H29 203 is a success; a hub's secret goes over https alone; notes and leftovers are not served"""

NOT_TESTED: dict[str, str] = {
    "A35": "no text of a feed is given to another program: there are no hooks and no notifier",
}


def named_tests() -> dict[str, list[str]]:
    """Case -> the tests that carry its number, as `file::test`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for match in NAMED.finditer(path.read_text("utf-8")):
            for case in re.findall(r"[fahk]\d\d", match[2]):
                found[f"{case[0].upper()}{int(case[1:])}"].append(f"{path.relative_to(TESTS.parent)}::{match[1]}")
    return found


def page() -> str:
    """The page as it should be."""
    found = named_tests()
    lines = [
        "# What the program survives",
        "",
        "Each case is shown by the tests named beside it, on real sockets, files and databases.",
    ]
    titled = (
        ("Faults", FAULTS),
        ("Attacks", ATTACKS),
        ("Kinds of feeds", KINDS),
        ("Hostile publishers, and bad luck", HOSTILE),
    )
    for title, cases in titled:
        lines += ["", f"## {title}", "", "| case | what happens | shown by |", "| --- | --- | --- |"]
        for line in cases.splitlines():
            case, _, words = line.partition(" ")
            shown = "<br>".join(f"`{test}`" for test in found[case]) or f"not tested: {NOT_TESTED.get(case, '?')}"
            lines.append(f"| {case} | {words} | {shown} |")
    lines += [
        "",
        "`python -m bench.cases` serves one feed of each kind and more, and shows what a subscriber sees of it.",
    ]
    return "\n".join(lines) + "\n"


def test_the_page_of_faults_and_attacks_is_as_the_tests_are() -> None:
    """The page names every case with its tests."""
    if os.environ.get("AGGREGATOR_WRITE_DOCS"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_every_case_has_a_test_or_a_reason() -> None:
    """No fault, no attack and no kind is left out silently."""
    cases = {line.partition(" ")[0] for line in f"{FAULTS}\n{ATTACKS}\n{KINDS}\n{HOSTILE}".splitlines()}
    assert len(cases) == 136
    assert sorted(cases - set(named_tests()) - set(NOT_TESTED)) == []
