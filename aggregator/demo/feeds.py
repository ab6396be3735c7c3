"""An edition -> its feed document: RSS 2.0 as WordPress writes it, Atom, Blogger's Atom, JSON Feed 1.1, RSS 1.0.

Written by hand, not with a feed library: what the aggregator reads must not come from its own writer.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import urljoin

from aggregator.demo.outlets import Outlet
from aggregator.demo.posts import DemoPost, Edition, Printed

_ROOT_RELATIVE = re.compile(r'\b(src|href)="(/[^"]*)"')
_TAG_DATE = "2026-01-01"
"""In tag: URIs (RFC 4151) and Blogger's ids: the day on which this press was invented."""
_BLOGGER_FIRST = 7400118239
_EXCERPT_WORDS = 40


def guid(outlet: Outlet, post: DemoPost, index: int, origin: str, url: str | None) -> str:
    """The id that an outlet's software gives to a post: stable over rounds, and different from outlet to outlet."""
    match outlet.feed:
        case "rss" if outlet.theme == "classic":
            return f"{origin}/?p={index + 1}"
        case "atom":
            return f"tag:{outlet.key}.example,{_TAG_DATE}:{post.slug}"
        case "blogger":
            return f"tag:blogger.com,1999:blog-{_BLOGGER_FIRST}.post-{_BLOGGER_FIRST + 9973 * (index + 1)}"
        case "rdf":
            return f"urn:{outlet.key}:{post.slug}"
        case _:
            return url or f"urn:{outlet.key}:{post.slug}"


def write(edition: Edition) -> tuple[bytes, str]:
    """The document and its content type."""
    match edition.outlet.feed:
        case "rss":
            return _rss(edition).encode(), "application/rss+xml; charset=UTF-8"
        case "atom":
            return _atom(edition).encode(), "application/atom+xml"
        case "blogger":
            return _blogger(edition).encode(), "application/atom+xml; charset=UTF-8"
        case "json":
            return _json(edition).encode(), "application/feed+json"
        case "rdf":
            return _rdf(edition).encode(), "application/rdf+xml"


def _absolute(edition: Edition, html: str) -> str:
    return _ROOT_RELATIVE.sub(lambda found: f'{found[1]}="{urljoin(edition.home_url, found[2])}"', html)


