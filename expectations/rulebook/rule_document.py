"""The rule book 审核关系手册 as a Markdown page, generated from the rules; never written by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass

import polars as pl

from expectations.rulebook.rulebook import Rule, RuleBook, Scope
from warehouse.catalogue.load import Catalogue
from warehouse.words import labels
from warehouse.words.day_words import years_words
from warehouse.words.filled_sentences import fill_plainly
from warehouse.words.templates import render_text

_LEVELS = {"city": "市", "county": "县（市、区）", "township": "乡镇（街道）", "village": "村（社区）"}
_GENERAL: tuple[tuple[Scope, str], ...] = (
    ("unit", "表间与跨年审核"),
    ("series", "年度数列中的可疑数"),
    ("column", "由指标目录生成的审核关系"),
    ("total", "合计与小计"),
    ("problem", "读取与识别"),
    ("refusal", "整份文件不能接收的情形"),
)


@dataclass(frozen=True)
class ToldRule:
    """A rule in words: what its severity is called, what it demands, where it applies, why, and what to do."""

    id: str
    severity: str
    meaning: str
    where: str
    why: str
    fix: str


def list_sections(rulebook: RuleBook, catalogue: Catalogue) -> list[tuple[str, list[ToldRule]]]:
    """The sections of the rule book with their rules: by form, across forms, then the general ones."""
    sections = [
        *((f"{form.number} {form.title}", rulebook.row_rules(form.id)) for form in catalogue.forms.values()),
        *((title, rulebook.of_scope(scope)) for scope, title in _GENERAL),
    ]
    return [(title, list(map(_tell_rule, rules))) for title, rules in sections if rules]


def count_severities(rulebook: RuleBook) -> list[dict[str, object]]:
    """How many rules each severity has: word, count."""
    of_severity: Counter[str] = Counter(rule.severity for rule in rulebook.rules.values())
    return [{"word": word, "count": of_severity[code]} for code, word in labels.SEVERITY.items()]


def format_rule_book(rulebook: RuleBook, catalogue: Catalogue) -> str:
    """The whole rule book as a page of Markdown."""
    return render_text(
        "expectations.rulebook",
        "rules.md",
        rule_count=len(rulebook.rules),
        counts=count_severities(rulebook),
        sections=[
            {"title": title, "rows": [_format_row(rule) for rule in rules]}
            for title, rules in list_sections(rulebook, catalogue)
        ],
    )


def _tell_rule(rule: Rule) -> ToldRule:
    levels = "、".join(_LEVELS[level] for level in rule.levels) if rule.levels else "全部"
    return ToldRule(
        id=rule.id,
        severity=labels.SEVERITY[rule.severity],
        meaning=rule.words or fill_plainly(rule.message, {}),
        where="，".join(filter(None, (levels, years_words(rule.since, rule.until)))),
        why=rule.why,
        fix=rule.fix,
    )


def _format_row(rule: ToldRule) -> list[str]:
    return [cell.replace("|", "｜").replace("\n", " ") for cell in astuple(rule)]


def list_rules(rulebook: RuleBook) -> pl.DataFrame:
    """The rules in force, for the warehouse: rule (key), scope, severity, meaning, reason, fix."""
    rows = [(r.id, r.scope, r.severity, r.words, r.why, r.fix) for r in rulebook.rules.values()]
    columns = ("rule", "scope", "severity", "meaning", "reason", "fix")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
