"""What the typed rows say, in long form: each cell an observation, each number of an org unit a measure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from transforms.conforming.conform import Conformed
from transforms.observing.measures import count_rows, is_in_force, sum_measures
from warehouse.catalogue.frames import (
    COUNTED_ROW,
    MEASURE,
    OBSERVATION,
    CountedRows,
    Measures,
    Observations,
    empty,
    shaped,
)
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form

_KEYS = ("submission", "unit_code", "year", "org_code", "item", "sheet", "row")


@dataclass(frozen=True)
class Observed:
    """The frames OBSERVATION, COUNTED_ROW and MEASURE of the same submissions: cells, and what is made of them."""

    observations: Observations = field(default_factory=partial(empty, OBSERVATION))
    counted_rows: CountedRows = field(default_factory=partial(empty, COUNTED_ROW))
    measures: Measures = field(default_factory=partial(empty, MEASURE))

    def select_submissions(self, submissions: Collection[str]) -> Observed:
        """The rows of these submissions in every frame."""
        wanted = pl.col("submission").is_in(list(submissions))
        return Observed(
            self.observations.filter(wanted), self.counted_rows.filter(wanted), self.measures.filter(wanted)
        )


def observe(conformed: Conformed, catalogue: Catalogue) -> Observed:
    """Every cell of the data rows, and every measure made of the cells.

    Cells: blank ones too, where the form asks; unreadable ones as not reported. Cells that the form does not ask (another
    level's field, a field not in force) are observations only where something stands in them, and never measures.
    """
    cells = _list_cells(conformed, catalogue)
    counted = count_rows(conformed, catalogue)
    return Observed(
        shaped(cells, OBSERVATION),
        counted,
        sum_measures(cells.filter("is_asked"), counted, conformed, catalogue),
    )


def _list_cells(conformed: Conformed, catalogue: Catalogue) -> pl.DataFrame:
    """OBSERVATION + is_asked."""
    letters = conformed.columns.select("submission", "form", "field", letter="column")
    parts = [
        _cells_of(conformed.forms[form.id], form, field)
        for form in catalogue.forms.values()
        if form.id in conformed.forms
        for field in form.fields
    ]
    if not parts:
        return empty({**OBSERVATION, "is_asked": pl.Boolean})
    cells = (
        pl.concat(parts)
        .join(letters.lazy(), on=["submission", "form", "field"], how="left", maintain_order="left")
        .collect()
    )
    return cells.with_columns(cell=pl.concat_str("letter", "row"))


def _cells_of(rows: pl.DataFrame, form: Form, field: Field) -> pl.LazyFrame:
    value, state = pl.col(field.id), pl.col(f"{field.id}__state")
    is_number = rows.schema[field.id] == pl.Float64
    text = value.dt.to_string("%Y-%m-%d") if field.type == "date" else value.cast(pl.String)
    is_asked = pl.col("org_level").is_in(list(form.levels_of(field))) & is_in_force(field) & is_in_force(form)
    return (
        rows.lazy()
        .with_columns(is_asked=is_asked.fill_null(value=True))
        .filter(pl.col("row_kind") == "data", pl.col("is_asked") | state.is_in(["value", "zero"]))
        .select(
            *_KEYS,
            pl.lit(form.id).alias("form"),
            pl.lit(field.id).alias("field"),
            state.alias("state"),
            (value if is_number else pl.lit(None, pl.Float64)).alias("value"),
            (pl.lit(None, pl.String) if is_number else text).alias("text"),
            "is_asked",
        )
    )
