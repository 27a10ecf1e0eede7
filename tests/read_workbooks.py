"""Small workbooks in every format, and the problems of reading them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.workbooks import (
    Grid,
    column,
    save_csv_zip,
    save_ods,
    save_xls,
    save_xlsb,
    save_xlsx,
    sheet,
)
from transforms.reading.file_read import FileRead

CELL = column("population", "household_count")
SAVE: dict[str, Callable[[Path, Mapping[str, Grid]], Path]] = {
    ".xlsx": save_xlsx,
    ".xls": save_xls,
    ".ods": save_ods,
    ".xlsb": save_xlsb,
    ".zip": save_csv_zip,
}


def rules(result: FileRead) -> list[str | None]:
    return [problem["rule"] for problem in result.problems]


def problem(result: FileRead, rule: str) -> dict[str, str | None]:
    return next(p for p in result.problems if p["rule"] == rule)


def bent(**places: Any) -> Grid:
    """The population sheet; ``r4c2=x`` puts x into row 4, column 2."""
    rows = sheet()
    for place, value in places.items():
        row, col = re.fullmatch(r"r(\d+)c(\d+)", place).groups()  # type: ignore[union-attr]
        rows[int(row)][int(col)] = value
    return rows
