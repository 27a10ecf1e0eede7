"""Receipts: what a county reads the morning after, one Markdown page per submission in its outbox folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from expectations.rulebook.rulebook import RuleBook
from expectations.sheets.marks import plain
from expectations.sheets.values import shown
from expectations.verdicts.causes import by_cause, notes_by_cause
from flows.answer.corrections import Correction
from flows.answer.receipt_page import as_text, page_of
from flows.receiving.receive import Repeated
from flows.settings import Installation
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Settings
from warehouse.ledger.durability import write_durably
from warehouse.ledger.journal_head import Head, head_words
from warehouse.ledger.review import EMPTY, RETURNED, YEAR_DOUBTED, YEAR_LOCKED
from warehouse.standing.outcomes import Outcome
from warehouse.words import labels
from warehouse.words.dates import day_words, moment_words
from warehouse.words.workbook_texts import UNREAD_SHEET

UNKNOWN_UNIT = "未识别单位"
_SHOWN = 200
_STANDS = "此前已接收的版本继续有效。"

_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # every text of others goes through as_text
).get_template("receipt.md.j2")


class Office:
    """Writes the receipts of one night into the outbox.

    ``head`` is the journal's, printed whole: that the journal's tail was cut off is seen only by comparing with it.
    """

    def __init__(self, place: Installation, head: Head, printed_at: datetime) -> None:
        self.outbox = place.home.outbox
        self.catalogue = place.catalogue
        self.rulebook = place.rulebook
        self.printed_at = printed_at
        self.names = place.catalogue.unit_names()
        self.foot = {
            "association": place.catalogue.settings.city.association,
            "printed_at": moment_words(printed_at),
            "journal_head": head_words(head),
        }

    def answer(self, outcome: Outcome, corrections: Mapping[str, Correction] | None = None) -> list[Path]:
        """One receipt for each submission; the paths written. ``corrections``: the workbooks written, by submission."""
        findings = _by_submission(outcome.findings)
        notes = _by_submission(outcome.notes)
        sheets = _by_submission(outcome.sheets)
        changes = _by_submission(outcome.changes)
        written: list[Path] = []
        for row in outcome.submissions.iter_rows(named=True):
            key = row["submission"]
            found = findings.get(key, outcome.findings.clear())
            correction = (corrections or {}).get(key)
            is_folded = pl.col("is_folded").fill_null(False)
            unsettled = found.remove(pl.col("finding_status") == "accepted")
            folded = unsettled.filter(is_folded)
            asked = _as_shown(unsettled.remove(is_folded), correction, self.catalogue, self.rulebook)
            asked = asked.with_columns(status=_status_words(row["previous"] is not None))
            lines = by_cause(asked, self.catalogue, self.rulebook)
            noted = notes.get(key, outcome.notes.clear())
            text = _TEMPLATE.render(
                self._of(row),
                is_repeated=False,
                sentences=[
                    *_verdict(row, asked, folded, found),
                    *self._compared(row, asked, changes.get(key)),
                    *_what_to_do(row, correction),
                ],
                findings=[_line(line) for line in lines.head(_SHOWN).iter_rows(named=True)],
                finding_count=asked.height,
                folded_count=folded.height,
                is_corrected=correction is not None,
                line_count=lines.height,
                rules="、".join(lines["rule"].unique(maintain_order=True)),
                sheets=list(self._sheets(sheets.get(key), asked)),
                notes=[
                    {name: as_text(note[name]) for name in ("place", "raw", "value")}
                    for note in notes_by_cause(noted, self.catalogue).head(_SHOWN).iter_rows(named=True)
                ],
                note_count=noted.height,
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
            text = _TEMPLATE.render(
                self._of(row) | {"file_name": as_text(again.name)},
                is_repeated=True,
                sentences=list(_said_again(row)),
                findings=[],
                finding_count=0,
                folded_count=0,
                is_corrected=False,
                line_count=0,
                rules="",
                sheets=[],
                notes=[],
                note_count=0,
            )
            written.append(self._write(row, text, "_重复"))
        return written

    def _of(self, row: dict[str, Any]) -> dict[str, object]:
        """What every receipt about a submission may print."""
        settings = self.catalogue.settings
        return {
            "unit_name": self.names.get(row["unit_code"], UNKNOWN_UNIT),
            "year": row["year"],
            "file_name": as_text(row["file_name"]),
            "received_at": moment_words(row["received_at"]),
            "submission": row["submission"],
            "result": result_words(row),
            "due": self._due(row),
            "contact": contact_words(settings),
            **self.foot,
        }

    def _due(self, row: dict[str, Any]) -> str:
        """By when to report; the days only where the report is still owed."""
        due, is_delivered = row["due_date"], row["decision"] == "accepted"
        return due_words(due, self.printed_at.date(), is_over=is_delivered) if due else ""

    def _compared(
        self, row: dict[str, Any], found: pl.DataFrame, changes: pl.DataFrame | None
    ) -> Iterator[str]:
        """What is otherwise than in the submission before: the questions, and the numbers."""
        if row["previous"] is None or row["decision"] == "refused":
            return
        status, is_asked = pl.col("finding_status"), pl.col("severity") != "info"
        is_open, is_back = is_asked & (status == "open"), is_asked & (status == "reopened")
        new, kept, back = (
            found.filter(told).height
            for told in (is_open & pl.col("is_new"), is_open & ~pl.col("is_new"), is_back)
        )
        blanked = row["blanked_count"]
        parts = []
        if row["fixed_count"] or blanked or new or kept or back:
            parts += [f"已改正 {row['fixed_count']} 处"]
            parts += [f"改为未报 {blanked} 处（不算改正）"] if blanked else []
            parts += [f"仍未处理 {kept} 处", f"新出现 {new} 处"]
            parts += [f"再次出现 {back} 处"] if back else []
        listed = [] if changes is None else changes.to_dicts()
        if listed:
            count = listed[0]["change_count"]
            more = " 等" if count > len(listed) else ""
            parts += [f"改动 {count} 个数：{'；'.join(map(self._change, listed))}{more}"]
        elif changes is not None or not parts:
            parts += ["没有改动任何数"]
        yield f"与上次报送相比，{'，'.join(parts)}。"

    def _change(self, change: dict[str, Any]) -> str:
        form = self.catalogue.forms.get(change["form"])
        field = next((f for f in form.fields if f.id == change["field"]), None) if form else None
        if form is None or field is None:
            return as_text(f"{change['sheet']} {change['cell']}")
        words = self.catalogue.settings.words
        old, new = (plain(shown(field, change[name], words)) for name in ("old", "new"))
        what = f"{change['item'] or change['org_name'] or ''} {field.label}".strip()
        return as_text(f"{form.number} {change['cell']}（{what}）{old} → {new}")

    def _sheets(self, filled: pl.DataFrame | None, found: pl.DataFrame) -> Iterator[dict[str, object]]:
        """One line for each form: how much is filled in, and how many questions there are."""
        if filled is None:
            return
        counts = dict(filled.select("form", pl.struct("filled_count", "blank_count")).iter_rows())
        asked = dict(
            found.group_by("form")
            .agg(*((pl.col("severity") == severity).sum().alias(severity) for severity in labels.SEVERITY))
            .select("form", pl.struct(*labels.SEVERITY))
            .iter_rows()
        )
        for form in self.catalogue.forms.values():
            if form.id not in counts:
                continue
            yield {
                "number": form.number,
                "title": form.title,
                "filled": counts[form.id]["filled_count"],
                "blank": counts[form.id]["blank_count"],
                **(asked.get(form.id) or dict.fromkeys(labels.SEVERITY, 0)),
            }

    def _write(self, row: dict[str, Any], text: str, suffix: str = "") -> Path:
        folder = self.folder(row["unit_code"])
        stamp = self.printed_at.strftime("%Y%m%d")
        path = folder / f"回执_{row['year'] or '年度不明'}_{stamp}_{row['submission'][:8]}{suffix}.md"
        write_durably(path, text.encode(errors="replace"))
        write_durably(path.with_suffix(".html"), page_of(text, path.stem).encode(errors="replace"))
        return path

    def folder(self, unit_code: str | None) -> Path:
        """The unit's folder in the outbox, made when it is not there."""
        folder = self.outbox / outbox_folder(unit_code, self.names.get(unit_code or ""))
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def outbox_folder(unit_code: str | None, unit_name: str | None) -> str:
    """The unit's folder in the outbox: code and name, so that people and programs both find it."""
    return f"{unit_code}{unit_name}" if unit_code and unit_name else UNKNOWN_UNIT


