"""What only looks like an address or a host name where it stands: versions, file names, code."""

from __future__ import annotations

import re

from aggregator.intel.layout import REACH, Layout, Section
from aggregator.intel.surroundings import FILE_WORDS, cells_beside, column_of, label_before
from aggregator.intel.values import RecognisedValue, may_be_attribute, may_be_file

_HOST_WORDS = re.compile(
    r"domain|\bhosts?\b(?! (?:indicators?|artifacts?))|hostname|\burls?\b|\bc2\b|c&c|cnc|\bsites?\b|websites?|onion|server|network|domän|dominio|домен|infrastructure"
)


def is_value(found: RecognisedValue, page: Layout, run: tuple[int, int]) -> bool:
    """Whether a plain value is one at all, for the words around it: no file, no version, no section number."""
    if may_be_file(found):
        return _said_to_be_host(found, page, run)
    if may_be_attribute(found):
        line = page.line(found.start)
        first, last = max(line.start, found.start - REACH), min(line.end, found.end + REACH)
        return not _CODE.search(page.text, first, last) or _said_to_be_host(found, page, run)
    if found.kind == "ipv4" and not found.defanged:
        return not _is_version(found, page)
    return True


_CODE = re.compile(r"[;{}]\s*$|[\w\])]\([^)]*\)\s*[;.{]|[^=]==?[^=]|\bthis\.|=>|\$\w")


def _said_to_be_host(found: RecognisedValue, page: Layout, run: tuple[int, int]) -> bool:
    """Whether label, column, the cell beside it, the heading or the words right before say that it is a host."""
    line = page.line(found.start)
    words = " ".join(
        (label_before(page, line, run[0]), column_of(page, line, found.start), *cells_beside(page, line, found))
    ).strip()
    if FILE_WORDS.search(words):
        return False
    if not words and line.section is Section.INDICATORS:
        words = line.heading.lower()
    return bool(_HOST_WORDS.search(words) or _CALLED_HOST.search(page.lower, max(line.start, run[0] - 60), run[0]))


_CALLED_HOST = re.compile(
    r"\b(?:domains?|hosts?|(?:web)?sites?|servers?|c2|c&c)(?: (?:name|names|is|was|at|on|called|named|such as|like|of|to|and|[\w.-]+\.[a-z]+,?))*[ :(\"'“-]*$"
)


_VERSION = re.compile(
    r"(?<![\w-])(?:v|vers?|versions?|version(?:en|e|i|es)?|versión|versões|versioni|версия|firmware|builds?|releases?|updates?|upgrad\w+|patch(?:es|ed)?|hotfix\w*|fix(?:es|ed)|prior|earlier|later|"
    r"service packs?|sp\d|branch(?:es)?|rev(?:ision)?|oid|sections?|chapters?|clauses?|paragraphs?|abschnitt|figure|appendix|agent|driver|client|kernel|library|sdk|plugin|chrome|edge|firefox|release notes)(?![\w-])"
)


_ADDRESS = re.compile(
    r"(?<![\w-])(?:ips?|ipv4|address(?:es)?|adressen?|adresses?|direcci[oó]n(?:es)?|hosts?|servers?|c2s?|c&c|cnc|command[- ]and[- ]control|ports?|traffic|scans?|scanning|connects?|connections?|connected|"
    r"beacons?|nodes?|endpoints?|subnets?|networks?|dns|proxy|proxies|exit|attackers?|exfiltrat\w+|indicators?|iocs?|resolv\w+|hosted|blocked?|panels?|адрес\w*|сервер\w*|serveurs?|servidor\w*)(?![\w-])"
)


_PRODUCT = re.compile(r"(?<![.!?:;] )(?<!^)\b([A-Z][\w+-]*|[a-z]*[A-Z][\w+-]*) $")


_NO_PRODUCT = frozenset(
    [
        "IP",
        "IPs",
        "IPv4",
        "Address",
        "Addresses",
        "Server",
        "Servers",
        "Host",
        "Hosts",
        "C2",
        "C2s",
        "From",
        "At",
        "To",
        "The",
        "And",
        "In",
        "On",
        "For",
        "By",
        "Via",
        "Port",
        "Attacker",
        "Source",
        "Destination",
        "Node",
        "Proxy",
        "DNS",
        "URL",
        "URLs",
        "Adresse",
        "Adressen",
        "IOC",
        "IOCs",
        "CC",
        "CnC",
    ]
)


_NAMED_IN_CAPITALS = re.compile(r"(?<![\w.-])(?=\w{0,20}[a-z][A-Z])[A-Z]\w{2,30} $")
"""A name with capitals inside (FortiOS, SonicOS, PyTorch), wherever it stands: that of a product."""

_RANGE = re.compile(r"(?<![\d.])\d{1,5}(?:\.\d{1,5}){1,3} (?:through|to|thru|until|up to|bis|and|or|-|–) $")


SMALL = 30
"""Numbers below this are those of versions and sections more often than of addresses."""

_SECTION = re.compile(r"\s*[#*-]*\s*$")


def _is_version(found: RecognisedValue, page: Layout) -> bool:
    """Whether four plain numbers with dots are a version, by a word for one or a product before them, or a section."""
    octets = [int(part) for part in found.value.split(".")]
    if found.port is not None:
        return False
    line = page.line(found.start)
    first, last = page.sentence(found.start, found.end)
    before, after = page.text[line.start : found.start], page.text[found.end : line.end]
    if max(octets) < SMALL and _SECTION.fullmatch(before) and re.match(r"\.? +[A-Z]", after):
        return True
    start = found.start
    if line.section is not Section.INDICATORS:
        if other := _RANGE.search(page.text, max(first, start - 40), start):
            start = other.start()
        named = _NAMED_IN_CAPITALS.search(page.text, max(line.start, start - 32), start)
        if named and named[0].strip() not in _NO_PRODUCT and octets[0] < SMALL:
            return True
    sentence = page.lower[first:last]
    if _ADDRESS.search(sentence):
        return bool(re.search(r"(?:\bv|\bversions? |\bfirmware |\bbuild )$", page.lower[first : found.start]))
    if _VERSION.search(sentence) or (line.columns and _VERSION.search(column_of(page, line, found.start))):
        return True
    product = _PRODUCT.search(page.text, max(first, start - 40), start)
    return bool(product and product[1] not in _NO_PRODUCT and line.section is not Section.INDICATORS)
