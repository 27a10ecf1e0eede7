"""Entries of a county of the country, taken over by position from the invented ones of a real county of the city."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def match_units(model: pl.DataFrame, target: pl.DataFrame, turn: int) -> pl.DataFrame:
    """Which unit of the ``model`` county gives its numbers to which of the ``target`` county: source_code, org_code.

    ``model``, ``target``: the units of one county each, org_code, level, parent_code. The county follows the county, its
    townships those of the model in their order beginning at ``turn``, and the villages of each those of the township it
    follows; where the model has fewer, from the first again.
    """
    pairs = _pair(_codes(model, "county"), _codes(target, "county"), 0)
    townships = _pair(_codes(model, "township"), _codes(target, "township"), turn)
    villages = [
        pair
        for source, code in townships
        for pair in _pair(_codes(model, "village", source), _codes(target, "village", code), turn)
    ]
    return pl.DataFrame(pairs + townships + villages, schema=["source_code", "org_code"], orient="row")


def _codes(units: pl.DataFrame, level: str, parent: str | None = None) -> list[str]:
    of_level = units.filter(pl.col("level") == level)
    if parent is not None:
        of_level = of_level.filter(pl.col("parent_code") == parent)
    return of_level["org_code"].sort().to_list()


def _pair(sources: list[str], codes: list[str], turn: int) -> list[tuple[str, str]]:
    return [(sources[(index + turn) % len(sources)], code) for index, code in enumerate(codes)]


def take_over(entries: Mapping[str, pl.DataFrame], matched: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """``entries`` (form id -> frame with org_code) of the model under the codes of those that follow it, in their order."""
    return {form: _take_over_form(frame, matched) for form, frame in entries.items()}


def _take_over_form(frame: pl.DataFrame, matched: pl.DataFrame) -> pl.DataFrame:
    places = frame.select(source_code="org_code", place=pl.int_range(pl.len()))
    found = matched.join(places, on="source_code", maintain_order="left_right")
    taken = frame[found["place"]]  # by place, since columns that mix numbers and words cannot be joined
    return taken.with_columns(found["org_code"].alias("org_code"))
