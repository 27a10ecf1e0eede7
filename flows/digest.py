"""The administrator's digest: what the night brought, in one page of plain text."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.journal import Head

_LISTED = 20


def digest_text(
    submissions: pl.DataFrame,
    findings: pl.DataFrame,
    statuses: dict[int, pl.DataFrame],
    catalogue: Catalogue,
    head: Head,
    at: datetime,
    where: str,
) -> str | None:
    """The digest of a night, or None when nothing new came in.

    ``submissions``: SUBMISSION + decision, reason, counts of this night; ``statuses``: per year who has reported
    (as warehouse.query.status gives it) after this night; ``where``: the folder in which to look.
    """
    if submissions.is_empty():
        return None
    names = dict(catalogue.registry.all_units.select("org_code", "name").iter_rows())
    names[catalogue.settings.city.code] = catalogue.settings.city.own_level_name

    def lines(decision: str) -> list[str]:
        rows = submissions.filter(pl.col("decision") == decision).sort("year", "unit_code", nulls_last=True)
        return [
            f"  {names.get(r['unit_code'], '未识别单位')} {r['year'] or '年度不明'}：{r['reason']}（{r['file_name']}）"
            for r in rows.iter_rows(named=True)
        ]

    counts = dict(submissions.group_by("decision").len().iter_rows())
    text = [
        f"{catalogue.settings.city.association}年报日报　{at:%Y年%m月%d日}",
        "",
        "本次收到 {} 份：接收 {} 份，暂存 {} 份，未能接收 {} 份。".format(
            submissions.height, *(counts.get(d, 0) for d in ("accepted", "held", "refused"))
        ),
    ]
    for title, decision in (("暂存待改正：", "held"), ("未能接收：", "refused")):
        if listed := lines(decision):
            text += ["", title, *listed]
    critical = findings.filter(pl.col("severity") == "critical")
    if critical.height:
        shown = critical.head(_LISTED)
        text += [
            "",
            f"强制性问题 {critical.height} 处" + ("（列前20处）：" if critical.height > _LISTED else "："),
        ]
        text += [
            f"  {names.get(r['unit_code'], '未识别单位')} {r['year']} {r['sheet'] or ''} {r['cell'] or ''}：{r['message']}"
            for r in shown.iter_rows(named=True)
        ]
    for year, status in sorted(statuses.items()):
        missing = status.filter(~pl.col("is_standing"))["unit_name"].to_list()
        if missing:
            due = catalogue.settings.deadline.of(year)
            text += [
                "",
                f"{year}年度尚无已接收报表的单位（{len(missing)} 个，{_due_words(due, at.date())}）：",
            ]
            text += ["  " + "、".join(missing)]
    text += ["", f"查看：{where}", f"登记簿第 {head.count} 条，校验值 {head.hash[:16]}"]
    return "\n".join(text) + "\n"


def _due_words(due: date, today: date) -> str:
    days = (due - today).days
    if days >= 0:
        return f"截止日期 {due:%Y年%m月%d日}，还有 {days} 天"
    return f"截止日期 {due:%Y年%m月%d日}，已过 {-days} 天"
