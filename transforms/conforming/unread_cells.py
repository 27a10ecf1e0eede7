"""The cells of rows that are not taken over: of an unknown unit, of a repeated unit, of a part (其中)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from warehouse.catalogue.frames import UNREAD, empty, shaped
from warehouse.catalogue.load import Catalogue

_REASONS = {"unknown": "unknown_unit", "duplicate": "second_row", "part": "part"}
WHOLE_NUMBER = r"^(-?\d+)\.0$"
"""A number with a fraction of zero, which a spreadsheet shows without it."""

MOST_ROWS = 200
"""The most rows of a sheet that are kept; the file that was sent has the others."""


def list_unread_rows(
    forms: Mapping[str, pl.DataFrame], rows: pl.DataFrame, columns: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """UNREAD of rows whose kind is unknown, duplicate or part.

    ``forms``: the texts as written with ``index``; ``rows``: as :func:`transforms.conforming.row_kinds.assign_rows` gives them;
    ``columns``: COLUMNS.
    """
    lost = (
        rows.filter(pl.col("kind").is_in(list(_REASONS)))
        .group_by("submission", "sheet", maintain_order=True)
        .head(MOST_ROWS)
        .select("form", "index", "kind")
    )
    found = [empty(UNREAD)]
    for (form,), part in lost.group_by("form", maintain_order=True):
        declared = catalogue.forms[str(form)]
        headers = catalogue.settings.row_headers
        org = headers.roster_org if declared.is_roster else headers.org_name
        labels = {
            "org_code": headers.org_code.label,
            "org_name": org.label,
            "parent_name": headers.parent_name.label,
            **{field.id: field.label for field in declared.fields},
        }
        texts = forms[str(form)].join(part.select("index", "kind"), on="index", maintain_order="left")
        cells = (
            texts.select("submission", "sheet", "row", "kind", *labels)
            .unpivot(index=["submission", "sheet", "row", "kind"], variable_name="field", value_name="text")
            .drop_nulls("text")
            .with_columns(pl.col("text").str.replace(WHOLE_NUMBER, "$1"))
        )
        letters = columns.filter(form=str(form)).select("submission", "sheet", "field", "column")
        joined = cells.join(letters, on=["submission", "sheet", "field"], maintain_order="left").with_columns(
            form=pl.lit(str(form)),
            cell=pl.concat_str("column", "row"),
            heading=pl.col("field").replace_strict(labels, return_dtype=pl.String),
            reason=pl.col("kind").replace_strict(_REASONS, return_dtype=pl.String),
        )
        found.append(shaped(joined, UNREAD))
    return pl.concat(found)