def due_words(due: date, today: date, is_over: bool = False) -> str:
    """By when a unit is to report: ``2025年1月20日，还有 10 天``; without the days when it ``is_over``."""
    if is_over:
        return day_words(due)
    days = (due - today).days
    left = f"还有 {days} 天" if days > 0 else "今天截止" if days == 0 else f"已过 {-days} 天"
    return f"{day_words(due)}，{left}"


def contact_words(settings: Settings) -> str:
    """Whom to turn to: office, person and telephone, as far as the catalogue says."""
    contact = settings.contact
    if contact is None:
        return ""
    telephone = f"电话 {contact.telephone}" if contact.telephone else ""
    return "　".join(filter(None, (contact.office, contact.person, telephone)))


def result_words(row: dict[str, Any]) -> str:
    """What became of the file, in a few words."""
    match row["rule"]:
        case r if r == YEAR_LOCKED:
            return f"暂存（{row['year']}年度已锁定）"
        case r if r == RETURNED:
            return "市级退回"
        case r if r == YEAR_DOUBTED:
            return "暂存，年度有疑"
        case _:
            return labels.FILE_STATE[row["file_state"]]


def _verdict(
    row: dict[str, Any], asked: pl.DataFrame, folded: pl.DataFrame, found: pl.DataFrame
) -> Iterator[str]:
    """What became of the submission and what it means, sentence by sentence.

    Of all that was ``found``, ``asked`` is listed; what is ``folded`` follows from what is listed.
    """
    status, is_warning = pl.col("finding_status"), pl.col("severity") == "warning"
    open_count = asked.filter(is_warning & status.is_in(["open", "reopened"])).height
    explained, accepted = (found.filter(status == said).height for said in ("explained", "accepted"))
    critical = row["critical_count"]
    following = folded.filter(pl.col("severity") == "critical").height
    match row["decision"]:
        case "accepted" if open_count:
            yield f"本次报送已接收入库，尚有 {open_count} 处需要核实：确有错误的请改正，属实的请说明。"
        case "accepted":
            settled = "" if explained else "没有需要改正或核实的问题，"
            yield f"本次报送{settled}数据已入库，无须再做处理。"
        case "held" if not row["rule"] and critical:
            of_these = (
                f"（其中 {following} 处由下表所列的其他问题引起，改正后一并消除，不另列出）"
                if following
                else ""
            )
            yield f"本次报送有 {critical} 处强制性问题{of_these}，暂未入库。"
            yield "请按下表改正后重新报送整个工作簿。"
        case _:
            yield as_text(row["reason"])
            if row["rule"] == YEAR_LOCKED and not critical:
                yield "报表本身没有需要改正的问题；如需补报请与市级联系。"
    if row["decision"] != "accepted" and row["has_earlier"]:
        yield _STANDS
    if explained:
        yield f"收到说明 {explained} 处，正在等待市级审核，这几处不必再作说明。"
    if accepted:
        yield f"另有 {accepted} 处已经说明并获市级认可，不再列出。"


