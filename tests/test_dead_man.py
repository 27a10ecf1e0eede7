"""The dead man's switch tells of nights that did not happen, whatever else is broken, and does not tell it twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.clock import TIME_ZONE
from flows.health.dead_man import ALIVE, DEAD, STATE, UNHEARD, Watch, watch
from flows.keeping.marks import FAILURE, GoodNight, mark_good_night, marking_failure
from flows.settings import Home
from tests.web_hook import WebHook, dead_address, web_hook
from warehouse.ledger.journal import Event, Journal, JournalBroken

# Apprise's own import of a module that Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOW = datetime(2025, 1, 12, 8, 0, tzinfo=TIME_ZONE)
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Runs a command whom permissions bind, be it root's."""


@pytest.fixture
def hook() -> Iterator[WebHook]:
    with web_hook() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose last good night was 30 hours ago; what was told of it is kept among temporary files, by its path."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))  # of the commands
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    found = Home(tmp_path / "home").make()
    slept_well(found, 30)
    return found


def slept_well(home: Home, hours_ago: float) -> None:
    at = NOW - timedelta(hours=hours_ago)
    night = GoodNight(at=at, run="r", versions={}, journal_count=0, journal_hash="0" * 64)
    mark_good_night(home.root, night)


def look(home: Home, hook: WebHook, hours_later: float = 0) -> Watch:
    return watch(home, hook.address, 26, NOW + timedelta(hours=hours_later))


def test_a_good_night_within_the_hours_tells_nobody(home: Home, hook: WebHook) -> None:
    slept_well(home, 25)
    assert look(home, hook).code == ALIVE
    assert hook.posted == []


def test_a_silence_is_told_once_and_again_each_day_and_its_end_once(home: Home, hook: WebHook) -> None:
    codes = [look(home, hook, later).code for later in (0, 1, 23, 24, 30, 48)]
    assert codes == [DEAD] * 6
    assert len(hook.posted) == 3
    assert "已超过 26 小时没有正常完成的夜间作业，最近一次是 2025年1月11日 02:00。" in hook.last
    slept_well(home, -49)
    assert [look(home, hook, later).code for later in (50, 51)] == [ALIVE, ALIVE]
    assert len(hook.posted) == 4
    assert "年报夜间作业已恢复正常" in hook.titles[-1]
    look(home, hook, 49 + 27)
    assert "年报夜间作业停摆" in hook.titles[-1]  # the next silence is told at once


def test_a_home_in_which_no_night_ever_ended_well_is_told(tmp_path: Path, home: Home, hook: WebHook) -> None:
    new = Home(tmp_path / "new").make()
    assert look(new, hook).code == DEAD
    assert "夜间作业还从未正常完成过。" in hook.last
    assert "夜间作业可能没有被启动" in hook.last


def test_nights_that_left_no_mark_yet_are_known_from_the_journal(tmp_path: Path, hook: WebHook) -> None:
    old = Home(tmp_path / "old").make()
    Journal(old.journal).append(
        Event.RUN_FINISHED, "nianbao", NOW - timedelta(hours=3), "r", answered=0, left=[]
    )
    assert look(old, hook).code == ALIVE


def test_what_broke_the_last_night_off_is_told(home: Home, hook: WebHook) -> None:
    with pytest.raises(JournalBroken), marking_failure(home.root):
        raise JournalBroken("登记簿缺少末尾，请从备份恢复。")
    look(home, hook)
    assert "中止：登记簿缺少末尾，请从备份恢复。" in hook.last
    assert "可能没有被启动" not in hook.last


def test_a_failure_before_the_last_good_night_is_history(home: Home, hook: WebHook) -> None:
    with pytest.raises(JournalBroken), marking_failure(home.root):
        raise JournalBroken("登记簿缺少末尾")
    now = datetime.now(TIME_ZONE)
    mark_good_night(
        home.root, GoodNight(at=now, run="r", versions={}, journal_count=0, journal_hash="0" * 64)
    )
    watch(home, hook.address, 26, now + timedelta(hours=27))
    assert "登记簿缺少末尾" not in hook.last


def test_a_failure_is_itself_where_no_mark_can_be_left(tmp_path: Path) -> None:
    with pytest.raises(JournalBroken, match="登记簿"), marking_failure(tmp_path / "no such folder"):
        raise JournalBroken("登记簿缺少末尾")
    assert not (tmp_path / "no such folder").exists()


