"""A reload that fails leaves everything as it was, whatever the reason."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from aggregator.config.settings import Config
from aggregator.daemon.daemon import Daemon
from aggregator.models.errors import AggregatorError, ConfigError, StoreError
from aggregator.pipeline.pipeline import Pipeline


class Sealed:
    """A store that cannot be written."""

    lists = SimpleNamespace(keep=lambda urls: None, feeds=dict)

    def sync_feeds(self, config: Config, now: object) -> None:
        raise StoreError("database or disk is full")


def daemon(read: Any) -> tuple[Daemon, SimpleNamespace]:
    pipeline = SimpleNamespace(config="old", store=Sealed(), clock=lambda: None, configuring=nullcontext())
    pipeline.configure = partial(Pipeline.configure, pipeline)  # type: ignore[arg-type]
    return Daemon(pipeline, read), pipeline  # type: ignore[arg-type]


def test_f38_a_full_disk_at_a_reload_keeps_the_old_configuration_and_the_daemon() -> None:
    """The database and the configuration stay of one mind."""
    runner, pipeline = daemon(lambda: Config.model_validate({"feeds": [{"url": "https://a.example/"}]}))
    runner.reload()
    assert pipeline.config == "old"


def test_a_mistake_at_a_reload_keeps_the_old_configuration() -> None:
    """As SIGHUP promises."""

    def read() -> Config:
        raise ConfigError(("feeds.yaml:1:1: wrong",))

    runner, pipeline = daemon(read)
    runner.reload()
    assert pipeline.config == "old"
    assert issubclass(ConfigError, AggregatorError)


def test_a_reload_says_what_takes_a_restart(capsys: pytest.CaptureFixture[str]) -> None:
    """The port is bound and the web server's pages are made at the start alone; feeds are not."""
    before = Config.model_validate({"feeds": []})
    changed = {"server": {"port": 99}, "feeds": [{"url": "https://a.example/"}]}
    for after, words in ((changed, "server"), ({"feeds": changed["feeds"]}, "")):
        pipeline = SimpleNamespace(config=before, clock=lambda: None, configure=lambda config: None)
        Daemon(pipeline, lambda after=after: Config.model_validate(after)).reload()  # type: ignore[arg-type, misc]
        said = capsys.readouterr().out
        assert "reloaded" in said
        assert ("restart" in said) == bool(words)
        assert words in said
