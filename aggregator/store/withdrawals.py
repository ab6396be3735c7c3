"""The table `withdrawals`: what an operator has taken out of the output. What is stored of it stays."""

from __future__ import annotations

from datetime import datetime

from aggregator.store import output, times
from aggregator.store.connection import Session
from aggregator.store.republishing import STANDING


class Withdrawals:
    """An operator's word that an article is not to be shown any more, and that it is again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def withdraw(self, article_id: int, reason: str, now: datetime) -> tuple[int, ...]:
        """Take an article out of the output. What is stored stays. The copies of the same text that are still shown.

        Of one that is out already the day stays, and so does the reason, unless there is a new one.
        """
        with self._session.write() as sql:
            sql.execute(
                "INSERT INTO withdrawals (article_id, at, reason) VALUES (?, ?, ?)"
                " ON CONFLICT (article_id) DO UPDATE SET reason = excluded.reason WHERE excluded.reason <> ''",
                (article_id, times.whole(now), reason),
            )
            output.touch(sql, (article_id,))
            rows = sql.all(
                f"""
                SELECT articles.id FROM articles JOIN posts ON posts.article_id = articles.id
                WHERE (articles.duplicate_of = :id
                        OR articles.id = (SELECT duplicate_of FROM articles WHERE id = :id)
                        OR articles.duplicate_of = (SELECT duplicate_of FROM articles WHERE id = :id))
                    AND articles.id <> :id AND {STANDING} ORDER BY articles.id
                """,  # noqa: S608 - our own words
                {"id": article_id},
            )
        return tuple(row["id"] for row in rows)

    def reinstate(self, article_id: int) -> bool:
        """Let an article be shown again; whether it had been withdrawn."""
        with self._session.write() as sql:
            found = sql.one("DELETE FROM withdrawals WHERE article_id = ? RETURNING at", (article_id,))
            output.touch(sql, (article_id,))
        return found is not None
