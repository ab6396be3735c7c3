"""Indicator or mention: one value, at one place, with the reason.

The rules are asked in a fixed order and the first that applies decides. A rule about the value itself (reserved,
the outlet's own, known good) holds for all its places; the others look at the place alone: its words, its line, its
table, the heading above. What stands in other paragraphs changes nothing. Values are not looked up anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aggregator.intel.hosts import is_reserved_address, is_reserved_name, registrable, shared_suffix
from aggregator.intel.known import KnownValues, own
from aggregator.intel.layout import Layout, Section, TextLine, pattern
from aggregator.intel.surroundings import FILE_WORDS, TYPE_CELL, cells_beside, column_of, label_before
from aggregator.intel.values import RecognisedValue
from aggregator.models.intel import HASHES, WALLETS

LISTED, PROSE = 80, 50
"""Confidence (0 to 100): defanged or in a list of indicators, and told in a sentence."""

NEAR = 90
"""Characters before a value in which a sentence's cue is looked for."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a value is an indicator where it stands, and why. `final` verdicts hold for all places of the value."""

    indicator: bool
    why: str
    confidence: int | None = None
    final: bool = False


@dataclass(frozen=True)
class Bench:
    """What the values of one article are judged with."""

    known: KnownValues = field(default_factory=own)
    own: frozenset[str] = frozenset()
    """Registrable domains of the outlet, the feed and the source."""
    linked: frozenset[str] = frozenset()
    """Hosts, registrable domains and addresses (without scheme and last slash) that the article's links lead to."""
    good: frozenset[str] = frozenset()
    bad: frozenset[str] = frozenset()
    """The operator's words."""


def bench(
    known: KnownValues,
    url: str,
    hosts: Sequence[str],
    links: Sequence[str],
    good: Sequence[str] = (),
    bad: Sequence[str] = (),
) -> Bench:
    """A bench for an article at `url` of an outlet with these `hosts`, whose links lead to `links`."""
    outlets = {registrable(name) for name in (_host(url), *map(_host, hosts)) if name}
    linked: set[str] = set()
    for link in links:
        name = _host(link)
        if not name:
            continue
        linked.add(plain_url(link))
        found = known.host(name)
        if not shared_suffix(name) and (found is None or not found.shared):
            linked.update((name, registrable(name)))
    return Bench(
        known, frozenset(outlets), frozenset(linked), frozenset(map(str.lower, good)), frozenset(map(str.lower, bad))
    )


def plain_url(url: str) -> str:
    """A URL as two are compared: without scheme and last slash, its host in lower case."""
    rest = url.partition("://")[2] or url
    host, slash, path = rest.partition("/")
    return (host.lower() + slash + path).rstrip("/")


def _host(url: str) -> str:
    try:
        return (urlsplit(url if "://" in url else f"//{url}").hostname or "").lower()
    except ValueError:
        return ""


def by_value(found: RecognisedValue, judge: Bench) -> Judgement | None:
    """What the value alone decides: the operator, reserved, the outlet's own, linked, known good."""
    host = found.host or (found.value if found.kind == "domain" else "")
    names = {found.value.lower(), plain_url(found.value), host, registrable(host) if host else ""} - {""}
    if names & judge.good or _in_networks(found, judge.good):
        return Judgement(False, "the operator calls it good", final=True)
    if names & judge.bad or _in_networks(found, judge.bad):
        return Judgement(True, "the operator calls it bad", LISTED, final=True)
    if found.kind in HASHES:
        name = judge.known.hashes.get(found.value)
        return Judgement(False, f"known good: {name}", final=True) if name else None
    if found.kind in WALLETS:
        return None
    return _address(found, host, judge) or (_name(found, host, judge) if host else None)


def _in_networks(found: RecognisedValue, words: frozenset[str]) -> bool:
    import ipaddress

    value = found.value if found.kind in {"ipv4", "ipv6", "cidr"} else found.host
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return False
    for word in words:
        try:
            other = ipaddress.ip_network(word, strict=False)
        except ValueError:
            continue
        if other.version == network.version and network.subnet_of(other):  # type: ignore[arg-type]
            return True
    return False


