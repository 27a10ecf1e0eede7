"""What was published when: tables whose rows say from and to which moment they were what we knew.

A row that is not what it was ends at the moment of the build (``known_to``) and one with the new content begins there
(``known_from``); what is as it was is not written again. Moments are Beijing time without a zone, so that every client
shows and compares them alike.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from warehouse.store.schema.tables import tables
from warehouse.words.day_words import as_beijing, with_beijing

_PERIOD = ("known_from", "known_to")
_JUST_AFTER = timedelta(microseconds=1)
KEYS = {
    "mart.indicator_log": ("year", "org_code", "indicator"),
    "quality.standing_log": ("unit_code", "year"),
}
"""The tables, and what of a row says which number it is."""


def find_moment(connection: duckdb.DuckDBPyConnection, now: datetime) -> datetime:
    """The moment of a build: ``now``, or just after the last one should the clock be behind."""
    moments = " UNION ALL ".join(f"SELECT max(known_from) AS known_from FROM {table}" for table in KEYS)
    row = connection.execute(f"SELECT max(known_from) FROM ({moments})").fetchone()
    last = row[0] if row else None
    return now if last is None or last < as_beijing(now) else with_beijing(last + _JUST_AFTER)


def keep_vintage(
    connection: duckdb.DuckDBPyConnection, table: str, source: str, at: datetime, among: str = "true"
) -> None:
    """Let ``table`` say that from ``at`` on the rows of ``source`` (the same columns but for the period) are known.

    ``among``: a condition on the rows of ``table`` that ``source`` speaks of; the others stay as they are.
    """
    key = KEYS[table]
    content = [c.name for c in tables()[table].columns if c.name not in _PERIOD]
    is_same = " AND ".join(
        f"o.{name} = n.{name}" if name in key else f"o.{name} IS NOT DISTINCT FROM n.{name}"
        for name in content
    )
    connection.execute(
        f"""UPDATE {table} AS o SET known_to = $at WHERE o.known_to IS NULL AND ({among})
            AND NOT EXISTS (FROM {source} AS n WHERE {is_same})""",
        {"at": at},
    )
    is_open = " AND ".join(f"o.{name} = n.{name}" for name in key)
    connection.execute(
        f"""INSERT INTO {table} SELECT {", ".join(f"n.{name}" for name in content)}, $at, NULL FROM {source} AS n
            WHERE NOT EXISTS (FROM {table} AS o WHERE o.known_to IS NULL AND {is_open})""",
        {"at": at},
    )
    connection.execute(f"DELETE FROM {table} WHERE known_from = known_to")  # a build that was filled twice
