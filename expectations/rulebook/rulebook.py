"""The rule book 审核关系: every rule as one typed record, read from YAML and checked against the catalogue.

A rule holds everything an alert needs: id (dotted, never reused), where it applies, expression, severity, message, why,
fix, years. ``scope`` says what a rule reads:

* ``row``      one row of a form; names are the form's fields, ``year`` (report year) and ``org_level``
* ``unit``     one org unit across all forms; names are measures rolled up to that unit from everything below it,
               ``prev(measure)`` of the year before, ``year`` and ``org_level``; ``levels`` must be given
* ``series``   one number of one org unit beside its earlier years and its peers, or a column of them; names are the
               scores of :mod:`expectations.outliers.scores`
* ``column``   generated for every field or form from the catalogue; ``check`` says which
* ``total``    a 合计 or subtotal row against the sum of its rows, for every number; ``check`` says which
* ``problem``  what reading or conforming could not make sense of; cited by id in PROBLEM frames
* ``refusal``  why a whole file cannot be used

Three-valued logic: a rule with an operand that was not reported or does not apply is not evaluated, which is counted
apart from passed. Messages are templates, see :mod:`expectations.rulebook.message`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import StringConstraints, model_validator

from expectations.rulebook.series_names import SERIES_PLACEHOLDERS, SERIES_TYPES, Subject, find_subject
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.mistakes import suggest_name, unknown_name
from warehouse.catalogue.models import Chinese, Field, Form, Measure, Name, Record
from warehouse.catalogue.yaml_source import Source
from warehouse.expression.expression import Expression, ExpressionError, Term, parse
from warehouse.registry.levels import LEVELS, Level
from warehouse.words.filled_sentences import fill_plainly, placeholders

GENERAL_FOLDER = Path(__file__).parent / "rules"
"""The rules that hold for every city; a city's own rules are in ``rules/`` of its catalogue."""

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
Scope = Literal["row", "unit", "series", "column", "total", "problem", "refusal"]
CheckName = Literal[
    "required", "key_required", "range", "whole", "codes", "date", "unique", "unit_rows", "roster_rows",
    "sheet", "township",
]  # fmt: skip
CHECKS: dict[Scope, tuple[CheckName, ...]] = {
    "column": (
        "required", "key_required", "range", "whole", "codes", "date", "unique", "unit_rows", "roster_rows",
    ),
    "total": ("sheet", "township"),
}  # fmt: skip

CONTEXT_LABELS = {"year": "报告年度", "org_level": "单位层级"}
"""Names every row and unit expression may read beside fields and measures, and their labels."""

CONTEXT_TYPES = {"year": pl.Int32, "org_level": pl.String}

FIELD_TYPES = {
    "count": pl.Float64,
    "cny": pl.Float64,
    "rank": pl.Float64,
    "year": pl.Float64,
    "date": pl.Date,
    "boolean": pl.Boolean,
    "code": pl.String,
    "text": pl.String,
}
"""The polars type of a conformed field, by its declared type."""

GENERAL_PLACEHOLDERS = frozenset({"unit", "item", "year"})
COLUMN_PLACEHOLDERS = frozenset(
    {"label", "value", "bounds", "codes", "total", "sum", "difference", "form", "key"}
)
MANY_PLACEHOLDERS = frozenset({"label", "count", "first"})
PROBLEM_PLACEHOLDERS = frozenset({"sheet", "cell", "form", "label", "value", "detail", "suggestion"})


