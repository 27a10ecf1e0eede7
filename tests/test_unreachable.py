"""Why a source cannot be reached is said in Chinese, whichever library raised it and however deep the cause lies."""

from __future__ import annotations

import errno
import socket
import ssl

import asyncssh
import pytest
from botocore.exceptions import ClientError
from fsspec.exceptions import FSTimeoutError

from flows.fetching.unreachable import UNEXPECTED, explain_unreachable

ERRORS = {
    "找不到主机": socket.gaierror(-2, "Name or service not known"),
    "没有响应": FSTimeoutError(),
    "连接中断": asyncssh.ConnectionLost("lost"),
    "主机拒绝连接": ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
    "证书无法核实": ssl.SSLCertVerificationError(),
    "无法建立加密连接": ssl.SSLError(1, "wrong version number"),
    "用户名、密码或密钥不对": asyncssh.PermissionDenied("no"),
    "没有读取权限": PermissionError(errno.EACCES, "no"),
    "没有权限，请核对密钥": ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjects"),
    "服务器未能答复": ClientError({"Error": {"Code": "SlowDown"}}, "ListObjects"),
    "磁盘空间已满": OSError(errno.ENOSPC, "full"),
}


@pytest.mark.parametrize("words", ERRORS)
def test_an_error_is_explained_in_chinese(words: str):
    said = explain_unreachable(ERRORS[words])
    assert words in said
    assert said.endswith("。")


@pytest.mark.parametrize("words", ERRORS)
def test_an_error_is_explained_by_its_cause(words: str):
    outer = RuntimeError("what a library makes of it")
    outer.__cause__ = ERRORS[words]
    assert words in explain_unreachable(outer)


def test_what_nobody_thought_of_points_to_the_log():
    assert explain_unreachable(ZeroDivisionError()) == UNEXPECTED
