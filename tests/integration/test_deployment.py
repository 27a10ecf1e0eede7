"""prefect.yaml as an operator deploys it: onto a Prefect server, with the command of Prefect itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """The deployments on the test server after ``prefect deploy --all``, by name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.settings import PREFECT_API_URL

    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value()), "COLUMNS": "200"}

    async def make_pool() -> None:
        async with get_client() as client:
            await client.create_work_pool(WorkPoolCreate(name="nianbao", type="process"))

    async def read() -> dict[str, Any]:
        async with get_client() as client:
            return {d.name: d for d in await client.read_deployments()}

    asyncio.run(make_pool())
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return asyncio.run(read())


def test_the_night_runs_at_two_in_shanghai_and_one_at_a_time(deployed: dict[str, Any]) -> None:
    nightly = deployed["nightly"]
    [schedule] = nightly.schedules
    assert schedule.active
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("0 2 * * *", "Asia/Shanghai")
    assert nightly.global_concurrency_limit.limit == 1


def test_the_backfill_waits_to_be_asked(deployed: dict[str, Any]) -> None:
    assert deployed["backfill"].schedules == []


def test_both_deployments_name_flows_that_exist(deployed: dict[str, Any]) -> None:
    from prefect.flows import load_flow_from_entrypoint

    for name in ("nightly", "backfill"):
        assert load_flow_from_entrypoint(deployed[name].entrypoint).name == name


def test_offices_that_share_a_server_have_pools_deployments_and_automations_of_their_own(
    tmp_path: Path,
) -> None:
    from prefect.client.orchestration import get_client

    from flows.deployment.deployments import TOLD, Office, deploy

    offices = [Office("shandong"), Office("hebei")]
    for office in offices:
        deploy(tmp_path / office.name, tmp_path, {}, with_secrets=False, office=office)
    with get_client(sync_client=True) as client:
        found = {d.name: d for d in client.read_deployments()}
        told = {office.name: client.read_automations_by_name(office.call(TOLD)) for office in offices}
    for office in offices:
        nightly = found[office.call("nightly")]
        assert (nightly.work_pool_name, nightly.tags) == (office.pool, ["nianbao", office.pool])
        assert nightly.job_variables["env"]["NIANBAO_HOME"] == str(tmp_path / office.name)
        [automation] = told[office.name]
        assert automation.trigger.match_related.root["prefect.resource.id"] == f"prefect.tag.{office.pool}"
        assert automation.actions[0].deployment_id == found[office.call("died")].id
