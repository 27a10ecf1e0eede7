"""LibreOffice without a screen: recalculate workbooks as it opens them, or do to them what a clerk does (a macro)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

# Recalculate what is opened; do not ask before pasting over something; no first start, which would put empty macros there.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Input">
<prop oor:name="ReplaceCellsWarning" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Setup/Office">
<prop oor:name="ooSetupInstCompleted" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""
_LIBRARIES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:libraries PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "libraries.dtd">
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
<library:library library:name="Standard" library:link="false"/>
</library:libraries>
"""
_LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard"
 library:readonly="false" library:passwordprotected="false">{modules}</library:library>
"""
_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Clerk"
 script:language="StarBasic"><![CDATA[{text}]]></script:module>
"""
_FILTER = "Calc MS Excel 2007 XML"


def require_libreoffice() -> None:
    """Skip where LibreOffice is not installed; where CI is set, fail: nobody reads what CI skipped."""
    if shutil.which("soffice") is None:
        if os.environ.get("CI"):
            pytest.fail("soffice is not installed, so the live checks cannot be proved")
        pytest.skip("LibreOffice is not installed")


def require_printing() -> None:
    """The same where pages are looked at, for which poppler's pdftotext is needed too."""
    require_libreoffice()
    if shutil.which("pdftotext") is None:
        if os.environ.get("CI"):
            pytest.fail("pdftotext is not installed, so printed pages cannot be looked at")
        pytest.skip("pdftotext is not installed")


def recalculated(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The workbooks, in one start, as LibreOffice saves them after computing every formula."""
    target = folder / "recalculated"
    arguments = ["--convert-to", f"xlsx:{_FILTER}", "--outdir", str(target), *map(str, paths)]
    _run(_profile(folder), arguments)
    return [target / path.name for path in paths]


def print_to_pdf(document: Path, folder: Path) -> Path:
    """The pages of a document as LibreOffice prints them."""
    _run(_profile(folder), ["--convert-to", "pdf", "--outdir", str(folder), str(document)])
    return folder / f"{document.stem}.pdf"


def printed(path: Path, folder: Path) -> str:
    """The text of the pages on which a workbook is printed, laid out as on paper; form feeds between pages."""
    pages = print_to_pdf(path, folder)
    told = subprocess.run(
        ["pdftotext", "-layout", str(pages), "-"], check=True, capture_output=True, timeout=100
    )
    return told.stdout.decode()


def run_macro(text: str, folder: Path) -> None:
    """Run the subroutine Main of a Basic module. Its errors are what it writes nowhere: look at what it should write."""
    profile = _profile(folder)
    basic = profile / "user" / "basic" / "Standard"
    basic.mkdir(parents=True, exist_ok=True)
    (basic.parent / "script.xlc").write_text(_LIBRARIES, encoding="utf-8")
    (basic.parent / "dialog.xlc").write_text(_LIBRARIES, encoding="utf-8")
    (basic / "script.xlb").write_text(
        _LIBRARY.format(modules='<library:element library:name="Clerk"/>'), encoding="utf-8"
    )
    (basic / "dialog.xlb").write_text(_LIBRARY.format(modules=""), encoding="utf-8")
    (basic / "Clerk.xba").write_text(_MODULE.format(text=text), encoding="utf-8")
    _run(profile, ["macro:///Standard.Clerk.Main"])


def _profile(folder: Path) -> Path:
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
    return profile


def _run(profile: Path, arguments: Sequence[str]) -> None:
    command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
    subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=300)
