"""The rules of the house that no other tool holds: names, sizes, no circles of imports (see CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

import aggregator

HOUSE = Path(aggregator.__file__).parent
ROOMS = {path: path.read_text("utf-8") for path in sorted(HOUSE.rglob("*.py"))}


def test_no_class_name_stands_for_two_things() -> None:
    found = defaultdict(list)
    for path, text in ROOMS.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.relative_to(HOUSE)}:{node.lineno}")
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_modules_are_neither_too_long_nor_too_short() -> None:
    """None above 500 lines; besides the front doors of packages, fewer than 20 below 60."""
    lines = {str(path.relative_to(HOUSE)): text.count("\n") for path, text in ROOMS.items()}
    assert {name: count for name, count in lines.items() if count > 500} == {}
    short = [name for name, count in lines.items() if count < 60 and not name.endswith("__init__.py")]
    assert len(short) < 20, short


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("aggregator", exclude_type_checking_imports=True, cache_dir=None)
    sorter = TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules})
    sorter.prepare()
