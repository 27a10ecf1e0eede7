"""The administrator's decisions about explanations: each is written into the journal and carried out by the next night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from expectations.workbook.batch import write_batch
from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing, open_journal
from flows.settings import Installation
from flows.wall.wall import Death, ReadJob, read_all
from warehouse.ledger.explanation_entries import list_explanations
from warehouse.ledger.journal import Draft, Entry, Event
from warehouse.ledger.review_entries import ReviewRefused, is_locked
from warehouse.standing.worklist import CELL, covering_words, with_shares
from warehouse.store.query import query
from warehouse.words.folding import fold
from warehouse.words.workbook_texts import ACCEPT, REFUSE


@dataclass(frozen=True)
class Decision:
    """What is decided of the explanation ``number``; refusing needs a reason. ``where`` names the line it stands in."""

    number: int
    is_accepted: bool
    reason: str = ""
    where: str = ""


def list_waiting_explanations(installation: Installation, year: int | None = None) -> pl.DataFrame:
    """Explanations of standing findings that nobody has decided about, by effect: number, unit, question, text.

    With ``cumulative_share_pct`` (warehouse.standing.worklist.with_shares), of what waits.
    """
    found = query(
        installation.home.whole_database,
        f"""SELECT w.explanation, w.unit_name, w.unit_code, w.year, w.message, w.text, w.effect_pct, w.rule, w.file_name,
                   {", ".join(f"w.{column}" for column in CELL)}
            FROM quality.worklist AS w
            WHERE w.finding_status = 'explained' AND (? IS NULL OR w.year = ?)
            ORDER BY w.effect_pct DESC NULLS LAST, w.explanation""",
        [year, year],
    ).unique("explanation", maintain_order=True)
    undecided = _read_explanations(installation).filter(pl.col("decision") == "explained")["explanation"]
    return with_shares(found.filter(pl.col("explanation").is_in(undecided.implode())))


def issue_batch(installation: Installation, path: Path, year: int | None = None) -> pl.DataFrame:
    """Write the batch workbook of what waits to ``path``, if anything does; its lines (:func:`list_waiting_explanations`)."""
    rows = list_waiting_explanations(installation, year)
    if rows.height:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_batch(path, rows, covering_words(rows))
    return rows


def take_batch(installation: Installation, path: Path, actor: str) -> tuple[list[Decision], int]:
    """Carry out a batch workbook: what was decided, and how many lines had been decided alike before.

    All of it or, with every faulty line named, nothing.
    """
    job = ReadJob("batch", path, (path.name,))
    lines = read_all([job], "transforms.reading.decisions:read_decisions", 1)["batch"]
    if lines is None or isinstance(lines, Death):
        raise ReviewRefused(f"“{path.name}”不是 nianbao review issue 制作的说明审核表，未作处理。")
    assert isinstance(lines, list), "the reading function returns the lines"
    decisions = _parse_decisions(lines)
    known = {
        row["explanation"]: row["decision"] for row in _read_explanations(installation).iter_rows(named=True)
    }
    new = [d for d in decisions if known.get(d.number) != ("accepted" if d.is_accepted else "refused")]
    return (decide(installation, new, actor) if new else []), len(decisions) - len(new)


def _read_explanations(installation: Installation) -> pl.DataFrame:
    """EXPLANATION as the journal has it now: what was decided since the last night too."""
    return list_explanations(installation.home.read_journal().entries())


def _parse_decisions(lines: Sequence[Mapping[str, str]]) -> list[Decision]:
    words = {fold(ACCEPT): True, fold(REFUSE): False}
    faults = [
        f"第{line['row']}行：决定填的是“{line['decision']}”，应填“{ACCEPT}”或“{REFUSE}”"
        for line in lines
        if fold(line["decision"]) not in words or not line["explanation"].isdigit()
    ]
    if faults:
        raise ReviewRefused("；".join(faults) + "。全部未作处理，请改正后再试。")
    return [
        Decision(
            int(line["explanation"]), words[fold(line["decision"])], line["reason"], f"第{line['row']}行："
        )
        for line in lines
    ]


def decide(installation: Installation, decisions: Sequence[Decision], actor: str) -> list[Decision]:
    """Write ``decisions`` into the journal; they themselves. ReviewRefused, and nothing written, when one is faulty."""
    with hold_for_writing(installation.home.make()) as lines:
        journal = open_journal(lines, installation.home)
        entries = journal.entries()
        known = {row["explanation"]: row for row in list_explanations(entries).iter_rows(named=True)}
        if faults := [d.where + fault for d in decisions if (fault := _find_fault(d, known, entries))]:
            rest = "全部未作处理，请改正后再试。" if len(decisions) > 1 else ""
            raise ReviewRefused("；".join(faults) + f"。{rest}")
        at = datetime.now(TIME_ZONE)
        journal.append_many([_draft_entries(d, known[d.number], actor, at) for d in decisions])
    return list(decisions)


def _draft_entries(decision: Decision, row: Mapping[str, Any], actor: str, at: datetime) -> Draft:
    event = Event.EXPLANATION_ACCEPTED if decision.is_accepted else Event.EXPLANATION_REFUSED
    about = {"explanation": decision.number, "unit_code": row["unit_code"], "year": row["year"]}
    reason = decision.reason.strip()
    return Draft(event, actor, at, None, {**about, "reason": reason} if reason else about)


def _find_fault(decision: Decision, known: Mapping[int, Mapping[str, Any]], entries: Sequence[Entry]) -> str:
    """Why this may not be decided; '' when it may."""
    row = known.get(decision.number)
    if row is None:
        return f"没有编号为 {decision.number} 的说明，编号见 nianbao review explanations"
    if is_locked(entries, row["year"]):
        return f"{row['year']}年度已锁定，请先运行 nianbao review unlock --year {row['year']}"
    if not row["is_current"]:
        return f"第 {decision.number} 号说明已被填报单位后来的说明代替，请审核后来的一条"
    if row["decision"] == ("accepted" if decision.is_accepted else "refused"):
        return f"第 {decision.number} 号说明此前已作同样决定，不必重复"
    if not decision.is_accepted and not decision.reason.strip():
        return f"第 {decision.number} 号说明：不认可须写明原因，填报单位要据此改正或重新说明"
    return ""
