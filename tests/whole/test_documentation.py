"""What is documented is there, and what is there is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aggregator.cli.manual import manual

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_manual_is_the_generated_one() -> None:
    """`make docs` writes it; a command or an option that is not in it fails here."""
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == manual()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link and picture is a file of the project."""
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_pages_exist(page: Path) -> None:
    """What the README and the docs tell people to type is a command of the program."""
    known = set(re.findall(r"^## `([\w-]+)", manual(), re.MULTILINE))
    told = re.findall(
        r"(?:\.venv/bin/|^    |`)aggregator (?:--\S+ \S+ )*([a-z][a-z-]+)", page.read_text("utf-8"), re.MULTILINE
    )
    assert set(told) <= known


def test_the_index_names_every_page() -> None:
    """docs/README.md links to each page once, those for users first."""
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    listed = re.findall(r"\]\(([\w/-]+\.md)\)", index)
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert sorted(listed) == sorted(pages)
    internal = [page.startswith("internals/") for page in listed]
    assert internal == sorted(internal)


def test_the_architecture_names_every_room_and_no_file_that_is_gone() -> None:
    """A stranger finds what each package is for, and opens only what there is."""
    page = (ROOT / "docs" / "internals" / "architecture.md").read_text("utf-8")
    package = ROOT / "aggregator"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert {path.name for path in package.glob("*.py")} == {"__init__.py", "__main__.py"}
    named = re.findall(r"`(\w+(?:/\w+)*/(?:\w+\.py)?)`", page)
    assert [name for name in named if not (package / name).exists()] == []


def test_the_locked_packages_run_on_every_python_that_we_promise() -> None:
    """A lock made on a newer Python must not shut out 3.11.0 to 3.13, which pyproject.toml names."""
    from importlib.metadata import distributions

    from packaging.specifiers import SpecifierSet

    locked = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()}
    needs = {dist.metadata["Name"]: dist.metadata.get("Requires-Python") or "" for dist in distributions()}
    shut_out = {
        name: python
        for name, python in needs.items()
        if name.lower() in locked
        and not all(SpecifierSet(python).contains(one) for one in ("3.11.0", "3.12.0", "3.13.0"))
    }
    assert shut_out == {}
