"""However a night is ended, it ends soon, says what it left, leaves no process behind, and the next one goes on."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.settings import Home, Installation, Settings
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, new_installation, night
from warehouse.store.query import query

EAST = "990101"
COMMAND = [sys.executable, "-c", "from flows.cli.app import main; main()", "nightly"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Path:
    """A home with one night behind it and a dozen workbooks in its inbox.

    That night was the real command's: Prefect's database is laid out once, as it is where nights have run before.
    """
    place = new_installation(tmp_path_factory.mktemp("full") / "home", samples, [2023], catalogue=LANHE)
    with running(place.home) as command:
        _, said = command.communicate(timeout=240)
        assert command.returncode == 0, said
    workbook = next((samples([2024], LANHE) / EAST).iterdir())
    for count in range(12):
        book = ClerkWorkbook(workbook)
        book.enter("兰1表", "会员数", org="990101001001", value=300 + count)
        book.save(place.home.inbox / f"{count}.xlsx")
    return place.home.root


@pytest.fixture
def home(full: Path, tmp_path: Path) -> Home:
    return Home(shutil.copytree(full, tmp_path / "home"))


@contextmanager
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    """The real command, in a process group of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"NIANBAO_HOME": str(home.root), "NIANBAO_CATALOGUE": str(LANHE), "COLUMNS": "200"}
    with subprocess.Popen(
        COMMAND,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        try:
            yield command
        finally:
            if command.poll() is None:
                os.killpg(command.pid, signal.SIGKILL)


def processes(home: Home, module: str) -> list[int]:
    """The processes that run ``module`` for a command on this home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if module.encode() in line and str(home.root).encode() in environment:
            found.append(int(folder.name))
    return found


def until(condition: Callable[[], object]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def started(home: Home) -> bool:
    return bool(processes(home, "flows.running.server_process"))


def received(home: Home) -> bool:
    return home.journal.read_bytes().count(b'"received"') > 3


def building(home: Home) -> bool:
    return home.building.exists()


def assert_the_next_night_is_whole(home: Home) -> None:
    place = Installation(Settings(home=home.root, catalogue=LANHE, workers=2))
    night(place)
    assert query(home.database, "FROM quality.submission WHERE year = 2024").height == 12
    assert [p for p in home.root.iterdir() if "building" in p.name] == []


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param(started, signal.SIGINT, id="starting, ctrl-c"),
        pytest.param(started, signal.SIGTERM, id="starting, terminated", marks=pytest.mark.deep),
        pytest.param(received, signal.SIGINT, id="reading, ctrl-c", marks=pytest.mark.deep),
        pytest.param(received, signal.SIGTERM, id="reading, terminated", marks=pytest.mark.deep),
        pytest.param(building, signal.SIGINT, id="building, ctrl-c", marks=pytest.mark.deep),
        pytest.param(building, signal.SIGTERM, id="building, terminated"),
    ],
)
def test_a_night_told_to_end_does_so_and_says_what_it_left(
    home: Home, moment: Callable[[Home], bool], number: signal.Signals
) -> None:
    if moment is started:  # also when the server is at its longest, which is the first time
        shutil.rmtree(home.root / ".prefect")
    before = home.database.read_bytes()
    with running(home) as command:
        until(lambda: moment(home))
        if number == signal.SIGINT:
            os.killpg(command.pid, number)  # as the terminal does
        else:
            command.send_signal(number)
        _, said = command.communicate(timeout=20)
        assert command.returncode == 2, said
    if moment is not started:
        assert re.search("错误：(系统要求结束，)?已中止。数据仓库未改动。.*下次夜间作业会接着处理。", said), (
            said
        )
        assert "Traceback" not in said
    assert home.database.read_bytes() == before
    until(lambda: not started(home))
    until(lambda: not processes(home, "flows.wall.child"))
    assert_the_next_night_is_whole(home)


def test_a_night_that_is_killed_leaves_no_process_behind(home: Home) -> None:
    with running(home) as command:
        until(lambda: building(home))
        command.kill()
        command.wait()
    until(lambda: not started(home))
    assert_the_next_night_is_whole(home)


def fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as filling:
        while True:
            filling.write(b"x" * 65536)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_fills_up_during_the_night_is_one_sentence_and_the_next_night_is_whole(
    full: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", disk], check=False).returncode:
        pytest.skip("may not mount")
    try:
        home = Home(shutil.copytree(full, disk / "home"))
        before = home.database.read_bytes()
        with running(home) as command:
            until(lambda: received(home))
            ballast = disk / "ballast"
            with pytest.raises(OSError, match="No space left"):
                fill_up(ballast)
            _, said = command.communicate(timeout=120)
        assert command.returncode == 2, said
        assert said.count("\n") == 1
        assert re.search("磁盘空间已满。|磁盘空间不足", said), said
        assert "已更新" not in said
        assert home.database.read_bytes() == before
        ballast.unlink()
        assert_the_next_night_is_whole(home)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
