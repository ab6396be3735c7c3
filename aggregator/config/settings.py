"""Every key of feeds.yaml as a type: what it may hold, its default, and one sentence for the reference.

The JSON Schema for editors and docs/configuration.md are generated from these classes. This module reads nothing;
`aggregator.config` does. A key that is absent in a feed takes the value in `defaults`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from aggregator.config.value_types import (
    SELECTION_NAME,
    SITE_LANGUAGE,
    AddressRange,
    Conditions,
    ConfigSection,
    CookieName,
    CookieValue,
    Duration,
    HeaderName,
    HeaderValue,
    HttpUrl,
    ProxyUrl,
    ServiceUrl,
    Tag,
    Target,
    Texts,
)
from aggregator.models import MediaPolicy, Republish
from aggregator.models.filters import NAMED, CombinedRules, Filter

_HERE = ("localhost", "127.0.0.1", "::1")
_OWN_DOCUMENT = re.compile(
    r"/*(index\.html)?|/+opml\.xml|/+(feed|health|search|(tags|sources|outputs|archive|stories)/.*)\.(atom|rss|json)"
)


class Site(ConfigSection):
    """How the output presents itself."""

    served: ClassVar[bool] = False
    """Whether our own server serves it: its pages link to Search and Status then."""

    title: str = Field("Security news", min_length=1, description="The title of the combined feed and of the mirror.")
    base_url: HttpUrl = Field(
        "http://127.0.0.1:8080/", description="Where the output is served; links between its documents begin with it."
    )
    author: str | None = Field(None, description="Named as the combined feed's author.")
    language: str = Field("en", pattern=SITE_LANGUAGE, description="BCP 47 tag of the site.")
    page_size: int = Field(100, ge=10, le=1000, description="Entries in a feed document and in an archive document.")
    page_bytes: int = Field(
        1_000_000,
        ge=100_000,
        le=100_000_000,
        description="Bytes of a feed document at most, uncompressed; archive documents take the rest.",
    )
    index: bool = Field(False, description="Whether search engines may index the mirror (default: noindex).")
    neighbour_links: Literal["rel", "iri"] = Field(
        "rel",
        description='How entries link to the next and previous post: `rel="next"`, or (iri) the address of that link '
        "type, of which the W3C validator does not warn, and which fewer programs know.",
    )
    hubs: tuple[HttpUrl, ...] = Field(
        (),
        max_length=5,
        description="WebSub hubs named in the feeds and notified of every change; `base_url` must be public.",
    )


class ServedSite(Site):
    """The same where our own server serves it."""

    served: ClassVar[bool] = True


class Network(ConfigSection):
    """Everything that goes out."""

    user_agent: str = Field(
        "security-feed-aggregator/0.1 (+https://github.com/security-feed-aggregator/security-feed-aggregator)",
        min_length=3,
        pattern=r"^[\x20-\x7e]+$",
        description="Sent with every request; name a URL or an address where a publisher can reach you.",
    )
    allow: tuple[Target, ...] = Field(
        (), description="Private networks, addresses or host names that may be reached. Empty: public addresses only."
    )
    proxy: ProxyUrl | None = Field(
        None, description="HTTP proxy for all requests (never taken from the environment). It resolves names, not we."
    )
    timeout_s: float = Field(30, gt=0, le=600, description="Seconds for one whole request: DNS to the last byte.")
    trust_clock: bool = Field(False, description="Go on with a clock that is years ahead of the servers' (`Date`).")
    max_bytes: int = Field(32 * 2**20, ge=1024, description="Largest feed document, decoded, in bytes.")
    max_article_bytes: int = Field(8 * 2**20, ge=1024, description="Largest article page, decoded, in bytes.")
    max_data_bytes: int = Field(
        128 * 2**20, ge=1024, description="Largest data file (EPSS, ATT&CK), decoded, in bytes."
    )
    max_image_bytes: int = Field(8 * 2**20, ge=1024, description="Largest image that is mirrored, in bytes.")
    per_host_interval_s: float = Field(2, ge=0, le=3600, description="Seconds between two requests to one host.")
    per_host_connections: int = Field(2, ge=1, le=16, description="Connections to one host at the same time.")
    threads: int = Field(16, ge=1, le=128, description="Requests under way at the same time, over all hosts.")


class FeedOptions(ConfigSection):
    """What can be set for all feeds under `defaults`, and for one feed beside its URL."""

    interval: Annotated[
        Literal["adaptive"] | Duration, Field(description="`adaptive` (from the feed's own rhythm), or a fixed time.")
    ] = "adaptive"
    min_interval: Duration = Field(timedelta(minutes=15), description="Never poll more often than this.")
    max_interval: Duration = Field(timedelta(days=1), description="Never wait longer than this.")
    full_text: Literal["always", "auto", "never"] = Field(
        "always", description="Fetch each entry's page: always; auto (unless the feed has the full text); never."
    )
    respect_robots: bool = Field(True, description="Ask robots.txt before an article or an image is fetched.")
    proxy: ProxyUrl | None = Field(None, description="HTTP proxy for the feed and its pages; default: `network.proxy`.")
    websub: bool = Field(
        True, description="Subscribe to the hub that a feed names: new posts come at once (`run`, public `base_url`)."
    )
    media: MediaPolicy = Field(
        "link",
        description="Images: link (readers load them from their origin); mirror (copies of ours); strip (none at all).",
    )
    keep: Annotated[
        Literal["forever"] | Duration,
        Field(description="How long an article's text is kept after it came in; title, link and teaser stay."),
    ] = "forever"
    keep_entries: Annotated[
        Literal["all"] | Annotated[int, Field(ge=1)],
        Field(description="Of how many of the feed's newest entries the text is kept; title, link and teaser stay."),
    ] = "all"
    max_entries: int = Field(
        500_000,
        ge=1,
        description="Entries of the feed at most; beyond them new ones are left out (`status` shows it).",
    )
    max_text_mb: int = Field(
        2_000, ge=1, description="Megabytes (MiB) of its texts at most, former versions included; likewise."
    )
    republish: Republish = Field(
        "full",
        description="What feeds and pages carry: full (text, images, files); excerpt (title, link, beginning); link.",
    )
    noarchive: Literal["excerpt", "link", "ignore"] = Field(
        "excerpt", description="The same for pages that ask not to be archived (robots meta, X-Robots-Tag)."
    )


class Feed(ConfigSection):
    """One source."""

    url: HttpUrl = Field(description="The feed's address.")
    name: str | None = Field(None, min_length=1, max_length=200, description="Its name; default: its own title.")
    tags: tuple[Tag, ...] = Field((), description="Groups that this feed belongs to; each has a feed of its own.")
    paused: bool = Field(False, description="Stop polling; keep what is stored.")
    user: str | None = Field(
        None, pattern=r"^[^:\x00-\x1f]+$", description="Sent with `password` (basic authentication) to this address."
    )
    password: str | None = Field(None, max_length=1000, description="That password; name it `${NAME}`.")
    user_agent: str | None = Field(
        None, min_length=3, pattern=r"^[\x20-\x7e]+$", description="Sent to this feed in place of `network.user_agent`."
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        {}, max_length=20, description="Header fields sent to this address; name secrets `${NAME}`."
    )
    cookies: dict[CookieName, CookieValue] = Field(
        {}, max_length=50, description="Cookies sent to this address, name and value; name secrets `${NAME}`."
    )
    interval: Literal["adaptive"] | Duration | None = Field(None, description="As in defaults.")
    min_interval: Duration | None = Field(None, description="As in defaults.")
    max_interval: Duration | None = Field(None, description="As in defaults.")
    full_text: Literal["always", "auto", "never"] | None = Field(None, description="As in defaults.")
    respect_robots: bool | None = Field(None, description="As in defaults.")
    proxy: ProxyUrl | None = Field(None, description="As in defaults.")
    websub: bool | None = Field(None, description="As in defaults.")
    media: MediaPolicy | None = Field(None, description="As in defaults.")
    keep: Literal["forever"] | Duration | None = Field(None, description="As in defaults.")
    keep_entries: Literal["all"] | Annotated[int, Field(ge=1)] | None = Field(None, description="As in defaults.")
    max_entries: int | None = Field(None, ge=1, description="As in defaults.")
    max_text_mb: int | None = Field(None, ge=1, description="As in defaults.")
    republish: Republish | None = Field(None, description="As in defaults.")
    noarchive: Literal["excerpt", "link", "ignore"] | None = Field(None, description="As in defaults.")

    @model_validator(mode="after")
    def _user_and_password(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` together")
        return self


PERSONAL = frozenset({"user", "password", "user_agent", "headers", "cookies"})
"""What is sent to one address alone: the feeds that a list names are others."""


class FeedList(Feed):
    """A list of feeds (OPML) kept elsewhere: its feeds are followed, with the options given here."""

    url: HttpUrl = Field(description="The list's address.")
    name: str | None = Field(None, min_length=1, max_length=200, description="How it is called; default: its address.")
    tags: tuple[Tag, ...] = Field((), description="Groups that its feeds belong to, beside their folders in the list.")
    paused: bool = Field(False, description="Keep following the feeds it has now; stop checking the list.")
    refresh: Duration = Field(timedelta(days=1), description="Time between two looks at it.")


class Followed(Feed):
    """A feed that a list names: `title` is what it is called there, `listed_in` the list's address."""

    title: str | None = None
    listed_in: str = ""


