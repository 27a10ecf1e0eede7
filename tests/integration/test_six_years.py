"""The whole city's six years in one night: the published figures come out, in the warehouse and in what people read."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from flows.answer.outgoing import Report
from flows.bulletin.write import name_bulletin, write_bulletin
from flows.settings import Installation
from tests.integration.answered_questions import PAGE, answer, list_queries
from tests.integration.conftest import Samples, new_installation, night
from tests.integration.libreoffice import print_to_pdf, require_libreoffice
from tests.integration.test_night import YANGXIN, fingerprint, receipts
from tests.test_trace_macro import draw_numbers, find_gaps, trace
from warehouse.ledger.journal import Journal
from warehouse.store.query import query

PUBLISHED = Path(__file__).parent.parent / "published_figures.csv"
YEARS = range(2019, 2025)


def figures() -> list[dict[str, str]]:
    with PUBLISHED.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def six_years(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> tuple[Installation, Report]:
    """The whole city's six years, received in one night."""
    place = new_installation(tmp_path_factory.mktemp("city") / "home", samples, YEARS)
    return place, night(place)


def test_every_sample_workbook_is_accepted(six_years: tuple[Installation, Report]) -> None:
    place, report = six_years
    found = report.outcome.findings.filter(pl.col("severity") == "critical").select(
        "rule", "sheet", "cell", "message"
    )
    assert found.to_dicts()[:5] == []
    assert report.submissions["decision"].to_list() == ["accepted"] * 48
    assert (
        query(place.home.database, "FROM mart.reporting_rate")["reporting_rate_pct"].to_list() == [100.0] * 6
    )


def test_the_questions_of_the_page_have_the_answers_that_stand_there(
    six_years: tuple[Installation, Report],
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(list_queries(page)) == 12
    assert answer(page, six_years[0].home.database) == page


DRAWN = 500 if "NIANBAO_DEEP" in os.environ else 10
OF_EACH_KIND = """SELECT min(i.indicator), i.org_code, i.year
                  FROM mart.indicator AS i JOIN mart.term AS t ON t.indicator = i.indicator
                  WHERE i.org_code = '371602' AND i.year = 2024 AND i.value IS NOT NULL
                  GROUP BY i.kind, t.window_function, t.function, i.org_code, i.year"""
"""A county's number of each kind, window function and way of reading years."""


def test_the_leaves_of_published_and_drawn_numbers_make_them_up(
    six_years: tuple[Installation, Report],
) -> None:
    place, _ = six_years
    published = [(figure["indicator"], "371600", 2024) for figure in figures()]
    of_each_kind = query(place.home.database, OF_EACH_KIND).rows()
    assert len(of_each_kind) >= 10
    numbers = [*published, *of_each_kind, *draw_numbers(place.home.database, DRAWN)]
    gaps = [
        gap for number in numbers for gap in find_gaps(place.catalogue, trace(place.home.database, *number))
    ]
    assert gaps == []


def test_there_are_45_published_figures() -> None:
    assert len(figures()) == 45


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure["indicator"])
def test_every_published_figure_comes_out(
    six_years: tuple[Installation, Report], figure: dict[str, str]
) -> None:
    found = query(
        six_years[0].home.database,
        "SELECT value FROM mart.indicator WHERE org_code = '371600' AND year = 2024 AND indicator = ?",
        [figure["indicator"]],
    )
    assert found.height == 1
    assert float(figure["low"]) <= found["value"][0] <= float(figure["high"])


def test_the_sums_that_can_be_looked_up_are_those_of_the_indicators(
    six_years: tuple[Installation, Report],
) -> None:
    found = query(
        six_years[0].home.database,
        """SELECT count(*) AS compared,
                  count(*) FILTER (i.value IS DISTINCT FROM r.value OR i.state <> r.state
                                   OR i.coverage_pct IS DISTINCT FROM r.coverage_pct) AS different
           FROM mart.indicator AS i
           JOIN mart.dictionary AS t ON t.kind = 'indicator' AND t.name = i.indicator
           JOIN core.rollup AS r ON r.year = i.year AND r.org_code = i.org_code AND r.measure = t.formula""",
    )
    assert found["compared"].item() > 100_000
    assert found["different"].item() == 0


