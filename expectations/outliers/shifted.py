"""Scores of numbers entered some rows too low or too high, and of a township's numbers in a village's row."""

from __future__ import annotations

import polars as pl

from expectations.outliers.misfit import cost
from expectations.outliers.swapped import with_block

STEPS = (1, -1, 2, -2, 3, -3)
"""The shifts that are tried, in rows (positive: down)."""

SMALLEST_UPPER = 12
"""Below this a village's number cannot be told from a township's."""

LINE_MOST, CLEAR = 10.0, 2.0
"""The largest gain of one row, and the gain from which on the row supports a shift."""

MIN_ROWS = 3
"""The fewest consecutive rows of a shift; two shifted rows look like two exchanged ones."""

FAR_MORE = 1.5
"""An exchange is likelier than a short shift around it when it gains more than so many times as much."""


def with_shift_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``shift_`` scores: a stretch of a form or of one column is ``shift_step`` rows too low.

    Rows are those asked for a measure, in the order of the sheet. The stretch with the largest gain is taken, over all
    columns of the form together or else column by column. ``shift_gain``, ``shift_fit``, ``shift_count`` (rows),
    ``shift_moved`` (rows that support the shift), ``shift_end`` (name of the last), ``shift_column`` (null: all columns).
    ``numbers`` need the ``exchange_`` scores.
    """
    ordered = _select_ill_fitting_forms(numbers.drop_nulls("wanted")).sort("submission", "measure", "key")
    column = ["submission", "measure"]
    moved = [
        ordered.select(
            "row", "submission", "form", "measure", "label", "org_code", "org_name", "cost", "log",
            step=pl.lit(step),
            left=cost(
                pl.col("log"),
                pl.col("wanted").shift(step).over(column),
                pl.col("noise").shift(step).over(column),
            ),
        )
        for step in STEPS
    ]  # fmt: skip
    cells = pl.concat(moved).drop_nulls("left").with_columns(gain=pl.col("cost") - pl.col("left"))
    of_form = _find_stretches(cells.with_columns(part=pl.col("form")))
    of_column = _find_stretches(cells.with_columns(part=pl.col("measure")))
    whole = of_form.join(
        of_column.group_by("submission", "form").agg(best=pl.col("gain").max()), on=["submission", "form"]
    ).filter(pl.col("gain") > pl.col("best"))
    single = of_column.join(whole, on=["submission", "form"], how="anti")
    names = ("gain", "fit", "count", "moved", "step", "end", "column", "rows")
    blocks = pl.concat(
        [
            whole.with_columns(column=pl.lit(None, pl.String)).select(names),
            single.with_columns(column=pl.col("label")).select(names),
        ]
    )
    return _drop_outdone(with_block(numbers, "shift", blocks))


def _drop_outdone(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` without the short shifts within which an exchange of two units gains far more."""
    exchanges = numbers.filter(pl.col("exchange_gain") > 0).select("exchange_start", better="exchange_gain")
    shifts = numbers.filter(pl.col("shift_gain") > 0, pl.col("shift_moved") <= MIN_ROWS).select(
        "shift_start", "shift_gain"
    )
    outdone = (
        numbers.join(exchanges, on="exchange_start")
        .join(shifts, on="shift_start", suffix="_of_block")
        .filter(pl.col("better") > FAR_MORE * pl.col("shift_gain_of_block"))["shift_start"]
        .unique()
    )
    is_outdone = pl.col("shift_start").is_in(outdone.implode()).fill_null(value=False)
    return numbers.with_columns(
        shift_gain=pl.when(is_outdone).then(0.0).otherwise("shift_gain"),
        shift_start=pl.when(~is_outdone).then("shift_start"),
    )


def _select_ill_fitting_forms(numbers: pl.DataFrame) -> pl.DataFrame:
    """The numbers of forms with enough badly fitting rows; a row cannot gain more than its present cost."""
    sheet = ["submission", "form"]
    rows = numbers.group_by(*sheet, "org_code").agg(pl.col("cost").sum()).filter(pl.col("cost") >= CLEAR)
    bad = rows.group_by(sheet).len("bad_count").filter(pl.col("bad_count") >= MIN_ROWS)
    return numbers.join(bad, on=sheet, how="semi", maintain_order="left")


