"""Checks our own assumptions about a new warehouse before it is published.

These judge our code, never the counties' data (that is the rule book's work). Each assertion is one SQL query
that returns offending rows and one Chinese sentence; any row stops the swap, and yesterday's file stays.
"""

from __future__ import annotations

import duckdb
import polars as pl

from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.store.build_reader import STANDING_MEASURES
from warehouse.store.schema.tables import SCHEMAS, quote
from warehouse.store.statements import statement
from warehouse.store.unchanged import is_of

EXAMPLES = 3
_PLAIN = {"indicator": pl.String, "measure": pl.String, "org_level": pl.String}


class IntegrityError(Exception):
    """The built warehouse contradicts itself; ``sentences`` says how, one Chinese sentence each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("新建的数据仓库未通过自检，不予发布，原数据库保持不变：" + "；".join(sentences))
        self.sentences = sentences


_IN_SCHEMAS = f"database_name = current_database() AND schema_name IN ({', '.join(map(quote, SCHEMAS))})"


def _list_repeated(table: str, key: str, new_places: str) -> str:
    """The keys that several rows of ``table`` have, of places with new rows: the others were looked through when they came.

    Hashes are grouped first: of a country, that takes two thirds of the time.
    """
    return f"""SELECT concat_ws(' ', {key}) FROM {table}
               WHERE hash({key}) IN (SELECT hash({key}) FROM {table} SEMI JOIN ({new_places}) AS place USING (org_code)
                                     GROUP BY ALL HAVING count(*) > 1)
               GROUP BY {key} HAVING count(*) > 1"""


_NEW_NUMBERS = "mart.indicator_log WHERE known_from = (SELECT max(known_from) FROM mart.indicator_log)"
_PLACES_OF_NEW_NUMBERS = f"SELECT DISTINCT org_code FROM {_NEW_NUMBERS}"
_NEW_REPORTS = """(SELECT submission FROM quality.standing EXCEPT
                   SELECT submission FROM quality.standing_log
                   WHERE known_to IS NULL
                     AND known_from < (SELECT max(known_from) FROM quality.standing_log)) AS stands"""
_PLACES_OF_NEW_REPORTS = (
    f"SELECT DISTINCT org_code FROM core.measure_log SEMI JOIN {_NEW_REPORTS} USING (submission)"
)

# Sentence with {examples} and {count}; query whose first column names an offending thing.
ASSERTIONS: tuple[tuple[str, str], ...] = (
    (
        "指标表有 {count} 个重复的键（年度、单位、指标）：{examples}",
        _list_repeated(
            "(FROM mart.indicator WHERE of_new_numbers(indicator))",
            "year, org_code, indicator",
            _PLACES_OF_NEW_NUMBERS,
        ),
    ),
    (
        "在用计量值有 {count} 个重复的键（年度、单位、计量）：{examples}",
        _list_repeated(STANDING_MEASURES, "year, org_code, measure", _PLACES_OF_NEW_REPORTS),
    ),
    (
        "有 {count} 个在用观测值的单位不在当年的单位名录中：{examples}",
        f"""SELECT concat_ws(' ', year, org_code)
           FROM (SELECT DISTINCT o.year, o.org_code FROM core.observation_log AS o
                 SEMI JOIN {_NEW_REPORTS} ON stands.submission = o.submission) AS o
           ANTI JOIN core.org_unit AS u ON u.org_code = o.org_code
                AND o.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)""",
    ),
    (
        "有 {count} 个年度的报送率超过 100%：{examples}",
        "SELECT year FROM mart.reporting_rate WHERE reporting_rate_pct > 100",
    ),
    (
        "有 {count} 个指标的覆盖率超过 100%：{examples}",
        """SELECT concat_ws(' ', year, org_code, indicator) FROM mart.indicator
           WHERE coverage_pct > 100 OR reported_count > expected_count""",
    ),
    (
        "有 {count} 个在用的填报单位年度不在应报名单中：{examples}",
        """SELECT concat_ws(' ', s.year, s.unit_code) FROM quality.standing AS s
           ANTI JOIN core.expected_report AS e ON e.year = s.year AND e.unit_code = s.unit_code""",
    ),
    (
        "有 {count} 行数据所属的报送件没有收件记录：{examples}",
        """SELECT DISTINCT submission FROM (
               SELECT submission FROM core.measure_log UNION SELECT submission FROM core.observation_log
               UNION SELECT submission FROM core.counted_row
               UNION SELECT submission FROM quality.finding UNION SELECT submission FROM quality.note
               UNION SELECT submission FROM quality.unread)
           ANTI JOIN quality.submission_log AS s USING (submission)""",
    ),
    (
        "未报送或不适用的值不得有数，有 {count} 处例外：{examples}",
        """SELECT concat_ws(' ', submission, org_code, measure) FROM core.measure_log
           WHERE (state IN ('value', 'zero')) <> (value IS NOT NULL)""",
    ),
    (
        "有 {count} 个表、视图或列没有注释：{examples}",
        f"""SELECT concat_ws('.', schema_name, table_name, column_name) FROM duckdb_columns()
            WHERE comment IS NULL AND {_IN_SCHEMAS}
            UNION ALL SELECT concat_ws('.', schema_name, table_name) FROM duckdb_tables()
            WHERE comment IS NULL AND {_IN_SCHEMAS}
            UNION ALL SELECT concat_ws('.', schema_name, view_name) FROM duckdb_views()
            WHERE comment IS NULL AND {_IN_SCHEMAS}""",
    ),
)


def check(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, expected_rows: dict[str, int]) -> None:
    """Raise IntegrityError unless every assertion holds and each log table has its ``expected_rows``."""
    _name_new_numbers(connection)
    failures = [
        failure for sentence, query in ASSERTIONS if (failure := _failure(connection, sentence, query))
    ]
    for table, expected in expected_rows.items():
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if row is None or row[0] != expected:
            failures.append(f"{table} 应有 {expected} 行，实有 {row and row[0]} 行，有数据丢失或重复")
    if failure := _find_lost_sum(connection, catalogue):
        failures.append(failure)
    if failures:
        raise IntegrityError(failures)


def _name_new_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macro of_new_numbers(indicator): whether numbers of an indicator are new.

    It names the indicators: of a country's eight million rows, a comparison with names leaves out the others in 0.02 seconds, a
    join with them in 0.4.
    """
    found = connection.execute(f"SELECT DISTINCT indicator FROM {_NEW_NUMBERS}").fetchall()
    is_new = is_of([indicator for (indicator,) in found])
    connection.execute(f"CREATE OR REPLACE TEMP MACRO of_new_numbers(indicator) AS {is_new}")


def _find_lost_sum(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> str | None:
    """A city's indicator that is a single measure must equal the sum of the standing measures; returns the sentence."""
    plain = [
        (i.id, i.formula, level)
        for i in catalogue.indicators.values()
        if i.formula in catalogue.measures and catalogue.measures[i.formula].form != REGISTRY_FORM
        for level in catalogue.asked_levels(catalogue.measures[i.formula])
    ]
    if not plain:
        return None
    connection.register("plain", pl.DataFrame(plain, schema=_PLAIN, orient="row").to_arrow())
    sentence = "全市指标与在用计量值之和不符，共 {count} 处：{examples}"
    failure = _failure(connection, sentence, statement("warehouse.store", "sums_not_kept"))
    connection.unregister("plain")
    return failure


def _failure(connection: duckdb.DuckDBPyConnection, sentence: str, query: str) -> str | None:
    found = connection.execute(query).fetchall()
    if not found:
        return None
    examples = "、".join(str(row[0]) for row in found[:EXAMPLES])
    return sentence.format(count=len(found), examples=examples + ("等" if len(found) > EXAMPLES else ""))
