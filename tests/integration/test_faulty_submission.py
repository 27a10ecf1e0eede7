"""A submission that the program does not cope with is refused alone; the night goes on, and a rebuild says the same."""

from __future__ import annotations

import pytest

import flows.steps.steps
from expectations.judge import Evidence, Judgement
from expectations.verdicts.verdicts import Suite
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.store.query import query


@pytest.fixture
def judging_fails_for(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]  # returns a setter
    """Make judging raise ``error`` whenever the batch holds a submission of one of these units."""
    true_judge = flows.steps.steps.judge_apart

    def set_units(units: set[str], error: Exception) -> None:
        def judge(*arguments: object, **named: object) -> tuple[list[Suite], Judgement]:
            batch = arguments[0]
            assert isinstance(batch, Evidence)
            if set(batch.submissions["unit_code"]) & units:
                raise error
            return true_judge(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(flows.steps.steps, "judge_apart", judge)

    return set_units


def test_one_submission_that_cannot_be_judged_is_refused_and_the_others_go_on(
    installation: NewInstallation, judging_fails_for
) -> None:  # type: ignore[no-untyped-def]
    place = installation([2024], catalogue=LANHE)
    first, *others = place.catalogue.registry.roster(2024)["unit_code"].to_list()
    judging_fails_for({first}, ValueError("unforeseen"))
    night(place)
    decided = dict(
        query(place.home.database, "SELECT unit_code, decision FROM quality.submission").iter_rows()
    )
    assert decided == {first: "refused"} | dict.fromkeys(others, "accepted")
    [receipt] = place.home.outbox.glob(f"{first}*/回执_*.md")
    assert "该文件未能审核完毕" in receipt.read_text(encoding="utf-8")
    assert "unforeseen" in (place.home.root / "nianbao-error.log").read_text(encoding="utf-8")

    kept = place.home.root / "kept.duckdb"
    place.home.database.rename(kept)
    night(place, from_scratch=True)
    assert_same_content(kept, place.home.database)


def test_a_fault_that_is_not_in_single_submissions_stops_the_night(
    installation: NewInstallation, judging_fails_for
) -> None:  # type: ignore[no-untyped-def]
    place = installation([2024], catalogue=LANHE)
    judging_fails_for(set(place.catalogue.registry.roster(2024)["unit_code"]), ValueError("unforeseen"))
    with pytest.raises(RuntimeError, match="not the fault of single submissions"):
        night(place)
    assert not place.home.database.exists()


def test_want_of_memory_is_no_fault_of_a_submission(installation: NewInstallation, judging_fails_for) -> None:  # type: ignore[no-untyped-def]
    place = installation([2024], catalogue=LANHE)
    judging_fails_for({place.catalogue.registry.roster(2024)["unit_code"][0]}, MemoryError())
    with pytest.raises(MemoryError):
        night(place)
