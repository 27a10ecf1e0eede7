"""Receipts: what a county reads the morning after, one Markdown page per submission in its outbox folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import polars as pl
from jinja2 import Environment, StrictUndefined

from warehouse.catalogue.load import Catalogue
from warehouse.journal import Head

UNKNOWN_UNIT = "未识别单位"
_SHOWN = 200
_SEVERITIES = {"critical": "强制性", "warning": "核实性", "info": "提示"}
_DECISIONS = {
    "accepted": "已接收",
    "held": "暂存，待改正",
    "refused": "未能接收",
}

_TEMPLATE = Environment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
).from_string(
    """# 年报回执

| 项目 | 内容 |
| --- | --- |
| 填报单位 | {{ unit_name }} |
| 报告年度 | {{ year or "未识别" }} |
| 报送文件 | {{ file_name }} |
| 收到时间 | {{ received_at }} |
| 处理结果 | **{{ decision_zh }}** |
| 文件校验码 | {{ submission }} |

{% if decision == "accepted" and not warning_count %}
本次报送没有需要改正或核实的问题，数据已入库，无须再做处理。
{% elif decision == "accepted" %}
本次报送已接收入库。另有 {{ warning_count }} 处需要核实：确有错误的，改正后重新报送整个工作簿；属实的，请保留依据备查。
{% elif decision == "held" %}
本次报送有 {{ critical_count }} 处强制性问题，暂未入库{% if has_standing %}，此前已接收的版本继续有效{% endif %}。
请按下表改正后重新报送整个工作簿。
{% else %}
{{ reason }}
{% if has_standing %}
此前已接收的版本继续有效。
{% endif %}
{% endif %}
{% if is_superseded %}
收到本文件之后，又收到本单位同一年度的新文件并已入库，以后收到的为准。
{% endif %}
{% if findings %}

## 审核发现（共 {{ finding_count }} 处{% if finding_count > findings|length %}，下列前 {{ findings|length }} 处{% endif %}）

| 序号 | 类别 | 位置 | 问题 | 处理办法 | 审核关系 |
| --- | --- | --- | --- | --- | --- |
{% for f in findings %}
| {{ loop.index }} | {{ f.severity_zh }} | {{ f.place }} | {{ f.message }} | {{ f.fix }} | {{ f.rule }} |
{% endfor %}
{% endif %}
{% if fixes %}

## 系统已统一写法的单元格（共 {{ fix_count }} 处，数值未改动）

| 位置 | 原写法 | 读作 |
| --- | --- | --- |
{% for n in fixes %}
| {{ n.place }} | {{ n.raw }} | {{ n.value }} |
{% endfor %}
{% endif %}

