"""The calls by which a night touches its home, and which fault each of them can meet.

A point is the n-th call of a kind that a thread makes on a path below the home: strace counts by path (-P), so that what
Python or a library does elsewhere moves nothing.
"""

from __future__ import annotations

import codecs
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults.nights import Nights, Order

FAULTS = {"KILL": "signal=KILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO", "EINTR": "error=EINTR"}
_MAKES = ("KILL", "ENOSPC", "EIO", "EINTR")
_CHANGES = ("KILL", "EIO", "EINTR")
_LOOKS = ("KILL", "EIO")
CALLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate"), _MAKES),
    **dict.fromkeys(("rename", "mkdir", "link", "symlink"), _MAKES),
    **dict.fromkeys(("chmod", "fchmod", "unlink", "rmdir", "utimensat", "flock"), _CHANGES),
    **dict.fromkeys(("openat", "read", "pread64"), _CHANGES),
    **dict.fromkeys(("getdents64", "newfstatat", "stat", "lstat", "fstat", "statfs", "access"), _LOOKS),
    **dict.fromkeys(("readlink", "lseek"), ("KILL",)),
}
"""Call -> the faults that a file system may answer it with; a call that makes something may find the disk full."""
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)")
_FAILED = re.compile(r"\) += -1 E")
_PATHS = re.compile(r'\d<((?:[^>\\]|\\.)*)>|"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Office:
    """A home before a night that has something to do, the same after an undisturbed one, and the catalogue."""

    before: Path
    after: Path
    catalogue: Path


@dataclass(frozen=True)
class Call:
    """A call that a night made on its home, with the paths it names (relative to the home)."""

    thread: str
    name: str
    paths: tuple[str, ...]
    creates: bool
    has_worked: bool


@dataclass(frozen=True)
class Point:
    """The ``number``-th ``call`` of a thread on ``path`` (below the home), and the faults that it may meet."""

    call: str
    path: str
    number: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.call} {self.number} {self.path}"


def trace_night(office: Office, nights: Nights, scratch: Path, mutant: str = "") -> list[Call]:
    """What an undisturbed night does with its home, in order. AssertionError when the night does not go through."""
    home, log = shutil.copytree(office.before, scratch / "traced"), scratch / "trace"
    options = ["-y", "-o", str(log), "-e", f"trace={','.join(f'?{call}' for call in CALLS)}"]
    ended = nights.run(Order(home, office.catalogue, mutant=mutant), options)
    shutil.rmtree(home)
    assert ended.code == 0, ended.said
    lines = [match for line in log.read_text(errors="replace").splitlines() if (match := _LINE.match(line))]
    found = []
    for thread, call, rest in (match.groups() for match in lines):
        if paths := tuple(dict.fromkeys(read_paths(rest, home))):
            found.append(Call(thread, call, paths, "O_CREAT" in rest, not _FAILED.search(rest)))
    return found


def list_points(calls: list[Call]) -> list[Point]:
    """Every point of a night, in order."""
    counted: Counter[tuple[str, str, str]] = Counter()
    found: dict[Point, None] = {}
    for call in calls:
        for path in call.paths:
            counted[call.thread, call.name, path] += 1
        number = counted[call.thread, call.name, call.paths[0]]
        faults = _MAKES if call.creates else CALLS[call.name]
        found[Point(call.name, call.paths[0], number, faults)] = None
    return list(found)


def read_paths(line: str, home: Path) -> list[str]:
    """What a line of strace says of the home: paths relative to it."""
    found = (codecs.escape_decode(a or b)[0].decode(errors="replace") for a, b in _PATHS.findall(line))
    return [str(Path(path).relative_to(home)) for path in found if Path(path).is_relative_to(home)]
