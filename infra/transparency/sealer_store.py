"""The sealer's own folder: the keys of logs, and the last checkpoint that it signed for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import Epoch
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.text import Invalid
from infra.platform.durable_files import put_in_place, write_durably


class Unkept(Exception):
    """The sealer's own disk does not take what it must keep; the text says why."""


class SealerStore:
    """What the sealer keeps on its own disk, one of each per epoch of a log: key, and last checkpoint that it signed.

    While a log changes its key there is the next one too; keys that sign no more remain, under the ids that stand in
    their signatures. What was kept of an earlier epoch stays as it is. Whatever writes raises Unkept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, tenant: KeyOwner, *, new: bool = False) -> SignerKey:
        """The log's key; made at first use when the log is `new`. Raises Halted, Unkept."""
        file = self._file(tenant, "key")
        if new and not file.exists():
            self._write(file, SignerKey.new(tenant.log, KeyKind.NOTE).secret_text().encode())
        key = _read_key(file, tenant)
        if key is None:
            raise Halted(f"the key {file.name} is gone: this log was signed with it")
        return key

    def next_key(self, tenant: KeyOwner) -> SignerKey | None:
        """The key that is to follow the present one, if any. Raises Halted.

        Who asks for both asks for this one first: it takes the other's place in one step.
        """
        return _read_key(self._next(tenant), tenant)

    def make_next_key(self, tenant: KeyOwner) -> SignerKey:
        """The next key; made when there is none. Raises Halted, Unkept."""
        found = self.next_key(tenant)
        if found is None:
            found = SignerKey.new(tenant.log, KeyKind.NOTE)
            self._write(self._next(tenant), found.secret_text().encode())
        return found

    def retire(self, tenant: KeyOwner, key: SignerKey) -> None:
        """Have the next key take the place of this one, the present one. Raises Unkept.

        Until the last step both sign as before, so that it may break off anywhere and be done again.
        """
        self._write(self._retired(tenant, key.verifier.id), key.secret_text().encode())
        file = self._file(tenant, "key")
        with _kept_as(file):
            put_in_place(self._next(tenant), file)

    def is_retired(self, tenant: KeyOwner, key_id: bytes) -> bool:
        """Whether the key of this id signs no more; an empty file of that name says so of a key that is lost."""
        return self._retired(tenant, key_id).exists()

    def missing(self, tenant: KeyOwner, key_id: bytes) -> str:
        """What to do about a key that has signed and is not here."""
        return (
            f"the last checkpoint is signed by the key {key_id.hex()} too, and that is gone: put its file back from a"
            f" copy ({self._next(tenant).name}); if there is none, make an empty file"
            f" {self._retired(tenant, key_id).name}, and it is left out"
        )

    def _next(self, tenant: KeyOwner) -> Path:
        return self._file(tenant, "next.key")

    def _retired(self, tenant: KeyOwner, key_id: bytes) -> Path:
        return self._file(tenant, f"retired-{key_id.hex()}.key")

    def checkpoint(self, tenant: KeyOwner) -> Note | None:
        """The last checkpoint signed, if any. Raises Halted when it cannot be read."""
        return _read(self._file(tenant, "checkpoint"))

    def last(self, tenant: KeyOwner) -> Checkpoint | None:
        """What was signed last, in whatever epoch. Raises Halted when it cannot be read."""
        notes = (_read(file) for file in self._folder.glob(f"{tenant.id}*.checkpoint") if _is_of(tenant, file))
        found = (Checkpoint.read(note.text) for note in notes if note)
        return max(found, key=lambda one: Epoch.read(one.origin).number, default=None)

    def halt(self, tenant: KeyOwner, reason: str) -> None:
        """Remember that somebody has cosigned another history of this log: a sealer started again must not go on.

        Once it is known why, and what to do, the file `<tenant>.halted` is taken away by hand. Raises Unkept.
        """
        self._write(self._file(tenant, "halted"), f"{reason}\n".encode())

    def check_halted(self, tenant: KeyOwner) -> None:
        """Raises Halted when the log was, for what others had cosigned."""
        try:
            raise Halted(self._file(tenant, "halted").read_text().strip())
        except FileNotFoundError:
            return

    def keep(self, tenant: KeyOwner, note: Note) -> None:
        """Have the checkpoint on disk before anybody sees it. Raises Unkept."""
        self._write(self._file(tenant, "checkpoint"), bytes(note))

    def _file(self, tenant: KeyOwner, kind: str) -> Path:
        """`<tenant>.key` and so on in the first epoch, `<tenant>.e2.key` in the second."""
        number = Epoch.read(tenant.log).number
        return self._folder / (f"{tenant.id}.{kind}" if number == 1 else f"{tenant.id}.e{number}.{kind}")

    def _write(self, file: Path, content: bytes) -> None:
        with _kept_as(file):
            write_durably(file, content)


@contextmanager
def _kept_as(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as reason:
        raise Unkept(f"the sealer cannot keep {file}: {reason.strerror}") from reason


def _is_of(tenant: KeyOwner, file: Path) -> bool:
    return re.fullmatch(rf"{re.escape(tenant.id)}(\.e[0-9]+)?\.checkpoint", file.name) is not None


def _read(file: Path) -> Note | None:
    try:
        return Note.read(file.read_bytes())
    except FileNotFoundError:
        return None
    except Invalid as reason:
        raise Halted(f"{file.name}: {reason}") from None


class KeyOwner(Protocol):
    """A tenant, as far as its sealing cares: its schema, and the origin of its log, which is the name of its key."""

    @property
    def id(self) -> str: ...
    @property
    def log(self) -> str: ...


class Halted(Exception):
    """This log must not be sealed any further; the text says why. Nothing was signed."""


def _read_key(file: Path, tenant: KeyOwner) -> SignerKey | None:
    """The key in this file, of this epoch of the log. Raises Halted."""
    try:
        key = SignerKey.read(file.read_text())
    except FileNotFoundError:
        return None
    except Invalid as reason:
        raise Halted(f"{file.name}: {reason}") from None
    if key.name != tenant.log or key.kind is not KeyKind.NOTE:
        raise Halted(f"{file.name} is the key of {key.name}")
    return key
