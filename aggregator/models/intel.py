"""What an article names: facts with their places, and what the data files know of a vulnerability."""

from __future__ import annotations

from dataclasses import dataclass

IDENTIFIERS = ("cve", "ghsa", "cwe", "technique", "tactic", "campaign")
NAMES = ("actor", "software", "vendor", "product")
NETWORK = ("ipv4", "ipv6", "cidr", "domain", "url", "email")
HASHES = ("md5", "sha1", "sha256", "sha512")
WALLETS = ("btc", "eth", "xmr")
JUDGED = frozenset(NETWORK + HASHES + WALLETS)
"""The kinds that are judged: each value is an indicator or a mention, with the reason."""

KINDS = IDENTIFIERS + NAMES + NETWORK + HASHES + WALLETS


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: offsets in code points of the field as given; `seen` is the slice, letter for letter."""

    field: str  # "title" or "text"
    start: int
    end: int
    seen: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that one article names.

    `value` is canonical and refanged, `shown` is the first spelling in the article. `indicator` and `why` are set for
    network values, hashes and wallets; for a mention, `why` is the reason that it is not an indicator.
    """

    kind: str
    value: str
    shown: str
    places: tuple[Place, ...]
    count: int = 1
    indicator: bool = False
    why: str = ""
    name: str | None = None
    attack_id: str | None = None
    replaced_by: str | None = None
    port: int | None = None
    scheme_assumed: bool = False
    confidence: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one fact of its article."""
        return self.kind, self.value


@dataclass(frozen=True, slots=True)
class Name:
    """What a name stands for: an actor, a piece of software, a vendor, or a product of a vendor.

    `stix_id` is that of ATT&CK's own object. `loose_aliases` are a galaxy's: many are words of the language, so that
    they count only with a cue; a `loose` name has no others.
    """

    kind: str
    value: str
    attack_id: str | None = None
    vendor: str | None = None
    aliases: tuple[str, ...] = ()
    stix_id: str | None = None
    loose_aliases: tuple[str, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class AttackObject:
    """A technique, tactic, campaign, group or tool of ATT&CK; revoked ones, too, with the number of their heir."""

    number: str
    kind: str
    name: str
    stix_id: str
    aliases: tuple[str, ...] = ()
    revoked: bool = False
    replaced_by: str | None = None
    type: str = ""
    """ATT&CK's own type (`malware`, `tool` …), and its own dates: a bundle has to repeat them."""
    created: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class WarningList:
    """A list of values that are known good, or known to be nobody's: its name and type as MISP has them."""

    name: str
    kind: str  # string, hostname, cidr, substring, regex
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KevEntry:
    """A vulnerability that is known to be exploited, as CISA's catalogue has it (dates: YYYY-MM-DD)."""

    cve: str
    vendor: str
    product: str
    title: str
    added: str
    due: str | None
    ransomware: bool


@dataclass(frozen=True, slots=True)
class Cvss:
    """A score: of the CNA, else of an ADP; of several versions the newest."""

    score: float
    version: str
    severity: str
    vector: str | None
    by: str  # "cna" or "adp"


@dataclass(frozen=True, slots=True)
class Affected:
    """What a CVE record calls affected."""

    vendor: str | None
    product: str | None
    purl: str | None = None
    package: str | None = None
    collection: str | None = None
    cpes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CveRecord:
    """A CVE record, as far as it is used."""

    cve: str
    state: str  # "published" or "rejected"
    title: str | None
    published: str | None
    cvss: Cvss | None
    ssvc: str | None  # "none", "poc" or "active"
    kev_added: str | None
    affected: tuple[Affected, ...]
    cwes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Epss:
    """A forecast: the chance of being exploited in the next thirty days, and the share of CVEs with a lower one."""

    score: float
    percentile: float
    date: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """What the data files know of a CVE number; None where they know nothing."""

    cve: str
    state: str | None = None
    title: str | None = None
    published: str | None = None
    exploited: bool = False
    exploited_by: str | None = None
    kev: KevEntry | None = None
    epss: Epss | None = None
    cvss: Cvss | None = None
    ssvc: str | None = None
    affected: tuple[Affected, ...] = ()
    cwes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """The article that facts are looked for in.

    `links` are the addresses that its own links lead to; `own` are the hosts of its outlet (feed, home page, source).
    """

    text: str
    title: str = ""
    url: str = ""
    links: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    published: str | None = None


@dataclass(frozen=True, slots=True)
class ExportedArticle:
    """An article as the exports for machines have it (`published`: UTC, ISO 8601 with `Z`)."""

    id: str
    title: str
    url: str
    published: str
    facts: tuple[Fact, ...]
    outlet: str = ""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who exports: the site, and how freely its exports may be passed on (clear, green, amber, red)."""

    name: str
    url: str
    tlp: str = "clear"
