"""Every step that leaves out or folds a question stands in the table of docs/silences.md."""

from __future__ import annotations

import inspect

from expectations.rulebook import condition
from expectations.verdicts import silence
from expectations.verdicts.silence_table import SILENCES, format_silences

GIVES_CELLS = {"list_asked_cells"}


def test_every_step_is_told_and_every_line_is_a_step() -> None:
    steps = {
        name
        for name, function in inspect.getmembers(silence, inspect.isfunction)
        if function.__module__ == silence.__name__ and not name.startswith("_")
    }
    told = {each.step for each in SILENCES}
    assert told - {"any_unreadable"} == steps - GIVES_CELLS
    assert callable(condition.any_unreadable)


def test_the_page_has_a_line_for_each() -> None:
    page = format_silences()
    assert all(each.by in page and each.silenced in page for each in SILENCES)
    assert page.count("\n| ") == len(SILENCES) + 2
