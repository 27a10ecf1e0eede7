"""Brings a backup back into a home that is empty, or that has lost something; never over anything that goes further.

Everything is fetched into an unfinished folder of the home, verified and made durable there, then moved into its place, the
journal last: a restore that broke off is begun again. What the home has and the backup contradicts is put aside into
``restored_<moment>/`` and told; nothing is deleted. Catalogue and settings of then lie there too: which ones are in force
is decided elsewhere.

An older backup may lack entries that were shown to people already, in receipts, digests and the warehouse, and the night
would rightly stop at such a journal. That they are lost is acknowledged by the person who restores, not by the program: the
command names the lost entries and asks. Then papers and warehouse that show them are put aside, and the journal goes on
with an entry ``restored`` that lists the lost heads (count and hash), by which the next backup knows them too. What was
received in between has to come in again, and is answered again.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flows.backup.contents import RESTORED
from flows.backup.journal_copy import append_missing
from flows.backup.manifest import KeptFile, name_object
from flows.backup.restore_plan import Plan, RestoreRefused
from flows.home_check import hold_for_writing, require_fit
from warehouse.ledger.durability import PAPER_MODE, UNFINISHED_PREFIX, sync_file, sync_folder, write_durably
from warehouse.ledger.journal import Event, Journal
from warehouse.ledger.journal_file import JOURNAL_MODE
from warehouse.ledger.journal_head import HEAD_SUFFIX
from warehouse.ledger.journal_lines import JournalLines
from warehouse.store.publish import OWNER_ONLY
from warehouse.store.soundness import checksum

OnDone = Callable[[str, object], None]
_NAMED = 3


@dataclass
class RestoreReport:
    """What a restore did. ``said`` and ``problems``: Chinese sentences."""

    moment: str
    home: Path
    object_count: int = 0  # received files brought back
    paper_count: int = 0
    aside: str = ""  # the folder below the home with what was put aside; "" where there is nothing
    said: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def restore(plan: Plan, at: datetime, actor: str, on_done: OnDone | None = None) -> RestoreReport:
    """Carry a plan out. AlreadyRunning, HomeUnfit, DestinationFailed; then what came back already stays."""
    home = plan.home
    report = RestoreReport(plan.moment, home.root)
    require_fit(home)
    with hold_for_writing(home) as lines:
        stage = Path(tempfile.mkdtemp(prefix=f"{UNFINISHED_PREFIX}restore-", dir=home.root))
        aside = _Aside(home.root, home.root / f"{RESTORED}{at:%Y%m%d_%H%M%S}")
        try:
            _bring_objects(plan, stage, aside, report, on_done)
            if plan.files is not None:
                fetched = _fetch_papers(plan, plan.files, stage, aside.folder, report)
                for witness in plan.witnesses:
                    aside.put(witness)
                for paper, target in fetched:
                    aside.put(target)
                    _move(paper, target)
                report.paper_count = len(fetched)
                _bring_journal(plan, lines, aside, at, actor)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    report.aside = aside.folder.name if aside.folder.exists() else ""
    _say(plan, report)
    return report


@dataclass(frozen=True)
class _Aside:
    """Where files of the home go that a restore replaces, at the same paths below ``folder``."""

    root: Path
    folder: Path

    def put(self, file: Path) -> None:
        """Put a file aside, if there is one."""
        if file.exists() and not file.is_relative_to(self.folder):
            _move(file, self.folder / file.relative_to(self.root))


def _bring_objects(
    plan: Plan, stage: Path, aside: _Aside, report: RestoreReport, on_done: OnDone | None
) -> None:
    """Received bytes: each is verified, then put into the archive as if it had come today."""
    archive = plan.home.find_archive()
    lacking: list[str] = []
    for sha256 in plan.needed:
        fetched = stage / sha256
        if _fetch(plan, sha256, fetched):
            aside.put(archive.objects / sha256[:2] / sha256)
            archive.put(fetched)
            fetched.unlink()
            report.object_count += 1
        else:
            lacking.append(str(plan.snapshot.received[sha256].payload.get("file_name", sha256)))
        if on_done is not None:
            on_done(sha256, fetched)
    if lacking:
        named = "、".join(f"“{name}”" for name in lacking[:_NAMED])
        others = f"等 {len(lacking)} 个文件" if len(lacking) > _NAMED else ""
        report.problems.append(
            f"备份中的 {named}{others}缺失或已损坏，没有恢复；请取得原文件放入收件箱，下次夜间作业即可补回。"
        )


def _fetch_papers(
    plan: Plan, files: list[KeptFile], stage: Path, aside: Path, report: RestoreReport
) -> list[tuple[Path, Path]]:
    """The papers that the home lacks, verified in the unfinished folder, each with the place it belongs to."""
    fetched: list[tuple[Path, Path]] = []
    for number, file in enumerate(files):
        top, _, rest = file.path.partition("/")
        is_of_home = top == "home" and rest not in {file.name for file in plan.home.warehouses}
        target = plan.home.root / rest if is_of_home else aside / file.path.removeprefix("home/")
        if target.is_file() and (_is_newer_state(target, plan) or checksum(target) == file.sha256):
            continue
        paper = stage / str(number)
        if _fetch(plan, file.sha256, paper):
            if target.name == plan.home.restricted.name:
                paper.chmod(OWNER_ONLY)
            fetched.append((paper, target))
        else:
            report.problems.append(f"备份中的 {file.path.removeprefix('home/')} 缺失或已损坏，没有恢复。")
    return fetched


def _is_newer_state(file: Path, plan: Plan) -> bool:
    """Whether a file says what was told or fetched lately: where nothing is lost, that of the home is the truer one."""
    return file.suffix == ".json" and not plan.lost


def _fetch(plan: Plan, sha256: str, to: Path) -> bool:
    """Fetch an object durably; whether its bytes are those of its name."""
    with to.open("wb") as out:
        found = plan.place.fetch(name_object(sha256), out)
    if found != sha256:
        to.unlink()
        return False
    to.chmod(PAPER_MODE)
    sync_file(to)
    return True


def _bring_journal(plan: Plan, lines: JournalLines, aside: _Aside, at: datetime, actor: str) -> None:
    """The journal, and in it that it was brought back, and what is known to be lost."""
    home = plan.home
    if home.journal_address:
        if append_missing(lines, io.BytesIO(plan.snapshot.raw).readlines()) is None:
            raise RestoreRefused("登记簿在此期间有新的记录，登记簿没有恢复。请重新运行。")
        lines.keep_head(plan.snapshot.head)
    elif not home.journal.is_file() or home.journal.read_bytes() != plan.snapshot.raw:
        aside.put(home.journal)
        aside.put(home.journal.with_name(home.journal.name + HEAD_SUFFIX))
        write_durably(home.journal, plan.snapshot.raw, JOURNAL_MODE)
    Journal(lines).append(
        Event.RESTORED,
        actor,
        at,
        None,
        backup=plan.moment,
        count=plan.snapshot.head.count,
        lost=[[head.count, head.hash] for head in plan.lost],
    )


def _move(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)
    sync_folder(target.parent)


def _say(plan: Plan, report: RestoreReport) -> None:
    head = plan.snapshot.head
    if plan.files is None:
        report.said.append(
            f"本机的登记簿比备份 {plan.moment} 更新，未改动；由备份补回收到的文件 {report.object_count} 个。"
        )
    else:
        report.said.append(
            f"已由备份 {plan.moment} 恢复到 {plan.home.root}：登记簿 {head.count} 条，"
            f"补回收到的文件 {report.object_count} 个、其他文件 {report.paper_count} 个。"
        )
    if plan.lost:
        report.said.append(describe_loss(plan))
    if report.aside:
        report.said.append(
            f"备份时的目录册、设置和被替换下来的文件放在数据目录下的 {report.aside}，请核对后自行处理。"
        )
    report.said.append("请运行 nianbao rebuild，由档案和登记簿重新建立数据仓库。")


def describe_loss(plan: Plan) -> str:
    """Which entries are lost, and what has to come in again."""
    first, last = plan.snapshot.head.count + 1, plan.lost[-1].count
    which = f"第 {first} 至 {last} 条" if last > first else f"第 {last} 条"
    return f"备份 {plan.moment} 之后登记的内容（{which}）不在其中：此后收到的文件须重新报送，此后作出的决定须重新办理。"
