"""Questions are listed by how far the doubtful cell can move the city's figure, each cell once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.small_city import (
    BEND,
    BRIDGE,
    BRIDGE_EAST,
    BRIDGE_WEST,
    EAST,
    GREAT,
    LOWER,
    UPPER,
    WEST,
    published,
    question,
    small_city,
    told,
)
from warehouse.catalogue.load import Catalogue
from warehouse.standing.worklist import covering_words, read_worklist, with_shares

LAST_YEAR = {EAST: 40.0, BRIDGE: 85.0, BRIDGE_EAST: 1000.0, BRIDGE_WEST: 1000.0, BEND: 75.0, GREAT: 800.0}
THIS_YEAR = {**LAST_YEAR, BRIDGE: 870.0}
WHOLE = sum(LAST_YEAR.values())  # the figure: nothing of this year stands but the east, and that less
Batch = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_city(tmp_path_factory.mktemp("city") / "lanhe")


def listed(
    home: Path,
    catalogue: Catalogue,
    *asked: pl.DataFrame,
    numbers: dict[str, float] | None = None,
    **more: Any,
) -> pl.DataFrame:
    """The worklist of 2024 when the east, held, raises ``asked``; last year stands."""
    now = told("now", 2, numbers or THIS_YEAR, asked=list(asked), decision="held", **more)
    return read_worklist(published(home, catalogue, told("before", 1, LAST_YEAR, year=2023), now), 2024)


def effects(frame: pl.DataFrame) -> list[tuple[str, float]]:
    return [(row["cell"], round(row["effect_pct"] * WHOLE / 100, 6)) for row in frame.iter_rows(named=True)]


def test_a_units_own_number_is_compared_with_its_own_number_of_last_year(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    for scope in ("row", "series"):
        found = listed(tmp_path, catalogue, question(BRIDGE, 870.0, scope))
        assert effects(found) == [(f"C{BRIDGE}", 870.0 - 85.0)]
        assert found["previous_value"].to_list() == [85.0]
        assert found["indicator"].to_list() == ["member_count"]


def test_a_number_of_several_forms_or_years_is_compared_with_its_unit_and_all_below_it(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    found = listed(tmp_path, catalogue, question(BRIDGE, 2870.0, "unit"))
    assert effects(found) == [(f"C{BRIDGE}", 2870.0 - 2085.0)]
    assert found["previous_value"].to_list() == [2085.0]


def test_a_total_that_is_off_by_one_moves_the_figure_by_one_at_most(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    total = question(None, None, "total", operands="total=3801;sum=3800", cell="C5")
    found = listed(tmp_path, catalogue, total, question(BRIDGE_EAST, 1003.0))
    assert effects(found) == [(f"C{BRIDGE_EAST}", 3.0), ("C5", 1.0)]


def test_a_number_without_one_of_last_year_is_compared_with_its_peers_else_taken_whole(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    before = {BRIDGE_EAST: 1000.0}
    peers = told("peers", 2, {"990102001001": 900.0}, unit=WEST)
    now = told(
        "now", 3, {BRIDGE_WEST: 9000.0, BEND: 60.0}, decision="held",
        asked=[question(BRIDGE_WEST, 9000.0), question(BEND, 60.0)],
    )  # fmt: skip
    path = published(tmp_path, catalogue, told("before", 1, before, year=2023), peers, now)
    moved = {r["cell"]: r["effect_pct"] * 1000 / 100 for r in read_worklist(path, 2024).iter_rows(named=True)}
    assert moved == pytest.approx({f"C{BRIDGE_WEST}": 9000.0 - 900.0, f"C{BEND}": 60.0})


def test_a_blank_cell_may_lack_what_it_had_last_year(tmp_path: Path, catalogue: Catalogue) -> None:
    blank = question(BRIDGE_WEST, None, "column")
    assert effects(listed(tmp_path, catalogue, blank)) == [(f"C{BRIDGE_WEST}", 1000.0)]


def test_a_missing_row_may_lack_what_the_unit_had_last_year(tmp_path: Path, catalogue: Catalogue) -> None:
    missing = question(BRIDGE_WEST, None, "column", field=None)
    assert effects(listed(tmp_path, catalogue, missing)) == [(f"C{BRIDGE_WEST}", 1000.0)]


def test_a_merged_unit_is_compared_with_those_it_was(tmp_path: Path, catalogue: Catalogue) -> None:
    before = told("before", 1, {UPPER: 300.0, LOWER: 200.0, BRIDGE_EAST: 1000.0}, year=2022)
    asked = [question(GREAT, 530.0), question(BEND, 530.0, "unit")]
    now = told("now", 2, {GREAT: 530.0}, year=2023, asked=asked, decision="held")
    found = read_worklist(published(tmp_path, catalogue, before, now), 2023)
    assert found["previous_value"].to_list() == [500.0, 500.0]
    assert found["effect_pct"].to_list() == pytest.approx([2.0, 2.0])


def test_the_figure_is_this_years_when_every_unit_stands(tmp_path: Path, catalogue: Catalogue) -> None:
    others = [told("w", 3, {"990102001001": 50.0}, unit=WEST), told("c", 4, {"990100": 50.0}, unit="990100")]
    now = told("now", 2, {BRIDGE: 100.0}, asked=[question(BRIDGE, 100.0)])
    found = read_worklist(
        published(tmp_path, catalogue, told("before", 1, LAST_YEAR, year=2023), now, *others), 2024
    )
    assert found["effect_pct"].to_list() == pytest.approx([100.0 * 15 / 200])


def asked(*rows: tuple[str | None, float | None]) -> pl.DataFrame:
    """Questions of one submission: cell and effect."""
    places = ("submission", "form", "org_code", "item", "field", "sheet")
    frame = pl.DataFrame(rows, schema={"cell": pl.String, "effect_pct": pl.Float64}, orient="row")
    return frame.with_columns(pl.lit(p).alias(p) for p in places).with_columns(
        field=pl.int_range(pl.len()).cast(pl.String)
    )


def test_a_cell_that_two_rules_ask_about_counts_once(tmp_path: Path, catalogue: Catalogue) -> None:
    shares = with_shares(asked(("C6", 30.0), ("C7", 50.0), ("C6", 40.0), ("C8", 10.0)))
    assert shares.select("cell", "cumulative_share_pct").rows() == [
        ("C7", 50.0),
        ("C6", 90.0),
        ("C6", 90.0),
        ("C8", 100.0),
    ]


def test_questions_without_a_cell_are_told_apart_by_what_they_ask(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    assert with_shares(asked((None, 30.0), (None, 10.0)))["cumulative_share_pct"].to_list() == [75.0, 100.0]


def test_the_words_say_how_few_questions_cover_most_of_the_effect() -> None:
    many = asked(*((f"C{n}", 8.0) for n in range(12)), *((f"D{n}", 0.5) for n in range(8)), ("E1", None))
    assert covering_words(with_shares(many)) == "其中前 12 处占全部影响的 96%"
    assert covering_words(with_shares(asked(("C6", None)))) == ""
    assert covering_words(with_shares(asked())) == ""
