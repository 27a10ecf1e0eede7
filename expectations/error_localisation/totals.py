"""The cells most likely wrong behind a 合计 or subtotal row that is not the sum of its rows.

Each smallest set is one cell: the total itself, or one of its rows that takes up the difference and still breaks no
rule of its own. A blank row may have been forgotten. The likeliest comes first: a usual slip that explains the
difference to the last unit, then the row that the difference brings nearer to last year's number.

A cell that is named wrongly costs more than one that is not named: where the total and a row explain the difference
alike, or two rows, or where a row breaks a rule of its own and may be wrong in more than one cell, none is named
(benchmarks/named_cells.md says how often the one that is named is the one).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.error_localisation.mends import SAME, Around, describe_cell, log_distance, make_variable
from expectations.error_localisation.slips import TURNED, is_near, undo_slips
from expectations.frames.form_frame import additive_fields
from expectations.rulebook.condition import DATA_ROW, TOTAL_ROW, state_column, unreadable_column
from expectations.verdicts.locate_findings import ONLY_ONE
from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Notes, Schema, empty, shaped
from warehouse.catalogue.models import Field, Form
from warehouse.words.number_words import number_text

TOTAL_PLACE = ("submission", "rule", "org_code", "field")

LIKELY_TOTAL: Schema = {**dict.fromkeys((*TOTAL_PLACE, "likely"), pl.String), "is_settled": pl.Boolean}
"""What is said of a total's finding: TOTAL_PLACE (key) and one Chinese sentence.

``is_settled``: the total lacks just the numbers that were written as text, which a program does not sum up and which
were read all the same: there is nothing to ask, and the formula of the next workbook counts them.
"""

CLEAR_GAIN = 0.7
"""How much nearer to last year's number (log ratio) a row must come to be called the likeliest: a factor of two."""

CLEAR_LEAD = 0.3
"""How much more a row must gain than every other to be called the likeliest."""

DOUBT_GAIN = 0.2
"""From this gain on a row may as well be what is wrong as a total that looks like turned digits."""


def find_likely_totals(
    rules: dict[str, str],
    form: Form,
    row_checks: Sequence[Check],
    frame: pl.DataFrame,
    history: pl.DataFrame,
    notes: Notes,
) -> pl.DataFrame:
    """LIKELY_TOTAL of every total row of the prepared ``frame`` that differs from its sum.

    ``rules``: rule id of ``total_of`` sheet and township; ``row_checks``: the row rules of the form; ``history`` as in
    :func:`expectations.error_localisation.smallest_sets.find_likely_cells`; ``notes`` (NOTE): numbers that were written as texts.
    """
    texts = notes.filter(pl.col("form") == form.id).with_columns(
        row=pl.col("cell").str.extract(r"(\d+)$").cast(pl.UInt32),
        number=pl.col("value").cast(pl.Float64, strict=False),
    )
    said = [
        _find_in_field(field, rules, row_checks, frame, history, texts.filter(pl.col("field") == field.id))
        for field in additive_fields(form)
        if f"{field.id}__sum" in frame.columns
    ]
    return pl.concat([empty(LIKELY_TOTAL), *said])


