"""Kinds of values in feeds.yaml: durations, URLs, words, networks; and what is said when one is wrong."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from aggregator.models.filters import query_problem

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


_DURATION = re.compile(r"(\d+)\s*([smhd])")


MAX_DURATION = timedelta(days=3650)


SITE_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"


SELECTION_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


TAG = r"^[\w][\w .+-]{0,63}$"


SERVICE = r"^[a-z][a-z0-9+.-]*://\S+$"


HEADER_NAME = (
    r"^(?i:(?!(?:host|connection|content-length|transfer-encoding|te|upgrade|accept-encoding|range|if-[a-z-]+"
    r"|authorization|cookie|user-agent)$)[!#$%&'*+.^_`|~0-9a-z-]{1,100})$"
)


COOKIE_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$"


COOKIE_VALUE = r"^[\x21-\x3a\x3c-\x7e]{0,4000}$"


HEADER_VALUE = r"^[\x20-\x7e]{1,4000}$"


IN_WORDS = {
    HEADER_NAME: "a header field such as X-Api-Key (`user`, `cookies` and `user_agent` are keys of their own)",
    COOKIE_NAME: "the name of a cookie",
    COOKIE_VALUE: "the value of a cookie: printable ASCII without blanks and semicolons",
    HEADER_VALUE: "printable ASCII on one line",
    SITE_LANGUAGE: "a language tag such as en or de-AT",
    LANGUAGE: "a language tag such as en or de-AT",
    SELECTION_NAME: "a name of a-z, 0-9 and -, such as edge-devices (`title` takes any text)",
    TAG: "a word or a few: letters, digits, spaces and any of . + - _",
    SERVICE: "a URL of Apprise, such as ntfys://…",
}
"""What a pattern asks for, as it is said to people."""


def parse_duration(value: object) -> timedelta:
    """`90s`, `15m`, `1h`, `2d` -> timedelta; ValueError says what was expected."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("a duration such as 90s, 15m, 1h or 2d")
    duration = timedelta(seconds=int(match[1][:12]) * _UNITS[match[2]])
    if not timedelta(0) < duration <= MAX_DURATION:
        raise ValueError("a duration between 1s and 3650d")
    return duration


def format_duration(duration: timedelta) -> str:
    """The shortest exact form: timedelta(minutes=15) -> `15m`."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an http:// or https:// URL")
    return value


def _proxy_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("the address of an HTTP proxy, such as http://proxy.example:3128")
    return value


def _allowed_target(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        if not re.fullmatch(r"[\w.-]+", value):
            raise ValueError("a network such as 10.0.0.0/8, an address, or a host name") from None
    return value


def _full_text(value: str) -> str:
    problem = query_problem(value)
    if problem is not None:
        raise ValueError(f'an FTS5 expression ({problem}); quotes go around what is no word: "CVE-2024-3400"')
    return value


def _header_name(value: str) -> str:
    if not re.fullmatch(HEADER_NAME, value):
        raise ValueError(IN_WORDS[HEADER_NAME])
    return value


def _word(value: str) -> str:
    if not re.search(r"\w", value):
        raise ValueError("a word or a phrase")
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError("a network such as 10.0.0.0/8, or an address") from None
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s*[smhd]$"}),
]


AddressRange = Annotated[str, AfterValidator(_network)]


HttpUrl = Annotated[str, AfterValidator(_http_url)]


ProxyUrl = Annotated[str, AfterValidator(_proxy_url)]


Target = Annotated[str, AfterValidator(_allowed_target)]


Tag = Annotated[str, Field(pattern=TAG)]


Word = Annotated[str, Field(max_length=200), AfterValidator(_word)]


Query = Annotated[str, Field(max_length=1000), AfterValidator(_full_text)]


Language = Annotated[str, Field(pattern=LANGUAGE)]


HeaderName = Annotated[str, AfterValidator(_header_name)]


HeaderValue = Annotated[str, Field(pattern=HEADER_VALUE)]


CookieName = Annotated[str, Field(pattern=COOKIE_NAME)]


CookieValue = Annotated[str, Field(pattern=COOKIE_VALUE)]


ServiceUrl = Annotated[str, Field(pattern=SERVICE, max_length=2000)]


def _one_or_many(value: object) -> object:
    """A list; a value that stands alone is a list of one."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class ConfigSection(BaseModel):
    """A section of feeds.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Conditions(ConfigSection):
    """What may be asked of a post whatever it names."""

    tags: tuple[Tag, ...] = Field((), description="Carried by a feed with one of these tags.")
    sources: tuple[str, ...] = Field((), description="Carried by one of these feeds, by name.")
    words: tuple[Word, ...] = Field(
        (), description="One of these words or phrases is in the title or the text; `exploit*`: words beginning so."
    )
    without: tuple[Word, ...] = Field((), description="None of these is.")
    query: Query | None = Field(
        None, description="Full-text expression (FTS5): `ransomware NOT decryptor`, `title: worm`, `NEAR(zero day)`."
    )
    languages: tuple[Language, ...] = Field((), description="In one of these languages; `en` is every kind of English.")
