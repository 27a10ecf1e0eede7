"""A batch as a night knows it while its parts rest in work/: who sent what, what is asked, what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from expectations.judge import Judgement
from flows.partitions.check_part import CheckedPart
from flows.partitions.read_part import FILLED, REPORTED, ReadPart
from flows.steps.batch import DECIDED, REFUSED
from flows.steps.steps import Judged
from warehouse.catalogue.frames import SUBMISSION, Submissions, empty


@dataclass(frozen=True)
class PartedBatch:
    """Files that are taken in together. Each step (flows.intake) gives a batch that knows more; what it lacks is empty.

    ``first_seq``: the first place of receipt. Read: ``reads``; ``submissions`` (SUBMISSION) that could be read; ``refused``
    (REFUSED); ``answered``: correction workbook -> the submission it answers; ``filled`` (FILLED); ``reported`` (REPORTED).
    Judged: ``checks``, and ``judgement``, whose findings, answers, results and docs are those of all parts. Decided:
    ``decided`` (DECIDED), refused ones too.
    """

    first_seq: int
    reads: Sequence[ReadPart] = ()
    submissions: Submissions = field(default_factory=partial(empty, SUBMISSION))
    refused: pl.DataFrame = field(default_factory=partial(empty, REFUSED))
    answered: Mapping[str, str] = field(default_factory=dict)
    filled: pl.DataFrame = field(default_factory=partial(empty, FILLED))
    reported: pl.DataFrame = field(default_factory=partial(empty, REPORTED))
    checks: Sequence[CheckedPart] = ()
    judgement: Judgement = field(default_factory=Judgement)
    decided: pl.DataFrame = field(default_factory=partial(empty, DECIDED))

    @property
    def judged(self) -> Judged:
        """What a decision looks at."""
        filled = self.filled.select("submission", "filled_count")
        counted = self.submissions.join(filled, on="submission", how="left", maintain_order="left")
        return Judged(counted, self.refused, self.answered, self.judgement.findings)

    @property
    def observation_count(self) -> int:
        """How many cells its submissions have."""
        return int(self.filled.join(self.submissions, on="submission", how="semi")["observation_count"].sum())

    def list_rows(self, name: str) -> Iterator[pl.DataFrame]:
        """The rows of its submissions for the warehouse, part by part (ReadPart.read_rows). WorkLost."""
        for part in self.reads:
            yield part.read_rows(name).join(
                self.submissions, on="submission", how="semi", maintain_order="left"
            )


def join_reads(first_seq: int, reads: Sequence[ReadPart]) -> PartedBatch:
    """The batch that was read in these parts."""
    return PartedBatch(
        first_seq,
        reads,
        submissions=_join([part.submissions for part in reads], empty(SUBMISSION)),
        refused=_join([part.refused for part in reads], empty(REFUSED)),
        answered={s: a for part in reads for s, a in part.part.facts["answered"].items()},
        filled=_join([part.filled for part in reads], empty(FILLED)),
        reported=_join([part.reported for part in reads], empty(REPORTED)),
    )


def _join(frames: Sequence[pl.DataFrame], none: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([none, *frames])
