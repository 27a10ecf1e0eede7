"""The rule book 审核关系手册 as a Markdown page, generated from the rules; never written by hand."""

from __future__ import annotations

import polars as pl

from expectations.rulebook.message import plainly
from expectations.rulebook.rulebook import Rule, RuleBook, Scope
from warehouse.catalogue.load import Catalogue
from warehouse.words import labels
from warehouse.words.markdown import markdown_table

_LEVELS = {"city": "市", "county": "县（市、区）", "township": "乡镇（街道）", "village": "村（社区）"}
_GENERAL: tuple[tuple[Scope, str], ...] = (
    ("series", "年度数列中的可疑数"),
    ("column", "由指标目录生成的审核关系"),
    ("total", "合计与小计"),
    ("problem", "读取与识别"),
    ("refusal", "整份文件不能接收的情形"),
)


def rules_markdown(rulebook: RuleBook, catalogue: Catalogue) -> str:
    """The whole rule book: by form, across forms, then the general rules."""
    counts = dict.fromkeys(labels.SEVERITY, 0)
    for rule in rulebook.rules.values():
        counts[rule.severity] += 1
    parts = [
        "# 审核关系手册",
        "本页由审核关系文件生成，请勿手工修改（`make docs`）。",
        f"共 {len(rulebook.rules)} 条："
        + "，".join(f"{labels.SEVERITY[severity]} {count} 条" for severity, count in counts.items())
        + "。强制性审核不通过的，该单位该年度的报送暂存；核实性审核不通过的，改正或者保留依据备查。",
    ]
    for form in catalogue.forms.values():
        if rules := rulebook.row_rules(form.id):
            parts += [f"## {form.number} {form.title}", _table(rules)]
    if rules := rulebook.of_scope("unit"):
        parts += ["## 表间与跨年审核", _table(rules)]
    for scope, title in _GENERAL:
        if rules := rulebook.of_scope(scope):
            parts += [f"## {title}", _table(rules)]
    return "\n\n".join(parts) + "\n"


def _table(rules: list[Rule]) -> str:
    return markdown_table(["编号", "类别", "审核关系", "适用", "为什么", "怎么办"], map(_row, rules)).rstrip()


def _row(rule: Rule) -> tuple[str, ...]:
    levels = "、".join(_LEVELS[level] for level in rule.levels) if rule.levels else "全部"
    years = ""
    if rule.since is not None or rule.until is not None:
        years = f"，{rule.since or ''}—{rule.until or ''}年度"
    words = rule.words or plainly(rule.message, {})
    return rule.id, labels.SEVERITY[rule.severity], words, levels + years, rule.why, rule.fix


def rule_rows(rulebook: RuleBook) -> pl.DataFrame:
    """The rules in force, for the warehouse: rule (key), scope, severity, meaning, reason, fix."""
    rows = [(r.id, r.scope, r.severity, r.words, r.why, r.fix) for r in rulebook.rules.values()]
    columns = ("rule", "scope", "severity", "meaning", "reason", "fix")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
