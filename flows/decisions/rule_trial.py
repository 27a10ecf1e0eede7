"""A rule on past years: what it would have raised on the submissions that stand, before it is switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from expectations.judge import Evidence, judge
from expectations.rulebook.rulebook import Rule, RuleBook
from flows.settings import Installation
from flows.steps.batch import describe_file
from flows.steps.steps import conform_batch, read_batch
from warehouse.ledger.journal import Event
from warehouse.ledger.review_entries import ReviewRefused
from warehouse.store.query import query, read_standing_measures


@dataclass(frozen=True)
class Trial:
    """``findings``: FINDING; ``results``: RULE_RESULT over all the years together; ``submission_count`` looked at."""

    findings: pl.DataFrame
    results: pl.DataFrame
    submission_count: int


def try_rule(installation: Installation, rule_id: str, years: Sequence[int]) -> Trial:
    """Judge the standing submissions of ``years`` by one rule alone, as if it had always been in force.

    They are read from the archive anew, exactly as a night reads them. ReviewRefused for a rule that is none or that
    cannot be judged from rows (reading's own problems).
    """
    rule = installation.rulebook.rules.get(rule_id)
    if rule is None or rule.scope in ("problem", "refusal"):
        raise ReviewRefused(f"没有可以试算的审核关系 {rule_id}。全部编号见 docs/rules.md。")
    always = count_all(rule.model_copy(update={"since": None, "until": None}))
    standing = query(
        installation.home.whole_database,
        "SELECT submission FROM quality.standing WHERE list_contains(?, year)",
        [list(years)],
    )["submission"].to_list()
    wanted = set(standing)
    journal = installation.home.read_journal()
    received = {
        e.submission: e for e in journal.entries() if e.event == Event.RECEIVED and e.submission in wanted
    }
    archive = installation.home.find_archive()
    files = [describe_file(entry, archive.path(str(sha256))) for sha256, entry in received.items()]
    batch = conform_batch(
        read_batch(files, installation.catalogue, installation.settings.workers), installation.catalogue
    )
    conformed = batch.conformed
    evidence = Evidence(
        forms=conformed.forms,
        columns=conformed.columns,
        submissions=batch.submissions,
        measures=batch.observed.measures,
        prior=read_standing_measures(installation.home.whole_database),
        declared_empty=conformed.declared_empty,
    )
    judgement = judge(evidence, installation.catalogue, RuleBook({rule.id: always}))
    return Trial(judgement.findings, judgement.results, batch.submissions.height)


def count_all(rule: Rule) -> Rule:
    """A rule of scope series that finds the same and counts every number it looked at as evaluated.

    What such a rule says ``when`` is no matter of whom it concerns but half of its test: as it is written it counts only
    the numbers that were doubtful already. Scores of blocks (columns filled in for each other and the like) are there
    only for numbers that fit badly where they stand; the others were looked at, and found where they belong.
    """
    if rule.scope != "series" or rule.expression is None:
        return rule
    test = f"NOT ({rule.when}) OR ({rule.expression})" if rule.when else rule.expression
    if rule.subject != "number":
        test = f"COALESCE({test}, TRUE)"
    return rule.model_copy(update={"when": None, "expression": test})
