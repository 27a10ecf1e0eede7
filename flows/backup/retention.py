"""What is cleared out in time, so that folders stay readable and the disk does not fill up; never archive or journal.

Digests go after two years and replaced correction workbooks (``以前的更正表``) after one, for good. Receipts and correction
workbooks of past years are packed after three years, one zip for a unit and report year below ``HOME/earlier/``: they were
given to somebody. The log of errors is turned over at 5 MB, five files deep. How long is a setting (NIANBAO_KEEP_…_DAYS),
counted from the date in a file's name; files that are named otherwise are not ours and stay.

Digests and receipts show heads of the journal and so bear witness against a cut one. The newest suffice, since each head
vouches for all before it: the newest digest stays however old it is.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from flows.answer.corrections import EARLIER
from flows.error_log import ERROR_LOG
from flows.settings import Home, Installation
from flows.system_words import explain_error
from warehouse.ledger.durability import PAPER_MODE, UNFINISHED_PREFIX, sync_file, sync_folder

_LOG_BYTES = 5 << 20
_LOGS = 5
_NAMED = re.compile(r"(回执|更正表|日报)_(?:(\d{4}|年度不明)_)?(\d{8})_")


def clear_out(installation: Installation, at: datetime) -> list[str]:
    """Clear out what is due; a Chinese sentence for each thing done, or that could not be done."""
    home, settings = installation.home, installation.settings
    today = at.date()
    said: list[str] = []
    for step in (
        lambda: _remove_digests(home, today - timedelta(days=settings.keep_digest_days)),
        lambda: _remove_replaced(home, today - timedelta(days=settings.keep_replaced_days)),
        lambda: _pack_answers(
            home, today - timedelta(days=settings.keep_answer_days), installation.catalogue.settings.last_year
        ),
        lambda: _turn_over_log(home.root / ERROR_LOG),
    ):
        try:
            said += step()
        except OSError as error:
            said.append(f"清理旧文件未完成，下次再试。{error.filename}：{explain_error(error)}")
    return said


def _remove_digests(home: Home, before: date) -> Iterator[str]:
    digests = sorted(_list_dated(home.site / "digests", "日报"))
    old = [file for written, _, file in digests[:-1] if written < before]
    if _remove(old):
        yield f"已清理{before:%Y年%m月%d日}之前的日报 {len(old)} 份。"


def _remove_replaced(home: Home, before: date) -> Iterator[str]:
    folders = home.outbox.glob(f"*/{EARLIER}")
    old = [
        file for folder in folders for written, _, file in _list_dated(folder, "更正表") if written < before
    ]
    if _remove(old):
        yield f"已清理{before:%Y年%m月%d日}之前、已由新表代替的更正表 {len(old)} 份。"


def _pack_answers(home: Home, before: date, current: int) -> Iterator[str]:
    """Of years other than the current one; those whose year is not known go by the year they were written in."""
    packs: dict[Path, list[Path]] = defaultdict(list)
    for folder in sorted(home.outbox.glob("*/")):
        for written, year, file in _list_dated(folder, "回执", "更正表"):
            if written < before and year != str(current):
                name = year if year.isdigit() else f"{written.year}"
                packs[home.root / "earlier" / folder.name / f"{name}.zip"].append(file)
    for pack, files in packs.items():
        _pack(files, pack)
    if packs:
        count = sum(map(len, packs.values()))
        yield (
            f"{before:%Y年%m月%d日}之前的以往年度回执和更正表 {count} 个文件已打包，"
            f"放在数据目录下的 earlier，按单位和年度各一个压缩包。"
        )


def _list_dated(folder: Path, *kinds: str) -> Iterator[tuple[date, str, Path]]:
    """The files in ``folder`` that the program named: written on, report year ("" where the name has none), path."""
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        if (named := _NAMED.match(file.name)) and named[1] in kinds and file.is_file():
            try:
                written = date.fromisoformat(named[3])
            except ValueError:
                continue
            yield written, named[2] or "", file


def _pack(files: Iterable[Path], pack: Path) -> None:
    """Put files into a zip, beside what it holds already; they are removed when it is durable."""
    files = list(files)
    pack.parent.mkdir(parents=True, exist_ok=True)
    unfinished = pack.with_name(f"{UNFINISHED_PREFIX}{pack.name}")
    names = {file.name for file in files}
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as new:
        if pack.exists():
            with zipfile.ZipFile(pack) as old:
                for member in old.infolist():
                    if member.filename not in names:
                        new.writestr(member, old.read(member))
        for file in files:
            new.write(file, file.name)
    unfinished.chmod(PAPER_MODE)
    sync_file(unfinished)
    unfinished.replace(pack)
    sync_folder(pack.parent)
    _remove(files)


def _remove(files: Iterable[Path]) -> int:
    """Remove files; how many there were."""
    count = 0
    for file in files:
        file.unlink(missing_ok=True)
        count += 1
    return count


def _turn_over_log(log: Path) -> list[str]:
    """nianbao-error.log -> .1 -> … -> .5 when it has grown large; the oldest goes. That needs no sentence."""
    if log.is_file() and log.stat().st_size > _LOG_BYTES:
        for number in range(_LOGS - 1, 0, -1):
            older = log.with_name(f"{log.name}.{number}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number + 1}"))
        log.replace(log.with_name(f"{log.name}.1"))
    return []
