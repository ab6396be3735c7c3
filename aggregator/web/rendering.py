"""Pages from the templates beside this module. Everything is escaped; pages link relatively and work without script."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from aggregator.config.settings import Site
from aggregator.emit import item, paths
from aggregator.emit.item import language_of, rfc3339
from aggregator.text import wording
from aggregator.text.storable import HIT_END, HIT_START

_HIT = re.compile(f"{HIT_START}(.*?){HIT_END}", re.DOTALL)
_COMMAND = re.compile("`([^`]+)`")
_STRAY = str.maketrans({HIT_START: None, HIT_END: None})


class Templates:
    """Renders the desk's pages for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader("aggregator.web"), PackageLoader("aggregator.emit")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            marked=marked,
            iso=rfc3339,
            day=wording.day,
            clock=wording.clock,
            quoted=paths.quoted,
            shown=paths.shown,
            lang=_lang,
            code=_code,
            story=item.mention,
        )

    def page(self, name: str, request: Request, *, status: int = 200, **values: Any) -> Response:
        """A page; `path` and `root` (what leads back to the top, relatively) are known to it."""
        path = request.scope["path"]
        asked = request.scope.get("raw_path") or path.encode()  # to a browser, `%2f` leads no folder down
        html = self._environment.get_template(name).render(
            site=self._site, path=path, root="../" * (asked.count(b"/") - 1), status=status, **values
        )
        return HTMLResponse(html, status, headers={"cache-control": "no-cache"})


def _lang(language: str | None) -> Markup:
    """The attribute for a language other than the page's own."""
    tag = language_of(language)
    return Markup(f' lang="{tag}"') if tag and tag != "en" else Markup("")  # noqa: S704  see emit.items.language_of


def _code(words: str) -> Markup:
    """Words with `commands` in them as HTML."""
    return Markup(_COMMAND.sub(r"<code>\1</code>", str(escape(words))))  # noqa: S704 - escaped


def marked(snippet: str) -> Markup:
    """A search snippet as HTML: everything escaped, the hits between U+E000 and U+E001 in <mark>."""
    safe = _HIT.sub(r"<mark>\1</mark>", str(escape(snippet))).translate(_STRAY)
    return Markup(safe)  # noqa: S704 - escaped above
