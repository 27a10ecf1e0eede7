"""An acknowledged matter is not told, until its day or until the acknowledgement is taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.clock import TIME_ZONE
from flows.decisions.acknowledge import acknowledge
from flows.settings import Installation
from flows.telling.acknowledged import match_acknowledgements
from flows.telling.news import find_news, remember
from tests.small_homes import small_home
from tests.test_messages import frame, matter
from warehouse.ledger.journal import Journal
from warehouse.ledger.review_entries import ReviewRefused

MATTERS = frame(
    matter(1, unit_code="990101", rule="a.b"),
    matter(2, unit_code="990102", rule="a.b"),
    matter(3, unit_code="990102", rule="a.c"),
)
IDS = MATTERS["matter"].to_list()


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return small_home(tmp_path)


def say(place: Installation, **says: Any) -> int:
    selected = {"matter": None, "unit": None, "rule": None, "until": None, **says}
    return acknowledge(place, MATTERS, "王主任", **selected)


def new_matters(place: Installation, nights: int) -> list[str]:
    """What is told as new so many nights from now to somebody who was told everything today."""
    now = datetime.now(TIME_ZONE)
    first = find_news(None, MATTERS, (), {}, now)
    assert first is not None
    acknowledged = match_acknowledgements(Journal(place.home.journal).entries(), MATTERS)
    later = find_news(remember(None, first, now), MATTERS, (), acknowledged, now + timedelta(days=nights))
    return later.new["matter"].to_list() if later else []


@pytest.mark.parametrize(
    ("selected", "meant"),
    [
        ({"matter": IDS[0]}, IDS[:1]),
        ({"unit": "990102"}, IDS[1:]),
        ({"rule": "a.b"}, IDS[:2]),
        ({"unit": "990102", "rule": "a.c"}, IDS[2:]),
    ],
)
def test_what_is_selected_is_quiet_for_good(
    place: Installation, selected: dict[str, str], meant: list[str]
) -> None:
    assert say(place, **selected) == len(meant)
    found = match_acknowledgements(Journal(place.home.journal).entries(), MATTERS)
    assert found == dict.fromkeys(meant)


def test_what_is_taken_back_is_told_again_from_the_next_day_on(place: Installation) -> None:
    say(place, rule="a.b")
    say(place, matter=IDS[1], is_taken_back=True)
    assert new_matters(place, 1) == [IDS[1]]


def test_what_no_matter_is_selected_by_is_refused(place: Installation) -> None:
    with pytest.raises(ReviewRefused, match="没有这样的待处理事项"):
        say(place, unit="990199")
    with pytest.raises(ReviewRefused, match="请写明事项编号"):
        say(place)
