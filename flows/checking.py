"""``nianbao check``: the night's reading and rules on one file, behind the same wall, without touching the archive."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows.clock import TIME_ZONE
from flows.settings import Installation
from flows.steps import Background, assess, conform_batch, read_batch, refusal_words
from transforms.reading.formats.container import SEVERAL
from warehouse.catalogue.frames import FINDING, MEASURE, empty
from warehouse.ledger.journal import NO_HASH, Entry, Event
from warehouse.store.past import Past
from warehouse.store.query import read_only, standing_measures


@dataclass(frozen=True)
class Verdict:
    """What check found: a refusal sentence, or the findings of a readable file."""

    title: str
    refusal: str | None
    findings: pl.DataFrame
    has_last_year: bool = True  # else rules that compare with last year could not be evaluated


class _OneFile:
    """Stands where the archive stands: the path of the one file, whatever its hash."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def path(self, sha256: str) -> Path:
        del sha256
        return self.file


def check_file(place: Installation, file: Path) -> Verdict:
    """Judge one file as tonight's run would."""
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    payload: dict[str, Any] = {"submission": sha256, "file_name": file.name, "folder": None}
    entry = Entry(1, NO_HASH, datetime.now(TIME_ZONE), "check", None, Event.RECEIVED, payload, "")
    readings = read_batch([entry], _OneFile(file), place.catalogue, workers=1)
    if readings.refused.height:
        refused = readings.refused.row(0, named=True)
        if refused["rule"] == SEVERAL:
            said = (
                f"{file.name} 里面有{refused['detail']}。报送时会分别接收；要在这里审核的，请解压后逐个审核。"
            )
            return Verdict(file.name, said, empty(FINDING))
        return Verdict(
            file.name, refusal_words(place.rulebook, refused["rule"], refused["detail"]), empty(FINDING)
        )
    conformed = conform_batch(readings, place.catalogue)
    with ExitStack() as opened:
        prior, past = empty(MEASURE), Past()
        if place.home.database.exists():
            prior = standing_measures(place.home.database)
            past = Past(opened.enter_context(read_only(place.home.database)))
        assessed = assess(
            readings, conformed, place.catalogue, place.rulebook, Background(prior, past), is_gated=False
        )
    this = readings.submissions.row(0, named=True)
    last_year = prior.filter(unit_code=this["unit_code"], year=this["year"] - 1)
    return Verdict(file.name, None, assessed.judgement.findings, not last_year.is_empty())