def _what_to_do(row: dict[str, Any], correction: Correction | None) -> Iterator[str]:
    if correction is not None:
        yield (
            f"请打开同一文件夹中的“{correction.path.name}”：有问题的单元格已着色并附批注（下表的位置即该表中的位置），"
            "可在表中直接改正，或在“说明”表中写明原因，保存后重新报送整个工作簿。"
        )
    if row["is_superseded"]:
        yield "收到本文件之后，又收到本单位同一年度的新文件并已入库，以后收到的为准。"


def _said_again(row: dict[str, Any]) -> Iterator[str]:
    """What a unit is told whose file had been received before."""
    reason = as_text(row["reason"])
    if row["rule"] == RETURNED:
        yield f"本文件与退回的文件相同。{reason}"
        return
    yield (
        f"本文件与 {moment_words(row['received_at'])} 收到的“{as_text(row['file_name'])}”内容完全相同，"
        f"未重复入库，处理结果不变：**{result_words(row)}**。"
    )
    if row["decision"] == "refused" or row["rule"] in (YEAR_LOCKED, YEAR_DOUBTED, EMPTY):
        yield reason
    elif row["decision"] == "held":
        yield "强制性问题尚未改正，请按原回执改正并保存后重新报送整个工作簿。"
    elif row["is_superseded"]:
        yield (
            "此后又收到本单位同一年度的新文件并已入库，仍以后收到的为准。"
            "如要改回本文件的数据，请打开本文件核对并另行保存后重新报送。"
        )
    else:
        yield "如需更正，请在工作簿中改正并保存后重新报送。"


