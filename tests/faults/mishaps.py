"""What else may happen to a night: to its disk, its clock, its files, its readers. Each gives what is wrong afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from flows.settings import Home
from tests.faults.nights import Nights, Order, read_worked
from tests.faults.points import Office
from tests.faults.strikes import NOT_STRUCK
from tests.faults.wholeness import OTHER_OBJECTS, compare, find_losses

_PATIENCE_SECONDS = 60
_PAUSE_MICROSECONDS = 2_000_000
_DISK_MEGABYTES = 48
_BUSY = "另一个年报任务正在"


class Skipped(Exception):
    """This machine does not let it happen; why."""


def find_disk_full(office: Office, nights: Nights, home: Path) -> list[str]:
    """The disk is full before the night begins."""
    with small_disk(home) as disk:
        inside = shutil.copytree(office.before, disk / "home")
        ballast = fill(disk)
        ended = nights.run(Order(inside, office.catalogue, said=home.with_name(home.name + ".said")))
        ballast.unlink()
        said = "磁盘空间不足" in ended.said and ended.code != 0
        return find_losses(office, nights, inside) + ([] if said else [f"it did not say so: {ended.said}"])


def fill_disk_after_receiving(office: Office, nights: Nights, home: Path) -> list[str]:
    """The disk is filled when the first object is in the archive."""
    known = count_objects(office.before)
    return _fill_disk_when(lambda inside: count_objects(inside) > known, office, nights, home)


def fill_disk_while_building(office: Office, nights: Nights, home: Path) -> list[str]:
    """The disk is filled when the new warehouse has begun."""
    return _fill_disk_when(lambda inside: Home(inside).building.exists(), office, nights, home)


def fill_disk_while_answering(office: Office, nights: Nights, home: Path) -> list[str]:
    """The disk is filled when the new warehouse is published."""
    published = Home(office.before).database.read_bytes()
    return _fill_disk_when(
        lambda inside: Home(inside).database.read_bytes() != published, office, nights, home
    )


def _fill_disk_when(is_time: Callable[[Path], bool], office: Office, nights: Nights, home: Path) -> list[str]:
    with small_disk(home) as disk:
        inside = shutil.copytree(office.before, disk / "home")
        nights.begin(Order(inside, office.catalogue, said=home.with_name(home.name + ".said")))
        has_come = wait_for(lambda: is_time(inside))
        ballast = fill(disk)
        nights.end()
        ballast.unlink()
        return find_losses(office, nights, inside) + ([] if has_come else [NOT_STRUCK])


def forbid_writing(office: Office, nights: Nights, home: Path) -> list[str]:
    """The home is read-only."""
    with small_disk(home) as disk:
        inside = shutil.copytree(office.before, disk / "home")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        ended = nights.run(Order(inside, office.catalogue, said=home.with_name(home.name + ".said")))
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        has_said = "磁盘只读" in ended.said and ended.code != 0
        return find_losses(office, nights, inside) + (
            [] if has_said else [f"it did not say so: {ended.said}"]
        )


def set_clock_back(office: Office, nights: Nights, home: Path) -> list[str]:
    """The clock of this night is a day behind."""
    return _move_clock(-1, office, nights, home)


def set_clock_forward(office: Office, nights: Nights, home: Path) -> list[str]:
    """The clock of this night is a day ahead, and right again in the next."""
    return _move_clock(1, office, nights, home)


def _move_clock(days: int, office: Office, nights: Nights, home: Path) -> list[str]:
    shutil.copytree(office.before, home)
    ended = nights.run(Order(home, office.catalogue, days=days))
    return find_losses(office, nights, home) + ([ended.said] if ended.code else [])


def begin_two_at_once(office: Office, nights: Nights, home: Path) -> list[str]:
    """Two nights begin together: one says so and stops, the other goes through."""
    shutil.copytree(office.before, home)
    with Nights() as others:
        others.begin(Order(home, office.catalogue, said=home.with_name(home.name + ".other")))
        ended = nights.run(Order(home, office.catalogue))
        both = sorted([others.end(), ended], key=lambda e: e.code != 0)
    has_stopped = [e.code != 0 for e in both] == [False, True] and _BUSY in both[1].said
    wrong = [] if has_stopped else [f"{e.code}: {e.said}" for e in both]
    return wrong + find_losses(office, nights, home)


def let_file_grow(office: Office, nights: Nights, home: Path) -> list[str]:
    """A workbook is still being copied into the inbox while the night reads it; the copy ends after the night."""
    shutil.copytree(office.before, home)
    workbook = find_workbook(home)
    whole = workbook.read_bytes()
    with workbook.open("wb", buffering=0) as growing:
        half = len(whole) // 2
        growing.write(whole[:half])
        night = nights.begin(Order(home, office.catalogue))
        step = (len(whole) - half) // 50
        while read_worked(night) is not None and growing.tell() < len(whole) - step:
            growing.write(whole[growing.tell() : growing.tell() + step])
            time.sleep(0.1)
        code = nights.end().code
        is_there = workbook.exists()
        growing.write(whole[growing.tell() :])
    wrong = [] if is_there and not code else ["it was taken before it was whole"]
    return find_losses(office, nights, home, is_all_or_none=False) + wrong


def replace_file(office: Office, nights: Nights, home: Path) -> list[str]:
    """A workbook is replaced by another one of the same name while the night reads it."""
    shutil.copytree(office.before, home)
    workbook = find_workbook(home)
    wanted = workbook.rename(home.with_name(home.name + ".wanted"))
    workbook.write_bytes(wanted.read_bytes()[:-1])
    log = home.with_name(home.name + ".strace")
    slow = f"inject=read:delay_enter={_PAUSE_MICROSECONDS}:when=1"
    night = nights.begin(Order(home, office.catalogue), ["-o", str(log), "-P", str(workbook), "-e", slow])
    has_come = wait_for(lambda: any(Path(f) == workbook for f in list_open_files(night)))
    wait_for(lambda: any(".unfinished-" in f for f in list_open_files(night)))
    shutil.move(wanted, workbook)
    nights.end()
    # The bytes that were replaced were archived, and no line of the journal names them.
    losses = find_losses(office, nights, home, is_all_or_none=False)
    wrong = [said for said in losses if said != OTHER_OBJECTS]
    return wrong + ([] if has_come else [NOT_STRUCK])


def lose_reader(office: Office, nights: Nights, home: Path) -> list[str]:
    """A process that reads a workbook is killed: another one reads it, in the same night."""
    shutil.copytree(office.before, home)
    night = nights.begin(Order(home, office.catalogue))
    has_come = wait_for(lambda: bool(list_readers(night)))
    for reader in list_readers(night):
        with suppress(ProcessLookupError):
            os.kill(reader, signal.SIGKILL)
    ended = nights.end()
    is_wrong = compare(office.after, home) if ended.code == 0 else [ended.said]
    return is_wrong + find_losses(office, nights, home) + ([] if has_come else [NOT_STRUCK])


MISHAPS: tuple[Callable[[Office, Nights, Path], list[str]], ...] = (
    find_disk_full,
    fill_disk_after_receiving,
    fill_disk_while_building,
    fill_disk_while_answering,
    forbid_writing,
    set_clock_back,
    set_clock_forward,
    begin_two_at_once,
    let_file_grow,
    replace_file,
    lose_reader,
)


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of its own, mounted at ``place``. Skipped where that is not allowed."""
    if os.geteuid() != 0:
        raise Skipped("only root may mount a small disk")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MEGABYTES}m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        place.rmdir()
        raise Skipped("this machine does not let root mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)
        place.rmdir()


def fill(disk: Path) -> Path:
    """A file that leaves no byte on the disk."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 4096)
    return ballast


def wait_for(is_time: Callable[[], bool]) -> bool:
    """Whether it came to that before patience ended."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if is_time():
            return True
        time.sleep(0.002)
    return False


def find_workbook(home: Path) -> Path:
    """The workbook in the inbox."""
    return next(Home(home).inbox.rglob("990102_*.xlsx"))


def count_objects(home: Path) -> int:
    """How many objects the archive holds."""
    return sum(len(file.name) == 64 for file in Home(home).archive.rglob("*"))


def list_readers(night: int) -> list[int]:
    """The processes that read for a night."""
    try:
        listed = [file.read_text().split() for file in Path(f"/proc/{night}/task").glob("*/children")]
        return [
            int(child)
            for child in chain.from_iterable(listed)
            if b"flows.wall.child" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except OSError:  # one of them has ended meanwhile
        return []


def list_open_files(night: int) -> list[str]:
    """The files that a night has open."""
    found: list[str] = []
    for handle in Path(f"/proc/{night}/fd").iterdir():
        with suppress(OSError):
            found.append(str(handle.readlink()))
    return found
