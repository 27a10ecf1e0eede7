"""Correction workbooks: a unit's own workbook again, its questions marked, in the unit's folder of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from expectations.workbook.issued import Content, CorrectionContent, write_workbook
from flows.settings import Installation
from warehouse.catalogue.frames import Schema, shaped
from warehouse.ledger.durability import make_folder, sync_folder, writing_durably
from warehouse.standing.outcomes import Outcome
from warehouse.standing.questions import list_questions, read_entries, read_unread
from warehouse.store.query import read_standing_entries
from warehouse.words.day_words import moment_words

EARLIER = "以前的更正表"
"""Where a unit's correction workbooks go when a newer one takes their place: a clerk may have begun to fill one in."""

_IS_OPEN = (pl.col("severity") == "critical") | (
    (pl.col("severity") == "warning") & pl.col("finding_status").is_in(["open", "reopened"])
)


SHOWN: Schema = {
    "finding": pl.String,
    "sheet": pl.String,  # this and cell: of the submission; with finding the key, since a unit may be listed twice
    "cell": pl.String,
    "shown_sheet": pl.String,  # of the correction workbook
    "shown_cell": pl.String,
}


@dataclass(frozen=True)
class Correction:
    """A correction workbook: its path, and where each question stands in it (SHOWN), in the order it lists them."""

    path: Path
    shown: pl.DataFrame


def write_corrections(
    installation: Installation, outcome: Outcome, folder: Callable[[str | None], Path], printed_at: datetime
) -> dict[str, Correction]:
    """A workbook for every latest submission of ``outcome`` with a critical or warning finding that the unit has to answer.

    ``folder`` gives a unit's folder by its code; the workbooks by submission. Older ones of the same year are put
    aside, whether there is a new one or not.
    """
    latest = outcome.submissions.filter("is_latest")
    if latest.is_empty():
        return {}
    of_latest = outcome.findings.join(
        latest.select("submission"), on="submission", how="semi", maintain_order="left"
    )
    found = list_questions(of_latest, list(installation.catalogue.forms))
    asked_of = found.partition_by("submission", as_dict=True, maintain_order=True)
    written = {}
    for row in latest.iter_rows(named=True):
        out = folder(row["unit_code"])
        _put_aside(out, row["year"])
        asked = asked_of.get((row["submission"],), found.clear())
        if asked.filter(_IS_OPEN).is_empty():
            continue
        name = f"更正表_{row['year']}_{printed_at:%Y%m%d_%H%M%S}_{row['submission'][:8]}.xlsx"
        with writing_durably(out / name) as unfinished:
            shown = write_correction(installation, unfinished, row, asked)
        places = [shown.get(n, (sheet, None)) for n, sheet in enumerate(asked["sheet"])]
        where = pl.DataFrame(places, schema=["shown_sheet", "shown_cell"], orient="row")
        of_questions = asked.select("finding", "sheet", "cell").hstack(where)
        written[row["submission"]] = Correction(out / name, shaped(of_questions, SHOWN))
    return written


def _put_aside(folder: Path, year: int) -> None:
    if outdated := sorted(folder.glob(f"更正表_{year}_*.xlsx")):
        make_folder(folder / EARLIER)
        for old in outdated:
            old.replace(folder / EARLIER / old.name)
        sync_folder(folder / EARLIER)


def write_correction(
    installation: Installation, path: Path, row: dict[str, Any], questions: pl.DataFrame
) -> Mapping[int, tuple[str, str]]:
    """The workbook that asks ``questions`` (warehouse.standing.questions.list_questions) about the submission ``row``.

    Where each question is shown, by its row in ``questions``: sheet and cell.
    """
    rules = installation.rulebook.rules.values()
    received = datetime.fromisoformat(row["received_at"])
    database, catalogue = installation.home.whole_database, installation.catalogue
    prior = read_standing_entries(database, row["unit_code"], row["year"] - 1)
    asked = CorrectionContent(
        questions=questions.with_columns(
            scope=_join_rules({rule.id: rule.scope for rule in rules}),
            # Where the layout itself mends what was asked, the workbook says what is left to do.
            in_correction=_join_rules({rule.id: rule.in_correction for rule in rules}),
        ),
        answered=row["submission"],
        unread=read_unread(database, row["submission"], list(catalogue.forms)),
        about=f"本表根据{moment_words(received)}收到的“{row['file_name']}”（校验码 {row['submission'][:8]}）制作。",
    )
    content = Content(read_entries(database, row["submission"]), prior)
    return write_workbook(
        path, row["unit_code"], row["year"], catalogue, installation.rulebook, content, asked
    )


def _join_rules(values: Mapping[str, str]) -> pl.Expr:
    return pl.col("rule").replace_strict(values, default=None, return_dtype=pl.String)
