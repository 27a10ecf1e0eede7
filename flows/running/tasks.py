"""Prefect's tasks around steps: their names, what is tried again, and sentences in the run's log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.dispatch.channels import ChannelDown
from flows.running.timing import timed

P = ParamSpec("P")
R = TypeVar("R")


def make_task(name: str, work: Callable[P, R]) -> Task[P, R]:
    """A task around a step, which is timed under the same name.

    Frames are handed on in memory: caching would hash them, persisting would copy them.
    """
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(timed(name, work))


def named(step: Task[P, R], about: str) -> Task[P, R]:
    """The task with what it is about in the name of its run."""
    return step.with_options(task_run_name=f"{step.name} {about}".replace("{", "(").replace("}", ")"))


def retried(step: Task[P, R], waits: Sequence[float]) -> Task[P, R]:
    """The task, tried again after each of ``waits`` seconds when its channel may heal."""
    if not waits:
        return step
    return step.with_options(
        retries=len(waits), retry_delay_seconds=list(waits), retry_condition_fn=_may_channel_heal
    )


def _may_channel_heal(_task: object, _run: object, state: State[object]) -> bool:
    """Whether another try may help: the other side is down, and not our own settings wrong."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, ChannelDown) and error.may_heal


def tell_log(sentence: str) -> None:
    """Say something in the log of the run, which Prefect's pages show."""
    get_run_logger().info(sentence)
