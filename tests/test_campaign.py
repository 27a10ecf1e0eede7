"""What happens every year is an entry of the journal: the catalogue of an installation follows, its files stay."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.decisions.amend_campaign import amend
from flows.settings import Installation, Settings
from flows.steps.steps import list_doubtful_years
from tests.measure_rows import BAY, BRIDGE, BRIDGE_VILLAGES, EAST, LANHE, lanhe
from warehouse.catalogue.amended import Amendment, AmendmentRefused, apply_amendments
from warehouse.ledger.journal import Event, Journal
from warehouse.store.schema.declared_tables import list_expected_reports

ONE, OTHER = BRIDGE_VILLAGES
NEXT = lanhe().settings.last_year + 1


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return Installation(Settings(home=tmp_path, catalogue=LANHE))


def change(what: str, year: int = NEXT, **says: object) -> Amendment:
    return Amendment("registry_changed", {"change": what, "year": year, **says})


def units(catalogue, year: int) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return dict(catalogue.registry.units(year).select("org_code", "name").iter_rows())


def test_a_year_that_is_opened_may_be_reported_at_once(place: Installation) -> None:
    assert place.catalogue.explain_not_reported(NEXT)
    amend(place, Event.YEAR_OPENED, "王主任", year=NEXT)
    assert place.catalogue.explain_not_reported(NEXT) == ""
    [entry] = Journal(place.home.journal).entries()
    assert (entry.event, entry.actor, entry.year) == (Event.YEAR_OPENED, "王主任", NEXT)


def test_the_files_stay_and_the_version_tells_the_difference(place: Installation) -> None:
    before = place.declared_catalogue.version
    amend(place, Event.YEAR_OPENED, "王主任", year=NEXT)
    assert lanhe().version == before
    assert place.catalogue.version != before
    again = Installation(place.settings)
    assert again.catalogue.version == place.catalogue.version


@pytest.mark.parametrize(
    ("year", "words"), [(NEXT - 1, "已经开放，无须再操作"), (NEXT + 1, f"下一个应为{NEXT}年度")]
)
def test_only_the_next_year_may_be_opened(place: Installation, year: int, words: str) -> None:
    with pytest.raises(AmendmentRefused, match=words):
        amend(place, Event.YEAR_OPENED, "王主任", year=year)
    assert not Journal(place.home.journal).entries()


def test_a_deadline_that_is_granted_holds_for_that_unit_alone(place: Installation) -> None:
    says = {"unit_code": EAST, "year": NEXT - 1, "until": f"{NEXT}-03-31", "reason": "因灾延期"}
    amend(place, Event.DEADLINE_MOVED, "王主任", **says)
    due = dict(
        list_expected_reports(place.catalogue)
        .filter(pl.col("year") == NEXT - 1)
        .select("unit_code", "due_date")
        .iter_rows()
    )
    assert due.pop(EAST) == date(NEXT, 3, 31)
    assert set(due.values()) == {place.catalogue.settings.deadline.due_date(NEXT - 1)}


def test_the_last_deadline_granted_holds(place: Installation) -> None:
    for day in ("03-31", "04-15"):
        says = {"unit_code": EAST, "year": NEXT - 1, "until": f"{NEXT}-{day}", "reason": "因灾延期"}
        amend(place, Event.DEADLINE_MOVED, "王主任", **says)
    [granted] = [e for e in place.catalogue.settings.extensions if e.unit == EAST and e.year == NEXT - 1]
    assert granted.until == date(NEXT, 4, 15)


def test_a_renamed_unit_has_its_old_name_before_and_the_new_one_since() -> None:
    now = apply_amendments(lanhe(), [change("rename", org_code=ONE, name="新桥村")])
    assert units(now, NEXT)[ONE] == "新桥村"
    assert units(now, NEXT - 1)[ONE] == units(lanhe(), NEXT - 1)[ONE]


def test_a_merged_unit_leaves_its_history_to_the_one_it_was_merged_into() -> None:
    now = apply_amendments(lanhe(), [change("merge", org_code=OTHER, old_codes=[ONE])])
    assert ONE not in units(now, NEXT)
    assert now.registry.succession.filter(old_code=ONE).select("new_code", "year", "share").rows() == [
        (OTHER, NEXT, 1.0)
    ]


def test_a_unit_may_be_opened_split_moved_and_closed() -> None:
    new = f"{BRIDGE}099"
    opened = [change("open", org_code=new, name="新村", parent_code=BRIDGE)]
    assert units(apply_amendments(lanhe(), opened), NEXT)[new] == "新村"
    halved = apply_amendments(lanhe(), [*opened, change("split", org_code=ONE, heirs={new: 0.5, OTHER: 0.5})])
    assert ONE not in units(halved, NEXT)
    moved = apply_amendments(lanhe(), [change("move", org_code=ONE, parent_code=BAY)])
    assert moved.registry.units(NEXT).filter(org_code=ONE)["parent_code"].item() == BAY
    assert ONE not in units(apply_amendments(lanhe(), [change("close", org_code=ONE)]), NEXT)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (change("rename", org_code="990199999999", name="某村"), "没有代码为 990199999999 的单位"),
        (change("merge", org_code=ONE, old_codes=[ONE]), "不能并入它自己"),
        (change("open", org_code="12345", name="某村", parent_code=BRIDGE), "单位代码“12345”不对"),
        (change("open", org_code=f"{BRIDGE}098", name="某村", parent_code="990109009"), "不在名录内"),
        (change("split", org_code=ONE, heirs={OTHER: 0.4}), "承接比例合计为0.4"),
        (change("move", org_code=ONE, parent_code=EAST), "应为上一层级的单位"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(wrong: Amendment, words: str) -> None:
    with pytest.raises(AmendmentRefused, match=words) as refused:
        apply_amendments(lanhe(), [wrong])
    assert str(refused.value).endswith("。")
    assert "registry" not in str(refused.value)


@given(st.lists(st.sampled_from(["rename", "merge", "move"]), unique=True, max_size=3))
def test_the_same_amendments_make_the_same_catalogue(kinds: list[str]) -> None:
    all_of = {
        "rename": change("rename", org_code=BAY, name="新湾乡"),
        "merge": change("merge", org_code=OTHER, old_codes=[ONE]),
        "move": change("move", org_code=OTHER, parent_code=BAY),
    }
    chosen = [all_of[kind] for kind in kinds]
    one, two = apply_amendments(lanhe(), chosen), apply_amendments(lanhe(), chosen)
    assert one.version == two.version
    assert one.registry.all_units.equals(two.registry.all_units)
    assert (one.version == lanhe().version) is (not kinds)


@pytest.mark.parametrize("delivered", [[], [NEXT]])
def test_a_past_year_that_is_accepted_is_doubted_whether_or_not_the_unit_has_sent_the_open_one(
    delivered: list[int],
) -> None:
    sent = pl.DataFrame(
        {
            "submission": ["plain", "amended", "first"],
            "year": [NEXT - 1, NEXT - 1, NEXT - 2],
            "unit_code": EAST,
        }
    )
    standing = pl.DataFrame({"year": [NEXT - 1, *delivered], "unit_code": EAST})
    assert list_doubtful_years(sent, {"amended"}, standing, NEXT) == ["plain"]
