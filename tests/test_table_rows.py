"""Rows are what a reader takes them for: a header on a later page, 合计 in any spelling, 其中, a row without a place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.judged_files import findings
from tests.workbooks import (
    FIRST,
    Grid,
    column,
    conformed,
    save_csv_zip,
    save_ods,
    save_xls,
    save_xlsx,
    sheet,
    workbook,
)
from transforms.conforming.conform import Conformed

COUNT = column("population", "household_count")


def of(path: Path, rows: Grid, form: str = "population") -> Conformed:
    return conformed(save_xlsx(path / "a.xlsx", workbook(**{form: rows})))


def told(result: Conformed) -> list[tuple[str, str]]:
    problems = result.problems.filter(~pl.col("rule").str.starts_with("read.missing"))
    return problems.select("rule", "cell").rows()


def wide(rows: Grid, *cells: Any) -> list[Any]:
    return [*cells, *[""] * (len(rows[0]) - len(cells))]


@pytest.mark.parametrize("save", [save_xlsx, save_xls, save_ods, save_csv_zip])
def test_a_header_on_a_later_page_is_no_row(tmp_path: Path, save: Callable[..., Path]) -> None:
    rows = sheet()
    rows[FIRST + 1 : FIRST + 1] = [wide(rows, "续表"), *(list(row) for row in rows[:FIRST])]
    suffix = {"csv_zip": ".zip"}.get(
        save.__name__.removeprefix("save_"), f".{save.__name__.removeprefix('save_')}"
    )
    result = conformed(save(tmp_path / f"a{suffix}", workbook(population=rows)))
    assert told(result) == []
    assert result.forms["population"]["row"].to_list() == [FIRST + 1, FIRST + 7]


@pytest.mark.parametrize("form", ["population", "warm_home", "organisation"])
@pytest.mark.parametrize("label", ["单位 代码", "单位代码：", "单位代码"])
def test_a_header_repeated_in_another_spelling_is_no_row(tmp_path: Path, form: str, label: str) -> None:
    rows = sheet(form)
    again = [label.removesuffix("："), *rows[2][1:]]
    rows[FIRST + 1 : FIRST + 1] = [again, list(rows[3])]
    if form == "warm_home":
        rows[-1][column(form, "name")] = "第二处"
    result = of(tmp_path, rows, form)
    assert told(result) == []
    assert result.forms[form].height == 2


def test_a_row_that_only_resembles_the_header_is_a_row(tmp_path: Path) -> None:
    rows = sheet()
    rows.append(["单位代码", "市南街道", *rows[FIRST][2:]])
    assert [rule for rule, _ in told(of(tmp_path, rows))] == ["conform.unknown_unit"]


@pytest.mark.parametrize(
    "word",
    ["合  计：", "总 计", "合计", "合计（全区）", "合\u200b计", "共计：", "全区总计", "⼩计", "合 计 :"],
)
def test_a_total_is_a_total_in_any_spelling(tmp_path: Path, word: str) -> None:
    rows = sheet()
    rows.append([word, "", *[24] * (len(rows[0]) - 2)])
    result = of(tmp_path, rows)
    assert told(result) == []
    assert result.forms["population"]["row_kind"].to_list() == ["data", "data", "total"]


@pytest.mark.parametrize(
    "words", [("其中：城镇", ""), ("", "其中:女"), ("", "其中"), ("本页小计", ""), ("", "过次页")]
)
def test_a_part_of_the_row_above_is_no_unit_and_is_named(tmp_path: Path, words: tuple[str, str]) -> None:
    rows = sheet()
    rows.insert(FIRST + 1, [*words, *[5] * (len(rows[0]) - 2)])
    rows.append(["", "合计", *[24] * (len(rows[0]) - 2)])
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))
    assert told(conformed(path)) == [("conform.part_row", None)]
    found = findings(path)
    assert found.filter(rule="total.sheet").is_empty()
    [said] = found.filter(rule="conform.part_row")["message"]
    assert said.startswith(f"工作表“年2表”第{FIRST + 2}行（首处“{words[0] or words[1]}”）")


@pytest.mark.parametrize("unit", [("", "新设幸福村委会"), ("371602999", "无此街道"), ("", ""), ("999", "")])
def test_a_row_without_a_place_keeps_its_row_in_every_sentence(tmp_path: Path, unit: tuple[str, str]) -> None:
    rows = sheet()
    rows.append([*unit, *[7] * (len(rows[0]) - 3), "十二"])
    found = findings(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    about = found.filter(pl.col("cell").str.ends_with("7"))
    assert not about.is_empty()
    assert about["message"].str.starts_with("第7行").all()
    assert about["sheet"].unique().to_list() == ["年2表"]
    assert not found["message"].str.contains("^：").any()


def test_a_unit_that_is_not_listed_is_told_with_its_name_and_township(tmp_path: Path) -> None:
    rows = [
        [*row[:2], place, *row[2:]]
        for row, place in zip(sheet("organisation"), ["", "", "所属乡镇", "", "", ""], strict=True)
    ]
    rows.append(["", "新设幸福村委会", "市中街道", *rows[FIRST][3:]])
    found = findings(save_xlsx(tmp_path / "a.xlsx", workbook(organisation=rows))).filter(
        rule="conform.unknown_unit"
    )
    assert found["message"][0].startswith("第7行：“新设幸福村委会”（市中街道）不在名录内")
