"""The note beside attachments in the inbox: which mail they came with. It goes into the journal with each of them.

The note lies as ``.mail.json`` in a folder of the mail's own, and both go when the last attachment is received.
"""

from __future__ import annotations

import json
from pathlib import Path

MailNote = dict[str, str]
"""``from``: the sender's address; ``message_id``; ``subject``; ``date``: ISO, empty where the mail says none."""

FOLDER_PREFIX = "邮件_"
"""What the name of a mail's folder begins with: in no other is a note believed, or a folder removed."""
_KEYS = ("from", "message_id", "subject", "date")
_NAME = ".mail.json"
_MAX_BYTES = 64 << 10


def write_note(folder: Path, note: MailNote) -> None:
    """Put the note into a folder of attachments."""
    (folder / _NAME).write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")


def read_note(folder: Path) -> MailNote | None:
    """The note of a folder of attachments; none where there is no such note, or something else under its name."""
    path = folder / _NAME
    if not folder.name.startswith(FOLDER_PREFIX):
        return None
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            return None
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in _KEYS):
        return None
    return {key: found[key] for key in _KEYS}


def remove_when_empty(folder: Path) -> None:
    """Remove a mail's folder in which nothing but its note is left; OSError."""
    if [path.name for path in folder.iterdir()] == [_NAME]:
        (folder / _NAME).unlink()
        folder.rmdir()
