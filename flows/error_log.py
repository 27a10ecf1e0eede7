"""The installation's log of what went wrong, for whoever mends the program: appended to, never overwritten."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flows.clock import TIME_ZONE
from flows.dispatch.secrets import hide_secrets
from flows.system_words import explain_error
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.durability import PAPER_MODE
from warehouse.words.personal_numbers import mask_numbers

ERROR_LOG = "nianbao-error.log"
"""Its name below the home."""
_APPENDED = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def note_error(home: Path, details: str, about: str = "") -> str:
    """Append what went wrong; where it can be read, as a sentence."""
    log = home / ERROR_LOG
    moment = datetime.now(TIME_ZONE).isoformat(timespec="seconds")
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(
            os.open(log, _APPENDED, PAPER_MODE), "a", encoding="utf-8", errors="backslashreplace"
        ) as out:
            out.write(f"{moment} {about}".rstrip() + f"\n{_hide(details.rstrip())}\n\n")
    except OSError as error:
        return f"（日志 {log} 无法写入：{explain_error(error)}）"
    return f"详情见 {log}"


def run_dispensable(step: Callable[[], None], said: str, home: Path, run: str) -> list[str]:
    """Run a step that a night can do without. Where it fails: one sentence, ``said`` and why; else nothing.

    What only a programmer understands goes into the log.
    """
    try:
        step()
    except CatalogueError as error:
        return [f"{said}：{error}。"]
    except OSError as error:
        return [f"{said}：{explain_error(error)}{note_error(home, traceback.format_exc(), run)}"]
    except Exception:  # noqa: BLE001 - the units have their answers and the numbers are published: nothing here may end the night
        return [f"{said}：程序出错。{note_error(home, traceback.format_exc(), run)}"]
    return []


def _hide(details: str) -> str:
    """What may stand in the log: no secret of the installation, no number of a person."""
    return mask_numbers(hide_secrets(details, os.environ))
