"""Scores of whole columns, rows, neighbours and runs, for mistakes that no single number shows.

A column whose numbers all changed by one factor (a wrong unit of measurement), or equal last year's (last year's sheet), or
are one number in consecutive rows (dragged down); a row whose numbers all changed by one factor (another unit's row). The
``column_``, ``row_`` and ``run_`` scores stand at the first number of the column, row or run; elsewhere counts are 0 and
other scores null.
"""

from __future__ import annotations

import polars as pl

from expectations.error_localisation.slips import MIN_COPIES, with_copies

_SET, _ROW = ["column"], ["line"]


def _divide_by_expected() -> pl.Expr:
    """A number divided by last year's, or by what was usual where last year has none."""
    return pl.when(pl.col("expected") > 0).then(pl.col("value") / pl.col("expected"))


def with_column_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``column_`` scores and the other columns that the texts of a column read."""
    value, previous, times = pl.col("value"), pl.col("previous_value"), _divide_by_expected()
    is_compared = previous.is_not_null()
    columns = numbers.group_by(_SET).agg(
        row=pl.col("row").sort_by("key").first(),
        column_count=pl.col("gap").count().cast(pl.Float64),
        column_gap=pl.col("gap").median(),
        column_times=times.median(),
        column_compared_count=is_compared.sum().cast(pl.Float64),
        column_same_pct=100 * (value == previous).mean(),
        column_usual_same_pct=pl.col("usual_same_pct").first(),
        column_distinct_count=value.filter(is_compared).n_unique().cast(pl.Float64),
        column_sum=value.sum(),
        column_previous_sum=previous.sum(),
    )
    return numbers.join(
        columns.drop(_SET).with_columns(column_factor=pl.col("column_gap").abs().exp()),
        on="row",
        how="left",
        maintain_order="left",
    ).with_columns(pl.col("column_count", "column_compared_count").fill_null(0.0))


def with_row_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``row_`` scores of what an org unit enters in one form."""
    times = _divide_by_expected()
    rows = numbers.group_by(_ROW).agg(
        row=pl.col("row").sort_by("key").first(),
        row_count=pl.col("gap").count().cast(pl.Float64),
        row_gap=pl.col("gap").median(),
        row_times=times.median(),
        row_sum=pl.col("value").sum(),
        row_previous_sum=pl.col("previous_value").sum(),
    )
    scores = rows.drop(_ROW).with_columns(row_factor=pl.col("row_gap").abs().exp())
    return numbers.join(scores, on="row", how="left", maintain_order="left").with_columns(
        pl.col("row_count").fill_null(0.0)
    )


def with_pair_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``pair_`` scores: the gain of exchanging a number with that of the next row.

    ``pair_gain``: log likelihood ratio of the exchanged numbers to the present ones, given what is expected;
    ``pair_misfit``: the larger score after the exchange; ``pair_ratio``: the ratio of the two; ``pair_factor``: the
    smaller change_factor of the two.
    """
    has_next = pl.col("column") == pl.col("column").shift(-1)

    def following(name: str) -> pl.Expr:
        return pl.when(has_next).then(pl.col(name).shift(-1))

    def misfit(log: pl.Expr, wanted: pl.Expr, scale: pl.Expr) -> pl.Expr:
        return ((log - wanted) / scale).abs()

    log, expected, scale = (pl.col(name) for name in ("log", "expected_log", "scale"))
    next_log, next_expected, next_scale = (following(name) for name in ("log", "expected_log", "scale"))
    stands = misfit(log, expected, scale), misfit(next_log, next_expected, next_scale)
    changed = misfit(next_log, expected, scale), misfit(log, next_expected, next_scale)
    pairs = (
        numbers.select(
            "row",
            "key",
            *_SET,
            "log",
            "expected_log",
            "scale",
            "change_factor",
            "org_name",
            "value",
            "previous_value",
        )
        .sort(*_SET, "key")
        .select(
            "row",
            next_row=following("row"),
            pair_gain=(stands[0] ** 2 + stands[1] ** 2 - changed[0] ** 2 - changed[1] ** 2) / 2,
            pair_misfit=pl.max_horizontal(*changed),
            pair_ratio=(log - next_log).abs().exp(),
            pair_factor=pl.min_horizontal("change_factor", following("change_factor")),
            pair_name=following("org_name"),
            pair_value=following("value"),
            pair_previous=following("previous_value"),
        )
        .filter(pl.col("pair_gain") > 0)
    )
    rivals = pl.concat(
        [pairs.select("row", "pair_gain"), pairs.select(row="next_row", pair_gain="pair_gain")]
    )
    best = rivals.group_by("row").agg(pl.col("pair_gain").max())
    pairs = pairs.join(best, on=["row", "pair_gain"], how="semi").join(
        best, left_on=["next_row", "pair_gain"], right_on=["row", "pair_gain"], how="semi"
    )
    of = pl.concat([pairs.select("row", pair_start="row"), pairs.select(row="next_row", pair_start="row")])
    return (
        numbers.join(
            of.unique("row", keep="first", maintain_order=True), on="row", how="left", maintain_order="left"
        )
        .join(pairs.drop("next_row"), on="row", how="left", maintain_order="left")
        .with_columns(pl.col("pair_ratio").fill_null(1.0))
    )


def with_run_scores(numbers: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``run_`` scores; ``known`` (KNOWN) tells how often neighbours were equal in earlier years."""
    ordered = numbers.select("row", "key", "year", "group", *_SET, "value", "org_name", "previous_value")
    runs = with_copies(ordered.sort(*_SET, "key"), _SET).filter(
        pl.col("run_count") >= MIN_COPIES, pl.col("value") > 0
    )
    chance = _chance_of_neighbours(runs, known)
    named = (
        runs.join(chance, on=[*_SET], how="left", maintain_order="left")
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("row").first(),
            pl.col("run_count").first().cast(pl.Float64),
            run_rows=pl.col("row"),
            run_start=pl.col("row").first(),
            run_end_name=pl.col("org_name").last(),
            run_distinct_before=pl.col("previous_value").drop_nulls().n_unique().cast(pl.Float64),
            run_low=pl.col("previous_value").min(),
            run_high=pl.col("previous_value").max(),
            run_chance=pl.col("column_size").first() * pl.col("equal_share").first() ** (pl.len() - 1),
        )
    )
    starts = named.select("run_start", row="run_rows").explode("row")
    return (
        numbers.join(starts, on="row", how="left", maintain_order="left")
        .join(named.drop("run", "run_rows", "run_start"), on="row", how="left", maintain_order="left")
        .with_columns(pl.col("run_count").fill_null(0.0))
    )


def _chance_of_neighbours(runs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """column, column_size, equal_share: how often two neighbours were equal in the years before."""
    asked = runs.select("year", "group", *_SET).unique()
    value = pl.col("value")
    return (
        known.join(asked, on="group", suffix="_seen")
        .filter(pl.col("year") < pl.col("year_seen"))
        .sort(*_SET, "year", "key")
        .with_columns(is_equal=(value > 0) & (value == value.shift().over(*_SET, "year")))
        .group_by(_SET)
        .agg(
            equal_share=(pl.col("is_equal").sum() + 1) / (pl.col("is_equal").count() + 2),
            column_size=pl.len() / pl.col("year").n_unique(),
        )
    )
