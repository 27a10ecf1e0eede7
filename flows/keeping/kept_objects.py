"""The archive's objects beside what the journal names: those missing, changed, and those that no line names.

A night asks of every object whether it is there, and reads a seventh of them, another each day of the week; what it
builds upon it reads besides (`Night.list_pending`). Doctor reads them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from warehouse.ledger.archive import Archive
from warehouse.ledger.archive_damage import DAMAGE_WORDS, ArchiveDamaged, Difference
from warehouse.ledger.journal import Event, Journal

_PARTS = 7
_NAMED = 3


def list_received(journal: Journal) -> dict[str, int]:
    """Submission -> the seq of its latest receipt, of all that were ever received."""
    return {str(e.submission): e.seq for e in journal.entries() if e.event == Event.RECEIVED}


def is_read_on(day: date, sha256: str) -> bool:
    """Whether a night of that day reads the object, though it does not build upon it."""
    return int(sha256[:8], 16) % _PARTS == day.toordinal() % _PARTS


def list_damaged(
    archive: Archive, received: Collection[str], day: date, known: Collection[str] = ()
) -> list[Difference]:
    """What a night finds missing or changed; ``known``: what the last one found, which is read again.

    ArchiveDamaged when nothing is left, as where a disk is not mounted.
    """
    found = [
        difference
        for difference in archive.verify(received, lambda name: name in known or is_read_on(day, name))
        if difference.problem in DAMAGE_WORDS
    ]
    if said := describe_loss_of_all(archive, received, found):
        raise ArchiveDamaged(f"{said}已停止运行，未作任何改动。")
    return found


def describe_loss_of_all(archive: Archive, received: Collection[str], found: Iterable[Difference]) -> str:
    """One sentence when nothing is left of what was received; none when something is."""
    missing = sum(difference.problem == "missing" for difference in found)
    if not missing or missing < len(set(received)):
        return ""
    return (
        f"档案：登记过的 {missing} 个文件全部缺失（{archive.objects}），可能是磁盘未挂载或文件夹被移走，"
        "请恢复档案后重新运行。"
    )


def describe_damage(difference: Difference) -> str:
    """One sentence for an object that is missing, changed or no file of its own, with the mend."""
    if difference.problem == "link":
        return f"档案：{difference.path} {DAMAGE_WORDS['link']}，请换成文件本身或从备份恢复。"
    return f"档案：文件{DAMAGE_WORDS[difference.problem]}，请从备份恢复 {difference.path}"


def describe_mended(archive: Archive) -> str:
    """One sentence for objects that were damaged here and came back from the shared archive; none when there are none."""
    if archive.store is None or not archive.mended:
        return ""
    return (
        f"档案：本机有 {len(archive.mended)} 个文件内容已被改动（{archive.mended[0]}），"
        f"已由共用档案 {archive.store.where} 补回。请检查本机的存储设备。"
    )


def list_unnamed(archive: Archive, received: Collection[str]) -> list[str]:
    """Objects that no line of the journal names."""
    return [sha256 for sha256 in archive if sha256 not in received]


def describe_unnamed(archive: Archive, unnamed: Iterable[str]) -> str:
    """One sentence for objects that nobody names, with what a person must do; none when there are none."""
    paths = [str(archive.path(sha256)) for sha256 in unnamed]
    if not paths:
        return ""
    others = f"等 {len(paths)} 个文件" if len(paths) > _NAMED else ""
    return (
        f"档案：登记簿中没有 {'、'.join(paths[:_NAMED])}{others}的收取记录，可能是作业中断留下的，也可能是登记簿缺了末尾。"
        "请与备份中的登记簿核对；确属多余的，请移出档案文件夹。"
    )
