"""Compares two published warehouses row by row and says which numbers and findings differ.

    python -m tests.compare_warehouses BEFORE.duckdb AFTER.duckdb [--allow FILE]

For changes that must not move a number: the same files are taken in by the program before and after. Compared are the
indicators, observations, measures and findings (their sentences included). ``--allow``: a YAML file that says which
differences are meant and why, a list of ``table``, ``where`` (an SQL condition on the rows) and ``why``.
Exit code 1 if anything else differs.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

import click
import duckdb
import yaml

from warehouse.store.schema.tables import quote

COMPARED = ("mart.indicator", "core.observation", "core.measure", "quality.finding", "quality.submission")
OF_THE_RUN = ("run", "received_at", "received_seq", "submission", "previous", "sha256", "known_from")
"""Columns that tell when the files came in, which differs between two homes."""
SHOWN = 10


def differences(
    before: Path, after: Path, table: str, unlike: Collection[str] = OF_THE_RUN
) -> duckdb.DuckDBPyRelation:
    """Rows that only one of the two has: is_new and the columns both have, but for those that may be ``unlike``."""
    connection = duckdb.connect()
    for name, path in (("before", before), ("after", after)):
        connection.execute(f"ATTACH {quote(str(path))} AS {name} (READ_ONLY)")
    columns = [
        [c for c, *_ in connection.execute(f"DESCRIBE {name}.{table}").fetchall()]
        for name in ("before", "after")
    ]
    both = ", ".join(f'"{c}"' for c in columns[0] if c in columns[1] and c not in unlike)
    one, other = (f"SELECT {both} FROM {name}.{table}" for name in ("before", "after"))
    return connection.sql(
        f"""SELECT false AS is_new, * FROM ({one} EXCEPT ALL {other})
            UNION ALL SELECT true AS is_new, * FROM ({other} EXCEPT ALL {one})
            ORDER BY ALL"""
    )


@click.command(help=__doc__)
@click.argument("before", type=click.Path(exists=True, path_type=Path))
@click.argument("after", type=click.Path(exists=True, path_type=Path))
@click.option("--allow", type=click.Path(exists=True, path_type=Path))
def main(before: Path, after: Path, allow: Path | None) -> None:
    """Print what differs in each compared table, what was meant and why."""
    meant = yaml.safe_load(allow.read_text(encoding="utf-8")) if allow else []
    is_other = False
    for table in COMPARED:
        found = differences(before, after, table)
        rest = found
        for each in (m for m in meant if m["table"] == table):
            matching = rest.filter(each["where"])
            if count := len(matching):
                click.echo(f"{table}: {count} rows differ as meant: {each['why']}")
            rest = rest.filter(f"NOT coalesce({each['where']}, false)")
        count = len(rest)
        click.echo(f"{table}: {'no other difference' if not count else f'{count} rows differ'}")
        if count:
            is_other = True
            click.echo(rest.limit(SHOWN).pl())
    sys.exit(is_other)


if __name__ == "__main__":
    main()
