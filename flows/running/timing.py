"""How long each step of a night takes, measured in one place: what log, figures, quality.run and trace tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast, runtime_checkable

from flows.clock import TIME_ZONE
from warehouse.catalogue.frames import Submissions

STEPS_TO_PUBLISH = (
    "fetch",
    "receive",
    "read",
    "start_gate",
    "check",
    "decide",
    "load",
    "vintages",
    "indicators",
)
"""Steps that end before the file is published: their seconds stand in the run's own row of quality.run."""
STEPS_AFTER = (
    *("publish", "receipts", "outbox", "pages", "clear_out", "papers", "site", "lake"),
    *("digest", "send", "backup"),
)
"""Steps that end later: the mark of a good night carries their seconds to the next file."""

ENGINE_STEPS = ("read", "check", "decide", "load", "indicators", "publish")
"""Steps that make numbers of workbooks."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Step:
    """A step of a night: since when, how many seconds, of how many units and submissions, and what broke it off."""

    name: str
    began: datetime
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    broken_by: BaseException | None = None

    @property
    def ended(self) -> datetime:
        """When it ended."""
        return self.began + timedelta(seconds=self.seconds)


@dataclass
class Steps:
    """The steps of a night, in the order in which they ended."""

    ended: list[Step] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # by name

    @contextmanager
    def timing(self, name: str) -> Iterator[Step]:
        """Add the block as a step, also when it breaks off; a step of which there are several has the sum of their seconds."""
        start, step = time.perf_counter(), Step(name, datetime.now(TIME_ZONE))
        try:
            yield step
        except BaseException as error:
            step.broken_by = error
            raise
        finally:
            step.seconds = time.perf_counter() - start
            self.ended.append(step)
            self.seconds[name] = self.seconds.get(name, 0.0) + step.seconds


class Timed(Protocol):
    """What a step works on first of all: the night, which keeps its steps."""

    @property
    def steps(self) -> Steps: ...


@runtime_checkable
class HasSubmissions(Protocol):
    """A batch, or what a night answers."""

    @property
    def submissions(self) -> Submissions: ...


def timed(name: str, work: Callable[P, R]) -> Callable[P, R]:
    """The step under its name, timed; the first argument of every step is its night."""

    @wraps(work)
    def step_of_night(*args: P.args, **kwargs: P.kwargs) -> R:
        night = cast("Timed", args[0])
        with night.steps.timing(name) as step:
            step.counts = _count_submissions(args)
            result = work(*args, **kwargs)
            step.counts = step.counts or _count_submissions([result])
            return result

    return step_of_night


def _count_submissions(handed: Iterable[object]) -> dict[str, int]:
    """How many submissions, of how many units, were handed to a step or came of it; nothing where there are none."""
    for frame in (each.submissions for each in handed if isinstance(each, HasSubmissions)):
        return {
            "submission_count": frame.height,
            "unit_count": frame["unit_code"].drop_nulls().n_unique(),
        }
    return {}
