"""Suspicious numbers in short annual series: one row per submission, org unit and measure, with scores that rules read.

A series has 3 to 10 points, where the z-score of a point against its own series cannot exceed (n-1)/sqrt(n) and so
never reaches 3 before the twelfth. Three comparisons are used instead:

* ``change_score``   this year against last year, weighted by size (Hidiroglou and Berthelot, Survey Methodology 1986):
                     the effect is the log ratio, less the group's median, times the square root of the larger number;
                     the score is the effect over the spread of effects in the group
* ``history_score``  the same against the median of all earlier years, for series of three earlier points or more
* ``peer_score``     the number among its peers of this year (same county, level and measure), on a log scale

A group is a reporting unit, level and measure, this year and all years before together, so that a measure that has
always jumped about asks less. Logs are of x + 1: zeros count, and a step from 0 to 1 is small.
"""

from __future__ import annotations

import polars as pl

from expectations.checks import Gate
from expectations.condition import DATA_ROW, Condition
from expectations.findings import Located
from expectations.message import filled, number_text
from expectations.rulebook import SERIES_TYPES, Rule, RuleBook
from expectations.slips import with_slips
from warehouse.catalogue.frames import FINDING, shaped
from warehouse.catalogue.load import Catalogue

GROUP = ("unit_code", "org_level", "measure")
MIN_SPREAD = 0.4
"""The least spread of effects: where nothing ever changes, a change of one in a small count is still no question."""

MIN_HISTORY, MIN_PEERS = 3, 5
_SUM_OF_QUARTILES = 1.349  # interquartile range of a normal distribution of spread 1


