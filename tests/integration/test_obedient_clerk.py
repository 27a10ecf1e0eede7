"""The obedient clerk: whoever does what every sentence says, in the workbook that comes back, ends accepted.

Mistakes of all kinds over all forms are dealt out to the workbooks of small counties, which go through LibreOffice and a
night. The clerk of :mod:`tests.obedient_clerk` mends the correction workbooks, LibreOffice recalculates them, and they
are sent back. Kinds that the layout of a correction workbook mends by itself have a workbook (of the year before) each.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import openpyxl
import pytest

from expectations.workbook.issued import Content, write_workbook
from flows.settings import Installation, Settings
from tests.form_sheets import answers, sheets_with_values
from tests.integration.conftest import night
from tests.integration.libreoffice import recalculated, require_libreoffice
from tests.obedient_clerk import Clerk
from tests.planted_mistakes import LEAVE_NOTHING_TO_CORRECT, MISTAKES, dealt
from tests.small_counties import YEAR, counties, small_counties, truth

pytestmark = pytest.mark.timeout(600)  # three nights, and LibreOffice before each of them

SEED, ROUNDS = 1, 2
_RULE_OR_ENGLISH = re.compile(r"[A-Za-z_]{3,}")
_OWN_WORDS = re.compile(r"[^“”]*\.xlsx|校验码 [0-9a-f]{8}|Excel|REF|DIV|VALUE|NAME|NULL|NUM|Err")


@dataclass
class Case:
    """One workbook and what became of it; ``sent`` and ``returned`` are its files, round by round."""

    county: str
    year: int
    mistakes: list[str]
    clerk: Clerk
    sent: list[Path] = field(default_factory=list)
    returned: list[Path] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    decision: str = ""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    require_libreoffice()
    folder = tmp_path_factory.mktemp("clerk")
    small_counties(folder / "catalogue")
    place = Installation(Settings(home=folder / "home", catalogue=folder / "catalogue", workers=2))
    place.home.make()
    made = _with_mistakes(place, folder)
    for turn in range(ROUNDS + 1):
        waiting = [case for case in made if case.decision != "accepted"]
        if not waiting:
            break
        _send(place, waiting, folder, turn)
        for case in waiting:
            if case.decision != "accepted" and turn < ROUNDS:
                _obey(place, case, folder / f"{case.year}_{case.county}_{turn + 1}.xlsx")
    return made


def _with_mistakes(place: Installation, folder: Path) -> list[Case]:
    units = counties(place.catalogue)
    plans = [(unit, YEAR, names) for unit, names in zip(units, dealt(len(units), SEED), strict=True)]
    plans += [(unit, YEAR - 1, [name]) for unit, name in zip(units, LEAVE_NOTHING_TO_CORRECT, strict=True)]
    made = []
    for unit, year, names in plans:
        books = folder / f"{year}_{unit}_books.xlsx"
        write_workbook(
            books, unit, year, place.catalogue, place.rulebook, Content(truth(place.catalogue, unit, year))
        )
        book = openpyxl.load_workbook(books)
        for name in names:
            MISTAKES[name](book, Random(f"{SEED} {name}"))
        case = Case(unit, year, names, Clerk(books), [folder / f"{year}_{unit}_0.xlsx"])
        book.save(case.sent[0])
        made.append(case)
    return made


def _send(place: Installation, waiting: list[Case], folder: Path, turn: int) -> None:
    """Through LibreOffice and a night."""
    work = folder / f"turn{turn}"
    work.mkdir()
    for case, path in zip(waiting, recalculated([case.sent[-1] for case in waiting], work), strict=True):
        case.sent[-1] = path
        shutil.copy(path, place.home.inbox / path.name)
    said = night(place).submissions
    decided = {(row["unit_code"], row["year"]): row["decision"] for row in said.iter_rows(named=True)}
    for case in waiting:
        case.decision = decided[case.county, case.year]


def _obey(place: Installation, case: Case, target: Path) -> None:
    [outbox] = [f for f in place.home.outbox.iterdir() if f.name.startswith(case.county)]
    [correction] = outbox.glob(f"更正表_{case.year}_*.xlsx")
    kept = shutil.copy(correction, target.with_suffix(".returned.xlsx"))
    case.returned.append(Path(kept))
    case.asked.append(case.clerk.obey(correction, target))
    case.sent.append(target)


def test_every_kind_of_mistake_is_asked_about(cases: list[Case]) -> None:
    assert {name for case in cases for name in case.mistakes} == set(MISTAKES)
    assert all(case.asked and case.asked[0] for case in cases)


def test_every_sentence_can_be_obeyed_where_it_points(cases: list[Case]) -> None:
    assert "\n".join(said for case in cases for said in case.clerk.could_not) == ""


def test_an_obedient_clerk_ends_accepted(cases: list[Case]) -> None:
    still = [f"{case.mistakes}: {case.asked[-1]}" for case in cases if case.decision != "accepted"]
    assert "\n".join(still) == ""


def test_what_ends_accepted_is_what_stands_in_the_books(cases: list[Case]) -> None:
    for case in cases:
        said, books = answers(sheets_with_values(case.sent[-1])), answers(case.clerk.true.values())
        assert {
            (number, key): (said[number].get(key), row)
            for number, rows in books.items()
            for key, row in rows.items()
            if str(said[number].get(key)) != str(row)
        } == {}, (case.county, case.year, case.mistakes)
        assert {n: set(rows) for n, rows in said.items()} == {n: set(rows) for n, rows in books.items()}


def test_a_correction_workbook_shows_no_rules_id_and_no_english(cases: list[Case]) -> None:
    for path in (path for case in cases for path in case.returned):
        for sheet in openpyxl.load_workbook(path, data_only=True).worksheets:
            if sheet.sheet_state != "visible":
                continue
            hidden = {
                c
                for d in sheet.column_dimensions.values()
                if d.hidden
                for c in range(d.min or 0, (d.max or 0) + 1)
            }
            cells = [c for row in sheet.iter_rows() for c in row if c.column not in hidden]
            texts = [c.value for c in cells] + [c.comment.text for c in cells if c.comment]
            shown = [_OWN_WORDS.sub("", text) for text in texts if isinstance(text, str)]
            assert [text for text in shown if _RULE_OR_ENGLISH.search(text)] == [], (path.name, sheet.title)
