"""The administrator's digest: what the night brought, in one page of plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime

import polars as pl

from expectations.causes import by_cause
from expectations.rulebook import RuleBook
from flows.receipts import due_words
from warehouse.catalogue.load import Catalogue
from warehouse.journal import Head
from warehouse.outcomes import Outcome
from warehouse.query import STATE_ZH
from warehouse.worklist import covering_words

_STATES = {"accepted": "接收", "held": "暂存", "empty": "空表", "refused": "未能接收"}
_TOLD = {"held": "暂存待改正：", "empty": "空表：", "refused": "未能接收："}
_LISTED = 20
_LISTED_OF_ONE = 5


def digest_text(
    outcome: Outcome,
    statuses: dict[int, pl.DataFrame],
    catalogue: Catalogue,
    head: Head,
    at: datetime,
    rulebook: RuleBook,
    left: Sequence[str] = (),
    repeated: Sequence[str] = (),
    worklists: Mapping[int, pl.DataFrame] | None = None,
    warning: str = "",
) -> str:
    """The digest of a night.

    ``outcome``: what became of its submissions; ``statuses``: per year who has reported (as warehouse.query.status
    gives it) after this night; ``left``: one sentence for each file that stayed in the inbox; ``repeated``: the names of
    files whose bytes had been received before; ``worklists``: per year what is open after this night (as
    warehouse.worklist.worklist gives it); ``warning``: what the whole night lacked.
    """
    submissions, findings = outcome.submissions, outcome.findings
    names = dict(catalogue.registry.all_units.select("org_code", "name").iter_rows())
    names[catalogue.settings.city.code] = catalogue.settings.city.own_level_name

    def unit(row: dict[str, object]) -> str:
        return f"{names.get(row['unit_code'], '未识别单位')} {row['year'] or '年度不明'}"

    text = [f"{catalogue.settings.city.association}年报日报　{at:%Y年%m月%d日}", ""]
    text += [f"注意：{warning}", ""] if warning else []
    if submissions.is_empty():
        text += ["本次没有收到新的报送。"]
    else:
        text += [_came(outcome)]
        for state, title in _TOLD.items():
            rows = submissions.filter(pl.col("file_state") == state).sort(
                "year", "unit_code", nulls_last=True
            )
            if rows.height:
                text += ["", title]
                text += [
                    f"  {unit(r)}（{r['file_name']}）：{r['reason']}" for r in rows.iter_rows(named=True)
                ]
    lapsed = submissions.filter("ends_approval") if submissions.height else submissions
    if lapsed.height:
        units = "、".join(unit(row) for row in lapsed.iter_rows(named=True))
        text += ["", f"审定以后又重报，数据回到初报，须再次审定：{units}。"]
    if repeated:
        text += ["", f"与以前收到的文件完全相同、未再处理：{'、'.join(repeated)}。"]
    if left:
        text += ["", "留在收件箱、未能收取：", *(f"  {sentence}" for sentence in left)]
    text += _asked(findings, unit, catalogue, rulebook)
    for year, asked in sorted((worklists or {}).items()):
        if asked.height:
            covering = covering_words(asked)
            count = f"{year}年度待办问题 {asked.height} 处" + (f"，{covering}" if covering else "")
            text += ["", f"{count}：请运行 nianbao review list --year {year} 查看。"]
    settings = catalogue.settings
    for year, status in sorted(statuses.items()):
        if settings.first_year <= year <= settings.last_year:  # what a refused file states may be any year
            text += _missing(year, status, settings.deadline.of(year), at.date())
    text += ["", "回执和更正表在各单位的发件文件夹中。", f"登记簿第 {head.count} 条，校验值 {head.hash}"]
    return "\n".join(text) + "\n"


def _missing(year: int, status: pl.DataFrame, common: date, today: date) -> Iterator[str]:
    """Of whom nothing stands, with what they sent, by the day they are due."""
    missing = status.filter(~pl.col("has_standing")).sort("due_date", maintain_order=True)
    for (due,), units in missing.group_by("due_date", maintain_order=True):
        assert isinstance(due, date), "whoever is expected to report is due on a day"
        head = (
            f"{year}年度尚无已接收报表的单位"
            if due == common
            else f"{year}年度获准延期、尚无已接收报表的单位"
        )
        yield ""
        yield f"{head}（{units.height} 个，截止日期 {due_words(due, today)}）："
        yield "  " + "、".join(
            name if state == "not_received" else f"{name}（{STATE_ZH[state]}）"
            for name, state in units.select("unit_name", "report_state").iter_rows()
        )


def _asked(
    findings: pl.DataFrame,
    unit: Callable[[dict[str, object]], str],
    catalogue: Catalogue,
    rulebook: RuleBook,
) -> list[str]:
    """The grave findings, and how many explanations wait for the administrator."""
    text: list[str] = []
    critical = findings.filter(pl.col("severity") == "critical").sort(
        "year", "unit_code", "submission", nulls_last=True, maintain_order=True
    )
    if critical.height:
        whose = critical.select("submission", "unit_code", "year").unique(maintain_order=True)
        lines = whose.join(
            by_cause(critical, catalogue, rulebook), on="submission", how="left", maintain_order="left"
        )
        # One workbook full of errors must not push the others off the page.
        shown = lines.group_by("submission", maintain_order=True).head(_LISTED_OF_ONE).head(_LISTED)
        listed = f"，归为 {lines.height} 条" if lines.height < critical.height else ""
        listed += f"，列出其中 {shown.height} 条" if shown.height < lines.height else ""
        text += ["", f"强制性问题 {critical.height} 处{listed}："]
        text += [f"  {unit(row)}　{row['place']}：{row['message']}" for row in shown.iter_rows(named=True)]
    explained = findings.filter(pl.col("finding_status") == "explained")
    if explained.height:
        text += ["", f"收到的说明中有 {explained.height} 处待审核：请运行 nianbao review explanations 查看。"]
    return text


def _came(outcome: Outcome) -> str:
    """How much was received and decided, and what was answered besides."""
    answered = [*outcome.returned, *outcome.reviewed, *outcome.revised]
    new = outcome.submissions.remove(pl.col("submission").is_in(answered))
    counts = dict(new.group_by("file_state").len().iter_rows())
    shares = [
        f"{zh} {counts.get(state, 0)} 份"
        for state, zh in _STATES.items()
        if state != "empty" or "empty" in counts
    ]
    text = f"本次收到 {new.height} 份：{'，'.join(shares)}。" if new.height else "本次没有收到新的报送。"
    if outcome.returned:
        text += f"市级审核退回 {len(outcome.returned)} 份。"
    if outcome.revised:
        text += f"因以前年度数据重报或审核关系变动，重新核对了 {len(outcome.revised)} 份，问题有变化。"
    return text + (f"已按审核意见回复说明 {len(outcome.reviewed)} 份。" if outcome.reviewed else "")
