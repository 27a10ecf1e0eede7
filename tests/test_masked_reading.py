"""A number of a person in a workbook goes no further than reading: it is masked there, and the clerk is told where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.judged_files import findings
from tests.read_workbooks import SAVE, rules
from tests.workbooks import CATALOGUE, Grid, column, conformed, cover, read, save_xlsx, sheet, workbook
from transforms.conforming.conform import Conformed
from transforms.observing.observations import observe
from transforms.reading.file_read import FileRead

MOBILE, MASKED = "13812345678", "138****5678"
IDENTITY = "371602199003072511"
RULE = "read.personal_number"
NAME = column("warm_home", "name")


def homes(*names: object, **more: Any) -> Grid:
    """The roster of homes with these names, one home each."""
    rows = sheet("warm_home")
    top = len(rows) - 2
    return rows[:top] + [[*rows[top][:NAME], name, *rows[top][NAME + 1 :]] for name in names]


def saved(tmp_path: Path, *names: object) -> Path:
    return save_xlsx(tmp_path / "a.xlsx", workbook(warm_home=homes(*names)))


def texts(value: object) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, pl.DataFrame):
        yield from (str(cell) for row in value.rows() for cell in row)
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in texts(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in texts(part))
    elif isinstance(value, FileRead | Conformed) or hasattr(value, "rows"):
        yield from (text for f in fields(value) for text in texts(getattr(value, f.name)))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", SAVE)
def test_a_number_in_the_name_of_a_site_is_masked_in_every_format(tmp_path: Path, kind: str) -> None:
    path = SAVE[kind](tmp_path / f"a{kind}", workbook(warm_home=homes(f"张某{MOBILE}之家")))
    result = read(path)
    assert MOBILE not in "".join(texts(result))
    assert f"张某{MASKED}之家" in list(texts(result))
    assert rules(result).count(RULE) == 1


def test_a_clerk_is_told_once_for_a_column_which_numbers_stand_where(tmp_path: Path) -> None:
    found = findings(saved(tmp_path, f"甲家{MOBILE}", "乙家", f"丙家{IDENTITY}")).filter(rule=RULE)
    assert found["severity"].to_list() == ["warning"]
    assert found["cell"].to_list() == ["C5"]
    assert found["message"].to_list() == [
        "工作表“年7-1表”的 C5 填有个人的手机号码、身份证号码（本列共2处，在第5、7行），号码已遮盖"
    ]


def test_the_observation_of_a_masked_name_is_the_same_every_year(tmp_path: Path) -> None:
    items = [
        set(observe(conformed(saved(tmp_path, f"甲家{MOBILE}"), year=year), CATALOGUE).observations["item"])
        for year in (2023, 2024)
    ]
    assert items == [{f"甲家{MASKED}"}, {f"甲家{MASKED}"}]


def test_a_number_that_a_spreadsheet_stores_as_a_number_is_masked(tmp_path: Path) -> None:
    found = "".join(texts(read(saved(tmp_path, float(IDENTITY), float(MOBILE)))))
    assert "199003" not in found
    assert MASKED in found


def test_a_number_in_a_column_of_numbers_cannot_be_read_and_is_not_shown(tmp_path: Path) -> None:
    rows = sheet()
    rows[-1][column("population", "household_count")] = int(MOBILE)
    found = findings(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert {RULE, "conform.unreadable_number"} <= set(found["rule"])
    assert MOBILE not in "".join(texts(found))


def test_a_column_that_a_clerk_added_is_given_back_masked(tmp_path: Path) -> None:
    rows = sheet()
    rows = [[*row, ""] for row in rows]
    rows[2][-1], rows[-1][-1] = "联系电话", MOBILE
    result = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert MOBILE not in "".join(texts(result))
    assert [cell["text"] for cell in result.rest] == [MASKED]
    assert RULE in rules(result)


def test_a_number_on_the_cover_is_masked(tmp_path: Path) -> None:
    pages = workbook(population=sheet()) | {"封面": [*cover(), ["填表人", f"李某{MOBILE}"]]}
    result = read(save_xlsx(tmp_path / "a.xlsx", pages))
    assert MOBILE not in "".join(texts(result))
    assert f"李某{MASKED}" in result.cover.values()


def test_a_workbook_without_numbers_of_persons_is_read_as_it_is(tmp_path: Path) -> None:
    result = read(saved(tmp_path, "甲家0543-3361234", "乙家2024-12-31"))
    assert RULE not in rules(result)
    assert {"甲家0543-3361234", "乙家2024-12-31"} <= set(texts(result))
