"""Commands about who is told what: contacts, matters, acknowledge, timeliness."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from typing import Annotated

import polars as pl
import typer

from flows.cli.console import ask, current_installation, fail, out, print_frame, print_json
from warehouse.words import labels


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(contacts)
    app.command()(matters)
    app.command()(acknowledge)
    app.command()(timeliness)


def contacts(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """联系人：谁负责填报、谁收日报，经哪些渠道，上次何时通知。"""
    from flows.telling.recipients import list_channels
    from flows.telling.told import read_told

    installation = current_installation()
    names = installation.catalogue.unit_names()
    rows = []
    for person in installation.contacts:
        for recipient in list_channels(person):
            told = read_told(installation.home.told, recipient.person, recipient.channel)
            rows.append(
                {
                    "联系人": person.name,
                    "角色": labels.ROLE[person.role],
                    "单位": "、".join(names[unit] for unit in person.units) or "全部",
                    "电话": person.phone,
                    "渠道": recipient.channel,
                    "地址": person.mail[0] if recipient.channel == "mail" else "已设置" if recipient.address else "未设置",
                    "上次通知": f"{told.at:%Y-%m-%d %H:%M}" if told and told.at else "",
                }
            )  # fmt: skip
    frame = pl.DataFrame(rows)
    if as_json:
        print_json(frame)
    elif rows:
        print_frame(frame, title="联系人")
    else:
        out.print("目录册的 contacts.yaml 中没有联系人。")


def matters(
    unit: Annotated[str | None, typer.Option(help="填报单位代码（默认全部）")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """待处理事项：逾期未报、暂存退回、未了结的问题、滞留的文件，各有编号。"""
    found = _collect()
    if unit:
        found = found.filter(pl.col("unit_code") == unit)
    if as_json:
        print_json(found)
        return
    severity = pl.col("severity").replace_strict(labels.SEVERITY, return_dtype=pl.String)
    shown = found.select(
        编号=pl.col("matter").str.head(16), 级别=severity, 单位="who", 位置="place", 事项="what"
    )
    print_frame(shown, title=f"待处理事项 {shown.height} 处")


def acknowledge(
    matter: Annotated[str | None, typer.Argument(help="事项编号（nianbao matters 列出），可只写开头")] = None,
    unit: Annotated[str | None, typer.Option(help="该单位的全部事项")] = None,
    rule: Annotated[str | None, typer.Option(help="该条审核关系的全部事项")] = None,
    until: Annotated[str | None, typer.Option(help="到该日再提醒，如 2025-03-01（默认不再提醒）")] = None,
    again: Annotated[bool, typer.Option("--again", help="收回：从明天起照常提醒")] = False,
    by: Annotated[str | None, typer.Option("--by", help="经办人（默认当前用户名），记入登记簿")] = None,
) -> None:
    """知悉：事项不再提醒，或到某日再提醒；事项本身不变。"""
    from flows.decisions.acknowledge import acknowledge as run

    try:
        day = date.fromisoformat(until) if until else None
    except ValueError:
        raise fail(f"日期“{until}”应写作 2025-03-01。") from None
    if again and until:
        raise fail("--again 和 --until 只能写一个。")
    count = run(
        current_installation(),
        _collect(),
        by or getpass.getuser(),
        matter=matter,
        unit=unit,
        rule=rule,
        until=day,
        is_taken_back=again,
    )
    what = "从明天起照常提醒" if again else f"到 {until} 再提醒" if until else "不再提醒"
    out.print(f"{count} 处事项{what}。")


def timeliness(
    year: Annotated[int, typer.Option(help="报告年度")],
    send: Annotated[bool, typer.Option("--send", help="经邮件发给全体联系人")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问，供脚本使用")] = False,
) -> None:
    """报送情况通报：谁按时、谁逾期、谁未报；存入网页目录，确认后可发给全体联系人。"""
    from flows.answer.by_hand import publish_timeliness, send_timeliness

    path = publish_timeliness(current_installation(), year)
    out.print(f"通报：{path}", markup=False, soft_wrap=True)
    if send:
        people = [person for person in current_installation().contacts if person.mail]
        ask(f"将把通报发给 {len(people)} 人", yes)
        failed = send_timeliness(current_installation(), path, people)
        out.print(f"已发出 {len(people) - len(failed)} 份。")
        if failed:
            raise fail(" ".join(failed), 1)


def _collect() -> pl.DataFrame:
    from flows.answer.sending import collect_matters
    from flows.clock import TIME_ZONE

    installation = current_installation()
    if not installation.home.find_journal().exists():
        raise fail("还没有收到过报送。")
    journal = installation.home.read_journal()
    last = journal.last_run()
    left = last.payload["left"] if last else ()
    return collect_matters(installation, journal.entries(), left, datetime.now(TIME_ZONE).date())
