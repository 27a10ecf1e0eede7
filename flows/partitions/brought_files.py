"""Received files for whoever reads them on another machine: brought from the shared archive where they are not at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flows.places.destination import DestinationFailed
from flows.places.shared_objects import SharedObjects
from flows.steps.batch import ReceivedFile
from warehouse.ledger.archive import Archive


@contextmanager
def bringing(files: Sequence[ReceivedFile], address: str) -> Iterator[list[ReceivedFile]]:
    """The files, each with a path that is on this machine. DestinationFailed where one can not be had.

    ``address``: of the shared archive, "" where there is none. What is brought has the bytes of its SHA-256, and is gone
    after the block.
    """
    absent = [file for file in files if not file.path.is_file()]
    if not absent:
        yield list(files)
        return
    if not address:
        raise DestinationFailed(
            f"本机上没有收到的文件 {absent[0].path}。由其他机器参与处理时，各机都须能读到收到的文件："
            "请设置 NIANBAO_ARCHIVE（共用的文件夹或 s3:// 地址）后重新运行。"
        )
    with tempfile.TemporaryDirectory(prefix="nianbao-") as folder:
        store = SharedObjects(address)
        near = Archive(Path(folder), store)
        if lacking := near.bring(file.submission for file in absent):
            raise DestinationFailed(
                f"共用档案 {store.where} 中缺失或已损坏的文件有 {len(lacking)} 个（校验值 {lacking[0]} 等），"
                "本次作业已中止，数据仓库未改动。请在收取这些文件的机器上运行 nianbao nightly 补存后重新运行。"
            )
        brought = {file.submission: replace(file, path=near.path(file.submission)) for file in absent}
        yield [brought.get(file.submission, file) for file in files]
