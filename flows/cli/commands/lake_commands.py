"""Commands of the lake: how a reader attaches it, and publishing by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import current_installation, fail, out

if TYPE_CHECKING:
    import polars as pl

lake_app = typer.Typer(help="数据湖（NIANBAO_PUBLISH）：几个机构发布到一处，供查询。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(lake_app, name="lake")


@lake_app.command()
def attach(
    office: Annotated[str | None, typer.Option(help="哪个机构的数据（代码），不写即本机构")] = None,
) -> None:
    """输出在 DuckDB 中打开数据湖的语句（不含密码），如 nianbao lake attach > lake.sql，再 duckdb -init lake.sql。"""
    from flows.lake.address import require_place
    from warehouse.lake.session import write_session

    installation = current_installation()
    code = office or installation.catalogue.settings.city.code
    sys.stdout.write(write_session(require_place(installation.settings), code))


@lake_app.command()
def publish() -> None:
    """把已发布的数据仓库写入数据湖，不等夜间作业。"""
    from flows.lake.address import require_place
    from flows.lake.publish import publish_into_lake

    installation = current_installation()
    if not installation.home.database.exists():
        raise fail("还没有数据仓库，请先运行 nianbao nightly。")
    done = publish_into_lake(
        installation.home.database, require_place(installation.settings), installation.catalogue
    )
    out.print("数据湖中已是最新内容。" if done is None else f"已写入数据湖：快照 {done.snapshot}。")


def query_lake(sql: str, office: str | None) -> pl.DataFrame:
    """The result of ``nianbao query --lake``. QueryError, LakeFailed."""
    from flows.lake.address import require_place
    from warehouse.lake.session import query

    installation = current_installation()
    code = office or installation.catalogue.settings.city.code
    return query(require_place(installation.settings), code, sql)
