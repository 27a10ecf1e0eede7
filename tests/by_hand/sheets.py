"""The sheets of a sample workbook, found by the headings that the catalogue's form files declare: to read and to bend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import yaml
from openpyxl.worksheet.worksheet import Worksheet

NOT_APPLICABLE = "不适用"
NOTHING = "无"
WORDS = {"是": True, "否": False}
"""What stands for yes and no in a workbook."""

Value = float | str | bool | None
Row = dict[str, Value]


@dataclass(frozen=True)
class Form:
    """A form as its file declares it: what it is called, who is asked for which field, and under which heading."""

    id: str
    number: str
    is_roster: bool
    levels: tuple[str, ...]
    labels: Mapping[str, str]
    levels_of: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]


@cache
def read_forms(catalogue: Path) -> dict[str, Form]:
    """The forms of a catalogue, by id."""
    shared = {f["id"]: f for f in _read(catalogue / "shared_fields.yaml")}
    forms = {}
    for path in sorted((catalogue / "forms").glob("*.yaml")):
        said = _read(path)
        fields = [{**shared.get(f.get("shared"), {}), **f} for f in said["fields"]]
        levels = tuple(said["levels"])
        forms[said["id"]] = Form(
            said["id"],
            said["number"],
            said["rows"] == "roster",
            levels,
            {f["id"]: f["label"] for f in fields},
            {f["id"]: tuple(f.get("levels", levels)) for f in fields},
            {f["id"]: f["type"] for f in fields},
        )
    return forms


def read_indicators(catalogue: Path) -> dict[str, Mapping[str, Any]]:
    """What is said of each indicator of a catalogue, by id."""
    files = sorted((catalogue / "indicators").glob("*.yaml"))
    return {said["id"]: said for path in files for said in _read(path)}


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


class Sheet:
    """The sheet of one form in an opened workbook."""

    def __init__(self, page: Worksheet, form: Form) -> None:
        self.form, self.page = form, page
        self._grid = [list(row) for row in page.iter_rows(values_only=True)]
        first = "序号" if form.is_roster else "单位代码"
        column = [str(row[0]) for row in self._grid]
        self._heading = column.index(first)
        self._columns = self._find_columns()
        self._rows = {text: at for at, text in enumerate(column) if at > self._heading and text.isdigit()}

    def _find_columns(self) -> dict[str, int]:
        """field -> column; of two columns below one heading the first is this year's."""
        fields = {label: field for field, label in self.form.labels.items()}
        headings = self._grid[self._heading : self._heading + 2]
        found = {fields[text]: at for row in headings for at, text in enumerate(row) if text in fields}
        if self.form.is_roster and "township" in self.form.levels:
            found["org_name"] = 1
        return found

    @property
    def rows(self) -> list[str]:
        """Org codes of a form of units, numbers of a roster."""
        return list(self._rows)

    def enter(self, row: str, **values: Value) -> None:
        """Write into a row: of a unit by its code, of a roster by its number; null makes a cell blank."""
        for field, value in values.items():
            at, column = self._rows[row], self._columns[field]
            self.page.cell(at + 1, column + 1).value = value  # cell(…, value=None) would leave it as it is
            self._grid[at][column] = value

    def read(self, row: str) -> Row:
        """What stands in a row."""
        values = {field: self._grid[self._rows[row]][column] for field, column in self._columns.items()}
        return {field: WORDS.get(value, value) for field, value in values.items()}

    def clear(self) -> None:
        """Empty a roster."""
        for row in self.rows:
            self.enter(row, **dict.fromkeys(self._columns))


class Workbook:
    """A workbook of a reporting unit: to be bent, or only to be read, which opens the sheets that are looked at."""

    def __init__(self, path: Path, catalogue: Path, *, is_read_only: bool = False) -> None:
        self.book = openpyxl.load_workbook(path, read_only=is_read_only)
        self._titles = {name.split()[0]: name for name in self.book.sheetnames}
        self.forms = {i: form for i, form in read_forms(catalogue).items() if form.number in self._titles}

    def sheet(self, form: str) -> Sheet:
        """The sheet of a form."""
        return Sheet(self.book[self._titles[self.forms[form].number]], self.forms[form])

    def save(self, path: Path) -> Path:
        """Save it as another file."""
        self.book.save(path)
        return path


@dataclass(frozen=True)
class Submission:
    """What a workbook says: form -> rows by org code; roster -> its rows, null where it does not even say 无."""

    units: Mapping[str, Mapping[str, Row]]
    rosters: Mapping[str, list[Row] | None]


def read_submission(path: Path, catalogue: Path) -> Submission:
    """Read a workbook; forms that are not asked of the unit have no sheet."""
    workbook = Workbook(path, catalogue, is_read_only=True)
    units: dict[str, dict[str, Row]] = {}
    rosters: dict[str, list[Row] | None] = {}
    for form in workbook.forms.values():
        sheet = workbook.sheet(form.id)
        rows = {code: sheet.read(code) for code in sheet.rows}
        if not form.is_roster:
            units[form.id] = rows
            continue
        listed = [row for row in rows.values() if row["name"] is not None]
        rosters[form.id] = [row for row in listed if row["name"] != NOTHING] if listed else None
    workbook.book.close()
    return Submission(units, rosters)
