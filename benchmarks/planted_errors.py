"""Known errors planted into clean series: how many are asked about, and how often a clean county is asked for nothing.

Measured side by side on the same numbers: the rules of scope series, and the three outlier tests that DHIS2 offers for
a series of values (z-score above 3, modified z-score above 3.5, Tukey's fences at 1.5), each over all years of a series.

    python -m benchmarks.planted_errors WAREHOUSE             the evaluation, into suspicious_numbers.md
    python -m benchmarks.planted_errors WAREHOUSE --tuning    on the seeds that limits are tuned with, printed only
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.planted_table import report
from benchmarks.plants import COLUMN, KEY, Kind, is_large, kinds
from expectations.outliers.rules import locate_questions, series_checks
from expectations.outliers.scores import series_frame
from expectations.rulebook.rulebook import RuleBook
from flows.settings import Installation, Settings
from warehouse.catalogue.frames import MEASURE, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.store.query import read_standing_measures

NIANBAO = "nianbao"
TUNING, EVALUATION = range(5), range(100, 105)
NOISES, POINTS = (0.0, 0.15, 0.3), (6, 4, 3)

TALLY = {
    "noise": pl.Float64,
    "points": pl.Int64,
    "method": pl.String,
    "kind": pl.String,
    "level": pl.String,
    "planted": pl.Int64,
    "found": pl.Int64,
}
"""How many were planted and found. Of clean numbers ``kind`` is 'clean', planted: county-years, found: questions."""


@dataclass(frozen=True)
class City:
    """What is needed to judge: the catalogue, its rules, and the level of every org unit."""

    catalogue: Catalogue
    rulebook: RuleBook
    levels: pl.DataFrame

    @property
    def kinds(self) -> dict[str, Kind]:
        """Every kind of error for the measures of the catalogue."""
        return kinds(frozenset(m.id for m in self.catalogue.measures.values() if m.unit == "元"))


def measured(
    measures: pl.DataFrame, city: City, seeds: Sequence[int], noises: Sequence[float], points: Sequence[int]
) -> pl.DataFrame:
    """TALLY of every kind of error planted into the last year of ``measures`` (MEASURE), once for every seed."""
    rows = [
        (noise, count, *line)
        for noise in noises
        for count in points
        for seed in seeds
        for line in _of_seed(noisy(measures, noise, seed), count, seed, city)
    ]
    frame = pl.DataFrame(rows, schema=TALLY, orient="row")
    return frame.group_by("noise", "points", "method", "kind", "level", maintain_order=True).sum()


def _of_seed(
    clean: pl.DataFrame, points: int, seed: int, city: City
) -> Iterator[tuple[str, str, str, int, int]]:
    year = clean["year"].max()
    assert isinstance(year, int), "the measures are those of several years"
    kept = clean.filter(pl.col("year") > year - points)
    prior, now = kept.filter(pl.col("year") < year), kept.filter(pl.col("year") == year)
    counties = city.levels.filter(org_level="county").height
    for method, asked, _ in _methods(now, prior, city):
        yield method, "clean", "", counties, asked
    rows = able(now, prior, city)
    for name, kind in city.kinds.items():
        planted = kind.plant(rows, random.Random(seed))
        bent = now.join(planted, on=KEY, how="left", maintain_order="left").with_columns(
            value=pl.coalesce("bent", "value")
        )
        state = pl.when(pl.col("value") == 0).then(pl.lit("zero")).otherwise(pl.lit("value"))
        wrong = _wrong(kind, planted, rows)
        for method, _, cells in _methods(shaped(bent.with_columns(state=state), MEASURE), prior, city):
            found = wrong.join(cells, on=KEY, how="semi")
            for level, there in wrong.group_by("org_level", maintain_order=True):
                yield method, name, str(level[0]), there.height, found.filter(org_level=level[0]).height


def _wrong(kind: Kind, planted: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What ought to be found: every number that is off by more than the target's factor, or one of each wrong column.

    Of a sheet of last year only columns count that had changed in more than half of the units and that hold five
    numbers or more, three of them different: nobody can see that another was sent again.
    """
    truth = planted.join(rows, on=KEY)
    if not kind.of_columns:
        return truth.filter(is_large(pl.col("bent"), pl.col("value"))).select(*KEY, "org_level")
    changed = (pl.col("bent") != pl.col("value")).mean().over(COLUMN) > 0.5
    is_column = (pl.len().over(COLUMN) >= 5) & (pl.col("bent").n_unique().over(COLUMN) >= 3)
    return (
        truth.filter(changed, is_column)
        .unique(COLUMN, keep="first", maintain_order=True)
        .select(*KEY, "org_level")
    )


