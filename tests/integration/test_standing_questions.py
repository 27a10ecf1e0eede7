"""Files that do not count leave the open questions of a unit alone: unreadable ones, empty ones, late ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from expectations.workbook.issued import write_workbook
from flows.decisions.review_submissions import lock
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, copied, new_installation, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.ledger.review_entries import EMPTY_WORDS
from warehouse.standing.status import list_status
from warehouse.store.query import query

EAST = "990101"
BLANKS = [("990101001", "走访户次"), ("990101002", "走访户次"), ("990101002", "家庭户数")]


def with_blanks(sample: Path, target: Path, blanks: list[tuple[str, str]]) -> Path:
    """The county's workbook with blank cells: a question each, but the workbook is accepted."""
    book = ClerkWorkbook(sample)
    for org, label in blanks:
        clear(book, "兰2表", label, org)
    return book.save(target)


def clear(book: ClerkWorkbook, form: str, label: str, org: str) -> None:
    """Blank a number; the total row follows."""
    book.enter(form, label, org, 0)
    book.cell(form, label, org).value = None


@pytest.fixture(scope="module")
def questioned(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """The small city after a night in which the east was accepted with three open questions."""
    made = new_installation(tmp_path_factory.mktemp("questioned") / "home", samples, [], catalogue=LANHE)
    [sample] = (samples([2024], LANHE) / EAST).iterdir()
    with_blanks(sample, made.home.inbox / "东岸县.xlsx", BLANKS)
    assert night(made).submissions["decision"].to_list() == ["accepted"]
    assert len(asked(made)) == len(BLANKS)
    return made


@pytest.fixture
def place(questioned: Installation, tmp_path: Path) -> Installation:
    return copied(questioned, tmp_path / "home")


def asked(place: Installation) -> list[tuple[object, ...]]:
    """The open questions, with what their history says, and how many stand in the worklist."""
    found = query(
        place.home.database,
        """SELECT l.org_code, l.field, l.finding_status, h.finding_status, h.closed_at
           FROM quality.finding_latest AS l JOIN quality.finding_history AS h USING (finding)
           WHERE l.severity <> 'info' ORDER BY l.finding""",
    )
    assert query(place.home.database, "FROM quality.worklist").height == found.height
    return found.rows()


def states(place: Installation) -> tuple[str, str, str]:
    [row] = (
        list_status(place.home.database, 2024, place.catalogue).filter(unit_code=EAST).iter_rows(named=True)
    )
    return row["report_state"], row["last_file_state"], row["status"]


def latest_receipt(place: Installation) -> str:
    folder = next(f for f in place.home.outbox.iterdir() if f.name.startswith(EAST))
    return max(folder.glob("回执*.md"), key=lambda path: path.stat().st_mtime_ns).read_text(encoding="utf-8")


def test_a_refused_file_hides_no_question(place: Installation) -> None:
    before = asked(place)
    (place.home.inbox / f"{EAST}_2024_东岸县.xlsx").write_bytes(b"PK\x03\x04 cut off")
    assert night(place).submissions["decision"].to_list() == ["refused"]
    assert asked(place) == before
    assert states(place) == ("accepted", "refused", "已接收（最后一份收到但无法读取）")


def test_a_workbook_that_nobody_filled_in_is_one_sentence_and_hides_no_question(place: Installation) -> None:
    before = asked(place)
    write_workbook(place.home.inbox / "空.xlsx", EAST, 2024, place.catalogue, place.rulebook)
    assert night(place).submissions["file_state"].to_list() == ["empty"]
    assert asked(place) == before
    assert states(place) == ("accepted", "empty", "已接收（最后一份空表）")
    receipt = latest_receipt(place)
    assert EMPTY_WORDS in receipt.splitlines()
    assert "审核发现" not in receipt
    digest = (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert "空表 1 份" in digest
    assert f"（空.xlsx）：{EMPTY_WORDS}" in digest
    assert "强制性问题" not in digest


def test_what_comes_after_the_year_was_locked_moves_nothing(
    place: Installation, samples: Samples, tmp_path: Path
) -> None:
    before, numbers = asked(place), query(place.home.database, "FROM core.measure ORDER BY ALL")
    lock(place, 2024, "王主任")
    [sample] = (samples([2024], LANHE) / EAST).iterdir()
    shutil.copy(sample, place.home.inbox / "东岸县改正.xlsx")
    assert night(place).submissions.select("decision", "rule").rows() == [("held", "held.year_locked")]
    assert asked(place) == before
    assert query(place.home.database, "FROM core.measure ORDER BY ALL").equals(numbers)
    assert "已改正" not in latest_receipt(place)
    incremental = tmp_path / "incremental.duckdb"
    shutil.copy(place.home.database, incremental)
    night(place, from_scratch=True)
    assert_same_content(incremental, place.home.database)


def test_what_is_blanked_is_not_mended_and_the_receipt_says_so(place: Installation, samples: Samples) -> None:
    [sample] = (samples([2024], LANHE) / EAST).iterdir()
    book = ClerkWorkbook(sample)
    clear(book, "兰1表", "会员数", "990101001001")
    book.cell("兰1表", "会员数", "990101001001").value = "约三百"
    book.save(place.home.inbox / "二.xlsx")
    night(place)
    receipt = latest_receipt(place)
    assert f"已改正 {len(BLANKS)} 处，仍未处理 0 处，新出现 1 处" in receipt
    book = ClerkWorkbook(sample)
    clear(book, "兰1表", "会员数", "990101001001")
    book.save(place.home.inbox / "三.xlsx")
    night(place)
    assert "已改正 0 处，改为未报 1 处（不算改正），仍未处理 0 处，新出现 1 处" in latest_receipt(place)
    found = query(
        place.home.database,
        "SELECT rule, finding_status FROM quality.finding_history WHERE severity <> 'info' AND field = 'member_count'",
    )
    assert dict(found.iter_rows()) == {"conform.unreadable_number": "blanked", "column.required": "open"}
    assert found.filter(pl.col("finding_status") == "fixed").is_empty()
