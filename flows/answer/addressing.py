"""To whom the receipts of a night go: back to where a workbook came from, else to the unit's clerks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from flows.answer.receipt_sentences import describe_result
from flows.answer.receipts import UNKNOWN_UNIT
from flows.answer.shared_receipts import SharedReceipt
from flows.receiving.receive import Repeated
from flows.telling.letters import TO_THE_UNIT, Answer
from warehouse.catalogue.contacts import Contacts
from warehouse.ledger.journal import Entry, Event
from warehouse.standing.outcomes import Outcome

MAIL_KEYS = ("from", "message_id", "subject")
"""Payload ``mail`` of a receipt in the journal: the mail that brought the file."""


def address_answers(
    outcome: Outcome,
    papers: Mapping[str, Sequence[Path]],
    outbox: Path,
    contacts: Contacts | None,
    entries: Sequence[Entry],
    names: Mapping[str, str],
) -> list[Answer]:
    """An answer for each submission and each way to its unit.

    ``contacts``: None where they cannot be read: then answers are addressed to the unit, and wait for its clerks' addresses.
    ``papers``: by submission the receipt (as Markdown) and, where there is one, the correction workbook, below ``outbox``.
    """
    mails = list_mails(entries)
    said = _summarise_findings(outcome.findings)
    found = []
    for row in outcome.submissions.iter_rows(named=True):
        files = tuple(str(path.relative_to(outbox)) for path in papers.get(row["submission"], ()))
        if not files:
            continue
        unit_name = names.get(row["unit_code"] or "", UNKNOWN_UNIT)
        for to, subject, answers in _list_ways(row, mails.get(row["submission"]), contacts, unit_name):
            key = _hash_answer(row, said.get(row["submission"], ""), to)
            found.append(Answer(key, unit_name, to, subject, files, answers, row["unit_code"] or ""))
    return found


def address_shared(
    shared: Sequence[SharedReceipt], outbox: Path, contacts: Contacts | None, names: Mapping[str, str]
) -> list[Answer]:
    """An answer for each receipt that many refused files of a unit share, and each way to the unit."""
    found = []
    for receipt in shared:
        files = tuple(str(page.relative_to(outbox)) for page in receipt.pages)
        unit_name = names.get(receipt.first["unit_code"] or "", UNKNOWN_UNIT)
        for to, subject, answers in _list_ways(receipt.first, None, contacts, unit_name):
            key = _hash_parts(receipt.key, to)
            found.append(
                Answer(key, unit_name, to, subject, files, answers, receipt.first["unit_code"] or "")
            )
    return found


def list_mails(entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """The mail that brought each submission which came by one."""
    return {
        str(e.submission): e.payload["mail"]
        for e in entries
        if e.event == Event.RECEIVED and "mail" in e.payload
    }


def address_repeats(
    repeated: Sequence[Repeated],
    receipts: Sequence[Path],
    outbox: Path,
    known: pl.DataFrame,
    names: Mapping[str, str],
) -> list[Answer]:
    """An answer to each mail that brought a file which had been received before: who writes a mail waits for one.

    ``receipts``: of each of ``repeated``; ``known``: as Outcome.submissions.
    """
    units = dict(known.select("submission", "unit_code").iter_rows())
    found = []
    for again, receipt in zip(repeated, receipts, strict=True):
        if again.mail is None:
            continue
        unit, message_id = units[again.submission] or "", again.mail["message_id"]
        unit_name = names.get(unit, UNKNOWN_UNIT)
        subject = _reply_to(again.mail["subject"] or f"{unit_name}计生协年报：重复报送")
        key = _hash_parts(again.submission, message_id)
        files = (str(receipt.relative_to(outbox)),)
        found.append(Answer(key, unit_name, again.mail["from"], subject, files, message_id, unit))
    return found


def _list_ways(
    row: dict[str, Any], mail: dict[str, str] | None, contacts: Contacts | None, unit_name: str
) -> Iterator[tuple[str, str, str]]:
    """Address, subject and the mail it answers, of each way to the unit."""
    subject = f"{unit_name}{row['year'] or ''}年度计生协年报：{describe_result(row)}"
    if mail is not None:
        yield mail["from"], f"回复：{mail.get('subject') or subject}", mail.get("message_id", "")
    if contacts is None:
        if mail is None:
            yield TO_THE_UNIT, subject, ""
        return
    for clerk in contacts.clerks_of(row["unit_code"] or ""):
        if clerk.outbox:
            yield clerk.outbox, subject, ""
        if clerk.mail and mail is None:
            yield clerk.mail[0], subject, ""


def _summarise_findings(findings: pl.DataFrame) -> dict[str, str]:
    """Submission -> what is asked of it and how each question stands."""
    if findings.is_empty():
        return {}
    asked = findings.select("submission", said=pl.format("{}:{}", "finding", "finding_status")).sort("said")
    return dict(asked.group_by("submission").agg(pl.col("said").str.join(",")).iter_rows())


def _hash_answer(row: dict[str, Any], said: str, to: str) -> str:
    """The key of an answer: the same for as long as the same is said of the same bytes to the same address."""
    return _hash_parts(row["submission"], row["decision"], row["reason"], said, to)


def _hash_parts(*parts: object) -> str:
    return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:24]


def _reply_to(subject: str) -> str:
    """The subject of an answer; a mail that answered one of ours has its mark already."""
    return subject if subject.startswith(("回复：", "Re:", "RE:")) else f"回复：{subject}"
