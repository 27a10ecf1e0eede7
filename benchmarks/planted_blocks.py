"""Blocks of misplaced numbers planted into clean series: how many are named as what they are, and false ones.

python -m benchmarks.planted_blocks WAREHOUSE             the evaluation, into misplaced_numbers.md
python -m benchmarks.planted_blocks WAREHOUSE --tuning    on the seeds that limits are tuned with, printed only
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from benchmarks.planted_errors import EVALUATION, TUNING, City, able, noisy
from benchmarks.plants import KEY, is_large
from expectations.outliers.rules import locate_questions, series_checks
from expectations.outliers.scores import series_frame
from expectations.outliers.shifted import MIN_ROWS
from flows.settings import Installation, Settings
from warehouse.catalogue.frames import MEASURE, shaped
from warehouse.store.query import read_standing_measures

NOISES = (0.0, 0.15, 0.3)
BLOCKS_OF_A_SEED, TRIES = 12, 100
"""How many blocks of a kind are planted for a seed, each on its own, and how often one is drawn for it."""

MIN_WRONG = 4
"""Numbers that a block must change by more than a factor of two to be counted: nobody can see one that changes nothing."""

Plant = Callable[[pl.DataFrame, random.Random], pl.DataFrame]


def two_columns(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """Two columns of a form filled in for each other, in all rows that ask for both."""
    columns = rows.group_by("submission", "form", "measure").len().sort("submission", "form", "measure")
    pairs = columns.join(columns, on=["submission", "form"], suffix="_b").filter(
        pl.col("measure") < pl.col("measure_b"), pl.col("len") == pl.col("len_b")
    )
    chosen = pairs[draw.randrange(pairs.height)]
    submission, one, other = (
        chosen.item(0, "submission"),
        chosen.item(0, "measure"),
        chosen.item(0, "measure_b"),
    )
    both = rows.filter(submission=submission).filter(pl.col("measure").is_in([one, other]))
    turned = both.select(
        "submission", "org_code", pl.col("measure").replace({one: other, other: one}), bent="value"
    )
    return turned.select(*KEY, "bent")


def rows_shifted(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """From some row on all columns of a form one, two or three rows too low or too high, to the end of the sheet."""
    sheets = rows.select("submission", "form").unique().sort("submission", "form")
    chosen = sheets[draw.randrange(sheets.height)]
    step = draw.choice((1, -1, 2, -2, 3, -3))
    sheet = rows.join(chosen, on=["submission", "form"], how="semi").sort("measure", "org_code")
    units = sheet["org_code"].unique().sort().to_list()
    start = draw.randrange(max(1, len(units) - 5))
    below = sheet.filter(pl.col("org_code") >= units[start])
    return below.select(*KEY, bent=pl.col("value").shift(step).over("measure")).drop_nulls()


def units_exchanged(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """All numbers of a form of two townships, or of two villages, in each other's rows."""
    sheets = (
        rows.filter(pl.col("org_level").is_in(["township", "village"]))
        .group_by("submission", "form", "org_level")
        .agg(units=pl.col("org_code").unique().sort())
        .filter(pl.col("units").list.len() > 1)
        .sort("submission", "form", "org_level")
    )
    chosen = sheets[draw.randrange(sheets.height)]
    one, other = draw.sample(chosen.item(0, "units").to_list(), 2)
    both = rows.join(chosen, on=["submission", "form"], how="semi").filter(
        pl.col("org_code").is_in([one, other])
    )
    return both.select(
        "submission", pl.col("org_code").replace({one: other, other: one}), "measure", bent="value"
    ).select(*KEY, "bent")


