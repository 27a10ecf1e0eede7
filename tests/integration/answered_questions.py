"""docs/questions.zh-CN.md: its queries, asked of a warehouse, and their answers as tables of Markdown.

    python -m tests.integration.answered_questions WAREHOUSE.duckdb

writes the answers of that warehouse (of ``make demo``) into the page.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import polars as pl

from warehouse.store.query import query

PAGE = Path(__file__).parents[2] / "docs" / "questions.zh-CN.md"
_ASKED = re.compile(r"```sql\n(?P<sql>.*?)```\n(?P<answer>\n(?:\|[^\n]*\n)+)?", re.DOTALL)


def list_queries(page: str) -> list[str]:
    """The queries of the page, in their order."""
    return [found["sql"] for found in _ASKED.finditer(page)]


def answer(page: str, warehouse: Path) -> str:
    """The page with the answers of ``warehouse``."""
    return _ASKED.sub(
        lambda found: f"```sql\n{found['sql']}```\n\n{_write(query(warehouse, found['sql']))}", page
    )


def _write(frame: pl.DataFrame) -> str:
    lines = [frame.columns, ["---"] * frame.width, *([_say(v) for v in row] for row in frame.iter_rows())]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _say(value: object) -> str:
    if value is None:
        return "…"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(answer(PAGE.read_text(encoding="utf-8"), Path(sys.argv[1])), encoding="utf-8")
