"""How the window of stories is read."""

from __future__ import annotations

from pathlib import Path

from aggregator.store import Store, stories
from aggregator.store.connection import Session


def test_ties_are_found_by_one_article_and_not_by_every_pair(tmp_path: Path) -> None:
    """With an index on both ends 3,000 articles would cost nine million searches."""
    Store.open(tmp_path / "stories.db").close()
    session = Session(tmp_path / "stories.db", read_only=True)
    with session.read() as sql:
        plan = [row["detail"] for row in sql.all("EXPLAIN QUERY PLAN " + stories._TIES, {"ids": "[1, 2]"})]
    session.close()
    assert any("(article_id=?)" in step for step in plan), plan
