"""Everything the output can hold, built in many small steps and in one: the same bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.mirroredpress import NOW

from aggregator import emit
from aggregator.config import load
from aggregator.demo import Press
from aggregator.pipeline.intel_pages import IntelPages
from aggregator.pipeline.pipeline import Pipeline, opened

OUTPUTS = """
outputs:
  - {name: gateways, words: [gateway], content: summary}
  - {name: events, group: story, limit: 20}
  - {name: recent, max_age: 2d, content: titles}
"""


def tree(root: Path) -> dict[str, bytes]:
    """What readers may ask for; closed archive documents stay as they were written, so they are left out."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
        and not path.relative_to(root).as_posix().startswith((".", "media/", "health."))
        and not (path.parent.name == "archive" and path.suffix != ".html")
    }


def built_afresh(pipeline: Pipeline, folder: Path) -> dict[str, bytes]:
    """All documents and pages in one go, into a folder that has none."""
    out = folder / "public"
    emit.build(
        pipeline.store.archive,
        pipeline.config.site,
        out,
        outputs=pipeline.config.outputs,
        chosen=pipeline.store.outputs,
        full=True,
    )
    IntelPages(pipeline.store, pipeline.config, folder, pipeline.clock, lambda: False).write(full=True)
    return tree(out)


def test_many_small_builds_of_everything_are_one_full_build(tmp_path: Path) -> None:
    """Outputs, stories, copies, images of ours, edits, a withdrawal, a source that gives excerpts: nothing differs."""
    moment = NOW
    with Press(NOW, slow_s=0.05) as press:
        text = press.config_text("http://mirror.example/", media="mirror") + OUTPUTS
        text = text.replace("    name: ", "    republish: excerpt\n    name: ", 1)
        (tmp_path / "feeds.yaml").write_text(text, "utf-8")
        with opened(load(tmp_path / "feeds.yaml"), tmp_path / "data", lambda: moment) as pipeline:
            for number in range(1, press.rounds + 1):
                press.publish(number)
                moment += timedelta(hours=5)
                pipeline.round(force=True)
                if number == 2:
                    subject = pipeline.store.stories.subject(pipeline.store.archive.latest(1)[0].path, "")
                    assert subject
                    pipeline.store.withdrawals.withdraw(subject.id, "asked for", moment)
            moment += timedelta(days=2)
            pipeline.round(force=True)
            small, full = tree(tmp_path / "data" / "public"), built_afresh(pipeline, tmp_path / "afresh")
            changed = {post for post in pipeline.store.archive.changed(0) if post.revisions}
            stories = {post.story for post in pipeline.store.archive.changed(0) if post.story}
    assert small.keys() == full.keys()
    assert [path for path in sorted(small) if small[path] != full[path]] == []
    kinds = {path.partition("/")[0] for path in small}
    assert kinds >= {"posts", "stories", "outputs", "tags", "sources", "archive", "feed.atom", "index.html", "opml.xml"}
    assert len(stories) >= 3
    assert {f"outputs/{name}.atom" for name in ("gateways", "events", "recent")} <= small.keys()
    assert any(path.endswith("-history.html") for path in small) == bool(changed)
    assert b"deleted-entry" in small["feed.atom"]
