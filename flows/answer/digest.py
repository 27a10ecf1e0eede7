"""The administrator's digest: how things stand at the end of the night, and what is otherwise than at the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.causes import by_cause
from flows.answer.receipt_page import as_text
from flows.answer.receipts import due_words
from warehouse.catalogue.frames import empty
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.journal_head import Head, head_words
from warehouse.standing.headline import MOVED
from warehouse.standing.outcomes import Outcome
from warehouse.standing.worklist import covering_words
from warehouse.words import labels
from warehouse.words.dates import day_words
from warehouse.words.numbers import grouped

_COUNTED = {"accepted": "接收", "held": "暂存", "empty": "空表", "refused": "未能接收"}
_TOLD = {"held": "暂存待改正：", "empty": "空表：", "refused": "未能接收："}
_LISTED = 20
_LISTED_OF_ONE = 5
_FIGURES = 12

_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # every text of others goes through as_text
).get_template("digest.md.j2")


@dataclass(frozen=True)
class News:
    """What the digest speaks of.

    ``outcome``: what became of the submissions since the last digest; ``statuses``: per year how the reports stand (as
    warehouse.standing.status.status gives it); ``moved``: published figures that are otherwise than at the last digest (MOVED of
    warehouse.standing.headline); ``left``: one sentence for each file that stayed in the inbox; ``repeated``: the names of files
    whose bytes had been received before; ``worklists``: per year what is open (warehouse.standing.worklist.worklist); ``notes``:
    what happened to the installation itself; ``warning``: what the whole night lacked.
    """

    outcome: Outcome
    statuses: Mapping[int, pl.DataFrame] = field(default_factory=dict)
    moved: pl.DataFrame = field(default_factory=lambda: empty(MOVED))
    left: Sequence[str] = ()
    repeated: Sequence[str] = ()
    worklists: Mapping[int, pl.DataFrame] = field(default_factory=dict)
    notes: Sequence[str] = ()
    warning: str = ""


def digest_text(news: News, catalogue: Catalogue, rulebook: RuleBook, head: Head, at: datetime) -> str:
    """The digest of a night as plain text that Markdown shows as it is."""
    names = catalogue.unit_names()
    outcome = news.outcome
    submissions = _named(outcome.submissions, names)
    # A file that another of the same night replaced is history: it is counted, not told.
    standing = submissions.remove("is_replaced") if submissions.height else submissions
    findings = outcome.findings.join(standing.select("submission"), on="submission", how="semi")
    settings = catalogue.settings
    return _TEMPLATE.render(
        association=settings.city.association,
        day=day_words(at),
        notes=news.notes,
        warning=news.warning,
        came=_came(outcome, submissions),
        told=[(title, lines) for state, title in _TOLD.items() if (lines := _lines_of(standing, state))],
        lapsed="、".join(standing.filter("ends_approval")["who"]) if standing.height else "",
        changes=_changes(standing),
        moved=list(_moved(news.moved, catalogue)),
        moved_count=news.moved.height,
        repeated="、".join(map(as_text, news.repeated)),
        left=news.left,
        critical=_critical(findings, standing, catalogue, rulebook),
        explained_count=findings.filter(pl.col("finding_status") == "explained").height,
        worklists=[
            (year, asked.height, covering_words(asked))
            for year, asked in sorted(news.worklists.items())
            if asked.height
        ],
        missing=[
            group
            for year, frame in sorted(news.statuses.items())
            if settings.first_year <= year <= settings.last_year  # what a refused file states may be any year
            for group in _missing(year, frame, settings.deadline.of(year), at.date())
        ],
        journal_head=head_words(head),
    )


def _named(submissions: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """``submissions`` with ``who`` (unit and year in words) and ``is_replaced`` (by a later file of the same batch)."""
    if submissions.is_empty():
        return submissions.with_columns(who=pl.lit(""), is_replaced=pl.lit(value=False))
    key = ["unit_code", "year"]
    is_known = pl.col("unit_code").is_not_null() & pl.col("year").is_not_null()
    who = pl.col("unit_code").replace_strict(names, default="未识别单位", return_dtype=pl.String)
    year = pl.col("year").cast(pl.String).fill_null("年度不明")
    return submissions.with_columns(
        who=pl.concat_str(who.fill_null("未识别单位"), pl.lit(" "), year),
        is_replaced=is_known & (pl.col("received_seq") < pl.col("received_seq").max().over(key)),
    )


def _lines_of(standing: pl.DataFrame, state: str) -> list[str]:
    if standing.is_empty():
        return []
    rows = standing.filter(pl.col("file_state") == state).sort("year", "unit_code", nulls_last=True)
    return [
        f"{row['who']}（{as_text(row['file_name'])}）：{as_text(row['reason'])}"
        for row in rows.iter_rows(named=True)
    ]


def _came(outcome: Outcome, submissions: pl.DataFrame) -> str:
    """How much was received and decided, and what was answered besides."""
    if submissions.is_empty():
        return "本次没有收到新的报送。"
    answered = [*outcome.returned, *outcome.reviewed, *outcome.revised]
    new = submissions.remove(pl.col("submission").is_in(answered))
    counts = dict(new.group_by("file_state").len().iter_rows())
    shares = [
        f"{zh} {counts.get(state, 0)} 份"
        for state, zh in _COUNTED.items()
        if state != "empty" or "empty" in counts
    ]
    text = f"本次收到 {new.height} 份：{'，'.join(shares)}。" if new.height else "本次没有收到新的报送。"
    if replaced := new.filter("is_replaced").height:
        text += f"其中 {replaced} 份已被同一单位当晚后来的文件代替，以下不再列出。"
    if outcome.returned:
        text += f"市级审核退回 {len(outcome.returned)} 份。"
    if outcome.revised:
        text += (
            f"因以前年度数据重报、审核关系变动或年度确认，重新核对了 {len(outcome.revised)} 份，结果有变化。"
        )
    return text + (f"已按审核意见回复说明 {len(outcome.reviewed)} 份。" if outcome.reviewed else "")


def _changes(standing: pl.DataFrame) -> str:
    """What is otherwise than at the last digest: who is accepted for the first time, and how many questions were mended."""
    if standing.is_empty():
        return ""
    accepted = standing.filter((pl.col("decision") == "accepted") & ~pl.col("has_earlier"))
    parts = (
        [f"新接收 {accepted.height} 个单位（{'、'.join(accepted['who'])}）"]
        if 0 < accepted.height <= _LISTED
        else []
    )
    parts += [f"新接收 {accepted.height} 份"] if accepted.height > _LISTED else []
    fixed = int(standing["fixed_count"].fill_null(0).sum())
    parts += [f"已改正问题 {fixed} 处"] if fixed else []
    return "，".join(parts)


def _moved(moved: pl.DataFrame, catalogue: Catalogue) -> Iterator[str]:
    """The published figures that moved, those that moved most first: points for percentages, no per cent for ranks."""
    for row in moved.head(_FIGURES).iter_rows(named=True):
        indicator = catalogue.indicators[row["indicator"]]
        old, new = row["old_value"], row["value"]
        shown = [grouped(value, indicator.decimals) for value in (old, new)]
        word = "增加" if new > old else "减少"
        if indicator.unit == "%":
            change = f"，{word}{abs(new - old):.{indicator.decimals}f}个百分点"
        elif indicator.kind == "rank" or not old:
            change = ""
        else:
            change = f"，{word}{100 * abs(new / old - 1):.1f}%"
        yield f"{row['year']}年 {indicator.name_zh}：{shown[0]} → {shown[1]}{indicator.unit}{change}"


def _missing(year: int, status: pl.DataFrame, common: date, today: date) -> Iterator[tuple[str, str]]:
    """Of whom nothing stands, with what they sent, by the day they are due."""
    missing = status.filter(~pl.col("has_standing")).sort("due_date", maintain_order=True)
    for (due,), units in missing.group_by("due_date", maintain_order=True):
        assert isinstance(due, date), "whoever is expected to report is due on a day"
        granted = "" if due == common else "获准延期、"
        head = (
            f"{year}年度{granted}尚无已接收报表的单位（{units.height} 个，截止日期 {due_words(due, today)}）"
        )
        yield (
            head,
            "、".join(
                name if state == "not_received" else f"{name}（{labels.REPORT_STATE[state]}）"
                for name, state in units.select("unit_name", "state").iter_rows()
            ),
        )


def _critical(
    findings: pl.DataFrame, standing: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook
) -> tuple[str, list[str]]:
    """The grave findings by cause: how many, and the first of each workbook."""
    critical = findings.filter(pl.col("severity") == "critical")
    if critical.is_empty():
        return "", []
    lines = (
        standing.sort("year", "unit_code", "submission", nulls_last=True)
        .select("submission", "who")
        .join(by_cause(critical, catalogue, rulebook), on="submission", maintain_order="left")
    )
    # One workbook full of errors must not push the others off the page.
    shown = lines.group_by("submission", maintain_order=True).head(_LISTED_OF_ONE).head(_LISTED)
    title = f"强制性问题 {critical.height} 处"
    title += f"，归为 {lines.height} 条" if lines.height < critical.height else ""
    title += f"，列出其中 {shown.height} 条" if shown.height < lines.height else ""
    told = [
        f"{row['who']}　{as_text(row['place'])}：{as_text(row['message'])}"
        for row in shown.iter_rows(named=True)
    ]
    return title, told
