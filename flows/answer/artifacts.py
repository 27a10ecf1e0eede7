"""What an operator sees of a night in Prefect's pages: the summary, what was asked of each file, moved figures, where to look.

Only for a run of a deployment: the command line shows the same on the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.context import FlowRunContext

from flows.answer.digest import News
from flows.answer.outgoing import Report
from flows.answer.receipt_sentences import describe_result
from flows.answer.receipts import UNKNOWN_UNIT
from flows.night import Night
from flows.telling.markdown_page import escape_text
from warehouse.words.number_words import group_thousands

_STEPS = 20
"""How often the progress of reading is told."""
_LISTED = 100


def is_watched() -> bool:
    """Whether this is a run of a deployment, which people look at in Prefect's pages."""
    context = FlowRunContext.get()  # prefect.runtime would ask the server each time
    return context is not None and context.flow_run is not None and context.flow_run.deployment_id is not None


def show_progress(
    total: int, key: str = "reading", doing: str = "读取"
) -> Callable[[str, object], None] | None:
    """Called for each workbook that is done, it moves a progress bar on the run's page; None where nobody looks."""
    if not total or not is_watched():
        return None
    bar = create_progress_artifact(progress=0.0, key=key, description=f"{doing} {total} 个工作簿")
    assert isinstance(bar, UUID), "nobody awaits here"
    done = 0
    told = 0

    def tell(_file: str, _result: object) -> None:
        nonlocal done, told
        done += 1
        if done * _STEPS // total > told or done == total:
            told = done * _STEPS // total
            update_progress_artifact(bar, progress=100.0 * done / total)

    return tell


def publish_artifacts(night: Night, report: Report, news: News | None) -> None:
    """Put the night's results onto the run's page; nothing where nobody looks."""
    if not is_watched():
        return
    names = night.catalogue.unit_names()
    rows = list(report.submissions.sort("year", "unit_code", nulls_last=True).iter_rows(named=True))
    create_table_artifact(
        [
            {
                "单位": names.get(row["unit_code"] or "", UNKNOWN_UNIT),
                "年度": row["year"] or "…",
                "文件": escape_text(row["file_name"]),
                "处理结果": describe_result(row),
                "强制性": row["critical_count"],
                "核实性": row["warning_count"],
            }
            for row in rows[:_LISTED]
        ],
        key="summary",
        description=f"本次收表情况（{len(rows)} 份）",
    )
    for row in rows[:_LISTED]:
        _publish_receipt(night, row)
    _publish_moved_figures(night, news)
    _link_pages(night)


def _publish_receipt(night: Night, row: dict[str, object]) -> None:
    """The receipt of one submission, as its unit gets it."""
    submission = str(row["submission"])
    receipts = sorted(night.home.outbox.glob(f"*/回执_*_{submission[:8]}.md"))
    if receipts:
        key = f"receipt-{row['unit_code'] or 'unknown'}-{row['year'] or 'unknown'}-{submission[:8]}"
        create_markdown_artifact(receipts[-1].read_text(encoding="utf-8"), key=_name_key(key))


def _publish_moved_figures(night: Night, news: News | None) -> None:
    if news is None or news.moved.is_empty():
        return
    indicators = night.catalogue.indicators
    create_table_artifact(
        [
            {
                "年度": row["year"],
                "指标": indicators[row["indicator"]].name_zh,
                "原值": group_thousands(row["old_value"], indicators[row["indicator"]].decimals),
                "现值": group_thousands(row["value"], indicators[row["indicator"]].decimals),
                "单位": indicators[row["indicator"]].unit,
            }
            for row in news.moved.head(_LISTED).iter_rows(named=True)
        ],
        key="moved-figures",
        description=f"公布数有变动的 {news.moved.height} 项",
    )


def _link_pages(night: Night) -> None:
    pages = {
        "digest": night.home.site / "digest.md",
        "data-docs": night.home.site / "data_docs" / "index.html",
    }
    for key, page in pages.items():
        if page.exists():
            create_link_artifact(page.as_uri(), key=key, link_text=page.name)


def _name_key(text: str) -> str:
    """An artifact's key: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower())
