"""The witness's side: what a body that cosigns keeps in a folder of its own, and how it answers by it.

In the folder lie the secret `key`, the list of `logs` whose checkpoints are cosigned, the checkpoint of each that was
cosigned last, and the `contradictions` that a log has signed. A witness is worth what it remembers: the checkpoint is
on disk before its cosignature is sent, and without its memory it does not start again, for it would cosign any past.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import structlog

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, Note, SignerKey, VerifierKey
from infra.ledger.text import Invalid, Malformed, read_utf8
from infra.ledger.witness import Request, Witness, WitnessAnswer
from infra.platform.config import Misconfigured
from infra.platform.durable_files import put_in_place, write_durably

#: Bytes of the list of logs.
LOGS_LIMIT = 1_024 * 1_024

#: Seconds that one request waits for another.
PATIENCE = 5.0

_RETIRE = (
    "A witness that has lost its memory is retired: tell the logs that it cosigned to leave it out of their policies,"
    " and begin another under a new name in an empty folder."
)

log = structlog.get_logger("witness")


class Unfit(Misconfigured):
    """This folder cannot be a witness's, or no longer; the text says why, and what to do."""


class Cosigner:
    """The witness of one folder. Several processes may answer for it: one request is decided at a time."""

    def __init__(self, folder: Path, key: SignerKey, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock
        self._read = 0, 0, 0  # the list of logs as it was read: a file that is written again has another number
        self._logs: tuple[VerifierKey, ...] = ()

    @classmethod
    def open(cls, folder: Path, name: str = "", clock: Callable[[], float] = time.time) -> "Cosigner":
        """The witness of this folder; where there is none, a new one of this name. Raises Unfit, Malformed."""
        file = folder / "key"
        if file.exists():
            try:
                key = SignerKey.read(file.read_text())
            except Invalid as reason:
                raise Unfit(f"{file}: {reason}") from None
            if name not in {"", key.name}:
                raise Unfit(f"{file} is the key of {key.name}, not of {name}")
        else:
            key = _begun(folder, name)
        _check_memory(folder, key)
        found = cls(folder, key, clock)
        found.logs()
        return found

    @property
    def vkey(self) -> VerifierKey:
        """What a policy says of this witness."""
        return self._key.verifier

    def logs(self) -> tuple[VerifierKey, ...]:
        """The logs that it knows: the file `logs`, a vkey a line, read again when it has changed.

        Raises Malformed, at the beginning; a list that is spoilt later is not taken, and the former one holds.
        """
        file = self._folder / "logs"
        try:
            found = file.stat()
        except FileNotFoundError:
            self._read, self._logs = (0, 0, 0), ()
            return self._logs
        mark = found.st_ino, found.st_mtime_ns, found.st_size
        if mark != self._read:
            try:
                logs = _read_logs(file.read_bytes())
            except Malformed as reason:
                if self._read == (0, 0, 0):
                    raise
                log.error("the list of logs is not taken", file=str(file), reason=str(reason))  # noqa: TRY400 - it says all
                logs = self._logs
            self._read, self._logs = mark, logs
        return self._logs

    def answer(self, raw: bytes) -> WitnessAnswer:
        """Answer the body of an add-checkpoint call. What has to be remembered is on disk when this returns."""
        try:
            request = Request.read(raw)
        except Invalid as reason:
            return WitnessAnswer(HTTPStatus.BAD_REQUEST, f"{reason}\n")
        try:
            return self._decide(request)
        except (sqlite3.Error, OSError) as reason:
            log.error("nothing can be stored, so nothing is cosigned", reason=str(reason))  # noqa: TRY400 - it says all
            return WitnessAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "the witness cannot store anything just now\n")

    def _decide(self, request: Request) -> WitnessAnswer:
        witness = Witness(self._key, self.logs())
        origin = request.checkpoint.origin
        with _memory(self._folder) as memory:
            memory.execute("BEGIN IMMEDIATE")
            row = memory.execute("SELECT note FROM cosigned WHERE origin = ?", (origin,)).fetchone()
            last = Note.read(row[0]) if row else None
            known = Checkpoint.read(last.text) if last else None
            answer = witness.answer(request, known, int(self._clock()))
            if answer.evidence is not None:
                self._keep_evidence(request, last)
            if answer.keep is not None and answer.keep != known:
                memory.execute(
                    """
                    INSERT INTO cosigned (origin, size, note) VALUES (?, ?, ?)
                    ON CONFLICT (origin) DO UPDATE SET size = excluded.size, note = excluded.note
                    """,
                    (origin, answer.keep.size, bytes(request.note)),
                )
            memory.execute("COMMIT")
        return answer

    def _keep_evidence(self, request: Request, last: Note | None) -> None:
        """Both notes of a log that do not go together, and the proof that it gave; each checkpoint once."""
        asked = request.checkpoint
        place = self._folder / "contradictions" / f"{sha256(asked.text.encode()).hexdigest()[:16]}-{asked.size}"
        if (place / "request").exists():
            return
        log.error("a log contradicts itself", origin=asked.origin, size=asked.size, kept=str(place))
        if last is not None:
            write_durably(place / "cosigned", bytes(last))
        write_durably(place / "request", bytes(request))


