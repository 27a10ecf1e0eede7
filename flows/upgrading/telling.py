"""What people are told of an upgrade: rows to show, a page below site/ with a table of all numbers, a message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from flows.answer.sending import open_outlets, tell_caretakers
from flows.settings import Installation
from flows.telling.markdown_page import escape_text
from flows.upgrading.switching import Rehearsal
from warehouse.ledger.durability import write_durably
from warehouse.words.day_words import moment_words
from warehouse.words.number_words import NOT_REPORTED, group_thousands, show_if_any
from warehouse.words.templates import render_text

CHANGE = {"changed": "变动", "new": "新增", "gone": "消失"}
"""What became of a number."""
_LISTED = 500  # more rows are not read on a page; the table has them all
_VERSION = {"code_version": "程序", "catalogue_version": "目录册", "rules_version": "审核关系"}


def describe_sameness(rehearsal: Rehearsal) -> str:
    """One sentence where nothing moved."""
    numbers, observed = (group_thousands(n) for n in (rehearsal.number_count, rehearsal.counts["new"][0]))
    return f"没有变化：{numbers} 个指标数值、{observed} 个观测值和全部审核问题都与升级前相同。"


def sum_up_indicators(numbers: pl.DataFrame) -> pl.DataFrame:
    """Of each indicator with a MOVED_NUMBER: name_zh, and how many are changed, new, gone."""
    counts = [(pl.col("change") == change).sum().alias(change) for change in CHANGE]
    return numbers.group_by("indicator", maintain_order=True).agg(pl.col("name_zh").first(), *counts)


def list_rows(numbers: pl.DataFrame, listed: int) -> list[dict[str, str]]:
    """The first MOVED_NUMBER rows as texts: year, org, indicator, change, old, new, coverage.

    Rows without a number on either side come last: of a form that nobody has filled in yet there are hundreds.
    """
    has_number = pl.any_horizontal(pl.col("old_value", "new_value").is_not_null())
    return [
        {
            "year": str(row["year"]),
            "org": row["org_name"],
            "indicator": f"{row['name_zh']}（{row['unit']}）",
            "change": CHANGE[row["change"]],
            "old": show_if_any(row["old_value"], row["old_state"]),
            "new": show_if_any(row["new_value"], row["new_state"]),
            "coverage": _show_coverage(row["old_coverage_pct"], row["new_coverage_pct"]),
        }
        for row in numbers.sort(~has_number, maintain_order=True).head(listed).iter_rows(named=True)
    ]


def _show_coverage(old: float | None, new: float | None) -> str:
    shown = [f"{group_thousands(pct, 1)}%" for pct in (old, new) if pct is not None]
    return " → ".join(dict.fromkeys(shown))


def write_page(
    installation: Installation,
    rehearsal: Rehearsal,
    versions: tuple[dict[str, str], dict[str, str]],
    at: datetime,
) -> Path:
    """The page 升级_<date> below site/, and where numbers moved a table of them all beside it; the page's path.

    ``versions``: of program, catalogue and rules, before and after.
    """
    site = installation.home.make().site
    page = site / f"升级_{at:%Y-%m-%d}.md"
    if page.exists():
        page = site / f"升级_{at:%Y-%m-%d_%H%M%S}.md"
    table = page.with_suffix(".csv")
    numbers = rehearsal.numbers
    text = render_text(
        "flows.upgrading",
        "upgrade.md",
        association=installation.catalogue.settings.city.association,
        moment=moment_words(at),
        versions=[
            {"label": label, "old": versions[0].get(name, NOT_REPORTED), "new": versions[1][name]}
            for name, label in _VERSION.items()
        ],
        same_sentence="" if rehearsal.has_moved else describe_sameness(rehearsal),
        counts=[
            {"what": what, "old": group_thousands(old), "new": group_thousands(new)}
            for what, old, new in rehearsal.counts.iter_rows()
        ],
        indicators=[
            {"name": escape_text(row["name_zh"]), **{change: row[change] for change in CHANGE}}
            for row in sum_up_indicators(numbers).iter_rows(named=True)
        ],
        numbers=[
            {name: escape_text(shown) for name, shown in row.items()} for row in list_rows(numbers, _LISTED)
        ],
        number_count=numbers.height,
        table=table.name,
        revised_count=len(rehearsal.revised),
    )
    if numbers.height:
        write_durably(table, numbers.write_csv(include_bom=True).encode())
    write_durably(page, text.encode())
    return page


def tell_people(installation: Installation, rehearsal: Rehearsal, page: Path) -> None:
    """Tell the administrators and whoever runs the machine, when numbers or findings moved."""
    if not (rehearsal.numbers.height or rehearsal.revised):
        return
    summed = sum_up_indicators(rehearsal.numbers).with_columns(count=pl.sum_horizontal(list(CHANGE)))
    tell_caretakers(
        installation,
        open_outlets(installation),
        "upgrade",
        indicators=[{"name": row["name_zh"], "count": row["count"]} for row in summed.iter_rows(named=True)],
        number_count=rehearsal.numbers.height,
        revised_count=len(rehearsal.revised),
        page=str(page),
    )
