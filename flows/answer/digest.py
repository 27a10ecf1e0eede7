"""The administrator's digest: how things stand at the end of the night, and what is otherwise than at the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.causes import group_by_cause
from flows.answer.receipt_sentences import describe_due_dates
from flows.telling.markdown_page import escape_text
from warehouse.catalogue.frames import empty
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.journal_head import Head, head_words
from warehouse.standing.headline import MOVED
from warehouse.standing.outcomes import Outcome
from warehouse.standing.worklist import covering_words
from warehouse.words import labels
from warehouse.words.day_words import day_words
from warehouse.words.number_words import group_thousands
from warehouse.words.templates import render_lines, render_macro, render_text

_LISTED = 20
_LISTED_OF_ONE = 5
_NAMED = 20
"""So many refused files, or files received before, are named one by one."""
_LINES = 100
_FIGURES = 12


@dataclass(frozen=True)
class News:
    """What the digest speaks of.

    ``outcome``: what became of the submissions since the last digest; ``statuses``: per year how the reports stand
    (warehouse.standing.status.list_status); ``moved``: published figures that differ from the last digest (MOVED of
    warehouse.standing.headline); ``left``: one sentence for each file that stayed in the inbox; ``repeated``: the names of files
    whose bytes had been received before; ``worklists``: per year what is open (read_worklist);
    ``notes``: what happened to the installation itself; ``warning``: what the whole night lacked.
    """

    outcome: Outcome
    statuses: Mapping[int, pl.DataFrame] = field(default_factory=dict)
    moved: pl.DataFrame = field(default_factory=lambda: empty(MOVED))
    left: Sequence[str] = ()
    repeated: Sequence[str] = ()
    worklists: Mapping[int, pl.DataFrame] = field(default_factory=dict)
    notes: Sequence[str] = ()
    warning: str = ""


def write_digest(news: News, catalogue: Catalogue, rulebook: RuleBook, head: Head, at: datetime) -> str:
    """The digest of a night as plain text that Markdown shows as it is."""
    names = catalogue.unit_names()
    outcome = news.outcome
    submissions = _name_submissions(outcome.submissions, names)
    # A file that another of the same night replaced is history: it is counted, not told.
    standing = submissions.remove("is_replaced") if submissions.height else submissions
    findings = outcome.findings.join(standing.select("submission"), on="submission", how="semi")
    settings = catalogue.settings
    critical = findings.filter(pl.col("severity") == "critical")
    lines = _list_critical_findings(critical, standing, catalogue, rulebook)
    return render_text(
        "flows.answer",
        "digest.md",
        association=settings.city.association,
        day=day_words(at),
        notes=list(map(escape_text, news.notes)),
        warning=news.warning,
        counts=_count_decisions(outcome, submissions),
        answered={
            "returned": len(outcome.returned),
            "revised": len(outcome.revised),
            "reviewed": len(outcome.reviewed),
        },
        newly_accepted=_name_unit(
            standing,
            (pl.col("decision") == "accepted")
            & ~pl.col("has_earlier")
            & ~pl.col("submission").is_in(outcome.earlier_submissions),
        ),
        fixed_count=int(standing["fixed_count"].sum()) if standing.height else 0,
        **{state: _list_files(standing, state) for state in ("held", "empty", "refused")},
        lapsed=_name_unit(standing, pl.col("ends_approval")),
        moved=list(_describe_moved_figures(news.moved, catalogue)),
        moved_count=news.moved.height,
        repeated=[*map(escape_text, news.repeated[:_NAMED])],
        repeated_count=len(news.repeated),
        left=list(map(escape_text, news.left[:_LINES])),
        left_count=len(news.left),
        critical=_cut_list(lines),
        critical_count=critical.height,
        line_count=lines.height,
        explained_count=findings.filter(pl.col("finding_status") == "explained").height,
        worklists=[
            {"year": year, "question_count": asked.height, "covering": covering_words(asked)}
            for year, asked in sorted(news.worklists.items())
            if asked.height
        ],
        missing=[
            group
            for year, frame in sorted(news.statuses.items())
            if settings.first_year <= year <= settings.last_year  # what a refused file states may be any year
            for group in _list_missing_units(year, frame, settings.deadline.due_date(year), at.date())
        ],
        journal_head=head_words(head),
    )


def list_events(news: News, notes: Sequence[str], catalogue: Catalogue) -> list[str]:
    """What happened in a night, in sentences: ``notes``, what came and what became of it, figures that moved; [] for nothing."""
    submissions = _name_submissions(news.outcome.submissions, catalogue.unit_names())
    standing = submissions.remove("is_replaced") if submissions.height else submissions
    said = [*notes]
    if submissions.height:
        answered = {name: len(getattr(news.outcome, name)) for name in ("returned", "revised", "reviewed")}
        said += render_lines(
            "flows.answer",
            "digest_sentences",
            "received",
            counts=_count_decisions(news.outcome, submissions),
            answered=answered,
        )
    is_nobodys = pl.col("unit_code").is_null() | pl.col("year").is_null()
    unknown = standing.filter(is_nobodys) if standing.height else standing
    said += [
        f"{file['who']} {file['file_name']} 未能接收：{file['reason']}"
        for file in _list_files(unknown, "refused")
    ]
    if lapsed := _name_unit(standing, pl.col("ends_approval")):
        said.append(render_macro("flows.answer", "digest_sentences", "lapsed", units=lapsed))
    said += [
        render_macro("flows.answer", "digest_sentences", "moved", figure=figure)
        for figure in _describe_moved_figures(news.moved, catalogue)
    ]
    return said


def _name_submissions(submissions: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
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


def _name_unit(standing: pl.DataFrame, condition: pl.Expr) -> list[str]:
    """Unit and year, in words, of the submissions that meet ``condition``."""
    return standing.filter(condition)["who"].to_list() if standing.height else []


def _list_files(standing: pl.DataFrame, state: str) -> list[dict[str, str]]:
    """The files of a state: who, file_name, reason."""
    if standing.is_empty():
        return []
    rows = standing.filter(pl.col("file_state") == state).sort("year", "unit_code", nulls_last=True)
    if state == "refused" and rows.height > _NAMED:
        rows = _gather_by_reason(rows)
    return _escape_texts(rows, "file_name", "reason")


def _gather_by_reason(rows: pl.DataFrame) -> pl.DataFrame:
    """Very many refused files, those of a unit that have the same fault as one; their receipts name each."""
    count = pl.col("count")
    gathered = (
        rows.group_by("who", "reason", maintain_order=True)
        .agg(pl.col("file_name").first(), pl.len().alias("count"))
        .with_columns(
            file_name=pl.when(count > 1)
            .then(pl.format("{} 等 {} 个文件", "file_name", count))
            .otherwise("file_name")
        )
    )
    others = gathered[_LINES:]
    told = pl.DataFrame(
        [("其余", f"{others['count'].sum()} 个文件", "逐个见发件文件夹中的回执。")] if others.height else [],
        schema=dict.fromkeys(("who", "file_name", "reason"), pl.String),
        orient="row",
    )
    return pl.concat([gathered[:_LINES].select(told.columns), told])


def _escape_texts(rows: pl.DataFrame, *written: str) -> list[dict[str, str]]:
    """``who`` of each row, and what others have ``written``, as text that cannot break the page."""
    return [
        {"who": row["who"], **{name: escape_text(row[name]) for name in written}}
        for row in rows.iter_rows(named=True)
    ]


def _count_decisions(outcome: Outcome, submissions: pl.DataFrame) -> dict[str, int]:
    """How many files were received, of each state, and how many of them were replaced in the same night."""
    counts = dict.fromkeys(("total", "accepted", "held", "empty", "refused", "replaced"), 0)
    if submissions.is_empty():
        return counts
    new = submissions.remove(pl.col("submission").is_in(outcome.earlier_submissions))
    of_states = dict(new.group_by("file_state").len().iter_rows())
    return counts | of_states | {"total": new.height, "replaced": new.filter("is_replaced").height}


def _describe_moved_figures(moved: pl.DataFrame, catalogue: Catalogue) -> Iterator[dict[str, object]]:
    """The published figures that moved, those that moved most first: points for percentages, no per cent for ranks."""
    for row in moved.head(_FIGURES).iter_rows(named=True):
        indicator = catalogue.indicators[row["indicator"]]
        old, new = row["old_value"], row["value"]
        is_points = indicator.unit == "%"
        yield {
            "year": row["year"],
            "name": indicator.name_zh,
            "old": group_thousands(old, indicator.decimals),
            "new": group_thousands(new, indicator.decimals),
            "unit": indicator.unit,
            "is_more": new > old,
            "points": f"{abs(new - old):.{indicator.decimals}f}" if is_points else "",
            "per_cent": ""
            if is_points or indicator.kind == "rank" or not old
            else f"{100 * abs(new / old - 1):.1f}",
        }


def _list_missing_units(
    year: int, status: pl.DataFrame, common: date, today: date
) -> Iterator[dict[str, object]]:
    """Of whom nothing stands, with what they sent, by the day they are due."""
    missing = status.filter(~pl.col("has_standing")).sort("due_date", maintain_order=True)
    for (due,), units in missing.group_by("due_date", maintain_order=True):
        assert isinstance(due, date), "whoever is expected to report is due on a day"
        yield {
            "year": year,
            "is_granted": due != common,
            "due": describe_due_dates(due, today),
            "units": [
                name if state == "not_received" else f"{name}（{labels.REPORT_STATE[state]}）"
                for name, state in units.select("unit_name", "state").iter_rows()
            ],
        }


def _list_critical_findings(
    critical: pl.DataFrame, standing: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook
) -> pl.DataFrame:
    """The lines (CAUSE) of the ``critical`` findings with ``who``, workbook by workbook."""
    if critical.is_empty():
        return pl.DataFrame()
    return (
        standing.sort("year", "unit_code", "submission", nulls_last=True)
        .select("submission", "who")
        .join(group_by_cause(critical, catalogue, rulebook), on="submission", maintain_order="left")
    )


def _cut_list(lines: pl.DataFrame) -> list[dict[str, str]]:
    """The first ``lines`` of each workbook: one full of errors must not push the others off the page."""
    if lines.is_empty():
        return []
    first = lines.group_by("submission", maintain_order=True).head(_LISTED_OF_ONE).head(_LISTED)
    return _escape_texts(first, "place", "message")
