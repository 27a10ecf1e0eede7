"""Receipts: what a county reads the morning after, one Markdown page per submission in its outbox folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined

from expectations.workbook.marks import without_row
from flows.corrections import Correction, asked_key
from flows.receipt_page import page_of
from flows.receive import Repeated
from warehouse.catalogue.load import Catalogue
from warehouse.journal import Head
from warehouse.outcomes import Outcome

UNKNOWN_UNIT = "未识别单位"
_SHOWN = 200
_SEVERITIES = {"critical": "强制性", "warning": "核实性", "info": "提示"}
_DECISIONS = {
    "accepted": "已接收",
    "held": "暂存，待改正",
    "empty": "空表",
    "refused": "未能接收",
}

_ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
_TEMPLATE = _ENVIRONMENT.from_string(
    """# 年报回执

| 项目 | 内容 |
| --- | --- |
| 填报单位 | {{ unit_name }} |
| 报告年度 | {{ year or "未识别" }} |
| 报送文件 | {{ file_name }} |
| 收到时间 | {{ received_at }} |
| 处理结果 | **{{ decision_zh }}** |
| 文件校验码 | {{ submission }} |

{% if decision == "accepted" and not open_count %}
本次报送{% if not explained_count %}没有需要改正或核实的问题，{% endif %}数据已入库，无须再做处理。
{% elif decision == "accepted" %}
本次报送已接收入库，尚有 {{ open_count }} 处需要核实：确有错误的请改正，属实的请说明。
{% elif decision == "held" and (rule or not critical_count) %}
{{ reason }}
{% if has_standing %}
此前已接收的版本继续有效。
{% endif %}
{% elif decision == "held" %}
本次报送有 {{ critical_count }} 处强制性问题，暂未入库{% if has_standing %}，此前已接收的版本继续有效{% endif %}。
请按下表改正后重新报送整个工作簿。
{% else %}
{{ reason }}
{% if has_standing %}
此前已接收的版本继续有效。
{% endif %}
{% endif %}
{% if explained_count %}
收到说明 {{ explained_count }} 处，正在等待市级审核，不必再报。
{% endif %}
{% if accepted_count %}
另有 {{ accepted_count }} 处已经说明并获市级认可，不再列出。
{% endif %}
{% if previous %}
与上次报送相比：已改正 {{ fixed_count }} 处，{{ blanked }}仍未处理 {{ kept_count }} 处，新出现 {{ new_count }} 处。
{% endif %}
{% if correction %}
请打开同一文件夹中的“{{ correction }}”：有问题的单元格已着色并附批注（下表的位置即该表中的位置），
可在表中直接改正，或在“说明”表中写明原因，保存后重新报送整个工作簿。
{% endif %}
{% if is_superseded %}
收到本文件之后，又收到本单位同一年度的新文件并已入库，以后收到的为准。
{% endif %}
{% if findings %}

## 审核发现（共 {{ finding_count }} 处{% if finding_count > findings|length %}，下列前 {{ findings|length }} 处{% endif %}）

| 序号 | 类别 | 位置 | 问题 | 处理办法 | 情况 | 审核关系 |
| --- | --- | --- | --- | --- | --- | --- |
{% for f in findings %}
| {{ loop.index }} | {{ f.severity_zh }} | {{ f.place }} | {{ f.message }} | {{ f.fix }} | {{ f.status_zh }} | {{ f.rule }} |
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


_REPEATED = _ENVIRONMENT.from_string(
    """# 年报回执（重复报送）

| 项目 | 内容 |
| --- | --- |
| 填报单位 | {{ unit_name }} |
| 报告年度 | {{ year or "未识别" }} |
| 报送文件 | {{ file_name }} |
| 文件校验码 | {{ submission }} |

本文件与 {{ received_at }} 收到的“{{ first_name }}”内容完全相同，未重复入库，处理结果不变：**{{ decision_zh }}**。
{% if decision == "refused" %}
{{ reason }}
{% elif decision == "held" and rule %}
{{ reason }}
{% elif decision == "held" %}
强制性问题尚未改正，请按原回执改正并保存后重新报送整个工作簿。
{% elif is_superseded %}
此后又收到本单位同一年度的新文件并已入库，仍以后收到的为准。如要改回本文件的数据，请打开本文件核对并另行保存后重新报送。
{% else %}
如需更正，请在工作簿中改正并保存后重新报送。
{% endif %}

---
{{ association }}　{{ printed_at }}　登记簿第 {{ head_count }} 条，校验值 {{ head_hash }}
"""
)