def _find_in_field(
    field: Field,
    rules: dict[str, str],
    row_checks: Sequence[Check],
    frame: pl.DataFrame,
    history: pl.DataFrame,
    texts: pl.DataFrame,
) -> pl.DataFrame:
    total, summed = pl.col(f"{field.id}__total"), pl.col(f"{field.id}__sum")
    totals = (
        frame.filter(pl.col("row_kind") == TOTAL_ROW, (total - summed).abs() > 0.01)
        .select("submission", "org_code", "total_of", "township_code", total=total, sum=summed)
        .with_columns(rule=pl.col("total_of").replace_strict(rules, default=None, return_dtype=pl.String))
        .drop_nulls("rule")
        .with_row_index("total_number")
    )
    if totals.is_empty():
        return empty(LIKELY_TOTAL)
    rows = _list_rows_below(field, totals, row_checks, frame, history)
    known = totals.join(_select_likeliest_row(rows), on="total_number", how="left").join(
        _find_numbers_as_text(totals, frame, texts), on="total_number", how="left"
    )
    known = known.with_columns(
        pl.col("row_count", "suspect_count").fill_null(0),
        pl.col("is_clear", "has_row_slip").fill_null(value=False),
        pl.col("gain").fill_null(0.0),
    )
    slip = pl.coalesce(
        pl.when((other - pl.col("sum")).abs() <= SAME).then(pl.lit(text))
        for other, text in undo_slips(pl.col("total"), is_money=field.type == "cny")
    )
    # Digits that look turned are chance in one total of nine; a total ten times its sum is none.
    by_chance = (slip == TURNED) & (pl.col("has_row_slip") | (pl.col("gain") >= DOUBT_GAIN))
    is_doubted = pl.col("is_clear") | (pl.col("suspect_count") > 0) | by_chance
    turned = pl.when(~is_doubted).then(slip)
    itself = pl.format(
        "合计（{}应为{}）",
        pl.concat_str(turned, pl.lit("，")).fill_null(""),
        number_text(pl.col("sum")),
    )
    itself = (
        pl.when(pl.col("total_of") == "township").then(itself.str.replace("合计", "小计")).otherwise(itself)
    )
    likely = (
        pl.when(turned.is_not_null())
        .then(pl.format("最可能有误：{}。", itself))
        .when(pl.col("is_clear") & (slip.is_null() | by_chance))
        .then(
            pl.format(
                "最可能有误：{}；{}无误的，把{}。",
                "first",
                _name_kind_of_rows(),
                _write_advice(pl.col("sum")),
            )
        )
        .when((pl.col("row_count") > 0) | (pl.col("suspect_count") > 0))
        .then(pl.format("{}无误的，把{}。", _name_kind_of_rows(), _write_advice(pl.col("sum"))))
        .otherwise(pl.format(ONLY_ONE + "{}。", itself))
    )
    known = known.with_columns(is_settled=pl.col("as_text").fill_null(value=False))
    return shaped(known.with_columns(field=pl.lit(field.id), likely=likely), LIKELY_TOTAL)


def _select_likeliest_row(rows: pl.DataFrame) -> pl.DataFrame:
    """total_number, row_count, suspect_count, first (words), gain (the greatest), is_clear, has_row_slip.

    ``rows`` as of :func:`_list_rows_below`; row_count: those that may take up the difference.
    """
    gain = pl.col("gain")
    leads = (gain.first() - gain.slice(1).max() >= CLEAR_LEAD).fill_null(value=True)
    is_telling = pl.col("has_slip").first() | (gain.first() >= CLEAR_GAIN)
    # Whoever breaks a rule of its own is the likeliest, and may be wrong in more than this.
    is_suspected = pl.col("is_suspect").first() | ~pl.col("is_suspect").any()
    return (
        rows.sort(
            *("total_number", "is_mended", "has_slip", "gain", "place"),
            descending=[False, True, True, True, False],
            nulls_last=True,
        )
        .group_by("total_number", maintain_order=True)
        .agg(
            row_count=pl.col("is_mended").sum(),
            suspect_count=pl.col("is_suspect").sum(),
            first=pl.col("words").first(),
            gain=gain.max(),
            has_row_slip=pl.col("looks_slipped").any(),
            is_clear=is_telling & leads & is_suspected,
        )
    )


def _name_kind_of_rows() -> pl.Expr:
    return pl.when(pl.col("total_of") == "township").then(pl.lit("所辖各行")).otherwise(pl.lit("各行"))


def _write_advice(right: pl.Expr) -> pl.Expr:
    total = pl.when(pl.col("total_of") == "township").then(pl.lit("小计")).otherwise(pl.lit("合计"))
    return pl.format("{}改为{}", total, number_text(right))


