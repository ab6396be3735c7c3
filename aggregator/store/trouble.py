"""What an error of SQLite means to an operator, and what to do; SQLite's own words are kept. It mends nothing."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

DATABASE = "aggregator.db"
"""The name of the database in its folder; others are copies."""

_PRIMARY = 0xFF
"""The low byte of an extended error code is the code itself (https://sqlite.org/rescode.html)."""


def in_words(path: Path, error: sqlite3.Error) -> str:
    """`error`, which the database at `path` has given, in a sentence."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if str(error).startswith("Could not decode to UTF-8"):  # Python's own words: we store nothing else
        code = sqlite3.SQLITE_CORRUPT
    meant = _meant(path, code)
    return f"{path}: {error}" + (f"; {meant}" if meant else "")


def _meant(path: Path, code: int) -> str:
    if code == sqlite3.SQLITE_CORRUPT_VTAB:
        return "the search index is damaged: stop the program, `aggregator verify --mend` makes it anew"
    match code & _PRIMARY:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"the file is damaged, or no database of ours{_instead(path)}"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return _refused(path)
        case sqlite3.SQLITE_IOERR:
            return f"the disk refuses ({_name(code)}): it may be full, or failing"
        case sqlite3.SQLITE_BUSY:
            return "another program keeps the database to itself"
    return ""


def _instead(path: Path) -> str:
    """What to do about a damaged database; nothing is said of a copy that was itself to be restored."""
    if path.name != DATABASE:
        return ""
    copies = path.parent / "backups"
    return f": stop the program, look at the disk, and `aggregator restore` the newest good copy of {copies}"


def _refused(path: Path) -> str:
    """Why a file can not be opened or written, as far as the file system tells."""
    if path.is_dir():
        return "it is a folder"
    if path.exists() and not os.access(path, os.R_OK):
        return "this user may not read it"
    if path.exists() and not os.access(path, os.W_OK):
        return "this user may not write it, or the file system is read-only"
    if not os.access(path.parent, os.W_OK):
        return f"no log can be made in {path.parent}: this user may not write there, or the file system is read-only"
    return ""


def _name(code: int) -> str:
    names = (name for name in dir(sqlite3) if name.startswith("SQLITE_IOERR") and getattr(sqlite3, name) == code)
    return next(names, f"code {code}")
