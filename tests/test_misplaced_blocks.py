"""Numbers that stand where others belong are one question that names the block and the mend, not one for every number."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.outliers.rules import examine_series, locate_series
from expectations.outliers.scores import series_frame
from expectations.rulebook.rulebook import load_rules
from expectations.verdicts.silence import fold_into_blocks
from tests.series_rows import CATALOGUE, CHECKS, COUNTY, TOWNSHIPS, YEAR, Numbers, moving, numbers, questions
from warehouse.catalogue.frames import FINDING, shaped

ONE, OTHER, THIRD = "class_count", "home_visit_count", "family_served_count"
SIZES = {ONE: 40.0, OTHER: 120.0, THIRD: 900.0}
VILLAGES = sorted(
    CATALOGUE.registry.units(YEAR).filter(level="village", township_code=TOWNSHIPS[0])["org_code"].to_list()
)


def uneven(year: int, size: float) -> Numbers:
    """Numbers of townships that differ a good deal from each other, and a little from year to year."""
    return [
        round(size * (1 + 3 * ((7 * place) % 12) / 12)) + (place * year) % 3
        for place, _ in enumerate(TOWNSHIPS)
    ]


def sheet(year: int, **bent: Numbers) -> pl.DataFrame:
    """A year of three columns of one form; a column may be given."""
    return pl.concat(
        [numbers(year, bent.get(name, uneven(year, size)), name) for name, size in SIZES.items()]
    )


def earlier() -> pl.DataFrame:
    return pl.concat([sheet(YEAR - back) for back in range(1, 6)])


def asked(now: pl.DataFrame, prior: pl.DataFrame | None = None) -> list[tuple[str, str]]:
    return questions(now, earlier() if prior is None else prior).select("rule", "message").rows()


def test_an_honest_sheet_is_not_asked_about() -> None:
    assert asked(sheet(YEAR)) == []


def test_two_columns_filled_in_for_each_other_are_one_question_that_names_both() -> None:
    [(rule, message)] = asked(
        sheet(YEAR, class_count=uneven(YEAR, SIZES[OTHER]), home_visit_count=uneven(YEAR, SIZES[ONE]))
    )
    assert rule == "series.swapped_columns"
    assert message == f"家长课堂场次与入户指导次数两栏疑填反：{len(TOWNSHIPS)}行的数对调后与往年相符"


@pytest.mark.parametrize(("step", "words"), [(1, "错下一行"), (-1, "错上一行"), (2, "错下两行")])
def test_rows_that_stand_too_low_or_too_high_are_one_question(step: int, words: str) -> None:
    def shifted(name: str) -> Numbers:
        values = uneven(YEAR, SIZES[name])
        return [
            values[min(max(n - step, 0), len(values) - 1)] if n >= 2 else values[n]
            for n in range(len(values))
        ]

    [(rule, message)] = asked(sheet(YEAR, **{name: shifted(name) for name in SIZES}))
    assert rule == "series.shifted_rows"
    assert words in message
    assert "各栏" in message


def test_one_column_that_slipped_a_row_is_named() -> None:
    values = uneven(YEAR, SIZES[OTHER])
    [(rule, message)] = asked(sheet(YEAR, home_visit_count=[values[0], *values[:-1]]))
    assert rule == "series.shifted_rows"
    assert "“入户指导次数”一栏" in message


def test_two_units_exchanged_are_one_question_that_names_the_other() -> None:
    def exchanged(name: str) -> Numbers:
        values = uneven(YEAR, SIZES[name])
        values[2], values[7] = values[7], values[2]
        return values

    now = sheet(YEAR, **{name: exchanged(name) for name in SIZES})
    [(rule, message)] = asked(now)
    names = dict(CATALOGUE.registry.units(YEAR).select("org_code", "name").iter_rows())
    assert rule == "series.exchanged_units"
    assert message.startswith(f"{names[TOWNSHIPS[2]]}：本行的数与{names[TOWNSHIPS[7]]}的数疑互相填串")


def test_two_cells_of_a_row_filled_in_for_each_other_are_one_question() -> None:
    one, other = uneven(YEAR, SIZES[ONE]), uneven(YEAR, SIZES[THIRD])
    one[3], other[3] = other[3], one[3]
    [(rule, message)] = asked(sheet(YEAR, class_count=one, family_served_count=other))
    assert rule == "series.crossed_cells"
    assert "疑填反：对调后与上年（" in message


def test_the_same_two_cells_crossed_in_several_rows_are_one_question_with_the_unit_of_each() -> None:
    one, other = uneven(YEAR, SIZES[ONE]), uneven(YEAR, SIZES[THIRD])
    for place in (3, 4, 6, 8, 9):
        one[place], other[place] = other[place], one[place]
    [(rule, message)] = asked(sheet(YEAR, class_count=one, family_served_count=other))
    assert rule == "series.crossed_cells"
    assert message.endswith("等4个单位的这两个数也是如此")
    before = uneven(YEAR - 1, SIZES[ONE])[3], uneven(YEAR - 1, SIZES[THIRD])[3]
    assert f"对调后与上年（{before[0]}场次、{before[1]:,}户）相近".replace(",", "") in message


def test_cells_that_lie_near_each_other_are_crossed_only_where_several_rows_say_so() -> None:
    def crossed(*places: int) -> pl.DataFrame:
        one, other = uneven(YEAR, 600.0), uneven(YEAR, SIZES[THIRD])
        for place in places:
            one[place], other[place] = other[place], one[place]
        return sheet(YEAR, class_count=one, family_served_count=other)

    prior = pl.concat([sheet(YEAR - n, class_count=uneven(YEAR - n, 600.0)) for n in range(1, 6)])
    assert "series.crossed_cells" not in dict(asked(crossed(3), prior))
    assert [rule for rule, _ in asked(crossed(3, 5, 8), prior)] == ["series.crossed_cells"]


def test_last_years_sheet_pasted_into_this_years_workbook_is_one_question_even_in_the_second_year() -> None:
    for prior in (earlier(), sheet(YEAR - 1)):
        now = sheet(YEAR, **{name: uneven(YEAR - 1, size) for name, size in SIZES.items()})
        rules = dict(asked(now, prior))
        assert rules.keys() & {"series.last_years_sheet", "series.last_years_workbook"}
        assert "series.last_year_again" not in rules


def test_a_sheet_of_which_one_column_was_kept_is_not_last_years() -> None:
    now = sheet(YEAR, class_count=uneven(YEAR - 1, SIZES[ONE]))
    assert "series.last_years_sheet" not in dict(asked(now, sheet(YEAR - 1)))


def test_a_townships_numbers_in_the_row_of_a_village_are_named_as_such() -> None:
    def villages(year: int, first: float | None = None) -> pl.DataFrame:
        values: Numbers = [60 + 11 * (n % 5) + (n * year) % 3 for n, _ in enumerate(VILLAGES)]
        total = sum(value or 0 for value in values)
        bent = [total if first else values[0], *values[1:]]
        return pl.concat(
            [numbers(year, bent, name, VILLAGES) for name in ("member_count", "volunteer_count")]
        )

    prior = pl.concat([villages(YEAR - back) for back in range(1, 6)])
    found = questions(villages(YEAR, first=1.0), prior)
    assert "series.upper_units_numbers" in found["rule"].to_list()
    assert found.filter(rule="series.upper_units_numbers")["message"][0].endswith(
        "合计相近，疑把乡镇(街道)的数填在了村(社区)一行"
    )
    assert found.filter(org_code=VILLAGES[0]).height == 1


def test_last_years_whole_workbook_is_one_question_and_cannot_be_explained() -> None:
    now = pl.concat([numbers(YEAR, moving(YEAR - 1, size), name) for name, size in SIZES.items()])
    prior = pl.concat(
        [
            numbers(YEAR - back, moving(YEAR - back, size), name)
            for name, size in SIZES.items()
            for back in range(1, 6)
        ]
    )
    found = questions(now, prior)
    assert found.select("rule", "severity").rows() == [("series.last_years_workbook", "critical")]
    assert found["message"][0] == f"本工作簿3栏与{YEAR - 1}年所报完全相同，疑误用上年工作簿"


def test_a_number_that_jumps_and_moves_a_published_figure_is_critical() -> None:
    values = uneven(YEAR, SIZES[THIRD])
    values[0] = (values[0] or 0) * 90
    found = questions(sheet(YEAR, family_served_count=values), earlier())
    [(rule, severity)] = found.select("rule", "severity").rows()
    assert (rule, severity) == ("series.moves_published_figure", "critical")
    assert "仅此一数就使全市公布数变动" in found["message"][0]


def test_what_a_block_explains_is_folded_beneath_it_and_counted() -> None:
    swapped = sheet(YEAR, class_count=uneven(YEAR, SIZES[OTHER]), home_visit_count=uneven(YEAR, SIZES[ONE]))
    found, blocks = locate_series(examine_series(CHECKS, series_frame(swapped, earlier(), CATALOGUE)))
    breach = {
        "submission": f"s{YEAR}", "unit_code": COUNTY, "year": YEAR, "form": "sunflower_activity",
        "rule": "sunflower_activity.families_need_activity", "severity": "critical", "org_code": TOWNSHIPS[4],
        "item": "", "field": ONE, "fields": [ONE], "message": "有误",
    }  # fmt: skip
    other = breach | {"field": THIRD, "fields": [THIRD]}
    together = pl.concat([found, shaped(pl.DataFrame([breach, other]), FINDING)])
    told = fold_into_blocks(together, blocks, load_rules(None, CATALOGUE))
    assert told.filter(field=ONE, severity="critical")["follows"].is_not_null().to_list() == [True]
    assert told.filter(field=THIRD)["follows"].is_null().all()
    assert told.filter(rule="series.swapped_columns")["message"][0].endswith(
        "（由此还引起1处问题，含强制性1处，改正后一并消除）"
    )
