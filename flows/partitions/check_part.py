"""A partition of submissions: those of whole regions, judged by their own numbers and by what is known of these before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from expectations.count import SuitePart
from expectations.outliers.effects import TOTAL
from expectations.verdicts.silence import CELL_ASKED
from flows.partitions.read_part import join_parts
from flows.partitions.work import Part, WorkPlace, hash_frame, name_key
from flows.partitions.world import World, hash_registry, load_world
from flows.steps.batch import REFUSED, Background, Batch, describe_units
from flows.steps.faults import step_without_faulty
from flows.steps.steps import judge_batch
from warehouse.catalogue.frames import ANSWER, FINDING, MEASURE, OBSERVATION, RECEIVED, Schema, Submissions

_BACKGROUND: dict[str, Schema] = {
    "prior": MEASURE,
    "later": MEASURE,
    "asked_later": CELL_ASKED,
    "received": RECEIVED,
    "earlier": OBSERVATION,
    "totals": TOTAL,
}
_VERDICTS = "verdicts-"


@dataclass(frozen=True)
class CheckingJob:
    """Submissions to judge: where they were conformed (``reads``) and what was known before (``background``), as keys.

    ``about``: whose they are, in words.
    """

    key: str
    place: WorkPlace
    world: str
    reads: tuple[str, ...]
    submissions: tuple[str, ...]
    background: str
    about: str


def split_by_region(submissions: Submissions, world: World, size: int) -> list[pl.DataFrame]:
    """SUBMISSION in partitions of whole regions and about ``size``, regions in the order of their first receipt."""
    region_of = {code: world.regions.find_region(code) for code in submissions["unit_code"].unique()}
    placed = submissions.with_columns(
        region=pl.col("unit_code").replace_strict(region_of, return_dtype=pl.String)
    )
    counts = placed.group_by("region", maintain_order=True).agg(pl.len())
    parts = counts.select("region", part=(pl.col("len").cum_sum() - 1) // size)
    found = placed.join(parts, on="region", maintain_order="left").drop("region")
    return found.partition_by("part", maintain_order=True, include_key=False)


def keep_background(place: WorkPlace, background: Background) -> str:
    """Keep what is known before a partition is judged, under a hash of it; its key. DestinationFailed."""
    frames = {name: getattr(background, name) for name in _BACKGROUND}
    key = name_key("background", [(name, hash_frame(frame)) for name, frame in frames.items()])
    if place.find(key) is None:
        place.keep(key, frames, {})
    return key


def name_checking_job(
    place: WorkPlace,
    world: World,
    kept: str,
    reads: Sequence[str],
    submissions: Submissions,
    background: str,
    years: Sequence[int],
) -> CheckingJob:
    """The job of judging ``submissions`` by ``world``, kept under the name ``kept``.

    ``years``: those of the submissions and of later ones that are compared anew.
    """
    units = submissions["unit_code"].unique().sort().to_list()
    read = (
        world.forms_version,
        hash_registry(world.select(units).registry),
        world.rules_version(years),
        list(reads),
        submissions["submission"].to_list(),
        background,
    )
    return CheckingJob(
        name_key("check", *read),
        place,
        kept,
        tuple(reads),
        tuple(submissions["submission"]),
        background,
        describe_units(submissions, world.catalogue.unit_names()),
    )


def check_part(job: CheckingJob) -> Part:
    """Judge the submissions of a partition, unless that is kept. DestinationFailed, WorkLost."""
    if (kept := job.place.find(job.key)) is not None:
        return kept
    world = load_world(job.place, job.world)
    batch = join_parts([job.place.get(key) for key in job.reads], job.submissions)
    catalogue = world.select(batch.submissions["unit_code"].unique().to_list())
    known = job.place.get(job.background)
    background = Background(**{name: known.read(name, schema) for name, schema in _BACKGROUND.items()})
    faults: list[str] = []
    batch = step_without_faulty(
        lambda part: judge_batch(part, background, catalogue, world.rulebook), batch, faults.extend
    )
    return job.place.keep(job.key, _list_frames(batch), _describe(batch, faults))


def leave_checked_part(job: CheckingJob) -> str:
    """As :func:`check_part`, for whoever runs elsewhere: the key of what it left."""
    return check_part(job).key


def _list_frames(batch: Batch) -> dict[str, pl.DataFrame]:
    judgement = batch.judgement
    return {
        "findings": judgement.findings,
        "answers": judgement.answers,
        "revised": judgement.revised,
        "refused": batch.refused,
        **{f"{_VERDICTS}{suite.name}": suite.verdicts for suite in batch.suites},
    }


def _describe(batch: Batch, faults: Sequence[str]) -> dict[str, object]:
    return {
        "faults": faults,
        "compared_anew": batch.compared_anew,
        "suites": {
            suite.name: {"title": suite.title, "concerned": suite.concerned_counts} for suite in batch.suites
        },
    }


@dataclass(frozen=True)
class CheckedPart:
    """What was judged of a partition. Frames: FINDING, ANSWER, FINDING, REFUSED (what the program does not cope with)."""

    part: Part
    findings: pl.DataFrame
    answers: pl.DataFrame
    revised: pl.DataFrame
    refused: pl.DataFrame

    @property
    def compared_anew(self) -> list[str]:
        """The later submissions that were compared with this partition."""
        return list(self.part.facts["compared_anew"])

    def list_suites(self) -> Mapping[str, SuitePart]:
        """Its suites by name, whose verdicts are read when they are counted. WorkLost."""
        return {
            name: SuitePart(
                about["title"], about["concerned"], partial(self._read_verdicts, name, about["concerned"])
            )
            for name, about in self.part.facts["suites"].items()
        }

    def _read_verdicts(self, suite: str, checks: Iterable[str]) -> pl.DataFrame:
        return self.part.read(f"{_VERDICTS}{suite}", dict.fromkeys(checks, pl.Boolean))


def open_checked_part(part: Part) -> CheckedPart:
    """What a judged partition leaves but for its verdicts. WorkLost."""
    frames = {"findings": FINDING, "answers": ANSWER, "revised": FINDING, "refused": REFUSED}
    return CheckedPart(part, **{name: part.read(name, schema) for name, schema in frames.items()})
