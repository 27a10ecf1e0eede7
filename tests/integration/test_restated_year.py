"""A year that is reported anew is compared anew with the years after it: what is asked of them follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import NewInstallation, Samples, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.store.query import query

COUNTY = "371625"
FORM, LABEL, FIELD = "年2表", "常住人口数", "resident_population_count"


def asked(place: Installation) -> list[str]:
    """What is asked of the first township's residents in 2024."""
    found = query(
        place.home.database,
        "SELECT message FROM quality.finding_latest WHERE year = 2024 AND field = ? AND severity = 'warning'",
        [FIELD],
    )
    return found["message"].to_list()


def with_residents(path: Path, target: Path, factor: float) -> Path:
    book = ClerkWorkbook(path)
    township = book.villages()[0][:9]
    cell = book.cell(FORM, LABEL, township)
    assert isinstance(cell.value, int | float)
    book.enter(FORM, LABEL, township, round(cell.value * factor))
    return book.save(target)


@pytest.mark.deep
def test_what_is_asked_of_a_later_year_follows_the_year_before_it(
    installation: NewInstallation, samples: Samples
) -> None:
    place = installation([2021, 2022, 2024], units=[COUNTY])
    [sample] = samples([2023], units=[COUNTY]).glob(f"{COUNTY}/*")
    with_residents(sample, place.home.inbox / "少报.xlsx", 0.7)
    night(place)
    before = asked(place)
    assert any("上年" in message for message in before)

    (place.home.inbox / "更正.xlsx").write_bytes(sample.read_bytes())
    report = night(place)
    assert asked(place) == []
    assert len(report.outcome.revised) == 1
    [folder] = [f for f in place.home.outbox.iterdir() if f.name.startswith(COUNTY)]
    digest = (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert "因以前年度数据重报、报表或审核关系变动、年度确认，重新核对了 1 份" in digest
    assert not list(folder.glob("更正表_2024_*.xlsx"))

    kept = place.home.root / "kept.duckdb"
    place.home.database.rename(kept)
    night(place, from_scratch=True)
    assert_same_content(kept, place.home.database)
