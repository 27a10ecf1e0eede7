"""One night of nothing but mutated workbooks: no traceback, no hang, and nothing is accepted that the file does not say.

NIANBAO_HOSTILE=10000 asks for that many (weekly); NIANBAO_HOSTILE_SEED for others than those of every day.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlrd
from python_calamine import CalamineWorkbook

from flows.answer.outgoing import Report
from flows.error_log import ERROR_LOG
from flows.settings import Installation
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.mutated_formats import mutate_format, rewrite
from tests.mutated_workbooks import NO_WORKBOOK, mutate
from transforms.reading.formats.csv import decode, member_name
from warehouse.store.query import query
from warehouse.words.addresses import column_letter

Cells = dict[tuple[str, str], Any]

COUNT = int(os.environ.get("NIANBAO_HOSTILE", "500"))
SEED = int(os.environ.get("NIANBAO_HOSTILE_SEED", "1"))
ENDINGS = (".xlsx",) * 12 + (".xls", ".ods", ".xlsm", ".et", ".zip")
"""Not .csv: those of one folder are one submission."""
FORMATS = (".xls", ".ods", ".zip")
"""Every other mutant is one of the same workbook in another format, .zip: of .csv."""
FOLDERS = {"990100": "990100", "990101": "990101", "990102": "990102"}


class HostileNight:
    """The mutants by the SHA-256 of their bytes, and the night that received them."""

    def __init__(self, place: Installation, honest: dict[str, bytes]) -> None:
        self.place, self.honest = place, honest
        self.rewritten = {
            (unit, ending): rewrite(book, ending) for unit, book in honest.items() for ending in FORMATS
        }
        self.contents: dict[str, bytes] = {}
        self.folders: dict[str, str] = {}
        for number in range(COUNT):
            self._put(number)
        self.report: Report = night(place)

    def _put(self, number: int) -> None:
        drawn = random.Random(SEED * 1_000_003 + number)
        unit = drawn.choice(sorted(self.honest))
        if number % 2:
            ending = FORMATS[number // 2 % len(FORMATS)]
            content = mutate_format(self.rewritten[unit, ending], ending, drawn)
        else:
            ending = drawn.choice(ENDINGS)
            content = mutate(self.honest[unit], drawn)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in self.contents:
            return
        folder = self.place.home.inbox / unit
        folder.mkdir(exist_ok=True)
        (folder / f"{number:05}{ending}").write_bytes(content)
        self.contents[sha256], self.folders[sha256] = content, unit


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> HostileNight:
    honest = {folder.name: next(folder.iterdir()).read_bytes() for folder in samples([2024], LANHE).iterdir()}
    place = new_installation(tmp_path_factory.mktemp("hostile") / "home", samples, [], catalogue=LANHE)
    return HostileNight(place, honest)


def open_elsewhere(content: bytes) -> openpyxl.Workbook | None:
    """The file as another library reads it; None when it cannot."""
    try:
        return openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except Exception:  # noqa: BLE001 - whatever it says of a mutant
        return None


def take_out(content: bytes) -> bytes:
    """The workbook inside of archives inside of archives."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            [name] = archive.namelist()
            return take_out(archive.read(name))
    except NO_WORKBOOK:  # more parts than one: this is it
        return content


def read_cells(content: bytes) -> Cells:
    """What the cells of a file say that openpyxl does not read: .xls as xlrd reads it, .csv as they stand there."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tables = {Path(member_name(info)).stem: archive.read(info) for info in archive.infolist()}
    except NO_WORKBOOK:
        tables = {}
    if tables and "content" not in tables and "workbook" not in tables:
        return _place({name: _parse_rows(decode(data)) for name, data in tables.items()})
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
        return _place(
            {sheet.name: [sheet.row_values(r) for r in range(sheet.nrows)] for sheet in book.sheets()}
        )
    except Exception:  # noqa: BLE001 - whatever it says of a mutant
        return read_with_calamine(content)


def read_with_calamine(content: bytes) -> Cells:
    """The same of the library that nianbao reads with, for what no other one reads."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return _place(
        {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    )


def _place(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Cells:
    return {
        (name, f"{column_letter(c)}{r}"): value
        for name, rows in sheets.items()
        for r, row in enumerate(rows, 1)
        for c, value in enumerate(row)
    }


def _parse_rows(text: str) -> list[list[str]]:
    delimiter = max(",\t;", key=text[:4096].count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


pytestmark = pytest.mark.timeout(max(300, COUNT))


def test_every_mutant_is_decided_and_answered(hostile: HostileNight) -> None:
    decided = query(
        hostile.place.home.database, "SELECT submission, decision, reason FROM quality.submission"
    )
    waiting = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.name
        for path in hostile.place.home.inbox.rglob("*.*")
    }
    assert set(hostile.contents) == (set(decided["submission"]) | set(waiting)) & set(hostile.contents)
    told = "".join(hostile.report.left)
    assert [name for name in waiting.values() if name not in told] == []
    assert len(waiting) < COUNT / 5
    assert set(decided["decision"]) <= {"accepted", "held", "refused"}
    receipts = "".join(
        path.read_text(encoding="utf-8") for path in hostile.place.home.outbox.rglob("回执_*.md")
    )
    assert [sha256 for sha256 in set(hostile.contents) - set(waiting) if sha256 not in receipts] == []
    refused = decided.filter(decision="refused")
    assert refused.filter(~pl.col("reason").str.ends_with("。")).is_empty()
    assert Counter(decided["decision"])["refused"] > COUNT / 10


def test_no_mutant_makes_the_program_stumble(hostile: HostileNight) -> None:
    log = hostile.place.home.root / ERROR_LOG
    assert not log.exists(), log.read_text(encoding="utf-8")[-3000:]


def test_a_mutant_is_nobody_elses_submission(hostile: HostileNight) -> None:
    found = query(hostile.place.home.database, "FROM quality.submission WHERE decision != 'refused'")
    for row in found.iter_rows(named=True):
        if sender := hostile.folders.get(row["submission"]):
            assert row["unit_code"] == sender, row


def test_nothing_is_accepted_that_the_file_does_not_say(hostile: HostileNight) -> None:
    accepted = query(
        hostile.place.home.database,
        """SELECT o.* FROM core.observation_log AS o
           JOIN quality.submission AS s USING (submission) WHERE s.decision = 'accepted'""",
    )
    for (submission,), rows in accepted.partition_by("submission", as_dict=True).items():
        content = hostile.contents.get(str(submission))
        if content is None:
            continue  # a workbook inside of a mutant: it is an honest one
        content = take_out(content)
        book = open_elsewhere(content)
        cells = read_cells(content) if book is None else {}
        for row in rows.filter(state="value").iter_rows(named=True):
            at = row["sheet"], row["cell"]
            said = cells.get(at) if book is None else book[at[0]][at[1]].value
            assert is_said(row["value"], row["text"], said), (submission, row, said)


def is_said(value: float | None, text: str | None, said: object) -> bool:
    """Whether an observation is what a cell says."""
    if value is None:
        return said is not None and str(said).strip() != ""
    if isinstance(said, bool):
        return value == said
    if isinstance(said, int | float):
        return value == said
    told = str(said).strip().replace(",", "") if said is not None else ""
    try:
        return told == text or float(told) == value
    except ValueError:
        return False
