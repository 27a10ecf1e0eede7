"""SQL that stands in files: every statement too long to be read inside a function has one of its own in ``<room>/sql/``."""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable


@cache
def statement(room: str, name: str) -> str:
    """The SQL of ``<room>/sql/<name>.sql``; ``room`` is a package, such as warehouse.standing."""
    return resources.files(room).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def view_statements(folder: Traversable) -> dict[str, str]:
    """The SELECT of each view by full name, from ``<folder>/<schema>/<view>.sql``."""
    return {
        f"{schema.name}.{file.name.removesuffix('.sql')}": file.read_text(encoding="utf-8")
        for schema in folder.iterdir()
        if schema.is_dir()
        for file in schema.iterdir()
        if file.name.endswith(".sql")
    }
