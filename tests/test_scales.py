"""Multiples of a unit of measurement: one list, for what is issued, what is read and what a clerk writes behind a number."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from expectations.sheets.shown_values import show_value
from warehouse.catalogue.load import load_catalogue
from warehouse.catalogue.models import Field
from warehouse.words.scales import SCALES, find_scale

WORDS = load_catalogue().settings.words


def money(**more: Any) -> Field:
    about = {
        "id": "paid_cny",
        "label": "赔付金额",
        "type": "cny",
        "meaning": "赔付的金额。",
        "unit": "元",
        "kind": "flow",
        "low": 0,
    }
    return Field.model_validate(about | more)


@pytest.mark.parametrize("word", SCALES)
def test_what_is_issued_in_a_multiple_is_read_back_as_it_was(word: str) -> None:
    field = money(entry_unit=f"{word}元")
    assert field.entry_scale == SCALES[word]
    in_cell = show_value(field, 3e8, WORDS)
    assert isinstance(in_cell, float)
    assert in_cell * field.entry_scale == pytest.approx(3e8)


def test_a_unit_is_a_multiple_of_itself_and_of_no_other() -> None:
    assert find_scale("元", "元") == 1.0
    assert find_scale("万", "元") is None
    assert find_scale("万人", "元") is None
    assert find_scale("万 元", "元") == 1e4


def test_a_form_cannot_be_filled_in_what_is_no_multiple_of_its_unit() -> None:
    with pytest.raises(ValidationError, match="不是“元”的倍数"):
        money(entry_unit="万人")
