"""Suspicious numbers in short annual series: one row per submission, org unit and measure, with the scores that rules read.

A series has 3 to 10 points, where the z-score of a point against its own series cannot exceed (n-1)/sqrt(n) and so
never reaches 3 before the twelfth. These comparisons are used instead, each on a log scale (of x + 1: zeros count, and
a step from 0 to 1 is small), each leaving out the number that is judged:

* ``change_score``   this year against last year, less the group's usual yearly change, over what such a change usually
                     amounts to for a number of this size (after Hidiroglou and Berthelot, Survey Methodology 1986;
                     their weight, the square root of the size, levels off here: large numbers do not become exact)
* ``history_score``  the same against the middle half of all earlier years; a number that goes on is compared with the
                     years in which there was something, so that a year of 0 or a blank one between hides nothing
* ``peer_score``     where nothing but zeros went before: the number among all numbers of this kind that the reporting
                     unit has entered at this level, this year and before; where these too are zeros, against zero

A group is a reporting unit, level and measure. What is usual comes from the pairs of earlier years, and a group with
few of them is drawn towards what is usual for counts. What moves a whole column alike this year is taken off as well,
and what moves a whole row (a second site doubles all that a township does): that is one question about the column or
row (:mod:`expectations.outliers.column_scores`) and not one of every number.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from expectations.outliers.again import with_again_scores
from expectations.outliers.column_scores import (
    with_column_scores,
    with_pair_scores,
    with_row_scores,
    with_run_scores,
)
from expectations.outliers.effects import list_published_totals, with_published_effects
from expectations.outliers.history import History, list_keys, read_history
from expectations.outliers.misfit import with_expectations
from expectations.outliers.peers import with_peer_scores
from expectations.outliers.shifted import with_shift_scores, with_upper_scores
from expectations.outliers.spread import (
    ASSUMED_PAIRS,
    ASSUMED_SPREAD,
    MIN_SPREAD,
    others_median,
    robust_spread,
    weight,
)
from expectations.outliers.swapped import with_cross_scores, with_exchange_scores, with_swap_scores
from expectations.rulebook.condition import DATA_ROW
from warehouse.catalogue.frames import Measures
from warehouse.catalogue.load import Catalogue

FEW_PAIRS = 4
"""With so many earlier pairs half of their median change is expected to continue."""

MOST_GROWTH = 0.4
"""The largest yearly change (log ratio) that counts as growth and carries earlier numbers forward."""

MIN_OTHERS, MIN_SHIFT = 3, 0.4
"""The fewest other numbers of a column or row, and the smallest median change (log ratio) of them, that is subtracted from
a number's own change."""


MOST_NUMBERS = 150_000
"""About so many numbers are scored at a time: of each a hundred things are known meanwhile."""

_SET, _ROW = ["column"], ["line"]