def series_frame(measures: pl.DataFrame, standing: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Every number of ``measures`` (MEASURE) beside the earlier years in ``standing``: keys, SERIES_TYPES and texts.

    ``standing`` may hold years of the batch itself and later ones; a number is compared with earlier years only. Each
    org unit's own number counts, not the sum of what lies below, so that a mistake is asked about once.
    """
    now, known = _numbers(measures, catalogue), _numbers(standing, catalogue)
    asked = _with_earlier(now, known)
    others = known.join(now, on=["unit_code", "year"], how="anti")
    spread = _spread_of_changes(
        pl.concat([_with_last(others, known), asked], how="diagonal"), now["year"].unique()
    )
    peers = (
        now.filter(pl.col("value") > 0)
        .group_by("submission", *GROUP)
        .agg(peer_median=pl.col("log").median(), peer_spread=_spread(pl.col("log")), peer_count=pl.len())
    )
    joined = asked.join(spread, on=["year", *GROUP], how="left", maintain_order="left").join(
        peers, on=["submission", *GROUP], how="left", maintain_order="left"
    )
    assert joined.height == now.height, "a number has one group and one history"
    return joined.with_columns(**_scores()).with_columns(**_texts())


def _spread_of_changes(pairs: pl.DataFrame, years: pl.Series) -> pl.DataFrame:
    """The usual ratio and the spread of effects of every group, as known in each of ``years``."""
    until = pairs.select(*GROUP, "ratio", "weight", "previous_value", pair_year="year").join(
        years.sort().to_frame("year"), how="cross"
    )
    return (
        until.filter(pl.col("pair_year") <= pl.col("year"), pl.col("previous_value") > 0)
        .group_by("year", *GROUP)
        .agg(
            usual=pl.col("ratio").median(),
            low=pl.col("ratio").quantile(0.1),
            high=pl.col("ratio").quantile(0.9),
            spread=_spread((pl.col("ratio") - pl.col("ratio").median()) * pl.col("weight")),
        )
    )


def _numbers(measures: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Reported numbers with level, form and log; registry of their year."""
    years = measures["year"].unique().drop_nulls().sort().to_list()
    units = [
        catalogue.registry.units(y).select(
            pl.lit(y, pl.Int32).alias("year"), "org_code", org_name="name", org_level="level"
        )
        for y in years
    ]
    names = pl.DataFrame(
        [(m.id, m.form, m.label) for m in catalogue.measures.values() if m.where is None],
        schema=["measure", "form", "label"],
        orient="row",
    )
    empty = {"year": pl.Int32, "org_code": pl.String, "org_name": pl.String, "org_level": pl.String}
    return (
        measures.filter(pl.col("state").is_in(["value", "zero"]))
        .select("submission", "unit_code", "year", "org_code", "measure", "value")
        .join(pl.concat([pl.DataFrame(schema=empty), *units]), on=["year", "org_code"], maintain_order="left")
        .join(names, on="measure", maintain_order="left")
        .with_columns(log=(pl.col("value") + 1).log())
    )


def _with_last(numbers: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Each number with last year's; ``ratio`` and ``weight`` of the change."""
    last = known.select(
        pl.col("year") + 1, "org_code", "measure", previous_value="value", previous_log="log"
    ).unique(["year", "org_code", "measure"], keep="last")
    return numbers.join(
        last, on=["year", "org_code", "measure"], how="left", maintain_order="left"
    ).with_columns(
        ratio=pl.col("log") - pl.col("previous_log"),
        weight=(pl.max_horizontal("value", "previous_value") + 1).sqrt(),
    )


def _with_earlier(numbers: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Each number with last year's and with what all the years before it had in the middle and at both ends."""
    keys = ["submission", "org_code", "measure"]
    past = (
        numbers.select(*keys, "year")
        .join(known.select("org_code", "measure", past_year="year", past="value"), on=["org_code", "measure"])
        .filter(pl.col("past_year") < pl.col("year"))
        .group_by(keys)
        .agg(
            past_log=(pl.col("past") + 1).log().median(),
            past_count=pl.len(),
            past_low=pl.col("past").min(),
            past_high=pl.col("past").max(),
        )
    )
    return _with_last(numbers, known).join(past, on=keys, how="left", maintain_order="left")


def _spread(effect: pl.Expr) -> pl.Expr:
    return (effect.quantile(0.75) - effect.quantile(0.25)) / _SUM_OF_QUARTILES


def _scores() -> dict[str, pl.Expr]:
    spread = pl.max_horizontal(pl.col("spread").fill_null(0.0), pl.lit(MIN_SPREAD))
    change = pl.col("ratio") - pl.col("usual")
    past = pl.col("log") - pl.col("past_log") - pl.col("usual")
    weight = (pl.max_horizontal(pl.col("value"), pl.col("past_log").exp() - 1) + 1).sqrt()
    has_past = pl.col("past_count") >= MIN_HISTORY
    peer = (pl.col("log") - pl.col("peer_median")).abs() / pl.max_horizontal(
        "peer_spread", pl.lit(MIN_SPREAD)
    )
    return {
        "change_factor": pl.col("ratio").abs().exp(),
        "change_score": change.abs() * pl.col("weight") / spread,
        "history_score": pl.when(has_past)
        .then(past.abs() * weight)
        .otherwise(change.abs() * pl.col("weight"))
        / spread,
        "peer_score": pl.when(pl.col("peer_count") >= MIN_PEERS).then(peer),
    }


def _texts() -> dict[str, pl.Expr]:
    """The texts of messages: what the change amounts to, and what is usual."""
    value, before = pl.col("value"), pl.col("previous_value")
    times = (
        pl.when(before == 0)
        .then(None)
        .when(value >= before)
        .then(pl.format("为上年的 {} 倍", number_text((value / before).round(1))))
        .when(value == 0)
        .then(pl.lit("上年有数，本年为 0"))
        .otherwise(pl.format("仅为上年的 {}%", number_text(100 * value / before)))
    )
    low, high = pl.col("low").exp().round(1), pl.col("high").exp().round(1)
    usual = (
        pl.when((low == 1) & (high == 1))
        .then(pl.lit("本单位所报同级单位一般与上年持平"))
        .otherwise(pl.format("本单位所报同级单位一般为上年的 {}—{} 倍", number_text(low), number_text(high)))
    )
    least, most = pl.col("past_low"), pl.col("past_high")
    past = (
        pl.when(least == most)
        .then(pl.format("该单位历年均为 {}", number_text(most)))
        .otherwise(pl.format("该单位历年在 {}—{} 之间", number_text(least), number_text(most)))
    )
    return {
        "value_text": number_text(value),
        "previous_text": number_text(before),
        "factor_text": times,
        "usual_text": usual,
        "past_text": pl.when(pl.col("past_count") >= MIN_HISTORY).then(past),
        "row_kind": pl.lit(DATA_ROW),
    }


def series_gates(rulebook: RuleBook) -> list[tuple[Gate, Condition]]:
    """One gate for every series rule."""
    gates = []
    for rule in rulebook.of_scope("series"):
        assert rule.expression is not None, "a series rule has an expression"
        condition = Condition(
            rule.expression, when=rule.when, levels=rule.levels, since=rule.since, until=rule.until
        )
        stated = {
            "expression": rule.expression,
            "when": rule.when,
            "levels": rule.levels,
            "since": rule.since,
            "until": rule.until,
        }
        settings = {"conditions": [{key: value for key, value in stated.items() if value is not None}]}
        columns = tuple(condition.columns)
        gates.append(
            (Gate(rule.id, rule, "", "conditions", columns, settings, (), "", rule.words), condition)
        )
    return gates


def locate_series(
    gates: list[tuple[Gate, Condition]], frame: pl.DataFrame
) -> tuple[list[Located], list[pl.DataFrame]]:
    """Count and locate what breaks each gate; the findings (FINDING) still lack sheet and cell."""
    located, found = [], []
    for gate, condition in gates:
        broken = with_slips(frame.filter((~condition.verdict).fill_null(False)), frame)
        concerned = int(frame.select(condition.concerned.sum()).item())
        located.append(Located(gate, concerned, broken.height))
        found.append(_findings(gate.rule, broken))
    return located, found


def _findings(rule: Rule, broken: pl.DataFrame) -> pl.DataFrame:
    def meaning(place: str) -> pl.Expr:
        return pl.col("label" if place == "label" else f"{place}_text")

    return shaped(
        broken.with_columns(
            rule=pl.lit(rule.id),
            severity=pl.lit(rule.severity),
            item=pl.lit(""),
            field=pl.col("measure"),
            fields=pl.concat_list("measure"),
            value=pl.col("value_text"),
            message=pl.concat_str(pl.format("{}：", "org_name"), filled(rule.message, meaning)),
            fix=pl.lit(rule.fix),
            operands=pl.format(
                "{}={};prev={}", "measure", "value_text", pl.col("previous_text").fill_null("")
            ),
        ),
        FINDING,
    )


__all__ = ["SERIES_TYPES", "locate_series", "series_frame", "series_gates"]
