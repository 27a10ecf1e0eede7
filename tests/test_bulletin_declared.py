"""bulletin.yaml: what can be declared, and how a mistake is answered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.small_city import LANHE
from warehouse.catalogue.bulletin import BULLETIN
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.yaml_source import CatalogueError

OPENING = "opening: {text: '会员{member_count}。', figures: [member_count]}\n"


def declared(folder: Path, text: str) -> Catalogue:
    shutil.copytree(LANHE, folder / "catalogue")
    (folder / "catalogue" / BULLETIN).write_text(text, encoding="utf-8")
    return load_catalogue(folder / "catalogue")


def programme(**changed: str) -> str:
    record = {"programme": "network", "text": "'会员{member_count}。'", "figures": "[member_count]"} | changed
    return f"{OPENING}programmes:\n  - {{{', '.join(f'{k}: {v}' for k, v in record.items())}}}\n"


def test_what_is_declared_is_said(tmp_path: Path) -> None:
    told = declared(tmp_path, programme()).bulletin
    assert told.opening.text == "会员{member_count}。"
    assert told.programmes["network"].text == "会员{member_count}。"


def test_a_programme_without_a_record_is_told_by_its_own_indicators(tmp_path: Path) -> None:
    catalogue = declared(tmp_path, OPENING)
    assert set(catalogue.bulletin.programmes) == set(catalogue.programmes)
    told = catalogue.bulletin.programmes["care"]
    assert told.figures
    for name in told.figures:
        assert catalogue.indicators[name].programme == "care"
        assert f"{{{name}}}" in told.text


def test_a_unit_that_ends_a_name_is_said_once(tmp_path: Path) -> None:
    catalogue = declared(tmp_path, OPENING)
    assert catalogue.indicators["visit_cumulative_count"].name_zh == "累计走访户次"
    assert "累计走访{visit_cumulative_count}[" in catalogue.bulletin.programmes["care"].text


def test_words_do_not_change_the_catalogues_version(tmp_path: Path) -> None:
    assert declared(tmp_path, programme()).version == load_catalogue(LANHE).version


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (programme(programme="networks"), "项目“networks”没有定义，是否应为“network”"),
        (programme(text="'会员{member_cout}。'"), "指标“member_cout”没有定义，是否应为“member_count”"),
        (
            programme(text="'会员{member_count.grow}。'"),
            "“{member_count.grow}”中的“grow”没有定义，是否应为“growth”",
        ),
        (programme(text="'会员{member_count:约}。'"), "“约”没有写明取整到哪一位"),
        (programme(figures="[member]"), "指标“member”没有定义"),
        (programme(figures="[]"), "figures 至少写一项指标"),
        (
            programme(charts="[{title: 图, indicators: [member_count, visit_share_pct]}]"),
            "“图”各项的计量单位不同，不能画在一张图上",
        ),
        (
            programme(charts="[{title: 图, indicators: [member_count, member_count], over: counties}]"),
            "只能有一项指标",
        ),
        (programme(chart="[]"), "chart"),
        (
            f'{OPENING}tiles: {{"990101": [0, 0], "990110": [1, 0]}}\n',
            "县(市、区)代码“990110”没有定义，是否应为“990101”",
        ),
        (
            f'{OPENING}tiles: {{"990101": [1, 0], "990102": [1, 0]}}\n',
            "tiles 中有两个县(市、区)都在第1列第0行",
        ),
        (f'{OPENING}tiles: {{"990101": [-1, 0]}}\n', "tiles 的列、行从 0 起，不能是负数"),
        (programme() + programme().partition("programmes:\n")[2], "项目“network”写了两次"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    catalogue = declared(tmp_path, text)  # a slip in the words stops nothing else
    with pytest.raises(CatalogueError) as refused:
        _ = catalogue.bulletin
    assert told in str(refused.value)
    assert f"{BULLETIN}" in str(refused.value)
