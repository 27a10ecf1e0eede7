"""The cells most likely wrong behind a 合计 or subtotal row that is not the sum of its rows.

Each smallest set is one cell: the total itself, or one of its rows, possibly a blank one, that can take up the difference
without breaking a rule. The likeliest comes first: a usual slip that explains the difference exactly, then the row that the
difference brings nearer to last year's number.

Naming the wrong cell costs more than naming none. So none is named where the total and a row, or two rows, explain the
difference equally well, or where a row breaks another rule and may have several wrong cells. benchmarks/named_cells.md
states how often the named cell is the wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.error_localisation.mends import SAME, Trial, describe_cell, log_distance, make_variable
from expectations.error_localisation.slips import TURNED, is_near, undo_slips
from expectations.frames.form_frame import additive_fields
from expectations.rulebook.condition import DATA_ROW, TOTAL_ROW, state_column, unreadable_column
from expectations.verdicts.locate_findings import ONLY_ONE
from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Notes, Schema, empty, shaped
from warehouse.catalogue.models import Field, Form
from warehouse.words.number_words import number_text

TOTAL_FINDING_KEY = ("submission", "rule", "org_code", "field")

LIKELY_TOTAL: Schema = {**dict.fromkeys((*TOTAL_FINDING_KEY, "likely"), pl.String), "is_settled": pl.Boolean}
"""One Chinese sentence for a total's finding; key: TOTAL_FINDING_KEY.

``is_settled``: the total lacks exactly the numbers that were written as text. A spreadsheet does not sum these, reading
does, and the next workbook's formula will; so there is nothing to ask.
"""

CLEAR_GAIN = 0.7
"""The gain (log ratio) that a row needs to be called the likeliest: a factor of two."""

CLEAR_LEAD = 0.3
"""How much more gain than every other row it needs."""

DOUBT_GAIN = 0.2
"""From this gain on a row is as likely to be wrong as a total with turned digits."""


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
    :func:`expectations.error_localisation.smallest_sets.find_likely_cells`; ``notes`` (NOTE): the
    numbers that were written as texts.
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
    # In one total of nine, digits look turned by chance; a factor of ten does not occur by chance.
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
    # A row that breaks a rule of its own is the likeliest, and may have other wrong cells.
    is_suspected = pl.col("is_suspect").first() | ~pl.col("is_suspect").any()
    return (
        rows.sort(
            *("total_number", "is_mended", "has_slip", "gain", "row_index"),
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
    """total_number, as_text: whether the total lacks exactly the numbers that were written as text."""
    rows = frame.filter(pl.col("row_kind") == DATA_ROW).select("submission", "sheet", "row", "township_code")
    found = texts.drop_nulls("number").join(rows, on=["submission", "sheet", "row"])
    of_township = (pl.col("total_of") == "township") & (
        pl.col("township_code") != pl.col("township_code_total")
    )
    return (
        found.join(totals, on="submission", suffix="_total")
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
    """The rows of every total: total_number, row_index, is_suspect (the row breaks a rule that reads the number), is_mended.

    ``is_mended``: the row can take up the difference; it then has words, has_slip, looks_slipped (last year's number not
    considered) and gain.
    """
    variable, name = make_variable(field), field.id
    reading = [c for c in row_checks if name in c.fields and c.rule.severity != "info"]
    part = pl.when(pl.col("total_of") == "township").then("township_code")
    data = frame.filter(
        pl.col("row_kind") == DATA_ROW,
        pl.col(state_column(name)).is_in(["value", "zero", "not_reported"]),
        ~pl.col(unreadable_column(name)),
    ).with_row_index("row_index")
    trial = Trial(data, reading, (), frame, history)
    known = data.join(trial.previous_values(name), on=["org_code", "year"], how="left", maintain_order="left")
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
    suspects = tried.filter(broken).select("total_number", "row_index")
    held = trial.select_mended(tried.filter(variable.allows(mend)), {name: "mend"}).with_columns(slip=slip)
    # Among many rows some slip fits by chance: it counts if it leads back to last year's number, or if it is the only one.
    is_alone = pl.col("slip").is_not_null().sum().over("total_number") == 1
    returns = is_near(mend, before) & ~is_near(value, before)
    slip = pl.when(pl.when(before.is_null()).then(is_alone).otherwise(returns)).then("slip")
    wanted_words = pl.concat_str(
        pl.concat_str(slip, pl.lit("，")).fill_null(""), pl.format("应为{}", number_text(mend))
    )
    mended = held.select(
        "total_number",
        "row_index",
        words=pl.format("{}的{}", "unit_text", describe_cell(variable, wanted_words)),
        has_slip=slip.is_not_null(),
        looks_slipped=pl.col("slip").is_not_null(),
        is_mended=pl.lit(value=True),
        gain=(log_distance(value.fill_null(0.0), before) - log_distance(mend, before)).fill_null(0.0),
    )
    return mended.join(
        suspects.with_columns(is_suspect=pl.lit(value=True)),
        on=["total_number", "row_index"],
        how="full",
        coalesce=True,
    ).with_columns(pl.col("is_suspect", "is_mended").fill_null(value=False))