class Rule(Record):
    """One rule.

    ``field``: where its finding is shown (default: the first name of the expression). ``many``: the sentence for many rows
    of one column, with the placeholders {label}, {count} and {first} (the first case). ``in_correction``: replaces ``fix``
    in the correction workbook where laying out its sheets anew already mends the mistake. ``words``: the demand in Chinese;
    rendered from the expression where there is one.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
    scope: Scope
    forms: tuple[Name, ...] = ()
    check: CheckName | None = None
    expression: str | None = None
    when: str | None = None
    levels: tuple[Level, ...] | None = None
    field: Name | None = None
    severity: Severity
    tolerance: float = 0.0
    words: str = ""
    message: Chinese
    many: str = ""
    why: Chinese
    fix: Chinese
    in_correction: str = ""
    since: int | None = None
    until: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _expand_form(cls, content: Any) -> Any:
        """``form: x`` is short for ``forms: [x]``."""
        if isinstance(content, dict) and "form" in content:
            return {**{k: v for k, v in content.items() if k != "form"}, "forms": (content["form"],)}
        return content

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Rule:
        if (self.expression is not None) != (self.scope in ("row", "unit", "series")):
            raise ValueError("范围（scope）为 row、unit、series 的要写 expression，其他的不写")
        if (self.check is not None) != (self.scope in CHECKS):
            raise ValueError("范围（scope）为 column、total 的要写 check，其他的不写")
        if self.check is not None and self.check not in CHECKS[self.scope]:
            raise ValueError(f"check 为“{self.check}”的不属于范围“{self.scope}”")
        if (self.scope == "row") != bool(self.forms):
            raise ValueError("范围（scope）为 row 的要写明报表（form），其他的不写")
        if self.scope == "unit" and not self.levels:
            raise ValueError("范围（scope）为 unit 的要用 levels 写明层级")
        if self.scope not in ("row", "unit") and not self.words:
            raise ValueError("这类审核关系要用 words 写明所要求的")
        return self

    @cached_property
    def requirement(self) -> Expression:
        """What must hold. AssertionError for rules without an expression."""
        assert self.expression is not None, f"rule {self.id} has no expression"
        return parse(self.expression)

    @cached_property
    def precondition(self) -> Expression | None:
        """``when`` parsed: the rule does not concern rows where it is false."""
        return None if self.when is None else parse(self.when)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every term that expression and precondition read, those of the expression first."""
        condition = () if self.precondition is None else self.precondition.terms
        return tuple(dict.fromkeys([*self.requirement.terms, *condition]))

    @property
    def operands(self) -> tuple[str, ...]:
        """The fields or measures read (without ``year`` and ``org_level``), in order of appearance."""
        return tuple(dict.fromkeys(t.name for t in self.terms if t.name not in CONTEXT_LABELS))

    @property
    def subject(self) -> Subject:
        """What one finding of a series rule is about, by the scores it reads."""
        return find_subject(self.operands)

    @property
    def finding_field(self) -> str:
        """The field or measure the finding is shown at."""
        return self.field or self.operands[0]

    def is_in_force(self, year: int) -> bool:
        """Whether the rule applies to report year ``year``."""
        return (self.since is None or self.since <= year) and (self.until is None or year <= self.until)


@dataclass(frozen=True)
class RuleBook:
    """All rules by id, in the order of the files."""

    rules: dict[str, Rule]

    @cached_property
    def version(self) -> str:
        """The first 12 digits of the SHA-256 of all rules."""
        text = "\n".join(rule.model_dump_json() for rule in self.rules.values())
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def of_scope(self, *scopes: Scope) -> list[Rule]:
        """The rules of the given scopes."""
        return [rule for rule in self.rules.values() if rule.scope in scopes]

    @property
    def city_rules(self) -> list[Rule]:
        """The rules of this city's forms; the others hold for every city."""
        return self.of_scope(*_CITY_SCOPES)

    @property
    def identities(self) -> list[Expression]:
        """Statements over one row or unit that hold wherever a submission was accepted, such as part + part = whole."""
        return [
            rule.requirement
            for rule in self.of_scope("row", "unit")
            if rule.severity == "critical" and rule.precondition is None and not rule.tolerance
        ]

    @property
    def warning(self) -> str:
        """One Chinese sentence where the catalogue has no rules of its own; else ''."""
        if self.city_rules:
            return ""
        return (
            f"目录册没有本市的审核关系（{CITY_RULES} 文件夹不存在或为空），只按{len(self.rules)}条通用审核关系核对，"
            "表内、表间和跨年的错误查不出来。请把审核关系文件放入目录册的该文件夹。"
        )

    def row_rules(self, form: str) -> list[Rule]:
        """The expression rules over single rows of ``form``."""
        return [rule for rule in self.rules.values() if rule.scope == "row" and form in rule.forms]

    def of_check(self, check: CheckName) -> Rule | None:
        """The generated rule of ``check``; None where the rule book has none."""
        return next((rule for rule in self.rules.values() if rule.check == check), None)

    def refusal_sentence(self, rule: str, detail: str | None) -> str:
        """One Chinese sentence: why the file was refused and what to do."""
        record = self.rules[rule]
        return f"{fill_plainly(record.message, {'detail': detail or None})}，{record.fix}"


