"""``nianbao check`` says of a workbook what the night will say of it, though only the night asks Great Expectations."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from flows.checking import check_file
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import NewInstallation, Samples, night
from warehouse.catalogue.frames import FINDING, shaped
from warehouse.store.query import query

WUDI = "371623"


def bent(path: Path, target: Path) -> Path:
    """A workbook with a mistake of every kind: out of range, a broken row, a blank, no number, a jump, a wrong total."""
    book = ClerkWorkbook(path)
    village, *_, other = book.villages()
    township = village[:9]
    book.cell("年1表", "个人会员数", org=village).value = -3
    book.cell("年1表", "工作人员数", org=other).value = None
    book.enter("年4-2表", "惠及青少年人次", township, 90_000)
    book.cell("年2表", "家庭户数", org=township).value = "三千多"
    book.cell("年4-2表", "活动场次", org="合计").value = 7
    return book.save(target)


def test_check_and_night_find_the_same(
    installation: NewInstallation, samples: Samples, tmp_path: Path
) -> None:
    place = installation([2023], units=[WUDI])
    night(place)
    [issued] = (samples([2024], units=[WUDI]) / WUDI).glob("*_2024_*.xlsx")
    file = bent(issued, tmp_path / "无棣县.xlsx")
    checked = check_file(place, file).findings
    assert {"column.range", "total.sheet"} <= set(checked["rule"])
    assert checked["rule"].str.starts_with("series.").any(), "last year is compared with, too"
    shutil.copy(file, place.home.inbox)
    night(place)
    found = query(
        place.home.database,
        "FROM quality.finding WHERE submission = (SELECT arg_max(submission, received_seq) FROM quality.submission)",
    )
    order = ["form", "rule", "sheet", "cell", "org_code", "field", "message"]
    assert_frame_equal(
        shaped(found, FINDING).sort(order, nulls_last=True), checked.sort(order, nulls_last=True)
    )
    assert not pl.Series(checked["finding"]).is_null().any()