def _begun(folder: Path, name: str) -> SignerKey:
    """The key of a new witness. Its memory is made first: so a key without one has always lost it."""
    memory = folder / "cosigned.sqlite"
    if memory.exists() and _remembers(folder):
        raise Unfit(f"{folder} remembers what was cosigned, and the key is gone. {_RETIRE}")
    if not name:
        raise Unfit(f"there is no witness in {folder}: name the one to begin there (--name example.org/witness)")
    try:
        key = SignerKey.new(name, KeyKind.COSIGNATURE)
    except Malformed as reason:
        raise Unfit(str(reason)) from None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / "cosigned.sqlite.new"
    fresh.unlink(missing_ok=True)
    with closing(_opened(fresh)) as making:
        making.executescript(
            """
            CREATE TABLE witness (vkey TEXT NOT NULL);
            CREATE TABLE cosigned (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, note BLOB NOT NULL);
            """
        )
        making.execute("INSERT INTO witness (vkey) VALUES (?)", (str(key.verifier),))
    put_in_place(fresh, memory)
    write_durably(folder / "key", key.secret_text().encode())
    return key


def _check_memory(folder: Path, key: SignerKey) -> None:
    try:
        with _memory(folder) as memory:
            owners = [vkey for (vkey,) in memory.execute("SELECT vkey FROM witness")]
    except (sqlite3.Error, OSError) as reason:
        raise Unfit(f"what {key.name} cosigned last is gone from {folder} ({reason}). {_RETIRE}") from None
    if owners != [str(key.verifier)]:
        raise Unfit(f"what lies in {folder} was not cosigned by {key.name}. {_RETIRE}")


def _remembers(folder: Path) -> bool:
    try:
        with _memory(folder) as memory:
            return memory.execute("SELECT 1 FROM cosigned LIMIT 1").fetchone() is not None
    except (sqlite3.Error, OSError) as reason:
        raise Unfit(f"{folder / 'cosigned.sqlite'} cannot be read: {reason}") from None


@contextmanager
def _memory(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection to what is remembered; what is begun and not committed has not happened."""
    file = folder / "cosigned.sqlite"
    if not file.exists():  # it would be made, empty
        raise FileNotFoundError(f"there is no {file.name}")
    with closing(_opened(file)) as connection:
        yield connection


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = EXTRA")  # a commit is on disk, and so is the end of its journal
    return connection


def _read_logs(raw: bytes) -> tuple[VerifierKey, ...]:
    lines = [line.strip() for line in read_utf8(raw, LOGS_LIMIT, "list of logs").split("\n")]
    keys = tuple(VerifierKey.read(line) for line in lines if line and not line.startswith("#"))
    if strangers := [key.name for key in keys if key.kind is not KeyKind.NOTE]:
        raise Malformed(f"list of logs: the key of {strangers[0]} is a witness's")
    return keys