def test_every_submission_has_a_receipt_and_the_night_a_digest(
    six_years: tuple[Installation, Report],
) -> None:
    place, _ = six_years
    assert len(receipts(place)) == 48
    assert len(list(place.home.outbox.iterdir())) == 8
    digest = (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert "本次收到 48 份：接收 48 份，暂存 0 份，未能接收 0 份。" in digest


def test_the_inbox_is_empty_and_nothing_unfinished_lies_about(six_years: tuple[Installation, Report]) -> None:
    place, _ = six_years
    assert [p for p in place.home.inbox.rglob("*") if p.is_file()] == []
    assert not place.home.building.exists()
    assert [p.name for p in place.home.root.iterdir() if p.suffix in (".wal", ".building")] == []
    assert place.home.database.stat().st_mode & 0o777 == 0o440


def test_the_validation_pages_are_published(six_years: tuple[Installation, Report]) -> None:
    place, _ = six_years
    assert list((place.home.site / "data_docs").rglob("index.html"))


def test_a_night_with_nothing_new_says_so_and_leaves_the_file_untouched(
    six_years: tuple[Installation, Report],
) -> None:
    place, _ = six_years
    before = fingerprint(place.home.database), Journal(place.home.journal, read_only=True).head
    report = night(place)
    assert report.submissions.is_empty()
    assert report.repeated == []
    assert (fingerprint(place.home.database), Journal(place.home.journal, read_only=True).head) == before


def test_the_same_bytes_twice_change_nothing(
    six_years: tuple[Installation, Report], samples: Samples
) -> None:
    place, _ = six_years
    before = fingerprint(place.home.database), Journal(place.home.journal, read_only=True).head
    [again] = (samples(YEARS) / YANGXIN).glob("*_2024_*.xlsx")
    shutil.copy(again, place.home.inbox / "再报一次.xlsx")
    report = night(place)
    assert [repeated.name for repeated in report.repeated] == ["再报一次.xlsx"]
    [receipt] = [text for text in receipts(place) if "再报一次.xlsx" in text]
    assert "内容完全相同，未重复入库，处理结果不变：**已接收**。" in receipt
    assert report.submissions.is_empty()
    assert list(place.home.inbox.glob("*.xlsx")) == []
    assert (fingerprint(place.home.database), Journal(place.home.journal, read_only=True).head) == before


# ------------------------------------------------------------------------------------------- what people read


def read_printed(figure: dict[str, str]) -> re.Pattern[str]:
    """A published figure as it is printed, and no longer number."""
    return re.compile(rf"(?<![\d.]){re.escape(figure['printed'])}(?![\d.])")


@pytest.fixture(scope="module")
def bulletin(six_years: tuple[Installation, Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the bulletin of 2024: .docx, .html, and .pdf as LibreOffice prints the first."""
    require_libreoffice()
    place, folder = six_years[0], tmp_path_factory.mktemp("papers")
    word, page = (folder / name_bulletin(2024, kind) for kind in ("docx", "html"))
    write_bulletin(place.home.database, place.catalogue, 2024, [word, page])
    print_to_pdf(word, folder)
    return folder


def test_the_bulletin_has_about_four_pages_as_libreoffice_prints_it(bulletin: Path) -> None:
    said = subprocess.run(
        ["pdfinfo", bulletin / name_bulletin(2024, "pdf")], check=True, capture_output=True, text=True
    ).stdout
    pages = int(re.findall(r"Pages:\s+(\d+)", said)[0])
    assert 4 <= pages <= 5


def test_every_published_figure_stands_as_printed_in_the_bulletin_under_its_programme(
    six_years: tuple[Installation, Report], bulletin: Path
) -> None:
    printed = subprocess.run(
        ["pdftotext", "-raw", bulletin / name_bulletin(2024, "pdf"), "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    page = re.sub(
        r"<svg.*?</svg>", "", (bulletin / name_bulletin(2024, "html")).read_text("utf-8"), flags=re.DOTALL
    )
    for text in (re.sub(r"\s", "", printed), re.sub(r"<[^>]*>|\s", "", page)):
        sections = _split_by_programme(text, six_years[0])
        missing = [
            figure["indicator"]
            for figure in figures()
            if not read_printed(figure).search(sections[figure["programme"]])
        ]
        assert missing == []


def _split_by_programme(text: str, place: Installation) -> dict[str, str]:
    """Programme -> what stands below its heading, up to the next."""
    names = {p.id: p.name_zh for p in place.catalogue.programmes.values()}
    found = {name: re.search(rf"[一二三四五六七八九十]、{re.escape(name)}", text) for name in names.values()}
    starts = sorted((at.start(), name) for name, at in found.items() if at)
    ends = [start for start, _ in starts[1:]] + [text.index("分县（市、区）主要指标")]
    below = {name: text[start:end] for (start, name), end in zip(starts, ends, strict=True)}
    return {programme: below[name] for programme, name in names.items()}