def _address(found: RecognisedValue, host: str, judge: Bench) -> Judgement | None:
    """The same for an address, alone or as the host of a URL."""
    value = found.value if found.kind in {"ipv4", "ipv6", "cidr"} else host
    if not value or not (value[-1].isdigit() or ":" in value):
        return None
    if is_reserved_address(value):
        return Judgement(False, "a reserved, private or documentation address", final=True)
    if plain_url(found.value) in judge.linked or value in judge.linked:
        return Judgement(False, "a link of the article leads there", final=True)
    if found.kind != "url" and (name := judge.known.address(value)):
        return Judgement(False, f"known good: {name}", final=True)
    return None


def _name(found: RecognisedValue, host: str, judge: Bench) -> Judgement | None:
    if host[-1].isdigit():
        return None
    if is_reserved_name(host):
        return Judgement(False, "a reserved name", final=True)
    domain = registrable(host)
    if domain in judge.own and (not shared_suffix(host) or host in judge.own):
        return Judgement(False, "the outlet's own", final=True)
    if found.kind == "email":
        return _mail(found, host, judge)
    match = judge.known.host(host)
    strangers = match is not None and match.shared
    if plain_url(found.value) in judge.linked or (not strangers and (host in judge.linked or domain in judge.linked)):
        return Judgement(False, "a link of the article leads there", final=True)
    if match is None:
        return None
    if match.service:
        return Judgement(False, f"known good: {match.entry} is on {match.name}", final=True)
    bare = found.kind == "domain" or len(found.value.partition("://")[2].partition("/")[2]) == 0
    if match.shared:
        if bare and match.entry == host:
            return Judgement(False, f"shared hosting: {match.entry} is on {match.name}", final=True)
        return None
    return Judgement(False, f"known good: {match.entry} is on {match.name}", final=True) if bare else None


def _mail(found: RecognisedValue, host: str, judge: Bench) -> Judgement | None:
    if name := judge.known.mail(found.value):
        return Judgement(False, f"a contact address: warning list {name}", final=True)
    match = judge.known.host(host)
    if match and match.service:
        return Judgement(False, f"known good: {match.entry} is on {match.name}", final=True)
    return Judgement(False, "a link of the article leads there", final=True) if host in judge.linked else None


_RUN = re.compile(
    r"[\s,;/&\"'“”‘’()]*(?:(?:and|or|as well as|und|oder|et|ou|y|e|o|и)\s)?(?:(?:the|its|their) )?(?:(?:domains?|ips?|ip address(?:es)?|urls?|hosts?|servers?) )?[\s\"'“”(]*"
)
"""What stands between the values of a run (`a, b and c`)."""

MAX_RUN = 400
"""Characters of a run of values on either side of one of them."""


def run_around(found: RecognisedValue, page: Layout, spans: Sequence[tuple[int, int]], index: int) -> tuple[int, int]:
    """Where the run of values begins and ends that the value at `spans[index]` stands in, within its line."""
    line = page.line(found.start)
    start, end = found.start, found.end
    for first, last in reversed(spans[max(0, index - 12) : index]):
        if (
            last > start
            or first < max(line.start, found.start - MAX_RUN)
            or not _RUN.fullmatch(page.lower, last, start)
        ):
            break
        start = first
    for first, last in spans[index + 1 : index + 13]:
        if first < end or last > min(line.end, found.end + MAX_RUN) or not _RUN.fullmatch(page.lower, end, first):
            break
        end = last
    return start, end


def by_place(found: RecognisedValue, page: Layout, run: tuple[int, int]) -> Judgement:
    """What the place of a value decides; `run` is where the run of values begins and ends that it stands in."""
    line = page.line(found.start)
    first, last = page.sentence(*run)
    before = page.lower[first : run[0]]
    after = page.lower[run[1] : last]
    around = f"{before} {after}"
    if verdict := _not_harmful(found, before, after):
        return verdict
    if verdict := _reference(found, page, line):
        return verdict
    column = column_of(page, line, found.start)
    if found.defanged:
        return Judgement(True, f"defanged{_listed_in(line)}", LISTED)
    if column and pattern("columns", "mentions").fullmatch(column):
        return Judgement(False, f"in a column “{column}”")
    label = label_before(page, line, run[0])
    if label and pattern("labels", "mentions").fullmatch(label):
        return Judgement(False, f"after the label “{label}”")
    if verdict := _listed(found, page, line, column, label):
        return verdict
    return _told(found, before, after, around)


