"""The peer score of a number whose earlier years had only zeros: how it compares with its peers, zeros included."""

from __future__ import annotations

import polars as pl

from expectations.outliers.history import History
from expectations.outliers.spread import others_median, robust_spread

MIN_PEERS, MIN_PEER_SPREAD = 5, 0.4
"""The fewest peers that show what is usual, and the smallest spread (log ratio) assumed of them."""

_SET, _ROW = ["column"], ["line"]


def with_peer_scores(numbers: pl.DataFrame, history: History) -> pl.DataFrame:
    """``numbers`` with ``peer_score``, and peer_count, peer_low, peer_high: the column's other numbers of this year."""
    is_first = (pl.col("past_high") == 0) & (pl.col("value") > 0)
    # Here as elsewhere: columns are chosen before rows are, since there are a hundred columns and a million rows.
    first = (
        numbers.select("row", "log", "year", "group", *_SET, *_ROW, is_first=is_first)
        .filter("is_first")
        .select("row", "log", "year", "group", *_SET, beginnings=pl.len().over(_ROW))
    )
    sets = first.select("year", "group", *_SET).unique()
    earlier = history.known.join(sets, on="group", suffix="_seen").filter(
        pl.col("year") < pl.col("year_seen")
    )
    members = pl.concat(
        [
            numbers.select("row", "log", *_SET).join(sets, on=_SET, how="semi"),
            earlier.select(pl.lit(None, pl.UInt32).alias("row"), "log", *_SET),
        ]
    )
    active = others_median(members.filter(pl.col("log") > 0), "log", _SET).join(
        members.group_by(_SET).agg(
            peer_count=pl.len() - 1, peer_spread=robust_spread(pl.col("log").filter(pl.col("log") > 0))
        ),
        on=_SET,
        how="left",
    )
    has_many = pl.col("others_count") >= MIN_PEERS
    spread = pl.max_horizontal(
        pl.when(has_many).then(pl.col("peer_spread")).fill_null(0.0), pl.lit(MIN_PEER_SPREAD)
    )
    scores = active.join(first.select("row", "beginnings"), on="row").select(
        "row",
        # Where nobody has any, a row in which several things begin is something new rather than a wrong cell.
        peer_score=pl.when(
            pl.col("peer_count") >= MIN_PEERS, (pl.col("others_count") > 0) | (pl.col("beginnings") == 1)
        ).then((pl.col("log") - pl.col("others_median").fill_null(0.0)).abs() / spread),
    )
    others = numbers.select("row", "value", *_SET).join(sets, on=_SET, how="semi")
    value = pl.col("value")
    beside = (
        others.join(
            others.group_by(_SET).agg(
                peer_count=pl.len() - 1,
                least=value.sort().slice(0, 2),
                most=value.sort(descending=True).slice(0, 2),
            ),
            on=_SET,
        )
        .join(first.select("row"), on="row", how="semi")
        .filter(pl.col("peer_count") > 0)
        .select(
            "row",
            "peer_count",
            peer_low=_outermost_of_others("least"),
            peer_high=_outermost_of_others("most"),
        )
    )
    return numbers.join(scores, on="row", how="left", maintain_order="left").join(
        beside, on="row", how="left", maintain_order="left"
    )


def _outermost_of_others(ends: str) -> pl.Expr:
    """The outermost number of the column apart from the row's own."""
    first, second = pl.col(ends).list.get(0), pl.col(ends).list.get(1, null_on_oob=True)
    return pl.when(pl.col("value") == first).then(second).otherwise(first)
