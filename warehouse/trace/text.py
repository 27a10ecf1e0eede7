"""A trace as Chinese text for a terminal: the number, its formula, its terms, the cells that weigh most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from warehouse.trace.trace import Trace
from warehouse.words import labels
from warehouse.words.numbers import NO_NUMBER, grouped


def trace_text(trace: Trace, limit: int = 20) -> str:
    """The whole text, with the ``limit`` cells that contribute most."""
    return "\n".join(
        [*_head(trace), *_terms(trace), *_peers(trace, limit), *_cells(trace, limit), *trace.remarks]
    )


def _head(trace: Trace) -> Iterator[str]:
    row, indicator = trace.row, trace.indicator
    shown = grouped(trace.value, indicator.decimals) if trace.value is not None else NO_NUMBER[row["state"]]
    level = labels.LEVEL_SHORT.get(row["org_level"], "")
    yield f"{indicator.name_zh}（{indicator.id}）　{row['org_name']}（{row['org_code']}，{level}级）　{row['year']}年"
    is_rounded = trace.value is not None and round(trace.value, indicator.decimals) != trace.value
    exact = f"（未舍入 {grouped(trace.value)}）" if is_rounded else ""
    yield f"数值：{shown} {indicator.unit}{exact}　{labels.MATURITY.get(row['maturity'], '')}　{_coverage(row)}"
    if trace.value is None:
        yield {
            "not_applicable": "无数值的原因：不适用（如分母为 0，或各单位均填不适用）。",
            "not_reported": "无数值的原因：所需数据未报送。缺报不作 0。",
            "held": "无数值的原因：报送件已收到，因待改正而暂存，改正接收后计入。暂存不作 0。",
        }.get(row["state"], "")
    yield f"公式：{trace.formula_zh}"
    yield f"　　　{indicator.formula}"
    yield f"释义：{indicator.meaning}"


def _coverage(row: dict[str, Any]) -> str:
    if row["coverage_pct"] is None:
        return ""
    return f"覆盖率 {row['coverage_pct']:.1f}%（应报 {row['expected_count']}，已报 {row['reported_count']}）"


def _terms(trace: Trace) -> Iterator[str]:
    if trace.terms.is_empty():
        return
    yield "构成："
    own = trace.row["org_code"]
    for t in trace.terms.iter_rows(named=True):
        whose = "" if t["org_code"] == own else "全市"
        yield (
            f"  {whose}{t['label']}　{t['source_year']}年　{grouped(t['value'])}"
            f"　（{t['cell_count'] or 0} 个单元格；应报 {grouped(t['expected_count'])}，已报 {grouped(t['reported_count'])}）"
        )


def _peers(trace: Trace, limit: int) -> Iterator[str]:
    if trace.peers is None:
        return
    yield f"同级单位（{trace.peers.height} 个）："
    is_percentile = trace.indicator.formula.startswith("percentile")
    for peer in trace.peers.head(limit).iter_rows(named=True):
        mark = "→" if peer["org_code"] == trace.row["org_code"] else "　"
        place = f"{grouped(peer['rank'], 1)}%" if is_percentile else f"第 {grouped(peer['rank'])} 位"
        yield f"{mark} {place}　{peer['org_name']}　{grouped(peer['value'])}"


def _cells(trace: Trace, limit: int) -> Iterator[str]:
    cells = trace.cells
    used = cells.filter(pl.col("contribution").is_not_null())
    # A cell that says zero adds nothing: last.
    top = used.sort(pl.col("contribution").abs(), descending=True, maintain_order=True).head(limit)
    states = dict(cells.group_by("state").len().iter_rows())
    told = [f"{states[state]} 个{word}" for state, word in labels.STATE.items() if state in states]
    which = f"，列出数值最大的 {top.height} 个" if used.height > top.height else ""
    yield f"来源单元格：{used.height} 个计入{which}" + (f"；其中 {'、'.join(told)}" if told else "") + "。"
    for cell in top.iter_rows(named=True):
        yield _cell(cell, "" if cell["of_node"] == trace.row["org_code"] else "全市")
    files = (
        used.drop_nulls("submission")
        .select("file_name", "received_at", "submission")
        .unique(maintain_order=True)
    )
    if files.height:
        yield f"来源文件：{files.height} 份。"
    for file in files.head(limit).iter_rows(named=True):
        yield f"  {file['file_name']}　{file['received_at']}　SHA-256 {file['submission'][:16]}…"


def _cell(cell: dict[str, Any], whose: str) -> str:
    plain = grouped(cell["contribution"])
    where = f"{cell['sheet']}!{cell['cell']}" if cell["cell"] else "（单位名录）"
    item = f"《{cell['item']}》" if cell["item"] else ""
    typed = ""
    if cell["raw"] and cell["cell"] and cell["raw"] != plain.replace(",", ""):
        is_quoted = cell["raw"].endswith("”")  # the cells of a counted row, each with its label
        typed = f"　填写{cell['raw']}" if is_quoted else f"　填写“{cell['raw']}”"
    share = "" if cell["share"] == 1.0 else f"　承接比例 {grouped(cell['share'])}"
    file = f"　{cell['file_name']}" if cell["file_name"] else ""
    return f"  {plain}　{whose}{cell['label']}　{cell['source_year']}年　{cell['place']}{item}　{where}{typed}{share}{file}"