def noisy(measures: pl.DataFrame, spread: float, seed: int) -> pl.DataFrame:
    """Counts with log-normal noise; the numbers of one to five stay, since noise rounds away there."""
    draw = random.Random(seed)
    kept = measures.filter(pl.col("state").is_in(["value", "zero"]))
    noise = pl.Series([draw.lognormvariate(0, spread) for _ in range(kept.height)])
    return kept.with_columns(value=(pl.col("value") * noise).round())


def able(now: pl.DataFrame, prior: pl.DataFrame, city: City) -> pl.DataFrame:
    """The numbers of single org units, in the order of their sheets, with level and last year's."""
    last = prior.filter(pl.col("year") == now["year"].max() - 1).select("org_code", "measure", last="value")
    entered = pl.DataFrame(
        [(m.id, m.form) for m in city.catalogue.measures.values() if m.where is None],
        schema={"measure": pl.String, "form": pl.String},
        orient="row",
    )
    return (
        now.join(entered, on="measure")
        .join(city.levels, on="org_code")
        .join(last, on=["org_code", "measure"], how="left")
        .sort(*COLUMN, "org_code")
        .select(*KEY, "org_level", "form", "value", "last")
    )


def _methods(now: pl.DataFrame, prior: pl.DataFrame, city: City) -> Iterator[tuple[str, int, pl.DataFrame]]:
    """Of each method how many questions it asks, and the numbers they speak of (KEY)."""
    frame = series_frame(now, prior, city.catalogue)
    asked = locate_questions(series_checks(city.rulebook), frame)
    cells = pl.concat(rows.select(KEY) for _, _, rows in asked).unique()
    yield NIANBAO, sum(questions.height for _, questions, _ in asked), cells
    if prior["year"].n_unique() < max(POINTS) - 1:
        return
    series = pl.concat([prior, now]).with_columns(
        pl.col("value").mean().over("org_code", "measure").alias("mean"),
        pl.col("value").std().over("org_code", "measure").alias("deviation"),
        pl.col("value").median().over("org_code", "measure").alias("median"),
        pl.col("value").quantile(0.25, "linear").over("org_code", "measure").alias("q1"),
        pl.col("value").quantile(0.75, "linear").over("org_code", "measure").alias("q3"),
        pl.len().over("org_code", "measure").alias("points"),
    )
    series = series.with_columns(
        mad=(pl.col("value") - pl.col("median")).abs().median().over("org_code", "measure")
    ).filter((pl.col("year") == now["year"].max()) & (pl.col("points") >= 3))
    value, fence = pl.col("value"), 1.5 * (pl.col("q3") - pl.col("q1"))
    tests = {
        "z-score 3.0": (value - pl.col("mean")).abs() > 3 * pl.col("deviation"),
        "modified z-score 3.5": 0.6745 * (value - pl.col("median")).abs() > 3.5 * pl.col("mad"),
        "Tukey 1.5": (value < pl.col("q1") - fence) | (value > pl.col("q3") + fence),
    }
    for name, test in tests.items():
        broken = series.filter(test).select(KEY)
        yield name, broken.height, broken


def main() -> None:
    """Measure on the standing numbers of a warehouse (that of ``make demo``)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--points", type=int, nargs="*", default=list(POINTS))
    given = parser.parse_args()
    place = Installation(Settings(home=given.warehouse.parent))
    measures = read_standing_measures(given.warehouse).sort("year", "org_code", "measure")
    levels = place.catalogue.registry.all_units.select("org_code", org_level="level").unique("org_code")
    city = City(place.catalogue, place.rulebook, levels)
    seeds = TUNING if given.tuning else EVALUATION
    text = report(measured(measures, city, seeds, NOISES, given.points), TUNING, EVALUATION)
    print(text)
    if not given.tuning:
        Path(__file__).with_name("suspicious_numbers.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
