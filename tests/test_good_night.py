"""The mark of a good night says whether a run that was due has been overtaken."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flows.clock import TIME_ZONE
from flows.keeping.marks import GoodNight

DUE = datetime(2026, 12, 1, 2, 0, tzinfo=TIME_ZONE)
NOW = DUE + timedelta(hours=9)


@pytest.mark.parametrize(
    ("ended", "is_overtaken"),
    [
        (DUE - timedelta(minutes=1), False),
        (DUE + timedelta(minutes=1), True),
        (NOW + timedelta(days=300), False),
    ],
    ids=["before it was due", "since it was due", "by a clock that was far ahead"],
)
def test_a_run_is_overtaken_by_a_night_that_ended_since_it_was_due(
    ended: datetime, is_overtaken: bool
) -> None:
    night = GoodNight(at=ended, run="r", versions={}, journal_count=0, journal_hash="0" * 64)
    assert night.has_ended_since(DUE, NOW) is is_overtaken
