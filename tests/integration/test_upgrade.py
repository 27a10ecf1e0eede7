"""An upgrade: nothing moves unless it is seen and wanted, and what moves is told number by number."""

from __future__ import annotations

import io
import json
import shutil
import sys
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from flows.clock import TIME_ZONE
from flows.running.embedded_server import run_as_flow
from flows.settings import Home, Installation, find_installation
from flows.upgrading.rehearsal import rehearse
from flows.upgrading.switching import Rehearsal, UpgradeRefused, switch
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.small_homes import files_below
from tests.terminal import Terminal, is_one_chinese_sentence
from tests.web_hook import web_hook
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Event, Journal
from warehouse.store.query import query, read_last_versions

EAST = "990101"
PER_HOUSEHOLDS = "visit_per_100_households"


def files_that_matter(home: Home) -> dict[str, bytes]:
    """Every file of a home but for work/: what parts of a rehearsal leave there is made again at any time."""
    work = home.work.relative_to(home.root).as_posix()
    return {
        name: content for name, content in files_below(home.root).items() if not name.startswith(f"{work}/")
    }


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """The catalogue of the installation, to be edited."""
    return Path(shutil.copytree(LANHE, tmp_path / "catalogue"))


@pytest.fixture
def place(after_a_night: NewInstallation, catalogue: Path) -> Installation:
    """An installation after a night."""
    made = after_a_night([2023, 2024])
    return Installation(made.settings.model_copy(update={"catalogue": catalogue}))


@pytest.fixture
def nianbao(
    place: Installation,
    catalogue: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Terminal:
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(catalogue))
    find_installation.cache_clear()
    return Terminal(place.home.root, monkeypatch, capsys)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def change_formula(catalogue: Path) -> None:
    edit(catalogue / "indicators" / "care.yaml", "household_count * 100\n", "household_count * 50\n")


def list_numbers(place: Installation, indicator: str) -> dict[tuple[int, str], float | None]:
    rows = query(
        place.home.database,
        "SELECT year, org_code, value FROM mart.indicator WHERE indicator = ?",
        [indicator],
    )
    return {(year, org): value for year, org, value in rows.iter_rows()}


def test_with_the_same_catalogue_nothing_has_moved(nianbao: Terminal, place: Installation) -> None:
    count = query(place.home.database, "FROM mart.indicator").height
    said = nianbao("upgrade", "--yes")
    assert (said.code, said.err) == (0, "")
    assert f"没有变化：{count:,} 个指标数值、" in said.out
    assert "未作备份" in said.out
    [page] = place.home.site.glob("升级_*")
    assert "没有变化" in page.read_text(encoding="utf-8")
    assert night(place).submissions.is_empty()


def test_a_changed_formula_moves_its_own_indicator_alone(
    nianbao: Terminal, place: Installation, catalogue: Path
) -> None:
    before = list_numbers(place, PER_HOUSEHOLDS)
    change_formula(catalogue)
    said = nianbao("upgrade", "--yes")
    assert said.code == 0, said.err
    assert "有变化的指标 1 个" in said.out
    after = list_numbers(place, PER_HOUSEHOLDS)
    moved = {key: value for key, value in after.items() if value is not None and value != before[key]}
    assert after == {
        key: value if value is None else pytest.approx(value / 2) for key, value in before.items()
    }
    assert f"有变化的数值 {len(moved)} 个" in said.out
    [page, table] = sorted(place.home.site.glob("升级_*"), key=lambda path: path.suffix, reverse=True)
    assert "| 每百户走访户次 |" in page.read_text(encoding="utf-8")
    told = pl.read_csv(table, schema_overrides={"org_code": pl.String})
    assert {(y, o): v for y, o, v in told.select("year", "org_code", "new_value").iter_rows()} == moved
    assert told["indicator"].unique().to_list() == [PER_HOUSEHOLDS]
    assert told["change"].unique().to_list() == ["changed"]
    versions = read_last_versions(place.home.database)
    assert versions["catalogue_version"] == Installation(place.settings).catalogue.version


@pytest.mark.deep
def test_an_indicator_that_is_new_and_one_that_is_gone_are_told_apart(
    nianbao: Terminal, catalogue: Path, place: Installation
) -> None:
    edit(
        catalogue / "indicators" / "network.yaml", "id: association_count\n", "id: association_number_count\n"
    )
    said = json.loads(nianbao("upgrade", "--dry-run", "--json").out)
    numbers = pl.DataFrame(said["numbers"], infer_schema_length=None)
    assert set(numbers.select("indicator", "change").iter_rows()) == {
        ("association_count", "gone"),
        ("association_number_count", "new"),
    }
    gone = numbers.filter(pl.col("change") == "gone")
    assert gone["new_value"].is_null().all()
    assert gone.height == len(list_numbers(place, "association_count"))


@pytest.mark.deep
def test_a_dry_run_leaves_everything_as_it_was(
    nianbao: Terminal, place: Installation, catalogue: Path
) -> None:
    change_formula(catalogue)
    before = files_that_matter(place.home)
    said = nianbao("upgrade", "--dry-run", "--json")
    assert said.code == 0
    assert json.loads(said.out)["numbers"]
    assert files_that_matter(place.home) == before


