"""Renders the texts for people from .j2 files in the rooms that send them; Python passes plain values.

Values are escaped in HTML only. For other formats the caller makes texts of others harmless before.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from warehouse.words.number_words import group_thousands


def render_text(room: str, name: str, **values: object) -> str:
    """The text of ``<room>/<name>.j2`` with ``values``; ``room`` is a package, such as flows.answer."""
    return _load_templates(room).get_template(f"{name}.j2").render(values)


def render_lines(room: str, name: str, macro: str, **values: object) -> list[str]:
    """The lines of one ``macro`` of ``<room>/<name>.j2``, for texts that are put together from several macros."""
    return render_macro(room, name, macro, **values).split("\n")[:-1]


def render_macro(room: str, name: str, macro: str, **values: object) -> str:
    """The text of one ``macro`` of ``<room>/<name>.j2``."""
    said = getattr(_load_templates(room).get_template(f"{name}.j2").module, macro)
    return str(said(**values))


@cache
def _load_templates(room: str) -> Environment:
    texts = Environment(
        loader=PackageLoader(room, ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
    )
    texts.filters |= {
        "grouped": group_thousands,
        "in_cells": _format_cells,
        "in_one_line": lambda text: text.replace("\n", ""),
    }
    return texts


def _format_cells(texts: Iterable[str]) -> str:
    """Texts as cells of a table of Markdown."""
    return " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts)
