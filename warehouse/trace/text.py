"""A trace as Chinese text for a terminal: the number, its formula, its terms, the cells that weigh most."""

from __future__ import annotations

from typing import Any

import polars as pl

from warehouse.trace.trace import Trace
from warehouse.words import labels
from warehouse.words.number_words import NO_NUMBER, group_thousands
from warehouse.words.templates import render_text


def format_trace(trace: Trace, limit: int = 20) -> str:
    """The whole text, with the ``limit`` cells that contribute most."""
    row, decimals, value = trace.row, trace.indicator.decimals, trace.value
    is_rounded = value is not None and round(value, decimals) != value
    used = trace.cells.filter(pl.col("contribution").is_not_null())
    # Cells with zero come last.
    top = used.sort(pl.col("contribution").abs(), descending=True, maintain_order=True).head(limit)
    states = dict(trace.cells.group_by("state").len().iter_rows())
    sent = used.drop_nulls("submission")
    files = sent.select("file_name", "received_at", "submission").unique(maintain_order=True)
    text = render_text(
        "warehouse.trace",
        "trace",
        indicator=trace.indicator,
        formula_zh=trace.formula_zh,
        of=row,
        level=labels.LEVEL_SHORT.get(row["org_level"], ""),
        value=group_thousands(value, decimals) if value is not None else NO_NUMBER[row["state"]],
        exact=value if is_rounded else None,
        maturity=labels.MATURITY.get(row["maturity"], ""),
        why=row["state"] if value is None else "",
        terms=trace.terms.to_dicts(),
        peers=trace.peers,
        is_percentile=trace.indicator.formula.startswith("percentile"),
        cells=[cell | _describe_typed(cell) for cell in top.iter_rows(named=True)],
        cell_count=used.height,
        others=[f"{states[state]} 个{word}" for state, word in labels.STATE.items() if state in states],
        files=files.to_dicts(),
        limit=limit,
    )
    return "\n".join([text.removesuffix("\n"), *trace.remarks])


def _describe_typed(cell: dict[str, Any]) -> dict[str, str]:
    """The content of a cell as the clerk wrote it, unless it is just the number; quoted unless it is a counted row's."""
    raw = cell["raw"]
    if not raw or not cell["cell"] or raw == group_thousands(cell["contribution"]).replace(",", ""):
        return {"typed": ""}
    return {"typed": raw if raw.endswith("”") else f"“{raw}”"}
