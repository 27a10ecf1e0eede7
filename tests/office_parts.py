"""The texts within files of Office programs."""

from __future__ import annotations

import io
import zipfile


def read_parts(archive: bytes) -> list[str]:
    """The text of every part of a .docx or .xlsx, of the workbooks within it too."""
    found = []
    with zipfile.ZipFile(io.BytesIO(archive)) as parts:
        for name in parts.namelist():
            content = parts.read(name)
            found += read_parts(content) if name.endswith(".xlsx") else [content.decode(errors="replace")]
    return found
