"""A partition of files: read behind the wall, conformed and observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import polars as pl

from flows.partitions.brought_files import bringing
from flows.partitions.work import Part, WorkPlace, name_key
from flows.partitions.world import World, load_world
from flows.steps.batch import REFUSED, Batch, Member, ReceivedFile
from flows.steps.faults import step_without_faulty
from flows.steps.steps import conform_batch, read_batch
from transforms.conforming.conform import COLUMNS, UNIT_YEAR, Conformed
from transforms.observing.observations import Observed
from transforms.reading.file_read import FileRead
from warehouse.catalogue.frames import (
    ANSWER,
    COUNTED_ROW,
    DECLARED_EMPTY,
    MEASURE,
    NOTE,
    OBSERVATION,
    PROBLEM,
    SUBMISSION,
    UNREAD,
    Schema,
    shaped,
)
from warehouse.words.folding import fold_column

FILLED: Schema = {"submission": pl.String, "filled_count": pl.Int64, "observation_count": pl.Int64}
"""How many cells a submission has, and how many hold something, zeros too, with the rosters that say they list nothing."""
REPORTED: Schema = {"submission": pl.String, "year": pl.Int32, "measure": pl.String, "value": pl.Float64}
"""What a submission reports altogether of a measure; key: submission, measure."""
_MEMBER: Schema = {"container": pl.String, "name": pl.String, "content": pl.Binary}

_CONFORMED: dict[str, Schema] = {
    "columns": COLUMNS,
    "notes": NOTE,
    "problems": PROBLEM,
    "declared_empty": DECLARED_EMPTY,
    "submissions": UNIT_YEAR,
    "answers": ANSWER,
    "unread": UNREAD,
}
_OBSERVED: dict[str, Schema] = {
    "observations": OBSERVATION,
    "counted_rows": COUNTED_ROW,
    "measures": MEASURE,
}
_FORM = "form-"
_OF_CONFORMED = "conformed-"


@dataclass(frozen=True)
class ReadingJob:
    """Files to read, and where what comes of them is kept.

    ``world`` is what they are conformed by, ``workers`` how many children read at a time, ``archive`` the address from which
    a machine brings the files that it does not have, "" for none.
    """

    key: str
    place: WorkPlace
    world: str
    files: tuple[ReceivedFile, ...]
    workers: int
    archive: str = field(default="", repr=False)  # it may hold a password


def list_reading_jobs(
    files: Sequence[ReceivedFile],
    world: World,
    kept: str,
    place: WorkPlace,
    size: int,
    workers: int,
    archive: str = "",
) -> list[ReadingJob]:
    """``files`` in partitions of at most ``size``, in their order; ``kept``: the name under which ``world`` is kept."""
    groups = [tuple(files[start : start + size]) for start in range(0, len(files), size)]
    each = max(1, workers // len(groups)) if groups else 1
    return [
        ReadingJob(
            name_key(
                "read", world.forms_version, world.registry_version, [_describe(file) for file in group]
            ),
            place,
            kept,
            group,
            each,
            archive,
        )
        for group in groups
    ]


def _describe(file: ReceivedFile) -> list[object]:
    """What is read of a file, wherever its bytes rest."""
    return [getattr(file, each.name) for each in fields(file) if each.name != "path"]


def read_part(job: ReadingJob) -> Part:
    """Read, conform and observe the files of a partition, unless it is kept. DestinationFailed, WorkLost, WallBroken."""
    if (kept := job.place.find(job.key)) is not None:
        return kept
    world = load_world(job.place, job.world)
    with bringing(job.files, job.archive) as files:
        batch = read_batch(files, world.catalogue, job.workers)
    named = _list_named_units(batch.reads.values())
    catalogue = world.select(batch.submissions["unit_code"].unique().to_list(), named)
    faults: list[str] = []
    batch = step_without_faulty(lambda part: conform_batch(part, catalogue), batch, faults.extend)
    return job.place.keep(job.key, _list_frames(batch), {"answered": batch.answered, "faults": faults})


def leave_read_part(job: ReadingJob) -> str:
    """As :func:`read_part`, for whoever runs elsewhere: the key of what it left."""
    return read_part(job).key


def _list_named_units(reads: Iterable[FileRead]) -> list[str]:
    """The codes of counties, townships and villages that the rows of files may name."""
    codes = [
        sheet.rows["org_code"] for read in reads for sheet in read.sheets if "org_code" in sheet.rows.columns
    ]
    if not codes:
        return []
    digits = (
        pl.concat(codes)
        .drop_nulls()
        .unique()
        .to_frame("code")
        .select(fold_column(pl.col("code")).str.extract(r"(\d{6,})"))
    )
    beginnings = [digits["code"].str.slice(0, length) for length in (6, 9, 12)]
    return pl.concat(beginnings).drop_nulls().unique().to_list()


def _list_frames(batch: Batch) -> dict[str, pl.DataFrame]:
    conformed, observed = batch.conformed, batch.observed
    reported = observed.measures.drop_nulls("value")
    return {
        "submissions": batch.submissions,
        "refused": batch.refused,
        "members": pl.DataFrame(
            [(m.container.submission, m.name, m.content) for m in batch.members], schema=_MEMBER, orient="row"
        ),
        "filled": _count_cells(batch),
        "reported": reported.group_by("submission", "year", "measure", maintain_order=True).agg(
            pl.col("value").sum()
        ),
        **{f"{_FORM}{form}": rows for form, rows in conformed.forms.items()},
        **{f"{_OF_CONFORMED}{name}": getattr(conformed, name) for name in _CONFORMED},
        **{name: getattr(observed, name) for name in _OBSERVED},
    }


def _count_cells(batch: Batch) -> pl.DataFrame:
    """FILLED of every submission."""
    filled = batch.filled_cells.group_by("submission").agg(filled_count=pl.len())
    observed = batch.observed.observations.group_by("submission").agg(observation_count=pl.len())
    counted = batch.submissions.select("submission")
    for counts in (filled, observed):
        counted = counted.join(counts, on="submission", how="left", maintain_order="left")
    return shaped(counted.fill_null(0), FILLED)


@dataclass(frozen=True)
class ReadPart:
    """What was read of a partition: the frames that all the batch needs together; the others are asked for."""

    part: Part
    submissions: pl.DataFrame  # SUBMISSION
    refused: pl.DataFrame  # REFUSED
    filled: pl.DataFrame  # FILLED
    reported: pl.DataFrame  # REPORTED

    def read_rows(self, name: str) -> pl.DataFrame:
        """The rows of its submissions for the warehouse: observations, counted_rows, measures, notes or unread. WorkLost."""
        if name in _OBSERVED:
            return self.part.read(name, _OBSERVED[name])
        return self.part.read(f"{_OF_CONFORMED}{name}", _CONFORMED[name])

    def list_members(self, files: Mapping[str, ReceivedFile]) -> list[Member]:
        """The workbooks that were found inside of its files. WorkLost."""
        rows = self.part.read("members", _MEMBER)
        return [Member(files[row[0]], row[1], row[2]) for row in rows.iter_rows()]


def open_read_part(part: Part) -> ReadPart:
    """The small frames of a partition that was read. WorkLost."""
    return ReadPart(
        part,
        part.read("submissions", SUBMISSION),
        part.read("refused", REFUSED),
        part.read("filled", FILLED),
        part.read("reported", REPORTED),
    )


def join_parts(parts: Sequence[Part], wanted: Sequence[str]) -> Batch:
    """The batch of the submissions ``wanted`` as they were conformed in ``parts``. WorkLost."""
    whole = pl.concat([part.read("submissions", SUBMISSION) for part in parts])
    forms = list(dict.fromkeys(name for part in parts for name in part.names if name.startswith(_FORM)))
    batch = Batch(
        submissions=whole,
        answered={sha256: answer for part in parts for sha256, answer in part.facts["answered"].items()},
        conformed=Conformed(
            forms={
                name.removeprefix(_FORM): pl.concat([part.find(name) for part in parts if name in part.names])
                for name in forms
            },
            **{name: _join(parts, f"{_OF_CONFORMED}{name}", schema) for name, schema in _CONFORMED.items()},
        ),
        observed=Observed(**{name: _join(parts, name, schema) for name, schema in _OBSERVED.items()}),
    )
    return batch if set(whole["submission"]) == set(wanted) else batch.only(set(wanted))


def _join(parts: Sequence[Part], name: str, schema: Schema) -> pl.DataFrame:
    return pl.concat([part.read(name, schema) for part in parts])
