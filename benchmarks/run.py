"""``make bench``: measures one year of the city and a night of three hundred counties, and says which targets are met.

Every figure of results.md comes from one run, the one that wrote it. Preparing workbooks is never timed.

    python -m benchmarks.run              the whole thing, about ten minutes
    python -m benchmarks.run --quick      thirty counties, one repetition, results.md left alone
    python -m benchmarks.run --counties N
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.cells import read_cells
from benchmarks.figures import Figure, draw_table
from benchmarks.many_counties import City, prepare
from benchmarks.measuring import load, machine, run_measured, versions
from benchmarks.nights import NIANBAO, ROOT, Night, environment, nightly, say
from benchmarks.stock_recipe import StockSeconds, count_expectations, run_stock_recipe
from warehouse.catalogue.load import load_catalogue

RESULTS = Path(__file__).parent / "results.md"
YEAR = 2024


@dataclass(frozen=True)
class CountiesRun:
    """What was measured of the city of many counties."""

    city: City
    files: int
    size_mib: float
    cells: int
    calamine: float
    calamine_cpu: float
    night: Night
    stock: StockSeconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write results.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counties", type=int, help="how many counties (default 300)")
    parser.add_argument(
        "--quick", action="store_true", help="30 counties, one repetition, results.md left alone"
    )
    parser.add_argument(
        "--stock-files", type=int, help="workbooks for the stock recipe (default 10, quick 3)"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "nianbao-benchmark",
        help="prepared workbooks",
    )
    options = parser.parse_args(arguments)
    county_count = options.counties or (30 if options.quick else 300)
    stock_files = options.stock_files or (3 if options.quick else 10)
    at, load_before = datetime.now().astimezone(), load()  # before anything here keeps the machine busy
    say(f"preparing {county_count} counties in {options.cache} (not timed)")
    options.cache.mkdir(parents=True, exist_ok=True)
    city = prepare(options.cache, county_count, YEAR)
    with tempfile.TemporaryDirectory(prefix="nianbao-benchmark-") as scratch:
        nights = city_year(Path(scratch), repetitions=1 if options.quick else 3)
        counties = many_counties(Path(scratch), city, stock_files)
    figures = year_figures(nights), county_figures(counties)
    text = document(at, load_before, figures, counties, nights)
    print(text)
    if not options.quick and county_count == 300:
        RESULTS.write_text(text, encoding="utf-8")
        say(f"written: {RESULTS.relative_to(ROOT)}")


def city_year(scratch: Path, repetitions: int) -> list[Night]:
    """The eight workbooks of a year, onto a warehouse that holds the year before; each time from the same start."""
    say("one year of the city")
    before, inbox = scratch / "before", scratch / "workbooks"
    settings = environment(before, scratch)
    run_measured([*NIANBAO, "sample", "--year", str(YEAR - 1)], settings, ROOT)
    nightly(settings)  # the year before; also warms caches and lays out Prefect's database
    run_measured([*NIANBAO, "sample", "--year", str(YEAR), "--out", str(inbox)], settings, ROOT)
    nights = []
    for number in range(repetitions):
        home = scratch / f"city-{number}"
        shutil.copytree(before, home)
        shutil.copytree(inbox, home / "inbox", dirs_exist_ok=True)
        nights.append(nightly(environment(home, scratch)))
    return nights


def many_counties(scratch: Path, city: City, stock_files: int) -> CountiesRun:
    """The same files three ways: their cells only, the night, and the stock recipe on a sample of them."""
    files = sorted(city.workbooks.glob("*.xlsx"))
    say(f"reading the cells of {len(files)} workbooks")
    read_cells(files[:5])
    start, cpu_start = time.perf_counter(), time.process_time()
    cells = read_cells(files)
    calamine, calamine_cpu = time.perf_counter() - start, time.process_time() - cpu_start
    say("the night")
    home = scratch / "counties"
    shutil.copytree(city.workbooks, home / "inbox")
    night = nightly(environment(home, scratch, city.catalogue))
    catalogue = load_catalogue(city.catalogue)
    count = count_expectations(catalogue, YEAR)
    say(f"the stock recipe on {stock_files} of them")
    step = max(1, len(files) // stock_files)
    sample = files[::step][:stock_files]
    stock = run_stock_recipe(sample, scratch / "stock.duckdb", catalogue, YEAR, count)
    size = sum(file.stat().st_size for file in files) / 2**20
    return CountiesRun(city, len(files), size, cells, calamine, calamine_cpu, night, stock)


def year_figures(nights: list[Night]) -> list[Figure]:
    """The lines of one year of the city: the median of the repetitions, memory their highest."""
    engine = statistics.median(night.engine for night in nights)
    whole = statistics.median(night.measured.seconds for night in nights)
    tree = max(night.measured.tree_mib for night in nights)
    largest = max(night.measured.largest_mib for night in nights)
    return [
        Figure("engine, read to publish", f"{engine:.2f} s", "≤ 3 s", engine <= 3),
        Figure("whole command `nianbao nightly`, warm", f"{whole:.1f} s", "≤ 25 s", whole <= 25),
        Figure("— its processor time", f"{statistics.median(n.measured.cpu_seconds for n in nights):.1f} s"),
        Figure("peak memory, whole process tree", f"{tree:,.0f} MiB", "≤ 1 GiB", tree <= 1024),
        Figure("peak memory, largest single process", f"{largest:,.0f} MiB"),
    ]


def county_figures(run: CountiesRun) -> list[Figure]:
    """The lines of the city of many counties."""
    night, stock = run.night, run.stock
    stock_all = stock.per_file * run.files
    over_calamine, under_stock = night.engine / run.calamine, stock_all / night.engine
    parts = ", ".join(f"{name} {seconds / stock.files:.2f} s" for name, seconds in stock.steps.items())
    return [
        Figure("(1) python-calamine, cells only, one process", f"{run.calamine:.2f} s"),
        Figure("— its processor time", f"{run.calamine_cpu:.2f} s"),
        Figure("(2) engine of the night, read to publish", f"{night.engine:.2f} s"),
        Figure(f"(3) stock recipe, {stock.files} workbooks scaled to {run.files}", f"{stock_all:,.0f} s"),
        Figure("— of (3), each workbook", f"{stock.per_file:.2f} s ({parts})"),
        Figure("(2) / (1)", f"{over_calamine:.1f} ×", "≤ 6 ×", over_calamine <= 6),
        Figure("(3) / (2)", f"{under_stock:.0f} ×", "≥ 20 ×", under_stock >= 20),
        Figure("whole command `nianbao nightly`", f"{night.measured.seconds:.1f} s"),
        Figure("— its processor time", f"{night.measured.cpu_seconds:.1f} s"),
        Figure("peak memory, whole process tree", f"{night.measured.tree_mib:,.0f} MiB"),
        Figure("peak memory, largest single process", f"{night.measured.largest_mib:,.0f} MiB"),
    ]


def document(
    at: datetime,
    load_before: str,
    figures: tuple[list[Figure], list[Figure]],
    run: CountiesRun,
    nights: list[Night],
) -> str:
    """The whole of results.md."""
    city = run.city
    return f"""# Benchmark

