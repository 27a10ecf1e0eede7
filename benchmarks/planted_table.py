"""The report of planted errors: recall by kind, level and number of points, and false questions, beside the target."""

from __future__ import annotations

import polars as pl

from benchmarks.plants import LEVELS, PER_LEVEL, TARGET_FACTOR

RECALL, FALSE = 90.0, 5.0
"""The target: per cent of errors larger than a factor of two, and questions per county-year without an error."""


def report(tally: pl.DataFrame, tuning: range, evaluation: range) -> str:
    """The whole page as Markdown; ``tally`` as in benchmarks.planted_errors."""
    parts = [_head(tuning, evaluation)]
    for noise in tally["noise"].unique(maintain_order=True):
        of_noise = tally.filter(noise=noise)
        most = of_noise["points"].max()
        parts += [f"## Noise of {100 * noise:.0f} % laid over the samples", ""]
        parts += [f"Series of {most} points:", "", _by_level(of_noise.filter(points=most)), ""]
        parts += ["Shorter series, all levels together:", "", _by_points(of_noise), ""]
    return "\n".join(parts)


def _by_level(tally: pl.DataFrame) -> str:
    methods = tally["method"].unique(maintain_order=True).to_list()
    own, others = methods[0], methods[1:]
    head = ["planted error", *LEVELS, own, "target", *others]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for kind in _kinds(tally):
        of_kind = tally.filter(kind=kind)
        lines.append(
            [
                kind,
                *(_share(of_kind.filter(method=own, level=level)) for level in LEVELS),
                _share(of_kind.filter(method=own)),
                _verdict(of_kind.filter(method=own)),
                *(_share(of_kind.filter(method=method)) for method in others),
            ]
        )
    every = tally.filter(pl.col("kind") != "clean")
    lines.append(
        [
            "**all**",
            *(_share(every.filter(method=own, level=level)) for level in LEVELS),
            _share(every.filter(method=own)),
            _verdict(every.filter(method=own)),
            *(_share(every.filter(method=method)) for method in others),
        ]
    )
    false = [_false(tally.filter(method=method)) for method in methods]
    lines.append(
        [
            "false questions per county-year",
            "",
            "",
            "",
            f"{false[0]:.2f}",
            _met(false[0] <= FALSE),
            *(f"{n:.2f}" for n in false[1:]),
        ]
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _by_points(tally: pl.DataFrame) -> str:
    own = tally["method"][0]
    counts = tally["points"].unique().sort().to_list()
    head = ["planted error", *(column for count in counts for column in (f"{count} points", "target"))]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    parts = [tally.filter(method=own, points=count) for count in counts]
    for kind in _kinds(tally):
        cells = [part.filter(kind=kind) for part in parts]
        lines.append([kind, *(text for cell in cells for text in (_share(cell), _verdict(cell)))])
    every = [part.filter(pl.col("kind") != "clean") for part in parts]
    lines.append(["**all**", *(text for cell in every for text in (_share(cell), _verdict(cell)))])
    false = [_false(part) for part in parts]
    lines.append(
        ["false questions per county-year", *(text for n in false for text in (f"{n:.2f}", _met(n <= FALSE)))]
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _kinds(tally: pl.DataFrame) -> list[str]:
    return [kind for kind in tally["kind"].unique(maintain_order=True) if kind != "clean"]


def _recall(tally: pl.DataFrame) -> float | None:
    planted = tally["planted"].sum()
    return 100 * tally["found"].sum() / planted if planted else None


def _share(tally: pl.DataFrame) -> str:
    recall = _recall(tally)
    return "" if recall is None else f"{recall:.1f} % of {tally['planted'].sum()}"


def _verdict(tally: pl.DataFrame) -> str:
    recall = _recall(tally)
    return "" if recall is None else _met(recall >= RECALL)


def _met(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _false(tally: pl.DataFrame) -> float:
    clean = tally.filter(kind="clean")
    return float(clean["found"].sum() / clean["planted"].sum())


def _head(tuning: range, evaluation: range) -> str:
    return f"""# Suspicious numbers: recall and false questions

`python -m benchmarks.planted_errors data/warehouse.duckdb`, on the warehouse that `make demo` makes (samples 2019-2024).
Limits were tuned on the seeds {tuning.start}-{tuning.stop - 1} (`--tuning`); every figure below is of the seeds
{evaluation.start}-{evaluation.stop - 1}, which tuning never saw.

- **Planted** into the last year: up to {PER_LEVEL} errors of a kind, level and seed, at most one in a row of a form;
  two rows swapped are neighbours of one column and level; copied down is one number dragged over five rows; a money
  column is wrong in all units of half of the counties and money fields. Counted are numbers that an error changes by
  more than a factor of {TARGET_FACTOR:g}, whatever the rule that asks about them; a question about a column, a row,
  two neighbours or a run finds every number that it speaks of.
- **Last year's sheet** (all numbers of one form of a county as they were last year) changes few numbers by a factor
  of two. It is counted by columns instead: planted are columns of five numbers or more, three of them different, of
  which more than half had changed; found is a column that is asked about, whatever the factor.
- **False questions** are all questions asked of the same numbers without an error, by county and year; a question
  about a column, row, pair or run is one. The samples contain second sites that double all numbers of a township.
- **Noise** is log-normal, laid over every number of every year, because the samples' own years follow each other
  smoothly.
- **Target**: recall of {RECALL:.0f} % or more, at most {FALSE:.0f} false questions per county-year.
- The last three columns are the outlier tests of DHIS2 over the same series, all years of a number together, which
  ask about single numbers only. The modified z-score divides by the median absolute deviation: where more than half
  of a series is one number this is 0, and then **any** deviation is flagged; hence most of its false questions at 0 %
  noise.
"""


__all__ = ["report"]
