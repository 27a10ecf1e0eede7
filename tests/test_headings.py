"""Nothing that carries meaning is thrown away: brackets of headings, units of measurement, heads of sheets, remarks."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.judged_files import findings
from tests.workbook_edits import save_with
from tests.workbooks import (
    CATALOGUE,
    FIRST,
    HEADER,
    PLAN,
    Grid,
    column,
    conformed,
    cover,
    save_ods,
    save_xls,
    save_xlsb,
    save_xlsx,
    sheet,
    workbook,
)
from transforms.conforming.conform import Conformed
from transforms.reading.headings import interpret_heading
from transforms.reading.stated_units import parse_unit_words
from warehouse.words.folding import fold

COUNT = column("population", "adolescent_count")
_DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PAID = column("warm_action", "claim_paid_cny")
VISITS = column("warm_action", "spring_visit_count")


def headed(path: Path, form: str, at: int, label: str, save: Callable[..., Path] = save_xlsx) -> Conformed:
    """A workbook with another heading over one column."""
    rows = sheet(form)
    rows[HEADER][at] = label
    return conformed(save(path / f"a{save.__name__.replace('save_', '.')}", workbook(**{form: rows})))


def told(result: Conformed) -> list[str]:
    problems = result.problems.filter(~pl.col("rule").str.starts_with("read.missing"))
    return problems["rule"].to_list()


# ------------------------------------------------------------------------------------------------- brackets
@pytest.mark.parametrize(
    "remark",
    [
        "（10-17岁）",
        "（累计）",
        "(计划数)",
        "（含流动人口）",
        "【不含下辖】",
        "（2023年）",
        "（10-17岁）（人）",
        "（人）（累计）",
        "（上报数）",
    ],
)
def test_a_bracket_that_says_more_than_the_form_is_quoted(tmp_path: Path, remark: str) -> None:
    rows = sheet()
    rows[HEADER][COUNT] = f"青少年数{remark}"
    found = findings(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))).filter(
        rule="read.heading_remark"
    )
    assert found["severity"].to_list() == ["critical"]
    assert f"青少年数{remark}" in found["message"][0]
    assert found["message"][0].endswith("不知填的是否仍是“青少年数”")


@pytest.mark.parametrize("save", [save_xlsx, save_xls, save_ods, save_xlsb])
def test_a_bracket_is_read_in_every_format(tmp_path: Path, save: Callable[..., Path]) -> None:
    assert told(headed(tmp_path, "population", COUNT, "青少年数（10-17岁）", save)) == ["read.heading_remark"]


@pytest.mark.parametrize(
    "label",
    [
        "青少年数",
        "青少年数（人）",
        "青少年数（本年）",
        "青少年数(必填)",
        "青少年数（单位：人）",
        "青少年数（人，整数）",
        "青少年数：",
        "青少年数①",
        "*青少年数",
    ],
)
def test_a_bracket_that_says_nothing_new_is_nothing(tmp_path: Path, label: str) -> None:
    result = headed(tmp_path, "population", COUNT, label)
    assert (told(result), result.forms["population"]["adolescent_count"].to_list()) == ([], [12, 12])


def test_every_label_and_alias_of_the_catalogue_is_itself() -> None:
    from transforms.reading.header import find_header

    for form in PLAN.forms:
        for label, name in form.labels.items():
            row = [label, "单位代码", "所属乡镇(街道)" if form.is_roster else "单位名称"]
            header = find_header([row], form, PLAN)
            assert header is not None
            assert name in header.columns
            assert [header.remarks, header.stated.contradictions, header.unknown] == [[], [], []]


# ------------------------------------------------------------------------------------------------- units
@pytest.mark.parametrize(
    "label",
    [
        "赔付金额（万元）",
        "赔付金额（单位：万元）",
        "赔付金额(万元，保留四位小数)",
        "赔付金额（万）",
        "赔付金额（金额单位：万元）",
        "赔付金额(人民币万元)",
        "赔付金额（万元）（本年）",
        "赔付金额【计量单位:万元】",
    ],
)
def test_a_unit_is_applied_however_the_heading_states_it(tmp_path: Path, label: str) -> None:
    result = headed(tmp_path, "warm_action", PAID, label)
    assert told(result) == []
    assert result.forms["warm_action"]["claim_paid_cny"].to_list() == [15005000, 15005000]
    assert result.notes["fix"].unique().to_list() == ["header_unit"]


@pytest.mark.parametrize(
    "label", ["赔付金额（户）", "赔付金额（美元）", "赔付金额（万美元）", "赔付金额（元或万元）"]
)
def test_a_unit_that_cannot_be_applied_is_critical(tmp_path: Path, label: str) -> None:
    assert set(told(headed(tmp_path, "warm_action", PAID, label))) <= {
        "read.other_unit",
        "read.heading_remark",
    }
    assert told(headed(tmp_path, "warm_action", PAID, label))


@pytest.mark.parametrize("label", ["春节走访慰问户次（人）", "春节走访慰问户次（万元）"])
def test_a_count_of_something_else_is_critical(tmp_path: Path, label: str) -> None:
    field = CATALOGUE.forms["warm_action"].field("spring_visit_count")
    label = label.replace("春节走访慰问户次", field.label)
    assert told(headed(tmp_path, "warm_action", VISITS, label)) == ["read.other_unit"]


@pytest.mark.parametrize(
    ("line", "paid"),
    [
        ("（单位：万元）", 15005000),
        ("计量单位：户次、人、万元", 15005000),
        ("金额单位:万元", 15005000),
        ("单位：人民币万元", 15005000),
        ("本表金额单位为万元", 15005000),
        ("暖心行动情况表（万元）", 15005000),
        ("计量单位：户次、人、元", 1500.5),
        ("填报单位：滨城区", 1500.5),
        ("单位：户次", 1500.5),
    ],
)
@pytest.mark.parametrize("place", ["above", "below", "two cells"])
def test_a_unit_stated_for_the_whole_sheet_is_applied(
    tmp_path: Path, line: str, paid: float, place: str
) -> None:
    rows = sheet("warm_action")
    if place == "above":
        rows[1][5] = line
    elif place == "below":
        if "单位" not in line:
            pytest.skip("a title stands above")
        rows.append([f"注：{line}", *[""] * (len(rows[0]) - 1)])
    else:
        if "单位：" not in line or line.startswith(("（", "本表")):
            pytest.skip("not written in two cells")
        label, _, said = line.partition("：")
        rows[1][5], rows[1][6] = f"{label}：", said
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(warm_action=rows)))
    assert told(result) == []
    assert result.forms["warm_action"]["claim_paid_cny"].to_list() == [paid, paid]


@pytest.mark.parametrize("line", ["计量单位：元、万元", "金额单位：美元"])
def test_a_line_of_units_that_fits_a_column_twice_or_not_at_all_is_critical(
    tmp_path: Path, line: str
) -> None:
    rows = sheet("warm_action")
    rows[1][5] = line
    assert told(conformed(save_xlsx(tmp_path / "a.xlsx", workbook(warm_action=rows)))) == [
        "read.unclear_unit"
    ]


def test_a_unit_below_the_label_may_be_said_in_words(tmp_path: Path) -> None:
    rows = sheet("warm_action")
    below = [""] * len(rows[0])
    below[PAID] = "（单位：万元，保留四位小数）"
    rows.insert(HEADER + 1, below)
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(warm_action=rows)))
    assert told(result) == []
    assert result.forms["warm_action"]["claim_paid_cny"].to_list() == [15005000, 15005000]


def test_what_a_text_says_of_units_is_taken_apart() -> None:
    said = parse_unit_words(fold("金额单位：万元，保留四位小数，累计"), PLAN)
    assert (said.units, said.unknown) == (("万元",), ("累计",))


# ------------------------------------------------------------------------------------------------- heads
@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["填报单位：沾化区"], "表头的填报单位是“沾化区”，封面是“滨城区”"),
        (["填报单位：市中街道"], "表头的填报单位是“市中街道”，封面是“滨城区”"),
        (["填报单位代码：371603"], "表头的填报单位是“371603”，封面是“滨城区”"),
        (["2023年度"], "表头的年度是“2023”，封面是2024年"),
        (["报告年度：2022"], "表头的年度是“2022”，封面是2024年"),
        (["表号：年5表"], "表号写的是“年5表”，各栏却是年2表（人口与家庭基本情况）的"),
    ],
)
def test_a_head_that_contradicts_the_cover_is_critical(tmp_path: Path, cells: list[str], said: str) -> None:
    rows = sheet()
    rows[1][: len(cells)] = cells
    found = findings(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))).filter(
        rule="read.head_contradiction"
    )
    title = CATALOGUE.forms["population"].title
    assert found["message"].to_list() == [
        f"工作表“年2表”与封面不一致：{said.replace('人口与家庭基本情况', title)}"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "填报单位：滨城区",
        "填报单位：滨城区计划生育协会（盖章）",
        "填报单位：滨州市滨城区",
        "填报单位：滨城计生协",
        "填报单位：（盖章）",
        "填报单位：____",
        "2024年度",
        "填报单位代码：371602000000",
    ],
)
def test_a_head_that_agrees_is_nothing(tmp_path: Path, text: str) -> None:
    rows = sheet()
    rows[1][2] = text
    assert told(conformed(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))) == []


def test_the_head_of_the_first_sheet_still_says_whose_workbook_it_is(tmp_path: Path) -> None:
    rows = sheet()
    rows[1][2], rows[1][3] = "填报单位：滨城区", "2024年度"
    sheets = {"封面": [["封面"]], "年2表": rows}
    assert told(conformed(save_xlsx(tmp_path / "a.xlsx", sheets))) == []


# ------------------------------------------------------------------------------------------------- not taken over
def _commented(book: Workbook, page: Worksheet, r: int, c: int) -> None:
    page.write(r, c, 12)
    page.write_comment(r, c, "请核")


def _pictured(book: Workbook, page: Worksheet, r: int, c: int) -> None:
    page.write(r, c, 12)
    page.insert_image(r, c, "p.png", {"image_data": io.BytesIO(base64.b64decode(_DOT))})


def notice(path: Path) -> list[str]:
    found = findings(path).filter(rule="read.not_taken_over")
    assert found["severity"].unique().to_list() in ([], ["info"])
    return found["message"].to_list()


def test_comments_pictures_remarks_and_columns_of_ones_own_are_named(tmp_path: Path) -> None:
    rows: Grid = [[*row, "", "", ""] for row in sheet()]
    rows[HEADER][-3] = "备注"
    rows[FIRST][-3], rows[FIRST][-1] = "与去年口径不同", 77
    rows.append(["备注：本年新增一处", *[""] * (len(rows[0]) - 1)])
    rows[FIRST][COUNT] = rows[FIRST + 1][COUNT] = _commented
    rows[FIRST][COUNT + 1] = _pictured
    path = save_with(tmp_path / "a.xlsx", workbook(population=rows))
    [said] = notice(path)
    last = xl_col_to_name(len(rows[0]) - 1)
    assert said.endswith(f"没有读入：“备注”栏1处、没有表头的{last}列、第7行的备注、批注2条、图片1张")


@pytest.mark.parametrize("save", [save_xlsx, save_xls, save_ods, save_xlsb])
def test_a_plain_workbook_has_nothing_that_is_not_taken_over(tmp_path: Path, save: Any) -> None:
    assert (
        notice(save(tmp_path / f"a{save.__name__.replace('save_', '.')}", workbook(population=sheet()))) == []
    )


def test_a_serial_number_is_no_remark(tmp_path: Path) -> None:
    rows: Grid = [[lead, *row] for lead, row in zip(["", "", "序号", "", 1, "2"], sheet(), strict=True)]
    assert notice(save_xlsx(tmp_path / "a.xlsx", {"封面": cover(), "年2表": rows})) == []


def test_what_a_heading_names_is_kept_for_each_catalogue_by_itself() -> None:
    form = next(form for form in PLAN.forms if form.id == "population")
    label = next(text for text, named in form.labels.items() if named == "adolescent_count")
    other = replace(form, labels=form.labels | {label: "of another catalogue"})
    for heading in (label, f"{label}(人)"):
        for _ in range(2):
            assert interpret_heading(heading, form, PLAN)[0] == "adolescent_count"
            assert interpret_heading(heading, other, PLAN)[0] == "of another catalogue"
