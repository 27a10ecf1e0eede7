"""Three nights as a county lives them: mistakes, the correction workbook, answers, the city's decision, silence."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from flows.decisions.decide_explanations import issue_batch, take_batch
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import NewInstallation, Samples, night
from tests.integration.site_browser import with_pages
from tests.integration.warehouse_content import assert_same_content
from warehouse.store.query import query
from warehouse.words.workbook_texts import ACCEPT, ANSWER_BOX, ANSWER_SHEET, BATCH_HEADS, DRAFT_MARK

COUNTY = "371625"  # 博兴县

CORRECTED = {"organisation.village_staff_plausible", "sunflower_activity.families_need_activity"}
EXPLAINED = {
    "organisation.members_required": "该村2023年整体搬迁，会员登记正在重新办理。",
    "organisation.township_president_leads": "原会长2023年12月调离，新会长尚未任命。",
}
IGNORED = {"organisation.renewed_needs_date", "organisation.village_president_of_village"}
PLANTED = CORRECTED | EXPLAINED.keys() | IGNORED


def with_mistakes(path: Path, target: Path) -> Path:
    """The county's workbook with six mistakes, each of another rule."""
    book = ClerkWorkbook(path)
    villages = book.villages()
    township = villages[0][:9]
    book.enter("年1表", "工作人员数", villages[0], 25)
    members = book.cell("年1表", "个人会员数", villages[1])
    book.enter("年1表", "个人会员数", villages[1], 0)
    assert members.value == 0
    book.cell("年1表", "会长担任情况", township).value = "其他"
    book.cell("年1表", "换届时间", villages[2]).value = None
    book.cell("年1表", "会长担任情况", villages[3]).value = "分管负责同志"
    for label in ("亲子活动场次", "家长课堂场次", "入户指导次数"):
        book.enter("年3-2表", label, township, 0)
    return book.save(target)


def latest(place: Installation, pattern: str) -> Path:
    """The last file of the county's outbox whose name fits."""
    [folder] = [f for f in place.home.outbox.iterdir() if f.name.startswith(COUNTY)]
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def asked(place: Installation, year: int = 2023) -> dict[str, str]:
    """Status of every question (not hints) of the latest submission, by rule."""
    found = query(
        place.home.database,
        """SELECT rule, finding_status FROM quality.finding_latest
           WHERE unit_code = ? AND year = ? AND severity <> 'info'""",
        [COUNTY, year],
    )
    return dict(found.iter_rows())


def boxes(sheet: Worksheet) -> dict[str, int]:
    """Row of the answer box of every question with a box, by rule."""
    header = next(r for r in sheet.iter_rows() if any(c.value == ANSWER_BOX for c in r))
    places = {c.value: c.column for c in header}
    return {
        str(sheet.cell(row, places["审核关系编号"]).value): row
        for row in range(header[0].row + 1, sheet.max_row + 1)
        if sheet.cell(row, places["审核关系编号"]).value
    }


def with_decisions(path: Path, decision: str) -> None:
    """Fill the administrator's batch workbook, every line alike."""
    book = openpyxl.load_workbook(path)
    [sheet] = book.worksheets
    heads = {c.value: c for row in sheet.iter_rows(max_row=5) for c in row if isinstance(c, Cell)}
    for row in range(heads[BATCH_HEADS["decision"]].row + 1, sheet.max_row + 1):
        sheet.cell(row, heads[BATCH_HEADS["decision"]].column).value = decision
    book.save(path)