_LEGITIMATE = re.compile(
    r"(?:\b(?:legitimate|legit|genuine|benign|official|real|authentic|original|impersonat(?:es?|ed|ing)|mimick?(?:s|ed|ing)|spoof(?:s|ed|ing)|copies|posed as|posing as|"
    r"pretend(?:s|ed|ing) to be|masquerad(?:es?|ed|ing) as|imitat(?:es?|ed|ing)|looks? like|instead of|rather than|not to be confused with|"
    r"legitime[ns]?|echten?|offiziellen?|légitime|officiel|legítim[oa]|oficial|legittim[oa]|ufficiale)\b(?! (?:by|von|par|por|da)\b)"
    r"(?: (?:the|a|an|its|their|die|das|der|le|la|el|il))*(?: [a-z0-9'&.-]+){0,3}|"
    r"\b(?:fixed|patched|repaired|clean|updated|corrected) (?:files?|versions?|builds?|packages?|releases?|binar(?:y|ies)|installers?|dll)(?: [a-z0-9().-]+){0,4})"
    r"[ :(\[\"'“‘-]*$"
)
_REDIRECTED = re.compile(r"\b(?:to|from|at|on|via|c2|domain of)\b[^.]{0,8}$")
_NO_FILE = re.compile(
    r"\b(?:commits?|revisions?|changesets?|git|certificates?|cert|thumbprints?|fingerprints?|serial(?: numbers?)?|transactions?|txids?|tx|sessions?|"
    r"(?:api|public|private|encryption|decryption|aes|rc4|xor|licen[cs]e|registry|master|signing) keys?|keys?|tokens?|cookies?|guids?|uuids?|block|nonce|iv|salt|password|client id|"
    r"machine id|bot id|mutex|watermark|imphash|rich header|ja3s?|jarm|ssdeep|zertifikats?|schlüssel|certificat|clé|certificado|clave|chave|certificato|chiave)\b"
)
_FILE = re.compile(
    r"\b(?:files?|samples?|hash(?:es)?|malware|payloads?|droppers?|downloaders?|loaders?|binar(?:y|ies)|dlls?|exes?|executables?|apks?|archives?|documents?|attachments?|"
    r"ransomware|scripts?|lnks?|implants?|backdoors?|trojans?|stealers?|rats?|miners?|worms?|zips?|docs?|docx|xlsm?|pdfs?|msi|iso|module|plugin|variant|"
    r"beacons?|shellcode|webshells?|rootkits?|botnets?|elf|pe|jar|datei(?:en)?|fichiers?|archivos?|arquivos?|файл[аы]?)\b"
)
_HASH_NAME = re.compile(r"\b(?:md5|sha-?1|sha-?256|sha-?512|hash(?:es)?|checksum)\b")


def _not_harmful(found: RecognisedValue, before: str, after: str) -> Judgement | None:
    """Rules 5 and 6: the words right before it call it legitimate, or a hash of something that is no file."""
    if match := _LEGITIMATE.search(before[-NEAR:]):
        word = match[0].strip(" :(\"'“‘-[").split(" ")[0]
        if found.kind not in WALLETS and not re.search(r"\b(?:c2|malicious|fake|phishing|attacker)", match[0]):
            return Judgement(False, f"called “{word}”")
    if found.kind not in HASHES:
        return None
    near = before[-NEAR:]
    words = [(match.end(), match[0]) for match in _NO_FILE.finditer(near)]
    if words:
        file_words = [match.end() for match in _FILE.finditer(near) if not _HASH_NAME.fullmatch(match[0])]
        if not file_words or max(file_words) < words[-1][0]:
            return Judgement(False, f"a hash of no file: “{words[-1][1]}”")
    if match := re.match(
        r"\W{0,3}(?:is |was )?(?:the |a )?(commit|thumbprint|certificate|transaction|serial)\b", after
    ):
        return Judgement(False, f"a hash of no file: “{match[1]}”")
    return None


_REFERENCE_LINE = re.compile(r"\s*(?:\[\^?\d{1,3}\]:?|\(\d{1,3}\)|\d{1,3}[.)]|[*•-])?\s*(?:[^|]{0,200}?[,.:–-]\s*)?<?$")
_NUMBERED = re.compile(r"\s*(?:\[\^?\d{1,3}\]|<)")


