"""Another rule, another catalogue: the next night judges everything anew, and asks the units what is new."""

from __future__ import annotations

from expectations.rulebook.rulebook import Rule, RuleBook
from flows.settings import Installation
from tests.integration.conftest import NewInstallation, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.store.query import query


def with_a_rule(place: Installation) -> Installation:
    """The same installation with one rule more, which every township breaks."""
    again = Installation(place.settings)
    measure = next(m.id for m in again.catalogue.measures.values() if m.form in again.catalogue.forms)
    rule = Rule(
        id="lanhe.impossible",
        scope="unit",
        levels=("township",),
        expression=f"{measure} < 0",
        severity="warning",
        words="小于0",
        message="{left}，应小于0",
        why="仅供测试。",
        fix="请核对。",
    )
    again.rulebook = RuleBook({**again.rulebook.rules, rule.id: rule})  # type: ignore[misc]  # a cached property
    return again


def test_a_new_rule_judges_what_stands_and_the_units_hear_of_it(after_a_night: NewInstallation) -> None:
    place = after_a_night([2023, 2024])
    runs = query(place.home.database, "SELECT count(*) FROM quality.run").item()

    strict = with_a_rule(place)
    report = night(strict)
    found = query(
        place.home.database, "SELECT DISTINCT submission FROM quality.finding WHERE rule = 'lanhe.impossible'"
    )
    assert found.height > 0
    assert set(report.outcome.revised) == set(found["submission"])
    assert len(list(place.home.outbox.rglob("更正表_*.xlsx"))) == found.height
    assert query(place.home.database, "SELECT count(*) FROM quality.run").item() == runs + 1
    decided = query(place.home.database, "SELECT DISTINCT decision FROM quality.submission")
    assert decided["decision"].to_list() == ["accepted"]

    kept = place.home.root / "kept.duckdb"
    place.home.database.rename(kept)
    night(strict, from_scratch=True)
    assert_same_content(kept, place.home.database)


def test_with_the_same_rules_nothing_is_done_twice(after_a_night: NewInstallation) -> None:
    place = after_a_night([2024])
    made = place.home.database.stat().st_mtime_ns
    night(Installation(place.settings))
    assert place.home.database.stat().st_mtime_ns == made