class Server(ConfigSection):
    """The web server of `run` and `serve`."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    token: str | None = Field(
        None,
        min_length=8,
        description="Ask everybody for it (as Bearer, or as the password of any user); name it `${NAME}`.",
    )
    user: str | None = Field(None, pattern=r"^[^:]+$", description="Ask everybody for this user's password.")
    password: str | None = Field(None, min_length=8, description="That password; name it `${NAME}`.")
    requests_per_minute: int = Field(
        600, ge=0, description="Requests that one client (an IPv4 address, an IPv6 /64) may make in a minute; 0: any."
    )
    trusted_proxies: tuple[AddressRange, ...] = Field(
        ("127.0.0.0/8", "::1"),
        description="Proxies whose X-Forwarded-For is believed. They themselves are not counted.",
    )

    @model_validator(mode="after")
    def _user_and_password(self) -> Server:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` together")
        return self


class Selection(Conditions):
    """Posts for which every condition that is given holds."""

    name: str = Field(pattern=SELECTION_NAME, description="How it is called; `a-z`, `0-9` and `-`.")
    cves: Texts = Field(
        (), description="Names one of these CVE numbers; `any`: names one; `exploited`: one exploited now."
    )
    cvss: float | None = Field(None, ge=0, le=10, description="Names a flaw with at least this CVSS score.")
    epss: float | None = Field(None, ge=0, le=1, description="Names a flaw with at least this EPSS score.")
    vendors: Texts = Field((), description="Names one of these vendors.")
    products: Texts = Field((), description="Names one of these products.")
    actors: Texts = Field((), description="Names one of these groups, by name or ATT&CK number.")
    software: Texts = Field((), description="Names one of these tools or malware, by name or ATT&CK number.")
    techniques: Texts = Field((), description="Names one of these ATT&CK techniques.")
    indicators: bool | None = Field(None, description="`true`: names an indicator; `false`: names none.")
    watch: Texts = Field((), description="Concerns one of these watchlists.")

    @property
    def filter(self) -> Filter:
        """The conditions as a value."""
        named = {name: getattr(self, name) for name in (*NAMED, "cves", "cvss", "epss", "indicators")}
        return Filter(self.tags, self.sources, self.words, self.without, self.query, self.languages, **named)


class Output(Selection):
    """A feed of your own making: posts for which every condition that is given holds, with a page."""

    name: str = Field(pattern=SELECTION_NAME, description="Its file name: `outputs/NAME.atom`; `a-z`, `0-9` and `-`.")
    title: str | None = Field(None, min_length=1, max_length=200, description="How it is called; default: its name.")
    max_age: Duration | None = Field(
        None, description="Published at most this long before the newest post of the archive."
    )
    content: Literal["full", "summary", "titles"] = Field("full", description="How much of each post it carries.")
    group: Literal["none", "story"] = Field(
        "none", description="story: all posts of one event are one entry, which keeps its id and date as it grows."
    )
    limit: int | None = Field(None, ge=1, le=1000, description="Entries at most; default: `site.page_size`.")

    @property
    def filter(self) -> Filter:
        """The conditions as a value."""
        return replace(super().filter, max_age=self.max_age)


class CombinedRule(Conditions):
    """Posts for which every condition that is given holds; at least one condition."""

    name: str | None = Field(None, pattern=SELECTION_NAME, description="What `output try combined` calls it.")

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not self.model_fields_set - {"name"}:
            raise ValueError("at least one condition: without one a rule would concern every post")
        return self

    @property
    def filter(self) -> Filter:
        """The conditions as a value."""
        return Filter(self.tags, self.sources, self.words, self.without, self.query, self.languages)


class Combined(ConfigSection):
    """Which posts the combined feed takes in. Rules cover posts published after they were added."""

    keep: tuple[CombinedRule, ...] = Field(
        (), description="Only posts that one of these rules matches are included; without any rule, all are."
    )
    mute: tuple[CombinedRule, ...] = Field((), description="Posts that one of these rules matches are excluded.")

    @property
    def rules(self) -> CombinedRules:
        """The rules as a value; those without a name are called by their numbers."""
        keep, mute = (
            tuple((one.name or f"rule {number}", one.filter) for number, one in enumerate(rules, 1))
            for rules in (self.keep, self.mute)
        )
        return CombinedRules(keep, mute)


class Notification(Selection):
    """A message about each new post for which every condition that is given holds."""

    to: tuple[ServiceUrl, ...] = Field(
        min_length=1,
        description="Where to, as URLs of Apprise (`ntfys://…`, `mailto://…`); each names a secret: write `${NAME}`.",
    )


class Upkeep(ConfigSection):
    """What `run` does every night, and `aggregator db upkeep` at once."""

    hour: int = Field(
        3, ge=0, le=23, description="Hour (UTC) in which it begins; the minute is the installation's own."
    )
    backups: int = Field(3, ge=0, le=1000, description="Backups kept in DATA/backups; 0: none are made.")
    backup_every: Duration = Field(
        timedelta(days=1), description="Time between two backups; at most one a night is made."
    )


ExportKind = Literal[
    "domain", "ipv4", "ipv6", "cidr", "url", "email", "md5", "sha1", "sha256", "sha512", "btc", "eth", "xmr"
]
DataUrl = HttpUrl | Literal[False]


class IntelFiles(ConfigSection):
    """Where the data files come from; `false` switches one off."""

    kev: DataUrl = Field(
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        description="Known exploited vulnerabilities (CISA), fetched every 6 hours.",
    )
    epss: DataUrl = Field(
        "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        description="Chances of exploitation (FIRST's EPSS), fetched daily.",
    )
    attack: DataUrl = Field(
        "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master/enterprise-attack/enterprise-attack.json",
        description="Techniques, groups and software (MITRE ATT&CK), fetched weekly.",
    )
    cves: DataUrl = Field(
        "https://cveawg.mitre.org/api/cve/",
        description="CVE records; the number is appended. Only numbers that an article names are fetched.",
    )
    warninglists: DataUrl = Field(
        "https://raw.githubusercontent.com/MISP/misp-warninglists/main/lists/",
        description="Values known to be harmless (MISP), fetched weekly; `NAME/list.json` is appended.",
    )
    galaxies: DataUrl = Field(
        "https://raw.githubusercontent.com/MISP/misp-galaxy/main/clusters/",
        description="Names of groups and ransomware (MISP), fetched weekly; `NAME.json` is appended.",
    )


class Exports(ConfigSection):
    """Indicators for machines, under `intel/` in the output."""

    formats: tuple[Literal["stix", "misp", "csv", "blocklists"], ...] = Field(
        ("stix", "misp", "csv", "blocklists"), description="Which of them are written."
    )
    days: int = Field(30, ge=1, le=3650, description="Only what was named in the last days.")
    articles: int = Field(1, ge=1, le=100, description="Only what so many different outlets named.")
    tlp: Literal["clear", "green", "amber", "red"] = Field("clear", description="How far they may be passed on.")
    kinds: tuple[ExportKind, ...] = Field(
        ("domain", "ipv4", "ipv6", "url", "email", "md5", "sha1", "sha256", "sha512"),
        description="Kinds of indicators.",
    )


class Intel(ConfigSection):
    """What articles name: data files, exports, and the operator's word."""

    good: Texts = Field((), description="Hosts, networks and hashes that are never indicators.")
    bad: Texts = Field((), description="Hosts, networks and hashes that are indicators wherever they occur.")
    files: IntelFiles = Field(IntelFiles(), description="Where the data files come from.")
    exports: Exports | None = Field(None, description="Indicators for machines. Without it there are none.")


