"""Which of the documents are WebSub topics: those that a subscriber may ask a hub about, and the hubs to ask."""

from __future__ import annotations

from aggregator.config.settings import Site
from aggregator.emit import addresses, documents
from aggregator.emit.formats import EXTENSIONS

FOLDERS = ("tags", "sources", "outputs")


def is_topic(path: str) -> bool:
    """Whether a file of the output is a current feed document: archived ones never change, nobody tells of others."""
    stem, _, extension = path.rpartition(".")
    folder, slash, _ = stem.partition("/")
    return extension in EXTENSIONS and (folder in FOLDERS if slash else stem == "feed")


def topic(site: Site, path: str) -> str:
    """The address of a document, as its own `self` link has it."""
    return addresses.base(site.base_url) + addresses.quoted(path)


def hubs(site: Site) -> tuple[str, ...]:
    """The hubs in the one spelling that documents, headers and requests share."""
    return documents.combined(site).hubs
