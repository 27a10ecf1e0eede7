"""What `nianbao deploy` makes on a Prefect server, again and again with the same result.

The same deployments stand in prefect.yaml for whoever works with Prefect's own commands in a clone of the project; a test
compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from flows.deployment.died import REASON, died
from flows.deployment.scheduled import backfill, nightly
from flows.dispatch.secrets import PREFIX, list_secrets, name_block

POOL = "nianbao"
CRON, TIME_ZONE_NAME = "0 2 * * *", "Asia/Shanghai"
DIED = "nianbao: runs that died"
TOLD = "nianbao: tell of runs that died"
_HEARTBEAT = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
_HEARTBEAT_SECONDS = 180
"""What Prefect takes where nothing is set."""
_OF_A_RUN: dict[str, Any] = {
    "match": {"prefect.resource.id": ["prefect.flow-run.*"]},
    "match_related": {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.nianbao"},
    "for_each": {"prefect.resource.id"},
}
_ENDED = ("Completed", "Failed", "Cancelled", "Crashed")


@dataclass
class Deployed:
    """What was made or brought up to date, by kind, in words."""

    done: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Office:
    """What the things of one installation are called on a server that several offices may share."""

    name: str = ""

    @property
    def pool(self) -> str:
        """The work pool, whose workers run on this office's machines."""
        return f"{POOL}-{self.name}" if self.name else POOL

    @property
    def tags(self) -> list[str]:
        """The tags of its deployments: of nianbao, and its own."""
        return list(dict.fromkeys([POOL, self.pool]))

    def call(self, name: str) -> str:
        """A deployment's or automation's name, told from those of other offices."""
        return f"{name}-{self.name}" if self.name else name


def deploy(
    home: Path,
    catalogue: Path,
    environment: Mapping[str, str],
    *,
    with_secrets: bool,
    office: Office = Office(),
) -> Deployed:
    """Make pool, deployments and automation on the server that PREFECT_API_URL names, or bring them up to date.

    ``with_secrets``: keep the secrets that stand in ``environment`` as secret blocks there.
    """
    report = Deployed()
    with get_client(sync_client=True) as client:
        _make_pool(client, office.pool, report)
    heartbeat_seconds = int(environment.get(_HEARTBEAT) or _HEARTBEAT_SECONDS)
    here = "127.0.0.1,localhost"  # a server on this machine is never looked for behind a proxy
    settings = {
        "NIANBAO_HOME": str(home.absolute()),
        "NIANBAO_CATALOGUE": str(catalogue.absolute()),
        **{name: ",".join(filter(None, (environment.get(name), here))) for name in ("NO_PROXY", "no_proxy")},
        _HEARTBEAT: str(heartbeat_seconds),  # what the automation counts on
    }
    made: dict[str, UUID] = {}
    for deployment in _describe_deployments(settings, office):
        identity = deployment.apply()
        assert isinstance(identity, UUID), "nobody awaits here"
        made[deployment.name] = identity
        report.done.append(f"部署 {deployment.name}")
    with get_client(sync_client=True) as client:
        _make_automation(client, _describe_death(heartbeat_seconds))
        _make_automation(client, _describe_telling(made[office.call("died")], office))
    report.done.append("自动处理：中途消失的作业标为失败，并通知管理员")
    if with_secrets:
        for name, value in list_secrets(environment):
            Secret(value=value).save(name_block(name), overwrite=True)
            report.done.append(f"密钥 {name_block(name)}（取自 {PREFIX}{name.upper()}）")
    return report


def _make_pool(client: SyncPrefectClient, pool: str, report: Deployed) -> None:
    try:
        client.read_work_pool(pool)
        report.done.append(f"作业池 {pool}（已有）")
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        report.done.append(f"作业池 {pool}")


def _describe_deployments(settings: dict[str, str], office: Office) -> list[RunnerDeployment]:
    """The deployments. Flows are found by the name of their module: wherever the package is installed, it runs."""
    common: dict[str, Any] = {
        "work_pool_name": office.pool,
        "tags": office.tags,
        "entrypoint_type": EntrypointType.MODULE_PATH,
        "job_variables": {"env": settings, "working_dir": settings["NIANBAO_HOME"]},
        "concurrency_limit": ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
    }
    made = [
        nightly.to_deployment(
            office.call("nightly"),
            description="Take in the night's submissions, judge them, publish the warehouse, answer the counties.",
            schedules=[CronSchedule(cron=CRON, timezone=TIME_ZONE_NAME)],
            **common,
        ),
        backfill.to_deployment(
            office.call("backfill"),
            description="Replay the journal from the archive into a new warehouse, with the rules and formulas of today.",
            **common,
        ),
        died.to_deployment(
            office.call("died"),
            description="Tell the administrators of a run whose process is gone. The automations call it.",
            **{**common, "tags": []},  # its own end is not watched: it would be told of by itself
        ),
    ]
    return [one for one in made if isinstance(one, RunnerDeployment)]  # never a coroutine: nobody awaits here


def _describe_death(heartbeat_seconds: int) -> AutomationCore:
    """Runs whose process died without a word (power, out of memory) are marked as crashed: they hold the only place.

    A run has died that has shown no sign of life for three heartbeats and a minute, also before its first one.
    """
    return AutomationCore(
        name=DIED,
        description="A run of nianbao that shows no sign of life any more has crashed.",
        trigger=EventTrigger(
            after={"prefect.flow-run.Pending", "prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{state}" for state in _ENDED)},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=3 * heartbeat_seconds + 60),
            **_OF_A_RUN,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=REASON)],
    )


def _describe_telling(deployment: UUID, office: Office) -> AutomationCore:
    """Whoever marked a run as crashed (the automation above, or the worker that saw its process end): people are told."""
    own = {**_OF_A_RUN["match_related"], "prefect.resource.id": f"prefect.tag.{office.pool}"}
    return AutomationCore(
        name=office.call(TOLD),
        description="The administrators are told of a run of nianbao that crashed.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Crashed"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
            **{**_OF_A_RUN, "match_related": own},
        ),
        actions=[
            RunDeployment(
                deployment_id=deployment,
                parameters={"run_id": {"template": "{{ flow_run.id }}", "__prefect_kind": "jinja"}},
            )
        ],
    )


def _make_automation(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    known = client.read_automations_by_name(wanted.name)
    if known:
        client.update_automation(known[0].id, wanted)
        for superfluous in known[1:]:
            client.delete_automation(superfluous.id)
    else:
        client.create_automation(wanted)
