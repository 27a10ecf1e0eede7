"""The pages after a night: written where something changed, left alone where nothing did, and no reason for a night to fail."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from flows.settings import Installation, Settings
from flows.site import publish
from flows.site.county_page import render_county
from flows.site.edition import Edition
from flows.site.kept_pages import MANIFEST
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, copied, night
from tests.integration.site_browser import with_pages
from warehouse.catalogue.bulletin import BULLETIN

EAST, WEST, BRIDGE = "990101", "990102", "990101001"


@pytest.fixture
def place(after_a_night: NewInstallation) -> Installation:
    """The small city, its pages written by a night without news."""
    made = with_pages(after_a_night([2024]))
    night(made)
    return made


def files_of(place: Installation) -> dict[str, int]:
    """The pages and what they share, each with the moment it was written."""
    files = [*place.home.site.glob("*.html"), *(place.home.site / "assets").iterdir()]
    return {file.name: file.stat().st_mtime_ns for file in files}


def read(place: Installation, name: str) -> str:
    return (place.home.site / name).read_text(encoding="utf-8")


def send_again(place: Installation, samples: Samples, unit: str, label: str, value: object) -> None:
    """The county's workbook of 2024 with another content in the first row of 兰2表."""
    [sample] = (samples([2024], LANHE) / unit).iterdir()
    book = ClerkWorkbook(sample)
    book.cell("兰2表", label).value = value  # type: ignore[assignment]
    book.save(place.home.inbox / sample.name)


def correct(place: Installation, samples: Samples) -> None:
    """The county's workbook of 2024 with one visit more."""
    [sample] = (samples([2024], LANHE) / EAST).iterdir()
    book = ClerkWorkbook(sample)
    seen = book.cell("兰2表", "走访户次", BRIDGE).value
    assert isinstance(seen, int | float)
    book.enter("兰2表", "走访户次", BRIDGE, seen + 1)
    book.save(place.home.inbox / sample.name)


def test_an_installation_without_pages_has_none(after_a_night: NewInstallation) -> None:
    assert list(after_a_night([2024]).home.site.glob("*.html")) == []


def test_every_programme_and_county_of_another_city_has_its_page(place: Installation) -> None:
    pages = {
        "index.html",
        "tiles.html",
        "quality.html",
        "dictionary.html",
        "rules.html",
        "explanations.html",
        "search.html",
    }
    pages |= {"programme_network.html", "programme_care.html", f"county_{EAST}.html", f"county_{WEST}.html"}
    assert pages <= set(files_of(place))
    assert "兰河市计划生育协会" in read(place, "index.html")
    tiles = read(place, "tiles.html")
    assert "--column:1;--row:1" in tiles, "nobody said where they lie"
    assert "--column:2;--row:1" in tiles
    for page in pages:
        assert "滨州" not in read(place, page)


def test_pages_of_a_city_of_which_nobody_has_reported_say_so(installation: NewInstallation) -> None:
    place = with_pages(installation(catalogue=LANHE))
    assert night(place).troubles == []
    for page in ("index.html", "programme_care.html"):
        assert "还没有已接收的年报数据" in read(place, page)
    assert "还没有分县的年报数据" in read(place, "tiles.html")
    assert read(place, "quality.html").count("未报送") >= len((EAST, WEST))


def test_a_night_without_news_writes_no_page(place: Installation) -> None:
    before = files_of(place)
    report = night(place)
    assert not report.has_published
    assert files_of(place) == before
    assert report.seconds["site"] > 0


def test_a_correction_leaves_the_pages_alone_that_do_not_speak_of_it(
    place: Installation, samples: Samples
) -> None:
    before = files_of(place)
    correct(place, samples)
    night(place)
    after = files_of(place)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {"index.html", "quality.html"} <= changed
    assert not changed & {
        "dictionary.html", "rules.html", "explanations.html", "search.html", "vega.js", "site.css", "search_index.js",
    }  # fmt: skip


def test_pages_of_counties_that_are_left_alone_are_those_that_would_be_made(
    place: Installation, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[str]()

    def render(edition: Edition, org_code: str) -> bytes:
        made.append(org_code)
        return render_county(edition, org_code)

    monkeypatch.setattr(publish, "render_county", render)
    correct(place, samples)
    night(place)
    assert EAST in made
    pages = {county: read(place, f"county_{county}.html") for county in (EAST, WEST)}
    (place.home.site / MANIFEST).unlink()
    made.clear()
    night(place)
    assert sorted(made) == [EAST, WEST]
    assert {county: read(place, f"county_{county}.html") for county in (EAST, WEST)} == pages
    (place.home.site / MANIFEST).write_text(
        (place.home.site / MANIFEST)
        .read_text(encoding="utf-8")
        .replace('"made_of": "', '"made_of": "of another night '),
        encoding="utf-8",
    )
    made.clear()
    night(place)
    assert made == [], "nothing of any county has changed"


def test_other_words_of_the_bulletin_are_read_without_a_new_file(tmp_path: Path, samples: Samples) -> None:
    catalogue = shutil.copytree(LANHE, tmp_path / "catalogue")
    place = Installation(Settings(home=tmp_path / "home", catalogue=catalogue, workers=2, site=True))
    place.home.make()
    for folder in samples([2024], LANHE).iterdir():
        shutil.copytree(folder, place.home.inbox / folder.name)
    night(place)
    first = read(place, "index.html")
    (catalogue / BULLETIN).write_text(
        "opening: {text: '全市{visit_cumulative_count}。', figures: [visit_cumulative_count]}\n",
        encoding="utf-8",
    )
    report = night(Installation(place.settings))
    assert not report.has_published
    assert read(place, "index.html") != first
    assert read(place, "index.html").count('class="card"') == 1


def test_what_somebody_wrote_into_a_cell_is_no_markup(place: Installation, samples: Samples) -> None:
    send_again(place, samples, EAST, "走访户次", "<script>alert(1)</script>")
    night(place)
    page = read(place, "quality.html")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_question_names_its_form_and_cell(place: Installation, samples: Samples) -> None:
    send_again(place, samples, EAST, "走访户次", "很多")
    night(place)
    [row] = [row for row in read(place, "quality.html").split("<tr>") if "很多" in row]
    assert re.search(r"兰2表 [A-Z]+\d+（[^）]*走访户次）", row)
    assert not re.search(r"第\d+行", row)


def test_pages_that_cannot_be_written_are_told_and_the_units_have_their_answers(
    place: Installation, samples: Samples, tmp_path: Path
) -> None:
    again = copied(place, tmp_path / "again")
    index = again.home.site / "index.html"
    index.unlink()
    index.mkdir()
    receipts = {path.name for path in again.home.outbox.rglob("回执*.md")}
    [sample] = (samples([2024], LANHE) / EAST).iterdir()
    ClerkWorkbook(sample).save(again.home.inbox / sample.name)
    report = night(again)
    assert report.has_published
    assert {path.name for path in again.home.outbox.rglob("回执*.md")} - receipts
    [told] = [trouble for trouble in report.troubles if "统计网页" in trouble]
    assert told in read(again, "digest.md").replace("\\", "")
    index.rmdir()
    assert not [trouble for trouble in night(again).troubles if "统计网页" in trouble]
    assert index.is_file()
