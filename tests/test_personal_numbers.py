"""Numbers of persons are masked however they are written; all other numbers stay as they are."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.workbooks import CATALOGUE
from warehouse.words.personal_numbers import find_numbers, mask_numbers

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
DIGITS = "0123456789"
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
IDENTITY = "371602199003072511"


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


def luhn_sum(number: str) -> int:
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(number))]
    return sum(d // 10 + d % 10 for d in doubled)


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    day = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
    body = draw(digits(6)) + day.strftime("%Y%m%d") + draw(digits(3))
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, body, strict=True)) % 11]


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from("34569")) + draw(st.integers(14, 17).flatmap(digits))
    return next(body + check for check in DIGITS if luhn_sum(body + check) % 10 == 0)


mobile_numbers = st.builds(lambda second, rest: f"1{second}{rest}", st.sampled_from("3456789"), digits(9))
old_identity_numbers = st.builds(
    lambda day, end: f"371602{day:%y%m%d}{end}", st.dates(date(1900, 1, 1), date(1999, 12, 31)), digits(3)
)
any_number = st.one_of(identity_numbers(), card_numbers(), mobile_numbers, old_identity_numbers)
surroundings = st.text("张王村电话:（），。、A", max_size=6)


@given(any_number, surroundings, surroundings)
def test_a_valid_number_is_masked_wherever_it_stands(number: str, before: str, behind: str) -> None:
    masked = mask_numbers(before + number + behind)
    assert masked == before + number[:3] + "*" * (len(number) - 7) + number[-4:] + behind


@given(any_number)
def test_a_valid_number_is_masked_in_full_width_digits_and_digit_by_digit(number: str) -> None:
    masked = mask_numbers(number)
    assert mask_numbers(number.translate(WIDE)) == masked
    assert mask_numbers(" ".join(number)) == masked


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("138 1234 5678", "138****5678"),
        ("138-1234-5678", "138****5678"),
        ("138－1234－5678", "138****5678"),
        ("138.1234.5678", "138****5678"),
        ("+86 13812345678", "+138****5678"),
        ("8613812345678", "138****5678"),
        ("013812345678", "138****5678"),
        ("13812345678.0", "138****5678.0"),
        ("1.13812345678", "1.138****5678"),
        ("13812345678\n13987654321", "138****5678\n139****4321"),
        ("371602 19900307 2511", "371***********2511"),
        ("371602-1990-0307-2511", "371***********2511"),
        ("37160219900307009x", "371***********009X"),
        ("3.71602199003072e+17", "371********3072"),
        ("3.71602199003072E17", "371********3072"),
        ("371602199003072000", "371***********2000"),
        ("6222 0212 3456 7890 128", "622************0128"),
        ("张某13812345678，371602199003072511", "张某138****5678，371***********2511"),
    ],
)
def test_a_number_is_masked_as_people_write_it(written: str, masked: str) -> None:
    assert mask_numbers(written) == masked


@pytest.mark.parametrize("fault", ["checksum", "day"])
def test_eighteen_digits_that_are_no_identity_number_stay(fault: str) -> None:
    wrong = IDENTITY[:-1] + "0" if fault == "checksum" else IDENTITY[:10] + "13" + IDENTITY[12:]
    assert luhn_sum(wrong) % 10
    assert mask_numbers(wrong) == wrong


@given(identity_numbers(), st.integers(1, 10))
def test_an_identity_number_with_another_check_digit_stays(number: str, step: int) -> None:
    checks = "10X98765432"
    wrong = number[:-1] + checks[(checks.index(number[-1]) + step) % 11]
    assume(luhn_sum(wrong.removesuffix("X")) % 10)  # it is no card by chance
    assume(not wrong.endswith("00"))  # nor what a spreadsheet makes of one
    assert mask_numbers(wrong) == wrong


@given(card_numbers(), st.integers(1, 9))
def test_a_card_with_another_check_digit_stays(number: str, step: int) -> None:
    wrong = number[:-1] + DIGITS[(int(number[-1]) + step) % 10]
    assume(not find_numbers(wrong[:18]) or len(wrong) != 18)  # it is no identity number by chance
    assert mask_numbers(wrong) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "0543-3361234-801",
        "0543 3361234",
        "010-88886666",
        "400-810-8888",
        "2024-12-31 100",
        "1999-12-31 100",
        "20241231",
        "2023 2024 2025 2026",
        "2019—2024年",
        "0.13812345678",
        "138.12345678",
        "12812345678",
        "138123456789",
        "1381234567",
        "1,381,234,567,812",
        "1,234,567,890.12",
        "0000000000000000",
        "20261128T211025123456",
        "3.71602001001e+11",
        "第1、3、8、12、345、678户",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask_numbers(text) == text


def test_no_code_of_a_unit_is_taken_for_a_number_of_a_person() -> None:
    codes = CATALOGUE.registry.all_units["org_code"].to_list()
    assert len(codes) > 3000
    assert [code for code in codes if mask_numbers(f"{code}.0") != f"{code}.0"] == []


@given(st.binary(max_size=8))
def test_the_checksum_of_a_file_stays(content: bytes) -> None:
    text = hashlib.sha256(content).hexdigest()
    assert mask_numbers(f"针对{text}的更正") == f"针对{text}的更正"


@given(
    st.lists(st.one_of(any_number, st.text("138 -*x.2", max_size=12)), max_size=5),
    st.sampled_from(["", " ", "-"]),
)
def test_a_masked_text_has_nothing_left_to_mask(parts: list[str], between: str) -> None:
    masked = mask_numbers(between.join(parts))
    assert mask_numbers(masked) == masked
