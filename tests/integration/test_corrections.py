"""Correction workbooks that come back otherwise than they should: untouched, too late, or half done."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.small_city import BRIDGE_EAST, BRIDGE_WEST
from warehouse.store.query import query
from warehouse.words.workbook_texts import ANSWER_SHEET

COUNTY = "990101"  # 东岸县 of the small city
VILLAGE, OTHER = BRIDGE_EAST, BRIDGE_WEST


@pytest.fixture
def place(installation: NewInstallation) -> Installation:
    return installation([2024], units=[], catalogue=LANHE)


@pytest.fixture
def sample(samples: Samples) -> Path:
    [path] = (samples([2024], LANHE) / COUNTY).iterdir()
    return path


def correction(place: Installation) -> Path:
    """The correction workbook that lies in the county's folder: there is one at a time."""
    [folder] = [f for f in place.home.outbox.iterdir() if f.name.startswith(COUNTY)]
    [path] = folder.glob("更正表_2024_*.xlsx")
    return path


def send(place: Installation, book: Path, name: str) -> str:
    """Put a file into the inbox and let a night pass; what was decided of it."""
    (place.home.inbox / name).write_bytes(book.read_bytes())
    night(place)
    return str(
        query(
            place.home.database, "SELECT decision FROM quality.submission WHERE file_name = ?", [name]
        ).item()
    )


def asked(place: Installation) -> set[str]:
    found = query(
        place.home.database,
        "SELECT rule FROM quality.finding_latest WHERE unit_code = ? AND severity = 'critical'",
        [COUNTY],
    )
    return set(found["rule"])


def number(place: Installation, org: str, field: str) -> float:
    found = query(
        place.home.database,
        "SELECT value FROM core.observation WHERE org_code = ? AND field = ? AND year = 2024",
        [org, field],
    )
    return float(found.item())


