"""How a night ended stands in the home, for whoever looks from outside."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.clock import TIME_ZONE
from flows.keeping.marks import FAILURE, GOOD_NIGHT, read_failure, read_good_night
from flows.night import list_versions
from flows.settings import Installation, Settings
from tests.integration.conftest import NewInstallation, night
from tests.journal_files import damaged
from tests.web_hook import web_hook
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.journal import Journal, JournalBroken
from warehouse.store.publish import AlreadyRunning, writer_lock


def test_a_night_with_nothing_to_do_is_a_good_night(after_a_night: NewInstallation) -> None:
    place = after_a_night([2023])
    before = read_good_night(place.home.root)
    assert before is not None
    lines = Journal(place.home.journal, read_only=True).head
    night(place)
    after = read_good_night(place.home.root)
    assert after is not None
    assert after.at > before.at
    assert after.run != before.run
    assert datetime.now(TIME_ZONE) - after.at < timedelta(hours=1)
    assert after.versions == list_versions(place)
    assert (after.journal_count, after.journal_hash) == (lines.count, lines.hash)
    assert not (place.home.root / FAILURE).exists()


def test_a_night_that_breaks_off_leaves_its_reason_and_the_mark_of_the_last_good_one(
    after_a_night: NewInstallation,
) -> None:
    place = after_a_night([2023])
    good = (place.home.root / GOOD_NIGHT).read_bytes()
    damaged(place.home.journal, "1")
    with pytest.raises(JournalBroken) as stopped:
        night(place)
    failure = read_failure(place.home.root)
    assert failure is not None
    assert failure.reason == str(stopped.value)
    assert (place.home.root / GOOD_NIGHT).read_bytes() == good


def test_a_night_that_finds_another_running_leaves_no_mark(after_a_night: NewInstallation) -> None:
    place = after_a_night([2023])
    with writer_lock(place.home.root), pytest.raises(AlreadyRunning):
        night(place)
    assert not (place.home.root / FAILURE).exists()


def test_a_rebuild_is_no_night(after_a_night: NewInstallation) -> None:
    place = after_a_night([2023])
    good = (place.home.root / GOOD_NIGHT).read_bytes()
    night(place, from_scratch=True)
    assert (place.home.root / GOOD_NIGHT).read_bytes() == good


@pytest.mark.parametrize("fault", ["no mark", "no message"])
def test_what_fails_while_a_failure_is_told_does_not_hide_it(
    after_a_night: NewInstallation, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    place = after_a_night([2023])
    if fault == "no mark":
        (place.home.root / FAILURE).mkdir()
        damaged(place.home.journal, "1")
        with pytest.raises(JournalBroken, match="登记簿缺少末尾"):
            night(place)
        return
    monkeypatch.setattr("flows.answer.sending.render_text", lambda *_, **__: 1 / 0)
    damaged(place.home.journal, "1")
    with pytest.raises(JournalBroken):
        night(place)
    assert "Traceback" in (place.home.root / "nianbao-error.log").read_text(encoding="utf-8")
    assert read_failure(place.home.root) is not None


@pytest.mark.parametrize("broken", ["catalogue.yaml", "the journal"])
def test_whatever_cannot_be_read_the_addresses_of_the_alerts_hear_why(
    after_a_night: NewInstallation, broken: str
) -> None:
    place = after_a_night([2023])
    catalogue = Path(shutil.copytree(place.settings.catalogue, place.home.root.parent / "catalogue"))
    if broken == "the journal":
        damaged(place.home.journal, "1")
    else:
        (catalogue / broken).write_text("- [", encoding="utf-8")
    with web_hook() as hook:
        settings = Settings(home=place.home.root, catalogue=catalogue, workers=2, alerts=hook.address)
        with pytest.raises((CatalogueError, JournalBroken)) as stopped:
            night(Installation(settings))
    assert str(stopped.value) in hook.last
