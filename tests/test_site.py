"""What the pages are made of: small lines, classes of tiles, charts, the index of the search, the files that are kept."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import polars as pl
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from flows.site.kept_pages import Kept, find_unchanged, is_up_to_date, keep_pages, read_kept
from flows.site.parts.charts import Point, as_script_text, design_charts, fill_design
from flows.site.parts.numbers import Numbers
from flows.site.parts.sparkline import HEIGHT, MARGIN, WIDTH, draw_sparkline
from flows.site.search_index import Entry, build_index, cut_pairs
from flows.site.tiles_page import classify
from tests.svg_lines import line_paths
from warehouse.published.figures import FIGURES


def test_a_line_rises_with_its_numbers() -> None:
    line = draw_sparkline([1, 2, 3])
    assert line is not None
    assert line.lines == (f"{MARGIN},{HEIGHT - MARGIN} {WIDTH // 2},{HEIGHT // 2} {WIDTH - MARGIN},{MARGIN}",)
    assert line.end == (WIDTH - MARGIN, MARGIN)


def test_a_line_of_ranks_rises_when_the_rank_is_nearer_to_the_first() -> None:
    better = draw_sparkline([21, 4], is_first_above=True)
    assert better == draw_sparkline([4, 21])


def test_a_missing_number_is_a_gap_in_the_line() -> None:
    line = draw_sparkline([1, 2, None, 3])
    assert line is not None
    assert len(line.lines) == 1
    assert len(line.dots) == 1


def test_one_number_is_no_line() -> None:
    assert draw_sparkline([None, 5, None]) is None


@given(st.lists(st.none() | st.floats(-1e12, 1e12, allow_nan=False), max_size=8))
def test_a_line_never_leaves_its_box(values: list[float | None]) -> None:
    line = draw_sparkline(values)
    if line is None:
        return
    points = [tuple(map(float, p.split(","))) for piece in line.lines for p in piece.split()]
    assert len(points) + len(line.dots) == sum(value is not None for value in values)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in [*points, *line.dots, line.end])


def test_tiles_have_five_classes_from_the_lowest_to_the_highest() -> None:
    assert classify([0, 10, 20, 50, None, 100], 0) == [1, 1, 2, 3, 0, 5]


def test_tiles_with_one_and_the_same_number_have_the_middle_class() -> None:
    assert classify([7, None, 7], 0) == [3, 0, 3]
    assert classify([None], 0) == [0]


def test_numbers_that_read_the_same_have_one_colour() -> None:
    assert classify([30.01, 29.98, 30.04], decimals=1) == [3, 3, 3]
    assert classify([30.01, 29.98, 30.14], decimals=1) == [1, 1, 5]


POINTS = [
    Point("2023", "东岸县", 3.0, "3"),
    Point("2024", "东岸县", 4.0, "4"),
    Point("2024", "</script>", 5.0, "5"),
]


@pytest.fixture(scope="module")
def designs() -> dict[str, dict[str, object]]:
    return design_charts()


def test_a_chart_holds_its_numbers_and_no_address(designs: dict[str, dict[str, object]]) -> None:
    for design in designs.values():
        before = json.dumps(design)
        filled = fill_design(design, POINTS, "人")
        text = as_script_text(filled)
        assert "://" not in text
        assert "</script>" not in text
        assert json.loads(text)["datasets"]["numbers"][2]["series"] == "</script>"
        assert json.dumps(design) == before, "a design is filled again and again"


def test_a_chart_is_what_vega_lite_understands(designs: dict[str, dict[str, object]]) -> None:
    import vl_convert

    for design in designs.values():
        filled = {**fill_design(design, POINTS, "人"), "width": 400}
        svg = vl_convert.vegalite_to_svg(filled)
        assert svg.count("东岸县") >= 1
        assert svg.count("aria-roledescription") >= len(POINTS)


def test_one_series_has_no_legend_and_of_ranks_the_first_is_above(
    designs: dict[str, dict[str, object]],
) -> None:
    one = json.dumps(fill_design(designs["years"], POINTS[:2], "位"))
    several = json.dumps(fill_design(designs["years"], POINTS, "人"))
    assert '"legend": null' in one
    assert '"legend": null' not in several
    assert '"reverse": true' in one
    assert '"reverse": false' in several


def entry(title: str, code: str = "", about: str = "") -> Entry:
    return Entry(title, code, "指标", "a.html", about)


def find(index: dict[str, dict[str, list[int]]], asked: str) -> set[int]:
    found = [set(accumulate(index["pairs"].get(pair, []))) for pair in cut_pairs(asked)]
    return set.intersection(*found) if found else set()


def test_a_word_an_id_and_what_is_said_of_it_are_found() -> None:
    index = build_index([entry("个人会员", "member_count"), entry("志愿者", "volunteer_count", "登记在册的")])
    assert find(index, "会员") == {0}
    assert find(index, "member_count") == {0}
    assert find(index, "_count") == {0, 1}
    assert find(index, "在册") == {1}
    assert find(index, "员志") == set()


def test_width_and_letter_case_do_not_matter() -> None:
    index = build_index([entry("５·29会员活动日", "Member")])
    assert find(index, "ＭＥＭＢＥＲ") == {0}
    assert find(index, "29会员") == {0}


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"), max_size=20))
def test_what_stands_in_a_title_is_found_by_any_part_of_it(before: str, after: str) -> None:
    index = build_index([entry("别的"), entry(f"{before}会员{after}")])
    assert 1 in find(index, "会员")


def rows(**columns: list[object]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    fixed = {
        "year": 2024, "org_code": "990101", "org_name": "东岸县", "org_level": "county", "programme": "network",
        "indicator": "member_count", "name_zh": "个人会员", "kind": "stock", "unit": "人", "decimals": 0, "state": "value",
        "coverage_pct": 100.0, "maturity": "provisional",
    }  # fmt: skip
    given_columns = {name: [value] * count for name, value in fixed.items()} | columns
    frame = pl.DataFrame(
        {n: pl.Series(n, given_columns.get(n, [None] * count), t) for n, t in FIGURES.items()}
    )
    assert isinstance(frame, pl.DataFrame)
    return frame


def test_a_number_says_how_far_it_reaches_and_never_that_all_have_reported() -> None:
    numbers = Numbers(rows(year=[2023, 2024], value=[3.0, 4.0], coverage_pct=[99.99, 100.0]), [2023, 2024])
    assert numbers.shown("member_count", "990101", 2023).coverage == "99.9%"
    assert numbers.shown("member_count", "990101", 2024).coverage == ""


def test_a_number_that_is_not_there_has_its_mark_and_nothing_beside_it() -> None:
    numbers = Numbers(rows(value=[None], state=["suppressed"], change=[2.0], coverage_pct=[50.0]), [2024])
    shown = numbers.shown("member_count", "990101")
    assert (shown.text, shown.value, shown.coverage, shown.growth) == ("*", None, "", "")
    assert numbers.shown("member_count", "990102").text == "—", "nobody was asked"


def test_numbers_of_which_some_are_final_say_so() -> None:
    both = rows(org_code=["990101", "990102"], value=[3.0, 4.0], maturity=["final", "provisional"])
    numbers = Numbers(both, [2024])
    assert numbers.maturity_of(["member_count"], ["990101"], 2024) == "终报"
    assert numbers.maturity_of(["member_count"], ["990101", "990102"], 2024) == "部分终报"
    assert numbers.maturity_of(["member_count"], ["990103"], 2024) == ""
    assert numbers.maturity_of(["member_count"], ["990103", "990102"], 2024) == "初报"
    assert numbers.maturity_of(["member_count"], ["990101"], 2023) == ""


def test_a_rank_that_falls_in_number_rises_in_words() -> None:
    numbers = Numbers(rows(value=[4.0], unit=["位"], change=[-3.0]), [2024])
    shown = numbers.shown("member_count", "990101")
    assert (shown.full, shown.growth, shown.is_rise) == ("第4位", "比上年上升3位", True)


def test_only_what_differs_is_written_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    first = {"index.html": b"one", "county_990101.html": b"two"}
    assert sorted(keep_pages(tmp_path, read_kept(tmp_path), "a", first)) == sorted(first)
    kept = read_kept(tmp_path)
    assert is_up_to_date(tmp_path, kept, "a")
    assert not is_up_to_date(tmp_path, kept, "b")
    (tmp_path / "others.html").write_bytes(b"of somebody else")
    assert keep_pages(tmp_path, kept, "b", {"index.html": b"one", "new.html": b"x"}) == ["new.html"]
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["index.html", "new.html", "others.html"]


def test_a_page_is_left_alone_where_what_it_is_made_of_and_what_lies_there_are_the_same(
    tmp_path: Path,
) -> None:
    east, west, index = "county_990101.html", "county_990102.html", "index.html"
    pages, sources = {east: b"east", west: b"west", index: b"one"}, {east: "3 members", west: "4 members"}
    keep_pages(tmp_path, read_kept(tmp_path), "a", pages, sources)
    kept = read_kept(tmp_path)
    assert find_unchanged(tmp_path, kept, sources) == {east, west}
    assert find_unchanged(tmp_path, kept, sources | {east: "5 members"}) == {west}
    keep_pages(tmp_path, kept, "b", {index: b"two", east: b"more"}, sources | {east: "5 members"}, {west})
    kept = read_kept(tmp_path)
    assert (kept.files, (tmp_path / west).read_bytes()) == ((east, west, index), b"west")
    assert find_unchanged(tmp_path, kept, sources) == {west}
    (tmp_path / west).write_bytes(b"of a night that was cut off")
    assert find_unchanged(tmp_path, kept, sources) == set()


def test_a_page_that_somebody_removed_comes_back(tmp_path: Path) -> None:
    pages = {"index.html": b"one", "rules.html": b"two"}
    keep_pages(tmp_path, read_kept(tmp_path), "a", pages)
    (tmp_path / "rules.html").unlink()
    assert not is_up_to_date(tmp_path, read_kept(tmp_path), "a")
    assert keep_pages(tmp_path, read_kept(tmp_path), "a", pages) == ["rules.html"]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "[]",
        '{"made_of": 1}',
        '{"made_of": "a", "files": 7}',
        '{"made_of": "a", "files": [], "seals": []}',
    ],
)
def test_a_manifest_that_cannot_be_read_is_none(tmp_path: Path, said: str) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "manifest.json").write_text(said, encoding="utf-8")
    assert read_kept(tmp_path) == Kept()


def test_a_manifest_names_no_file_outside_of_the_pages(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    said = {"made_of": "a", "files": ["../warehouse.duckdb", "digests/日报.md", "/etc/passwd", "index.html"]}
    (tmp_path / "assets" / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    assert read_kept(tmp_path).files == ("index.html",)


def draw_lines(*values: float | None) -> list[str]:
    """The paths of the line of these numbers, one a year."""
    points = [Point(str(2020 + n), "东岸县", value, "") for n, value in enumerate(values)]
    filled = fill_design(design_charts()["years"], points, "人") | {"width": 300}
    return line_paths(vl_convert.vegalite_to_svg(filled, allowed_base_urls=[]))


def test_a_year_without_a_number_is_a_gap_in_the_line() -> None:
    assert any("L" in path for path in draw_lines(1, 2, 3))
    assert not any("L" in path for path in draw_lines(1, None, 3))


def test_nights_of_two_years_stand_in_their_order() -> None:
    points = [Point(day, "问题", 1.0, "1") for day in ("2024-12-31", "2025-01-01")]
    filled = fill_design(design_charts()["years"], points[::-1], "个")
    assert all(layer["encoding"]["x"]["sort"] is None for layer in filled["layer"])
