"""What a rule counts when it is tried on past years: everything it looked at, whatever it found."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.outliers.rules import examine_series, locate_series, series_checks
from expectations.outliers.scores import series_frame
from expectations.rulebook.rulebook import RuleBook, load_rules
from flows.decisions.rule_trial import count_all
from tests.series_rows import CATALOGUE, TOWNSHIPS, YEAR, bent, history, numbers, steady

SERIES = load_rules(None, CATALOGUE).of_scope("series")


@pytest.mark.parametrize("rule", SERIES, ids=lambda rule: rule.id)
def test_a_series_rule_counts_every_number_it_looked_at_and_finds_the_same(rule) -> None:  # type: ignore[no-untyped-def]
    for values in (steady(), bent(20_000.0), [*steady()[1:], steady()[0]]):
        frame = series_frame(numbers(YEAR, values), history(), CATALOGUE)
        as_written, counting = (
            examine_series(series_checks(RuleBook({rule.id: each})), frame)
            for each in (rule, count_all(rule))
        )
        assert counting.count_failures() == as_written.count_failures()
        assert locate_series(counting)[0].equals(locate_series(as_written)[0])
        levels = [*(rule.levels or frame["org_level"].unique())]
        assert counting.concerned_counts[rule.id] == frame.filter(pl.col("org_level").is_in(levels)).height
        if "township" in levels:
            assert counting.concerned_counts[rule.id] >= len(TOWNSHIPS)
            assert counting.verdicts[rule.id].count() > 0, "what it looked at is counted as evaluated"
