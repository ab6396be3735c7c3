"""The reference page and the editor schema cannot drift from the types."""

from __future__ import annotations

import json
from pathlib import Path

from aggregator.config import reference, schema
from aggregator.config.__main__ import write

DOCS = Path(__file__).parents[2] / "docs"


def test_the_configuration_page_holds_the_generated_reference() -> None:
    """`make docs` writes it; a key without a line there fails here."""
    page = (DOCS / "configuration.md").read_text("utf-8")
    assert page.endswith(reference())
    assert page.count("## `site`") == 1


def test_writing_the_pages_again_changes_nothing(tmp_path: Path) -> None:
    """What was generated before is replaced, whatever source it named then; what is written by hand stays."""
    for name in ("configuration.md", "rules.md"):
        text = (DOCS / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("` from aggregator/", "` from elsewhere/"), "utf-8")
    write(tmp_path)
    for name in ("configuration.md", "rules.md", "feeds.schema.json"):
        assert (tmp_path / name).read_text("utf-8") == (DOCS / name).read_text("utf-8")


def test_the_editor_schema_is_the_generated_one() -> None:
    """`make docs` writes it."""
    assert json.loads((DOCS / "feeds.schema.json").read_text("utf-8")) == json.loads(json.dumps(schema()))


def test_every_key_has_a_sentence_for_the_reference() -> None:
    """No row of the tables ends without its meaning."""
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]
