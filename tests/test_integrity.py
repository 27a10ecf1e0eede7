"""A warehouse that contradicts itself is not published, whatever of it is new."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.published_nights import night
from tests.warehouse_samples import NOON, batch, indicator, submission
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.integrity import IntegrityError
from warehouse.store.publish import build_path, publish


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def saying(given: dict[str, pl.DataFrame], **columns: str) -> dict[str, pl.DataFrame]:
    """A batch whose frames say something else in these columns, where they have them."""
    return {
        name: frame.with_columns(pl.lit(said).alias(c) for c, said in columns.items() if c in frame.columns)
        for name, frame in given.items()
    }


@pytest.mark.parametrize(
    ("bent", "sentence"),
    [
        ({"indicators": pl.concat([indicator("x", 1.0), indicator("x", 2.0)])}, "重复的键"),
        ({"indicators": indicator("x", 1.0, coverage_pct=112.5)}, "超过 100%"),
        ({"org_code": "371602999"}, "不在当年的单位名录"),
        ({"unit_code": "371699"}, "不在应报名单"),
    ],
)
def test_a_warehouse_that_contradicts_itself_is_not_published(
    tmp_path: Path, catalogue: Catalogue, bent: dict[str, object], sentence: str
) -> None:
    said = {name: str(bent[name]) for name in ("org_code", "unit_code") if name in bent}
    with NightBuild(tmp_path / "new.duckdb", None, catalogue) as build:
        build.add_batch(**saying(batch("a", 1), **said))
        if isinstance(indicators := bent.get("indicators"), pl.DataFrame):
            build.set_indicators(indicators, at=NOON)
        with pytest.raises(IntegrityError, match=sentence):
            build.check()


@pytest.mark.parametrize(
    ("bent", "sentence"),
    [
        ("371603001", "在用计量值有 1 个重复的键"),  # of which another unit has reported before
        ("371602999", "不在当年的单位名录"),
    ],
)
def test_what_a_night_adds_is_looked_through_beside_what_was_there(
    tmp_path: Path, catalogue: Catalogue, bent: str, sentence: str
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1, unit="371603"), indicators=indicator("x", 1.0))
    with NightBuild(build_path(path), path, catalogue) as build:
        build.check()
        build.add_batch(**saying(batch("b", 2), org_code=bent))
        build.set_indicators(indicator("x", 1.0), at=NOON + timedelta(days=1))
        with pytest.raises(IntegrityError, match=sentence):
            build.check()


def test_what_stands_again_is_looked_through_again(tmp_path: Path, catalogue: Catalogue) -> None:
    first, other = submission("a", 1), saying(batch("b", 2), org_code="371603001")
    path = tmp_path / "warehouse.duckdb"
    for day, given in enumerate([batch("a", 1, unit="371603"), other]):
        with NightBuild(build_path(path), path, catalogue) as build:
            if day:  # returned before the other county says anything of the same place
                build.set_decisions(first.select("submission", decision=pl.lit("held")))
            build.add_batch(**given)
            build.set_indicators(indicator("x", 1.0), at=NOON + timedelta(days=day))
            build.check()
        publish(build_path(path), path)
    with NightBuild(build_path(path), path, catalogue) as build:
        build.set_decisions(first.select("submission", decision=pl.lit("accepted")))
        build.set_indicators(indicator("x", 1.0), at=NOON + timedelta(days=2))
        with pytest.raises(IntegrityError, match="在用计量值有 1 个重复的键"):
            build.check()


def test_a_number_that_is_published_twice_is_found_though_one_of_them_was_there(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1), indicators=indicator("x", 1.0))
    with NightBuild(build_path(path), path, catalogue) as build:
        build._connection.execute(  # what no function of ours does
            "INSERT INTO mart.indicator_log SELECT * REPLACE (known_from + INTERVAL 1 DAY AS known_from) FROM mart.indicator_log"
        )
        with pytest.raises(IntegrityError, match="指标表有 1 个重复的键"):
            build.check()
