"""The small office in which faults are tried: one night behind it, a workbook and a file that is none in its inbox."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.nights import Nights, Order
from tests.faults.points import Office
from tests.integration.sample_files import SampleFiles

LANHE = Path(__file__).parent.parent / "catalogues" / "lanhe"


def make_office(folder: Path, nights: Nights) -> Office:
    """Make it below ``folder``, with the undisturbed night after it."""
    office = Office(folder / "before", folder / "after", LANHE)
    inbox = office.before / "inbox"
    shutil.copytree(SampleFiles(folder / "2023", LANHE, [2023]).written(), inbox)
    first = nights.run(Order(office.before, LANHE))
    assert first.code == 0, first.said
    workbooks = SampleFiles(folder / "2024", LANHE, [2024]).written(["990102"])
    shutil.copytree(workbooks / "990102", inbox / "990102", dirs_exist_ok=True)
    (inbox / "说明.txt").write_text("不是报表", encoding="utf-8")
    shutil.copytree(office.before, office.after)
    undisturbed = nights.run(Order(office.after, LANHE))
    assert undisturbed.code == 0, undisturbed.said
    return office