def label_of(rule: Rule, catalogue: Catalogue, form: str | None = None) -> dict[str, str]:
    """The Chinese label of every name ``rule`` may read: fields of ``form`` (or of its first form), or measures.

    The label of a measure says where it is a sum over the units below the rule's levels.
    """
    if rule.scope != "unit":
        named = {field.id: field.label for field in catalogue.forms[form or rule.forms[0]].fields}
        return {**named, **CONTEXT_LABELS}
    lowest = max(rule.levels or LEVELS, key=LEVELS.index)
    labels = {m.id: label_at(m, lowest) for m in catalogue.measures.values()}
    return {**labels, **CONTEXT_LABELS}


def is_below(measure: Measure, level: Level) -> bool:
    """Whether the measure is a sum at ``level`` because units below report it."""
    return any(LEVELS.index(lv) > LEVELS.index(level) for lv in measure.levels)


def label_at(measure: Measure, level: Level) -> str:
    """The label of a measure at units of ``level``; of a sum: ``本级及所辖单位个人会员数合计``."""
    if not is_below(measure, level):
        return measure.label
    own = "本级及" if any(LEVELS.index(lv) <= LEVELS.index(level) for lv in measure.levels) else ""
    return f"{own}所辖单位{measure.label}合计"


def unit_of(rule: Rule, catalogue: Catalogue, form: str | None = None) -> dict[str, str]:
    """The 计量单位 of every number ``rule`` may read; as :func:`label_of`."""
    if rule.scope == "unit":
        return {m.id: m.unit for m in catalogue.measures.values()}
    return {f.id: f.unit for f in catalogue.forms[form or rule.forms[0]].fields if f.kind is not None}


def field_schema(form: Form) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The conformed type of every field of ``form``."""
    return {field.id: FIELD_TYPES[field.type] for field in form.fields}


def load_rules(folder: Path | None, catalogue: Catalogue) -> RuleBook:
    """Read and check all ``*.yaml`` of ``folder`` (default: ``rules/`` of the catalogue). CatalogueError names file and line.

    That folder holds the city's rules of scope row and unit; the general ones come from this package unless the folder
    has one of the same id.
    """
    own = _read_rules(folder or catalogue.folder / CITY_RULES, catalogue, (*_CITY_SCOPES, *_GENERAL_SCOPES))
    return RuleBook({**_read_rules(GENERAL_FOLDER, catalogue, _GENERAL_SCOPES), **own})


CITY_RULES = "rules"
"""The folder of a catalogue that holds the city's own rules."""
_CITY_SCOPES: tuple[Scope, ...] = ("row", "unit")
_GENERAL_SCOPES: tuple[Scope, ...] = ("series", "column", "total", "problem", "refusal")


def _read_rules(folder: Path, catalogue: Catalogue, scopes: tuple[Scope, ...]) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        source = Source(path)
        for index, rule in enumerate(source.read_list(Rule)):
            if rule.scope not in scopes:
                raise source.error(
                    [index], f"审核关系“{rule.id}”针对具体报表，应放在目录册的 {CITY_RULES} 文件夹内"
                )
            if rule.id in found:
                raise source.error([index, "id"], f"审核关系编号“{rule.id}”已经用过")
            try:
                _check_rule(rule, catalogue)
            except (ExpressionError, ValueError) as error:
                raise source.error([index], f"审核关系“{rule.id}”：{error}") from None
            words = rule.words or state_demand(rule, catalogue)
            found[rule.id] = rule.model_copy(update={"words": words, **_narrow_years(rule, catalogue)})
    return found


def _narrow_years(rule: Rule, catalogue: Catalogue) -> dict[str, int | None]:
    """since and until of a rule: its own, narrowed to the years in which everything it reads is asked."""
    if rule.scope not in ("row", "unit"):
        return {}
    forms = rule.forms or tuple(
        measure.form for name in rule.operands if (measure := catalogue.measures.get(name)) is not None
    )
    asked: list[Form | Field] = [catalogue.forms[form] for form in forms if form in catalogue.forms]
    asked += [
        f for form in list(asked) if isinstance(form, Form) for f in form.fields if f.id in rule.operands
    ]
    firsts = [r.since for r in (rule, *asked) if r.since is not None]
    lasts = [r.until for r in (rule, *asked) if r.until is not None]
    return {"since": max(firsts, default=None), "until": min(lasts, default=None)}


