"""A night as a Prefect server schedules it: deployed by one command, run by a worker, seen on the server's pages."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.clock import TIME_ZONE
from tests.integration.conftest import LANHE, Samples
from tests.integration.prefect_office import Office, clean_environment, nianbao, run_server, run_worker
from tests.message_servers import serve_hook

EAST = "990101"
CONTACTS = "- {id: admin, name: 李某, role: administrator, channels: [group]}\n"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    home, prefect = folder / "home", folder / "prefect"
    prefect.mkdir()
    shutil.copytree(samples([2024], LANHE, [EAST]) / EAST, home / "inbox" / EAST)
    catalogue = Path(shutil.copytree(LANHE, folder / "catalogue"))
    (catalogue / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    with run_server(prefect) as api, serve_hook() as (posted, group):
        environment = clean_environment(
            PREFECT_API_URL=api,
            PREFECT_HOME=str(prefect),
            NIANBAO_HOME=str(home),
            NIANBAO_CATALOGUE=str(catalogue),
            NIANBAO_QUIET_SECONDS="0",
            http_proxy="http://127.0.0.1:9",  # nobody listens there: the server must not be looked for behind it
            all_proxy="http://127.0.0.1:9",
        )
        secret = environment | {"NIANBAO_CHANNEL_GROUP": group}
        first = nianbao("deploy", "--with-secrets", environment=secret)
        again = nianbao("deploy", "--with-secrets", environment=secret)
        assert first.returncode == again.returncode == 0, first.stdout + first.stderr + again.stderr
        settings = {k: v for k, v in environment.items() if k.startswith("NIANBAO_") or k.endswith("proxy")}
        settings |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")  # as nianbao.env.example has it
        with (
            run_worker(api, prefect, settings),
            temporary_settings({PREFECT_API_URL: api}),
            get_client(sync_client=True) as client,
        ):
            made = Office(home, api, environment, client, [first.stdout, again.stdout], posted)
            made.first = made.run()
            yield made


def test_deploying_twice_makes_everything_once(office: Office) -> None:
    assert [pool.name for pool in office.client.read_work_pools()] == ["nianbao"]
    assert sorted(d.name for d in office.client.read_deployments()) == ["backfill", "died", "nightly"]
    automations = office.client.read_automations()
    assert len(automations) == 2
    assert all(automation.enabled for automation in automations)
    assert "已有" in office.said[1]


def test_a_secret_kept_on_the_server_leads_to_its_channel_and_is_not_shown(office: Office) -> None:
    assert "nianbao-channel-group" in office.said[0]
    assert "json://" not in office.said[0]
    assert any("年报日报" in message["title"] for message in office.posted)


def test_the_next_nights_stand_on_the_schedule(office: Office) -> None:
    wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "sort": "EXPECTED_START_TIME_ASC"}
    until = time.monotonic() + 60
    while not (runs := office.client.request("POST", "/flow_runs/filter", json=wanted).json()):
        assert time.monotonic() < until, "the server has scheduled nothing"
        time.sleep(1)
    hours = {datetime.fromisoformat(run["expected_start_time"]).astimezone(TIME_ZONE).hour for run in runs}
    assert hours == {2}


def test_what_is_deployed_is_what_prefect_yaml_says(office: Office) -> None:
    import yaml

    declared = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text(encoding="utf-8"))
    for wanted in declared["deployments"]:
        found = office.client.read_deployment_by_name(f"{wanted['name']}/{wanted['name']}")
        cron = [(s.schedule.cron, s.schedule.timezone) for s in found.schedules]
        assert cron == [(s["cron"], s["timezone"]) for s in wanted["schedules"]]
        assert found.description == wanted["description"]
        assert found.tags == wanted["tags"]
        assert found.global_concurrency_limit.limit == wanted["concurrency_limit"]["limit"]
        assert found.work_pool_name == wanted["work_pool"]["name"]


def test_a_night_runs_behind_a_proxy_and_shows_what_it_did(office: Office) -> None:
    run = office.first
    assert run is not None
    assert run.state is not None
    assert run.state.is_completed(), run.state.message
    assert run.state.message == "接收 1 份，暂存 0 份，未能接收 0 份，0 个文件留在收件箱。"
    assert run.name.startswith("night of 20")
    names = office.task_names(run)
    assert "read 1 files" in names
    assert "check 东岸县 2024" in names
    assert "收到 1 个新文件，0 个留在收件箱" in office.logs(run)
    artifacts = office.artifacts(run)
    [row] = json.loads(artifacts["summary"]["data"])
    assert (row["单位"], row["年度"], row["处理结果"]) == ("东岸县", 2024, "已接收")
    [receipt] = [artifact for key, artifact in artifacts.items() if key.startswith("receipt-990101-2024")]
    assert "回执" in receipt["data"] or "东岸县" in receipt["data"]
    assert artifacts["reading"]["data"] == 100
    assert artifacts["digest"]["data"].startswith("[digest.md](file://")


def test_of_the_nights_that_were_missed_one_runs(office: Office) -> None:
    first = office.run()
    assert first.state is not None
    assert first.state.is_completed()
    assert "不必再运行" not in str(first.state.message)
    late = office.run(due=datetime.now(UTC) - timedelta(days=1))
    assert late.state is not None
    assert late.state.is_completed()
    assert "不必再运行" in str(late.state.message)


def test_a_night_that_fails_says_why_in_one_sentence(office: Office) -> None:
    journal = office.home / "archive" / "journal.jsonl"
    kept = journal.read_bytes()
    journal.write_bytes(kept.replace(b"received", b"receivXd", 1))
    try:
        run = office.run()
    finally:
        journal.write_bytes(kept)
    assert run.state is not None
    assert run.state.is_failed()
    assert "登记簿" in str(run.state.message)
    assert "Traceback" not in str(run.state.message)
    assert office.run().state.is_completed()  # type: ignore[union-attr]


def test_a_backfill_gives_the_same_warehouse(office: Office) -> None:
    run = office.run("backfill")
    assert run.state is not None
    assert run.state.is_completed(), run.state.message


@pytest.mark.deep
def test_a_night_that_is_cancelled_leaves_all_whole_and_the_next_one_does_its_work(
    office: Office, samples: Samples
) -> None:
    from prefect.states import Cancelling

    database = office.home / "warehouse.duckdb"
    before = database.read_bytes()
    for year in (2022, 2023):
        shutil.copytree(samples([year], LANHE), office.home / "inbox", dirs_exist_ok=True)
    deployment = office.client.read_deployment_by_name("nightly/nightly")
    run = office.client.create_flow_run_from_deployment(deployment.id)
    until = time.monotonic() + 240
    while not any(line.startswith("收到") for line in office.logs(run)):
        assert time.monotonic() < until, (
            f"the night did not begin: {office.client.read_flow_run(run.id).state}"
        )
        time.sleep(0.2)
    office.client.set_flow_run_state(run.id, Cancelling())
    ended = office.wait_for(run)
    assert ended.state is not None
    assert ended.state.is_cancelled(), ended.state
    assert database.read_bytes() == before
    after = office.run()
    assert after.state is not None
    assert after.state.is_completed(), after.state.message
    assert "接收 6 份" in str(after.state.message)


@pytest.mark.deep
def test_the_administrators_are_told_of_a_night_whose_process_is_killed(
    office: Office, samples: Samples
) -> None:
    shutil.copytree(samples([2021], LANHE), office.home / "inbox", dirs_exist_ok=True)
    before = len(office.posted)
    run = office.begin()
    office.kill(run)
    ended = office.wait_for(run)
    assert ended.state is not None
    assert ended.state.is_crashed(), ended.state
    until = time.monotonic() + 120
    while not (told := [m for m in office.posted[before:] if "夜间作业中止" in m["title"]]):
        assert time.monotonic() < until, "nobody was told"
        time.sleep(0.5)
    assert len(told) == 1
    assert "作业进程已不在" in told[0]["message"]
    assert office.run().state.is_completed()  # type: ignore[union-attr]


def test_nobody_is_told_of_a_dead_night_after_which_one_went_well(office: Office) -> None:
    before = len(office.posted)
    assert office.first is not None
    deployment = office.client.read_deployment_by_name("died/died")
    run = office.client.create_flow_run_from_deployment(
        deployment.id, parameters={"run_id": str(office.first.id)}
    )
    ended = office.wait_for(run)
    assert ended.state is not None
    assert "不必再通知" in str(ended.state.message)
    assert len(office.posted) == before
