"""The marks in a home: how the last good night ended, why the last one broke off, what the next one has to answer anew.

They are read by what runs beside the nights (the dead man's switch) and need neither catalogue, warehouse nor Prefect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from flows.clock import TIME_ZONE
from flows.places.destination import DestinationFailed
from flows.system_words import explain_error, explain_machine_fault
from warehouse.ledger.durability import write_durably
from warehouse.ledger.journal_head import Head, PrintedHead
from warehouse.store.publish import AlreadyRunning

GOOD_NIGHT = "last_good_night.json"
FAILURE = "last_failure.json"
REVISED = "revised.json"


class LateSteps(BaseModel):
    """Seconds of the steps that ended after the file of this run was published, in which they can therefore not stand."""

    run: str
    seconds: dict[str, float]


class GoodNight(BaseModel):
    """A night that went through to its end, whether it had anything to do or not.

    ``journal_count`` and ``journal_hash`` are the journal's head then; ``damaged`` and ``unnamed`` are the objects of
    the archive that were found damaged, and those that no line of the journal names. ``late`` is of this night, or of
    the last one that published a file.
    """

    at: AwareDatetime
    run: str
    versions: dict[str, str]
    journal_count: int
    journal_hash: str
    damaged: list[str] = Field(default_factory=list)
    unnamed: list[str] = Field(default_factory=list)
    late: LateSteps | None = None

    @property
    def shown_head(self) -> PrintedHead:
        """The journal's head at the end of that night."""
        return PrintedHead(Head(self.journal_count, self.journal_hash), GOOD_NIGHT)

    def has_ended_since(self, due: datetime, now: datetime) -> bool:
        """Whether it ended between ``due`` and ``now``: one that ended later is of a clock that was wrong, and proves nothing."""
        return due <= self.at <= now


class Failure(BaseModel):
    """A night that broke off: when, and one Chinese sentence why."""

    at: AwareDatetime
    reason: str


Mark = TypeVar("Mark", GoodNight, Failure)


def read_good_night(root: Path) -> GoodNight | None:
    """The last good night; None where there was none, or where the mark cannot be understood. OSError."""
    return _read(root / GOOD_NIGHT, GoodNight)


def read_failure(root: Path) -> Failure | None:
    """The last night that broke off; None where there was none, or where the mark cannot be understood. OSError."""
    return _read(root / FAILURE, Failure)


def mark_good_night(root: Path, night: GoodNight) -> None:
    """Leave the mark of a good night, durably. OSError."""
    _write(root / GOOD_NIGHT, night)


@contextmanager
def marking_failure(root: Path) -> Iterator[None]:
    """Leave a mark of what breaks off the block, however that comes; the error itself goes on as it was."""
    try:
        yield
    except AlreadyRunning:
        raise  # the other night is well
    except BaseException as error:
        with suppress(OSError):  # a disk that takes nothing must not hide what happened
            _write(root / FAILURE, Failure(at=datetime.now(TIME_ZONE), reason=_describe(error)))
        raise


_SUBMISSIONS = TypeAdapter(list[str])


def keep_revised(root: Path, submissions: Iterable[str]) -> None:
    """Leave to the next night the submissions whose findings are others since the warehouse was replaced without one."""
    if new := [*dict.fromkeys([*read_revised(root), *submissions])]:
        write_durably(root / REVISED, _SUBMISSIONS.dump_json(new))


def read_revised(root: Path) -> list[str]:
    """What was left by ``keep_revised``. OSError."""
    try:
        return _SUBMISSIONS.validate_json((root / REVISED).read_bytes())
    except (FileNotFoundError, ValidationError):
        return []


def forget_revised(root: Path) -> None:
    """All is answered that was left by ``keep_revised``."""
    (root / REVISED).unlink(missing_ok=True)


def _describe(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "被人或系统中途结束。"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}：{explain_error(error)}"
    return explain_failure(error) or type(error).__name__


def explain_failure(error: BaseException) -> str:
    """Why a night broke off, in a sentence; what another machine could not do is no fault of this one."""
    is_elsewhere = isinstance(error, DestinationFailed)
    return str(error) if is_elsewhere else explain_machine_fault(error) or str(error)


def _read(file: Path, kind: type[Mark]) -> Mark | None:
    try:
        return kind.model_validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _write(file: Path, mark: BaseModel) -> None:
    write_durably(file, mark.model_dump_json(indent=1).encode(errors="replace"))
