"""Receipts for many files at once: whoever sends a folder full of other things gets a list, not a thousand pages.

Of a unit (or of nobody) more than a score of whose files are refused in one night, the receipts are put together: each
file is named there with its own sentence. What came by mail is not, since the sender of a mail gets its receipt back.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.answer.receipt_sentences import describe_refusal, describe_repeat, describe_result
from flows.answer.receipts import UNKNOWN_UNIT, Office
from flows.receiving.receive import Repeated
from flows.telling.markdown_page import escape_text
from warehouse.words.day_words import moment_words
from warehouse.words.templates import render_text

ALONE = 20
"""So many refused files of a unit get a receipt each; more of them share one."""
_ON_A_PAGE = 1000

Known = Mapping[str, dict[str, Any]]
"""The rows of Outcome.submissions, by submission."""


@dataclass(frozen=True)
class SharedReceipt:
    """What a unit is told of many files at once: the pages written, the files' submissions, the first's row and a key."""

    pages: tuple[Path, ...]
    submissions: tuple[str, ...]
    first: dict[str, Any]
    key: str


@dataclass(frozen=True)
class _Listed:
    """One line of a shared receipt."""

    name: str
    sentence: str
    submission: str


def select_shared(submissions: pl.DataFrame, mailed: Collection[str]) -> list[pl.DataFrame]:
    """The refused ones of ``submissions`` that share a receipt, unit by unit; ``mailed``: submissions that came by mail."""
    if submissions.is_empty():
        return []
    refused = submissions.filter(pl.col("decision") == "refused", ~pl.col("submission").is_in(list(mailed)))
    of_units = refused.partition_by("unit_code", maintain_order=True)
    return [rows for rows in of_units if rows.height > ALONE]


def select_repeated(repeated: Sequence[Repeated], known: Known) -> list[list[Repeated]]:
    """Files received before that share a receipt, unit by unit."""
    of_units: dict[str | None, list[Repeated]] = defaultdict(list)
    for again in repeated:
        if again.mail is None:
            of_units[known[again.submission]["unit_code"]].append(again)
    return [files for files in of_units.values() if len(files) > ALONE]


def write_refused(office: Office, refused: pl.DataFrame) -> SharedReceipt:
    """The receipt that refused files of one unit share; ``refused``: of Outcome.submissions."""
    rows = refused.to_dicts()
    said: dict[tuple[object, ...], str] = {}
    listed = []
    for row in rows:
        about = tuple(row[name] for name in ("rule", "reason", "has_earlier", "is_superseded"))
        if about not in said:  # many files have the same fault
            said[about] = " ".join(describe_refusal(row))
        listed.append(_Listed(row["file_name"], said[about], row["submission"]))
    dues = {row["due_date"] for row in rows}
    came = [moment_words(min(refused["received_at"])), moment_words(max(refused["received_at"]))]
    return _write_pages(
        office,
        listed,
        rows[0],
        is_repeated=False,
        received_at="至".join(dict.fromkeys(came)),
        result=describe_result(rows[0]),
        due=office.describe_due_date(rows[0]) if len(dues) == 1 else "",
    )


def write_repeated(office: Office, repeated: Sequence[Repeated], known: Known) -> SharedReceipt:
    """The receipt that files of one unit share which had been received before."""
    said: dict[str, str] = {}
    listed = []
    for again in repeated:
        if again.submission not in said:
            said[again.submission] = " ".join(describe_repeat(known[again.submission]))
        listed.append(_Listed(again.name, said[again.submission], again.submission))
    first = known[repeated[0].submission]
    return _write_pages(
        office, listed, first, is_repeated=True, received_at="", result="重复报送，未再处理", due=""
    )


def _write_pages(
    office: Office, listed: Sequence[_Listed], first: dict[str, Any], **told: object
) -> SharedReceipt:
    """The pages of a shared receipt; their names tell which files they are about, so that a repeated night writes them anew."""
    key = hashlib.sha256(
        "".join(f"{file.submission}{file.name}" for file in listed).encode(errors="replace")
    ).hexdigest()
    page_count = -(-len(listed) // _ON_A_PAGE)
    pages = []
    for page in range(page_count):
        files = listed[page * _ON_A_PAGE :][:_ON_A_PAGE]
        text = render_text(
            "flows.answer",
            "shared_receipt.md",
            unit_name=office.names.get(first["unit_code"], UNKNOWN_UNIT),
            file_count=len(listed),
            first=page * _ON_A_PAGE + 1,
            page=page + 1,
            page_count=page_count,
            files=[
                {
                    "name": escape_text(file.name),
                    "sentence": file.sentence,
                    "submission": file.submission,
                }
                for file in files
            ],
            contact=office.catalogue.settings.contact,
            **office.foot,
            **told,
        )
        suffix = "_重复" if told["is_repeated"] else ""
        pages.append(office.put(first["unit_code"], f"多个文件{suffix}_{key[:8]}_{page + 1:02}", text))
    return SharedReceipt(tuple(pages), tuple(file.submission for file in listed), first, key)
