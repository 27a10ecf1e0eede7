"""The whole office on this machine, to look at: `make office`. Two counties report, one makes mistakes and mends them.

    python -m tests.integration.office_demo [FOLDER]

A Prefect server with its pages, a worker, an SFTP server, a mailbox and a mail server that keeps what it is given as files
run until Ctrl-C; with OFFICE_ONCE=1 until the round is over. Everything is in FOLDER (default: a new one below data/office).
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.running.embedded_server import prepare

if TYPE_CHECKING:
    from tests.integration.whole_office import City

NEEDED = {
    "/usr/sbin/sshd": "openssh-server",
    "/usr/bin/ssh-keygen": "openssh-client",
    "/usr/sbin/dovecot": "dovecot-imapd",
    "/usr/bin/openssl": "openssl",
}
"""Programs that the office needs besides ours, and their Debian packages."""


def main() -> None:
    """Open the office, show the round, wait."""
    if missing := [package for program, package in NEEDED.items() if not Path(program).exists()]:
        click.echo(f"缺少程序，请先安装：apt-get install -y {' '.join(missing)}", err=True)
        sys.exit(2)
    named = sys.argv[1] if len(sys.argv) > 1 else f"data/office/{datetime.now():%Y%m%d_%H%M%S}"  # noqa: DTZ005
    folder = Path(named).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo("正在启动 Prefect 服务、工作进程、SFTP 服务器、邮箱和发信服务器，约需半分钟。")
    try:
        _open(folder)
    except KeyboardInterrupt:
        click.echo(f"\n已结束。各文件仍在 {folder}。")


def _open(folder: Path) -> None:
    prepare(folder)  # before anything imports prefect
    from tests.integration.whole_office import run_city
    from tests.kept_mails import KeptMails

    mails = folder / "mails"
    with run_city(folder, box=KeptMails(mails), with_pages=True) as city:
        pages = city.office.api.removesuffix("/api")
        click.echo(f"已启动。作业网页：{pages}")
        _show_round(city, folder)
        click.echo(
            f"\n可以看：\n  作业网页：{pages}\n  发出的邮件：{mails}\n  回执和更正表：{city.office.home / 'outbox'}\n"
            f"  日报：{city.office.home / 'site' / 'digest.md'}\n  SFTP 目录：{city.share}\n"
            f"  数据仓库：{city.office.home / 'warehouse.duckdb'}"
        )
        if os.environ.get("OFFICE_ONCE"):
            return
        click.echo("按 Ctrl-C 结束。")
        while True:
            signal.pause()


def _show_round(city: City, folder: Path) -> None:
    """Two reports, a night, the answer; the mended report, another night."""
    from tests.integration.sample_files import SampleFiles
    from tests.integration.whole_office import EAST, LANHE, WEST, workbook
    from tests.written_mails import write_mail

    made = SampleFiles(folder / "samples", LANHE, [2024])

    def samples(_years: object, _catalogue: object, units: list[str]) -> Path:
        return made.written(units)

    bad = workbook(samples, EAST, folder, mistakes=True)
    city.inbox.deliver(write_mail("east@example.cn", {"东岸县年报.xlsx": bad}, subject="东岸县2024年报"))
    good = workbook(samples, WEST, folder, mistakes=False)
    (city.share / WEST / "西岸县年报.xlsx").write_bytes(good)
    click.echo("\n第一晚：东岸县用邮件报来一份有三处错误的工作簿，西岸县经 SFTP 报来一份没有错误的。")
    _show_night(city)

    mended = workbook(samples, EAST, folder, mistakes=False)
    answer = city.mails_to("east")[0]
    reply = write_mail(
        "east@example.cn",
        {"东岸县年报（改正）.xlsx": mended},
        subject=str(answer["Subject"]),
        message_id="<2@example.cn>",
        In_Reply_To=str(answer["Message-ID"]),
    )
    city.inbox.deliver(reply)
    click.echo("\n第二晚：东岸县改正后，回复邮件重新报送。")
    _show_night(city)


def _show_night(city: City) -> None:
    run = city.night()
    assert run.state is not None
    click.echo(f"  夜间作业：{run.state.message}")
    for mail in city.outgoing.messages:
        attached = "、".join(str(part.get_filename()) for part in mail.iter_attachments())
        click.echo(f"  发给 {mail['To']}：{mail['Subject']}{f'（附件 {attached}）' if attached else ''}")
    for mail in city.mails_to("admin"):
        body = mail.get_body(("plain",))
        lines = str(body.get_content()).splitlines() if body else []
        for line in (line for line in lines if line.strip()):
            click.echo(f"    | {line}")


if __name__ == "__main__":
    main()
