"""Bulletin and yearbook beside the pages: of the newest year, and only when their numbers changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.decisions.review_submissions import send_back
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night

NAMES = {"公报_{}.docx", "公报_{}.html", "年鉴_{}.xlsx"}


@pytest.fixture(autouse=True)
def _with_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_SITE", "true")


def papers(place: Installation) -> dict[str, int]:
    """The papers in site/ and when they were written."""
    return {
        file.name: file.stat().st_mtime_ns
        for file in place.home.site.iterdir()
        if file.suffix in {".docx", ".xlsx"} or file.name.startswith("公报")
    }


def drop(place: Installation, samples: Samples, year: int) -> None:
    for folder in samples([year], LANHE).iterdir():
        for file in folder.iterdir():
            (place.home.inbox / file.name).write_bytes(file.read_bytes())


def test_a_night_with_numbers_writes_the_newest_years_papers(installation: NewInstallation) -> None:
    place = installation([2023, 2024], catalogue=LANHE)
    night(place)
    assert set(papers(place)) == {name.format(2024) for name in NAMES}


def test_a_night_in_which_no_number_changed_leaves_them_as_they_are(installation: NewInstallation) -> None:
    place = installation([2023, 2024], catalogue=LANHE)
    night(place)
    before = papers(place)
    (place.home.inbox / "不是报表.xlsx").write_bytes(b"no workbook")
    night(place)
    assert papers(place) == before


def test_a_paper_that_is_gone_is_written_again_and_a_new_year_leaves_the_old_ones(
    installation: NewInstallation, samples: Samples
) -> None:
    place = installation([2023], catalogue=LANHE)
    night(place)
    (place.home.site / "年鉴_2023.xlsx").unlink()
    drop(place, samples, 2024)
    night(place)
    assert set(papers(place)) == {name.format(year) for name in NAMES for year in (2023, 2024)}


def test_a_paper_that_cannot_be_written_is_told_and_the_night_goes_on(installation: NewInstallation) -> None:
    place = installation([2024], catalogue=LANHE)
    (place.home.site / "年鉴_2024.xlsx").mkdir(parents=True)
    report = night(place)
    assert place.home.database.exists()
    assert any("公报、年鉴未能更新" in sentence for sentence in report.troubles)
    assert "公报、年鉴未能更新" in Path(place.home.site / "digest.md").read_text(encoding="utf-8")


def test_a_slip_in_the_words_is_told_with_its_line_and_stops_no_night(
    installation: NewInstallation, tmp_path: Path
) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(LANHE, folder)
    (folder / "bulletin.yaml").write_text(
        "opening:\n  text: 会员{member_cuont}。\n  figures: [member_count]\n", encoding="utf-8"
    )
    place = installation([2024], catalogue=folder)
    report = night(place)
    assert place.home.database.exists()
    told = [sentence for sentence in report.troubles if "bulletin.yaml:2" in sentence]
    assert len(told) == 2, "of papers and of pages"
    assert all("指标“member_cuont”没有定义，是否应为“member_count”" in sentence for sentence in told)


def test_the_papers_of_a_year_that_is_withdrawn_are_taken_away(installation: NewInstallation) -> None:
    place = installation([2023, 2024], catalogue=LANHE)
    night(place)
    for unit in ("990101", "990102"):
        send_back(place, 2024, unit, "数据有误", "王主任")
    night(place)
    assert set(papers(place)) == {name.format(2023) for name in NAMES}