def _reference(found: RecognisedValue, page: Layout, line: TextLine) -> Judgement | None:
    named = found.kind in {"url", "domain", "email"} or not found.defanged
    if line.section is Section.REFERENCES and named and found.kind not in HASHES and found.kind not in WALLETS:
        return Judgement(False, f"below the heading “{line.heading}”")
    if found.kind == "url" and not found.defanged:
        before = page.text[line.start : found.start]
        if _NUMBERED.match(before) and _REFERENCE_LINE.fullmatch(before):
            return Judgement(False, "a numbered reference")
    return None


def _listed_in(line: TextLine) -> str:
    return f"; below “{line.heading}”" if line.section is Section.INDICATORS and line.heading else ""


def _listed(found: RecognisedValue, page: Layout, line: TextLine, column: str, label: str) -> Judgement | None:
    """Rule b: below a heading of indicators, in a table that says so, after such a label."""
    labelled = bool(label and pattern("labels", "indicators", ends=True).search(label))
    if line.section is Section.OTHERS and line.heading and _others(line) and not (labelled and found.kind in HASHES):
        return None
    if labelled:
        return Judgement(True, f"after the label “{label}”", LISTED)
    if label and found.kind in {"ipv4", "ipv6", "cidr"} and pattern("labels", "sources").fullmatch(label):
        return Judgement(True, f"after the label “{label}”", LISTED)
    if line.columns and (verdict := _in_table(page, line, found, column)):
        return verdict
    if line.section is Section.INDICATORS and not line.heads:
        if (
            column
            and not pattern("columns", "indicators").search(column)
            and found.kind in {"domain", "url"}
            and pattern("columns", "mentions").search(column)
        ):
            return None
        return Judgement(True, f"in a list below “{line.heading}”", LISTED)
    return None


def _others(line: TextLine) -> bool:
    return pattern("headings", "others").search(line.heading.lower()) is not None


def _in_table(page: Layout, line: TextLine, found: RecognisedValue, column: str) -> Judgement | None:
    columns = line.columns
    if any(
        pattern("columns", "mentions").fullmatch(name)
        and re.search(
            "compan|organi|victim|vendor|customer|bank|legit|fixed|patch|institution|school|hospital|unternehmen|opfer|hersteller|empresa",
            name,
        )
        for name in columns
    ):
        return None
    if column and FILE_WORDS.search(column) and found.kind not in HASHES:
        return None
    if column and pattern("columns", "indicators").search(column) and not pattern("columns", "mentions").search(column):
        return Judgement(True, f"in a column “{column}”", LISTED)
    for cell in cells_beside(page, line, found):
        if TYPE_CELL.fullmatch(cell):
            return Judgement(True, f"in a table beside “{cell}”", LISTED)
    return None


_REMEDY = re.compile(
    r"\b(?:install|upgrad(?:e|ing)|updat(?:e|es|ing) (?:to|from|is|are|at)|patch(?:es)? (?:is|are|at|from)|fix(?:es)? (?:is|are|at)|run this|to fix|to patch|available (?:at|from|on|via)|"
    r"more (?:at|on|information)|see (?:also)?|visit|according to|report(?:ed)? (?:by|at|on)|published (?:at|on|by)|documentation|advisory|learn more|sign up|contact|official|vendor says|"
    r"workaround|mitigat\w+|download the (?:fix|patch|update|latest))\b"
)
_VICTIM = re.compile(
    r"\b(?:users?|customers?|clients?|visitors?|employees|accounts?|victims?|owners?|readers?|subscribers|admin(?:istrator)?s?) (?:of|at|from)\b[^,.]{0,20}$"
)
_THING = (
    r"[ ,:;(\"'“‘\[-]*(?:(?:the |an? |its |their )?(?:domains?|servers?|hosts?|sites?|urls?|ip(?: address(?:es)?)?|address(?:es)?|ips?|port|remote server|websites?)[ ,:(\"'“‘-]*)?"
    r"(?:(?:at|on|named|called|is) )?$"
)
"""What may stand between a cue and its value."""

