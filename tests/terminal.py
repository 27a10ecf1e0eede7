"""Calls ``nianbao`` in this process and keeps what it said."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.cli.app import main


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


class Terminal:
    """Calls ``nianbao`` in this process, as its entry point does."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._patch = patch
        self._capture = capture
        patch.setenv("COLUMNS", "200")
        patch.setenv("NIANBAO_HOME", str(home))

    def __call__(self, *arguments: str) -> Answer:
        self._patch.setattr(sys, "argv", ["nianbao", *arguments])
        self._capture.readouterr()
        before = os.umask(0o022)
        os.umask(before)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            os.umask(before)  # the command sets it for its process, which here is everybody's
        said = self._capture.readouterr()
        assert "Traceback" not in said.err
        return Answer(code, said.out, said.err)


def is_one_chinese_sentence(text: str) -> bool:
    return len(text.strip().splitlines()) == 1 and text.startswith("错误：") and text.strip().endswith("。")