class Office:
    """Writes the receipts of one night into the outbox.

    ``head`` is the journal's, printed whole: that the journal's tail was cut off is seen only by comparing with it.
    """

    def __init__(self, outbox: Path, catalogue: Catalogue, head: Head, printed_at: datetime) -> None:
        self.outbox = outbox
        self.printed_at = printed_at
        self.names = _unit_names(catalogue)
        self.foot = {
            "association": catalogue.settings.city.association,
            "printed_at": printed_at.strftime("%Y年%m月%d日 %H:%M"),
            "head_count": head.count,
            "head_hash": head.hash,
        }

    def answer(self, outcome: Outcome, corrections: Mapping[str, Correction] | None = None) -> list[Path]:
        """One receipt for each submission; the paths written. ``corrections``: the workbooks written, by submission."""
        findings = outcome.findings.partition_by("submission", as_dict=True)
        notes = outcome.notes.partition_by("submission", as_dict=True)
        written: list[Path] = []
        for row in outcome.submissions.iter_rows(named=True):
            found = findings.get((row["submission"],), outcome.findings.clear())
            asked = found.remove(pl.col("finding_status") == "accepted")
            counts = _counts(found)
            correction = (corrections or {}).get(row["submission"])
            fixes = notes.get((row["submission"],), outcome.notes.clear())
            text = _TEMPLATE.render(
                self._of(row),
                critical_count=row["critical_count"],
                **counts,
                previous=row["previous"] if row["decision"] != "refused" else None,
                fixed_count=row["fixed_count"],
                blanked=f"改为未报 {n} 处（不算改正），" if (n := row["blanked_count"]) else "",
                correction=correction.path.name if correction else "",
                has_standing=row["has_earlier"],
                findings=_finding_rows(asked, row["previous"] is not None, correction),
                finding_count=asked.height,
                fixes=list(_note_rows(fixes.head(_SHOWN))),
                fix_count=fixes.height,
            )
            written.append(self._write(row, text))
        return written

    def answer_repeated(self, repeated: Sequence[Repeated], known: pl.DataFrame) -> list[Path]:
        """One receipt for each file that was sent once more, saying what became of it the first time.

        ``known``: as Outcome.submissions, of every submission in the warehouse.
        """
        first = {row["submission"]: row for row in known.iter_rows(named=True)}
        written: list[Path] = []
        for again in repeated:
            row = first[again.submission]
            text = _REPEATED.render(
                self._of(row) | {"file_name": _cell_text(again.name)}, first_name=_line(row["file_name"])
            )
            written.append(self._write(row, text, "_重复"))
        return written

    def _of(self, row: dict[str, Any]) -> dict[str, object]:
        """What every receipt about a submission may print."""
        return {
            "unit_name": self.names.get(row["unit_code"], UNKNOWN_UNIT),
            "year": row["year"],
            "file_name": _cell_text(row["file_name"]),
            "received_at": _moment(row["received_at"]),
            "submission": row["submission"],
            "decision": row["decision"],
            "decision_zh": _DECISIONS[row["file_state"]],
            "rule": row["rule"],
            "reason": _line(row["reason"]),
            "is_superseded": row["is_superseded"],
            **self.foot,
        }

    def _write(self, row: dict[str, Any], text: str, suffix: str = "") -> Path:
        folder = self.folder(row["unit_code"])
        stamp = self.printed_at.strftime("%Y%m%d")
        path = folder / f"回执_{row['year'] or '年度不明'}_{stamp}_{row['submission'][:8]}{suffix}.md"
        path.write_text(text, encoding="utf-8", errors="replace")
        path.with_suffix(".html").write_text(page_of(text, path.stem), encoding="utf-8", errors="replace")
        return path

    def folder(self, unit_code: str | None) -> Path:
        """The unit's folder in the outbox, made when it is not there."""
        folder = self.outbox / outbox_folder(unit_code, self.names.get(unit_code or ""))
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def outbox_folder(unit_code: str | None, unit_name: str | None) -> str:
    """The unit's folder in the outbox: code and name, so that people and programs both find it."""
    return f"{unit_code}{unit_name}" if unit_code and unit_name else UNKNOWN_UNIT


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y年%m月%d日 %H:%M}"


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


def _counts(found: pl.DataFrame) -> dict[str, int]:
    """How many warnings are open, explained and accepted, and how many questions are new or were asked before."""
    status, is_warning = pl.col("finding_status"), pl.col("severity") == "warning"
    is_open = status.is_in(["open", "reopened"])
    is_asked = is_open & (pl.col("severity") != "info")
    return found.select(
        open_count=(is_warning & is_open).sum(),
        explained_count=(status == "explained").sum(),
        accepted_count=(status == "accepted").sum(),
        new_count=(is_asked & pl.col("is_new")).sum(),
        kept_count=(is_asked & ~pl.col("is_new")).sum(),
    ).row(0, named=True)


def _status_words(row: dict[str, Any], is_second: bool) -> str:
    if row["finding_status"] == "explained":
        return "已说明，待审核"
    if row["reason"]:
        return f"说明未获认可：{_cell_text(row['reason'])}"
    if row["finding_status"] == "reopened":
        return "再次出现"
    return "" if not is_second else "新出现" if row["is_new"] else "上次已指出"


def _finding_rows(
    found: pl.DataFrame, is_second: bool, correction: Correction | None
) -> list[dict[str, str]]:
    """The lines of the table; with a correction workbook in its order and with its cells, which the unit works in."""
    places = correction.places if correction else {}
    order = {key: number for number, key in enumerate(places)}
    rank = {"critical": 0, "warning": 1, "info": 2}
    rows = sorted(
        found.iter_rows(named=True),
        key=lambda row: (rank[row["severity"]], order.get(asked_key(row), len(order))),
    )
    return [_finding_line(row, is_second, places.get(asked_key(row))) for row in rows[:_SHOWN]]


def _finding_line(row: dict[str, Any], is_second: bool, place: str | None) -> dict[str, str]:
    message, suggestion = _cell_text(row["message"]), _cell_text(row["suggestion"])
    if place is not None:
        message = without_row(message)
    if suggestion and suggestion not in message:
        message += f"（是否为“{suggestion}”？）"
    if row["likely"]:
        message += f"。{_cell_text(row['likely'])}"
    return {
        "severity_zh": _SEVERITIES[row["severity"]],
        "place": _place(row) if place is None else _cell_text(place.rstrip("!")) or "整个工作簿",
        "message": message,
        "fix": _cell_text(row["fix"]),
        "status_zh": _status_words(row, is_second),
        "rule": row["rule"],
    }


def _note_rows(fixes: pl.DataFrame) -> Iterable[dict[str, str]]:
    for row in fixes.iter_rows(named=True):
        yield {"place": _place(row), "raw": _cell_text(row["raw"]), "value": _cell_text(row["value"])}