def _find_stretches(cells: pl.DataFrame) -> pl.DataFrame:
    """The best stretch of rows of each part: submission, form, label, gain, fit, count, step, end, rows.

    The gain of a stretch is the difference of two running sums; the best one ends where the running sum is furthest above
    its lowest value so far.
    """
    part = ["submission", "form", "part", "step"]
    lines = (
        cells.group_by(*part, "org_code")
        .agg(
            pl.col("gain").sum(), pl.col("left").sum(), pl.col("label", "org_name", "log").first(),
            size=pl.len(), rows=pl.col("row"),
        )
        .sort(*part, "org_code")
        .with_columns(pl.col("gain").clip(upper_bound=LINE_MOST))
        .with_columns(total=pl.col("gain").cum_sum().over(part), n=pl.int_range(pl.len()).over(part))
    )  # fmt: skip
    before = lines.with_columns(before=(pl.col("total") - pl.col("gain")))
    before = before.with_columns(lowest=pl.col("before").cum_min().over(part))
    before = before.with_columns(above=pl.col("total") - pl.col("lowest"))
    ends = (
        before.sort("above", "n", descending=[True, False], maintain_order=True)
        .group_by("submission", "form", "part", maintain_order=True)
        .first()
        .select("submission", "form", "part", "step", end_n="n", lowest_at_end="lowest", gain_of="above")
        .filter(pl.col("gain_of") > 0)
    )
    inside = before.join(ends, on=part).filter(pl.col("n") <= pl.col("end_n"))
    starts = (
        inside.filter(pl.col("before") <= pl.col("lowest_at_end") + 1e-9)
        .group_by(part)
        .agg(start_n=pl.col("n").max())
    )
    return (
        inside.join(starts, on=part)
        .filter(pl.col("n") >= pl.col("start_n"))
        .sort(*part, "n")
        .group_by(part, maintain_order=True)
        .agg(
            pl.col("label").first(),
            gain=pl.col("gain_of").first(),
            fit=pl.col("left").sum() / pl.col("size").sum(),
            count=pl.len().cast(pl.Float64),
            distinct=pl.col("log").n_unique(),
            moved=(pl.col("gain") >= CLEAR).sum().cast(pl.Float64),
            end=pl.col("org_name").last(),
            rows=pl.col("rows").explode(),
        )
        .filter(pl.col("distinct") >= MIN_ROWS)  # one number dragged down is another mistake
        .with_columns(pl.col("step").cast(pl.Float64))
    )


def with_upper_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``upper_`` scores: a village's row holds the numbers of its township or the sum of its villages.

    ``upper_gain``, ``upper_fit``, ``upper_count`` (numbers), ``upper_name``.
    """
    key = ["submission", "measure", "township_code"]
    chosen = numbers.select(
        "row",
        *key,
        "org_level",
        "org_code",
        "township_name",
        "line",
        "value",
        "log",
        "wanted",
        "noise",
        "cost",
    )
    villages = chosen.filter(pl.col("org_level") == "village")
    summed = villages.group_by(key).agg(
        summed=(pl.col("wanted").exp() - 1).sum(), size=pl.len(), summed_noise=pl.col("noise").median()
    )
    upper = chosen.filter(pl.col("org_level") == "township").select(
        "submission", "measure", township_code="org_code", own="wanted", own_noise="noise"
    )
    beside = (
        villages.filter(pl.col("log") > pl.col("wanted"), pl.col("value") >= SMALLEST_UPPER)
        .join(summed.filter(pl.col("size") > 2), on=key, how="left")
        .join(upper, on=key, how="left")
        .with_columns(
            left=pl.min_horizontal(
                cost(pl.col("log"), (pl.col("summed") + 1).log(), pl.col("summed_noise")),
                cost(pl.col("log"), pl.col("own"), pl.col("own_noise")),
            )
        )
        .drop_nulls(["left", "cost"])
    )
    blocks = (
        beside.filter(pl.col("cost") > pl.col("left"))
        .group_by("line", maintain_order=True)
        .agg(
            gain=(pl.col("cost") - pl.col("left")).sum(),
            fit=pl.col("left").mean(),
            count=pl.len().cast(pl.Float64),
            name=pl.col("township_name").first(),
            rows=pl.col("row"),
        )
    )
    return with_block(numbers, "upper", blocks)
