"""The rule book 审核关系手册 as a Markdown page, generated from the rules; never written by hand."""

from __future__ import annotations

from collections import Counter

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


def format_rule_book(rulebook: RuleBook, catalogue: Catalogue) -> str:
    """The whole rule book: by form, across forms, then the general rules."""
    of_severity: Counter[str] = Counter(rule.severity for rule in rulebook.rules.values())
    sections = [
        *((f"{form.number} {form.title}", rulebook.row_rules(form.id)) for form in catalogue.forms.values()),
        *((title, rulebook.of_scope(scope)) for scope, title in _GENERAL),
    ]
    return render_text(
        "expectations.rulebook",
        "rules.md",
        rule_count=len(rulebook.rules),
        counts=[{"word": word, "count": of_severity[code]} for code, word in labels.SEVERITY.items()],
        sections=[
            {"title": title, "rows": list(map(_format_row, rules))} for title, rules in sections if rules
        ],
    )


def _format_row(rule: Rule) -> list[str]:
    levels = "、".join(_LEVELS[level] for level in rule.levels) if rule.levels else "全部"
    years = years_words(rule.since, rule.until)
    words = rule.words or fill_plainly(rule.message, {})
    cells = (
        rule.id,
        labels.SEVERITY[rule.severity],
        words,
        "，".join(filter(None, (levels, years))),
        rule.why,
        rule.fix,
    )
    return [cell.replace("|", "｜").replace("\n", " ") for cell in cells]


def list_rules(rulebook: RuleBook) -> pl.DataFrame:
    """The rules in force, for the warehouse: rule (key), scope, severity, meaning, reason, fix."""
    rows = [(r.id, r.scope, r.severity, r.words, r.why, r.fix) for r in rulebook.rules.values()]
    columns = ("rule", "scope", "severity", "meaning", "reason", "fix")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