_DID = re.compile(
    r"(?:\b(?:c2|c&c|cnc|command[- ](?:and|&)[- ]control|control(?= server))(?: (?:servers?|domains?|hosts?|address(?:es)?|ips?|infrastructure|panels?|urls?|traffic|communications?|points?))*(?:,? (?:is|was|were|are|ist|war|est|es|è|é|at|on|of|to|with|from|located at|hosted (?:at|on)|named|called|namely|using|over))*"
    r"|\bexfiltrat\w+(?: [\w'-]+){0,6} (?:to|via|through)"
    r"|\b(?:beacon(?:s|ed|ing)?|calls? (?:home|back)|phon(?:es?|ed|ing) home)(?: [\w'-]+){0,4} (?:to|with)"
    r"|\b(?:phishing|fake|bogus|rogue|spoofed|counterfeit|malicious|lookalike|look-alike|typosquat(?:ted|ting)?|fraudulent|scam|attacker[- ](?:controlled|owned|operated|registered)|actor[- ]controlled|hacker[- ]controlled|malware|leak|exploit)"
    r"(?: (?:the|login|web|shop|landing|download|kit|update|support|banking|payment|e-?mail|windows|software|ransomware))*[ -](?:sites?|websites?|pages?|domains?|portals?|shops?|stores?|urls?|servers?|hosts?|address(?:es)?|ips?|links?|infrastructure|senders?)(?:,? (?:is|was|were|are|at|on|of|from|named|called|such as|like|including|hosted (?:at|on)|under|to))*"
    r"|\b(?:phishing|malicious|scam|fraudulent|extortion)(?: e-?)? ?(?:mails?|messages?)(?: [\w'-]+){0,5} (?:come|came|sent|coming|arrive[sd]?) from|\bmailed(?: [\w'-]+){0,2} from"
    r"|\btraced (?:back )?to|\b(?:scans?|attacks?|attempts?|probes?|exploitation|brute[- ]force \w+)(?: [\w'-]+){0,5} (?:came|come|originat\w+|seen|coming|stem\w*|arriv\w+|observed) from|\b(?:scans?|scanning|probes?) from"
    r"|(?:^|\b(?:should|must|to|and|defenders|administrators|admins|recommend\w*|advis\w+) )(?:block|sinkhole|blocklist|blacklist)(?: (?:the|all|any|traffic|to|from|access|connections|ip|ips|address|addresses|domain|domains|and|or|outbound|inbound|requests))*"
    r"|\b(?:attackers?|hackers?|threat actors?|gang|crooks|criminals)(?:'s?|’s?)? (?:registered|controls?|controlled|owned?|operated?|operates|set up|bought)(?: (?:the|a|an|two|three|several|domains?|servers?|hosts?|ip|address(?:es)?|of|at|named|called))*"
    r"|\b(?:attacker|hacker|malicious|threat actor)(?:'s?|’s?)?(?:-controlled| controlled)?(?: (?:ip|c2|server|host|domain|infrastructure|address(?:es)?|machine))+(?:,? (?:is|was|at|of|with))*)"
    + _THING
)
"""What a value did, whatever else the sentence says."""

_MAY_HAVE_DONE = re.compile(
    r"(?:\b(?:sends?|sent|sending|uploads?|uploaded|uploading|posts?|posted|leaks?|leaked|transmit\w*|forward\w*)(?: [\w'-]+){0,6} to"
    r"|\b(?:downloads?|downloaded|downloading|fetch(?:es|ed|ing)?|retriev(?:es?|ed|ing)|pulls?|pulled|loads?|loaded|loading|drops?|dropped|grabs?|obtain(?:s|ed)?|receiv(?:es?|ed)|came|comes)(?: [\w'.-]+){0,7} (?:from|at|via)"
    r"|\b(?:calls? out|connect(?:s|ed|ing|ion|ions)?(?: back)?|communicat(?:es?|ed|ing)|reach(?:es|ed|ing)? out|talks?|reports? back|resolv(?:es?|ed|ing))(?: [\w'-]+){0,4} (?:to|with)"
    r"|\b(?:requests|connections|traffic|logins?|activity|e-?mails?|mails?|messages?|spam)(?: [\w'-]+){0,5} (?:come|came|sent|coming|arrive[sd]?|originat\w+|seen|observed) from"
    r"|\b(?:hosted|host|stored|staged|served) (?:at|on|from)|\bredirect(?:s|ed|ing)?(?: [\w'-]+){0,5} to|\bpoint(?:s|ed|ing)? to"
    r"|\b(?:block|blocking)(?: (?:the|all|any|traffic|to|from|access|connections|ip|ips|address|addresses|domain|domains|and|or|outbound|inbound|requests))*"
    r"|\b(?:group|operators?|actors?|they) (?:used|use|uses)(?: (?:the|a|an|two|three|several|domains?|servers?|hosts?|ip|address(?:es)?|of|at|named|called))*)"
    + _THING
)
"""What harmless hosts do as well: it counts only in a sentence about an attack."""