def _rfc822(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _excerpt(printed: Printed) -> str:
    words = printed.teaser.split()
    return " ".join(words[:_EXCERPT_WORDS]) + (" …" if len(words) > _EXCERPT_WORDS else "")


def _categories(printed: Printed, form: str) -> str:
    return "".join(form.format(escape(tag)) for tag in printed.post.tags)


def _rss(edition: Edition) -> str:
    """RSS 2.0; the text only where the outlet gives it away, else a teaser."""
    outlet = edition.outlet
    items = "\n".join(_rss_item(edition, printed) for printed in edition.feed_posts)
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel>
<title>{escape(outlet.name)}</title>
<atom:link href="{edition.feed_url}" rel="self" type="application/rss+xml" />
<link>{edition.home_url}</link>
<description>{escape(outlet.description)}</description>
<lastBuildDate>{_rfc822(edition.updated)}</lastBuildDate>
<language>en-US</language>
<sy:updatePeriod>hourly</sy:updatePeriod>
<sy:updateFrequency>1</sy:updateFrequency>
{items}
</channel>
</rss>
"""


def _rss_item(edition: Edition, printed: Printed) -> str:
    permalink = "true" if printed.guid == printed.url else "false"
    author = f"<dc:creator><![CDATA[{printed.post.author}]]></dc:creator>" if printed.post.author else ""
    content = (
        f"<content:encoded><![CDATA[{_absolute(edition, printed.html)}]]></content:encoded>"
        if edition.outlet.full
        else ""
    )
    return f"""<item>
<title>{escape(printed.title)}</title>
<link>{printed.url}</link>
{author}
<pubDate>{_rfc822(printed.published)}</pubDate>
{_categories(printed, "<category>{}</category>")}
<guid isPermaLink="{permalink}">{escape(printed.guid)}</guid>
<description><![CDATA[<p>{escape(_excerpt(printed), quote=False)}</p>]]></description>
{content}
</item>"""


def _atom(edition: Edition) -> str:
    """Atom (RFC 4287), its links relative to xml:base."""
    outlet = edition.outlet
    entries = "\n".join(_atom_entry(printed, full=outlet.full) for printed in edition.feed_posts)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="{edition.home_url}">
<title>{escape(outlet.name)}</title>
<subtitle>{escape(outlet.description)}</subtitle>
<id>tag:{outlet.key}.example,{_TAG_DATE}:feed</id>
<link href="{outlet.feed_path}" rel="self"/>
<link href="/"/>
<updated>{edition.updated.isoformat()}</updated>
{entries}
</feed>
"""


def _atom_entry(printed: Printed, *, full: bool) -> str:
    author = f"<author><name>{escape(printed.post.author)}</name></author>" if printed.post.author else ""
    content = f'<content type="html">{escape(printed.html)}</content>' if full else ""
    path = "/" + (printed.url or "").split("/", 3)[3]
    return f"""<entry>
<title>{escape(printed.title)}</title>
<id>{escape(printed.guid)}</id>
<link rel="alternate" type="text/html" href="{path}"/>
<published>{printed.published.isoformat()}</published>
<updated>{printed.updated.isoformat()}</updated>
{author}
{_categories(printed, '<category term="{}"/>')}
<summary>{escape(printed.teaser)}</summary>
{content}
</entry>"""


def _blogger(edition: Edition) -> str:
    """Atom as Blogger writes it with "short" feeds: an excerpt as summary, many links."""
    outlet = edition.outlet
    entries = "\n".join(_blogger_entry(edition, printed) for printed in edition.feed_posts)
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns='http://www.w3.org/2005/Atom' xmlns:openSearch='http://a9.com/-/spec/opensearchrss/1.0/'>
<id>tag:blogger.com,1999:blog-{_BLOGGER_FIRST}</id>
<updated>{edition.updated.isoformat()}</updated>
<title type='text'>{escape(outlet.name)}</title>
<subtitle type='html'>{escape(outlet.description)}</subtitle>
<link rel='http://schemas.google.com/g/2005#feed' type='application/atom+xml' href='{edition.feed_url}'/>
<link rel='self' type='application/atom+xml' href='{edition.feed_url}'/>
<link rel='alternate' type='text/html' href='{edition.home_url}'/>
<generator version='7.00' uri='http://www.blogger.com'>Blogger</generator>
<openSearch:totalResults>{len(edition.posts)}</openSearch:totalResults>
<openSearch:startIndex>1</openSearch:startIndex>
{entries}
</feed>
"""


def _blogger_entry(edition: Edition, printed: Printed) -> str:
    number = printed.guid.rpartition("-")[2]
    comments = f"{edition.home_url}feeds/{number}/comments/default"
    return f"""<entry>
<id>{printed.guid}</id>
<published>{printed.published.isoformat(timespec="milliseconds")}</published>
<updated>{printed.updated.isoformat(timespec="milliseconds")}</updated>
{_categories(printed, "<category scheme='http://www.blogger.com/atom/ns#' term='{}'/>")}
<title type='text'>{escape(printed.title)}</title>
<summary type='text'>{escape(_excerpt(printed))}</summary>
<link rel='replies' type='application/atom+xml' href='{comments}' title='Post Comments'/>
<link rel='alternate' type='text/html' href='{printed.url}' title='{escape(printed.title)}'/>
<author><name>{escape(printed.post.author or edition.outlet.name)}</name><email>noreply@blogger.com</email></author>
</entry>"""


def _json(edition: Edition) -> str:
    """JSON Feed 1.1 with content_html."""
    items = [
        {
            "id": printed.guid,
            "url": printed.url,
            "title": printed.title,
            "summary": printed.teaser,
            "content_html": _absolute(edition, printed.html),
            "image": urljoin(edition.home_url, printed.image),
            "date_published": printed.published.isoformat(),
            "date_modified": printed.updated.isoformat(),
            "authors": [{"name": printed.post.author}] if printed.post.author else [],
            "tags": list(printed.post.tags),
        }
        for printed in edition.feed_posts
    ]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": edition.outlet.name,
        "description": edition.outlet.description,
        "home_page_url": edition.home_url,
        "feed_url": edition.feed_url,
        "language": "en",
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _rdf(edition: Edition) -> str:
    """RSS 1.0; the whole notice is its description, and there are no pages to link to."""
    outlet = edition.outlet
    seq = "".join(f'<rdf:li rdf:resource="{printed.guid}"/>' for printed in edition.feed_posts)
    items = "\n".join(_rdf_item(edition, printed) for printed in edition.feed_posts)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="{edition.feed_url}">
<title>{escape(outlet.name)}</title>
<link>{edition.home_url}</link>
<description>{escape(outlet.description)}</description>
<dc:date>{edition.updated.isoformat()}</dc:date>
<items><rdf:Seq>{seq}</rdf:Seq></items>
</channel>
{items}
</rdf:RDF>
"""


def _rdf_item(edition: Edition, printed: Printed) -> str:
    author = f"<dc:creator>{escape(printed.post.author)}</dc:creator>" if printed.post.author else ""
    return f"""<item rdf:about="{escape(printed.guid)}">
<title>{escape(printed.title)}</title>
<description>{escape(_absolute(edition, printed.html))}</description>
<dc:date>{printed.published.isoformat()}</dc:date>
{author}
{_categories(printed, "<dc:subject>{}</dc:subject>")}
</item>"""
