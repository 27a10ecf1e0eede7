"""The small office in which faults are tried: one night behind it, and something to do."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.clerk_workbook import ClerkWorkbook
from tests.faults.nights import Nights, Order
from tests.faults.points import Office
from tests.integration.sample_files import SampleFiles

LANHE = Path(__file__).parent.parent / "catalogues" / "lanhe"
EAST, WEST = "990101", "990102"


def make_office(folder: Path, nights: Nights) -> Office:
    """Make it below ``folder``, with the undisturbed night after it.

    In its inbox lie a workbook, one whose total is wrong, so that a correction workbook goes back, and what is none.
    """
    office = Office(folder / "before", folder / "after", LANHE)
    inbox = office.before / "inbox"
    shutil.copytree(SampleFiles(folder / "2023", LANHE, [2023]).written(), inbox)
    first = nights.run(Order(office.before, LANHE))
    assert first.code == 0, first.said
    workbooks = SampleFiles(folder / "2024", LANHE, [2024]).written([EAST, WEST])
    shutil.copytree(workbooks / WEST, inbox / WEST, dirs_exist_ok=True)
    odd = ClerkWorkbook(next((workbooks / EAST).iterdir()))
    odd.cell("兰1表", "会员数", "合计").value += 1
    odd.save(inbox / EAST / "东岸县.xlsx")
    (inbox / "说明.txt").write_text("不是报表", encoding="utf-8")
    shutil.copytree(office.before, office.after)
    undisturbed = nights.run(Order(office.after, LANHE))
    assert undisturbed.code == 0, undisturbed.said
    return office