def state_demand(rule: Rule, catalogue: Catalogue, form: str | None = None) -> str:
    """What an expression rule demands, in Chinese words."""
    labels = label_of(rule, catalogue, form)
    words = rule.requirement.words(lambda term: labels[term.name])
    if rule.precondition is None:
        return words
    return f"{rule.precondition.words(lambda term: labels[term.name])}时，{words}"


def _check_rule(rule: Rule, catalogue: Catalogue) -> None:
    """Closed vocabulary: every form, name and placeholder a rule uses is defined, and its expression is yes or no."""
    allowed = GENERAL_PLACEHOLDERS
    if rule.scope in ("row", "unit"):
        for form in rule.forms or (None,):
            _check_expression(rule, catalogue, form)
        allowed = allowed | {"left", "right"} | _list_term_placeholders(rule)
    elif rule.scope == "series":
        _check_types(rule, {**CONTEXT_TYPES, **SERIES_TYPES})
        allowed = SERIES_PLACEHOLDERS
    elif rule.scope in CHECKS:
        allowed = allowed | COLUMN_PLACEHOLDERS
    else:
        allowed = allowed | PROBLEM_PLACEHOLDERS
    for name in placeholders(rule.message):
        if name.startswith("="):
            undefined = parse(name[1:]).names - {term.name for term in rule.terms}
            if undefined:
                raise ValueError(f"提示语（message）用来计算的“{min(undefined)}”不在本条的公式之内")
        elif name not in allowed:
            raise ValueError(f"提示语（message）中的 {{{name}}} 没有定义{suggest_name(name, allowed)}")
    if undefined := placeholders(rule.many) - MANY_PLACEHOLDERS:
        raise ValueError(f"归并提示语（many）中的 {{{min(undefined)}}} 没有定义")
    if rule.scope in ("row", "unit") and rule.requirement.sides is None:
        for side in {"left", "right"} & placeholders(rule.message):
            raise ValueError(f"提示语（message）用了 {{{side}}}，公式却不是一个比较式")


def _list_term_placeholders(rule: Rule) -> frozenset[str]:
    asked = ("", ".value", ".change", ".lacking")
    return frozenset(f"{t.column}{what}" for t in rule.terms for what in asked)


def _check_expression(rule: Rule, catalogue: Catalogue, form: str | None) -> None:
    if form is not None and form not in catalogue.forms:
        raise ValueError(unknown_name("报表", form, catalogue.forms))
    schema: dict[str, Any] = (
        {m.id: pl.Float64 for m in catalogue.measures.values() if m.form in catalogue.forms}
        if form is None
        else field_schema(catalogue.forms[form])
    )
    known = {**CONTEXT_TYPES, **schema}
    what = "计量" if form is None else f"报表“{form}”的栏目"
    for term in rule.terms:
        if term.name not in known:
            if form is not None and term.name in catalogue.measures:
                raise ValueError(
                    f"栏目“{term.name}”在报表“{catalogue.measures[term.name].form}”中；"
                    "几张报表之间的关系请写 scope: unit，不写 form，并写明层级 levels"
                )
            raise ValueError(unknown_name(what, term.name, known))
        if term.function is not None and not (form is None and term.function == "prev"):
            raise ValueError(f"范围（scope）为 {rule.scope} 的审核关系不能用 {term.function}()")
    if rule.finding_field not in schema:
        raise ValueError(f"field：{unknown_name(what, rule.finding_field, schema)}")
    if form is not None and rule.levels and not set(rule.levels) <= set(catalogue.forms[form].levels):
        raise ValueError(f"levels：报表“{form}”没有这一层级的行")
    _check_types(rule, known)


def _check_types(rule: Rule, known: dict[str, Any]) -> None:
    if undefined := {term.name for term in rule.terms} - known.keys():
        raise ValueError(unknown_name("公式中的", min(undefined), known))
    frame = pl.DataFrame(schema={term.column: known[term.name] for term in rule.terms})
    for expression in (rule.requirement, rule.precondition):
        if expression is not None:
            try:
                result = frame.select(expression.polars(lambda term: pl.col(term.column))).dtypes[0]
            except pl.exceptions.PolarsError:
                raise ValueError(f"公式“{expression.text}”两边的类型不同，不能比较（如数字与文字）") from None
            if result != pl.Boolean:
                raise ValueError(f"公式“{expression.text}”不是判断式（应能得出成立或不成立）")