def series_frame(measures: Measures, standing: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """All of :func:`list_series_frames` in one frame, whatever its size."""
    totals = list_published_totals(standing, catalogue)
    return next(list_series_frames(measures, standing, totals, catalogue, most_numbers=measures.height))


def list_series_frames(
    measures: Measures, standing: Measures, totals: pl.DataFrame, catalogue: Catalogue, most_numbers: int
) -> Iterator[pl.DataFrame]:
    """One row per number of ``measures`` (MEASURE), compared with the earlier years in ``standing``: keys, SERIES_TYPES and
    the columns that :mod:`expectations.outliers.series_texts` reads.

    ``totals``: :func:`expectations.outliers.effects.list_published_totals` of the whole city.
    ``standing`` may also hold the batch's own and later years; a number is compared with earlier years only. Every frame
    holds all numbers of some reporting units, which are compared with nobody else's, and about ``most_numbers``;
    there is at least one frame.
    """
    keys = list_keys(catalogue, measures, standing)
    # A number below zero has no logarithm, and another rule refuses it.
    numbers = keys.attach(measures.filter(pl.col("state").is_in(["value", "zero"]), pl.col("value") >= 0))
    years = numbers["year"].unique().drop_nulls().sort().to_list()
    history = read_history(standing, years, keys, catalogue)
    usual = _measure_usual_change(history, years, keys.measures.height)
    for part in _partition_by_unit(numbers, most_numbers):
        named = _name_units_and_measures(part, years, catalogue)
        now = (
            _number_columns_and_lines(named, keys.measures.height)
            .with_columns(log=(pl.col("value") + 1).log())
            .with_row_index("row")
            .join(usual, on=["year", "group"], how="left", maintain_order="left")
        )
        yield _score_numbers(now, history, totals)


def _partition_by_unit(numbers: pl.DataFrame, most_numbers: int) -> Iterator[pl.DataFrame]:
    """``numbers`` in frames of whole reporting units; one, perhaps empty, where there are not more than ``most_numbers``."""
    if numbers.height <= most_numbers:
        yield numbers
        return
    counts = numbers.group_by("unit_code").len("number_count").sort("unit_code")
    parts = counts.with_columns(part=(pl.col("number_count").cum_sum() - 1) // most_numbers)
    for (units,) in (
        parts.group_by("part", maintain_order=True).agg("unit_code").select("unit_code").iter_rows()
    ):
        yield numbers.filter(pl.col("unit_code").is_in(units))


def _score_numbers(now: pl.DataFrame, history: History, totals: pl.DataFrame) -> pl.DataFrame:
    scored = with_peer_scores(_score(_with_shifts(_with_gaps(_with_past(now, history)))), history)
    frame = with_run_scores(with_pair_scores(with_row_scores(with_column_scores(scored))), history.known)
    frame = with_expectations(with_published_effects(frame, totals))
    for with_scores in (
        with_swap_scores, with_cross_scores, with_exchange_scores, with_shift_scores, with_upper_scores,
        with_again_scores,
    ):  # fmt: skip
        frame = with_scores(frame)
    frame = frame.drop("wanted", "noise", "cost")
    assert frame.height == now.height, "a number has one group and one history"
    # NaN becomes null, because polars and pandas compare it differently.
    return frame.with_columns(pl.selectors.float().fill_nan(None), row_kind=pl.lit(DATA_ROW))


def _name_units_and_measures(numbers: pl.DataFrame, years: list[int], catalogue: Catalogue) -> pl.DataFrame:
    """``numbers`` with the names of unit, township, form and measure in their year."""
    names = [_list_names(year, catalogue) for year in years]
    empty = pl.DataFrame(
        schema={
            "year": pl.Int32,
            **dict.fromkeys(("org_code", "org_name", "township_code", "township_name"), pl.String),
        }
    )
    order = {form: number for number, form in enumerate(catalogue.forms)}
    words = pl.DataFrame(
        [(m.id, m.form, m.label, m.unit, order.get(m.form, -1)) for m in catalogue.measures.values()],
        schema=["measure", "form", "label", "unit", "form_number"],
        orient="row",
    )
    return numbers.join(
        pl.concat([empty, *names]), on=["year", "org_code"], how="left", maintain_order="left"
    ).join(words, on="measure", how="left", maintain_order="left")


def _list_names(year: int, catalogue: Catalogue) -> pl.DataFrame:
    """year, org_code, org_name, township_code, township_name of the units of a year."""
    units = catalogue.registry.units(year)
    townships = units.select(township_code="org_code", township_name="name")
    return units.join(townships, on="township_code", how="left", maintain_order="left").select(
        pl.lit(year, pl.Int32).alias("year"),
        "org_code",
        pl.col("name").alias("org_name"),
        "township_code",
        "township_name",
    )


def _number_columns_and_lines(numbers: pl.DataFrame, measure_count: int) -> pl.DataFrame:
    """``numbers`` with ``column`` (a measure of a submission at one level) and ``line`` (an org unit's row of a form)."""
    submissions = numbers.select("submission").unique().with_row_index("_submission")
    forms = numbers.select("form").unique().with_row_index("_form")
    groups, orgs = (pl.col(name).max() + 1 for name in ("group", "key"))
    submission = pl.col("_submission").cast(pl.UInt64)
    return (
        numbers.join(submissions, on="submission", how="left", maintain_order="left")
        .join(forms, on="form", how="left", maintain_order="left")
        .with_columns(
            column=submission * groups + pl.col("group"),
            line=(submission * orgs + pl.col("key") // measure_count) * forms.height + pl.col("_form"),
        )
        .drop("_submission", "_form")
    )


def _measure_usual_change(history: History, years: list[int], measure_count: int) -> pl.DataFrame:
    """The usual change of a group in the years before each of ``years``; key: year, group.

    ``usual`` (log ratio), ``low`` and ``high`` of it, ``spread`` over the weights, ``pair_count``; ``usual_same_pct``:
    the median over the years of the share of numbers that stayed the same.
    """
    last = history.known.select(pl.col("year") + 1, "key", previous_value="value", previous_log="log")
    pairs = history.known.join(last, on=["year", "key"]).select(
        "group",
        pair_year="year",
        is_same=pl.col("value") == pl.col("previous_value"),
        ratio=pl.when(pl.col("previous_value") > 0).then(pl.col("log") - pl.col("previous_log")),
        weight=weight(pl.max_horizontal("log", "previous_log")),
    )
    until = pl.DataFrame({"year": years}, schema={"year": pl.Int32})
    seen = pairs.join(until, how="cross").filter(pl.col("pair_year") < pl.col("year"))
    ratio = pl.col("ratio")
    changes = seen.group_by("year", "group").agg(
        usual=ratio.median(),
        low=ratio.quantile(0.1, "linear"),
        high=ratio.quantile(0.9, "linear"),
        spread=robust_spread((ratio - ratio.median()) / pl.col("weight")),
        pair_count=ratio.count(),
    )
    same = (
        pairs.group_by("group", "pair_year")
        .agg(same_pct=100 * pl.col("is_same").mean())
        .join(until, how="cross")
        .filter(pl.col("pair_year") < pl.col("year"))
        .group_by("year", "group")
        .agg(usual_same_pct=pl.col("same_pct").median())
    )
    level = ["year", pl.col("group") // measure_count]  # reporting unit and level
    pairs_there = pl.col("pair_count").sum().over(level)
    pooled = (
        pairs_there * pl.col("spread").median().over(level).fill_null(0.0) + ASSUMED_PAIRS * ASSUMED_SPREAD
    ) / (pairs_there + ASSUMED_PAIRS)
    return changes.with_columns(
        # One pair of years is no trend.
        usual=pl.col("usual") * pl.col("pair_count") / (pl.col("pair_count") + FEW_PAIRS),
        spread=(pl.col("pair_count") * pl.col("spread").fill_null(0.0) + ASSUMED_PAIRS * pooled)
        / (pl.col("pair_count") + ASSUMED_PAIRS),
    ).join(same, on=["year", "group"], how="left")


def _with_past(now: pl.DataFrame, history: History) -> pl.DataFrame:
    """Each number with last year's and the range of all earlier years.

    ``past_log_low``, ``past_log_high``: the quartiles of the earlier numbers above 0, grown as usual up to this year; null
    where all were 0. For a number that is now 0 the zeros after the first number count too.
    """
    growth = pl.col("usual").fill_null(0.0).clip(-MOST_GROWTH, MOST_GROWTH)
    asked = now.select("row", "key", "year", goes_on=pl.col("value") > 0, growth=growth)
    known = history.known.select("key", past_year="year", past="value", past_log="log")
    pairs = asked.join(known, on="key").filter(pl.col("past_year") < pl.col("year"))
    if history.moved.height:
        moved = asked.join(history.moved, on=["key", "year"])
        pairs = pl.concat(
            [
                pairs.join(moved, on=["row", "past_year"], how="anti"),
                moved.drop_nulls("past").select(pairs.columns),
            ]
        )
        now = now.join(
            moved.filter(pl.col("past_year") == pl.col("year") - 1).select(
                "row", is_moved=pl.lit(value=True)
            ),
            on="row",
            how="left",
            maintain_order="left",
        )
    else:
        now = now.with_columns(is_moved=pl.lit(None, pl.Boolean))
    is_last, active = pl.col("past_year") == pl.col("year") - 1, pl.col("past") > 0
    carried = pl.col("past_log") + pl.col("growth") * (pl.col("year") - pl.col("past_year"))
    pairs = pairs.with_columns(carried=pl.when(active).then(carried))
    past = pairs.group_by("row").agg(
        previous_value=pl.col("past").filter(is_last).first(),
        previous_log=pl.col("past_log").filter(is_last).first(),
        past_log_low=pl.col("carried").quantile(0.25, "linear"),
        past_log_high=pl.col("carried").quantile(0.75, "linear"),
        past_count=pl.len().cast(pl.Float64),
        past_low=pl.col("past").min(),
        past_high=pl.col("past").max(),
    )
    ended = pairs.filter(~pl.col("goes_on")).filter(
        pl.col("past_year") >= pl.col("past_year").filter(active).min().over("row")
    )
    low = ended.group_by("row").agg(ended_log_low=pl.col("carried").fill_null(0.0).quantile(0.25, "linear"))
    past = past.join(low, on="row", how="left").with_columns(
        past_log_low=pl.min_horizontal("past_log_low", "ended_log_low")
    )
    return now.join(past, on="row", how="left", maintain_order="left").with_columns(
        pl.col("past_count", "past_high").fill_null(0.0)
    )


def _with_gaps(numbers: pl.DataFrame) -> pl.DataFrame:
    """The signed log ratio of a number to last year's, to its history, and to the nearer of the two."""
    log, low, high = pl.col("log"), pl.col("past_log_low"), pl.col("past_log_high")
    change, history = pl.col("change_gap"), pl.col("history_gap")
    return numbers.with_columns(
        change_gap=log - pl.col("previous_log") - pl.col("usual").fill_null(0.0),
        history_gap=pl.when(log > high)
        .then(log - high)
        .when(log < low)
        .then(log - low)
        .when(low.is_not_null())
        .then(0.0),
        expected=pl.when(pl.col("previous_value") > 0)
        .then("previous_value")
        .otherwise(((low + high) / 2).exp() - 1),
    ).with_columns(
        gap=pl.when(pl.col("past_high") > 0).then(
            pl.when((history.abs() < change.abs()).fill_null(change.is_null()))
            .then(history)
            .otherwise(change)
        )
    )


def _with_shifts(numbers: pl.DataFrame) -> pl.DataFrame:
    """``column_shift`` and ``row_shift``: the median change of the column's and the row's other numbers, 0 where small."""
    known = numbers.drop_nulls("gap").select("row", "gap", *_SET, *_ROW)
    for name, alike in (("column_shift", _SET), ("row_shift", _ROW)):
        others = pl.col("others_median")
        shift = others_median(known, "gap", alike).filter(
            pl.col("others_count") >= MIN_OTHERS, others.abs() >= MIN_SHIFT
        )
        numbers = numbers.join(
            shift.select("row", others.alias(name)), on="row", how="left", maintain_order="left"
        )
    return numbers.with_columns(pl.col("column_shift", "row_shift").fill_null(0.0))


def _score(numbers: pl.DataFrame) -> pl.DataFrame:
    """The scores of a number, after subtracting the shift of its column or row where that makes it less unusual."""
    spread = pl.col("spread").fill_null(ASSUMED_SPREAD)
    size = pl.max_horizontal("log", pl.col("log") - pl.col("gap"))
    scale = pl.max_horizontal(spread, pl.lit(MIN_SPREAD)) * weight(size)

    def nearest(name: str) -> pl.Expr:
        taken_off = (pl.lit(0.0), pl.col("column_shift"), pl.col("row_shift"))
        return pl.min_horizontal((pl.col(name) - shift).abs() for shift in taken_off)

    change, history = nearest("change_gap"), nearest("history_gap")
    is_known = pl.col("past_high") > 0
    grown = pl.col("previous_log") + pl.col("usual").fill_null(0.0)
    middle = (pl.col("past_log_low") + pl.col("past_log_high")) / 2
    return numbers.with_columns(
        scale=pl.when(is_known).then(scale),
        expected_log=pl.when(is_known).then(pl.coalesce((grown + 2 * middle) / 3, middle, grown)),
        change_factor=pl.when(is_known).then(pl.min_horizontal(change, history).exp()),
        change_score=pl.when(is_known).then(pl.coalesce(change, history) / scale),
        history_score=pl.when(is_known).then(pl.coalesce(history, change) / scale),
    )
