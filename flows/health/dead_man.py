"""The dead man's switch: run by something outside the nights, it tells people that no good night has been for too long.

It needs neither catalogue nor Prefect, and tells also when the home cannot be read or written: silence must not look
like health. A silence is told once and again every day, its end once.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from flows.clock import TIME_ZONE
from flows.dispatch.channels import list_addresses, send_to_all
from flows.health.silence_causes import list_causes
from flows.keeping.marks import read_good_night
from flows.settings import Home
from warehouse.ledger.durability import write_durably
from warehouse.ledger.journal import JournalBroken
from warehouse.words.day_words import moment_words
from warehouse.words.templates import render_text

ALIVE, DEAD, UNHEARD = 0, 1, 2
STATE = "dead_man.json"
AGAIN_AFTER = timedelta(hours=24)
_CLOCK_MAY_DIFFER = timedelta(hours=1)
_WANTED_ADDRESSES = 2


@dataclass(frozen=True)
class Watch:
    """What came of looking: exit code ALIVE, DEAD or UNHEARD (dead, and nobody could be told); sentences for the log."""

    code: int
    said: list[str]


class _Told(BaseModel):
    """When a silence was last told."""

    at: AwareDatetime


def watch(home: Home, urls: str, hours: float, now: datetime | None = None) -> Watch:
    """Look for a good night in the last ``hours``, and tell ``urls`` (Apprise addresses) when there was none."""
    now = now or datetime.now(TIME_ZONE)
    last = _find_last(home)
    told = _read_told(home, now)
    if last is not None and -_CLOCK_MAY_DIFFER <= now - last <= timedelta(hours=hours):
        return _note_life(home, urls, last, is_told=told is not None)
    causes = list_causes(home, last)
    if last is not None and last > now:
        causes.insert(0, f"最近一次作业的时间（{moment_words(last)}）晚于现在，请核对服务器的时钟。")
    text = _write(home, is_alive=False, hours=hours, last=last, causes=causes)
    if told is not None and now - told.at < AGAIN_AFTER:
        return Watch(DEAD, [text, f"已于 {moment_words(told.at)} 通知，满 24 小时再次通知。"])
    is_heard, failed = _tell(urls, text)
    if is_heard:
        _keep_told(home, _Told(at=now))
    return Watch(DEAD if is_heard else UNHEARD, [text, *failed])


def _note_life(home: Home, urls: str, last: datetime, *, is_told: bool) -> Watch:
    """Nights are good: tell that when their silence was told before."""
    said = [f"夜间作业正常，最近一次于 {moment_words(last)} 完成。"]
    if len(list_addresses(urls)) < _WANTED_ADDRESSES:
        said.append("停摆时的通知地址少于两个，请在 NIANBAO_DEADMAN 中填写至少两个不同渠道的地址。")
    if is_told:
        is_heard, failed = _tell(urls, _write(home, is_alive=True, hours=0, last=last, causes=[]))
        said += failed
        if is_heard:
            for file in _list_state_files(home):
                with suppress(OSError):
                    file.unlink(missing_ok=True)
    return Watch(ALIVE, said)


def _find_last(home: Home) -> datetime | None:
    """When the last good night ended; of installations whose nights left no mark yet, what the journal says."""
    with suppress(OSError):
        if (mark := read_good_night(home.root)) is not None:
            return mark.at
    with suppress(OSError, JournalBroken):
        if (run := home.read_journal().last_run()) is not None:
            return run.at
    return None


def _write(home: Home, *, is_alive: bool, hours: float, last: datetime | None, causes: list[str]) -> str:
    return render_text(
        "flows.health",
        "dead_man",
        is_alive=is_alive,
        host=platform.node(),
        home=str(home.root),
        hours=f"{hours:g}",
        last=moment_words(last.astimezone(TIME_ZONE)) if last else "",
        causes=causes,
    ).strip()


def _tell(urls: str, text: str) -> tuple[bool, list[str]]:
    """Whether somebody was told, and a sentence for each address that was not."""
    addresses = list_addresses(urls)
    if not addresses:
        return False, ["没有填写通知地址（NIANBAO_DEADMAN 或 NIANBAO_ALERTS），无人得知。"]
    title = text.partition("\n")[0]
    failed: list[str] = []
    for address in addresses:
        try:
            failed += send_to_all(address, title, text)[:1]
        except Exception as error:  # noqa: BLE001 - one channel that breaks must not silence the others
            failed.append(f"通知未能发出（{type(error).__name__}）。")
    return len(failed) < len(addresses), failed


def _list_state_files(home: Home) -> Iterator[Path]:
    """Where the state is kept: in the home, and where that takes nothing, among the system's temporary files."""
    yield home.root / STATE
    with suppress(OSError):  # there may be no folder for temporary files either
        place = hashlib.sha256(os.fsencode(home.root)).hexdigest()[:16]
        yield Path(tempfile.gettempdir()) / f"nianbao-{os.getuid()}-{place}-{STATE}"


def _read_told(home: Home, now: datetime) -> _Told | None:
    """The latest telling that is noted anywhere, by this user, and does not lie in the future."""
    found = []
    for file in _list_state_files(home):
        with suppress(OSError, ValidationError):
            if file.parent == home.root or file.lstat().st_uid == os.getuid():
                found.append(_Told.model_validate_json(file.read_bytes()))
    return max((told for told in found if told.at <= now), key=lambda told: told.at, default=None)


def _keep_told(home: Home, told: _Told) -> None:
    """Note the telling in the first place that takes it; where none does it is told again, which is better than never."""
    for file in _list_state_files(home):
        with suppress(OSError):
            write_durably(file, told.model_dump_json().encode())
            return
