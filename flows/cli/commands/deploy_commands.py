"""The command `deploy`: nianbao onto a Prefect server."""

from __future__ import annotations

import os
import re
from typing import Annotated

import typer

from flows.cli.console import current_installation, fail, out


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(deploy)


def deploy(
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="把环境变量中的密码和通知地址存为 Prefect 密钥")
    ] = False,
    office: Annotated[
        str,
        typer.Option(
            "--office", metavar="名称", help="几个机构共用一个 Prefect 服务时，本机构的名称，如 shandong"
        ),
    ] = "",
) -> None:
    """部署到 Prefect 服务（PREFECT_API_URL）：作业池、每晚两点的作业、重建作业、异常处理；可重复运行。"""
    if not os.environ.get("PREFECT_API_URL"):
        raise fail("请先设置 PREFECT_API_URL，如 http://127.0.0.1:4200/api，并启动 Prefect 服务。")
    if not re.fullmatch(r"[a-z0-9-]*", office):
        raise fail("机构名称请只用小写字母、数字和连字符，如 shandong。")
    if office and with_secrets:
        raise fail(
            "几个机构共用一个 Prefect 服务的，密码和通知地址写在各自主机的 nianbao.env 中，不存为 Prefect 密钥。"
        )
    from flows.deployment.deployments import Office
    from flows.deployment.deployments import deploy as run
    from flows.running.embedded_server import exempt_this_machine

    exempt_this_machine()
    installation = current_installation()
    _ = installation.catalogue, installation.rulebook, installation.contacts  # a mistake in them is told here
    settings = installation.settings
    own = Office(office)
    done = run(settings.home, settings.catalogue, os.environ, with_secrets=with_secrets, office=own).done
    for said in done:
        out.print(said, markup=False)
    out.print(f"请在运行作业的机器上保持 prefect worker start --pool {own.pool} 运行（见 docs/operate.md）。")
