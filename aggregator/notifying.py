"""The notifications of feeds.yaml: what the store has to tell is sent, one place after the other, in workers.

A service that fails or hangs costs the others nothing but its deadline, and is asked again later; its messages are
given up after some hours, which `aggregator notify` shows. Services that hang hold a round for a minute at most: what
was not begun by then waits for the next. What services answer is not looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator import outcomes
from aggregator.config.settings import Config
from aggregator.models.errors import StageError
from aggregator.notices import deliver, messages
from aggregator.store import Store
from aggregator.store.notifications import Waiting, key
from aggregator.workers import Workers

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
                self.workers.call(deliver, address, title, body, timeout_s=SEND_TIMEOUT_S)
            except StageError as error:
                self._failed(part, error)
                break
            self.store.notices.note(part, self.clock())
            sent += 1
        return sent

    def _failed(self, waiting: Waiting, error: StageError) -> None:
        now = self.clock()
        final = waiting.attempts + 1 >= ATTEMPTS
        again = None if final else now + FIRST_RETRY * (1 << waiting.attempts)
        outcomes.log.warning("not notified", rule=waiting.rule, place=waiting.target, error=error.message)
        self.store.notices.note(waiting, now, error=error.message, again=again)