def _find_numbers_as_text(totals: pl.DataFrame, frame: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """total_number, as_text: whether what is missing from a total is what was written as text."""
    rows = frame.filter(pl.col("row_kind") == DATA_ROW).select("submission", "sheet", "row", "township_code")
    placed = texts.drop_nulls("number").join(rows, on=["submission", "sheet", "row"])
    of_township = (pl.col("total_of") == "township") & (
        pl.col("township_code") != pl.col("township_code_total")
    )
    return (
        placed.join(totals, on="submission", suffix="_total")
        .remove(of_township.fill_null(value=False))
        .group_by("total_number")
        .agg(
            as_text=(pl.col("sum") - pl.col("total") - pl.col("number").sum()).abs().first() <= 0.01,
        )
    )


def _list_rows_below(
    field: Field,
    totals: pl.DataFrame,
    row_checks: Sequence[Check],
    frame: pl.DataFrame,
    history: pl.DataFrame,
) -> pl.DataFrame:
    """The rows of every total: total_number, place, is_suspect (it breaks a rule of its own that reads the number).

    Those that may take up the difference ``is_mended``: words, has_slip, looks_slipped (whatever last year says), gain.
    """
    variable, name = make_variable(field), field.id
    reading = [c for c in row_checks if name in c.fields and c.rule.severity != "info"]
    part = pl.when(pl.col("total_of") == "township").then("township_code")
    data = frame.filter(
        pl.col("row_kind") == DATA_ROW,
        pl.col(state_column(name)).is_in(["value", "zero", "not_reported"]),
        ~pl.col(unreadable_column(name)),
    ).with_row_index("place")
    around = Around(data, reading, (), frame, history)
    known = data.join(
        around.previous_values(name), on=["org_code", "year"], how="left", maintain_order="left"
    )
    wanted = totals.select("total_number", "submission", "total", "sum", part=part)
    pairs = pl.concat(
        [
            known.join(wanted.filter(pl.col("part").is_null()).drop("part"), on="submission"),
            known.join(
                wanted.drop_nulls("part"),
                left_on=["submission", "township_code"],
                right_on=["submission", "part"],
            ),
        ]
    )
    value, before, mend = pl.col(name), pl.col("previous_value"), pl.col("mend")
    tried = pairs.with_columns(mend=value.fill_null(0.0) + pl.col("total") - pl.col("sum"))
    slip = pl.coalesce(
        pl.when(value.is_null()).then(pl.lit("疑漏填")),
        *(
            pl.when((mend - other).abs() <= SAME).then(pl.lit(text))
            for other, text in undo_slips(value, is_money=not variable.is_whole)
        ),
    )
    broken = pl.any_horizontal(pl.lit(value=False), *(~c.verdict for c in reading)).fill_null(value=False)
    suspects = tried.filter(broken).select("total_number", "place")
    held = around.select_holding(tried.filter(variable.allows(mend)), {name: "mend"}).with_columns(slip=slip)
    # Among many rows some slip always fits by chance: it must lead back to last year's number, or be the only one.
    is_alone = pl.col("slip").is_not_null().sum().over("total_number") == 1
    returns = is_near(mend, before) & ~is_near(value, before)
    slip = pl.when(pl.when(before.is_null()).then(is_alone).otherwise(returns)).then("slip")
    wanted_words = pl.concat_str(
        pl.concat_str(slip, pl.lit("，")).fill_null(""), pl.format("应为{}", number_text(mend))
    )
    mended = held.select(
        "total_number",
        "place",
        words=pl.format("{}的{}", "unit_text", describe_cell(variable, wanted_words)),
        has_slip=slip.is_not_null(),
        looks_slipped=pl.col("slip").is_not_null(),
        is_mended=pl.lit(value=True),
        gain=(log_distance(value.fill_null(0.0), before) - log_distance(mend, before)).fill_null(0.0),
    )
    return mended.join(
        suspects.with_columns(is_suspect=pl.lit(value=True)),
        on=["total_number", "place"],
        how="full",
        coalesce=True,
    ).with_columns(pl.col("is_suspect", "is_mended").fill_null(value=False))
