"""Known errors planted into clean series: how many are asked about, and how often a clean county is asked for nothing.

Measured side by side on the same numbers: the rules of scope series, and the three outlier tests that DHIS2 offers for
a series of values (z-score above 3, modified z-score above 3.5, Tukey's fences at 1.5), each over all years of a series.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from expectations.rulebook import RuleBook
from expectations.series import locate_series, series_frame, series_gates
from flows.settings import Installation, Settings
from warehouse.catalogue.frames import MEASURE, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.query import standing_measures

KEY = ["submission", "org_code", "measure"]
PER_KIND, SEEDS = 40, 5
NOISE = 0.15
"""Spread of the log-normal noise laid over the samples, whose own years follow each other too smoothly."""

Plant = Callable[[pl.DataFrame, random.Random], pl.DataFrame]


@dataclass(frozen=True)
class Score:
    """Of one method and kind of error: how many were planted (larger than a factor of two) and found."""

    method: str
    kind: str
    planted: int
    found: int


@dataclass(frozen=True)
class Outcome:
    """``scores`` of every method and kind; ``false`` questions per county-year of every method, on clean numbers."""

    scores: list[Score]
    false: dict[str, float]


def planted_errors(
    measures: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook, seeds: range, *, noise: float = NOISE
) -> Outcome:
    """Plant every kind of error into the last year of ``measures`` (MEASURE, several years), once for every seed."""
    tally: dict[tuple[str, str], list[int]] = {}
    false: dict[str, list[float]] = {}
    for seed in seeds:
        clean = _noisy(measures, noise, seed)
        year = clean["year"].max()
        prior, now = clean.filter(pl.col("year") < year), clean.filter(pl.col("year") == year)
        counties = now["submission"].n_unique()
        for method, asked in _methods(now, prior, catalogue, rulebook):
            false.setdefault(method, []).append(asked.height / counties)
        for kind, plant in KINDS.items():
            planted = plant(_candidates(now, prior), random.Random(seed))
            bent = now.join(planted, on=KEY, how="left", maintain_order="left").with_columns(
                value=pl.coalesce("bent", "value")
            )
            bent = shaped(
                bent.with_columns(
                    state=pl.when(pl.col("value") == 0).then(pl.lit("zero")).otherwise(pl.lit("value"))
                ),
                MEASURE,
            )
            truth = now.select(*KEY, true="value")
            large = (
                planted.join(truth, on=KEY)
                .filter(((pl.col("bent") + 1) / (pl.col("true") + 1)).log().abs() > pl.lit(2.0).log())
                .select(KEY)
            )
            for method, asked in _methods(bent, prior, catalogue, rulebook):
                count = tally.setdefault((method, kind), [0, 0])
                count[0] += large.height
                count[1] += large.join(asked, on=KEY, how="semi").height
    scores = [Score(method, kind, *count) for (method, kind), count in tally.items()]
    return Outcome(scores, {method: sum(counts) / len(counts) for method, counts in false.items()})


def _noisy(measures: pl.DataFrame, spread: float, seed: int) -> pl.DataFrame:
    """Counts with log-normal noise; the numbers of one to five stay, since noise rounds away there."""
    draw = random.Random(seed)
    noise = pl.Series([draw.lognormvariate(0, spread) for _ in range(measures.height)])
    kept = measures.filter(pl.col("state").is_in(["value", "zero"]))
    return kept.with_columns(value=(pl.col("value") * noise.head(kept.height)).round())


def _candidates(now: pl.DataFrame, prior: pl.DataFrame) -> pl.DataFrame:
    """Numbers that are large enough to be mistaken visibly, with last year's."""
    last = prior.filter(pl.col("year") == now["year"].max() - 1).select("org_code", "measure", last="value")
    return now.filter(pl.col("value") >= 5).join(last, on=["org_code", "measure"], maintain_order="left")


