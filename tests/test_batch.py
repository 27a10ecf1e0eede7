"""The steps from received files to verdicts may run anywhere: what they take is pickled, what they give is Parquet."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TypeVar

import polars as pl
from polars.testing import assert_frame_equal

from expectations.rulebook.rulebook import load_rules
from flows.steps.batch import Background, Batch, ReceivedFile
from flows.steps.steps import conform_batch, judge_batch, read_batch
from tests.workbooks import CATALOGUE, COUNTY, FIRST, save_xlsx, sheet, workbook
from warehouse.catalogue.load import Catalogue

T = TypeVar("T")


def passed_on(thing: T) -> T:
    """What arrives in another process."""
    return pickle.loads(pickle.dumps(thing))  # our own bytes


def frames_of(thing: object, name: str = "batch") -> Iterator[tuple[str, pl.DataFrame]]:
    """Every frame in a batch, with the way to it."""
    if isinstance(thing, pl.DataFrame):
        yield name, thing
    elif isinstance(thing, dict):
        for key, part in thing.items():
            yield from frames_of(part, f"{name}.{key}")
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from frames_of(getattr(thing, field.name), f"{name}.{field.name}")


def taken_in(files: list[ReceivedFile], catalogue: Catalogue, *, elsewhere: bool) -> Batch:
    """The batch judged; each step perhaps in another process than the one before."""
    move = passed_on if elsewhere else lambda thing: thing
    rulebook = load_rules(None, catalogue)
    batch = read_batch(move(files), catalogue, 1)
    batch = conform_batch(move(batch), move(catalogue))
    judged = judge_batch(move(batch), move(Background()), move(catalogue), move(rulebook))
    # Checks are functions, and stay where they are; their verdicts are frames.
    return move(replace(judged, suites=()))


def test_steps_give_the_same_wherever_each_of_them_runs_and_their_frames_are_kept_as_parquet(
    tmp_path: Path,
) -> None:
    rows = sheet()
    rows[FIRST][2:6] = ["１２", 0, "不适用", "很多"]
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=rows, sunflower_site=sheet("sunflower_site")))
    files = [ReceivedFile("a" * 64, path, path.name, COUNTY, 1, "2025-01-10T02:00:00+08:00", "1")]
    here = dict(frames_of(taken_in(files, CATALOGUE, elsewhere=False)))
    there = dict(frames_of(taken_in(files, CATALOGUE, elsewhere=True)))
    for name in ("observations", "counted_rows", "measures"):
        assert here[f"batch.observed.{name}"].height, name
    assert here["batch.judgement.findings"].height
    for name, frame in here.items():
        assert_frame_equal(frame, there[name])
        kept = io.BytesIO()
        frame.write_parquet(kept)
        kept.seek(0)
        assert_frame_equal(pl.read_parquet(kept), frame)
