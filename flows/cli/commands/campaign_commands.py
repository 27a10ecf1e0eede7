"""Commands of the campaign year: open a year, grant a later deadline, keep the registry of org units, name a version."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Annotated

import typer

from flows.cli.console import current_installation, fail, out

_NEXT = "下一次夜间作业后，数据仓库随之更新；template 和 status 现在就按此办理。"

By = Annotated[str | None, typer.Option("--by", help="经办人（默认当前用户名），记入登记簿")]
FromYear = Annotated[int, typer.Option("--year", help="自哪个报告年度起")]
Code = Annotated[str, typer.Argument(help="单位代码")]

year_app = typer.Typer(help="报告年度：开放新的年度。", no_args_is_help=True)
registry_app = typer.Typer(help="单位名录：新设、撤销、改名、合并、拆分、划转。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(year_app, name="year")
    app.add_typer(registry_app, name="registry")
    app.command()(deadline)
    app.command()(release)


@year_app.command("open")
def open_year(year: Annotated[int, typer.Argument(help="报告年度")], by: By = None) -> None:
    """开放一个年度：各单位可以报送，template 和 status 随之可用。"""
    from flows.decisions.amend_campaign import amend
    from warehouse.ledger.journal import Event
    from warehouse.words.day_words import day_words

    settings = amend(current_installation(), Event.YEAR_OPENED, by or getpass.getuser(), year=year).settings
    due = settings.deadline.due_date(year)
    out.print(
        f"{year}年度已开放，截止日期 {day_words(due)}。下发的工作簿由 nianbao template --year {year} 生成，"
        f"表头沿用{settings.in_year(year).form_set.version}；已有修订的，请先修改目录册 catalogue.yaml 的 form_set。"
    )


def release(
    name: Annotated[str, typer.Argument(help="版本名称，如 2024-终报")],
    by: By = None,
) -> None:
    """把现在公布的数命名为一个版本，以后可用 as_of('名称') 查询。"""
    from flows.decisions.release import release as run
    from warehouse.words.day_words import moment_words

    published = run(current_installation(), name, by or getpass.getuser())
    out.print(
        f"已命名：{name.strip()}，即 {moment_words(published)} 发布的各数。下一次夜间作业后可按名称查询。",
        markup=False,
    )


def deadline(
    unit: Annotated[str, typer.Argument(help="填报单位代码")],
    until: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="准予延期到的日期，如 2025-02-10")],
    reason: Annotated[str, typer.Option(help="延期原因")],
    year: Annotated[int | None, typer.Option(help="报告年度（默认现在报送的年度）")] = None,
    by: By = None,
) -> None:
    """准予一个单位延期报送。"""
    from flows.decisions.amend_campaign import amend
    from warehouse.ledger.journal import Event
    from warehouse.words.day_words import day_words

    if not reason.strip():
        raise fail("请写明延期原因，登记簿要记。")
    installation = current_installation()
    of = year or installation.catalogue.settings.last_year
    says = {"unit_code": unit, "year": of, "until": until.date().isoformat(), "reason": reason.strip()}
    amend(installation, Event.DEADLINE_MOVED, by or getpass.getuser(), **says)
    out.print(f"已准予延期：{_name_unit(unit, of)}{of}年度报表延至{day_words(until)}。")


@registry_app.command("open")
def open_unit(
    code: Code,
    name: Annotated[str, typer.Argument(help="单位全称")],
    parent: Annotated[str, typer.Option(help="上级单位代码")],
    year: FromYear,
    by: By = None,
) -> None:
    """新设一个单位。"""
    _change("open", year, by, org_code=code, name=name, parent_code=parent)
    out.print(f"{year}年度起新设：{name}（{code}）。{_NEXT}")


@registry_app.command("close")
def close_unit(code: Code, year: FromYear, by: By = None) -> None:
    """撤销一个单位而没有承接单位：其历年数仍计入上级。"""
    name = _name_unit(code, year - 1)
    _change("close", year, by, org_code=code)
    out.print(f"{year}年度起撤销：{name}。{_NEXT}")


@registry_app.command("rename")
def rename_unit(
    code: Code, name: Annotated[str, typer.Argument(help="新的全称")], year: FromYear, by: By = None
) -> None:
    """一个单位改名，代码不变。"""
    old = _name_unit(code, year - 1)
    _change("rename", year, by, org_code=code, name=name)
    out.print(f"{year}年度起改名：{old} → {name}。{_NEXT}")


@registry_app.command("merge")
def merge_units(
    codes: Annotated[list[str], typer.Argument(help="被并入的单位代码，可多个")],
    into: Annotated[str, typer.Option(help="承接单位代码")],
    year: FromYear,
    by: By = None,
) -> None:
    """把几个单位并入另一个单位：历年数随之并入。"""
    names = "、".join(_name_unit(code, year - 1) for code in codes)
    _change("merge", year, by, org_code=into, old_codes=codes)
    out.print(f"{year}年度起合并：{names} 并入 {_name_unit(into, year)}。{_NEXT}")


@registry_app.command("split")
def split_unit(
    code: Code,
    into: Annotated[list[str], typer.Option(help="承接单位代码=比例，如 371602001002=0.6，可多个")],
    year: FromYear,
    by: By = None,
) -> None:
    """把一个单位拆给几个单位：历年数按比例拆分。"""
    heirs: dict[str, float] = {}
    for text in into:
        heir, _, share = text.partition("=")
        try:
            heirs[heir] = float(share)
        except ValueError:
            raise fail(f"“{text}”应写作 承接单位代码=比例，如 371602001002=0.6。") from None
    name = _name_unit(code, year - 1)
    _change("split", year, by, org_code=code, heirs=heirs)
    out.print(f"{year}年度起拆分：{name}。{_NEXT}")


@registry_app.command("move")
def move_unit(
    code: Code,
    to: Annotated[str, typer.Option(help="新的上级单位代码")],
    year: FromYear,
    by: By = None,
) -> None:
    """把一个单位划归另一个上级单位，代码不变。"""
    _change("move", year, by, org_code=code, parent_code=to)
    out.print(f"{year}年度起划转：{_name_unit(code, year)} 划归 {_name_unit(to, year)}。{_NEXT}")


def _change(change: str, year: int, by: str | None, **says: object) -> None:
    from flows.decisions.amend_campaign import amend
    from warehouse.ledger.journal import Event

    amend(
        current_installation(),
        Event.REGISTRY_CHANGED,
        by or getpass.getuser(),
        change=change,
        year=year,
        **says,
    )


def _name_unit(code: str, year: int) -> str:
    """The unit's name in a year with its code; the code alone when the registry has it not."""
    units = current_installation().catalogue.registry.units(year)
    found = dict(units.select("org_code", "name").iter_rows())
    return f"{found[code]}（{code}）" if code in found else code
