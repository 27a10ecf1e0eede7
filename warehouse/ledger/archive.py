"""The archive: received bytes, kept unchanged under their SHA-256.

`root/objects/ab/abcdef…` holds one object per distinct content. Objects are written once and never again;
together with the journal they are the truth from which the warehouse is rebuilt. Where several machines work on one
journal, all objects rest in an `ObjectStore` too, and this folder is the copy at hand.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO

from warehouse.ledger.archive_damage import DAMAGE_WORDS, ArchiveDamaged, Difference
from warehouse.ledger.durability import UNFINISHED_PREFIX, make_folder, sync_folder
from warehouse.ledger.object_store import ObjectStore
from warehouse.ledger.regular_files import CHUNK_BYTES, open_regular, read_chunks

OBJECT_MODE = 0o440
_NAMED = 3
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Archive:
    """Content-addressed store below `root`; memory use does not depend on the size of what is put.

    With a `store` every object that is put rests there too before it counts as kept, and one that is missing or damaged
    here is brought back from there; the errors of the store go through. ``mended``: objects that were damaged here.
    """

    def __init__(self, root: Path | str, store: ObjectStore | None = None) -> None:
        self.root = Path(root)
        self.objects = self.root / "objects"
        self.store = store
        self.mended: list[Path] = []
        self._waiting: set[Path] | None = None  # folders whose names are to be made durable together
        self._unsent: list[str] = []

    @contextmanager
    def putting_many(self) -> Iterator[None]:
        """Make the names of what is put in the block survive a power cut together, at its end: a folder is synced once.

        Until then only the bytes of each object do, and nothing was sent to the store. Nothing may refer to them before
        the block has ended.
        """
        self._waiting, self._unsent = set(), []
        try:
            yield
            for folder in sorted(self._waiting):
                sync_folder(folder)
            self._send(self._unsent)
        finally:
            self._waiting = None

    def put(self, content: bytes | bytearray | memoryview | Path | str) -> str:
        """Keep bytes, or the content of a file, and return their SHA-256 (64 lower-case hex digits).

        When put returns, the object survives a power cut (but see `putting_many`). Putting the same bytes again changes
        nothing, unless the object was damaged meanwhile: then it is whole again.
        Raises ValueError for anything that is not a regular file (a pipe in the inbox would block for ever).
        """
        sha256 = self._put_here(content)
        if self._waiting is None:
            self._send([sha256])
        else:
            self._unsent.append(sha256)
        return sha256

    def bring(self, sha256s: Iterable[str]) -> list[str]:
        """Bring objects from the store, whatever lies here; those that it does not have as their names say."""
        if self.store is None:
            return list(sha256s)
        return [sha256 for sha256, is_here in self.store.run_on_each(self._fetch, sha256s) if not is_here]

    def send_missing(self, sha256s: Collection[str]) -> int:
        """Send the store what it lacks of these objects and is here; how many."""
        if self.store is None or not sha256s:
            return 0
        kept = self.store.list_sizes()
        lacking = [
            sha256
            for sha256 in sha256s
            if (here := self._target(sha256)).is_file() and kept.get(sha256) != here.stat().st_size
        ]
        self._send(lacking)
        return len(lacking)

    def _send(self, sha256s: Iterable[str]) -> None:
        if self.store is not None:
            self.store.send({sha256: self._target(sha256) for sha256 in sha256s})

    def _put_here(self, content: bytes | bytearray | memoryview | Path | str) -> str:
        if isinstance(content, (bytes, bytearray, memoryview)):
            return self._keep_bytes(content)
        with open_regular(Path(content)) as source:
            chunks = read_chunks(source, str(content))
            first = next(chunks, b"")
            if len(first) < CHUNK_BYTES:
                return self._keep_bytes(first)
            return self._keep(chain((first,), chunks))

    def path(self, sha256: str) -> Path:
        """The path of the object. ValueError for what is no SHA-256, FileNotFoundError for what is not
        archived."""
        target = self._target(sha256)
        if not target.is_file() and self.bring([sha256]):
            raise FileNotFoundError(f"归档中没有校验值为 {sha256} 的文件（{target}）")
        return target

    def __contains__(self, sha256: str) -> bool:
        return self._target(sha256).is_file()

    def __iter__(self) -> Iterator[str]:
        """The hashes of all objects, in order."""
        return (found.name for found in self._files() if self._is_object(found))

    def verify(
        self, expected: Iterable[str] = (), is_drawn: Callable[[str], bool] = lambda _: True
    ) -> list[Difference]:
        """Report all differences; `expected` names objects that must be there, only those drawn are hashed anew.

        What the store has is no difference: it is here again afterwards.
        """
        expected = set(expected)
        self.bring(sha256 for sha256 in expected if not os.path.lexists(self._target(sha256)))
        differences: list[Difference] = []
        for found in self._files():
            if found.name.startswith(UNFINISHED_PREFIX):
                differences.append(Difference("unfinished", found))
            elif found.is_symlink():
                differences.append(Difference("link", found))
            elif not self._is_object(found):
                differences.append(Difference("stray", found))
            elif is_drawn(found.name):
                with found.open("rb") as source:
                    sha256 = hashlib.file_digest(source, "sha256").hexdigest()
                if sha256 != found.name and self.bring([found.name]):
                    differences.append(Difference("changed", found, expected=found.name, found=sha256))
        missing = sorted(sha256 for sha256 in expected if not os.path.lexists(self._target(sha256)))
        return differences + [
            Difference("missing", self._target(sha256), expected=sha256) for sha256 in missing
        ]

    def require(self, needed: Iterable[str]) -> None:
        """Raise ArchiveDamaged unless every object named is there with the bytes of its name."""
        damaged = [sha256 for sha256 in needed if self._describe_damage(sha256)]
        bad = [self._describe_damage(sha256) for sha256 in self.bring(damaged)]
        if bad:
            others = f"等 {len(bad)} 个文件" if len(bad) > _NAMED else ""
            raise ArchiveDamaged(
                f"档案不完整：{'；'.join(bad[:_NAMED])}{others}。已停止运行，数据仓库未改动。请从备份恢复后重新运行。"
            )

    def _describe_damage(self, sha256: str) -> str:
        """What is wrong with an object; "" where nothing is."""
        target = self._target(sha256)
        if not os.path.lexists(target):
            return f"{target} {DAMAGE_WORDS['missing']}"
        if target.is_symlink() or not self._is_object(target):
            return f"{target} {DAMAGE_WORDS['link']}"
        with target.open("rb") as source:
            is_whole = hashlib.file_digest(source, "sha256").hexdigest() == sha256
        return "" if is_whole else f"{target} {DAMAGE_WORDS['changed']}"

    def _fetch(self, sha256: str) -> bool:
        """Bring an object from the store; whether it is here now."""
        assert self.store is not None, "there is nowhere to bring it from"
        target, fetch = self._target(sha256), self.store.fetch
        is_damaged = os.path.lexists(target)
        if self._settle(lambda out: fetch(sha256, out), sha256) is None:
            return False
        if is_damaged:
            self.mended.append(target)
        return True

    def _keep_bytes(self, content: bytes | bytearray | memoryview) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        target = self._target(sha256)
        if not self._holds(target):
            return self._keep(iter((content,)))
        self._sync_name(target)
        return sha256

    def _keep(self, chunks: Iterator[bytes | bytearray | memoryview]) -> str:
        def fill(out: IO[bytes]) -> str:
            digest = hashlib.sha256()
            for chunk in chunks:
                digest.update(chunk)
                out.write(chunk)
            return digest.hexdigest()

        kept = self._settle(fill)
        assert kept is not None, "whatever was put has a hash"
        return kept

    def _settle(self, fill: Callable[[IO[bytes]], str | None], expected: str | None = None) -> str | None:
        """Keep what ``fill`` writes under the hash that it gives; None where that is not the ``expected`` one.

        The hash is known only after the last byte, so the unfinished file waits in objects/ (same file system, hence an
        atomic rename) and moves to its folder at the end. Hashing first and copying then would read the file twice and
        could see two different contents.
        """
        make_folder(self.objects)
        handle, name = tempfile.mkstemp(prefix=UNFINISHED_PREFIX, dir=self.objects)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                sha256 = fill(out)
                out.flush()
                os.fchmod(out.fileno(), OBJECT_MODE)
                os.fsync(out.fileno())
            if sha256 is None or (expected is not None and sha256 != expected):
                return None
            target = self._target(sha256)
            make_folder(target.parent)
            if not self._holds(target):
                unfinished.rename(target)
        except OSError as error:
            if error.filename is None:  # a handle has no name; whoever receives asks whose fault it was
                error.filename = name
            raise
        finally:
            unfinished.unlink(missing_ok=True)
        self._sync_name(target)
        return sha256

    def _sync_name(self, target: Path) -> None:
        if self._waiting is None:
            sync_folder(target.parent)
        else:
            self._waiting.add(target.parent)

    def _holds(self, target: Path) -> bool:
        """Whether the object is there with the bytes of its name, and can be read."""
        try:
            with open_regular(target) as found:
                return hashlib.file_digest(found, "sha256").hexdigest() == target.name
        except (OSError, ValueError):
            return False

    def _target(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in lower-case hex digits: {sha256!r}")
        return self.objects / sha256[:2] / sha256

    def _files(self) -> Iterator[Path]:
        """Everything below the objects that is no folder, in order; links are named and not followed."""
        for at, folders, names in os.walk(self.objects):
            folders.sort()
            linked = [name for name in folders if Path(at, name).is_symlink()]
            yield from (Path(at, name) for name in sorted([*names, *linked]))

    def _is_object(self, found: Path) -> bool:
        return (
            bool(_SHA256.fullmatch(found.name))
            and found.relative_to(self.objects) == Path(found.name[:2], found.name)
            and stat.S_ISREG(found.lstat().st_mode)
        )
