"""The SQL of each formula, executed in the published file, gives what the file says of the indicator."""

from __future__ import annotations

import dataclasses
import itertools
import random
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.measure_rows import with_indicator
from tests.small_city import CITY, EAST, WEST, small_city
from tests.test_trace_formulas import FINAL, invented
from tests.warehouse_samples import NOON, results, submission
from transforms.indicators.indicators import compute
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.expression.expression import parse
from warehouse.registry.registry import Registry
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish
from warehouse.store.query import query

UNITS = [("371602", "county"), ("371625", "county"), ("371600", "city")]
TOLERANCE = 1e-9  # relative: sums of cents in another order


def with_moves(catalogue: Catalogue) -> Catalogue:
    """A township goes into another in 2023, its villages with it; a part of a third goes to a fourth."""
    registry = catalogue.registry
    gone, heir, split, other = registry.units(2022).filter(parent_code="371602", level="township")[
        "org_code"
    ][:4]
    is_gone = (pl.col("org_code") == gone) | (pl.col("parent_code") == gone)
    last = pl.when(is_gone).then(2022).otherwise("valid_to").cast(pl.Int32)
    succession = pl.DataFrame(
        [(gone, heir, 2023, 1.0), (split, other, 2024, 0.3)], schema=registry.succession.schema, orient="row"
    )
    moved = Registry(registry.all_units.with_columns(valid_to=last), succession, registry.is_asked)
    return dataclasses.replace(catalogue, registry=moved)


def build(path: Path, catalogue: Catalogue, units: list[tuple[str, str]], silent: tuple[int, str]) -> Path:
    """A warehouse of three years of ``units`` with gaps in every measure; ``silent``: of whom no report came."""
    draw, submissions, measures = random.Random(2), [], []
    for seq, (year, (unit, level)) in enumerate(itertools.product((2022, 2023, 2024), units), start=1):
        if (year, unit) != silent:
            submissions.append(submission(f"{unit}-{year}", seq, unit=unit, year=year))
            measures.append(invented(catalogue, year, unit, level, draw))
    with NightBuild(build_path(path), None, catalogue) as night:
        night.add_batch(pl.concat(submissions), measures=pl.concat(measures), results=results())
        computed = compute(night.read_standing_measures(), catalogue, FINAL)
        night.set_indicators(computed.indicators, computed.comparisons, computed.rollup, at=NOON)
    publish(build_path(path), path)
    return path


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole catalogue."""
    path = tmp_path_factory.mktemp("home") / "warehouse.duckdb"
    return build(path, with_moves(load_catalogue()), UNITS, (2023, "371625"))


def find_differences(path: Path) -> list[tuple[object, ...]]:
    """indicator, year, org_code, published value, value of the SQL, where they differ; every published row is compared."""
    found: list[tuple[object, ...]] = []
    with duckdb.connect(str(path), read_only=True) as connection:
        formulas = connection.execute(
            "SELECT name, formula_sql FROM mart.dictionary WHERE kind = 'indicator'"
        )
        for name, sql in formulas.fetchall():
            assert connection.execute(
                f"SELECT count(*) = count(DISTINCT (year, org_code)) FROM ({sql})"
            ).fetchone() == (True,)
            found += connection.execute(
                f"""SELECT i.indicator, i.year, i.org_code, i.value, s.value
                    FROM mart.indicator AS i LEFT JOIN ({sql}) AS s ON s.year = i.year AND s.org_code = i.org_code
                    WHERE i.indicator = ? AND ((i.value IS NULL) <> (s.value IS NULL)
                          OR abs(i.value - s.value) > {TOLERANCE} * greatest(1, abs(i.value)))""",
                [name],
            ).fetchall()
    return found


def test_every_formula_of_the_catalogue_gives_the_published_number_of_every_unit_and_year(
    warehouse: Path,
) -> None:
    assert find_differences(warehouse) == []
    assert query(warehouse, "SELECT count(value) FROM mart.indicator").item() > 10_000


def test_every_measures_sql_gives_its_sums(warehouse: Path) -> None:
    rows = query(warehouse, "SELECT name, formula_sql FROM mart.dictionary WHERE kind = 'measure'")
    for name, sql in rows.iter_rows():
        known = query(
            warehouse, "SELECT year, org_code, value FROM core.rollup WHERE measure = ? ORDER BY ALL", [name]
        )
        assert query(warehouse, f"FROM ({sql}) ORDER BY ALL").equals(known)


FORMULAS = [
    ("member_count + member_count", "stock"),
    ("member_count + association_count", "stock"),
    ("member_count - association_count", "rate"),
    ("member_count / association_count / 2", "rate"),
    ("member_count / (association_count - 1)", "rate"),
    ("CASE WHEN member_count > 200 THEN member_count ELSE 0 END", "rate"),
    ("coalesce(member_count, 7)", "rate"),
    ("mean3(member_count)", "rate"),
    ("prev2(member_count)", "change"),
    ("cumulative(visit_count, 2023) + cumulative(talk_count)", "cumulative"),
    ("percentile(member_count / registry_village_count)", "rank"),
    ("rank_asc(member_count)", "rank"),
    ("share(member_count + association_count)", "share"),
    ("streak(member_count > prev(member_count) OR association_count > 0)", "streak"),
    ("streak(member_count >= 100)", "streak"),
]


@pytest.mark.parametrize(("formula", "kind"), FORMULAS)
def test_every_kind_of_formula_has_its_sql(tmp_path: Path, formula: str, kind: str) -> None:
    has_villages = kind not in ("rank", "share", "streak")
    levels = ("city", "county", "township", *(("village",) if has_villages else ()))
    catalogue = with_indicator(small_city(tmp_path / "catalogue"), formula, kind=kind, levels=levels)
    units = [(EAST, "county"), (WEST, "county"), (CITY, "city")]
    path = build(tmp_path / "warehouse.duckdb", catalogue, units, (2023, WEST))
    assert find_differences(path) == []
    assert query(path, "SELECT count(*) FROM mart.indicator WHERE value IS NOT NULL").item() > 0


def test_a_formula_is_written_with_the_names_that_are_put_in() -> None:
    sql = parse("(a + prev(b)) / (c - 1) * 100").sql(lambda term: f"t.{term.column}")
    assert sql == "(t.a + t.b__prev) / NULLIF((t.c - 1), 0) * 100"
