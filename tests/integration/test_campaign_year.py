"""A campaign year: opened, units merged and deadlines granted by commands; the night follows, and so does a rebuild."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from typer.testing import CliRunner

from expectations.workbook.issued import Content, write_workbook
from flows.cli.app import app
from flows.decisions.amend_campaign import amend
from flows.decisions.review_submissions import confirm_year
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.test_review import EAST, changed_copy
from tests.integration.warehouse_content import assert_same_content
from tests.measure_rows import BRIDGE_VILLAGES
from warehouse.ledger.journal import Event, Journal
from warehouse.standing.status import list_status
from warehouse.store.query import query, read_standing_entries

NEXT = 2025
CLERK = "王主任"


def states(place: Installation, year: int) -> dict[str, str]:
    entries = Journal(place.home.journal, read_only=True).entries()
    found = list_status(place.home.database, year, place.catalogue, entries)
    return dict(found.select("unit_code", "status").iter_rows())


def test_a_year_that_is_opened_and_a_merger_hold_through_night_and_rebuild(
    after_a_night: NewInstallation, tmp_path: Path
) -> None:
    place = after_a_night([2024])
    one, other = BRIDGE_VILLAGES
    amend(place, Event.YEAR_OPENED, CLERK, year=NEXT)
    amend(place, Event.REGISTRY_CHANGED, CLERK, change="merge", year=NEXT, org_code=other, old_codes=[one])
    amend(
        place, Event.DEADLINE_MOVED, CLERK, unit_code=EAST, year=NEXT, until="2026-03-31", reason="因灾延期"
    )

    # The workbook that is issued now is the new year's, without the village that is no more.
    prior = read_standing_entries(place.home.database, EAST, 2024)
    issued = tmp_path / "东岸县2025.xlsx"
    write_workbook(issued, EAST, NEXT, place.catalogue, place.rulebook, Content(prior, prior))
    book = ClerkWorkbook(issued)
    codes = {
        str(cell.value)
        for sheet in book.book.worksheets
        for row in sheet.iter_rows(max_col=1)
        for cell in row
    }
    assert other in codes
    assert one not in codes

    night(place)
    due = query(place.home.database, "SELECT unit_code, due_date FROM core.expected_report WHERE year = 2025")
    assert str(dict(due.iter_rows())[EAST]) == "2026-03-31"
    assert states(place, NEXT)[EAST] == "未报送"
    succession = query(place.home.database, "FROM core.succession").filter(pl.col("old_code") == one)
    assert succession.select("new_code", "year").rows() == [(other, NEXT)]

    kept = tmp_path / "kept.duckdb"
    place.home.database.rename(kept)
    night(Installation(place.settings), from_scratch=True)
    assert_same_content(kept, place.home.database)


def test_a_past_year_on_the_cover_is_asked_about_and_counts_once_it_is_confirmed(
    after_a_night: NewInstallation, samples: Samples
) -> None:
    place = after_a_night([2024])
    amend(place, Event.YEAR_OPENED, CLERK, year=NEXT)
    changed_copy(samples, place.home.inbox / "东岸县年报.xlsx")
    report = night(place)
    assert report.submissions.filter(file_name="东岸县年报.xlsx").select("decision", "rule").rows() == [
        ("held", "held.year_doubted")
    ]
    receipts = [p.read_text(encoding="utf-8") for p in place.home.outbox.rglob("回执*.md")]
    [receipt] = [text for text in receipts if "东岸县年报.xlsx" in text]
    assert "封面写的是2024年度，贵单位2024年度报表已接收，现在报送的是2025年度。" in receipt
    assert "已入库，无须再做处理" not in receipt
    assert states(place, NEXT)[EAST] == "年度有疑（封面写的是2024年度）"
    assert states(place, 2024)[EAST].startswith("已接收")

    assert confirm_year(place, 2024, EAST, CLERK) == "东岸县年报.xlsx"
    night(place)
    standing = query(
        place.home.database,
        "SELECT file_name FROM quality.submission WHERE is_standing AND unit_code = ?",
        [EAST],
    )
    assert standing["file_name"].to_list() == ["东岸县年报.xlsx"]
    assert states(place, NEXT)[EAST] == "未报送"


def test_a_decision_shows_at_once_as_taking_effect_tonight(after_a_night: NewInstallation) -> None:
    from flows.decisions.review_submissions import approve, lock

    place = after_a_night([2024])
    approve(place, 2024, EAST, CLERK)
    entries = Journal(place.home.journal, read_only=True).entries()
    shown = list_status(place.home.database, 2024, place.catalogue, entries)
    assert dict(shown.select("unit_code", "tonight").iter_rows())[EAST] == "审定（今晚生效）"
    night(place)
    assert states(place, 2024)[EAST] == "已审定"
    lock(place, 2024, CLERK)
    night(place)
    assert states(place, 2024)[EAST] == "已锁定"


def test_locking_with_units_outstanding_and_approving_everything_ask_first(
    after_a_night: NewInstallation,
) -> None:
    place = after_a_night([2024], units=[EAST])

    def said(*words: str) -> tuple[int, int]:
        """How the command ended, where nobody can be asked, and how long the journal is afterwards."""
        at = ["--home", str(place.home.root), "--catalogue", str(LANHE), "review", *words, "--year", "2024"]
        result = CliRunner().invoke(app, at)
        return result.exit_code, len(Journal(place.home.journal, read_only=True).entries())

    before = len(Journal(place.home.journal, read_only=True).entries())
    assert said("approve") == (2, before)
    assert said("lock") == (2, before)
    assert said("approve", "--yes") == (0, before + 1)
    assert said("lock", "--yes") == (0, before + 2)
