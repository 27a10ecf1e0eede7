"""The command `deploy`: nianbao onto a Prefect server."""

from __future__ import annotations

import os
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
) -> None:
    """部署到 Prefect 服务（PREFECT_API_URL）：作业池、每晚两点的作业、重建作业、异常处理；可重复运行。"""
    if not os.environ.get("PREFECT_API_URL"):
        raise fail("请先设置 PREFECT_API_URL，如 http://127.0.0.1:4200/api，并启动 Prefect 服务。")
    from flows.deployment.deployments import deploy as run
    from flows.running.embedded_server import exempt_this_machine

    exempt_this_machine()
    installation = current_installation()
    _ = installation.catalogue, installation.rulebook, installation.contacts  # a mistake in them is told here
    settings = installation.settings
    for said in run(settings.home, settings.catalogue, os.environ, with_secrets=with_secrets).done:
        out.print(said, markup=False)
    out.print("请在运行作业的机器上保持 prefect worker start --pool nianbao 运行（见 docs/operate.md）。")