def test_a_night_that_hangs_is_named_by_its_process(home: Home, hook: WebHook) -> None:
    code = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]):\n print('held', flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", code, str(home.root / ".nianbao.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as night:
        assert night.stdout is not None
        assert night.stdout.readline() == "held\n"
        look(home, hook)
        night.communicate("\n")
    assert f"进程号 {night.pid}" in hook.last
    look(home, hook, 25)
    assert "进程号" not in hook.last


def test_a_prefect_server_that_does_not_answer_is_named(
    home: Home, hook: WebHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", dead_address().replace("json", "http") + "/api")
    look(home, hook)
    assert "没有正常应答" in hook.last
    monkeypatch.setenv("PREFECT_API_URL", hook.address.replace("json", "http") + "/api")
    look(home, hook, 25)
    assert "没有正常应答" not in hook.last


@pytest.mark.parametrize("gone", ["no such folder", "a file"])
def test_a_home_that_is_none_is_told_once(home: Home, hook: WebHook, gone: str) -> None:
    shutil.rmtree(home.root)
    if gone == "a file":
        home.root.write_text("a file")
    assert [look(home, hook, later).code for later in (0, 1)] == [DEAD, DEAD]
    assert len(hook.posted) == 1
    assert f"数据目录 {home.root}" in hook.last


def test_one_channel_that_is_down_leaves_the_other(home: Home, hook: WebHook) -> None:
    seen = watch(home, f"{dead_address()} {hook.address}", 26, NOW)
    assert seen.code == DEAD
    assert "通知未能发出（json）" in seen.said[-1]
    assert len(hook.posted) == 1


@pytest.mark.parametrize("urls", ["", "dead"])
def test_nobody_told_is_an_exit_code_of_its_own_and_tried_again(home: Home, hook: WebHook, urls: str) -> None:
    assert watch(home, dead_address() if urls else "", 26, NOW).code == UNHEARD
    assert look(home, hook).code == DEAD
    assert len(hook.posted) == 1


def test_a_clock_set_back_is_no_sign_of_life(home: Home, hook: WebHook) -> None:
    slept_well(home, -24 * 365)
    assert look(home, hook).code == DEAD
    assert "请核对服务器的时钟" in hook.last


def test_a_mark_and_a_state_that_nobody_can_read_do_not_silence_it(home: Home, hook: WebHook) -> None:
    for name in ("last_good_night.json", FAILURE, STATE):
        (home.root / name).write_bytes(b"\x00{half")
    assert look(home, hook).code == DEAD
    assert look(home, hook, 1).code == DEAD
    assert len(hook.posted) == 1


_WITHOUT_PREFECT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "prefect":
            raise ImportError("prefect is broken")
sys.meta_path.insert(0, Refuse())
from flows.cli.app import main
main()
"""


def command(home: Home, *before: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command, without a catalogue and with a Prefect that cannot be imported."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "NIANBAO_"))}
    clean |= {"NIANBAO_HOME": str(home.root), "NIANBAO_CATALOGUE": "/no/such/catalogue", "COLUMNS": "200"}
    return subprocess.run(
        [*before, sys.executable, "-c", _WITHOUT_PREFECT, "doctor", "--deadman"],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["NIANBAO_DEADMAN", "NIANBAO_ALERTS"])
def test_the_command_needs_neither_catalogue_nor_prefect(home: Home, hook: WebHook, name: str) -> None:
    ended = command(home, **{name: hook.address})
    assert ended.returncode == DEAD, ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(hook.posted) == 1
    assert command(home).returncode == DEAD  # told already: nothing to send
    now = datetime.now(TIME_ZONE)
    mark_good_night(
        home.root, GoodNight(at=now, run="r", versions={}, journal_count=0, journal_hash="0" * 64)
    )
    assert command(home, **{name: hook.address}).returncode == ALIVE
    assert "恢复正常" in hook.titles[-1]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read everything")
@pytest.mark.parametrize("closed", ["home", "inbox"])
def test_a_folder_that_may_not_be_read_is_told(home: Home, hook: WebHook, closed: str) -> None:
    folder = home.root if closed == "home" else home.inbox
    folder.chmod(0o000)
    ended = command(home, *(BOUND if os.geteuid() == 0 else ()), NIANBAO_DEADMAN=hook.address)
    folder.chmod(0o700)
    assert ended.returncode == DEAD, ended.stderr
    assert "没有读写权限" in hook.last
    assert ("数据目录" if closed == "home" else "收件箱") in hook.last


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_disk_that_takes_nothing_is_told_once(
    home: Home, hook: WebHook, tmp_path: Path, fault: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode:
        pytest.skip("may not mount")
    try:
        small = Home(shutil.copytree(home.root, disk / "home"))
        if fault == "full":
            found = os.statvfs(disk)
            (disk / "ballast").write_bytes(b"x" * (found.f_bavail * found.f_frsize))
        else:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert [look(small, hook, later).code for later in (0, 1)] == [DEAD, DEAD]
        assert len(hook.posted) == 1
        assert ("磁盘空间" if fault == "full" else "磁盘只读") in hook.last
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
