"""How a database file comes to the form that this program knows, and when it is refused.

Steps are only ever added; a released one is never edited (a test holds the schema after each). All pending steps run in
one `BEGIN IMMEDIATE` transaction: a file is either as before or as new, and of two processes that open it one does the
work.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from aggregator.models.errors import StoreError
from aggregator.store import (
    revisions,
    tables_articles,
    tables_desk,
    tables_evidence,
    tables_extractions,
    tables_feeds,
    tables_lists,
    tables_media,
    tables_notices,
    tables_outputs,
    tables_quality,
    tables_questions,
    tables_revisions,
    tables_stories,
    tables_upkeep,
    tables_websub,
    tables_withdrawals,
)
from aggregator.store.connection import Session, Sql
from aggregator.store.describe import fill_schema_help
from aggregator.store.views import LATEST_ARTICLES, VIEWS

APPLICATION_ID = 0x53464147
"""`SFAG` in the header of the file (PRAGMA application_id), so that `file` and we know it from any other database."""

RANK = "bm25(8.0, 1.0)"
"""A hit in the title counts as much as eight in the text."""

_TRIGGERS = (
    """
    CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
        INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
    END
    """,
    """
    CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    END
    """,
    # Only when one of the two is set: a changed state must not cost indexing the text again.
    """
    CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text ON articles BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
        INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
    END
    """,
)

migrations = Migrations("aggregator")


def create_tables(db: Database) -> None:
    for table in (*tables_feeds.TABLES, *tables_articles.TABLES):
        db.executescript(table)


def create_search(db: Database) -> None:
    db["articles"].enable_fts(["title", "text"], tokenize="unicode61 remove_diacritics 2")
    for trigger in _TRIGGERS:
        db.execute(trigger)
    db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', ?)", [RANK])


def create_views(db: Database) -> None:
    for view in VIEWS:
        db.execute(view)


def create_stories(db: Database) -> None:
    for table in tables_stories.TABLES:
        db.executescript(table)


def create_desk(db: Database) -> None:
    for statement in (*tables_desk.TABLES, tables_desk.LANGUAGES):
        db.executescript(statement)


def create_extractions(db: Database) -> None:
    for table in tables_extractions.TABLES:
        db.executescript(table)


def create_media(db: Database) -> None:
    for statement in (*tables_media.TABLES, *tables_media.TRIGGERS):
        db.executescript(statement)


def create_outputs(db: Database) -> None:
    for table in tables_outputs.TABLES:
        db.executescript(table)


def create_upkeep(db: Database) -> None:
    db.execute("DROP TABLE seen")  # never written: what is purged keeps its rows in entries
    for table in tables_upkeep.TABLES:
        db.executescript(table)


def create_edits(db: Database) -> None:
    """Revisions get their kind and a summary; pages are looked at again from now on."""
    db.execute("DROP VIEW latest_articles")
    db.executescript(tables_revisions.TO_NEW_FORM)
    for table in tables_revisions.TABLES:
        db.executescript(table)
    db.executescript(tables_revisions.FROM_FORMER)
    db.execute(LATEST_ARTICLES)


def queue_stories(db: Database) -> None:
    for statement in tables_stories.WAITING:
        db.executescript(statement)


def create_quality(db: Database) -> None:
    for table in tables_quality.TABLES:
        db.executescript(table)


def create_withdrawals(db: Database) -> None:
    for table in tables_withdrawals.TABLES:
        db.executescript(table)


def create_notices(db: Database) -> None:
    for table in tables_notices.TABLES:
        db.executescript(table)


def create_websub(db: Database) -> None:
    for table in tables_websub.TABLES:
        db.executescript(table)


def create_lists(db: Database) -> None:
    for table in tables_lists.TABLES:
        db.executescript(table)


def create_repeated(db: Database) -> None:
    db.executescript(tables_quality.REPEATED)


def queue_rechecks(db: Database) -> None:
    """Recent articles that were read before pages were looked at again are looked at too."""
    revisions.queue(Sql(db.conn))


def create_evidence(db: Database) -> None:
    for statement in tables_evidence.TABLES:
        db.executescript(statement)


def renew_notices(db: Database) -> None:
    db.executescript(tables_notices.RENEWED)


def renew_views(db: Database) -> None:
    """Three views are answered sooner, or have a better name; three more answer what people ask."""
    for name in tables_questions.FORMER:
        db.execute(f"DROP VIEW {name}")
    for view in tables_questions.TABLES:
        db.execute(view)


def index_ended(db: Database) -> None:
    db.execute(tables_outputs.ENDED)


STEPS = (
    create_tables,
    create_search,
    create_views,
    create_stories,
    create_desk,
    create_extractions,
    create_media,
    create_outputs,
    create_upkeep,
    create_edits,
    queue_stories,
    create_quality,
    create_withdrawals,
    create_notices,
    create_websub,
    create_lists,
    create_repeated,
    queue_rechecks,
    create_evidence,
    renew_notices,
    renew_views,
    index_ended,
)
for _step in STEPS:
    migrations()(_step)


def refuse_foreign(session: Session) -> int:
    """The version of the file, 0 when it is empty; StoreError when it is newer than the program, or not ours."""
    with session.read() as sql:
        version = int(sql.value("PRAGMA user_version"))
        application = int(sql.value("PRAGMA application_id"))
        tables = int(sql.value("SELECT count(*) FROM sqlite_master"))
    if application != APPLICATION_ID and (application or tables):
        raise StoreError(f"{session.path} is a database of another program")
    if version > len(STEPS):
        raise StoreError(
            f"{session.path} was written by a newer version of this program "
            f"(its schema is {version}, the newest known here is {len(STEPS)}); nothing was changed"
        )
    return version


def older(session: Session) -> int:
    """The version of a file that is about to be migrated; 0 when it is empty or has the present form."""
    version = refuse_foreign(session)
    return version if version < len(STEPS) else 0


def refuse_other_version(session: Session) -> None:
    """For readers, which can not migrate: StoreError unless the file has the present form."""
    if refuse_foreign(session) < len(STEPS):
        raise StoreError(
            f"{session.path} was written by an older version; run a round first, which brings it up to date"
        )


def migrate(session: Session) -> None:
    """Bring the file to the present form. Does nothing, and writes nothing, when it has it."""
    if refuse_foreign(session) == len(STEPS):
        return
    with session.write() as sql:
        refuse_foreign(session)
        migrations.apply(Database(sql.connection, recursive_triggers=False, execute_plugins=False))
        _stamp(sql)


def _stamp(sql: Sql) -> None:
    fill_schema_help(sql)
    sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sql.execute(f"PRAGMA user_version = {len(STEPS)}")