def test_a_round_over_three_nights(installation: NewInstallation, samples: Samples, tmp_path: Path) -> None:
    place = installation([2023], units=[])
    [sample] = (samples([2023], units=[COUNTY]) / COUNTY).iterdir()

    # First night: six mistakes; one of them holds the submission.
    with_mistakes(sample, place.home.inbox / "博兴县2023.xlsx")
    assert night(place).submissions["decision"].to_list() == ["held"]
    assert asked(place).keys() == PLANTED
    assert set(asked(place).values()) == {"open"}

    # The clerk corrects two, explains two, ignores two, and sends the correction workbook back.
    book = ClerkWorkbook(latest(place, "更正表_2023_*.xlsx"))
    villages = book.villages()
    original = ClerkWorkbook(sample)
    for label in ("亲子活动场次", "家长课堂场次", "入户指导次数"):
        cell = original.cell("年3-2表", label, villages[0][:9])
        assert isinstance(cell.value, int | float)
        book.enter("年3-2表", label, villages[0][:9], cell.value)
    book.enter("年1表", "工作人员数", villages[0], 3)
    sheet = book.book[ANSWER_SHEET]
    rows = boxes(sheet)
    assert rows.keys() == PLANTED - {
        "sunflower_activity.families_need_activity"
    }  # only warnings may be explained
    column = next(c.column for r in sheet.iter_rows() for c in r if c.value == ANSWER_BOX)
    for rule, text in EXPLAINED.items():
        sheet.cell(rows[rule], column).value = text
    book.save(place.home.inbox / "更正.xlsx")

    # Second night: accepted; the two ignored stay open, the explanations wait.
    assert night(place).submissions["decision"].to_list() == ["accepted"]
    assert asked(place) == dict.fromkeys(EXPLAINED, "explained") | dict.fromkeys(IGNORED, "open")
    receipt = latest(place, "回执_2023_*.md").read_text(encoding="utf-8")
    assert "尚有 2 处需要核实" in receipt
    assert "收到说明 2 处" in receipt
    assert "已改正 2 处，仍未处理 2 处，新出现 0 处，改动 4 个数：年1表" in receipt

    # The administrator accepts both; the third night is silent about them.
    batch = tmp_path / "审核.xlsx"
    assert issue_batch(place, batch).height == len(EXPLAINED)
    with_decisions(batch, ACCEPT)
    assert issue_batch(place, tmp_path / "又一份.xlsx").height == len(EXPLAINED)
    done, skipped = take_batch(place, batch, "王主任")
    assert (len(done), skipped) == (len(EXPLAINED), 0)
    assert take_batch(place, batch, "王主任") == ([], len(EXPLAINED))
    assert issue_batch(place, tmp_path / "再一份.xlsx").is_empty()
    night(place)
    assert asked(place) == dict.fromkeys(EXPLAINED, "accepted") | dict.fromkeys(IGNORED, "open")
    receipt = latest(place, "回执_2023_*.md").read_text(encoding="utf-8")
    assert "另有 2 处已经说明并获市级认可" in receipt
    assert all(rule not in receipt for rule in EXPLAINED)
    assert boxes(openpyxl.load_workbook(latest(place, "更正表_2023_*.xlsx"))[ANSWER_SHEET]).keys() == IGNORED

    # Everybody can read what was explained and accepted.
    night(with_pages(place))
    page = (place.home.site / "explanations.html").read_text(encoding="utf-8")
    for rule, text in EXPLAINED.items():
        assert text in page
        assert f'href="rules.html#rule-{rule}"' in page
    assert all(rule not in page for rule in IGNORED)

    # Next year the same two are offered last year's words.
    [sample] = (samples([2024], units=[COUNTY]) / COUNTY).iterdir()
    with_mistakes(sample, place.home.inbox / "博兴县2024.xlsx")
    night(place)
    sheet = openpyxl.load_workbook(latest(place, "更正表_2024_*.xlsx"))[ANSWER_SHEET]
    offered = {rule: sheet.cell(row, column).value for rule, row in boxes(sheet).items()}
    assert {rule: text for rule, text in offered.items() if text} == {
        rule: f"{DRAFT_MARK}{text}" for rule, text in EXPLAINED.items()
    }
    assert asked(place, 2024)["organisation.members_required"] == "open"

    # All of it can be told again from archive and journal.
    kept = tmp_path / "kept.duckdb"
    place.home.database.rename(kept)
    night(place, from_scratch=True)
    assert_same_content(kept, place.home.database)
    history = query(
        place.home.database, "FROM quality.finding_history WHERE year = 2023 AND severity <> 'info'"
    )
    assert dict(history.select("rule", "finding_status").iter_rows()) == (
        dict.fromkeys(CORRECTED, "fixed")
        | dict.fromkeys(EXPLAINED, "accepted")
        | dict.fromkeys(IGNORED, "open")
    )
    assert history["nights_open"].to_list() == [0] * history.height
    assert history.filter(pl.col("closed_at").is_null()).height == len(IGNORED)
