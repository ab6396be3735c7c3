"""Network values, hashes and wallets in a text: found by their form, written canonically.

Defanged spellings are part of the patterns. What merely looks like a value (versions, file names, attribute chains,
section numbers) is left out here as far as its own letters and its neighbours give it away; whether a value is an
indicator is not decided here. Every pattern is linear: possessive, and anchored where a run begins.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from aggregator.intel import checksums
from aggregator.intel.hosts import address, host_name

MAX_URL = 2048
"""Characters of a value as it stands; what is longer is passed over as a whole."""

FILE_ENDINGS = frozenset(
    [
        "zip",
        "mov",
        "py",
        "sh",
        "rs",
        "md",
        "so",
        "pl",
        "app",
        "id",
        "name",
        "cc",
        "ps",
        "pm",
        "la",
        "do",
        "ml",
        "mm",
        "cab",
        "java",
        "gz",
        "lua",
        "tf",
        "mk",
        "ad",
        "cpa",
        "map",
    ]
)
"""Endings of the public suffix list that are also those of files and variables: alone they decide nothing."""

ATTRIBUTE_ENDINGS = frozenset(
    [
        "top",
        "style",
        "page",
        "date",
        "data",
        "host",
        "click",
        "open",
        "select",
        "search",
        "run",
        "build",
        "int",
        "pub",
        "call",
        "bar",
        "box",
        "day",
        "link",
        "total",
        "menu",
        "post",
        "read",
        "save",
        "property",
        "tools",
        "systems",
        "download",
        "style",
        "video",
        "show",
        "watch",
        "stream",
        "media",
        "status",
        "info",
    ]
)
"""Endings that are also attributes in code: names that end so are none in a line of code."""

_DOT = r"(?:\.\]|\\?\.(?!\.)| ?[\[({<] ?(?:[.,]|dot|punkt|point|punto) ?[\])}>] ?|\[\.)"
_COLON = r"(?:\[:\]|\(:\)|:)"
_HOST = re.compile(rf"(?<![\w-])[\w-]++(?:{_DOT}[\w-]++)++", re.IGNORECASE)
_DOTS = re.compile(_DOT, re.IGNORECASE)
_SCHEME = re.compile(
    r"(?P<scheme>h(?:tt|xx|\*\*|__|xt|tx|x|t)p(?P<s>s?)|f[tx]p(?P<fs>s?)|(?<![a-z0-9+])(?P<other>[a-z][a-z0-9+]{1,15}))"
    r" ?(?:\[:/?/?\]|\(:/?/?\)|:\\?) ?(?:\[//?\]|[/\\]{1,2})?[/\\]? ?(?P<user>[^\s/@<>\"]{1,64}@)?$",
    re.IGNORECASE,
)
_AT = r"(?: ?[\[({<] ?(?:@|at|arroba) ?[\])}>] ?|@)"
_LOCAL = re.compile(rf"(?P<local>[\w.+'&-]{{1,64}}(?:{_DOT}[\w.+'&-]{{1,64}}){{0,4}}){_AT}$", re.IGNORECASE)
_AT_NEXT = re.compile(_AT, re.IGNORECASE)
_PORT = re.compile(rf" ?{_COLON} ?(\d{{1,5}})(?![\w.])")
_PATH = re.compile(r"[/?#\\][^\s<>\"|`\u2018-\u201f\u00ab\u00bb\u3001\uff0c\uff09\u3011\u300d]*+")
_CIDR = re.compile(r" ?(?:/|\[/\]) ?(\d{1,3})(?![\w/-]|\.\w|\?[^\s\"'”’)])")
_GLUED = re.compile(
    r"[,;)](?=h(?:tt|xx)ps?\W)|\]\(|;(?=(?:cd|cat|chmod|sh|bash|wget|curl|rm|tftp|busybox|\./)(?:\W|%))|%20(?:-|>|;|\||&)",
    re.IGNORECASE,
)
"""Where a path ends although no space does: at the next address of a list, at the next command of a shell."""
_SIBLING = re.compile(rf"/[\w-]++(?:{_DOT}[\w-]++)+", re.IGNORECASE)
_FILE = re.compile(r"\.(?:zip|exe|dll|php|html?|aspx?|jsp|rar|7z|gz|sh|py|ps1|bat|vbs|js|png|jpe?g|gif|txt|pdf|docx?|xlsx?|bin|jar|apk|elf|cgi|pl|so|msi|iso|img|lnk|hta|css|xml|json|rtf)$", re.IGNORECASE)  # fmt: skip
_TRAILING = ".,;:!?'*_\u2026"
_BRACKETS = {")": "(", "]": "[", "}": "{"}

_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{1,4}(?:\[:\]|:)|::){1,7}(?:(?:\[:\]|:)?[0-9a-f]{0,4}){0,8}(?![\w:])", re.IGNORECASE
)
_HASH = re.compile(r"(?<![\w=%+$-])(?<!0x)[0-9a-f]{32,128}+(?![\w=%+$]|-\w)", re.IGNORECASE)
_CUT = re.compile(
    r"(?:md-?5|sha-?(?P<bits>1|256|512))(?: ?(?:hash|sum|checksum|digest))? ?[:=] ?\n? ?"
    r"(?P<digits>[0-9a-f]{8,127}+ ?\n ?[0-9a-f]{1,127}+(?: ?\n ?[0-9a-f]{1,127}+){0,2})(?![\w=%])",
    re.IGNORECASE,
)
_KIND_OF_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_LENGTH_OF_BITS = {None: 32, "1": 40, "256": 64, "512": 128}
_BTC = re.compile(
    r"(?<![\w/=+])(?:[13][1-9A-HJ-NP-Za-km-z]{24,34}+|bc1[a-z0-9]{11,87}+|BC1[A-Z0-9]{11,87}+)(?![\w/=+])"
)
_ETH = re.compile(r"(?<![\w/=+])0x[0-9a-fA-F]{40}(?![\w=+])")
_XMR = re.compile(r"(?<![\w/=+])[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}(?:[1-9A-HJ-NP-Za-km-z]{11})?(?![\w/=+])")


@dataclass(frozen=True, slots=True)
class RecognisedValue:
    """A value as it stands in a text in one spelling: not judged yet."""

    kind: str
    value: str
    start: int
    end: int
    defanged: bool = False
    port: int | None = None
    scheme_assumed: bool = False
    host: str = field(default="", compare=False)
    """Of an URL or a mail address: the canonical host."""


def values(text: str) -> Iterator[RecognisedValue]:
    """Every candidate in a text in one spelling, without overlaps, in order within each form."""
    taken: list[tuple[int, int]] = []
    for candidate in _network(text):
        taken.append((candidate.start, candidate.end))
        yield candidate
    yield from _free(taken, _ipv6(text))
    yield from _free(taken, _hashes(text))
    yield from _free(taken, _wallets(text))


def _free(taken: list[tuple[int, int]], found: Iterator[RecognisedValue]) -> Iterator[RecognisedValue]:
    """What does not stand inside of something found before; `taken` is ascending, and `found` is, too."""
    index = 0
    for candidate in found:
        while index < len(taken) and taken[index][1] <= candidate.start:
            index += 1
        if index == len(taken) or taken[index][0] >= candidate.end:
            yield candidate


def _network(text: str) -> Iterator[RecognisedValue]:
    done = 0
    for match in _HOST.finditer(text):
        if match.start() < done:
            continue
        for candidate in _host(text, match, done):
            done = max(done, candidate.end)
            if candidate.end - candidate.start <= MAX_URL:
                yield candidate


def _host(text: str, match: re.Match[str], done: int) -> Iterator[RecognisedValue]:
    start, end = match.span()
    if end - start > 4 * 253:
        return
    separators = _DOTS.findall(match[0])
    labels = _DOTS.split(match[0])
    before = max(done, start - 96)
    if "@" in text[max(before, start - 8) : start] or "at" in text[max(before, start - 6) : start].lower():
        found = _LOCAL.search(text, before, start)
        scheme = _SCHEME.search(text, before, start)
        if found and not (scheme and re.search(r"[/\\]", scheme[0])):
            yield from _email(text, found, match, labels, separators)
            return
    if (following := _AT_NEXT.match(text, end)) and _HOST.match(text, following.end()) and "\n" not in following[0]:
        return  # the part of a mail address before its sign
    defanged = any(separator != "." for separator in separators)
    scheme = _SCHEME.search(text, before, start) if _may_have_scheme(text, start) else None
    yield from _located(text, match, labels, scheme, defanged=defanged)


def _may_have_scheme(text: str, start: int) -> bool:
    """Whether the sign before a host may belong to a scheme; asked first, since most hosts have none."""
    last = text[start - 1 : start]
    if last in {"/", "\\"}:
        return text[max(start - 2, 0) : start - 1] in {"/", "\\", ":", "]", ")"}
    return last in {"]", ")", "@", ":"} or (last == " " and text[max(start - 2, 0) : start - 1] in {"/", "]"})


def _email(
    text: str, local: re.Match[str], match: re.Match[str], labels: list[str], separators: list[str]
) -> Iterator[RecognisedValue]:
    host = host_name(".".join(labels).rstrip("-_"))
    if (
        host is None
        or text[match.end() : match.end() + 2] in {":~", ":/", ":\\"}
        or text[match.end() : match.end() + 1] in {"#", "$"}
    ):
        return
    name = _DOTS.sub(".", local["local"]).lower().strip(".'&-")
    if not name or (local.start() and text[local.start() - 1] in "@/:"):
        return
    start = local.start("local") + local["local"].lower().find(name[0])
    defanged = any(separator != "." for separator in separators) or not text[: match.start()].rstrip().endswith("@")
    yield RecognisedValue("email", f"{name}@{host}", start, match.end(), defanged, host=host)


def _located(
    text: str, match: re.Match[str], labels: list[str], scheme: re.Match[str] | None, *, defanged: bool
) -> Iterator[RecognisedValue]:
    """An address, a domain or an URL whose host is `match`."""
    start, end = match.span()
    number = _quad(text, match, labels)
    host = number or host_name(".".join(labels).rstrip("-_"))
    if host is None:
        return
    if scheme and scheme["other"] and scheme["other"].lower() not in _OTHER_SCHEMES:
        if not _is_label(scheme):
            return
        scheme = None
    fanged_scheme = bool(
        scheme and (scheme["scheme"].lower() not in _LIVE_SCHEMES or "[" in scheme[0] or "(" in scheme[0])
    )
    defanged = defanged or fanged_scheme
    port, after = None, end
    if found := _PORT.match(text, end):
        defanged = defanged or "[" in found[0] or "(" in found[0]
        if int(found[1]) <= 65535:
            port, after = int(found[1]), found.end()
    if scheme is None and number and port is None and (mask := _CIDR.match(text, end)) and int(mask[1]) <= 32:
        network = ipaddress.ip_network(f"{number}/{mask[1]}", strict=False)
        yield RecognisedValue("cidr", str(network), start, mask.end(), defanged)
        return
    if scheme is None and not number and not _plausible(text, match, labels, after, defanged=defanged):
        return
    path = _path(text, after)
    if scheme or len(path) > 1:
        yield from _url(match, scheme, host, (port, after), path, defanged=defanged)
    else:
        yield RecognisedValue("ipv4" if number else "domain", host, start, after, defanged, port)


_OTHER_SCHEMES = frozenset(["tcp", "udp", "ws", "wss", "ssh", "tls", "ssl", "socks5", "socks4", "socks", "stratum", "ldap", "ldaps", "rmi", "smb", "sftp", "dns", "mqtt", "stratum+tcp", "stratum+ssl", "irc"])  # fmt: skip
_LIVE_SCHEMES = frozenset({"http", "https", "ftp", "ftps"}) | _OTHER_SCHEMES


def _is_label(scheme: re.Match[str]) -> bool:
    """Whether what looks like a scheme is a word with a colon before a value (`C2: evil.top`)."""
    return not re.search(r"[/\\]", scheme[0])


def _quad(text: str, match: re.Match[str], labels: list[str]) -> str | None:
    """The address that four numbers are, or None; a fifth number makes it an object identifier or a section."""
    if len(labels) != 4 or not all(label.isascii() and label.isdigit() for label in labels):
        return None
    start, end = match.span()
    if (text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit()) or (
        start and text[start - 1] in "._" and text[start - 2 : start - 1].isalnum()
    ):
        return None
    value = address(".".join(labels))
    return str(value) if value else None


def _path(text: str, at: int) -> str:
    """Path, query and fragment from there on, without the punctuation of the sentence around it."""
    match = _PATH.match(text, at)
    if match is None or (match[0][0] == "\\" and match[0][1:2] in {"", " ", "\n"}):
        return ""
    path = match[0]
    if glued := _GLUED.search(path):
        path = path[: glued.start()]
    while path:
        last = path[-1]
        if last in _TRAILING or (last in _BRACKETS and path.count(last) > path.count(_BRACKETS[last])):
            path = path[:-1]
        else:
            break
    return path


def _url(
    match: re.Match[str],
    scheme: re.Match[str] | None,
    host: str,
    port_and_end: tuple[int | None, int],
    path: str,
    *,
    defanged: bool,
) -> Iterator[RecognisedValue]:
    port, after = port_and_end
    sibling = _SIBLING.fullmatch(path) if scheme is None else None
    if sibling and any(dot != "." for dot in _DOTS.findall(path)) and not _FILE.search(_DOTS.sub(".", path)):
        other = host_name(_DOTS.sub(".", path[1:]))
        if other:  # two names with a slash between them
            yield RecognisedValue("domain", host, match.start(), match.end(), defanged, port)
            return
    undotted = re.sub(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)", ".", path, flags=re.IGNORECASE)
    defanged = defanged or undotted != path
    name = "http"
    if scheme and scheme["other"]:
        name = scheme["other"].lower()
    elif scheme and scheme["scheme"][0] in "fF":
        name = "ftps" if scheme["fs"] else "ftp"
    elif scheme and scheme["s"]:
        name = "https"
    place = f"{host}:{port}" if port is not None else host
    if undotted.startswith("\\"):
        undotted = "/" + undotted[1:]
    if undotted[:1] != "/" and name not in _OTHER_SCHEMES:
        undotted = "/" + undotted
    value = f"{name}://{place}{undotted}"
    start = scheme.start("scheme") if scheme else match.start()
    yield RecognisedValue("url", value, start, after + len(path), defanged, port, scheme is None, host)


_CODE_ROOTS = frozenset(["this", "self", "window", "document", "console", "system", "math", "json", "object", "array", "string", "event", "e", "ev", "evt", "req", "res", "request", "response", "module", "exports", "process", "element", "el", "node", "ctx", "context", "app", "config", "settings", "std", "java", "javax", "com.sun", "org", "os", "sys", "np", "pd"])  # fmt: skip


def _plausible(text: str, match: re.Match[str], labels: list[str], end: int, *, defanged: bool) -> bool:
    """Whether a name without a scheme is one, and no file, attribute, class or end of a sentence.

    `end` is where the name ends, with its port.
    """
    start = match.start()
    before, after = text[start - 1 : start], text[end : end + 1]
    if defanged:
        return True
    if before in {"/", "\\", "$", "@", "%", "&"} or (before == "." and text[start - 2 : start - 1] != "*"):
        return before == "/" and text[start - 2 : start - 1] == "/"
    if after in {"(", "\\", "=", "@", "["}:
        return False
    ending = labels[-1]
    if ending != ending.lower() and not (match[0].isupper() and ending in {"COM", "ORG", "RU", "CN", "ONION"}):
        return False
    if any("_" in label for label in labels) or labels[0].lower() in _CODE_ROOTS:
        return False
    if len(labels[-2]) == 1 and len(ending) == 2 and match[0] not in {"t.co", "t.me", "g.co"}:
        return False
    if sum(label[:1].isupper() for label in labels) > 1 or any(re.search("[a-z][A-Z]", label) for label in labels[:-2]):
        return False
    return not re.compile(rf"/[\w-]+\.{ending}(?![\w./])").match(text, end)  # `client.py/server.py`


def may_be_file(found: RecognisedValue) -> bool:
    """Whether a plain name may as well be a file or an attribute, for all that its ending says."""
    return _is_plain_name(found) and found.value.rpartition(".")[2] in FILE_ENDINGS


def may_be_attribute(found: RecognisedValue) -> bool:
    """Whether a plain name may as well be an attribute of something in code."""
    return _is_plain_name(found) and found.value.rpartition(".")[2] in ATTRIBUTE_ENDINGS


def _is_plain_name(found: RecognisedValue) -> bool:
    return found.kind == "domain" and not found.defanged and found.port is None


def _ipv6(text: str) -> Iterator[RecognisedValue]:
    if ":" not in text:
        return
    for match in _IPV6.finditer(text):
        seen = match[0]
        plain = seen.replace("[:]", ":").rstrip(":") if not seen.endswith("::") else seen.replace("[:]", ":")
        if plain.count(":") < 2 or not re.match(r"[23f][0-9a-f]{3}:|64:ff9b:", plain, re.IGNORECASE):
            continue
        value = address(plain)
        if value is None:
            continue
        end = match.end() - (len(seen.replace("[:]", ":")) - len(plain))
        defanged = "[:]" in seen
        if (mask := _CIDR.match(text, end)) and int(mask[1]) <= 128:
            network = ipaddress.ip_network(f"{value}/{mask[1]}", strict=False)
            yield RecognisedValue("cidr", str(network), match.start(), mask.end(), defanged)
        else:
            yield RecognisedValue("ipv6", str(value), match.start(), end, defanged)


def _hashes(text: str) -> Iterator[RecognisedValue]:
    cut = []
    for match in _CUT.finditer(text):
        digits = re.sub(r"\s", "", match["digits"]).lower()
        if len(digits) == _LENGTH_OF_BITS[match["bits"]] and not digits.isdigit():
            cut.append(RecognisedValue(_KIND_OF_LENGTH[len(digits)], digits, *match.span("digits")))
    spans = [(found.start, found.end) for found in cut]
    whole = (
        RecognisedValue(_KIND_OF_LENGTH[len(match[0])], match[0].lower(), *match.span())
        for match in _HASH.finditer(text)
        if len(match[0]) in _KIND_OF_LENGTH and not match[0].isdigit() and len(set(match[0])) > 3
    )
    yield from sorted((*cut, *_free(spans, whole)), key=lambda found: found.start)


_DIGIT = re.compile(r"\d")


def _wallets(text: str) -> Iterator[RecognisedValue]:
    if not _DIGIT.search(text):  # every kind begins with one, or has it third
        return
    found = []
    for kind, pattern, valid in (
        ("btc", _BTC, checksums.bitcoin),
        ("eth", _ETH, checksums.ethereum),
        ("xmr", _XMR, checksums.monero),
    ):
        for match in pattern.finditer(text):
            if valid(match[0]):
                lower = kind == "eth" or match[0][:3].lower() == "bc1"
                found.append(RecognisedValue(kind, match[0].lower() if lower else match[0], *match.span()))
    yield from sorted(found, key=lambda candidate: candidate.start)