_ATTACK = re.compile(
    r"\b(?:malware|malicious|payloads?|attack\w*|hackers?|threat actors?|implants?|trojans?|backdoors?|ransomware|loaders?|droppers?|stealers?|infostealers?|botnets?|bots?|beacons?|samples?|shellcode|macros?|infected|"
    r"compromised|exploit\w*|c2|c&c|worms?|spyware|rootkits?|miners?|stagers?|second[- ]stage|webshells?|shells?|powershell|stolen|phish\w*|credentials|keylog\w*|skimmers?|dll|executables?|script(?= (?:is|was|then|that))|crooks|criminals|gang)\b"
)


_DONE_TO_IT = re.compile(
    r"[\"'”’)]*,? (?:(?:which|that) )?(?:is|was|were|are|has been|had been|have been)? ?(?:registered|controlled|operated|owned|set up|used|run|bought) (?:by|for) (?:the )?(?:attackers?|hackers?|actors?|threat actors?|gang|group|criminals|operators?|c2|command)"
    r"|[\"'”’)]*,? (?:is|was|as|serves? as|served as|acts? as|acted as) (?:the|a|an|its|their)? ?(?:c2|c&c|command[- ]and[- ]control|exfiltration|phishing|malicious|fake|drop)"
    r"|[\"'”’]* \((?:c2|c&c|phishing|malicious|fake)\b"
)
_PAYMENT = re.compile(
    r"\b(?:sends?|pay(?:s|ment|ments)?|paid|ransom|note|wallets?|transfer(?:red)?|deposit|demand\w*|extort\w*|attackers?|gang|address|btc|bitcoins?|monero|xmr|eth(?:er|ereum)?|cryptocurrency|coins|victims?|mining|miner|lösegeld|rançon|rescate|riscatto|resgate|выкуп)\b"
)
_DONATION = re.compile(r"\b(?:donat\w+|tips?|support us|sponsor|spenden?|dons?|donaciones)\b")


def _told(found: RecognisedValue, before: str, after: str, around: str) -> Judgement:
    """Rules c and d: what the sentence says that the value did, else it is a mention."""
    if found.kind in WALLETS:
        return _wallet(around)
    if found.kind in HASHES:
        return _hash(before, after)
    if found.kind in {"domain", "url"} and (found.host or found.value).endswith(".onion"):
        return Judgement(True, "an onion service", LISTED)
    if _REMEDY.search(around):
        return Judgement(False, "mentioned in passing: the sentence tells a remedy or a source")
    near = before[-160:]
    match = None if _VICTIM.search(near) else _DID.search(near)
    if match is None and not _VICTIM.search(near) and _ATTACK.search(around):
        match = _MAY_HAVE_DONE.search(near)
    if match:
        cue = " ".join(match[0].split()[:3]).strip(" ,:(\"'“‘")
        return Judgement(True, f"in a sentence that says what it did: “{cue}”", PROSE)
    if match := _DONE_TO_IT.match(after):
        return Judgement(True, f"in a sentence that says what it is: “{match[0].strip(' ,()')}”", PROSE)
    return Judgement(False, "mentioned in passing")


def _wallet(around: str) -> Judgement:
    if _DONATION.search(around):
        return Judgement(False, "a wallet for donations")
    if _PAYMENT.search(around):
        return Judgement(True, "a wallet with a valid checksum, as a payment address", PROSE)
    return Judgement(False, "mentioned in passing")


def _hash(before: str, after: str) -> Judgement:
    if _REMEDY.search(before) or re.search(r"\b(?:verif(?:y|ied)|authentic|official|genuine)\b", before + after):
        return Judgement(False, "the hash of a file that is meant to be there")
    if _FILE.search(before) or _HASH_NAME.search(before[-30:]) or _FILE.search(after[:60]):
        return Judgement(True, "the hash of a file", PROSE)
    if not before.strip(" *•-\t\"'“") and not after.strip(" *•-\t\"'”"):
        return Judgement(True, "the hash of a file, on a line of its own", PROSE)
    return Judgement(False, "mentioned in passing")
