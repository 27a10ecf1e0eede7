"""Excel's .xlsx and .xlsm: the parts of the package, and the sheets' marks. Macros are never run: only sheets are read."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from xml.etree import ElementTree

from transforms.reading.formats.book import UNREADABLE_MEMBER, CalamineBook, Marks, Refusal
from transforms.reading.formats.seen import SeenText
from transforms.reading.formats.xlsx_marks import Styles, read_sheet_marks, read_strings, read_styles

_MAIN = re.compile(r"/officeDocument$")
_USUAL = "xl/workbook.xml"
_PICTURE = re.compile(rb"<(?:\w+:)?pic[\s>]")
_COMMENT = re.compile(rb"<(?:\w+:)?(?:comment|threadedComment)[\s>]")


class Package:
    """The parts of an OPC archive by their path, found as Excel finds them: whatever letter case, and \\ for /."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {_key(name): name for name in archive.namelist()}
        self._targets: dict[str, dict[str, tuple[str, str]]] = {}

    def __contains__(self, path: str) -> bool:
        return _key(path) in self._names

    def read(self, path: str) -> bytes:
        """The bytes of a part. Raises KeyError and what zipfile raises."""
        return self._archive.read(self._names[_key(path)])

    def list_targets(self, path: str) -> dict[str, tuple[str, str]]:
        """The relations of a part ('' the package): id -> type, path of the target."""
        if path not in self._targets:
            self._targets[path] = self._read_targets(path)
        return self._targets[path]

    def _read_targets(self, path: str) -> dict[str, tuple[str, str]]:
        folder, file = posixpath.split(path)
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        if relations not in self:
            return {}
        found = {}
        for relation in ElementTree.fromstring(self.read(relations)):
            target = relation.get("Target", "").replace("\\", "/")
            whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[relation.get("Id", "")] = relation.get("Type", ""), posixpath.normpath(whole)
        return found

    def main_part(self) -> str:
        """The path of the workbook's part: from the package's relations, else the usual one; '' when there is none."""
        named = [path for kind, path in self.list_targets("").values() if _MAIN.search(kind)]
        other = [path for path in self._names if path.endswith("/workbook.xml")]
        return next((path for path in [*named, _USUAL, *other] if path in self), "")

    def with_usual_path(self, main: str) -> bytes:
        """The archive with its workbook moved to the usual path, the only one that calamine reads."""
        folder, file = posixpath.split(main)
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for key in self._names:
                content = self.read(key)
                path = _move_target(key, _key(folder), _key(file))
                if key.endswith(".rels"):
                    old = f"/{folder}/".encode() if folder else b"/"
                    content = content.replace(b'="' + old, b'="/xl/').replace(b"='" + old, b"='/xl/")
                if key == "_rels/.rels":
                    named = re.escape(main.encode()).replace(b"/", rb"[/\\]")
                    target = rb"""Target=(["'])[/\\]?(?:%b|xl[/\\]%b)\1""" % (named, re.escape(file.encode()))
                    content = re.sub(target, rb"Target=\1xl/workbook.xml\1", content, flags=re.IGNORECASE)
                archive.writestr(path, content)
        return written.getvalue()


def _key(path: str) -> str:
    return path.replace("\\", "/").lstrip("/").lower()


def _move_target(path: str, folder: str, file: str) -> str:
    inside = path.removeprefix(f"{folder}/") if folder else path
    if inside == path and folder:
        return path
    if inside == file:
        return _USUAL
    if inside == f"_rels/{file}.rels":
        return "xl/_rels/workbook.xml.rels"
    return inside if inside.startswith(("_rels/", "[content_types]", "docprops/")) else f"xl/{inside}"


class XlsxBook(CalamineBook):
    """An .xlsx or .xlsm workbook."""

    def __init__(self, data: bytes, package: Package, main: str) -> None:
        try:
            if _key(main) != _USUAL:
                data = package.with_usual_path(main)
                package, main = Package(zipfile.ZipFile(io.BytesIO(data))), _USUAL
            kinds = [path for _, path in package.list_targets(main).values()]
            is_macro = any(path.lower().endswith("vbaproject.bin") for path in kinds)
            super().__init__(data, "xlsm" if is_macro else "xlsx")
            self._package = package
            self._parts = _map_sheet_parts(package, main)
            self._styles, self._strings = _read_looks(package, main)
        except (KeyError, ElementTree.ParseError, *UNREADABLE_MEMBER) as error:
            raise Refusal("refuse.damaged", cause=error) from error

    def marks(self, name: str) -> Marks:
        part = self._parts.get(name)
        if part is None:
            return Marks()
        try:
            xml = self._package.read(part)
            marks = read_sheet_marks(xml, self._styles, self._strings)
            has_drawing = b"rawing " in xml  # <drawing r:id>, <legacyDrawing r:id>
            for _, path in self._package.list_targets(part).values() if has_drawing else ():
                if path not in self._package:
                    continue
                if "comment" in path.lower():
                    marks.comments += len(_COMMENT.findall(self._package.read(path)))
                elif "/drawings/" in path and path.endswith(".xml"):
                    marks.pictures += len(_PICTURE.findall(self._package.read(path)))
        except (KeyError, ElementTree.ParseError, *UNREADABLE_MEMBER) as error:
            raise Refusal("refuse.damaged", f"工作表“{name}”", error) from error
        return marks


def _read_looks(package: Package, main: str) -> tuple[Styles, dict[str, SeenText]]:
    styles, strings = Styles(), dict[str, SeenText]()
    for kind, path in package.list_targets(main).values():
        if path in package and kind.endswith("/styles"):
            styles = read_styles(package.read(path))
        elif path in package and kind.endswith("/sharedStrings"):
            strings = read_strings(package.read(path))
    return styles, strings


def _map_sheet_parts(package: Package, main: str) -> dict[str, str]:
    """Sheet name -> path of its XML inside the archive."""
    targets = package.list_targets(main)
    parts: dict[str, str] = {}
    # The names that a workbook defines come behind its sheets and may be many times as long: they are not parsed.
    for _, node in ElementTree.iterparse(io.BytesIO(package.read(main))):
        kind = node.tag.rpartition("}")[2]
        if kind == "sheets":
            break
        if kind != "sheet":
            continue
        relation = next((value for key, value in node.attrib.items() if key.endswith("}id")), "")
        _, path = targets.get(relation, ("", ""))
        if path in package:
            parts[node.get("name", "")] = path
    return parts
