"""A trace as Chinese text for a terminal: the number, its formula, its terms, the cells that weigh most."""

from __future__ import annotations

from typing import Any

import polars as pl

from warehouse.trace.trace import Trace
from warehouse.words import labels
from warehouse.words.day_words import moment_words
from warehouse.words.number_words import group_thousands, show_number
from warehouse.words.templates import render_text

_FILE = ["file_name", "received_at", "file_sha256"]


def format_trace(trace: Trace, limit: int = 20) -> str:
    """The whole text, with the ``limit`` cells that contribute most."""
    row, decimals, value = trace.row, trace.indicator.decimals, trace.value
    is_rounded = value is not None and round(value, decimals) != value
    used = trace.used_cells
    files = used.drop_nulls("file_sha256").select(_FILE).unique(maintain_order=True)
    [formula] = trace.select_step("formula").to_dicts()
    text = render_text(
        "warehouse.trace",
        "trace",
        indicator=trace.indicator,
        formula=formula,
        of=row,
        level=labels.LEVEL_SHORT.get(row["org_level"], ""),
        value=show_number(value, row["state"], decimals),
        exact=value if is_rounded else None,
        maturity=labels.MATURITY.get(row["maturity"], ""),
        why=row["state"] if value is None else "",
        terms=_list_terms(trace),
        peers=_list_peers(trace, limit),
        peer_count=trace.select_step("peer").height,
        is_percentile=trace.indicator.formula.startswith("percentile"),
        cells=[cell | _describe_cell(cell) for cell in used.head(limit).iter_rows(named=True)],
        cell_count=used.height,
        others=_count_others(trace),
        files=[file | {"received_at": moment_words(file["received_at"])} for file in files.to_dicts()],
        limit=limit,
    )
    return "\n".join([text.removesuffix("\n"), *trace.remarks])


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"value": show_number(row["value"], row["state"])}


def _list_terms(trace: Trace) -> list[dict[str, Any]]:
    """The terms, those of the unit asked about first, each with its number of cells."""
    key = ["term", "of_node", "source_year"]
    counts = trace.used_cells.group_by(key).agg(cell_count=pl.len())
    terms = trace.select_step("term").join(counts, on=key, how="left", maintain_order="left")
    terms = terms.sort(pl.col("of_node") != trace.row["org_code"], maintain_order=True)
    return [_shown(term) for term in terms.with_columns(pl.col("cell_count").fill_null(0)).to_dicts()]


def _list_peers(trace: Trace, limit: int) -> list[dict[str, Any]]:
    """The first ``limit`` peers, and the unit asked about wherever it stands."""
    peers = trace.select_step("peer").with_row_index("at")
    is_own = pl.col("source_code") == trace.row["org_code"]
    return [_shown(peer) for peer in peers.filter((pl.col("at") < limit) | is_own).to_dicts()]


def _count_others(trace: Trace) -> list[str]:
    """How many cells add nothing, by their state; a unit that has none counts as one."""
    zeros = trace.used_cells.filter(state="zero")
    without = trace.select_step("unit").filter(~pl.col("state").is_in(["value", "zero"]))
    states = dict(pl.concat([zeros["state"], without["state"]]).value_counts().iter_rows())
    return [f"{states[state]} 个{word}" for state, word in labels.STATE.items() if state in states]


def _describe_cell(cell: dict[str, Any]) -> dict[str, str]:
    """``typed``: the content as the clerk wrote it, unless it is just the number; quoted unless it is a counted row's.

    ``fixed``: what else was changed in writing it; ``questions`` with their states in words.
    """
    raw, questions = cell["raw"], cell["questions"] or ""
    is_plain = not raw or not cell["cell"] or raw == group_thousands(cell["value"]).replace(",", "")
    for state, word in (labels.FINDING_STATUS | labels.SETTLED).items():
        questions = questions.replace(f"（{state}）", f"（{word}）")
    fixes = (cell["remarks"] or "").replace("、", "+").split("+")
    return {
        "typed": "" if is_plain else raw if raw.endswith("”") else f"“{raw}”",
        "fixed": "，".join(labels.NORMALISATION[fix] for fix in fixes if fix in labels.NORMALISATION),
        "questions": questions,
    }
