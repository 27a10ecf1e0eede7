"""``nianbao check``: the night's reading and rules on one file, behind the same wall, without touching the archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.clock import TIME_ZONE
from flows.settings import Installation
from flows.steps.batch import Background, Batch, ReceivedFile
from flows.steps.steps import conform_batch, explain_refusal, judge_batch, read_batch
from transforms.reading.formats.container import SEVERAL
from warehouse.catalogue.frames import FINDING, empty
from warehouse.store.query import read_earlier, read_only, read_standing_measures


@dataclass(frozen=True)
class Verdict:
    """What check found: a refusal sentence, or the findings of a readable file."""

    title: str
    refusal: str | None
    findings: pl.DataFrame
    has_last_year: bool = True  # else rules that compare with last year could not be evaluated


def check_file(installation: Installation, file: Path) -> Verdict:
    """Judge one file as tonight's run would."""
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    received = ReceivedFile(sha256, file, file.name, None, 1, datetime.now(TIME_ZONE).isoformat(), None)
    batch = read_batch([received], installation.catalogue, workers=1)
    if batch.refused.height:
        refused = batch.refused.row(0, named=True)
        if refused["rule"] == SEVERAL:
            said = (
                f"{file.name} 里面有{refused['detail']}。报送时会分别接收；要在这里审核的，请解压后逐个审核。"
            )
            return Verdict(file.name, said, empty(FINDING))
        return Verdict(
            file.name,
            explain_refusal(installation.rulebook, refused["rule"], refused["detail"]),
            empty(FINDING),
        )
    batch = conform_batch(batch, installation.catalogue)
    background = _read_background(installation.home.whole_database, batch)
    batch = judge_batch(batch, background, installation.catalogue, installation.rulebook)
    this = batch.submissions.row(0, named=True)
    last_year = background.prior.filter(unit_code=this["unit_code"], year=this["year"] - 1)
    return Verdict(file.name, None, batch.judgement.findings, not last_year.is_empty())


def _read_background(database: Path, batch: Batch) -> Background:
    """What the published warehouse says of other years and earlier submissions; nothing where there is none yet."""
    if not database.exists():
        return Background()
    with read_only(database) as connection:
        received, earlier = read_earlier(connection, batch.submissions, batch.answered)
    return Background(prior=read_standing_measures(database), received=received, earlier=earlier)
