"""Which keys may sign a log: its first, and each that a fact announced below a checkpoint that stood before.

This can be checked where the log itself is at hand (`minhchuan verify`, the whole export). A dossier or a receipt has
one or two checkpoints and not the log's own stream, so there the policy alone says whose signatures count.

A signature names its key by four bytes, and an announcement by the hash of the whole key, so the two are compared
where the key is known, which is when the policy names it. Of other keys it is only counted whether as many had been
announced by then. Whether their signatures hold, nobody can say who does not have the keys; and the first key is
whichever signed the smallest checkpoint there is, unless somebody holds another.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec

from infra.ledger.note import Note, VerifierKey


class Announcement(NamedTuple):
    """A key was announced at this position, by the hash of its text."""

    position: int
    vkey_sha256: str

    @classmethod
    def read(cls, position: int, payload: str | bytes) -> "Announcement":
        """What this payload announces; where it is another one, a hash that no key has."""
        try:
            return cls(position, msgspec.json.decode(payload, type=_Payload).vkey_sha256)
        except msgspec.DecodeError:
            return cls(position, "")


class _Payload(msgspec.Struct):
    vkey_sha256: str


class Signers(NamedTuple):
    """The keys, by their ids, that have put their lines under a checkpoint of this size in the name of its log."""

    size: int
    keys: tuple[bytes, ...]


def signers(size: int, note: Note, origin: str) -> Signers:
    return Signers(size, tuple(line.id for line in note.signatures if line.name == origin))


def unannounced(
    checkpoints: Iterable[Signers], announcements: Collection[Announcement], known: Iterable[VerifierKey]
) -> Iterator[tuple[int, bytes]]:
    """The keys that had no right to sign, each with the first checkpoint that it has signed."""
    hashes = {key.id: key.sha256 for key in known}
    seen: set[bytes] = set()
    others = 0
    before = last = 0
    for size, keys in sorted(checkpoints, key=lambda one: one.size):
        if size > last:
            before, last = last, size
        for key in keys:
            if key in seen:
                continue
            seen.add(key)
            if len(seen) == 1:
                continue
            announced = {one.vkey_sha256 for one in announcements if one.position <= before}
            if key in hashes:
                if hashes[key] not in announced:
                    yield size, key
            elif others < len(announced - set(hashes.values())):
                others += 1
            else:
                yield size, key
