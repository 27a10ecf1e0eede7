"""An indicator's formula as a query of the published file: year, org_code, value of every year and unit.

What was reported for a measure stands in core.rollup. A formula of several terms leaves out units that lack one of them, and
other years are seen through succession: then the terms are asked of the macro ``term_values``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator
from warehouse.expression.expression import Expression, Term
from warehouse.store.schema.tables import quote

_PLACED = "CASE WHEN value IS NOT NULL THEN {} END"
_OF_WINDOW = {
    "rank": _PLACED.format("rank() OVER (PARTITION BY year, org_level ORDER BY value DESC NULLS LAST)"),
    "rank_asc": _PLACED.format("rank() OVER (PARTITION BY year, org_level ORDER BY value NULLS LAST)"),
    "percentile": _PLACED.format(
        "100.0 * (rank() OVER (PARTITION BY year, org_level ORDER BY value NULLS LAST) - 1)"
        " / nullif(count(value) OVER (PARTITION BY year, org_level) - 1, 0)"
    ),
    "share": "100.0 * value / nullif(max(value) FILTER (org_level = 'city') OVER (PARTITION BY year), 0)",
}
"""What a window function makes of the value within it."""


def write_formula_sql(catalogue: Catalogue, indicator: Indicator) -> str:
    """The SELECT that gives the indicator."""
    formula = catalogue.expand_formula(indicator)
    window, inner = formula.window or (None, formula)
    levels = _list_texts(catalogue.computed_levels(indicator))
    if window == "streak":
        return _select_streak(indicator, inner, levels)
    if window is not None:
        value, numbers = _OF_WINDOW[window], _select_numbers(indicator, inner)
        return f"""WITH number AS (
    {_indent(numbers)}
), placed AS (
    SELECT year, org_code, org_level,
           {value} AS value
    FROM number
)
SELECT year, org_code, value FROM placed WHERE org_level IN ({levels})"""
    if inner.text in catalogue.measures:
        return f"{write_measure_sql(inner.text)} AND org_level IN ({levels})"
    numbers = _select_numbers(indicator, inner)
    return f"SELECT year, org_code, value FROM (\n    {_indent(numbers)}\n) WHERE org_level IN ({levels})"


def write_measure_sql(measure: str) -> str:
    """The SELECT that gives a measure."""
    return f"SELECT year, org_code, value FROM core.rollup WHERE measure = {quote(measure)}"


def _select_numbers(indicator: Indicator, inner: Expression) -> str:
    """year, org_code, org_level, value of the formula within the window function."""
    terms = inner.terms
    if len(terms) == 1 and inner.text == terms[0].name:
        return (
            f"SELECT year, org_code, org_level, value FROM core.rollup WHERE measure = {quote(terms[0].name)}"
        )
    if inner.is_sum and inner.text == " + ".join(t.name for t in terms):
        return f"""SELECT year, org_code, org_level, sum(value) AS value FROM core.rollup
WHERE measure IN ({_list_texts(t.name for t in terms)})
GROUP BY year, org_code, org_level HAVING count(*) = {len(terms)}"""
    return f"""SELECT year, org_code, org_level,
       {write_value(inner, lambda term: term.column)} AS value
FROM (
    {_indent(_select_terms(indicator, terms, "year, org_code, org_level"))}
)"""


def write_value(inner: Expression, column: Callable[[Term], str]) -> str:
    """The formula over the SQL of its terms; of a sum what is known of it."""
    if not inner.is_sum:
        return inner.sql(column)
    known = ", ".join(map(column, inner.terms))
    value = inner.sql(lambda term: f"coalesce({column(term)}, 0)")
    return f"CASE WHEN coalesce({known}) IS NOT NULL THEN {value} END"


def _select_streak(indicator: Indicator, inner: Expression, levels: str) -> str:
    """For how many years up to the row's year the condition has held; a year in which it is not known ends the streak."""
    keys = "year, org_code, org_level, condition_year"
    return f"""WITH held AS (
    SELECT {keys}, {inner.sql(lambda term: term.column)} AS holds FROM (
        {_indent(_select_terms(indicator, inner.terms, keys), 2)}
    )
)
SELECT year, org_code,
       CASE WHEN bool_or(holds) FILTER (condition_year = year) IS NOT NULL
            THEN year - coalesce(max(condition_year) FILTER (holds IS NOT TRUE), min(condition_year) - 1) END AS value
FROM held WHERE org_level IN ({levels}) GROUP BY year, org_code"""


def _select_terms(indicator: Indicator, terms: Sequence[Term], keys: str) -> str:
    """A column for each term, as the formula reads it."""
    columns = ",\n       ".join(f"max(value) FILTER (term = {quote(t.column)}) AS {t.column}" for t in terms)
    return f"SELECT {keys},\n       {columns}\nFROM term_values({quote(indicator.id)}) GROUP BY {keys}"


def _list_texts(texts: Iterable[str]) -> str:
    return ", ".join(map(quote, texts))


def _indent(sql: str, steps: int = 1) -> str:
    return sql.replace("\n", "\n" + "    " * steps)