class WatchedProduct(ConfigSection):
    """A product of a vendor."""

    vendor: str = Field(min_length=1, max_length=200, description="Its vendor.")
    product: str = Field(min_length=1, max_length=200, description="Its name.")


class Watch(ConfigSection):
    """What you run: articles about it are hits, with a feed, a page, and messages if wanted."""

    name: str = Field(pattern=SELECTION_NAME, description="How it is called; `a-z`, `0-9` and `-`.")
    cpes: Texts = Field((), description="CPE 2.3 names; short forms (`cpe:2.3:a:atlassian:confluence_server`) will do.")
    purls: Texts = Field((), description="Package URLs, such as `pkg:npm/express`.")
    products: tuple[WatchedProduct, ...] = Field((), description="Products by vendor and name.")
    words: Texts = Field(
        (), description="Words or phrases, known as a product or not; `fleet-sync*`: words beginning so."
    )
    cves: Texts = Field((), description="CVE numbers.")
    files: Texts = Field((), description="CycloneDX or SPDX JSON files, relative to this file: their components.")
    exploited: Literal["any"] | None = Field(None, description="`any`: only when a flaw of it is exploited now.")
    to: tuple[ServiceUrl, ...] = Field(
        (), description="Where messages go, as in `notifications`. Without it there is a feed and a page."
    )


