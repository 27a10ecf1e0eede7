"""What is told of a night at its end, however it ended: the same for log, figures and trace."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flows.clock import TIME_ZONE
from flows.night import Night, list_versions
from flows.running.timing import Step
from flows.settings import read_code_version
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.store.query import QueryError, WarehouseMissing, query

_DECIDED = """SELECT submission, unit_code, year, decision, critical_count, warning_count FROM quality.submission
              WHERE run = ? ORDER BY received_seq"""


@dataclass(frozen=True)
class EndedNight:
    """A night that has ended. ``run``: None where it broke off before it was open, and had none."""

    home: Path
    database: Path
    began: datetime
    run: str | None = None
    is_from_scratch: bool = False
    broken_by: BaseException | None = None
    versions: Mapping[str, str] = field(default_factory=lambda: {"code_version": read_code_version()})
    steps: Sequence[Step] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)  # by step
    decided: Sequence[Mapping[str, object]] = ()  # a submission each
    left_count: int = 0
    ended: datetime = field(default_factory=lambda: datetime.now(TIME_ZONE))
    peak_memory_bytes: int = field(
        default_factory=lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    )

    @property
    def decisions(self) -> dict[str, int]:
        """How many submissions were decided so."""
        counts = dict.fromkeys(("accepted", "held", "refused"), 0)
        for row in self.decided:
            decision = str(row["decision"])
            counts[decision] = counts.get(decision, 0) + 1
        return counts


def describe_end(night: Night, broken_by: BaseException | None = None) -> EndedNight:
    """The end of a night that was open."""
    return EndedNight(
        home=night.home.root,
        database=night.home.database,
        began=night.at,
        run=night.run,
        is_from_scratch=night.is_from_scratch,
        broken_by=broken_by,
        versions=read_versions(night),
        steps=night.steps.ended,
        seconds=night.steps.seconds,
        decided=_list_decided(night),
        left_count=len(night.record.left),
    )


def read_versions(night: Night) -> dict[str, str]:
    """What the night works by; of the program alone, where the catalogue cannot be read."""
    try:
        return list_versions(night.installation)
    except CatalogueError:
        return {"code_version": read_code_version()}


def _list_decided(night: Night) -> list[dict[str, object]]:
    with suppress(WarehouseMissing, QueryError):
        return query(night.home.database, _DECIDED, [night.run]).to_dicts()
    return []