def test_a_total_that_is_not_the_sum_stays_so_until_somebody_corrects_it(
    place: Installation, sample: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(sample)
    total = book.cell("兰1表", "会员数", "合计")
    assert isinstance(total.value, int | float)
    sent = total.value + 1
    total.value = sent
    assert send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx") == "held"
    assert asked(place) == {"total.sheet"}

    returned = correction(place)
    cell = ClerkWorkbook(returned).cell("兰1表", "会员数", "合计")
    assert cell.value == sent
    assert cell.comment is not None
    assert f"合计{sent:.0f}，" in cell.comment.text
    assert send(place, returned, "b.xlsx") == "held"
    assert asked(place) == {"total.sheet"}

    mended = ClerkWorkbook(correction(place))
    mended.cell("兰1表", "会员数", "合计").value = sent - 1
    assert send(place, mended.save(tmp_path / "c.xlsx"), "c.xlsx") == "accepted"


def test_a_total_that_was_not_computed_is_marked_where_the_total_stands_and_computed(
    place: Installation, sample: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(sample)
    total = book.cell("兰1表", "会员数", "合计")
    total.value = f"=SUM({total.column_letter}8:{total.column_letter}{total.row - 1})"
    book.cell("兰1表", "会员数", VILLAGE).value = "约三百"
    assert send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx") == "held"

    returned = ClerkWorkbook(correction(place))
    cell = returned.cell("兰1表", "会员数", "合计")
    assert isinstance(cell.value, int | float), "the sum of the rows, with which the formula is written"
    assert cell.comment is not None
    assert "合计行没有计算结果" in cell.comment.text
    assert "各行无误的不必处理" in cell.comment.text
    told = next(place.home.outbox.rglob("回执*.md")).read_text(encoding="utf-8")
    [line] = [line for line in told.splitlines() if "合计行没有计算结果" in line]
    assert f"兰1表 {cell.coordinate}（合计 会员数）" in line


def test_a_subtotal_that_is_not_the_sum_stays_too(place: Installation, sample: Path, tmp_path: Path) -> None:
    book = ClerkWorkbook(sample)
    sheet = book.sheet("兰1表")
    row = book.cell("兰1表", "会员数", "合计").row + 1
    sheet.insert_rows(row)
    sheet.cell(row, 1).value = "桥头镇小计"
    sheet.cell(row, book.cell("兰1表", "会员数", "合计").column).value = 7
    assert send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx") == "held"
    assert asked(place) == {"total.township"}
    assert send(place, correction(place), "b.xlsx") == "held"
    assert asked(place) == {"total.township"}


def test_what_was_wrong_and_is_left_as_it_was_holds_again(
    place: Installation, sample: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(sample)
    book.cell("兰1表", "会员数", VILLAGE).value = "约三百"
    assert send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx") == "held"
    untouched = correction(place)
    assert ClerkWorkbook(untouched).cell("兰1表", "会员数", VILLAGE).value == "约三百"
    assert send(place, untouched, "b.xlsx") == "held"
    assert asked(place) == {"conform.unreadable_number", "read.nothing_corrected"}


def test_a_column_of_ones_own_does_not_vanish_unnoticed(
    place: Installation, sample: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(sample)
    sheet = book.sheet("兰2表")
    head = book.cell("兰2表", "家庭户数", line=0)
    sheet.cell(head.row, sheet.max_column + 1).value = "流动人口数"
    assert send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx") == "held"
    assert asked(place) == {"read.unknown_column"}

    # The correction workbook says that the column is not in it, and that nothing is left to do: it goes back as it is.
    returned = correction(place)
    said = [c.value for row in openpyxl.load_workbook(returned)[ANSWER_SHEET].iter_rows() for c in row]
    assert any("“流动人口数”" in str(text) for text in said)
    assert any("自己加的列不必处理，直接报送更正表" in str(text) for text in said)
    assert send(place, returned, "b.xlsx") == "accepted"


def test_a_roster_left_blank_comes_back_blank(place: Installation, sample: Path, tmp_path: Path) -> None:
    [earlier] = sample.parents[1].glob(f"{COUNTY}/*2024*")
    del earlier
    book = ClerkWorkbook(sample)
    sheet = book.sheet("兰3表")
    first = book.cell("兰3表", "序号").row
    names = book.cell("兰3表", "序号").column
    for line in range(first, sheet.max_row + 1):
        for column in range(names + 1, sheet.max_column + 1):
            if not isinstance(sheet.cell(line, column), openpyxl.cell.cell.MergedCell):
                sheet.cell(line, column).value = None
    send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx")
    again = ClerkWorkbook(correction(place)).sheet("兰3表")
    filled = [c.value for r in again.iter_rows(min_row=first, min_col=2, max_row=first + 5) for c in r]
    assert set(filled) == {None}


def test_a_correction_workbook_may_be_worked_in_and_sent_again(
    place: Installation, sample: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(sample)
    for code in (VILLAGE, OTHER, "合计"):
        book.cell("兰1表", "会员数", code).value = None
    send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx")

    mine = ClerkWorkbook(correction(place))
    mine.cell("兰1表", "会员数", VILLAGE).value = 3
    mine.cell("兰1表", "会员数", "合计").value = None
    assert send(place, mine.save(tmp_path / "b.xlsx"), "b.xlsx") == "accepted"
    mine.cell("兰1表", "会员数", OTHER).value = 2
    assert send(place, mine.save(tmp_path / "c.xlsx"), "c.xlsx") == "accepted"
    assert (number(place, VILLAGE, "member_count"), number(place, OTHER, "member_count")) == (3, 2)


def test_a_correction_workbook_that_undoes_what_came_later_is_held(
    place: Installation, sample: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(sample)
    book.enter("兰1表", "会员数", VILLAGE, 25)
    book.cell("兰2表", "走访户次", VILLAGE[:9]).value = None
    book.cell("兰2表", "走访户次", "合计").value = None
    send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx")
    old = tmp_path / "old.xlsx"
    old.write_bytes(correction(place).read_bytes())

    book.enter("兰1表", "会员数", VILLAGE, 3)
    assert send(place, book.save(tmp_path / "b.xlsx"), "b.xlsx") == "accepted"

    late = ClerkWorkbook(old)
    late.enter("兰1表", "会员数", OTHER, 2)
    assert send(place, late.save(tmp_path / "c.xlsx"), "c.xlsx") == "held"
    assert asked(place) == {"read.undoes_newer"}
    assert number(place, VILLAGE, "member_count") == 3
    name = re.compile(r"(?<!\w)c\.xlsx")  # not the end of a correction workbook's name, which may be …c.xlsx
    receipts = place.home.outbox.rglob("回执_2024_*.md")
    [receipt] = [p for p in receipts if name.search(p.read_text(encoding="utf-8"))]
    assert "有 1 处仍是改动以前的数，首处在工作表“兰1表" in receipt.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    ['=HYPERLINK("http://a.cn","点这里")', "+1+cmd|' /C calc'!A0", "@SUM(1)", "<b>约三百</b>", "\t=1+1"],
)
def test_what_was_typed_comes_back_as_text_and_computes_nothing(
    place: Installation, sample: Path, tmp_path: Path, text: str
) -> None:
    book = ClerkWorkbook(sample)
    cell = book.cell("兰1表", "会员数", org=VILLAGE)
    cell.value = text
    cell.data_type = "s"
    assert send(place, book.save(tmp_path / "a.xlsx"), "a.xlsx") == "held"
    given = [
        c for sheet in openpyxl.load_workbook(correction(place)) for row in sheet.iter_rows() for c in row
    ]
    assert any(text.strip() in str(c.value) for c in given if c.data_type == "s")
    assert not any(text.strip().strip("=")[:8] in str(c.value) for c in given if c.data_type == "f")
    assert not any(c.hyperlink and "a.cn" in str(c.hyperlink.target) for c in given)
