"""Commands that make workbooks and documents: template, sample, docs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import current_installation, err, fail, out


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(template)
    app.command()(sample)
    app.command()(docs)


def template(
    year: Annotated[int, typer.Option(help="报告年度")],
    unit: Annotated[str | None, typer.Option(help="填报单位代码（默认全部）")] = None,
    folder: Annotated[Path, typer.Option("--out", help="存放文件夹")] = Path("templates"),
) -> None:
    """下发工作簿：每个填报单位一个 .xlsx，已预填单位和上年数。"""
    from expectations.workbook.issued import Content, write_workbook
    from flows.cli.sample_workbooks import check_year, list_unit_rows, name_workbook
    from warehouse.store.query import read_standing_entries

    installation = current_installation()
    check_year(installation.catalogue, year)
    units = list_unit_rows(installation.catalogue, year, unit)
    if not units:
        raise fail(f"{year}年度没有代码为 {unit} 的填报单位。")
    folder.mkdir(parents=True, exist_ok=True)
    for code, name in units:
        prior = (
            read_standing_entries(installation.home.whole_database, code, year - 1)
            if installation.home.whole_database.exists()
            else None
        )
        path = folder / name_workbook(code, name, year)
        write_workbook(
            path, code, year, installation.catalogue, installation.rulebook, Content(prior=prior or {})
        )
        out.print(str(path), soft_wrap=True, markup=False)


def sample(
    folder: Annotated[Path | None, typer.Option("--out", help="存放文件夹（默认数据目录的 inbox）")] = None,
    year: Annotated[list[int] | None, typer.Option(help="报告年度，可重复（默认全部年度）")] = None,
) -> None:
    """生成样例数据工作簿（数字为虚构分解，合计与公开数一致）。"""
    from flows.cli.sample_workbooks import check_year, write_samples

    installation = current_installation()
    settings = installation.catalogue.settings
    years = year or list(range(settings.first_year, settings.last_year + 1))
    for wanted in years:
        check_year(installation.catalogue, wanted)
    target = folder or installation.home.make().inbox
    count = 0
    for path in write_samples(installation, years, target):
        count += 1
        err.print(f"\r样例 {count}：{path.name}", end="", markup=False) if err.is_terminal else None
    if err.is_terminal:
        err.print()
    out.print(f"已生成 {count} 个样例工作簿：{target}", soft_wrap=True, markup=False)


def docs(
    folder: Annotated[
        Path | None, typer.Option("--out", help="文档文件夹（本项目的目录册默认为 docs，其他目录册须写明）")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="只核对是否最新，不写文件")] = False,
) -> None:
    """由目录册生成数据字典和审核关系手册。"""
    from expectations.rulebook.rule_document import format_rule_book
    from expectations.rulebook.rulebook import load_rules
    from expectations.verdicts.silence_table import format_silences
    from transforms.samples.sample_entries import read_declared_spec
    from warehouse.catalogue.load import DEFAULT_FOLDER
    from warehouse.store.schema.dictionary import format_dictionary

    declared = current_installation().declared_catalogue  # not what one installation has made of it
    if folder is None:
        if declared.folder.resolve() != DEFAULT_FOLDER.resolve():
            raise fail("这是另一城市的目录册，文档不能写入本项目的 docs。请用 --out 写明文件夹。")
        folder = Path("docs")
    _ = declared.bulletin  # its slips are told here, not only in the night
    read_declared_spec(declared)
    pages = {
        "dictionary.md": format_dictionary(declared),
        "rules.md": format_rule_book(load_rules(None, declared), declared),
        "silences.md": format_silences(),
    }
    stale = []
    for name, text in pages.items():
        path = folder / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            out.print(str(path), soft_wrap=True, markup=False)
    if stale:
        raise fail(f"文档已过期：{'、'.join(stale)}。请运行 make docs。", 1)
