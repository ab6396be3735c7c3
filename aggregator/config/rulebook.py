"""Which rule a page has: found by its host in the operator's folders, then among those that come with the program.

A file is read when the first page of its site comes, and once; of thousands only those are that are needed. A folder
may hold our own format (`example.com.yaml`) and site-config files (`example.com.txt`); ours goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from aggregator.config.fivefilters import read_site_config
from aggregator.config.site_rules import read_rule
from aggregator.models.errors import ConfigError
from aggregator.models.site_rules import Rule
from aggregator.text.urls import host_of

_GLOBAL = "global.txt"
_KINDS = (".yaml", ".txt")


def shipped() -> Path | None:
    """The folder of the rules that come with the program: beside the package in the repository, inside it elsewhere."""
    package = Path(__file__).parents[1]
    places = (package / "rules", package.parent / "rules")
    return next((place for place in places if place.is_dir()), None)


class Rulebook:
    """The rules of some folders. `problems` are the mistakes in the files that were read so far."""

    def __init__(self, folders: Iterable[str | Path] = ()) -> None:
        self._folders = [(Path(folder), _names(Path(folder))) for folder in folders]
        self._rules: dict[Path, Rule | None] = {}
        self.problems: list[str] = []

    @classmethod
    def of(cls, folders: Iterable[str]) -> Rulebook:
        """The rules in the operator's folders, and those that come with the program."""
        own = shipped()
        return cls((*folders, *([own] if own else [])))

    def find(self, url: str) -> Rule | None:
        """The rule for the page at `url`, or None. The mistakes of a file that cannot be used are noted."""
        stems = tuple(_stems(host_of(url)))
        for folder, names in self._folders:
            for stem in stems:
                for kind in _KINDS:
                    if stem + kind in names and (rule := self._read(folder / (stem + kind), names)):
                        return rule
        return None

    def set_aside(self, rule: Rule) -> None:
        """Use a rule no more that costs too much."""
        self._rules[Path(rule.file)] = None

    def all(self) -> Iterator[Rule]:
        """Every rule there is; the files are read."""
        for folder, names in self._folders:
            for name in sorted(names):
                if name != _GLOBAL and (rule := self._read(folder / name, names)):
                    yield rule

    def check(self, kind: str = "") -> tuple[str, ...]:
        """Every mistake in every file (whose name ends in `kind`)."""
        for folder, names in self._folders:
            for name in sorted(names):
                if name.endswith(kind):
                    self._read(folder / name, names)
        return tuple(self.problems)

    def _read(self, path: Path, names: frozenset[str]) -> Rule | None:
        if path not in self._rules:
            self._rules[path] = self._fresh(path, names)
        return self._rules[path]

    def _fresh(self, path: Path, names: frozenset[str]) -> Rule | None:
        try:
            if path.suffix == ".yaml":
                return read_rule(path)
            everywhere = path.parent / _GLOBAL
            known = self._read(everywhere, names) if _GLOBAL in names and path != everywhere else None
            rule, problems = read_site_config(path, known)
            self.problems += problems
            return rule
        except ConfigError as error:
            self.problems += error.mistakes
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
        return None


def _names(folder: Path) -> frozenset[str]:
    """The files that are rules: named after a host, which has a dot in it."""
    try:
        found = [path.name for path in folder.iterdir()]
    except OSError:
        return frozenset()
    named = (name for name in found if name.endswith(_KINDS) and name.count(".") >= 2)
    return frozenset((*named, *(name for name in found if name == _GLOBAL)))


def _stems(host: str) -> Iterator[str]:
    """The names that a rule for `host` may have: its own, then `.parent` for each of its parents.

    `example.com` is for `www.example.com` too; `.example.com` is for neither.
    """
    name = host.removeprefix("www.")
    yield name
    while "." in name:
        _, _, name = name.partition(".")
        if "." in name:
            yield f".{name}"
