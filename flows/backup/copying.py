"""Copies objects to a place of backups and reads them back, a seventh each day; what is damaged there is written again."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from flows.backup.manifest import list_kept_heads, name_journal, name_object
from flows.backup.snapshot import Snapshot
from flows.places.destination import Destination

_DAYS = 7
"""Within so many days everything that was kept is read back."""


@dataclass
class BackupReport:
    """What a backup did. ``said`` and ``problems``: Chinese sentences; ``moment``: its name, as ``restore --at`` takes it."""

    where: str
    moment: str = ""
    object_count: int = 0  # received files that the backup holds
    copied_count: int = 0  # files and papers written this time
    copied_bytes: int = 0
    verified_count: int = 0  # files and papers read back
    said: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Copying:
    """Copies objects to a place, unless they lie there; those whose turn it is are read back."""

    def __init__(self, place: Destination, at: datetime, is_read_whole: bool, report: BackupReport) -> None:
        self.place = place
        self.report = report
        self._turn = None if is_read_whole else at.toordinal() % _DAYS
        self._sizes = place.list_sizes("objects")
        self._done: set[str] = set()
        self._seen: set[str] = set()  # those that this backup needs

    def keep(self, sha256: str, source: IO[bytes], what: str) -> bool:
        """Whether the place holds the object now, as far as was looked. ``source``: at its beginning, in one piece."""
        if sha256 in self._done:
            return True
        self._seen.add(sha256)
        name, size = name_object(sha256), self._sizes.get(f"{sha256[:2]}/{sha256}")
        if size == source.seek(0, io.SEEK_END) and (not self.is_due(sha256) or self.has(sha256)):
            self._done.add(sha256)
            return True
        source.seek(0)
        if hashlib.file_digest(source, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
            return self.explain_bad_source(sha256, f"{what} 内容已被改动")
        source.seek(0)
        self.place.write(name, source)
        self.report.copied_count += 1
        self.report.copied_bytes += source.tell()
        if size is not None:
            self.report.said.append(f"备份中 {what} 的内容已损坏，已由本机重新写入。")
        if not self.has(sha256):
            self.report.problems.append(f"{what} 写入备份后读回的内容不符，请检查备份位置的存储设备。")
            return False
        self._done.add(sha256)
        return True

    def has(self, sha256: str) -> bool:
        """Read the object back; whether it is what its name says."""
        self.report.verified_count += 1
        return self.place.hash(name_object(sha256)) == sha256

    def explain_bad_source(self, sha256: str, what: str) -> bool:
        """Say what is wrong at home, and whether the place can help."""
        self._seen.add(sha256)
        is_kept = self.has(sha256)
        mend = (
            f"备份中的完好，请运行 nianbao restore {self.place.where} 补回。"
            if is_kept
            else "备份中也没有，请取得原文件放入收件箱。"
        )
        self.report.problems.append(f"档案：{what}，{mend}")
        return is_kept

    def is_due(self, sha256: str) -> bool:
        return self._turn is None or int(sha256[:8], 16) % _DAYS == self._turn

    def read_older(self, snapshot: Snapshot) -> None:
        """Read back what only earlier backups need, as far as it is due: papers that are gone here, shorter journals.

        Those journals are beginnings of ours, so that a damaged one can be written again; of a paper only the loss is told.
        """
        older = [name.rpartition("/")[2] for name in self._sizes]
        bad = [s for s in older if s not in self._seen and self.is_due(s) and not self.has(s)]
        if bad:
            self.report.problems.append(
                f"备份中有 {len(bad)} 个只属于较早备份的文件已损坏，本机已没有原件，无法补写；最近的备份不受影响。"
            )
        lines = snapshot.raw.splitlines(keepends=True)
        for head in list_kept_heads(self.place):
            whole = b"".join(lines[: head.count])
            sha256 = hashlib.sha256(whole).hexdigest()
            if snapshot.contains(head) and self.is_due(sha256):
                self.keep_journal(name_journal(head), whole)

    def keep_journal(self, name: str, whole: bytes) -> None:
        """Write a journal unless it lies there, and read it back in any case."""
        sha256 = hashlib.sha256(whole).hexdigest()
        found = self.place.hash(name)
        if found == sha256:
            return
        is_whole = self.place.write_checked(name, whole, sha256)
        if found is not None:
            self.report.said.append("备份中的登记簿已损坏，已由本机重新写入。")
        if not is_whole:
            self.report.problems.append("登记簿写入备份后读回的内容不符，请检查备份位置的存储设备。")
