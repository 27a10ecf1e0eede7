"""Reads indicators/*.yaml and checks that every formula can be computed: known names, no circle, known functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.catalogue.mistakes import unknown_name
from warehouse.catalogue.models import Indicator, Measure, Programme
from warehouse.catalogue.yaml_source import CatalogueError, Source
from warehouse.expression.expression import Expression, ExpressionError, parse
from warehouse.words.statistical_terms import Named, list_misnomers


def parse_at(source: Source, position: list[str | int], text: str) -> Expression:
    """The expression that stands at ``position``; CatalogueError with file and line when it is none."""
    try:
        return parse(text)
    except ExpressionError as error:
        raise source.error(position, str(error)) from None


def expand(
    indicator: Indicator, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]
) -> Expression:
    """The formula with names of other indicators replaced until only measures remain."""

    def meaning(name: str) -> Expression | None:
        if name in measures:
            return None
        return parse(indicators[name].formula).substitute(meaning)

    return parse(indicator.formula).substitute(meaning).long_form


def read_indicators(
    folder: Path,
    programmes: Mapping[str, Programme],
    measures: Mapping[str, Measure],
    listed: Mapping[str, str],
) -> dict[str, Indicator]:
    """The indicators of a catalogue folder by id, in file order. CatalogueError names file and line.

    ``listed``: the numbers of rosters, which are no measures, and the title of their form.
    """
    found: dict[str, Indicator] = {}
    declarations: list[_Declaration] = []
    names: dict[str, str] = {}
    for path in sorted((folder / "indicators").glob("*.yaml")):
        source = Source(path)
        for index, indicator in enumerate(source.read_list(Indicator)):
            declaration = _Declaration(source, index, indicator)
            if indicator.id in found:
                other = found[indicator.id].name_zh
                raise declaration.error("id", f"指标编号“{indicator.id}”已经用过（“{other}”）")
            if indicator.programme not in programmes:
                raise declaration.error(
                    "programme",
                    f"{unknown_name('项目', indicator.programme, programmes)}（各项目写在 programmes.yaml）",
                )
            _check_name(declaration, names)
            found[indicator.id] = indicator
            declarations.append(declaration)
    for declaration in declarations:
        _check_names(declaration, measures, found, listed)
    for declaration in declarations:  # once every formula can be read
        _refuse_circle(declaration, measures, found)
    formulas: dict[str, Indicator] = {}
    for declaration in declarations:  # once every name leads to measures
        formula = _check_meaning(declaration, measures, found)
        _check_terms(declaration)
        _refuse_repetition(declaration, formula, formulas)
    return found


@dataclass(frozen=True)
class _Declaration:
    """An indicator and its index in the file that declares it."""

    source: Source
    index: int
    indicator: Indicator

    def error(self, key: str, message: str) -> CatalogueError:
        return self.source.error([self.index, key], message)


def _check_name(declaration: _Declaration, names: dict[str, str]) -> None:
    """Refuse a Chinese name that another indicator has; ``names``: name -> id of those read so far."""
    indicator = declaration.indicator
    if (other := names.setdefault(indicator.name_zh, indicator.id)) != indicator.id:
        raise declaration.error(
            "name_zh", f"指标名称“{indicator.name_zh}”已用于指标“{other}”，请写全，使各指标名称互不相同"
        )
    if indicator.kind == "cumulative":
        if "累计" not in indicator.name_zh:
            raise declaration.error("name_zh", f"“{indicator.name_zh}”是历年累计数，名称中应写明“累计”")
        if indicator.unit == "人":
            raise declaration.error(
                "unit", f"“{indicator.name_zh}”把历年人数相加，同一人会重复计，单位应为“人次”"
            )


def _check_terms(declaration: _Declaration) -> None:
    """Refuse a name that promises another kind of number than the indicator is."""
    i = declaration.indicator
    for key, sentence in list_misnomers(Named(i.id, i.name_zh, i.kind, i.unit, i.is_published)):
        raise declaration.error(key, sentence)


def _refuse_repetition(declaration: _Declaration, formula: str, known: dict[str, Indicator]) -> None:
    """Refuse a formula that another indicator computes; ``known``: expanded formula -> the first that has it."""
    other = known.setdefault(formula, declaration.indicator)
    if other is not declaration.indicator:
        raise declaration.error(
            "formula", f"公式与指标“{other.name_zh}”（{other.id}）相同，一个数只设一个指标"
        )


_OUTERMOST = {"rank": "rank", "rank_asc": "rank", "percentile": "rank", "share": "share", "streak": "streak"}


def _check_kind(declaration: _Declaration, whole: Expression, measures: Mapping[str, Measure]) -> None:
    """Refuse a ``kind`` that the formula does not compute, and a running sum of stocks."""
    kind, functions = declaration.indicator.kind, {t.function for t in whole.terms}
    window = _OUTERMOST[whole.window[0]] if whole.window else None
    if (kind if kind in _OUTERMOST.values() else None) != window:
        raise declaration.error(
            "kind",
            f"性质（kind）为“{kind}”，与公式不符：公式算得的是“{window or '未经排位、比重或连续年数计算的数'}”",
        )
    if kind == "cumulative" and functions != {"cumulative"}:
        raise declaration.error("kind", "性质（kind）为“cumulative”（累计），公式应只由 cumulative() 组成")
    if kind in ("stock", "flow") and functions - {None}:
        raise declaration.error("kind", f"性质（kind）为“{kind}”，公式却用到其他年度的数")
    if kind == "change" and "prev" not in functions:
        raise declaration.error("kind", "性质（kind）为“change”（增减），公式应与上年数 prev() 比较")
    if kind == "change" and declaration.indicator.unit == "%" and not _is_growth(whole):
        raise declaration.error(
            "unit", "单位为“%”的增减应是增长速度，即与上年数相除；两个百分数之差的单位应为“百分点”"
        )
    for term in whole.terms:
        measure = measures[term.name]
        if term.function == "cumulative" and measure.kind == "stock":
            raise declaration.error(
                "formula", f"“{measure.label}”是时点数，各年相加没有意义，不能用 cumulative()"
            )
        if term.function is None and kind in ("stock", "flow") and measure.kind != kind:
            raise declaration.error("kind", f"性质（kind）为“{kind}”，“{measure.label}”却是“{measure.kind}”")


def _is_growth(whole: Expression) -> bool:
    """Whether a change is divided by the year before."""
    return whole.ratio is not None and all(term.function is not None for term in whole.ratio[1].terms)


def _check_names(
    declaration: _Declaration,
    measures: Mapping[str, Measure],
    indicators: Mapping[str, Indicator],
    listed: Mapping[str, str],
) -> None:
    indicator = declaration.indicator
    expression = parse_at(declaration.source, [declaration.index, "formula"], indicator.formula)
    if undefined := expression.names - measures.keys() - indicators.keys():
        known = measures.keys() | indicators.keys()
        if of_roster := sorted(undefined & listed.keys()):
            name = of_roster[0]
            raise declaration.error(
                "formula",
                f"“{name}”是名册“{listed[name]}”的栏目：名册按行计数（见该表的 counts），各行的数不相加",
            )
        raise declaration.error("formula", unknown_name("公式中的", min(undefined), known))
    if indicator.id in measures and expression.text != indicator.id:
        raise declaration.error("id", f"“{indicator.id}”是报表中的计量，用这个编号的指标，公式只能是它本身")


def _refuse_circle(
    declaration: _Declaration, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]
) -> None:
    start = declaration.indicator
    waiting, seen = [start], set[str]()
    while waiting:
        for name in parse(waiting.pop().formula).names - measures.keys():
            if name == start.id:
                raise declaration.error("formula", f"指标“{start.id}”的公式绕回了它自己")
            if name not in seen:
                seen.add(name)
                waiting.append(indicators[name])


def _check_meaning(
    declaration: _Declaration, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]
) -> str:
    """The expanded formula. Refuse what parses but cannot be computed: a rank of a rank, last year of a cumulative number."""
    try:
        text = expand(declaration.indicator, measures, indicators).text
    except ExpressionError as error:
        raise declaration.error("formula", str(error)) from None
    whole = parse_at(declaration.source, [declaration.index, "formula"], text)
    if any(term.function == "total" for term in whole.terms):
        raise declaration.error("formula", "total() 只用于审核关系，指标公式中不能用")
    _check_kind(declaration, whole, measures)
    if whole.window and "village" in declaration.indicator.levels:
        raise declaration.error(
            "levels", f"{whole.window[0]}() 不对村(社区)计算，层级（levels）中请去掉 village"
        )
    if declaration.indicator.kind == "rank" and "city" in declaration.indicator.levels:
        raise declaration.error("levels", "全市没有同级单位可比，位次请写明层级，如 levels: [county]")
    return text
