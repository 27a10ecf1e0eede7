"""Faults of the program itself: one submission that it does not cope with must not stop the others."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from flows.ending import is_ending
from flows.steps.batch import Batch
from flows.system_words import explain_machine_fault

FAULTY_RULE = "refuse.not_judged"
"""The rule that is cited for a file which the program itself could not cope with."""

_OF_THE_MACHINE = (MemoryError, OSError)
"""Errors of the machine, never of a submission."""


def step_without_faulty(
    step: Callable[[Batch], Batch], batch: Batch, on_fault: Callable[[list[str]], None]
) -> Batch:
    """``step(batch)``; where that fails, of those submissions alone of which it does not fail. The others are refused.

    ``on_fault`` is given the tracebacks, for the log. RuntimeError when the fault is not in single submissions: none of
    them fails alone, or all of several do. Errors of the machine, and of work that was interrupted, are raised.
    """
    try:
        return step(batch)
    except Exception as error:
        if not _is_of_a_submission(error):
            raise
    faulty = _find_faulty(step, batch)
    on_fault(list(faulty.values()))
    is_faulty = pl.col("submission").is_in(list(faulty))
    refused = batch.submissions.filter(is_faulty).with_columns(rule=pl.lit(FAULTY_RULE), detail=pl.lit(""))
    sound = batch.only(set(batch.submissions["submission"]) - faulty.keys())
    return step(replace(sound, refused=pl.concat([batch.refused, refused.select(batch.refused.columns)])))


def _find_faulty(step: Callable[[Batch], Batch], batch: Batch) -> dict[str, str]:
    """The submissions on which ``step`` fails when they are alone, each with its traceback."""
    faulty: dict[str, str] = {}
    for submission in batch.submissions["submission"]:
        try:
            step(batch.only({submission}))
        except Exception as error:
            if not _is_of_a_submission(error):
                raise
            faulty[submission] = traceback.format_exc()
    if not faulty or len(faulty) == batch.submissions.height > 1:
        raise RuntimeError("not the fault of single submissions: all of them fail alone, or none does")
    return faulty


def _is_of_a_submission(error: Exception) -> bool:
    return not isinstance(error, _OF_THE_MACHINE) and not is_ending() and explain_machine_fault(error) is None
