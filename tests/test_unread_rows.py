"""What a file holds and the forms have no place for comes back on a sheet of its own: nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
import pytest

from expectations.workbook.issued import CorrectionContent, write_workbook
from tests.issued_workbooks import everything, issue
from tests.measure_rows import EAST, lanhe
from transforms.reading.reading import make_reading_plan, read_file
from warehouse.catalogue.frames import FINDING, UNREAD, shaped
from warehouse.catalogue.load import load_catalogue
from warehouse.words.workbook_texts import ANSWER_SHEET, UNREAD_SHEET

FORM = next(form for form in lanhe().forms.values() if not form.is_roster)


def unread(*cells: tuple[int, str, str, str, str]) -> pl.DataFrame:
    """UNREAD of (row, cell, heading, text, reason)."""
    rows = [
        {"submission": "s", "form": FORM.id, "sheet": FORM.number, "row": row, "cell": cell, "heading": heading,
         "text": text, "reason": reason}
        for row, cell, heading, text, reason in cells
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=UNREAD)


def question(cell: str, message: str) -> pl.DataFrame:
    finding = {
        "submission": "s", "unit_code": EAST, "year": 2024, "form": FORM.id, "rule": "conform.unknown_unit",
        "severity": "critical", "org_code": "", "item": "", "sheet": FORM.number, "cell": cell,
        "message": message, "fix": "请改正。",
    }  # fmt: skip
    texts = {"scope": "problem", "in_correction": "", "finding_status": "open"}
    texts |= dict.fromkeys(("text", "reason", "draft"))
    return shaped(pl.DataFrame([finding]), FINDING).with_columns(
        *(pl.lit(value, pl.String).alias(name) for name, value in texts.items()),
        had_explanation=pl.lit(value=False),
    )


@pytest.fixture
def lost() -> pl.DataFrame:
    return unread(
        (17, "A17", "单位名称", "新设幸福村", "unknown_unit"),
        (17, "C17", "个人会员数", "88", "unknown_unit"),
        (9, "K9", "我的备注", "已核", "own_column"),
        (10, "K10", "我的备注", "待核", "own_column"),
    )


def written(path: Path, lost: pl.DataFrame) -> tuple[openpyxl.Workbook, dict[int, tuple[str, str]]]:
    places = write_workbook(
        path,
        EAST,
        2024,
        lanhe(),
        (),
        None,
        CorrectionContent(question("A17", "第17行“新设幸福村”不在名录中"), unread=lost),
    )
    return openpyxl.load_workbook(path), dict(places)


def test_a_row_of_a_unit_nobody_knows_and_own_columns_stand_there_in_full(
    tmp_path: Path, lost: pl.DataFrame
) -> None:
    book, _ = written(tmp_path / "a.xlsx", lost)
    lines = [[cell.value for cell in row] for row in book[UNREAD_SHEET].iter_rows(min_row=4)]
    assert [line[1:] for line in lines] == [
        ["第17行", "单位没有填写或不在名录内", "单位名称：新设幸福村；个人会员数：88"],
        ["K列", "自己加的栏，不在报表之内", "“我的备注”栏：第9行 已核；第10行 待核"],
    ]


def test_the_question_about_such_a_row_is_shown_there_and_not_at_a_heading(
    tmp_path: Path, lost: pl.DataFrame
) -> None:
    book, places = written(tmp_path / "a.xlsx", lost)
    assert places[0] == (UNREAD_SHEET, "B4")
    assert "不在名录中" in book[UNREAD_SHEET]["B4"].comment.text
    links = [cell.value for row in book[ANSWER_SHEET].iter_rows() for cell in row if cell.value == "B4"]
    assert links == ["B4"]


def test_the_cover_is_signed_as_in_the_file_that_came(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    words = catalogue.settings.cover_labels
    said = ((words["clerk"][0] + "：", "王会计"), (words["report_date"][-1], "2025-01-12 00:00:00"))
    signed = [
        {"submission": "s", "sheet": "封面", "row": n, "cell": f"B{n}", "heading": heading, "text": text, "reason": "cover"}
        for n, (heading, text) in enumerate(said)
    ]  # fmt: skip
    path = tmp_path / "a.xlsx"
    write_workbook(
        path, "371621", 2024, catalogue, (), None,
        CorrectionContent(question("A17", "有误"), unread=shaped(pl.DataFrame(signed), UNREAD)),
    )  # fmt: skip
    book = openpyxl.load_workbook(path)
    cover = book[catalogue.settings.words.cover_sheet[0]]
    shown = {row[1].value: row[2].value for row in cover.iter_rows() if row[1].value}
    assert shown[words["clerk"][0]] == "王会计"
    assert str(shown[words["report_date"][0]]).startswith("2025-01-12")
    assert UNREAD_SHEET not in book.sheetnames


def test_a_file_that_was_taken_over_in_full_has_no_such_sheet(tmp_path: Path, lost: pl.DataFrame) -> None:
    book, _ = written(tmp_path / "a.xlsx", lost.clear())
    assert UNREAD_SHEET not in book.sheetnames


def test_last_years_column_of_an_issued_workbook_is_nobodys_own(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    numbers = everything(catalogue)
    path = issue(catalogue, tmp_path, entries=numbers, prior=numbers)
    read = read_file(str(path), (make_reading_plan(catalogue), path.name))
    assert len(read.sheets) > 10
    assert [cell for cell in read.rest if cell["reason"] == "own_column"] == []
