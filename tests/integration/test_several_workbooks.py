"""A zip of several workbooks is several submissions: each is received, judged and answered by itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.test_review import EAST, WEST
from tests.integration.warehouse_content import assert_same_content
from warehouse.store.query import query


def test_the_workbooks_of_a_zip_are_submissions_of_their_own(
    installation: NewInstallation, samples: Samples, tmp_path: Path
) -> None:
    place = installation([2024], units=[], catalogue=LANHE)
    bundle = tmp_path / "两县年报.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        for unit in (EAST, WEST):
            [file] = (samples([2024], LANHE) / unit).iterdir()
            archive.write(file, f"{unit}.xlsx")
        archive.writestr("说明.txt", "请查收。")
    (place.home.inbox / bundle.name).write_bytes(bundle.read_bytes())
    decided = night(place).submissions.select("file_name", "unit_code", "decision").sort("file_name")
    assert decided.rows() == [
        (f"{EAST}.xlsx", EAST, "accepted"),
        (f"{WEST}.xlsx", WEST, "accepted"),
        (bundle.name, None, "refused"),
    ]
    [receipt] = place.home.outbox.glob("未识别单位/回执*.md")
    assert f"里面有2个工作簿：“{EAST}.xlsx”、“{WEST}.xlsx”，已分别接收" in receipt.read_text(encoding="utf-8")

    # Sent once more it changes nothing, and archive and journal tell the same.
    (place.home.inbox / bundle.name).write_bytes(bundle.read_bytes())
    night(place)
    assert query(place.home.database, "FROM quality.standing").height == 2
    kept = tmp_path / "kept.duckdb"
    place.home.database.rename(kept)
    night(place, from_scratch=True)
    assert_same_content(kept, place.home.database)
