"""Word lists: TOML files beside the modules that use them, since they change for other reasons than code does.

Kept apart from its users because they stand in four rooms.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def word_list(package: str, name: str) -> dict[str, Any]:
    """The tables of `name`.toml in `package`, read once."""
    return tomllib.loads(resources.files(package).joinpath(f"{name}.toml").read_text("utf-8"))