def townships_numbers(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """What all villages of a township have together, in the row of one of them."""
    villages = rows.filter(org_level="village").with_columns(township=pl.col("org_code").str.head(9))
    key = ["submission", "form", "township"]
    townships = (
        villages.group_by(key).agg(pl.col("org_code").n_unique()).filter(pl.col("org_code") > 2).sort(key)
    )
    chosen = townships[draw.randrange(townships.height)]
    below = villages.join(chosen, on=key, how="semi")
    unit = draw.choice(below["org_code"].unique().sort().to_list())
    summed = below.group_by("submission", "measure").agg(bent=pl.col("value").sum())
    return summed.select("submission", pl.lit(unit).alias("org_code"), "measure", "bent")


def last_years_workbook(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """Every number of a county as it was last year."""
    counties = rows.filter(org_level="township")["submission"].unique().sort().to_list()
    return (
        rows.filter(submission=draw.choice(counties))
        .filter(pl.col("org_level").is_in(["township", "village"]))
        .select(*KEY, bent="last")
        .drop_nulls()
    )


def column_of_another_unit(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """A whole column ten thousand times too large or too small."""
    columns = (
        rows.filter(org_level="township")
        .select("submission", "measure")
        .unique()
        .sort("submission", "measure")
    )
    chosen = columns[draw.randrange(columns.height)]
    factor = draw.choice((10_000.0, 0.0001))
    return rows.join(chosen, on=["submission", "measure"], how="semi").select(
        *KEY, bent=(pl.col("value") * factor).round(2)
    )


def one_rows_cells(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """Two cells of one row filled in for each other."""
    cells = rows.join(rows, on=["submission", "form", "org_code"], suffix="_b").filter(
        pl.col("measure") < pl.col("measure_b"),
        is_large(pl.col("value"), pl.col("value_b")),
        pl.min_horizontal("value", "value_b") >= 5,
    )
    chosen = cells.sort("submission", "org_code", "measure", "measure_b")[draw.randrange(cells.height)]
    return pl.concat(
        [
            chosen.select(*KEY, bent="value_b"),
            chosen.select("submission", "org_code", measure="measure_b", bent="value"),
        ]
    )


KINDS: dict[str, tuple[Plant, frozenset[str]]] = {
    "two columns filled in for each other": (two_columns, frozenset({"series.swapped_columns"})),
    "rows shifted": (rows_shifted, frozenset({"series.shifted_rows"})),
    "two units exchanged": (units_exchanged, frozenset({"series.exchanged_units", "series.swapped_rows"})),
    "township's numbers in a village's row": (townships_numbers, frozenset({"series.upper_units_numbers"})),
    "last year's workbook": (last_years_workbook, frozenset({"series.last_years_workbook"})),
    "column in another unit of measurement": (
        column_of_another_unit, frozenset({"series.whole_column_changed"}),
    ),
    "two cells of a row": (one_rows_cells, frozenset({"series.crossed_cells"})),
}  # fmt: skip
"""Every kind of block, and the rules that name it as what it is."""

NAMED = frozenset().union(*(rules for _, rules in KINDS.values())) - {"series.swapped_rows"}

TALLY = {
    "noise": pl.Float64,
    "kind": pl.String,
    "planted": pl.Int64,
    "found": pl.Int64,
    "questions": pl.Int64,
}
"""``found``: a question that names the kind speaks of more than half of the wrong numbers; ``questions``: all that is asked."""


def measured(
    measures: pl.DataFrame, city: City, seeds: Sequence[int], noises: Sequence[float]
) -> pl.DataFrame:
    """TALLY of blocks planted into the last year of ``measures``; kind 'clean': county-years and false blocks."""
    rows = []
    checks = series_checks(city.rulebook)
    counties = city.levels.filter(org_level="county").height
    for noise in noises:
        for seed in seeds:
            clean = noisy(measures, noise, seed)
            year = clean["year"].max()
            prior, now = clean.filter(pl.col("year") < year), clean.filter(pl.col("year") == year)
            asked = locate_questions(checks, series_frame(now, prior, city.catalogue))
            false = sum(questions.height for rule, questions, _ in asked if rule.id in NAMED)
            rows.append((noise, "clean", counties, false, sum(q.height for _, q, _ in asked)))
            draw = random.Random(seed)
            truth = able(now, prior, city)
            for kind, (plant, names) in KINDS.items():
                rows += [
                    (noise, kind, *line)
                    for line in _of_kind(plant, names, truth, now, prior, city, checks, draw)
                ]
    frame = pl.DataFrame(rows, schema=TALLY, orient="row")
    return frame.group_by("noise", "kind", maintain_order=True).sum()


def _of_kind(plant, names, truth, now, prior, city, checks, draw):  # type: ignore[no-untyped-def]
    counted = 0
    for _ in range(TRIES):
        planted = plant(truth, draw)
        wrong = planted.join(truth, on=KEY).filter(is_large(pl.col("bent"), pl.col("value")))
        changed = planted.join(truth, on=KEY).filter(pl.col("bent") != pl.col("value"))
        needed = 2 if plant in (one_rows_cells, townships_numbers) else MIN_WRONG
        if plant is last_years_workbook:
            wrong = changed
        is_exchange = plant is rows_shifted and wrong["org_code"].n_unique() < MIN_ROWS
        if wrong.height < needed or is_exchange:
            continue
        counted += 1
        of = now.filter(pl.col("submission").is_in(planted["submission"].unique().implode()))
        bent = of.join(planted, on=KEY, how="left", maintain_order="left").with_columns(
            value=pl.coalesce("bent", "value")
        )
        state = pl.when(pl.col("value") == 0).then(pl.lit("zero")).otherwise(pl.lit("value"))
        frame = series_frame(shaped(bent.with_columns(state=state), MEASURE), prior, city.catalogue)
        asked = locate_questions(checks, frame)
        named = [cells.select(KEY) for rule, _, cells in asked if rule.id in names]
        told = pl.concat(named).unique() if named else wrong.select(KEY).clear()
        found = wrong.join(told, on=KEY, how="semi").height * 2 > wrong.height
        yield 1, int(found), sum(questions.height for _, questions, _ in asked)
        if counted == BLOCKS_OF_A_SEED:
            return


def report(tally: pl.DataFrame) -> str:
    """The page as Markdown."""
    lines = [__doc__.split("\n\n", 1)[0] if __doc__ else "", ""]
    noises = tally["noise"].unique(maintain_order=True).to_list()
    head = ["planted block", *(f"{100 * noise:.0f} % noise" for noise in noises), "questions a block"]
    lines += ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for kind in KINDS:
        parts = [tally.filter(kind=kind, noise=noise) for noise in noises]
        shares = [
            f"{100 * p['found'].sum() / max(p['planted'].sum(), 1):.1f} % of {p['planted'].sum()}"
            for p in parts
        ]
        middle = tally.filter(kind=kind, noise=0.15)
        each = middle["questions"].sum() / max(middle["planted"].sum(), 1)
        lines.append(f"| {kind} | {' | '.join(shares)} | {each:.1f} |")
    clean = [tally.filter(kind="clean", noise=noise) for noise in noises]
    false = [f"{p['found'].sum()} in {p['planted'].sum()}" for p in clean]
    lines.append(f"| false blocks, county-years | {' | '.join(false)} | |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure on the standing numbers of a warehouse (that of ``make demo``)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--tuning", action="store_true")
    given = parser.parse_args()
    place = Installation(Settings(home=given.warehouse.parent))
    measures = read_standing_measures(given.warehouse).sort("year", "org_code", "measure")
    levels = place.catalogue.registry.all_units.select("org_code", org_level="level").unique("org_code")
    city = City(place.catalogue, place.rulebook, levels)
    text = report(measured(measures, city, TUNING if given.tuning else EVALUATION, NOISES))
    print(text)
    if not given.tuning:
        Path(__file__).with_name("misplaced_numbers.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
