"""A night in partitions gives what it gives in one, wherever they run; what nothing has changed for is not judged again."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.partitions.work import WorkLost, WorkPlace
from flows.settings import Installation, Settings
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.integration.warehouse_content import assert_same_content

EAST = "990101"
YEARS = range(2022, 2025)
_LATER_RULE = """
- id: care.few_visits
  scope: row
  form: care
  expression: visit_count >= {least}
  since: {since}
  severity: warning
  message: "{{left}}，偏少"
  why: 试验。
  fix: 请核对。
"""


def with_settings(place: Installation, **settings: object) -> Installation:
    """The same installation, read anew, with other settings."""
    return Installation(place.settings.model_copy(update=settings))


def kept(place: Installation) -> dict[str, int]:
    """The partitions that were made, by key: when."""
    return {
        about.parent.name: about.stat().st_mtime_ns
        for about in sorted((place.home.work / "parts").glob("*/about.json"))
    }


def of_kind(parts: dict[str, int], kind: str) -> set[str]:
    return {key for key in parts if key.startswith(kind)}


def replayed(place: Installation, **settings: object) -> Path:
    """The warehouse that a rebuild makes, beside the one that was there."""
    before = place.home.root / "before.duckdb"
    shutil.copy(place.home.database, before)
    night(with_settings(place, **settings), from_scratch=True)
    return before


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Path:
    """A folder with catalogue and home after one night of eleven files: one unreadable, one held, one restated."""
    folder = tmp_path_factory.mktemp("settled")
    shutil.copytree(LANHE, folder / "catalogue")
    place = new_installation(folder / "home", samples, YEARS, catalogue=folder / "catalogue")
    inbox = place.home.inbox / EAST
    first, second = (next(inbox.glob(f"{EAST}_{year}_*.xlsx")) for year in YEARS[:2])
    held = ClerkWorkbook(first)
    held.cell("兰1表", "会员数", org=f"{EAST}001001").value = "三百"
    held.save(first)
    restated = ClerkWorkbook(second)
    restated.enter("兰1表", "会员数", org=f"{EAST}001001", value=311)
    restated.save(inbox / "更正.xlsx")
    (inbox / "读不出.xlsx").write_bytes(b"nothing")
    night(place)
    return folder


@pytest.fixture
def office(settled: Path, tmp_path: Path) -> Installation:
    """A copy of the settled installation, with a catalogue that may be changed."""
    folder = shutil.copytree(settled, tmp_path / "copy")
    (folder / "catalogue" / "rules").mkdir(exist_ok=True)
    return Installation(Settings(home=folder / "home", catalogue=folder / "catalogue", workers=2))


@pytest.fixture
def city(office: Installation) -> Path:
    """Its catalogue."""
    return office.settings.catalogue


@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_parts_of_one_workbook_give_what_one_part_gives(office: Installation, runner: str) -> None:
    before = replayed(office, part_size=1, task_runner=runner)
    assert_same_content(before, office.home.database)
    assert len(of_kind(kept(office), "check")) >= 4, "a partition for each of three units, and the one before"


def test_what_is_kept_of_a_partition_does_not_depend_on_what_indicators_read(office: Installation) -> None:
    """An indicator may read or publish a measure tomorrow that none does today, and nothing is read again then."""
    place = WorkPlace(str(office.home.work))
    parts = [place.get(key) for key in of_kind(kept(office), "read")]
    measures = pl.concat([part.find("measures") for part in parts]).drop_nulls("value")
    reported = pl.concat([part.find("reported") for part in parts])
    assert set(reported["measure"]) == set(measures["measure"])
    assert reported["value"].sum() == pytest.approx(measures["value"].sum())


def test_a_rebuild_judges_nothing_again(office: Installation) -> None:
    made = kept(office)
    before = replayed(office)
    assert kept(office) == made
    assert_same_content(before, office.home.database)


def test_a_rule_of_other_years_judges_nothing_again_and_one_of_these_years_reads_nothing_again(
    office: Installation, city: Path
) -> None:
    made = kept(office)
    rule = city / "rules" / "care.yaml"
    rule.write_text(_LATER_RULE.format(least=1, since=2099), encoding="utf-8")
    night(with_settings(office))
    assert kept(office) == made
    rule.write_text(_LATER_RULE.format(least=1_000_000, since=2024), encoding="utf-8")
    night(with_settings(office))
    now = kept(office)
    assert of_kind(now, "read") == of_kind(made, "read")
    assert len(of_kind(now, "check") - of_kind(made, "check")) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda part: next(part.glob("*.parquet")).write_bytes(b"PAR1"),
        lambda part: next(part.glob("*.parquet")).unlink(),
        lambda part: (part / "about.json").write_bytes(b"{"),
    ],
    ids=["changed", "missing", "cut off"],
)
def test_a_partition_that_is_not_as_it_was_left_is_made_again(
    office: Installation, damage: Callable[[Path], object]
) -> None:
    for key in kept(office):
        if not key.startswith("background"):
            damage(office.home.work / "parts" / key)
    before = replayed(office)
    assert_same_content(before, office.home.database)


def test_partitions_that_no_night_reads_go_after_some_days(office: Installation) -> None:
    made = kept(office)
    replayed(office, part_size=2)
    assert made.keys() <= kept(office).keys()
    dates = office.home.work / "last_read.json"
    dates.write_text(dates.read_text().replace("20", "19", 1).replace("2026-", "2025-"), encoding="utf-8")
    replayed(office, part_size=2)
    left = kept(office)
    assert left
    assert of_kind(made, "check") & left.keys() == set()


class Planted:
    """What runs a command when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self._made,)


def test_what_somebody_else_has_put_into_the_place_of_work_is_not_unpickled(tmp_path: Path) -> None:
    place = WorkPlace(str(tmp_path / "work"))
    name = place.keep_object({"true": 1})
    assert place.read_object(name) == {"true": 1}
    planted = tmp_path / "planted"
    (tmp_path / "work" / "objects" / name).write_bytes(pickle.dumps(Planted(planted)))
    with pytest.raises(WorkLost):
        place.read_object(name)
    assert not planted.exists()
