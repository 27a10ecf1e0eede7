"""Questions to a published file of ten years and fifty nights, beside the same questions to CSVs with polars.

python -m benchmarks.warehouse_queries WAREHOUSE.duckdb > benchmarks/warehouse_queries.md

WAREHOUSE is a published file of the whole city (``make demo`` makes one); it is copied, its indicators are repeated until
they are ten years, and fifty nights are put on top, each with another number for a hundredth of one year's indicators.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import click
import duckdb
import polars as pl

from benchmarks.measuring import load, machine, versions
from warehouse.store.publish import new_database
from warehouse.store.vintages import keep_vintage

YEARS, NIGHTS, TIMES = 10, 50, 15
LOG = "mart.indicator_log"
COUNTY = "org_level = 'county' AND year = {last} AND indicator = 'member_count'"
AS_OF = "SELECT org_code, value FROM as_of('{moment}') WHERE year = {last} AND org_level = 'county'"


_TARGETS = {
    "a county table": "≤ 20 ms",
    "one whole indicator": "≤ 100 ms",
    "as_of a night in the middle": "≤ 300 ms",
}
_HEAD = """# Queries of the published file

Written by `python -m benchmarks.warehouse_queries WAREHOUSE > benchmarks/warehouse_queries.md`, in one run.

- Run: {at:%Y-%m-%d %H:%M %z}
- Machine: {machine}
- Load: {load}
- Versions: {versions}
"""


def lengthen(warehouse: Path, target: Path) -> tuple[int, datetime]:
    """A copy whose indicators are of YEARS years; the last year, and the moment of the last night."""
    with new_database(target) as connection:
        connection.execute(f"ATTACH '{warehouse}' AS source (READ_ONLY)")
        connection.execute("COPY FROM DATABASE source TO warehouse")
        connection.execute("DETACH source")
        first, last = connection.execute(f"SELECT min(year), max(year) FROM {LOG}").fetchall()[0]
        have = last - first + 1
        for back in range(have, YEARS, have):
            connection.execute(
                f"INSERT INTO {LOG} SELECT * REPLACE (year - {back} AS year) FROM {LOG} "
                f"WHERE year BETWEEN {first} AND {last} AND year - {back} > {last - YEARS}"
            )
        moment = connection.execute(f"SELECT max(known_from) FROM {LOG}").fetchall()[0][0]
    return last, moment


def add_nights(target: Path, last: int, moment: datetime) -> datetime:
    """NIGHTS nights in which a hundredth of the last year's numbers is another; the moment of the middle one."""
    for night in range(1, NIGHTS + 1):
        with duckdb.connect(str(target)) as connection:
            connection.execute(
                f"""CREATE TEMP TABLE staged AS SELECT * EXCLUDE (known_from, known_to) REPLACE (
                        CASE WHEN year = {last} AND hash(org_code, indicator, {night}) % 100 = 0 THEN value + 1
                             ELSE value END AS value)
                    FROM {LOG} WHERE known_to IS NULL"""
            )
            keep_vintage(connection, LOG, "staged", moment + night * timedelta(days=1))
    return moment + NIGHTS // 2 * timedelta(days=1)


def take(work: Callable[[], object]) -> float:
    """Median milliseconds."""
    work()
    spent = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent)


def main(warehouse: Path) -> None:
    """Print the page with the figures."""
    at, busy = datetime.now().astimezone(), load()  # before anything here keeps the machine busy
    with tempfile.TemporaryDirectory() as scratch:
        target, folder = Path(scratch, "ten.duckdb.building"), Path(scratch)
        last, moment = lengthen(warehouse, target)
        one_night = target.stat().st_size
        middle = add_nights(target, last, moment)
        connection = duckdb.connect(str(target), read_only=True)
        rows = connection.execute(f"SELECT count(*) FROM {LOG}").fetchall()[0][0]
        connection.execute(f"COPY (FROM mart.indicator) TO '{folder}/now.csv' (HEADER)")
        connection.execute(f"COPY (FROM {LOG}) TO '{folder}/log.csv' (HEADER)")

        def ask(sql: str) -> Callable[[], object]:
            return lambda: connection.execute(sql).fetchall()

        def scan(name: str) -> pl.LazyFrame:
            return pl.scan_csv(folder / name, infer_schema_length=0)

        county = (pl.col("org_level") == "county") & (pl.col("year") == str(last))
        known = (pl.col("known_from") <= str(middle)) & (
            pl.col("known_to").is_null() | (pl.col("known_to") > str(middle))
        )
        asked = {
            "a county table": (
                ask(f"SELECT org_code, value FROM mart.indicator WHERE {COUNTY.format(last=last)}"),
                lambda: scan("now.csv").filter(county & (pl.col("indicator") == "member_count")).collect(),
            ),
            "one whole indicator": (
                ask("SELECT year, org_code, value FROM mart.indicator WHERE indicator = 'member_count'"),
                lambda: scan("now.csv").filter(pl.col("indicator") == "member_count").collect(),
            ),
            "as_of a night in the middle": (
                ask(AS_OF.format(moment=middle, last=last)),
                lambda: scan("log.csv").filter(county & known).collect(),
            ),
            "a wide county table": (
                ask(f"SELECT member_count, member_per_10k FROM mart.county_year WHERE year = {last}"),
                None,
            ),
            "trace of a city's number": (ask(f"FROM trace('member_count', '371600', {last})"), None),
        }
        units = connection.execute("SELECT count(DISTINCT org_code) FROM mart.indicator").fetchall()[0][0]
        click.echo(f"{_HEAD.format(at=at, load=busy, machine=machine(), versions=versions())}")
        click.echo(
            f"{rows:,} rows: {YEARS} years of {units:,} units, and {NIGHTS} nights in each of which a hundredth of the last year "
            f"became another number. The file of one night has {one_night / 1e6:.1f} MB, that of {NIGHTS} "
            f"{target.stat().st_size / one_night:.2f} times as much (target: at most 1.5). Medians of {TIMES} tries.\n"
        )
        click.echo("| question | published file | target | CSVs with polars |\n|---|---:|---:|---:|")
        for question, (ours, theirs) in asked.items():
            beside = "" if theirs is None else f"{take(theirs):.1f} ms"
            click.echo(f"| {question} | {take(ours):.1f} ms | {_TARGETS.get(question, '')} | {beside} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
