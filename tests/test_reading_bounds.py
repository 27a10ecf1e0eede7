"""Rows beyond what a form can have are one finding, however many there are, and what stands above them is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbooks import PLAN, read, save_xlsx, sheet, workbook


@pytest.mark.parametrize("count", [1, 1000, 60_000])
def test_rows_beyond_what_a_form_can_have_are_one_finding(tmp_path: Path, count: int) -> None:
    rows = sheet()
    filled = len(rows) - 4
    rows += [rows[-1]] * (PLAN.most_rows - filled + count)
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert found.status == "read"
    [told] = [p for p in found.problems if p["rule"] == "read.too_many_rows"]
    assert told["cell"] == f"A{4 + PLAN.most_rows + 1}"
    assert (told["value"], told["detail"]) == (str(PLAN.most_rows + count), str(PLAN.most_rows))
    assert found.sheets[0].rows.height == PLAN.most_rows
    assert len(found.problems) == 1


def test_as_many_rows_as_a_form_can_have_are_no_finding(tmp_path: Path) -> None:
    rows = sheet()
    rows += [rows[-1]] * (PLAN.most_rows - (len(rows) - 4))
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert found.problems == []
    assert found.sheets[0].rows.height == PLAN.most_rows


def test_blank_rows_down_to_the_end_are_no_finding(tmp_path: Path) -> None:
    rows = sheet()
    rows += [[" "] + [""] * (len(rows[2]) - 1) if n == 9_000 else [""] * len(rows[2]) for n in range(10_000)]
    rows = rows[: 4 + 9_000]
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert found.problems == []


def test_error_values_far_below_are_not_told_one_by_one(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "a.xlsx"
    rows = sheet()
    with xlsxwriter.Workbook(str(path)) as book:
        for name, grid in workbook(population=rows).items():
            page = book.add_worksheet(name)
            for r, row in enumerate(grid):
                page.write_row(r, 0, [str(c) for c in row])
            if name != "封面":
                for r in range(len(grid), PLAN.most_rows + 2_000):
                    page.write_formula(r, 3, "=1/0", None, "#DIV/0!")
    found = read(path)
    rules = [p["rule"] for p in found.problems]
    assert rules.count("read.too_many_rows") <= 1
    assert len(rules) <= PLAN.most_rows + 10
