"""`make office` as whoever tries it sees it: it opens, shows the round, and ends with nothing left running."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.integration.prefect_office import ROOT, clean_environment


def list_processes(folder: Path) -> list[str]:
    """The processes that have a file or folder of the office in their command or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in said and int(process.name) != os.getpid():
            found.append(process.name)
    return found


@pytest.mark.deep
def test_the_office_opens_shows_the_round_and_closes(tmp_path: Path) -> None:
    folder = tmp_path / "office"
    command = [sys.executable, "-m", "tests.integration.office_demo", str(folder)]
    said = []
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=clean_environment(OFFICE_ONCE="1"), stdout=subprocess.PIPE, stderr=errors,
            text=True,
        ) as office,
    ):  # fmt: skip
        assert office.stdout
        for line in office.stdout:
            said.append(line)
            if pages := re.match(r"已启动。作业网页：(\S+)", line):
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(pages[1]) as page:
                    assert b"<html" in page.read()
        office.wait(60)
        errors.seek(0)
        assert office.returncode == 0, "".join(said) + errors.read()
    text = "".join(said)
    first, second = text.split("第二晚：")
    assert "接收 1 份，暂存 1 份" in first
    assert "新增（" in first
    assert "已解决（4 处）" in second  # three mistakes, and the total that one of them made wrong
    answers = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((folder / "mails" / "east@example.cn").iterdir())
    ]
    assert [bool(list(answer.iter_attachments())) for answer in answers] == [True, False]
    assert (folder / "home" / "warehouse.duckdb").is_file()
    assert list_processes(folder) == []
