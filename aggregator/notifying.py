"""The notifications of feeds.yaml: what the store has to tell is sent, one target after the other, in workers.

A service that fails or hangs costs the others nothing but its deadline, and is asked again later; its messages are
given up after some hours, which `aggregator notify` shows. What services answer is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator import outcomes
from aggregator.errors import StageError
from aggregator.notices import deliver, messages
from aggregator.settings import Config
from aggregator.store import Store
from aggregator.store.notices import Waiting
from aggregator.workers import Workers

SEND_TIMEOUT_S = 30.0
"""For one message: most services answer within two seconds, mail servers within ten."""

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
        rules = {rule.name: rule for rule in self.config.notifications}
        self.store.notices.fill(rules.values(), self.clock())
        sent = 0
        for waiting in self.store.notices.due(self.clock()):
            rule = rules.get(waiting.rule)
            if rule is None or waiting.target >= len(rule.to):
                self.store.notices.note(waiting, self.clock(), error="the rule sends there no more")
            else:
                sent += self._tell(waiting, rule.to[waiting.target])
        return sent

    def _tell(self, waiting: Waiting, target: str) -> int:
        """One target of one rule; a failure ends it, for now."""
        sent = 0
        numbers = {post.sequence: number for post, number in zip(waiting.posts, waiting.ids, strict=True)}
        for title, body, about in messages(waiting.rule, waiting.posts, self.config.site):
            if self.stopping():
                break
            part = replace(waiting, posts=about, ids=tuple(numbers[post.sequence] for post in about))
            try:
                self.workers.call(deliver, target, title, body, timeout_s=SEND_TIMEOUT_S)
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
        outcomes.log.warning("not notified", rule=waiting.rule, target=waiting.target, error=error.message)
        self.store.notices.note(waiting, now, error=error.message, again=again)
