"""What a clerk writes into the sheet 说明 comes back answered the next morning: taken, asked back, or told where it belongs."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, copied, new_installation, night
from warehouse.store.query import query
from warehouse.words.workbook_texts import ANSWER_BOX, ANSWER_SHEET, NO_BOX

EAST, TOWN = "990101", "990101001"
UNREAD, BLANK = ("兰2表", "家庭户数"), ("兰2表", "走访户次")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """The small city after a night that held the east: a text where a number belongs, and a blank cell."""
    made = new_installation(tmp_path_factory.mktemp("held") / "home", samples, [], catalogue=LANHE)
    [sample] = (samples([2024], LANHE) / EAST).iterdir()
    book = ClerkWorkbook(sample)
    book.enter(*BLANK, TOWN, 0)
    book.cell(*BLANK, TOWN).value = None
    book.cell(*UNREAD, TOWN).value = "约三百"
    book.save(made.home.inbox / "东岸县.xlsx")
    assert night(made).submissions["decision"].to_list() == ["held"]
    return made


@pytest.fixture
def place(held: Installation, tmp_path: Path) -> Installation:
    return copied(held, tmp_path / "home")


def answered(place: Installation, texts: dict[str, str], number: float | None) -> str:
    """The receipt after the correction workbook went back, with ``texts`` by 性质 in the boxes and the number mended."""
    [folder] = [f for f in place.home.outbox.iterdir() if f.name.startswith(EAST)]
    [correction] = folder.glob("更正表_2024_*.xlsx")
    book = openpyxl.load_workbook(correction)
    sheet = book[ANSWER_SHEET]
    box = next(c.column for row in sheet.iter_rows() for c in row if c.value == ANSWER_BOX)
    for row in sheet.iter_rows():
        if row[1].value in texts:
            row[box - 1].value = texts.pop(str(row[1].value))
    assert texts == {}
    book.save(correction)
    sent = ClerkWorkbook(correction)
    if number is not None:
        sent.cell(*UNREAD, TOWN).value = number
        sent.cell(*UNREAD, "合计").value = None
    sent.save(place.home.inbox / "更正.xlsx")
    night(place)
    return max(folder.glob("回执*.md"), key=lambda path: path.stat().st_mtime_ns).read_text("utf-8")


def explanations(place: Installation) -> list[str]:
    return query(place.home.database, "SELECT text FROM quality.explanation")["text"].to_list()


def test_a_reason_in_the_right_box_is_taken(place: Installation) -> None:
    receipt = answered(place, {"核实性": "该镇本年机构改革，数据由县卫健局核实中"}, 300)
    assert explanations(place) == ["该镇本年机构改革，数据由县卫健局核实中"]
    assert "没有读取" not in receipt


@pytest.mark.parametrize("word", ["属实"])  # the others: tests/test_answer_boxes.py
def test_a_word_without_a_reason_is_asked_back_at_once(place: Installation, word: str) -> None:
    receipt = answered(place, {"核实性": word}, 300)
    assert explanations(place) == []
    assert f"“{word}”没有写明原因" in receipt
    assert "请写明原因" in receipt


def test_what_cannot_be_right_cannot_be_explained_and_the_text_is_told(place: Installation) -> None:
    receipt = answered(place, {"强制性": "确实是三百左右"}, None)
    assert explanations(place) == []
    assert "所写的“确实是三百左右”没有读取" in receipt
    assert "请写在对应问题那一行的“说明（请在本栏填写）”栏" in receipt
    held = query(place.home.database, "SELECT decision FROM quality.submission WHERE file_name = '更正.xlsx'")
    assert held.item() == "held"


def test_the_box_of_what_cannot_be_right_is_closed(place: Installation) -> None:
    [path] = place.home.outbox.rglob("更正表_2024_*.xlsx")
    sheet = openpyxl.load_workbook(path)[ANSWER_SHEET]
    closed = [cell for row in sheet.iter_rows() for cell in row if cell.value == NO_BOX]
    assert len(closed) == 1
    assert closed[0].protection.locked
