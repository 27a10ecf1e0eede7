"""A night of the whole country: as many county workbooks as the division list has counties, cold and with a few changed.

The workbooks are written once and kept (benchmarks/country_workbooks.py), which is never timed. Every figure of country.md
comes from one run, the one that wrote it. Nights are run without pages and papers (NIANBAO_SITE=false), which are made as a
whole whatever changed; what they cost besides is measured at the smallest size.

    python -m benchmarks.country                       300, 1,000 and all 2,978 counties
    python -m benchmarks.country --sizes 100 300       others; country.md is left alone
    python -m benchmarks.country --quick               10 and 30 counties
    python -m benchmarks.country --sizes 300 --registry 2978    the workbooks of 300 counties in the catalogue of all
    python -m benchmarks.country --package FILE.tgz    the division list, when it is here already
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from benchmarks.cells import CellsRead, read_cells_together
from benchmarks.country_catalogue import choose_counties, write_catalogue
from benchmarks.country_page import write_page
from benchmarks.country_workbooks import (
    CACHE,
    YEAR,
    Job,
    change_jobs,
    list_jobs,
    require_current,
    write_missing,
)
from benchmarks.division_list import DivisionList, fetch_package, read_package
from benchmarks.measuring import load
from benchmarks.nights import ROOT, Night, environment, nightly, say
from benchmarks.stock_recipe import StockSeconds, count_expectations, run_stock_recipe
from warehouse.catalogue.load import load_catalogue

RESULTS = Path(__file__).parent / "country.md"
SIZES = (300, 1_000, 2_978)
_QUICK_SIZES = (10, 30)
CHANGED = 30
_STOCK_FILES = 10
_TRIES = 3
"""So many cold nights of every size but the largest: the line through two of them is drawn three times as far.

