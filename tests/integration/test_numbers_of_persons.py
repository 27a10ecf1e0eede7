"""A mobile number that a clerk writes wherever there is room stays in the bytes received; no page, table or log has it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl.cell.cell import Cell

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.integration.warehouse_content import content
from warehouse.store.query import query
from warehouse.words.workbook_texts import ANSWER_BOX, ANSWER_SHEET

EAST = "990101"
NUMBERS = ("13812345678", "13912345678", "371602199003072511", "15112345678", "15212345678")
ROSTER, OWN, IDENTITY, FILE, ANSWER = NUMBERS
RULE = "read.personal_number"


def latest(place: Installation, pattern: str) -> Path:
    return max(place.home.outbox.rglob(pattern), key=lambda path: path.stat().st_mtime_ns)


def answer_every_question(book: ClerkWorkbook, text: str) -> int:
    """Write ``text`` into every box of the correction workbook; how many."""
    sheet = book.book[ANSWER_SHEET]
    [box] = [c for row in sheet.iter_rows() for c in row if isinstance(c, Cell) and c.value == ANSWER_BOX]
    rows = [r for r in range(box.row + 1, sheet.max_row + 1) if sheet.cell(r, 1).value]
    for row in rows:
        sheet.cell(row, box.column).value = text
    return len(rows)


def bytes_of(path: Path) -> bytes:
    """What a file says; of a workbook, the parts that are packed in it."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as parts:
        return b"".join(parts.read(name) for name in parts.namelist())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """After two nights: numbers in a roster, a column of the clerk's own and a file's name; then in answers."""
    made = new_installation(tmp_path_factory.mktemp("persons") / "home", samples, [2024], [EAST], LANHE)
    [sent] = made.home.inbox.rglob("*2024*.xlsx")
    book = ClerkWorkbook(sent)
    sent.unlink()
    name = book.cell("兰3表", "服务站名称", line=2)
    name.value = f"李某{ROSTER[:3]} {ROSTER[3:7]} {ROSTER[7:]}"
    sheet = book.sheet("兰2表")
    header = book.cell("兰2表", "走访户次", line=0)
    last = sheet.max_column + 1
    sheet.cell(header.row, last).value = "备注"
    sheet.cell(header.row + 2, last).value = f"联系人{OWN}，{IDENTITY}"
    book.save(made.home.inbox / EAST / f"年报{FILE}.xlsx")
    night(made)
    book = ClerkWorkbook(latest(made, "更正表_2024_*.xlsx"))
    assert answer_every_question(book, f"请与王某联系，电话{ANSWER}") > 0
    book.save(made.home.inbox / EAST / "更正.xlsx")
    night(made)
    return made


def test_the_workbook_is_accepted_and_the_clerk_is_told_of_each_column(place: Installation) -> None:
    found = query(
        place.home.database,
        """SELECT cell, message FROM quality.finding JOIN quality.submission USING (submission)
           WHERE finding.rule = ? AND file_name LIKE '年报%' ORDER BY sheet, cell""",
        [RULE],
    )
    assert found.height == 2
    assert "填有个人的手机号码、身份证号码，号码已遮盖" in "".join(found["message"])
    decisions = query(place.home.database, "SELECT DISTINCT decision FROM quality.submission")
    assert decisions["decision"].to_list() == ["accepted"]


def test_masked_texts_are_published_where_the_whole_ones_would_have_been(place: Installation) -> None:
    tables = content(place.home.database)
    everything = "".join(str(row) for frame in tables.values() for row in frame.rows())
    assert "李某138****5678" in everything
    assert "年报151****5678.xlsx" in everything
    assert "电话152****5678" in "".join(
        query(place.home.database, "SELECT text FROM quality.explanation")["text"]
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_no_table_has_the_number(place: Installation, number: str) -> None:
    tables = content(place.home.database)
    tables |= {"quality.event": query(place.home.database, "FROM quality.event")}
    assert [name for name, frame in tables.items() if any(number in str(row) for row in frame.rows())] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_no_file_but_the_bytes_received_has_the_number(place: Installation, number: str) -> None:
    home = place.home
    files = [path for path in home.root.rglob("*") if path.is_file() and home.archive not in path.parents]
    assert len(files) > 5
    written = {path: (path.name, bytes_of(path)) for path in files}
    assert [path for path, (name, said) in written.items() if number in name or number.encode() in said] == []


def test_the_archive_keeps_the_bytes_as_received(place: Installation) -> None:
    kept = b"".join(bytes_of(path) for path in place.home.archive.rglob("*") if path.is_file())
    assert all(number.encode() in kept for number in (OWN, IDENTITY, ANSWER))