class Config(ConfigSection):
    """feeds.yaml."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["feeds"]}, {"required": ["lists"]}]})

    site: Site = Field(Site(), description="How the output presents itself.")
    network: Network = Field(Network(), description="Everything that goes out.")
    server: Server = Field(Server(), description="The web server.")
    upkeep: Upkeep = Field(Upkeep(), description="Retention, backups and what else is done at night.")
    defaults: FeedOptions = Field(FeedOptions(), description="Options of every feed that does not set its own.")
    rules: Texts = Field(
        (), description="Folders with rules for sites (see rules.md), relative to this file; the first with one counts."
    )
    feeds: tuple[Feed, ...] = Field((), description="The sources.")
    lists: tuple[FeedList, ...] = Field((), description="Lists of feeds kept elsewhere, followed as they change.")
    combined: Combined = Field(Combined(), description="Which posts the combined feed takes in.")
    outputs: tuple[Output, ...] = Field((), description="Feeds of your own making, beside those of tags and sources.")
    notifications: tuple[Notification, ...] = Field((), description="Messages about new posts, to people or programs.")
    intel: Intel = Field(Intel(), description="What articles name, and what is exploited now.")
    watch: tuple[Watch, ...] = Field((), description="What you run: articles about it are marked and told.")

    _hints: tuple[str, ...] = PrivateAttr(())

    @property
    def hints(self) -> tuple[str, ...]:
        """What could be better in the file: keys that have no effect any more."""
        return self._hints

    def hinted(self, hints: Iterable[str]) -> Self:
        """The same with these hints."""
        self._hints = tuple(hints)
        return self

    def as_served(self) -> Self:
        """The same for an output that our own server serves."""
        return self.model_copy(update={"site": ServedSite.model_construct(**dict(self.site))})

    def options(self, feed: Feed) -> FeedOptions:
        """The options in force for one feed: its own where set, else the defaults."""
        own = {key: value for key in FeedOptions.model_fields if (value := getattr(feed, key)) is not None}
        return self.defaults.model_copy(update=own)

    def is_own_output(self, url: str) -> bool:
        """Whether what stands at `url` is a document of ours, which is not to be read again."""
        parts, base = urlsplit(url), urlsplit(self.site.base_url)
        try:
            folder = base.path.rstrip("/")
            if (parts.hostname, parts.port) == (base.hostname, base.port):
                path = parts.path.removeprefix(folder) if parts.path.startswith(f"{folder}/") else "elsewhere"
            elif parts.port == self.server.port and parts.hostname in {self.server.host, *_HERE}:
                path = parts.path
            else:
                return False
        except ValueError:
            return False
        return _OWN_DOCUMENT.fullmatch(path) is not None

    def images_leave(self) -> bool:
        """Whether anything in the output makes a reader's program load images from elsewhere (`media: link`)."""
        return "link" in {self.defaults.media, *(self.options(feed).media for feed in (*self.feeds, *self.lists))}
