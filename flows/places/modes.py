"""Whom what is written belongs to: the owner writes it, the group reads it, nobody else sees it, whatever the umask was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY_ELSE = 0o027
"""The umask of everything that nianbao writes: files 0640, folders 0750."""


def keep_out_others() -> int:
    """From now on this process and its children write for owner and group alone, or less; the umask before it."""
    before = os.umask(NOBODY_ELSE)
    os.umask(before | NOBODY_ELSE)
    return before


@contextmanager
def keeping_out_others() -> Iterator[None]:
    """The same within the block. The umask is the process's: threads share it."""
    before = keep_out_others()
    try:
        yield
    finally:
        os.umask(before)
