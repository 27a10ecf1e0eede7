"""A night whose process and worker are killed on a Prefect server: its run is marked, and people are told."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.figures.metrics import METRICS
from flows.figures.night_log import LOG
from flows.keeping.marks import read_failure
from tests.integration.conftest import LANHE, Samples
from tests.integration.prefect_office import Office, clean_environment, nianbao, run_server, run_worker
from tests.message_servers import serve_hook

CONTACTS = "- {id: admin, name: 李某, role: administrator, channels: [group]}\n"
HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}  # the least that Prefect takes


def wait_until(happened: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, what
        time.sleep(0.2)


def has_beaten(office: Office, run: FlowRun) -> bool:
    wanted = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "any_resource": {"id": [f"prefect.flow-run.{run.id}"]},
        }
    }
    return bool(office.client.request("POST", "/events/filter", json=wanted).json()["events"])


def is_place_free(office: Office) -> bool:
    """Whether another night may run: a server that is busy needs a while to take back what the dead one held."""
    deployment = office.client.read_deployment_by_name("nightly/nightly")
    return not office.client.read_global_concurrency_limit_by_name(f"deployment:{deployment.id}").active_slots


def read_state(office: Office, run: FlowRun) -> tuple[str, str]:
    state = office.client.read_flow_run(run.id).state
    assert state is not None
    return state.name, str(state.message)


@pytest.mark.deep
@pytest.mark.timeout(580)
def test_a_night_that_is_killed_with_its_worker_becomes_crashed_and_the_administrators_are_told(
    tmp_path: Path, samples: Samples
) -> None:
    home, prefect = tmp_path / "home", tmp_path / "prefect"
    prefect.mkdir()
    for year in (2022, 2023, 2024):
        shutil.copytree(samples([year], LANHE), home / "inbox", dirs_exist_ok=True)
    catalogue = Path(shutil.copytree(LANHE, tmp_path / "catalogue"))
    (catalogue / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    with run_server(prefect) as api, serve_hook() as (posted, group):
        settings = {
            "NIANBAO_HOME": str(home),
            "NIANBAO_CATALOGUE": str(catalogue),
            "NIANBAO_QUIET_SECONDS": "0",
            "NIANBAO_CHANNEL_GROUP": group,
            **HEARTBEAT,
        }
        environment = clean_environment(PREFECT_API_URL=api, PREFECT_HOME=str(prefect), **settings)
        deployed = nianbao("deploy", environment=environment)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
            office = Office(home, api, environment, client, posted=posted)
            run = _kill_a_night(office, prefect, settings)
            with run_worker(api, prefect, settings):  # as systemd starts it again
                wait_until(lambda: read_state(office, run)[0] == "Crashed", 300, "the run was not marked")
                wait_until(lambda: bool(posted), 120, "nobody was told")
                assert "作业进程已不在" in read_state(office, run)[1]
                _check_what_was_told(office, posted)
                wait_until(lambda: is_place_free(office), 120, "the dead run holds the only place")
                again = office.run()
                assert again.state is not None
                assert again.state.is_completed(), again.state.message
                assert "接收 9 份" in str(again.state.message)


def _kill_a_night(office: Office, prefect: Path, settings: dict[str, str]) -> FlowRun:
    """Start a night and kill it and its worker once it has shown a sign of life."""
    with run_worker(office.api, prefect, settings) as worker:
        run = office.begin()
        wait_until(lambda: has_beaten(office, run), 120, "the night did not begin")
        worker.kill()
        office.kill(run)
    assert read_state(office, run)[0] == "Running"
    return run


def _check_what_was_told(office: Office, posted: list[dict[str, Any]]) -> None:
    assert len(posted) == 1
    assert "夜间作业中止" in posted[0]["title"]
    assert "作业进程已不在" in posted[0]["message"]
    failure = read_failure(office.home)
    assert failure is not None
    assert "作业进程已不在" in failure.reason
    assert "nianbao_night_good 0.0" in (office.home / METRICS).read_text()
    last = json.loads((office.home / LOG).read_text().splitlines()[-1])
    assert (last["event"], last["error"]) == ("night_broke_off", "NightDied")
