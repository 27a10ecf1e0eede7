"""Sample workbooks on demand: each is written once, and only those of the units that a test looks at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import yaml

from expectations.workbook.issued import Content, write_workbook
from flows.cli.sample_workbooks import list_unit_rows, name_workbook
from flows.settings import Installation, Settings
from transforms.samples.sample_entries import make_sample_entries

Entries = dict[str, dict[str, pl.DataFrame]]


class SampleFiles:
    """The sample workbooks of a catalogue for some years, one of them with the numbers of the one before beside it."""

    def __init__(self, folder: Path, catalogue: Path, years: Sequence[int]) -> None:
        self.inbox = folder / "inbox"
        self._place = Installation(Settings(home=folder / "home", catalogue=catalogue))
        self._years = sorted(years)
        self._entries: dict[int, Entries] = {}

    def written(self, units: Sequence[str] | None = None) -> Path:
        """The folder in which each unit has a folder of its workbooks, at least those of ``units`` (default: all)."""
        for number, year in enumerate(self._years):
            for code, name in list_unit_rows(self._place.catalogue, year):
                path = self.inbox / code / name_workbook(code, name, year)
                if (units is None or code in units) and not path.exists():
                    self._write(path, code, year, self._years[number - 1] if number else None)
        return self.inbox

    def _write(self, path: Path, unit: str, year: int, earlier: int | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        prior = self._of(earlier).get(unit) if earlier else None
        place = self._place
        write_workbook(
            path,
            unit,
            year,
            place.catalogue,
            place.rulebook,
            Content(self._of(year)[unit], prior or {}, is_sample=True),
        )

    def _of(self, year: int) -> Entries:
        """What all units enter in a year: their sums are the published figures, so they are drawn together."""
        if year not in self._entries:
            spec = self._place.catalogue.folder / "samples.yaml"
            wishes = yaml.safe_load(spec.read_text(encoding="utf-8")) if spec.exists() else {}
            self._entries[year] = make_sample_entries(self._place.catalogue, wishes, year)
        return self._entries[year]
