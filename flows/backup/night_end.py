"""The end of a night: what is old is cleared out, and all that must not be lost is backed up. Neither fails a night."""

from __future__ import annotations

import traceback
from datetime import datetime

from flows.answer.sending import open_outlets, tell_caretakers
from flows.backup.backup import BackupRefused, back_up
from flows.backup.retention import clear_out
from flows.clock import TIME_ZONE
from flows.error_log import note_error
from flows.night import Night
from flows.places.destination import DestinationFailed
from warehouse.ledger.journal import JournalBroken


def clear_out_night(night: Night) -> None:
    """Before the digest, which says what was removed."""
    night.record.notes += clear_out(night.installation, night.at)


def back_up_night(night: Night) -> None:
    """After the digest, which is backed up too. So what goes wrong is told by a message of its own, at once."""
    settings = night.installation.settings
    try:
        problems = back_up(night.installation, settings.backup, datetime.now(TIME_ZONE)).problems
    except (BackupRefused, DestinationFailed, JournalBroken) as error:
        problems = [str(error)]
    except Exception as error:  # noqa: BLE001 - the night is done and published: whatever it was, it is told and noted
        where = note_error(night.home.root, traceback.format_exc(), night.run)
        problems = [f"备份时程序出错（{type(error).__name__}）。{where}"]
    if not problems:
        return
    problems = [f"本次夜间作业已完成，但备份有问题：{problem}" for problem in problems]
    night.record.notes += problems
    tell_caretakers(
        night.installation, open_outlets(night.installation), "backup_problems", problems=problems
    )
