"""The command line ``nianbao``: each command is a few lines that call the rooms and print what they gave.

Exit codes: 0 good, 1 findings that block, 2 could not read or was used wrongly. Slow libraries are imported inside
the commands that need them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated

from flows.cli.usage_words import speak_chinese, translate_help

speak_chinese()

import typer  # noqa: E402 - its words are fixed when it is imported

from flows.cli.commands import (  # noqa: E402
    analyst_commands,
    backup_commands,
    campaign_commands,
    catalogue_commands,
    deploy_commands,
    journal_commands,
    lake_commands,
    look_commands,
    make_commands,
    night_commands,
    review_commands,
    rules_commands,
    telling_commands,
    upgrade_commands,
)

translate_help()
app = typer.Typer(
    name="nianbao",
    help="年报：计划生育协会年度统计。收表、审核、汇总、指标、追溯。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
make_commands.register(app)
night_commands.register(app)
look_commands.register(app)
review_commands.register(app)
rules_commands.register(app)
campaign_commands.register(app)
catalogue_commands.register(app)
telling_commands.register(app)
deploy_commands.register(app)
backup_commands.register(app)
journal_commands.register(app)
upgrade_commands.register(app)
analyst_commands.register(app)
lake_commands.register(app)


@app.callback()
def _options(
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            help="数据目录（默认取 NIANBAO_HOME，否则 ./data）",
            envvar="NIANBAO_HOME",
            readable=False,  # asked by the command: the dead man's switch has to tell of a home that is not
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            "--catalogue",
            help="目录册文件夹（默认取 NIANBAO_CATALOGUE）",
            envvar="NIANBAO_CATALOGUE",
            readable=False,
        ),
    ] = None,
) -> None:
    from flows.cli.console import choose_installation

    choose_installation(home, catalogue)


def main() -> None:
    """Entry point: turns the project's own errors into one sentence and exit code 2."""
    from flows.cli.console import run_app

    if not sys.warnoptions:
        # What libraries have to say to their developers. For the process, before any thread: filters are shared.
        warnings.simplefilter("ignore")
    run_app(app)


if __name__ == "__main__":
    main()