def _by_submission(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = frame.partition_by("submission", as_dict=True, maintain_order=True)
    return {str(submission): part for (submission,), part in parts.items()}


def _as_shown(
    found: pl.DataFrame, correction: Correction | None, catalogue: Catalogue, rulebook: RuleBook
) -> pl.DataFrame:
    """Findings at the cells of the correction workbook, which the unit works in, and with what is left to do there."""
    if correction is None or found.is_empty():
        return found
    left_to_do = {rule.id: rule.in_correction for rule in rulebook.rules.values() if rule.in_correction}
    numbers = {form.id: form.number for form in catalogue.forms.values()}
    key = ["finding", "sheet", "cell"]
    shown = correction.shown.unique(key, keep="first").with_columns(is_shown=pl.lit(True))
    found = found.join(shown, on=key, how="left", nulls_equal=True, maintain_order="left")
    is_shown = pl.col("is_shown").fill_null(False)
    # What could not be taken over stands on a sheet of its own, which does not tell where it came from.
    came_from = pl.format("原{} {}", pl.col("form").replace_strict(numbers, default=""), "cell")
    return found.with_columns(
        org_name=pl.when(pl.col("shown_sheet") == UNREAD_SHEET).then(came_from).otherwise("org_name"),
        fix=pl.when(is_shown)
        .then(pl.col("rule").replace_strict(left_to_do, default=None, return_dtype=pl.String))
        .fill_null(pl.col("fix")),
        sheet=pl.when(is_shown).then("shown_sheet").otherwise("sheet"),
        cell=pl.when(is_shown).then("shown_cell").otherwise("cell"),
    ).drop("shown_sheet", "shown_cell", "is_shown")


def _status_words(is_second: bool) -> pl.Expr:
    """What is said of each finding: waiting, refused, asked before."""
    status, new = pl.col("finding_status"), pl.lit("新出现" if is_second else "")
    return (
        pl.when(status == "explained")
        .then(pl.lit("已说明，待审核"))
        .when(pl.col("reason").fill_null("") != "")
        .then(pl.format("说明未获认可：{}", "reason"))
        .when(pl.col("severity") == "info")
        .then(pl.lit(""))  # there is nothing to be done about it, so nothing that was left undone
        .when(status == "reopened")
        .then(pl.lit("再次出现"))
        .when(pl.col("is_new").fill_null(True))
        .then(new)
        .otherwise(pl.lit("上次已指出" if is_second else ""))
    )


def _line(line: dict[str, Any]) -> dict[str, str]:
    texts = {name: as_text(line[name]) for name in ("place", "message", "fix", "status")}
    return texts | {"severity": labels.SEVERITY[line["severity"]]}
