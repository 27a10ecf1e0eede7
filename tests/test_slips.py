"""A usual slip is named when undoing it brings the number near last year's, and only then."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.error_localisation.slips import with_slips


def slips(*rows: tuple[str, float, float | None], unit: str = "份") -> list[str | None]:
    """The slips of doubtful numbers: unit, this year's number, last year's."""
    frame = pl.DataFrame(
        [("s", "leaflet_count", "township", f"{n:02}", *row) for n, row in enumerate(rows)],
        schema={
            "submission": pl.String,
            "measure": pl.String,
            "org_level": pl.String,
            "org_code": pl.String,
            "org_name": pl.String,
            "value": pl.Float64,
            "previous_value": pl.Float64,
        },
        orient="row",
    ).with_columns(unit=pl.lit(unit))
    return with_slips(frame, frame)["slip_text"].to_list()


@pytest.mark.parametrize(
    ("value", "before", "slip"),
    [
        (1210, 118, "疑多写一位"),
        (12, 118, "疑少写一位"),
        (1_150_000, 120, "疑多写四位"),
        (1.2, 11_500, "疑少写四位"),
        (91, 18, "疑相邻两位数字写颠倒"),
        (400, 118, None),
        (400, None, None),
        (0, 118, None),
    ],
)
def test_a_slip_is_named_when_undoing_it_explains_the_number(
    value: float, before: float | None, slip: str | None
) -> None:
    assert slips(("城东街道", value, before)) == [slip]


def test_four_digits_of_money_are_a_confusion_of_units() -> None:
    assert slips(("城东街道", 1_150_000, 120), unit="元") == ["疑以元填作万元"]
    assert slips(("城东街道", 1.2, 11_500), unit="元") == ["疑以万元为单位填写"]


def test_one_number_in_rows_that_differed_last_year_is_called_a_copy() -> None:
    before = [118.0, 790, 60, 2400, 31, 500]
    rows = [(name, 118.0, last) for name, last in zip("甲乙丙丁戊己", before, strict=True)]
    assert slips(*rows) == [None, *["疑自甲起向下复制"] * 5]
    assert slips(*((name, 118.0, 120.0) for name, _, _ in rows)) == [None] * 6


def test_two_units_that_have_each_others_numbers_name_each_other() -> None:
    assert slips(("城东街道", 800, 60), ("博昌街道", 62, 790)) == ["疑与博昌街道填串", "疑与城东街道填串"]


def test_numbers_entered_a_row_too_low_are_called_a_shift_not_swaps() -> None:
    units = ["城东街道", "博昌街道", "锦秋街道", "曹王镇", "兴福镇"]
    before = [118.0, 790, 60, 2400, 31]
    rows = zip(units, [118, 118, 790, 60, 2400], before, strict=True)
    assert slips(*rows) == [None, *["疑自博昌街道起向下错了一行"] * 4]


def test_numbers_of_two_submissions_are_not_swapped() -> None:
    frame = pl.DataFrame(
        {
            "submission": ["a", "b"],
            "measure": ["leaflet_count"] * 2,
            "org_level": ["township"] * 2,
            "org_code": ["01", "02"],
            "org_name": ["城东街道", "博昌街道"],
            "value": [500.0, 95.0],
            "previous_value": [90.0, 480.0],
            "unit": ["份"] * 2,
        }
    )
    assert with_slips(frame, frame)["slip_text"].to_list() == [None, None]


@given(st.integers(1, 90_000), st.sampled_from([10, 10_000]))
def test_a_number_written_with_too_many_digits_is_always_recognised(before: int, factor: int) -> None:
    [slip] = slips(("城东街道", float(before * factor), float(before)))
    assert slip == {10: "疑多写一位", 10_000: "疑多写四位"}[factor]
