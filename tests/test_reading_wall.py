"""A file may do what it likes to its reader: only that file is refused, and with a reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.wall.kept_children import KEPT
from flows.wall.process import ReadingProcess
from flows.wall.wall import Death, Limits, ReadJob, WallBroken, read_all
from tests.deaths import death
from tests.reading_functions import SLEEP_SECONDS

QUICK = Limits(cpu_seconds=1, wall_seconds=8)


@pytest.fixture(autouse=True)
def _functions_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def jobs(tmp_path: Path) -> Callable[..., list[ReadJob]]:
    def write(*texts: str) -> list[ReadJob]:
        for n, text in enumerate(texts):
            (tmp_path / str(n)).write_text(text)
        return [ReadJob(key=f"{n} {text}", path=tmp_path / str(n), args=(n,)) for n, text in enumerate(texts)]

    return write


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited ten seconds in vain")


def children() -> dict[int, str]:
    """This thread's reading children and their command lines.

    A test session has other children too: servers that earlier tests started.
    """
    listing = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    lines = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in listing.split()}
    return {pid: line for pid, line in lines.items() if "flows.wall.child" in line}


def list_started(count: int) -> set[int]:
    """The process ids of this thread's reading children, of whom there are so many. A child has no command line yet at
    the moment it starts.
    """
    eventually(lambda: len(children()) == count)
    return set(children())


@pytest.mark.parametrize("workers", [1, 3])
def test_every_file_is_read_and_results_stand_in_the_order_of_the_jobs(
    jobs: Callable[..., list[ReadJob]], workers: int
) -> None:
    done: list[str] = []
    asked = jobs(*"abcdefg")
    results = read_all(asked, "reading_functions:content", workers, on_done=lambda key, _: done.append(key))
    assert results == {job.key: f"{job.key[-1]}{job.args}" for job in asked}
    assert list(results) == [job.key for job in asked]
    assert sorted(done) == [job.key for job in asked]
    assert children() == {}


def test_nothing_to_read_starts_nothing() -> None:
    assert read_all([], "no.such.module:function", workers=2) == {}


def test_a_child_reads_many_files_and_has_no_terminal(jobs: Callable[..., list[ReadJob]]) -> None:
    results: Any = read_all(jobs(*"abcdef"), "reading_functions:process_id", workers=1)
    assert len({pid for pid, _, _ in results.values()}) == 1
    assert all(session == pid and not is_terminal for pid, session, is_terminal in results.values())


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ("ask for memory", "memory", "所需内存超过限额（768 MiB）"),
        ("panic", "memory", "所需内存超过限额"),
        ("spin", "cpu", "计算时间超过限额（1 秒）"),
        ("abort", "crash", "异常中止"),
        ("segfault", "crash", "异常中止"),
        ("exit", "crash", "异常中止"),
        ("leave", "crash", "异常中止"),
        ("raise", "crash", "异常中止"),
        ("be killed", "crash", "异常中止"),
    ],
)
def test_a_child_that_dies_takes_only_the_file_at_hand_with_it(
    jobs: Callable[..., list[ReadJob]],
    order: str,
    code: str,
    words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked = jobs("before", order, "after")
    results = read_all(asked, "reading_functions:content", workers=1, limits=QUICK)
    assert results[asked[0].key] == "before(0,)"
    assert results[asked[2].key] == "after(2,)"
    refused = death(results[asked[1].key])
    assert refused.code == code
    assert words in refused.sentence
    assert capfd.readouterr() == ("", "")


def test_a_child_that_sleeps_is_ended_by_the_clock(jobs: Callable[..., list[ReadJob]]) -> None:
    asked = jobs("sleep", "after")
    began = time.monotonic()
    results = read_all(asked, "reading_functions:content", workers=1, limits=Limits(wall_seconds=0.5))
    assert time.monotonic() - began < SLEEP_SECONDS
    assert death(results[asked[0].key]).code == "timeout"
    assert "规定时间（0.5 秒）" in death(results[asked[0].key]).sentence
    assert results[asked[1].key] == "after(1,)"


def test_files_are_read_while_another_sleeps(jobs: Callable[..., list[ReadJob]]) -> None:
    done: list[str] = []
    read_all(
        jobs("sleep", *"abcd"),
        "reading_functions:content",
        workers=2,
        on_done=lambda key, _: done.append(key),
        limits=Limits(wall_seconds=1),
    )
    assert done[-1] == "0 sleep"


def test_complaints_and_tracebacks_are_kept_for_the_log(jobs: Callable[..., list[ReadJob]]) -> None:
    results = read_all(jobs("abort", "raise"), "reading_functions:content", workers=1)
    assert "noise on standard error" in death(results["0 abort"]).detail
    assert "KeyError: 'NO_SUCH_KEY'" in death(results["1 raise"]).detail


def test_a_file_whose_child_was_killed_from_outside_is_read_again(
    jobs: Callable[..., list[ReadJob]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    results = read_all(jobs("be killed once"), "reading_functions:content", workers=1)
    assert results == {"0 be killed once": "be killed once(0,)"}


@pytest.mark.parametrize("times", [3, 100], ids=["three times", "for ever"])
def test_children_killed_before_they_are_ready_cost_no_file(
    jobs: Callable[..., list[ReadJob]], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """As a machine short of memory does. When it goes on for ever no file is to blame either."""
    killed: list[int] = []
    start = ReadingProcess.__init__

    def started_and_killed(self: ReadingProcess, read: str, limits: Limits) -> None:
        start(self, read, limits)
        if len(killed) < times:
            killed.append(self._process.pid)
            self._process.kill()

    monkeypatch.setattr(ReadingProcess, "__init__", started_and_killed)
    if times > 20:
        with pytest.raises(WallBroken, match="again and again"):
            read_all(jobs(*"abcd"), "reading_functions:content", workers=2)
    else:
        asked = jobs(*"abcd")
        results = read_all(asked, "reading_functions:content", workers=2)
        assert results == {job.key: f"{job.key[-1]}{job.args}" for job in asked}
        assert len(killed) == times
    assert children() == {}


def test_many_deaths_with_many_workers_settle_every_file(jobs: Callable[..., list[ReadJob]]) -> None:
    asked = jobs(*["abort", "ok", "raise", "exit", "ok", "panic"] * 3)
    results = read_all(asked, "reading_functions:content", workers=3, limits=QUICK)
    assert [isinstance(result, Death) for result in results.values()] == [
        not job.key.endswith("ok") for job in asked
    ]


def test_results_may_be_frames(jobs: Callable[..., list[ReadJob]], tmp_path: Path) -> None:
    (result,) = read_all(jobs("a"), "reading_functions:frame", workers=1).values()
    assert isinstance(result, pl.DataFrame)
    assert result.rows() == [(str(tmp_path / "0"), "甲")]


def test_a_result_too_large_to_hand_over_is_refused(jobs: Callable[..., list[ReadJob]]) -> None:
    (job,) = jobs("a")
    limits = Limits(result_mib=8)
    small = ReadJob("small", job.path, (7,))
    large = ReadJob("large", job.path, (9,))
    results = read_all([large, small], "reading_functions:large_result", workers=1, limits=limits)
    assert death(results["large"]).code == "memory"
    assert results["small"] == bytes(7 << 20)


def test_a_result_that_cannot_be_handed_over_is_a_crash(jobs: Callable[..., list[ReadJob]]) -> None:
    (result,) = read_all(jobs("a"), "reading_functions:unpicklable", workers=1).values()
    assert death(result).code == "crash"
    assert "pickle" in death(result).detail


def test_a_child_that_has_grown_is_replaced_before_it_fails_an_honest_file(
    jobs: Callable[..., list[ReadJob]],
) -> None:
    asked = [ReadJob(job.key, job.path, (100,)) for job in jobs(*"abcdefghij")]
    results = read_all(asked, "reading_functions:kept_memory", workers=1)
    assert set(results.values()) == {1, 2}


def test_children_are_bounded_and_know_no_secrets(
    jobs: Callable[..., list[ReadJob]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIANBAO_SMTP_PASSWORD", "secret")
    (found,) = read_all(jobs("a"), "reading_functions:surroundings", workers=1).values()
    assert isinstance(found, dict)
    assert "NIANBAO_SMTP_PASSWORD" not in found["environment"]
    assert (found["core"], found["memory"], found["threads"]) == (1, 768 << 20, 1)
    assert 10 < found["cpu"] < 20


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("no.such.module:function", "No module named 'no'"),
        ("reading_functions:no_such_function", "no_such_function"),
    ],
)
def test_a_reading_function_that_cannot_be_imported_breaks_the_wall_and_refuses_nothing(
    jobs: Callable[..., list[ReadJob]], read: str, words: str
) -> None:
    with pytest.raises(WallBroken, match=words):
        read_all(jobs(*"abc"), read, workers=2)
    assert children() == {}


def test_children_without_room_to_start_break_the_wall(jobs: Callable[..., list[ReadJob]]) -> None:
    with pytest.raises(WallBroken):
        read_all(jobs("a"), "reading_functions:content", workers=1, limits=Limits(memory_mib=20))


def test_children_that_are_not_ready_in_time_break_the_wall(jobs: Callable[..., list[ReadJob]]) -> None:
    with pytest.raises(WallBroken, match="in time"):
        read_all(jobs("a"), "reading_functions:content", workers=1, limits=Limits(start_seconds=0.001))


def test_wrong_use_is_said(jobs: Callable[..., list[ReadJob]]) -> None:
    (job,) = jobs("a")
    with pytest.raises(ValueError, match="same key"):
        read_all([job, job], "reading_functions:content", workers=1)
    with pytest.raises(ValueError, match="at least one worker"):
        read_all([job], "reading_functions:content", workers=0)


def test_an_interrupted_parent_ends_its_children(jobs: Callable[..., list[ReadJob]]) -> None:
    def interrupt(key: str, result: object) -> None:
        assert children()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_all(jobs("a", "sleep", "sleep"), "reading_functions:content", workers=3, on_done=interrupt)
    assert children() == {}


def test_children_end_by_themselves_when_the_parent_is_killed(
    jobs: Callable[..., list[ReadJob]], tmp_path: Path
) -> None:
    program = (
        "from flows.wall.wall import *\n"
        f"read_all([ReadJob('k', {str(jobs('sleep')[0].path)!r})], 'reading_functions:content', 1,"
        " limits=Limits(wall_seconds=1))"
    )
    with (tmp_path / "output").open("wb") as output:
        parent = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=output,
            stderr=output,
        )
    listing = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    eventually(lambda: bool(listing.read_text()))
    [child] = (Path("/proc", pid) for pid in listing.read_text().split())
    eventually(lambda: "flows.wall.child" in (child / "cmdline").read_text())
    parent.send_signal(signal.SIGKILL)
    assert parent.wait() == -signal.SIGKILL
    # Where nobody collects the processes of a dead parent, an ended child stays as a zombie, which has no command line.
    eventually(lambda: not child.exists() or (child / "cmdline").read_text() == "")
    assert (tmp_path / "output").read_text() == ""


def test_the_wall_works_from_a_thread(jobs: Callable[..., list[ReadJob]]) -> None:
    results: dict[str, object] = {}
    asked = jobs("a", "abort")

    def read() -> None:
        results.update(read_all(asked, "reading_functions:content", workers=2))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert results["0 a"] == "a(0,)"
    assert death(results["1 abort"]).code == "crash"


def read_process_ids(asked: list[ReadJob], limits: Limits | None = None) -> set[int]:
    results: Any = read_all(asked, "reading_functions:process_id", workers=2, limits=limits)
    return {pid for pid, _, _ in results.values()}


def test_children_that_are_kept_read_the_next_files_and_end_with_the_block(
    jobs: Callable[..., list[ReadJob]],
) -> None:
    with KEPT.keeping():
        first = read_process_ids(jobs(*"abcd"))
        with KEPT.keeping():
            assert read_process_ids(jobs(*"efgh")) <= first
        assert read_process_ids(jobs("i")) <= first
        assert children()
    assert children() == {}


def test_children_that_start_before_there_are_files_read_the_first_ones(
    jobs: Callable[..., list[ReadJob]],
) -> None:
    with KEPT.keeping():
        KEPT.start("reading_functions:process_id", Limits(), 2)
        started = list_started(2)
        assert read_process_ids(jobs(*"abcd")) <= started
        assert set(children()) <= started
    assert children() == {}


def test_a_child_that_died_before_there_were_files_refuses_nothing(
    jobs: Callable[..., list[ReadJob]],
) -> None:
    with KEPT.keeping():
        KEPT.start("reading_functions:process_id", Limits(), 1)
        (pid,) = list_started(1)
        os.kill(pid, signal.SIGKILL)
        assert read_process_ids(jobs("a")) - {pid}


def test_kept_children_read_nothing_within_other_limits(jobs: Callable[..., list[ReadJob]]) -> None:
    with KEPT.keeping():
        assert not read_process_ids(jobs("a")) & read_process_ids(jobs("a"), QUICK)


def test_a_kept_child_that_has_died_refuses_nothing(jobs: Callable[..., list[ReadJob]]) -> None:
    with KEPT.keeping():
        (first,) = read_process_ids(jobs("a"))
        os.kill(first, signal.SIGKILL)
        (second,) = read_process_ids(jobs("b"))
        assert second != first
    assert children() == {}


def test_a_child_that_has_work_is_never_kept(jobs: Callable[..., list[ReadJob]]) -> None:
    def interrupt(key: str, result: object) -> None:
        raise KeyboardInterrupt

    with KEPT.keeping():
        with pytest.raises(KeyboardInterrupt):
            read_all(jobs("a", "sleep"), "reading_functions:content", workers=2, on_done=interrupt)
        assert len(children()) == 1
    assert children() == {}