Written by `make bench`; every figure below was measured in that one run.

- Run: {at:%Y-%m-%d %H:%M %z}
- Machine: {machine()}
- Load: {load_before}
- Versions: {versions()}

## One year of the city

The eight sample workbooks of {YEAR} arrive while the warehouse holds {YEAR - 1}. Whole command: from the start of the
process to its end, with the start of Prefect's temporary server, receipts, Data Docs pages and digest. Median of
{len(nights)} run{"s" if len(nights) > 1 else ""} from the same start. Steps of the last: {nights[-1].steps}.

{draw_table(figures[0])}

## {run.files} county workbooks of all forms

{city.county_count} counties, {city.township_count:,} townships, {city.village_count:,} villages; {run.files} workbooks,
{run.size_mib:,.0f} MiB, {run.cells:,} cells with blank ones. They arrive in one night at an empty warehouse.
Steps of the night: {run.night.steps}.

{draw_table(figures[1])}

The stock recipe ({run.stock.expectations} expectations, {run.stock.observations // run.stock.files:,} observations a
workbook) is `pandas.read_excel` with openpyxl for every form, one Great Expectations validation per workbook and one
insert per workbook; its imports and set-up are not timed. The engine reads with as many processes as the machine has
cores, four at most; (1) and (3) use one.

Memory of the whole process tree: resident sets are summed every 50 ms, and at each new peak the proportional sets
(PSS), in which a page that processes share counts once. Durations are by the clock; processor time, of the command and all
it started, tells how much of them was waiting for a busy machine.

Questions to the published file: [warehouse_queries.md](warehouse_queries.md).
"""


if __name__ == "__main__":
    main()
