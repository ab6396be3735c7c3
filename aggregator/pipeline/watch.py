"""Watchlists: what feeds.yaml and its component files name, and the messages about articles that concern it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from aggregator.models.errors import StageError
from aggregator.pipeline.notify import deliver

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Watch
    from aggregator.intel.watch import Package, Product, Watchlist
    from aggregator.pipeline.workers import Workers
    from aggregator.store import Store

log = structlog.get_logger()


def watchlists(watched: Iterable[Watch], folder: Path | None = None) -> tuple[Watchlist, ...]:
    """The watchlists of feeds.yaml; `folder` is what the names of component files are relative to."""
    return tuple(_watchlist(one, folder) for one in watched)


def _watchlist(one: Watch, folder: Path | None) -> Watchlist:
    from aggregator.intel.watch import Product, Watchlist, package_of_purl, plain, product_of_cpe

    products = [found for cpe in one.cpes if (found := product_of_cpe(cpe))]
    products += [Product(plain(each.vendor), plain(each.product)) for each in one.products]
    packages = [package for purl in one.purls if (package := package_of_purl(purl))]
    for name in one.files:
        more_products, more_packages = _components((folder or Path()) / name)
        products += more_products
        packages += more_packages
    return Watchlist(
        one.name,
        tuple(dict.fromkeys(products)),
        tuple(dict.fromkeys(packages)),
        one.words,
        frozenset(number.upper() for number in one.cves),
        one.exploited == "any",
    )


def _components(path: Path) -> tuple[list[Product], list[Package]]:
    """Products and packages of a CycloneDX or SPDX file; nothing of one that cannot be read."""
    from aggregator.intel.watch import package_of_purl, product_of_cpe

    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        log.warning("component file not read", file=str(path))
        return [], []
    if not isinstance(document, dict):
        return [], []
    cpes: list[str] = []
    purls: list[str] = []
    waiting = [document]
    while waiting:  # a component may be made of components
        parts = waiting.pop().get("components", ())
        for component in parts if isinstance(parts, list) else ():
            if isinstance(component, dict):
                purls += [component["purl"]] if isinstance(component.get("purl"), str) else []
                cpes += [component["cpe"]] if isinstance(component.get("cpe"), str) else []
                waiting.append(component)
    for package in document.get("packages", ()):
        for reference in package.get("externalRefs", ()) if isinstance(package, dict) else ():
            locator = reference.get("referenceLocator") if isinstance(reference, dict) else None
            if isinstance(locator, str):
                (purls if locator.startswith("pkg:") else cpes).append(locator)
    products = [found for cpe in cpes if (found := product_of_cpe(cpe))]
    return products, [package for purl in purls if (package := package_of_purl(purl))]


TOLD_WITHIN = timedelta(days=2)
"""Hits of articles that are older are no news when a watchlist is added."""


SEND_TIMEOUT_S = 30.0
"""For one message about a hit."""


@dataclass
class WatchTeller:
    """Messages about hits of watchlists: one for each story and watchlist, another when a flaw of it is exploited."""

    store: Store
    workers: Workers
    config: Config
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def send(self) -> int:
        """Send what is to be told; how many messages went out. A failed one is tried again in the next round."""
        sent = 0
        for one in self.config.watch:
            if not one.to:
                continue
            stories: set[tuple[object, object]] = set()
            for hit in self.store.intel.untold(one.name, self.clock() - TOLD_WITHIN):
                story = (hit["story"], hit["exploited"])
                if story in stories or hit["told_by_story"]:
                    self.store.intel.told(one.name, hit["article_id"], self.clock())
                elif self.stopping() or not self._tell(one, hit):
                    break
                else:
                    sent += 1
                    stories.add(story)
                    self.store.intel.told(one.name, hit["article_id"], self.clock())
        return sent

    def _tell(self, one: Watch, hit: dict[str, Any]) -> bool:
        title = f"[{one.name}] {'exploited: ' if hit['exploited'] else ''}{' '.join(str(hit['title']).split())}"
        page = f"{str(self.config.site.base_url).rstrip('/')}/{hit['path']}"
        body = (
            f"{hit['why']} ({'certain' if hit['certain'] else 'by name'})\n{hit['outlet']}, {hit['published']}\n{page}"
        )
        try:
            for address in one.to:
                self.workers.call(deliver, address, title, body, timeout_s=SEND_TIMEOUT_S)
        except StageError as error:
            log.warning("hit not told", watch=one.name, error=error.message)
            return False
        return True
