"""Whoever reads the published file in a loop through many nights always sees one whole night."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl

from tests.small_city import LANHE
from tests.warehouse_samples import NOON, batch, indicator
from warehouse.catalogue.load import load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish

NIGHTS = 50 if "NIANBAO_DEEP" in os.environ else 12
_READER = """
import json, sys, time
import duckdb
path, last = sys.argv[1], int(sys.argv[2])
reads, wrong, seen = 0, [], set()
while last not in seen:
    with duckdb.connect(path, read_only=True) as connection:
        values = [v for v, in connection.execute("SELECT DISTINCT value FROM mart.indicator").fetchall()]
        runs = connection.execute("SELECT count(*) FROM quality.run").fetchone()[0]
        history = connection.execute("SELECT count(*) FROM mart.indicator_log WHERE known_to IS NULL").fetchone()[0]
    reads += 1
    if values != [runs] or history != 3:
        wrong.append([values, runs, history])
    seen.add(runs)
    time.sleep(0.02)
print(json.dumps({"reads": reads, "wrong": wrong, "nights": len(seen)}))
"""


def test_a_reader_in_a_loop_sees_one_whole_night_each_time(tmp_path: Path) -> None:
    catalogue, path = load_catalogue(LANHE), tmp_path / "warehouse.duckdb"
    reader = None
    for number in range(1, NIGHTS + 1):
        with NightBuild(build_path(path), path, catalogue) as build:
            build.add_batch(**batch(f"{number}", number))
            rows = indicator("sunflower_site_count", float(number))
            places = ("371600", "371602", "371603")
            build.set_indicators(
                pl.concat(rows.with_columns(org_code=pl.lit(p)) for p in places), at=build.find_moment(NOON)
            )
            build.add_run({
                "run": f"{number}", "started_at": "", "finished_at": "", "journal_count": number, "journal_hash": "",
                "code_version": "1",
            })  # fmt: skip
        publish(build_path(path), path)
        if reader is None:
            command = [sys.executable, "-c", _READER, str(path), str(NIGHTS)]
            reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert reader is not None
    said = json.loads(reader.communicate(timeout=120)[0])
    assert reader.returncode == 0
    assert said["wrong"] == []
    assert said["reads"] >= said["nights"] > 2
