"""A folder full of other things in the inbox: one shared receipt, the workbooks among them answered as ever."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from flows.settings import Home, Installation
from tests.faults.nights import Nights, Order
from tests.faults.wholeness import list_papers
from tests.integration.conftest import LANHE, NewInstallation, night
from warehouse.ledger.archive import Archive
from warehouse.store.query import query

EAST = "990101"
COUNT = 25


@pytest.fixture
def place(installation: NewInstallation) -> Installation:
    """A workbook of the east, and beside it many texts, empty files and copies that are nobody's."""
    made = installation([2024], units=[EAST], catalogue=LANHE)
    other = made.home.inbox / "照片"
    other.mkdir()
    for number in range(COUNT):
        (other / f"说明{number}.xlsx").write_text(f"附件 {number}", encoding="utf-8")
        (other / f"空{number}.docx").touch()
    return made


def test_each_of_very_many_files_is_named_and_the_workbook_is_taken(place: Installation) -> None:
    report = night(place)
    assert dict(report.submissions["decision"].value_counts().iter_rows()) == {
        "accepted": 1, "refused": COUNT + 1
    }  # fmt: skip
    papers = {
        path.name: path.read_text(encoding="utf-8") for path in place.home.outbox.glob("未识别单位/*.md")
    }
    assert len(papers) == 2
    [shared] = [text for name, text in papers.items() if "重复" not in name]
    [copies] = [text for name, text in papers.items() if "重复" in name]
    rows = [line.split("|") for line in shared.splitlines() if line.endswith(" |")]
    said = {row[2].strip(): row[3].strip() for row in rows if len(row) > 4}
    for number in range(COUNT):
        assert "不是 Excel 工作簿" in said[f"说明{number}.xlsx"]
    known = query(place.home.database, "SELECT submission FROM quality.submission")["submission"]
    assert set(known) == set(Archive(place.home.archive))
    empty = [name for name in said if name.startswith("空")]
    assert len(empty) == 1
    assert "是空的" in said[empty[0]]
    assert sum(f"| 空{number}.docx |" in copies for number in range(COUNT)) == COUNT - 1
    assert len(list(place.home.outbox.glob(f"{EAST}*/回执_2024_*.md"))) == 1


def test_a_night_killed_before_it_answers_leaves_no_receipt_unwritten(
    place: Installation, tmp_path: Path
) -> None:
    undisturbed = shutil.copytree(place.home.root, tmp_path / "undisturbed")
    with Nights() as nights:
        assert nights.run(Order(undisturbed, LANHE)).code == 0
        assert nights.run(Order(place.home.root, LANHE, last="publish")).code == -signal.SIGKILL
        assert list_papers(place.home) == set()
        assert nights.run(Order(place.home.root, LANHE)).code == 0
    papers = {name for name in list_papers(Home(undisturbed)) if "重复" not in name}
    assert len(papers) == 4  # each as a page too
    assert papers <= list_papers(place.home)
