"""The child's side of the reading wall: `python -P -m flows.wall.child '<json>'`.

One process, started by flows.wall.wall, that bounds itself (address space, CPU time, no core dump),
imports the reading function once and then reads one file after another. Whatever a file does to it, it does
to nobody else. Imports nothing but the standard library before its bounds are in place.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import pickle
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

LENGTH_BYTES = 8
_MIB = 1 << 20


class Start(NamedTuple):
    """What a child is told when it starts (sizes in MiB, times in seconds)."""

    socket: int
    read: str
    look: str
    memory: int
    cpu: int
    wall: float
    result: int


class Reply(NamedTuple):
    """What a child answers: once when it is ready, then once per file.

    `ready`; `done`: content is what the function returned; `memory`, `crash`: it did not return, content is
    the traceback; `unready`: the reading function could not be imported, content is the traceback. After an
    answer that `is_last` the child ends.
    """

    kind: Literal["ready", "unready", "done", "memory", "crash"]
    content: object
    is_last: bool


def main(start: Start) -> None:
    """Answer jobs until the parent closes the socket."""
    _bound_process(start)
    with socket.socket(fileno=start.socket) as wire:
        try:
            functions = {"read": import_function(start.read), "look": import_function(start.look)}
        except BaseException:  # noqa: BLE001 - whatever it was, the parent tells it
            _send(wire, Reply("unready", traceback.format_exc(), is_last=True), start)
            return
        size_at_start = _measure_address_space()
        _send(wire, Reply("ready", None, is_last=False), start)
        while (job := _receive(wire)) is not None:
            what, path, args = job
            _allow_one_more_file(start)
            reply = _send_answer(functions[what], path, args)
            # Memory that one file used is not all given back. A child that has grown leaves, so that what a
            # file may use does not depend on the files read before it.
            growth = _measure_address_space() - size_at_start
            if growth > (start.memory * _MIB - size_at_start) // 4:
                reply = reply._replace(is_last=True)
            if not _send(wire, reply, start) or reply.is_last:
                return
            del job, args, reply  # or they would take up room while the next file is read


def import_function(function: str) -> Callable[[str, tuple[Any, ...]], object]:
    """The function that `module:function` names."""
    module, _, name = function.partition(":")
    found: Callable[[str, tuple[Any, ...]], object] = getattr(importlib.import_module(module), name)
    return found


def _send_answer(
    function: Callable[[str, tuple[Any, ...]], object], path: str, args: tuple[Any, ...]
) -> Reply:
    try:
        return Reply("done", function(path, args), is_last=False)
    except MemoryError:
        return Reply("memory", traceback.format_exc(limit=-3), is_last=True)
    except Exception:  # noqa: BLE001 - a mistake in reading one file must not stop the others
        return Reply("crash", traceback.format_exc(), is_last=False)
    except BaseException:  # noqa: BLE001 - a panic in Rust is no Exception; what it leaves is unknown
        return Reply("crash", traceback.format_exc(), is_last=True)


def _bound_process(start: Start) -> None:
    _set_limit(resource.RLIMIT_AS, start.memory * _MIB)
    # 1, not 0: both forbid a core file, but only 1 also keeps the kernel from piping the core into a crash
    # handler.
    _set_limit(resource.RLIMIT_CORE, 1)
    # A child writes nothing but complaints to its standard error; let nobody fill the disk with them.
    _set_limit(resource.RLIMIT_FSIZE, 16 * _MIB)


def _set_limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _allow_one_more_file(start: Start) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + start.cpu
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )
    # The parent's time-out comes first; this one ends a child whose parent is gone.
    signal.setitimer(signal.ITIMER_REAL, start.wall * 1.5 + 1)


def _measure_address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _send(wire: socket.socket, reply: Reply, start: Start) -> bool:
    """Send an answer; False when the parent is gone. An answer too large to send becomes one that says so."""
    try:
        data = pickle.dumps(tuple(reply), protocol=pickle.HIGHEST_PROTOCOL)
        if len(data) > start.result * _MIB:
            raise MemoryError(f"the result takes {len(data) // _MIB} MiB")
    except MemoryError:
        reply = Reply("memory", traceback.format_exc(limit=-1), is_last=True)
        data = pickle.dumps(tuple(reply))
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError):  # not picklable
        data = pickle.dumps(tuple(Reply("crash", traceback.format_exc(), reply.is_last)))
    try:
        wire.sendall(len(data).to_bytes(LENGTH_BYTES, "big"))
        wire.sendall(data)
    except OSError:
        return False
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


def _receive(wire: socket.socket) -> tuple[str, str, tuple[Any, ...]] | None:
    length = _receive_exactly(wire, LENGTH_BYTES)
    data = _receive_exactly(wire, int.from_bytes(length, "big")) if length else None
    return pickle.loads(data) if data else None  # noqa: S301 - from the parent


def _receive_exactly(wire: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        try:
            chunk = wire.recv(min(count - len(data), _MIB))
        except OSError:
            return None
        if not chunk:
            return None
        data += chunk
    return bytes(data)


if __name__ == "__main__":
    main(Start(**json.loads(sys.argv[1])))
    # No tidying up: threads of Rust libraries may hang at exit, and nothing here needs to be saved.
    os._exit(0)
