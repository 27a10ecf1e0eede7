"""Why there was no good night, as far as it can be seen from outside: each cause one Chinese sentence with its mend."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from flows.home_check import find_home_problems
from flows.keeping.marks import read_failure
from flows.settings import Home
from flows.system_words import explain_error
from warehouse.ledger.journal import JournalBroken
from warehouse.store.publish import LOCK_NAME
from warehouse.words.day_words import moment_words

_ANSWER_SECONDS = 5.0
_NOT_STARTED = (
    "没有发现其他故障，夜间作业可能没有被启动。请检查定时任务（systemctl list-timers，crontab -l）；"
    "由 Prefect 定时的，请检查服务和 prefect worker 是否在运行。"
)


def list_causes(home: Home, last: datetime | None) -> list[str]:
    """All that is in the way of a night now, and why the one after ``last`` broke off; never empty, raises nothing."""
    if unreachable := _explain_unreachable(home):
        return [unreachable]
    finders: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: find_home_problems(home),
        lambda: _find_unreadable_inbox(home),
        lambda: _find_silent_database(home),
        lambda: _find_hanging_night(home),
        lambda: _find_silent_server(os.environ.get("PREFECT_API_URL", "")),
        lambda: _find_failure(home, last),
    )
    return [sentence for find in finders for sentence in _ask(find)] or [_NOT_STARTED]


def _ask(find: Callable[[], Iterator[str]]) -> list[str]:
    """What one of them finds; one that cannot find out must not silence the others."""
    found: list[str] = []
    try:
        found.extend(find())
    except OSError as error:
        found.append(f"{error.filename or '数据目录'}：{explain_error(error)}请检查磁盘和权限。")
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody has to hear of the silence
        found.append(f"检查未能完成（{type(error).__name__}），请在服务器上运行 nianbao doctor 检查。")
    return found


def _explain_unreachable(home: Home) -> str:
    """What keeps the home from being looked into at all; "" when nothing does."""
    try:
        next(home.root.iterdir(), None)
    except FileNotFoundError:
        return f"数据目录 {home.root} 不存在，请核对 NIANBAO_HOME 的设置，并检查磁盘是否挂载。"
    except NotADirectoryError:
        return f"数据目录 {home.root} 应是文件夹，却是文件，请移走，并从备份恢复数据目录。"
    except OSError as error:
        return f"数据目录 {home.root} 无法读取：{explain_error(error)}请检查磁盘和该文件夹的权限。"
    return ""


def _find_unreadable_inbox(home: Home) -> Iterator[str]:
    if home.inbox.is_dir():
        try:
            next(home.inbox.iterdir(), None)
        except OSError as error:
            yield f"收件箱 {home.inbox} 无法读取：{explain_error(error)}请检查该文件夹的权限。"


def _find_silent_database(home: Home) -> Iterator[str]:
    """Asked of a database alone: of a journal in the home, what broke the night off says it."""
    if home.journal_address:
        try:
            home.find_journal().read()
        except JournalBroken as error:
            yield str(error)


def _find_hanging_night(home: Home) -> Iterator[str]:
    if (holder := _find_lock_holder(home.root / LOCK_NAME)) is not None:
        yield (
            f"一次作业至今没有结束（进程号 {holder}），可能卡住了。请查看该进程；确已卡住的，请用 kill {holder} 结束，"
            "它未完成的部分由下次夜间作业接着处理。"
        )


def _find_lock_holder(lock: Path) -> int | None:
    """The process that holds the writer's lock, as the system tells it: asking for the lock could stop a night that begins."""
    wanted = str(lock.resolve())
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(handle.readlink()) != wanted:
                continue
            process = handle.parent.parent
            if "FLOCK" in (process / "fdinfo" / handle.name).read_text(encoding="ascii", errors="replace"):
                return int(process.name)
        except OSError:
            continue  # another user's, or gone meanwhile
    return None


def _find_silent_server(api: str) -> Iterator[str]:
    if not api.startswith(("http://", "https://")):
        return
    try:
        with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=_ANSWER_SECONDS):
            return
    except (OSError, ValueError) as error:
        why = f"（{error.code}）" if isinstance(error, urllib.error.HTTPError) else ""
        yield (
            f"Prefect 服务 {api} 没有正常应答{why}，定时的作业不会启动。"
            "请启动 prefect server 和 prefect worker，并核对 PREFECT_API_URL。"
        )


def _find_failure(home: Home, last: datetime | None) -> Iterator[str]:
    failure = read_failure(home.root)
    if failure is not None and (last is None or failure.at > last):
        yield f"最近一次作业于 {moment_words(failure.at)} 中止：{failure.reason}"
