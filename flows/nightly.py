"""The night as a Prefect flow: receive, read, conform, check, decide, load, roll up, indicators, publish, answer.

This page is the table of contents; each task is a thin wrapper around a function of flows/intake.py, which takes a batch in,
flows/publication.py, or flows/answer/outgoing.py for what the units and the administrator find afterwards. ``rebuild`` is the
same flow from an empty state: it replays the journal's batches and leaves inbox, receipts and alerts alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import ParamSpec, TypeVar

from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE

from flows import intake, publication
from flows.answer import outgoing
from flows.answer.outgoing import Report
from flows.error_log import note_error
from flows.intake import OnDone
from flows.keeping.marks import marking_failure
from flows.night import Night, mark_end, note_unnamed, open_night
from flows.settings import Installation, find_installation
from warehouse.ledger.journal import Entry
from warehouse.store.build import NightBuild
from warehouse.store.connection import WarehouseOccupied
from warehouse.store.publish import AlreadyRunning

P = ParamSpec("P")
R = TypeVar("R")

_BEGUN_AGAIN = 2


def _step(name: str, work: Callable[P, R]) -> Task[P, R]:
    """A task around a step. Frames are handed on in memory: caching would hash them, persisting would copy them."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(work)


receive = _step("receive", intake.receive)
read = _step("read", intake.read)
conform = _step("conform", intake.conform)
judge = _step("check", intake.judge)
decide = _step("decide", intake.decide)
load = _step("load", intake.load)
compute = _step("roll up and compute indicators", publication.compute_indicators)
publish = _step("publish", publication.publish_build)
answer = _step("receipts", outgoing.answer_units)
publish_pages = _step("validation pages", outgoing.publish_pages)
tell = _step("digest", outgoing.tell_administrators)


def run_night(
    installation: Installation, *, from_scratch: bool = False, on_done: OnDone | None = None
) -> Report:
    """A night; when it breaks off, the administrators are told and the published file stays as it was."""
    try:
        with nullcontext() if from_scratch else marking_failure(installation.home.root):
            return _night_beside_others(installation, from_scratch, on_done)
    except AlreadyRunning:
        raise  # the other night is well
    except Exception as error:
        _tell_failure(installation, error)
        raise


def _night_beside_others(installation: Installation, from_scratch: bool, on_done: OnDone | None) -> Report:
    """A night; when another program opens the warehouse for writing meanwhile, it is begun again, on a file of its own."""
    for _ in range(_BEGUN_AGAIN):
        try:
            return _night(installation, from_scratch, on_done)
        except WarehouseOccupied:
            continue
    return _night(installation, from_scratch, on_done)


def _tell_failure(installation: Installation, error: Exception) -> None:
    """Tell the administrators; where that fails too, it must not hide why the night broke off."""
    try:
        outgoing.tell_failure(installation, error)
    except Exception:  # noqa: BLE001 - a catalogue that cannot be read, say: whatever it is, it is the second fault
        note_error(installation.home.root, traceback.format_exc())


def _night(installation: Installation, from_scratch: bool, on_done: OnDone | None) -> Report:
    """The order of a night."""
    with open_night(installation, from_scratch=from_scratch) as night:
        receive(night)
        if night.has_work():
            with publication.open_build(night) as build:
                for received in night.list_batches():
                    _take_in(night, received, build, on_done)
                compute(night, build)
                publish(night, build)
        note_unnamed(night)
        report = outgoing.collect_report(night)
        if from_scratch:
            return report
        answer(night, report)
        publish_pages(night)
        report = tell(night, report)
        mark_end(night)
        return report


def _take_in(night: Night, received: list[Entry], build: NightBuild, on_done: OnDone | None) -> None:
    """One batch, from its bytes to the file being built; its frames end with it."""
    batch = read(night, received, on_done)
    batch = conform(night, batch)
    batch = judge(night, batch, build)
    batch = decide(night, batch, build)
    load(night, batch, build)


@flow(name="nightly", validate_parameters=False, persist_result=False)
def nightly(home: str | None = None, catalogue: str | None = None) -> None:
    """The scheduled night. Parameters default to NIANBAO_HOME and NIANBAO_CATALOGUE."""
    run_night(find_installation(Path(home) if home else None, Path(catalogue) if catalogue else None))


@flow(name="backfill", validate_parameters=False, persist_result=False)
def backfill(home: str | None = None, catalogue: str | None = None) -> None:
    """Replay the whole journal from the archive into a new warehouse."""
    run_night(
        find_installation(Path(home) if home else None, Path(catalogue) if catalogue else None),
        from_scratch=True,
    )
