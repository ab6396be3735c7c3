"""A short run of the fuzzer: mutants of real feeds and fixtures, none of which may do harm."""

from __future__ import annotations

import pytest

from bench import fuzz, mutants


def test_mutants_do_no_harm() -> None:
    """No uncaught exception, no broken promise, nothing slow, over every target."""
    ran = fuzz.run(seed=2026, indexes=range(200))
    assert not ran.findings
    assert set(ran.counts) == {target.name for target in fuzz.TARGETS}


def test_the_same_seed_gives_the_same_mutants() -> None:
    """A finding can be made again from its number."""
    assert fuzz.made(1, 17) == fuzz.made(1, 17)
    assert fuzz.made(1, 17) != fuzz.made(2, 17)


def test_a_finding_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzzer sees an exception, a broken promise and a slow mutant."""

    def broken(_: bytes) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(fuzz, "TARGETS", (fuzz.Target("broken", 1, broken, lambda _: mutants.OPML),))
    (finding,) = fuzz.run(1, [0]).findings
    assert "KeyError: 'oops'" in finding.what
    monkeypatch.setattr(fuzz, "SLOW_S", -1.0)
    monkeypatch.setattr(fuzz, "TARGETS", (fuzz.Target("slow", 1, fuzz.date_target, lambda _: b"x"),))
    assert fuzz.run(1, [0]).findings[0].what == "slow"
