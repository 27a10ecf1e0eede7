"""What a night leaves for programs that watch it: lines of a log, a file of figures, its row of quality.run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from prefect import Task
from prometheus_client.parser import text_string_to_metric_families

from flows import nightly
from flows.answer import outgoing
from flows.figures.metrics import METRICS
from flows.figures.night_log import LOG, NightLog
from flows.home_check import HomeUnfit
from flows.running.timing import STEPS_AFTER, STEPS_TO_PUBLISH
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.prefect_office import clean_environment, nianbao
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.journal import JournalBroken
from warehouse.store.publish import AlreadyRunning, writer_lock
from warehouse.store.query import query
from warehouse.store.schema.tables import tables

CLERK = "王小明"
NOT_HERE = {"fetch", "vintages", "outbox", "lake", "send", "backup"}
"""Steps that a night without sources, shared outbox, lake, people to write to and backup has not."""


def read_log(place: Installation) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place.home.root / LOG).read_text(encoding="utf-8").splitlines()]


def read_figures(place: Installation) -> dict[str, float]:
    """Each figure by its name, with its label where it has one."""
    text = (place.home.root / METRICS).read_text(encoding="utf-8")
    return {
        " ".join((sample.name.removeprefix("nianbao_"), *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def place(installation: NewInstallation) -> Installation:
    made = installation([2024], catalogue=LANHE)
    (made.home.inbox / f"{CLERK}的通讯录.xlsx").write_text(f"{CLERK} 13800000000")
    return made


def test_a_good_night_leaves_log_figures_and_its_row(place: Installation) -> None:
    report = night(place)
    lines = read_log(place)
    assert {line["run"] for line in lines} == {report.run}
    assert lines[0]["event"] == "night_started"
    assert lines[-1]["event"] == "night_ended"
    decided = [line for line in lines if line["event"] == "submission_decided"]
    assert {(d["submission"], d["unit_code"], d["decision"]) for d in decided} == set(
        report.submissions.select("submission", "unit_code", "decision").iter_rows()
    )
    steps = {line["step"]: line for line in lines if line["event"] == "step_ended"}
    assert [*steps] == [step for step in (*STEPS_TO_PUBLISH, *STEPS_AFTER) if step not in NOT_HERE]
    assert (steps["check"]["submission_count"], steps["check"]["unit_count"]) == (3, 3)

    figures = read_figures(place)
    assert figures["night_good"] == 1
    assert figures["step_seconds receipts"] > 0
    assert figures["submissions accepted"] == 3
    assert figures["submissions refused"] == 1
    assert figures["open_findings critical"] == 0
    assert figures["warehouse_bytes"] == place.home.database.stat().st_size
    assert figures["last_good_night_timestamp_seconds"] <= figures["night_end_timestamp_seconds"]

    [run] = query(place.home.database, "FROM quality.run").to_dicts()
    assert run["received_bytes"] > 10_000
    assert run["observation_count"] == query(place.home.database, "FROM core.observation_log").height
    assert run["read_seconds"] > 0
    assert run["receive_seconds"] > 0
    assert run["publish_seconds"] is None
    assert run["peak_memory_mib"] > 50
    assert run["duckdb_version"]


def test_every_step_of_a_night_is_timed_under_a_name_that_quality_run_has() -> None:
    steps = [step.name for step in vars(nightly).values() if isinstance(step, Task)]
    assert sorted(steps) == sorted((*STEPS_TO_PUBLISH, *STEPS_AFTER))
    assert {f"{step}_seconds" for step in steps} <= tables()["quality.run"].frame_schema.keys()


def test_the_next_file_says_how_long_the_steps_after_publishing_took(
    place: Installation, samples: Samples
) -> None:
    first = night(place)
    night(place)  # it has nothing to do and publishes nothing
    shutil.copytree(samples([2023], LANHE), place.home.inbox, dirs_exist_ok=True)
    second = night(place)
    runs = {row["run"]: row for row in query(place.home.database, "FROM quality.run").to_dicts()}
    for step in set(STEPS_AFTER) - NOT_HERE:
        assert runs[first.run][f"{step}_seconds"] == pytest.approx(first.seconds[step])
        assert runs[second.run][f"{step}_seconds"] is None
    assert runs[first.run]["backup_seconds"] is None


def test_log_and_figures_name_no_person_and_no_file(place: Installation) -> None:
    night(place)
    for path in (LOG, METRICS):
        text = (place.home.root / path).read_text(encoding="utf-8")
        assert CLERK not in text
        assert "xlsx" not in text


def test_a_night_that_breaks_off_says_so_and_keeps_when_the_last_good_one_was(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(place)
    before = read_figures(place)

    def break_off(*_: object) -> None:
        raise RuntimeError(CLERK)

    monkeypatch.setattr(outgoing, "collect_report", break_off)
    with pytest.raises(RuntimeError):
        night(place)
    last = read_log(place)[-1]
    assert (last["event"], last["error"]) == ("night_broke_off", "RuntimeError")
    after = read_figures(place)
    assert after["night_good"] == 0
    assert after["last_good_night_timestamp_seconds"] == before["last_good_night_timestamp_seconds"]


@pytest.mark.parametrize("fault", ["unfit_home", "broken_journal", "mistake_in_the_catalogue"])
def test_a_night_that_breaks_off_before_it_is_open_leaves_a_line_and_figures(
    after_a_night: NewInstallation, tmp_path: Path, fault: str
) -> None:
    place = after_a_night([2024])
    before = read_figures(place)
    if fault == "unfit_home":
        shutil.rmtree(place.home.site)
        place.home.site.write_text("no folder")
    elif fault == "broken_journal":
        whole = place.home.journal.read_bytes()
        place.home.journal.write_bytes(whole.replace(b"received", b"receivXd", 1))
    else:
        catalogue = Path(shutil.copytree(LANHE, tmp_path / "catalogue"))
        (catalogue / "catalogue.yaml").write_text("city: [", encoding="utf-8")
        place = Installation(place.settings.model_copy(update={"catalogue": catalogue}))
    lines = len(read_log(place))
    with pytest.raises((HomeUnfit, JournalBroken, CatalogueError)) as broken:
        night(place)
    new = [line for line in read_log(place)[lines:] if line["event"] == "night_broke_off"]
    assert [line["error"] for line in new] == [broken.type.__name__]
    after = read_figures(place)
    assert after["night_good"] == 0
    assert after["night_end_timestamp_seconds"] > before["night_end_timestamp_seconds"]
    assert after["last_good_night_timestamp_seconds"] == before["last_good_night_timestamp_seconds"]


def test_a_night_beside_another_one_leaves_the_figures_of_the_other(after_a_night: NewInstallation) -> None:
    place = after_a_night([2024])
    before = (place.home.root / METRICS).read_bytes(), (place.home.root / LOG).read_bytes()
    with writer_lock(place.home.root), pytest.raises(AlreadyRunning):
        night(place)
    assert before == ((place.home.root / METRICS).read_bytes(), (place.home.root / LOG).read_bytes())


def test_a_command_that_fails_before_its_night_leaves_a_line_and_figures_once(
    after_a_night: NewInstallation,
) -> None:
    place = after_a_night([2024])
    whole = place.home.journal.read_bytes()
    place.home.journal.write_bytes(whole.replace(b"received", b"receivXd", 1))
    environment = clean_environment(
        NIANBAO_HOME=str(place.home.root), NIANBAO_CATALOGUE=str(place.settings.catalogue)
    )
    for blocked, error in ((True, "HomeUnfit"), (False, "JournalBroken")):
        shutil.rmtree(place.home.site, ignore_errors=True)
        place.home.site.unlink(missing_ok=True)
        if blocked:
            place.home.site.write_text("no folder")
        lines = len(read_log(place))
        assert nianbao("nightly", environment=environment).returncode == 2
        assert [line.get("error") for line in read_log(place)[lines:]] == [error]
        assert read_figures(place)["night_good"] == 0


def test_a_log_that_cannot_be_written_does_not_fail_the_night(place: Installation) -> None:
    (place.home.root / LOG.parent).write_text("no folder")
    assert night(place).submissions.height == 4
    assert read_figures(place)["night_good"] == 1
    assert "logs" in (place.home.root / "nianbao-error.log").read_text(encoding="utf-8")


def test_the_log_begins_a_new_file_before_it_grows_too_large(tmp_path: Path) -> None:
    log = NightLog(tmp_path, "r1")
    for number in range(7):
        log.note("night_started", {"filling": "a" * 6_000_000, "number": number})
    log.close()
    files = sorted(path.name for path in (tmp_path / LOG.parent).iterdir())
    assert files == ["nianbao.jsonl", *(f"nianbao.jsonl.{n}" for n in range(1, 6))]
    assert json.loads((tmp_path / LOG).read_text())["number"] == 6
