"""Explanations 说明 in the journal: a unit's text on a finding, and the city's decision on it.

An explanation is bound to unit, year and FINDING_KEY of its finding and to the values concerned. It holds as long as
these values do; with other values the finding is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from warehouse.catalogue.frames import ANSWER, EXPLANATION, FINDING_KEY, shaped
from warehouse.ledger.journal import Entry, Event
from warehouse.words.personal_numbers import mask_numbers

IDENTITY = ("unit_code", "year", *FINDING_KEY, "operands")
_DECIDED = {Event.EXPLANATION_ACCEPTED: "accepted", Event.EXPLANATION_REFUSED: "refused"}
_WRITTEN = ("submission", "unit_code", "year", *FINDING_KEY, "operands", "text")


def list_explanations(entries: Iterable[Entry]) -> pl.DataFrame:
    """EXPLANATION: all explanations in order of receipt, with their decisions."""
    written: dict[int, dict[str, object]] = {}
    for entry in entries:
        if entry.event == Event.EXPLAINED:
            about = {key: _mask(entry.payload[key]) for key in _WRITTEN}
            at = entry.at.isoformat(timespec="seconds")
            written[entry.seq] = {
                **about,
                "explanation": entry.seq,
                "explained_at": at,
                "decision": "explained",
            }
        elif entry.event in _DECIDED:
            written[int(entry.payload["explanation"])] |= {
                "decision": _DECIDED[entry.event],
                "reason": _mask(entry.payload.get("reason")),
                "decided_by": entry.actor,
                "decided_at": entry.at.isoformat(timespec="seconds"),
            }
    types = {name: dtype for name, dtype in EXPLANATION.items() if name != "is_current"}
    frame = pl.DataFrame(list(written.values()), schema=types)
    is_last = pl.col("explanation") == pl.col("explanation").max().over(IDENTITY)
    return shaped(frame.with_columns(is_current=is_last), EXPLANATION)


def select_new_explanations(
    answers: pl.DataFrame, submissions: pl.DataFrame, known: pl.DataFrame
) -> Sequence[dict[str, object]]:
    """The payloads of the new ones among ``answers`` (ANSWER), in their order.

    ``submissions``: submission, unit_code, year of the answers; ``known``: EXPLANATION. An answer
    with the text of a refused or waiting explanation is not new, nor is one to a finding with an accepted explanation.
    """
    whose = shaped(answers, ANSWER).join(
        submissions.select("submission", "unit_code", "year"), on="submission", maintain_order="left"
    )
    settled = known.filter(pl.col("is_current"), pl.col("decision") == "accepted")
    new = whose.join(known, on=[*IDENTITY, "text"], how="anti", maintain_order="left").join(
        settled, on=list(IDENTITY), how="anti", maintain_order="left"
    )
    return new.select(_WRITTEN).to_dicts()


def _mask(said: object) -> object:
    """What was written, without numbers of persons; a journal may hold some that a person typed, or an older version left."""
    return mask_numbers(said) if isinstance(said, str) else said
