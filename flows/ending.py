"""How a command ends when it is told to: within seconds, saying what it left, whatever a library is busy with.

Python looks at signals between two steps of its own, so that a long computation in a library would hold up Ctrl-C. A
thread hears of the signal at once; when the command has not ended by itself after a few seconds, it is ended.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from flows.settings import Home

PATIENCE_SECONDS = 3.5
EXIT_CODE = 2
_ENDING = {signal.SIGINT, signal.SIGTERM}
INTERRUPTED = 130
"""What the library of the command line returns when it was interrupted."""


class Terminated(KeyboardInterrupt):
    """The system asked the command to end (SIGTERM)."""


class _Asked:
    """Whether this process was told to end, and by whom: signals are the process's, and so is this."""

    by: int | None = None


def is_ending() -> bool:
    """Whether this process was told to end: libraries turn the interruption of their work into errors of their own."""
    return _Asked.by is not None


def is_ended_by_the_system() -> bool:
    """Whether it was the system that asked (SIGTERM), and not somebody at the keyboard."""
    return _Asked.by == signal.SIGTERM


@contextmanager
def ending_promptly(last_words: Callable[[], str]) -> Iterator[None]:
    """Within, Ctrl-C raises KeyboardInterrupt and SIGTERM raises Terminated; what does not heed them is ended all the same.

    ``last_words`` gives what is then written to standard error. Only in the main thread; elsewhere it does nothing.
    """
    _Asked.by = None
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard, told = socket.socketpair()
    told.setblocking(False)
    is_over = threading.Event()
    former = {number: signal.signal(number, _end_command) for number in _ENDING}
    former_wakeup = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(heard, is_over, last_words), daemon=True).start()
    try:
        yield
    finally:
        is_over.set()
        signal.set_wakeup_fd(former_wakeup)
        for number, handler in former.items():
            signal.signal(number, handler)
        told.close()  # and with it the thread ends


def _end_command(number: int, _frame: FrameType | None) -> NoReturn:
    _Asked.by = number
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _watch(heard: socket.socket, is_over: threading.Event, last_words: Callable[[], str]) -> None:
    with heard:
        while numbers := heard.recv(64):
            if asked := _ENDING & set(numbers):
                _Asked.by = _Asked.by or min(asked)
                break
        else:
            return
        if is_over.wait(PATIENCE_SECONDS):
            return
        sys.stderr.write(last_words() + "\n")
        leave()


def leave() -> NoReturn:
    """End at once, after the last words: libraries that wait for their threads and servers at exit are not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)


def describe_remains(home: Home) -> str:
    """What a command that broke off has left for the next night; nothing where that cannot be told."""
    from flows.receiving.inbox import list_files
    from warehouse.ledger.journal import Event, JournalBroken

    said = []
    try:
        waiting = sum(1 for _ in list_files(home.inbox, lambda _: None))
        undecided = 0
        if not home.journal_address:  # a database that hangs may be why the command is told to end
            journal = home.read_journal()
            received = [e.seq for e in journal.entries() if e.event == Event.RECEIVED]
            undecided = len(set(received) - set(journal.decisions()))
    except (OSError, JournalBroken):
        return ""
    if waiting:
        said.append(f"收件箱中还有 {waiting} 个文件未收取")
    if undecided:
        said.append(f"已收取的文件中有 {undecided} 份尚未审核")
    return f"{'，'.join(said)}，下次夜间作业会接着处理。" if said else ""


def list_own_errors() -> tuple[type[Exception], ...]:
    """The project's own errors, each of which says in one Chinese sentence what is wrong and what to do."""
    from flows.home_check import HomeUnfit
    from flows.places.destination import DestinationFailed
    from flows.running.embedded_server import ServerFailed
    from flows.settings import SettingRefused
    from warehouse.catalogue.amended import AmendmentRefused
    from warehouse.catalogue.yaml_source import CatalogueError
    from warehouse.lake.place import LakeFailed
    from warehouse.ledger.archive_damage import ArchiveDamaged
    from warehouse.ledger.journal import JournalBroken
    from warehouse.ledger.review_entries import ReviewRefused
    from warehouse.store.built_upon import PreviousUnreadable
    from warehouse.store.connection import WarehouseOccupied
    from warehouse.store.integrity import IntegrityError
    from warehouse.store.publish import AlreadyRunning, NotPublishable
    from warehouse.store.query import QueryError, WarehouseMissing

    return (
        ArchiveDamaged, CatalogueError, HomeUnfit, ServerFailed, JournalBroken, AlreadyRunning, NotPublishable,
        IntegrityError, PreviousUnreadable, QueryError, WarehouseMissing, WarehouseOccupied, ReviewRefused,
        AmendmentRefused, SettingRefused, DestinationFailed, LakeFailed,
    )  # fmt: skip
