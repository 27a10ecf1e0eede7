"""Whether an installation is well: what the night asks before it begins and while it goes on, asked by the same functions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from expectations.rulebook.rulebook import load_rules
from flows.fetching.fetch import count_waiting
from flows.fetching.sources import read_sources
from flows.health.health import Health
from flows.health.sampled_rebuild import find_differences
from flows.health.shared_places import examine_lake, examine_shared_places, open_archive
from flows.home_check import find_home_problems, verify_shown_heads
from flows.keeping.kept_objects import (
    describe_damage,
    describe_loss_of_all,
    describe_mended,
    describe_unnamed,
    list_received,
    list_unnamed,
)
from flows.night import list_versions
from flows.receiving.inbox import list_files
from flows.settings import Installation
from transforms.samples.sample_entries import read_declared_spec
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.journal import Journal, JournalBroken
from warehouse.store.built_upon import is_of_this_version
from warehouse.store.query import read_known_submissions, read_last_versions
from warehouse.store.soundness import STATE_WORDS, examine


def examine_home(installation: Installation) -> Health:
    """Everything a night needs: catalogue, folders, disk, inbox, journal, archive, warehouse. CatalogueError."""
    health = Health()
    try:
        catalogue, rules = installation.catalogue, installation.rulebook
    except JournalBroken:  # told below; the files alone must do
        catalogue = installation.declared_catalogue
        rules = load_rules(None, catalogue)
    health.facts.append(
        f"目录册：{len(catalogue.forms)} 张报表，{len(catalogue.indicators)} 个指标，"
        f"{len(rules.rules)} 条审核关系（其中本市 {len(rules.city_rules)} 条）"
    )
    health.problems += [rules.warning] if rules.warning else []
    try:
        _ = catalogue.bulletin
    except CatalogueError as error:
        health.problems.append(f"公报、年鉴和网页不能更新：{error}")
    try:
        read_declared_spec(catalogue)
    except CatalogueError as error:
        health.problems.append(f"样例不能生成：{error}")
    health.problems += find_home_problems(installation.home)
    if installation.home.inbox.is_dir():
        waiting = sum(1 for _ in list_files(installation.home.inbox, health.hints.append))
        health.facts.append(f"收件箱：{waiting} 个文件待收取")
    examine_sources(installation, health)
    examine_shared_places(installation, health)
    journal = examine_journal(installation, health)
    if journal is not None:
        received = list_received(journal)
        is_archive_whole = examine_archive(installation, received, health)
        _examine_warehouse(installation, journal, received, health, is_archive_whole)
    examine_lake(installation, health)
    return health


def examine_sources(installation: Installation, health: Health) -> None:
    """Whether each source of NIANBAO_INBOX can be reached, and how much waits there; nothing is fetched."""
    sources, refused = read_sources(installation.settings)
    health.problems += refused
    for source in sources:
        said, is_reached = count_waiting(source, installation.home)
        (health.facts if is_reached else health.problems).append(f"收取来源 {source.label}：{said}")


def examine_journal(installation: Installation, health: Health) -> Journal | None:
    """The journal, compared with every head ever shown; none when it is broken."""
    try:
        lines = installation.home.find_journal()
        journal = Journal(lines, read_only=True)
        verify_shown_heads(journal, installation.home)
        health.problems += lines.find_problems()
    except JournalBroken as error:
        health.problems.append(str(error))
        return None
    except OSError:
        return None  # no file: that is told already
    where = f"（{lines.where}）" if lines.is_shared else ""
    health.facts.append(f"登记簿{where}：{journal.head.count} 条，校验值 {journal.head.hash[:16]}")
    if not journal.has_kept_head:
        health.problems.append(
            f"登记簿旁的校验记录 {installation.home.journal.name}.head 缺失或无法辨认，下次夜间作业会自动重新写出。"
        )
    if journal.torn is not None:
        health.problems.append("登记簿末行不完整，下次夜间作业会自动处理。")
    return journal


def examine_archive(installation: Installation, received: dict[str, int], health: Health) -> bool:
    """Hash every object; whether all that were received are there, unchanged."""
    archive = open_archive(installation, received, health)
    is_whole = True
    differences = archive.verify(received)
    if said := describe_loss_of_all(archive, received, differences):
        health.problems.append(said)
        return False
    for found in differences:
        match found.problem:
            case "unfinished":
                health.hints.append(f"档案：{found.path} 是中断的作业留下的，下次夜间作业会清除。")
            case "stray":
                health.problems.append(
                    f"档案：{found.path} 不是收到的文件，请移走；档案文件夹中不得存放其他文件。"
                )
            case _:
                is_whole = False
                health.problems.append(describe_damage(found))
    if mended := describe_mended(archive):
        health.problems.append(mended)
    if unnamed := describe_unnamed(archive, list_unnamed(archive, received)):
        health.problems.append(unnamed)
    health.facts.append(f"档案：{len(received)} 份报送")
    return is_whole


def _examine_warehouse(
    installation: Installation,
    journal: Journal,
    received: dict[str, int],
    health: Health,
    is_archive_whole: bool,
) -> None:
    """Whether the published file is the one that was published, holds all that was received, and reads as the archive."""
    database = installation.home.whole_database
    state = examine(database)
    if database != installation.home.database:
        health.problems += _find_copy_problems(installation.home.database)
    if state == "missing":
        if received:
            health.problems.append(
                f"数据仓库：{database} 不存在，请运行 nianbao rebuild，由档案和登记簿建立。"
            )
        else:
            health.facts.append("数据仓库：尚未建立")
        return
    if state not in {"whole", "unrecorded"}:
        health.problems.append(f"数据仓库：{database} {STATE_WORDS[state]}，{_advise(state, database)}")
        return
    if not is_of_this_version(database) or read_last_versions(database) != list_versions(installation):
        health.hints.append("数据仓库由另一版本的程序、目录册或审核关系建立，下次夜间作业会重新建立。")
        return
    unknown = received.items() - read_known_submissions(database).items()
    if unknown:
        health.problems.append(f"有 {len(unknown)} 份报送尚未入库，请运行 nianbao nightly。")
    if is_archive_whole:
        health.problems += [
            f"数据仓库：“{entry.payload['file_name']}”的数据与档案中的文件不符，请运行 nianbao rebuild，由档案重新建立。"
            for entry in find_differences(installation, journal)
        ]


def _find_copy_problems(published: Path) -> Iterator[str]:
    """What is wrong with the published copy of a warehouse that holds counts that are not published."""
    state = examine(published)
    if state == "missing":
        yield f"数据仓库：{published} 不存在，请运行 nianbao nightly，由全数库重新写出。"
    elif state in STATE_WORDS and state != "unrecorded":
        yield f"数据仓库：{published} {STATE_WORDS[state]}，{_advise(state, published)}"


def _advise(state: str, database: Path) -> str:
    if state == "occupied":
        return (
            "请让分析人员以只读方式打开；不必等待，下次夜间作业会换成内容相同的新文件"
            f"（{database.name}.wal 中的改动不予保留）。"
        )
    return "请运行 nianbao rebuild，由档案和登记簿重建；下次夜间作业也会自动移走并重建。"