def _picked(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    return rows[sorted(draw.sample(range(rows.height), min(PER_KIND, rows.height)))]


def _times(factor: float) -> Plant:
    def plant(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
        return _picked(rows, draw).select(*KEY, bent=(pl.col("value") * factor).round())

    return plant


def _swapped(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """Every second number of a measure in a county with the one after it."""
    pair = ["submission", "measure"]
    numbered = rows.with_columns(n=pl.int_range(pl.len()).over(pair), count=pl.len().over(pair))
    partner = numbered.select(*pair, n=pl.col("n").xor(1), bent="value")
    both = numbered.join(partner, on=[*pair, "n"]).filter(pl.col("n") % 2 == 0)
    chosen = _picked(both, draw).select(*pair, "n")
    wanted = pl.concat([chosen, chosen.with_columns(n=pl.col("n") + 1)])
    return (
        numbered.join(partner, on=[*pair, "n"]).join(wanted, on=[*pair, "n"], how="semi").select(*KEY, "bent")
    )


def _last_year(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """A whole sheet of a county: last year's numbers again."""
    sheet = draw.choice(rows.select("submission", "measure").unique(maintain_order=True).rows())
    return rows.filter(submission=sheet[0], measure=sheet[1]).select(*KEY, bent="last")


def _copied_down(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """One number dragged over the five below it."""
    pair = ["submission", "measure"]
    numbered = rows.with_columns(n=pl.int_range(pl.len()).over(pair))
    starts = _picked(numbered.filter(pl.col("n") % 6 == 0), draw).select(*pair, "n", bent="value")
    below = pl.concat([starts.with_columns(n=pl.col("n") + step) for step in range(1, 6)])
    return numbered.join(below, on=[*pair, "n"]).select(*KEY, "bent")


def _transposed(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """The first two digits the wrong way round."""
    text = pl.col("value").cast(pl.Int64).cast(pl.String)
    turned = text.str.slice(1, 1) + text.str.slice(0, 1) + text.str.slice(2)
    long = rows.filter(pl.col("value") >= 10).with_columns(bent=turned.cast(pl.Float64))
    return _picked(long, draw).select(*KEY, "bent")


KINDS: dict[str, Plant] = {
    "x10": _times(10),
    "/10": _times(0.1),
    "x10,000 (yuan for 10,000 yuan)": _times(10_000),
    "/10,000": _times(0.0001),
    "two villages swapped": _swapped,
    "last year's sheet": _last_year,
    "copied down": _copied_down,
    "digits transposed": _transposed,
}


def _methods(
    now: pl.DataFrame, prior: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook
) -> Iterator[tuple[str, pl.DataFrame]]:
    """What each method asks about: KEY."""
    _, found = locate_series(series_gates(rulebook), series_frame(now, prior, catalogue))
    yield "nianbao", pl.concat(found).select("submission", "org_code", measure="field").unique()
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
        yield name, series.filter(test).select(KEY)


def table(outcome: Outcome) -> str:
    """The outcome as a Markdown table: recall by kind of error, and false questions, of every method."""
    methods = list(outcome.false)
    lines = [f"| planted error | {' | '.join(methods)} |", f"|---|{'---:|' * len(methods)}"]

    def share(scores: list[Score]) -> str:
        planted = sum(s.planted for s in scores)
        return (
            f"{100 * sum(s.found for s in scores) / planted:.1f} % of {planted}"
            if planted
            else "none over 2x"
        )

    for kind in [*KINDS, "all"]:
        cells = [
            share([s for s in outcome.scores if s.method == m and kind in (s.kind, "all")]) for m in methods
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines.append(
        f"| false questions per county-year | {' | '.join(f'{outcome.false[m]:.1f}' for m in methods)} |"
    )
    return "\n".join(lines)


def main(database: Path, target: Path) -> None:
    """Measure on the standing numbers of a warehouse (that of ``make demo``) and write ``target``."""
    place = Installation(Settings(home=database.parent))
    measures = standing_measures(database).sort("year", "org_code", "measure")
    text = [_HEAD]
    for noise in (0.0, NOISE, 2 * NOISE):
        outcome = planted_errors(measures, place.catalogue, place.rulebook, range(SEEDS), noise=noise)
        text += [f"## Noise of {100 * noise:.0f} % laid over the samples", "", table(outcome), ""]
    target.write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


_HEAD = f"""# Suspicious numbers: recall and false questions

`python -m benchmarks.planted_errors data/warehouse.duckdb`, on the warehouse that `make demo` makes (samples 2019-2024).
Errors are planted into 2024, {PER_KIND} of a kind and seed; counted are those that change the number by more than a
factor of two. The samples' own years follow each other smoothly, hence two runs with log-normal noise laid over all
years. The other columns are the three outlier tests of DHIS2 over the same series (all years of a number together).
"""

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("suspicious_numbers.md"))