@pytest.mark.parametrize(
    "answer",
    [pytest.param(None, id="nobody to ask"), pytest.param("n\n", id="no", marks=pytest.mark.deep)],
)
def test_without_consent_everything_stays_as_it_was(
    nianbao: Terminal,
    place: Installation,
    catalogue: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str | None,
) -> None:
    change_formula(catalogue)
    before = files_that_matter(place.home)
    asked = io.StringIO(answer or "")
    monkeypatch.setattr(asked, "isatty", lambda: answer is not None, raising=False)
    monkeypatch.setattr(sys, "stdin", asked)
    said = nianbao("upgrade")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert files_that_matter(place.home) == before


def test_a_catalogue_that_cannot_be_read_is_named_and_nothing_happens(
    nianbao: Terminal, place: Installation, catalogue: Path
) -> None:
    edit(catalogue / "indicators" / "care.yaml", "household_count * 100\n", "household_cuont * 100\n")
    before = files_that_matter(place.home)
    said = nianbao("upgrade", "--yes")
    assert said.code == 2
    assert "care.yaml" in said.err
    assert files_that_matter(place.home) == before


def test_an_archive_that_is_not_whole_stops_it(nianbao: Terminal, place: Installation) -> None:
    damaged = next(path for path in sorted((place.home.archive / "objects").rglob("*")) if path.is_file())
    damaged.unlink()
    before = files_that_matter(place.home)
    said = nianbao("upgrade", "--yes")
    assert said.code == 2
    assert said.err.startswith("错误：登记簿或档案有问题，没有升级")
    assert files_that_matter(place.home) == before


def add_rule(catalogue: Path) -> None:
    rule = """\
- {id: care.no_visits, scope: row, form: care, severity: warning, expression: visit_count < 0,
   message: "{visit_count}，应小于0", why: 仅供测试。, fix: 请核对。}
"""
    (catalogue / "rules").mkdir()
    (catalogue / "rules" / "care.yaml").write_text(rule, encoding="utf-8")


def test_units_hear_the_next_night_what_a_new_rule_asks_them(
    nianbao: Terminal, place: Installation, catalogue: Path
) -> None:
    add_rule(catalogue)
    said = json.loads(nianbao("upgrade", "--yes", "--json").out)
    assert said["numbers"] == []
    [warnings] = [count for count in said["counts"] if count["counted"] == "核实性问题"]
    assert warnings["new"] > warnings["old"]
    asked = query(
        place.home.database, "SELECT DISTINCT submission FROM quality.finding WHERE rule = 'care.no_visits'"
    )["submission"]
    assert sorted(said["revised"]) == sorted(asked)
    later = Installation(place.settings)
    assert sorted(night(later).outcome.revised) == sorted(asked)
    assert night(later).submissions.is_empty()  # once


@pytest.mark.deep
def test_the_administrators_are_told_which_indicators_moved_and_by_no_number(
    nianbao: Terminal, place: Installation, catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_formula(catalogue)
    with web_hook() as hook:
        monkeypatch.setenv("NIANBAO_ALERTS", hook.address)
        assert nianbao("upgrade", "--dry-run").code == 0
        assert hook.posted == []
        assert nianbao("upgrade", "--yes").code == 0
        assert nianbao("upgrade", "--yes").code == 0  # nothing moved: nobody is told
    [title] = hook.titles
    assert "已升级，数字有变化" in title
    assert "每百户走访户次（" in hook.last
    for value in list_numbers(place, PER_HOUSEHOLDS).values():
        assert value is None or f"{value:.2f}" not in hook.last
    assert len(list(place.home.site.glob("升级_*.md"))) == 2


def test_what_must_not_be_lost_is_backed_up_before(
    nianbao: Terminal, place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIANBAO_BACKUP", str(tmp_path / "backup"))
    assert f"已备份到 {tmp_path / 'backup'}" in nianbao("upgrade", "--yes").out
    (tmp_path / "file").touch()
    monkeypatch.setenv("NIANBAO_BACKUP", str(tmp_path / "file" / "backup"))
    find_installation.cache_clear()
    before = place.home.database.read_bytes()
    said = nianbao("upgrade", "--yes")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert place.home.database.read_bytes() == before


def compare(place: Installation) -> Rehearsal:
    return run_as_flow("upgrade", lambda: rehearse(place))


def workbook(samples: Samples, folder: Path, members: int) -> Path:
    book = ClerkWorkbook(next((samples([2024], LANHE, [EAST]) / EAST).iterdir()))
    book.enter("兰1表", "会员数", org="990101001001", value=members)
    return book.save(folder / f"{members}.xlsx")


def test_a_night_between_comparison_and_consent_makes_the_comparison_void(
    place: Installation, samples: Samples
) -> None:
    compared = compare(place)
    workbook(samples, place.home.inbox, 301)
    night(place)
    before = place.home.database.read_bytes()
    with pytest.raises(UpgradeRefused, match="请重新运行"):
        switch(place, compared)
    assert place.home.database.read_bytes() == before


def test_what_was_received_and_not_yet_judged_waits_for_the_night(
    place: Installation, samples: Samples, tmp_path: Path
) -> None:
    content = workbook(samples, tmp_path, 301).read_bytes()
    sha256 = Archive(place.home.archive).put(content)
    journal = Journal(place.home.journal)
    journal.append(
        Event.RECEIVED, "nianbao", datetime.now(TIME_ZONE), "broken-off", submission=sha256, file_name="301.xlsx",
        folder=EAST, bytes=len(content),
    )  # fmt: skip
    compared = compare(place)
    assert compared.numbers.is_empty()
    switch(place, compared)
    assert Journal(place.home.journal, read_only=True).head == journal.head
    assert night(place).submissions["submission"].to_list() == [sha256]
