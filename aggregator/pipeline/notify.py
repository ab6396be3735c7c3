"""Messages about new posts: their words, and the way out through Apprise, which runs in a worker.

The services are the operator's own choice, so the guard of `fetch` does not stand here. No shell is ever asked: a
message goes out as text over the network, and services of this machine (desktop notifications, the log) are refused,
since some of them start programs.

The notifications of feeds.yaml: what the store has to tell is sent, one place after the other, in workers.

A service that fails or hangs costs the others nothing but its deadline, and is asked again later; its messages are
given up after some hours, which `aggregator notify` shows. Services that hang hold a round for a minute at most: what
was not begun by then waits for the next. What services answer is not looked at.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.models.errors import NotifyError, StageError
from aggregator.pipeline import outcomes
from aggregator.store.notifications import Waiting, key
from aggregator.text.backoff import backoff
from aggregator.text.urls import public_url

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Site
    from aggregator.models import Post
    from aggregator.pipeline.workers import Workers
    from aggregator.store import Store

ONE_BY_ONE = 3
"""More posts than these at once, for one rule, are told in one message: a busy day is no reason to ring all day."""

LISTED = 30
"""Posts that such a message names; it says how many more there are."""

TEASER_CHARS = 300

_CALL = re.compile(r"(?<!\w)@(?=\w)|<[!@#&]")
"""What chats take for a call of somebody, or of everybody: a stranger's title must not ring in every pocket."""

INSTALL = "`.venv/bin/pip install -c constraints.txt -e '.[notify]'` in the folder of the sources brings it"

_ANSWERED = re.compile(r"error=(\d{3})\b")
"""The status in Apprise's line about a message that was refused."""

LOCAL = frozenset({"dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Services of Apprise that talk to this machine."""


def messages(rule: str, posts: Sequence[Post], site: Site) -> tuple[tuple[str, str, tuple[Post, ...]], ...]:
    """Title, text and posts of each message that tells of these posts, in plain text."""
    if len(posts) <= ONE_BY_ONE:
        return tuple((f"[{rule}] {_line(post.title)}", _about(post, site), (post,)) for post in posts)
    lines = [f"- {_line(post.title)} ({_line(post.source.name)})\n  {_page(post, site)}" for post in posts[:LISTED]]
    if len(posts) > LISTED:
        lines.append(f"and {len(posts) - LISTED} more: {site.base_url}")
    return ((f"[{rule}] {len(posts)} new posts", "\n".join(lines), tuple(posts)),)


def deliver(target: str, title: str, body: str) -> None:
    """Send a message to one service. Raises NotifyError, which does not tell where it went."""
    if urlsplit(target).scheme in LOCAL:
        raise NotifyError("", f"{urlsplit(target).scheme}:// is a service of this machine; only the network is used")
    try:
        import apprise
    except ImportError:
        raise NotifyError("", f"Apprise is not installed: {INSTALL}") from None
    service = apprise.Apprise(asset=apprise.AppriseAsset(plugin_paths=[], secure_logging=True))
    with _heard() as heard:
        if not service.add([target]):  # as one: a text would be taken apart at commas and spaces
            raise NotifyError("", "Apprise does not know this kind of service, or its URL is not complete")
        taken = service.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
    if not taken:
        raise NotifyError("", f"the service did not take the message{heard.why}")


class _Heard(logging.Handler):
    """Of Apprise's lines, which name the service with its key, no more than why a message was not taken."""

    why = ""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if answered := _ANSWERED.search(text):
            self.why = f": it answered {answered[1]}"
        elif "connection error" in text.lower():
            self.why = ": it cannot be reached"


@contextmanager
def _heard() -> Iterator[_Heard]:
    """What Apprise logs meanwhile reaches nobody else."""
    log, heard = logging.getLogger("apprise"), _Heard()
    before = log.handlers, log.propagate
    log.handlers, log.propagate = [heard], False
    try:
        yield heard
    finally:
        log.handlers, log.propagate = before


def _about(post: Post, site: Site) -> str:
    teaser = _line(post.summary)
    if len(teaser) > TEASER_CHARS:
        teaser = teaser[:TEASER_CHARS].rsplit(" ", 1)[0] + "…"
    lines = [
        f"{post.source.name}, {post.published:%Y-%m-%d %H:%M} UTC",
        teaser,
        public_url(post.url) if post.url else "",
    ]
    return "\n".join([line for line in lines if line] + [_page(post, site)])


def _page(post: Post, site: Site) -> str:
    from aggregator import emit  # which the worker that sends has no need of

    return emit.topic(site, post.path)


def _line(text: str) -> str:
    """On one line, with nothing that calls anybody: `@everyone` gets an invisible WORD JOINER."""
    return _CALL.sub(lambda call: call[0] + "\u2060", " ".join(text.split()))


SEND_TIMEOUT_S = 30.0
"""For one message: most services answer within two seconds, mail servers within ten."""

BEGIN_WITHIN_S = 30.0
"""No message is begun later than this after the first."""

ATTEMPTS = 8
FIRST_RETRY = timedelta(minutes=2)
"""Doubled by each try: a message is tried for about four hours."""


@dataclass
class Notifying:
    """The messages of one data folder."""

    store: Store
    workers: Workers
    config: Config
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def send(self) -> int:
        """Send what there is to tell of new posts; how many messages went out. Raises StoreError alone."""
        rules = self.config.notifications
        self.store.notices.fill(rules, self.clock())
        sent, until = 0, time.monotonic() + BEGIN_WITHIN_S
        for waiting in self.store.notices.due(self.clock()):
            addresses = [address for rule in rules if rule.name == waiting.rule for address in rule.to]
            address = next((address for address in addresses if key(address) == waiting.target), None)
            if address is None:
                self.store.notices.drop(waiting)
            else:
                sent += self._tell(waiting, address, until)
        return sent

    def _tell(self, waiting: Waiting, address: str, until: float) -> int:
        """One place of one rule; a failure ends it, for now."""
        sent = 0
        numbers = {post.sequence: number for post, number in zip(waiting.posts, waiting.ids, strict=True)}
        for title, body, about in messages(waiting.rule, waiting.posts, self.config.site):
            if self.stopping() or time.monotonic() > until:
                break
            part = replace(waiting, posts=about, ids=tuple(numbers[post.sequence] for post in about))
            try:
                self.workers.call(deliver, address, title, body, timeout_s=SEND_TIMEOUT_S, wall_s=SEND_TIMEOUT_S)
            except StageError as error:
                self._failed(part, error)
                break
            self.store.notices.note(part, self.clock())
            sent += 1
        return sent

    def _failed(self, waiting: Waiting, error: StageError) -> None:
        now = self.clock()
        final = waiting.attempts + 1 >= ATTEMPTS
        again = None if final else now + backoff(waiting.attempts, FIRST_RETRY)
        outcomes.log.warning("not notified", rule=waiting.rule, place=waiting.target, error=error.message)
        self.store.notices.note(waiting, now, error=error.message, again=again)