And so many nights with changes: each is over in less time than the machine's other work comes and goes.
"""


@dataclass(frozen=True)
class SizeRun:
    """What was measured of so many counties: files and their size, their cells alone, cold nights, nights with changes.

    ``colds``, ``changes``: by what their engines took. ``with_pages``: a cold night that makes pages and papers, too.
    """

    counties: int
    townships: int
    villages: int
    size_mib: float
    cells: CellsRead
    colds: list[Night]
    changed_files: int = 0
    changes: list[Night] = field(default_factory=list)
    with_pages: Night | None = None

    @property
    def cold(self) -> Night:
        """The cold night in the middle."""
        return self.colds[len(self.colds) // 2]

    @property
    def changed(self) -> Night | None:
        """The night with changes in the middle."""
        return self.changes[len(self.changes) // 2] if self.changes else None


@dataclass(frozen=True)
class CountryRun:
    """All sizes, the smallest first, and the stock recipe on some workbooks of the largest."""

    at: datetime
    load_before: str
    sizes: list[SizeRun]
    stock: StockSeconds


@dataclass(frozen=True)
class Country:
    """The division list, the packed file it comes from, and where workbooks are kept."""

    divisions: DivisionList
    package: Path
    cache: Path

    def jobs(self, count: int) -> list[Job]:
        """The workbooks of ``count`` counties, spread evenly."""
        order = choose_counties(self.divisions, count)
        return list_jobs(self.divisions, self.package, self.cache / "workbooks", order)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write country.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", help="how many counties")
    parser.add_argument(
        "--registry", type=int, help="how many counties the catalogue has (default: each size its own)"
    )
    parser.add_argument("--quick", action="store_true", help="10 and 30 counties, country.md left alone")
    parser.add_argument("--package", type=Path, help="the packed division list (default: fetched)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="kept workbooks")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="for writing workbooks")
    options = parser.parse_args(arguments)
    sizes = sorted(options.sizes or (_QUICK_SIZES if options.quick else SIZES))
    at, load_before = datetime.now().astimezone(), load()  # before anything here keeps the machine busy
    package = (options.package or fetch_package(options.cache)).resolve()
    country = Country(read_package(package), package, options.cache)
    prepare(country, sizes[-1], options.processes)
    with tempfile.TemporaryDirectory(prefix="nianbao-country-", dir=options.cache) as scratch:
        runs = [
            run_size(
                country,
                size,
                Path(scratch),
                has_changes=size == sizes[-1] and options.registry is None,
                has_pages=size == sizes[0] and options.registry is None,
                tries=1 if size == sizes[-1] else _TRIES,
                registry=options.registry,
            )
            for size in sizes
        ]
        stock = recipe(country, sizes[-1], Path(scratch), 3 if options.quick else _STOCK_FILES)
    text = write_page(CountryRun(at, load_before, runs, stock))
    print(text)
    if tuple(sizes) == SIZES and options.registry is None:
        RESULTS.write_text(text, encoding="utf-8")
        say(f"written: {RESULTS.relative_to(ROOT)}")


def prepare(country: Country, size: int, processes: int, *, has_changes: bool = True) -> None:
    """Write what is missing of the workbooks of ``size`` counties. WorkbooksOutdated: the kept ones are of another version."""
    jobs = country.jobs(size)
    require_current(jobs)
    changed = list_changes(country, jobs) if has_changes else []
    wanted = [*jobs, *chain.from_iterable(changed)]
    for number, path in enumerate(write_missing(wanted, processes), start=1):
        if number % 100 == 0:
            say(f"{number} workbooks written, the last {path.name} (not timed)")


def run_size(
    country: Country,
    size: int,
    scratch: Path,
    *,
    has_changes: bool,
    has_pages: bool = False,
    tries: int = 1,
    registry: int | None = None,
) -> SizeRun:
    """The same files two ways: their cells only, then the night; and in later nights, where asked, some of them changed.

    ``has_pages``: and a night on the same files that makes pages and papers. ``tries``: so many cold nights.
    ``registry``: how many counties the catalogue has, where these are not all.
    """
    jobs = country.jobs(size)
    files = [job.path for job in jobs]
    say(f"{size} counties: reading the cells")
    cells = read_cells_together(files, os.cpu_count() or 1)
    catalogue = write_catalogue(
        scratch / f"catalogue-{size}",
        country.divisions,
        choose_counties(country.divisions, registry or size),
    )
    home = scratch / f"home-{size}"
    settings = environment(home, scratch, catalogue) | {"NIANBAO_SITE": "false"}
    colds = []
    for number in range(1, tries + 1):
        say(f"{size} counties: the night ({number} of {tries})")
        shutil.rmtree(home, ignore_errors=True)
        drop_files(files, home)
        colds.append(nightly(settings))
    changed, changes = 0, []
    for number, others in enumerate(list_changes(country, jobs) if has_changes else [], start=1):
        say(f"{size} counties: the night with some changed ({number})")
        drop_files([job.path for job in others], home)
        changes.append(nightly(settings))
        changed = len(others)
    shutil.rmtree(home)
    with_pages = None
    if has_pages:
        say(f"{size} counties: the night with pages and papers")
        drop_files(files, home)
        with_pages = nightly(settings | {"NIANBAO_SITE": "true"})
        shutil.rmtree(home)
    levels = country.divisions.levels
    chosen = [job.code for job in jobs]
    below = {
        level: int(levels[level]["code"].str.slice(0, 6).is_in(chosen).sum())
        for level in ("township", "village")
    }
    mib = sum(file.stat().st_size for file in files) / 2**20
    for nights in (colds, changes):
        nights.sort(key=lambda night: night.engine)
    return SizeRun(size, below["township"], below["village"], mib, cells, colds, changed, changes, with_pages)


def list_changes(country: Country, jobs: Sequence[Job]) -> list[list[Job]]:
    """For each night with changes, other versions of other workbooks; of few workbooks there are fewer nights."""
    folder = country.cache / "changed"
    nights = min(_TRIES, max(1, len(jobs) // CHANGED))
    return [change_jobs(jobs, CHANGED, folder, number) for number in range(nights)]


def drop_files(files: Sequence[Path], home: Path) -> None:
    """Put them into the inbox, as whole files that nobody writes to any more."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy2(file, inbox / file.name)


def recipe(country: Country, size: int, scratch: Path, count: int) -> StockSeconds:
    """The stock recipe on ``count`` of the workbooks."""
    say(f"the stock recipe on {count} of them")
    jobs = country.jobs(size)
    sample = [job.path for job in jobs[:: max(1, len(jobs) // count)][:count]]
    small = choose_counties(country.divisions, 1)
    catalogue = load_catalogue(write_catalogue(scratch / "catalogue-stock", country.divisions, small))
    expected = count_expectations(catalogue, YEAR)
    return run_stock_recipe(sample, scratch / "stock.duckdb", catalogue, YEAR, expected)


if __name__ == "__main__":
    main()
