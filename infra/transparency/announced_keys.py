"""The keys that may sign a log: its first, and each that a fact announced below an earlier checkpoint.

Keys change within an epoch of the log. A new epoch has a first key of its own, for which no announcement vouches but
`log.restored`, which begins it, and the policy that is published in it.

This can be checked where the log itself is at hand (`minhchuan verify`, the whole export). A dossier or a receipt has
one or two checkpoints and not the log's own stream, so there the policy alone says whose signatures count.

A signature names its key by four bytes, and an announcement by the hash of the whole key, so the two are compared
where the key is known, which is when the policy names it. Of other keys it is only counted whether as many had been
announced by then. Whether their signatures hold, nobody can say who does not have the keys; and the first key is
whichever signed the smallest checkpoint there is, unless somebody holds another.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from infra.ledger.note import Note, VerifierKey


class Announcement(NamedTuple):
    """A key was announced in this epoch of the log, at this position, by the hash of its text."""

    origin: str
    position: int
    vkey_sha256: str

    @classmethod
    def read(cls, origin: str, position: int, payload: str | bytes) -> "Announcement":
        """What this payload announces; where it is another one, a hash that no key has."""
        try:
            return cls(origin, position, msgspec.json.decode(payload, type=_Payload).vkey_sha256)
        except msgspec.DecodeError:
            return cls(origin, position, "")


class _Payload(msgspec.Struct):
    vkey_sha256: str


class Signers(NamedTuple):
    """The keys, by their ids, that have put their lines under a checkpoint of this size in the name of its epoch."""

    origin: str
    size: int
    keys: tuple[bytes, ...]


def signers(size: int, note: Note) -> Signers:
    origin = note.text.partition("\n")[0]
    return Signers(origin, size, tuple(line.id for line in note.signatures if line.name == origin))


def unannounced(
    checkpoints: Iterable[Signers], announcements: Collection[Announcement], known: Iterable[VerifierKey]
) -> Iterator[tuple[int, bytes]]:
    """The keys that had no right to sign, epoch by epoch, each with the first checkpoint that it has signed."""
    hashes = {key.id: key.sha256 for key in known}
    every = list(checkpoints)
    for origin in dict.fromkeys(one.origin for one in every):
        own = sorted((one for one in every if one.origin == origin), key=lambda one: one.size)
        yield from _unannounced(own, [one for one in announcements if one.origin == origin], hashes)


def _unannounced(
    checkpoints: Iterable[Signers], announcements: Collection[Announcement], hashes: Mapping[bytes, str]
) -> Iterator[tuple[int, bytes]]:
    seen: set[bytes] = set()
    others = 0
    before = last = 0
    for _, size, keys in checkpoints:
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