---
{{ association }}　{{ printed_at }}　登记簿第 {{ head_count }} 条，校验值 {{ head_hash }}
"""
)


def write_receipts(
    submissions: pl.DataFrame,
    findings: pl.DataFrame,
    notes: pl.DataFrame,
    standing_before: set[tuple[str, int]],
    outbox: Path,
    catalogue: Catalogue,
    head: Head,
    printed_at: datetime,
) -> list[Path]:
    """One receipt for each row of ``submissions`` (SUBMISSION + decision, reason, counts); the paths written.

    ``standing_before``: the (unit_code, year) that had an accepted submission before this night; ``head``: of the
    journal, printed whole, since the journal's cut-off tail is seen only by comparing with it.
    """
    names = _unit_names(catalogue)
    accepted = _accepted_by_place(submissions)
    written: list[Path] = []
    by_submission = findings.partition_by("submission", as_dict=True) if findings.height else {}
    notes_by = notes.partition_by("submission", as_dict=True) if notes.height else {}
    for row in submissions.iter_rows(named=True):
        found = by_submission.get((row["submission"],), findings.clear())
        fixes = notes_by.get((row["submission"],), notes.clear())
        place = (row["unit_code"], row["year"])
        tonight = accepted.get(place, [])
        text = _TEMPLATE.render(
            unit_name=names.get(row["unit_code"], UNKNOWN_UNIT),
            year=row["year"],
            file_name=_cell_text(row["file_name"]),
            received_at=_moment(row["received_at"]),
            submission=row["submission"],
            decision=row["decision"],
            decision_zh=_DECISIONS[row["decision"]],
            reason=_line(row["reason"]),
            critical_count=row["critical_count"],
            warning_count=row["warning_count"],
            has_standing=place in standing_before or any(seq < row["received_seq"] for seq in tonight),
            is_superseded=any(seq > row["received_seq"] for seq in tonight),
            findings=list(_finding_rows(found.head(_SHOWN))),
            finding_count=found.height,
            fixes=list(_note_rows(fixes.head(_SHOWN))),
            fix_count=fixes.height,
            association=catalogue.settings.city.association,
            printed_at=printed_at.strftime("%Y年%m月%d日 %H:%M"),
            head_count=head.count,
            head_hash=head.hash,
        )
        written.append(
            _write(
                outbox / outbox_folder(row["unit_code"], names.get(row["unit_code"])), row, text, printed_at
            )
        )
    return written


def outbox_folder(unit_code: str | None, unit_name: str | None) -> str:
    """The unit's folder in the outbox: code and name, so that people and programs both find it."""
    return f"{unit_code}{unit_name}" if unit_code and unit_name else UNKNOWN_UNIT


def _accepted_by_place(submissions: pl.DataFrame) -> dict[tuple[object, object], list[int]]:
    """(unit_code, year) -> journal places of the receipt of what was accepted this night."""
    accepted = submissions.filter(pl.col("decision") == "accepted").group_by("unit_code", "year")
    return {(unit, year): seqs for unit, year, seqs in accepted.agg("received_seq").iter_rows()}


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y年%m月%d日 %H:%M}"


def _write(folder: Path, row: dict[str, object], text: str, printed_at: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = printed_at.strftime("%Y%m%d")
    path = folder / f"回执_{row['year'] or '年度不明'}_{stamp}_{str(row['submission'])[:8]}.md"
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def _unit_names(catalogue: Catalogue) -> dict[str, str]:
    units = catalogue.registry.all_units.filter(pl.col("level") == "county")
    return dict(units.select("org_code", "name").iter_rows()) | {
        catalogue.settings.city.code: catalogue.settings.city.own_level_name
    }


def _line(value: object) -> str:
    """A value as one line of Markdown: what would break the page or be taken for a tag is written full-width."""
    text = "" if value is None else str(value)
    return re.sub(r"\s*[\x00-\x1f\x7f\u2028\u2029]+\s*", " ", text).translate({60: "＜", 62: "＞"}).strip()


def _cell_text(value: object) -> str:
    return _line(value).replace("|", "｜")


def _place(row: dict[str, object]) -> str:
    return "!".join(_cell_text(row[k]) for k in ("sheet", "cell") if row[k]) or "整个工作簿"


def _finding_rows(found: pl.DataFrame) -> Iterable[dict[str, str]]:
    order = pl.col("severity").replace_strict({"critical": 0, "warning": 1, "info": 2}, return_dtype=pl.Int8)
    for row in found.sort(order, maintain_order=True).iter_rows(named=True):
        message, suggestion = _cell_text(row["message"]), _cell_text(row["suggestion"])
        if suggestion and suggestion not in message:
            message += f"（是否为“{suggestion}”？）"
        yield {
            "severity_zh": _SEVERITIES[row["severity"]],
            "place": _place(row),
            "message": message,
            "fix": _cell_text(row["fix"]),
            "rule": row["rule"],
        }


def _note_rows(fixes: pl.DataFrame) -> Iterable[dict[str, str]]:
    for row in fixes.iter_rows(named=True):
        yield {"place": _place(row), "raw": _cell_text(row["raw"]), "value": _cell_text(row["value"])}
