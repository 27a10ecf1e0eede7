"""The vocabulary of series rules: the scores their expressions may read, the placeholders of their messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import polars as pl

Subject = Literal[
    "workbook",
    "sheet",
    "shift",
    "swap",
    "exchange",
    "upper",
    "cross",
    "column",
    "row",
    "run",
    "pair",
    "number",
]
SEVERAL: tuple[Subject, ...] = (
    "workbook", "sheet", "shift", "swap", "exchange", "upper", "cross", "column", "row", "run", "pair",
)  # fmt: skip
"""What a question may be about beside a single number, the widest first; its numbers are not asked about again."""

_NUMBER_SCORES = (
    "value", "previous_value", "past_high", "past_count", "change_factor", "change_score", "history_score", "peer_score",
    "published_effect_pct",
)  # fmt: skip
_COLUMN_SCORES = (
    "column_count", "column_factor", "column_compared_count", "column_distinct_count", "column_same_pct",
    "column_usual_same_pct",
)  # fmt: skip
_ROW_SCORES = ("row_count", "row_factor")
_PAIR_SCORES = ("pair_ratio", "pair_factor", "pair_gain", "pair_misfit")
_RUN_SCORES = ("run_count", "run_distinct_before", "run_chance")
_BLOCK_SCORES = (
    "workbook_same_count", "workbook_same_pct", "shift_gain", "shift_fit", "shift_count", "shift_moved", "shift_step",
    "swap_gain", "swap_fit", "swap_count", "exchange_gain", "exchange_fit", "exchange_share", "exchange_count",
    "upper_gain", "upper_fit", "upper_count", "cross_gain", "cross_fit", "cross_ratio",
    "cross_count", "sheet_same_count", "sheet_same_pct", "sheet_telling_count",
)  # fmt: skip
SERIES_TYPES = dict.fromkeys(
    (*_NUMBER_SCORES, *_COLUMN_SCORES, *_ROW_SCORES, *_PAIR_SCORES, *_RUN_SCORES, *_BLOCK_SCORES), pl.Float64
)
"""Names a rule of scope series may read, and their types: of a number, of a column, of a row, of two
neighbours, of a run, of a block of misplaced numbers."""

SERIES_PLACEHOLDERS = frozenset(
    {
        "label", "value", "previous", "factor", "usual", "past", "slip", "peers", "level",
        "column_count", "column_compared", "column_times", "column_usual", "column_changed", "column_slip",
        "row_count", "row_times", "pair", "pair_value", "pair_previous", "run_count", "run_end", "run_before",
        "workbook_same_count", "last_year", "shift_count", "shift_end", "shift_step", "shift_columns", "swap_other",
        "swap_count", "exchange_other", "exchange_count", "upper_name", "upper_count", "cross_other",
        "cross_other_value", "cross_other_previous", "cross_rows", "sheet_same_count", "effect", "shift_start", "previous_value",
    }
)  # fmt: skip
"""Placeholders of a message; each but label and slip is a column ``<placeholder>_text`` of
:mod:`expectations.outliers.series_texts`."""


def find_subject(names: Iterable[str]) -> Subject:
    """The subject of the questions of a rule that reads the scores ``names``."""
    kinds = {name.partition("_")[0] for name in names}
    return next((kind for kind in SEVERAL if kind in kinds), "number")
