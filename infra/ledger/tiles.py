"""The tree in tiles of 256 hashes (c2sp.org/tlog-tiles): how it grows, and how proofs are read from few of them.

A tile at level 0 holds leaf hashes, one at level L + 1 the roots of 256 tiles below. A full tile never changes; the
last of each level may be partial and is replaced by a wider one. Which tiles a proof needs, `places` says of its
`inclusion_path` or `consistency_path`. A stored tile proves nothing by itself: whoever makes a proof from tiles
verifies it against a signed root before handing it on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from infra.ledger.leaf import leaf_hash
from infra.ledger.text import LARGEST, Malformed
from infra.ledger.tree import WIDTH, fold, parents, split

#: Levels of nodes in one tile; a full tile is 256 hashes wide.
HEIGHT = 8
FULL = 1 << HEIGHT
BYTES = FULL * WIDTH

#: Leaves hashed at a time where a whole log is read.
BATCH = 1 << 16

_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")


class TilePlace(NamedTuple):
    """Where a tile stands: its level, and its number in the level, both from 0."""

    level: int
    number: int


class Tile(NamedTuple):
    """A tile that is new, or wider than it was."""

    place: TilePlace
    hashes: bytes


#: Tiles by their place, from wherever they are stored; a wider tile than asked for will do.
Tiles = Mapping[TilePlace, bytes]

#: The leaves from the first number up to, without, the second.
Range = tuple[int, int]


# Names and bundles ------------------------------------------------------------------------------------


def path(level: int | None, index: int, width: int = FULL) -> str:
    """Where a tile stands under a log's address; without a level, its bundle of entries."""
    name = f"{index % 1000:03}"
    while index := index // 1000:
        name = f"x{index % 1000:03}/{name}"
    return f"tile/{'entries' if level is None else level}/{name}" + (f".p/{width}" if width < FULL else "")


def read_path(text: str) -> tuple[int | None, int, int]:
    """Level (None for entries), index and width that a path names. Raises Malformed unless `path` would write it so."""
    if len(text) <= 64 and (found := _PATH.fullmatch(text)):
        level = None if found[1] == "entries" else int(found[1])
        index = int(re.sub(r"[x/]", "", found[2]))
        width = int(found[3] or FULL)
        if (level is None or level < 64) and 0 < width <= FULL and path(level, index, width) == text:
            return level, index, width
    raise Malformed("not the path of a tile or of a bundle of entries")


def layout(size: int) -> Iterator[tuple[TilePlace, int]]:
    """Every tile of a tree of so many leaves, with its width."""
    for level, (full, rest) in enumerate(_rows(size)):
        yield from ((TilePlace(level, index), FULL) for index in range(full))
        if rest:
            yield TilePlace(level, full), rest


def bundle(leaves: Iterable[bytes]) -> bytes:
    """Leaves as an entry bundle: each behind its length in two bytes."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def read_bundle(raw: bytes, width: int) -> list[bytes]:
    """The leaves of a bundle of exactly so many. Raises Malformed."""
    leaves = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw):
            raise Malformed("a bundle that ends within an entry")
        leaves.append(raw[at + 2 : end])
        at = end
    if len(leaves) != width:
        raise Malformed(f"a bundle of {len(leaves)} entries instead of {width}")
    return leaves


# Growing ----------------------------------------------------------------------------------------------


class Edge(msgspec.Struct, frozen=True):
    """The right edge of a tree, all that it needs in order to grow: its size, and the partial tile of each level."""

    size: int = 0
    partial: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, size: int, tiles: Tiles) -> "Edge":
        """The edge of a tree from its stored tiles: those of `edge_places`. Raises Malformed when one is too short."""
        return cls(
            size,
            tuple(_hashes(tiles, TilePlace(level, full), 0, rest) for level, (full, rest) in enumerate(_rows(size))),
        )

    def root(self) -> bytes:
        """Of the whole tree, with nothing read."""
        return fold(subtree for hashes in reversed(self.partial) for subtree in _subtrees(hashes))

    def grow(self, hashes: Sequence[bytes]) -> tuple["Edge", list[Tile]]:
        """The edge after these leaf hashes, and every tile that they make or widen."""
        tiles: list[Tile] = []
        partial: list[bytes] = []
        fresh = b"".join(hashes)
        size = self.size + len(fresh) // WIDTH
        for level, _ in enumerate(_rows(size)):
            row = (self.partial[level] if level < len(self.partial) else b"") + fresh
            if fresh:
                first = self.size >> HEIGHT * (level + 1)
                cuts = range(0, len(row), BYTES)
                tiles += [
                    Tile(TilePlace(level, first + number), row[at : at + BYTES]) for number, at in enumerate(cuts)
                ]
            whole = len(row) - len(row) % BYTES
            partial.append(row[whole:])
            fresh = _above(row[:whole], HEIGHT)
        return Edge(size, tuple(partial)), tiles


def edge_places(size: int) -> list[TilePlace]:
    """The partial tiles of a tree of that size."""
    return [TilePlace(level, full) for level, (full, rest) in enumerate(_rows(size)) if rest]


def replay(leaves: Iterable[bytes], sizes: Iterable[int] = ()) -> dict[int, bytes]:
    """Hash a whole log again from its leaves: its root, by its size, and its root at each of these sizes.

    One pass and constant memory, however many sizes are asked for: those of every checkpoint held elsewhere, say.
    Sizes that the log does not reach are left out, so the largest is the log's own.
    """
    hashes = map(leaf_hash, leaves)
    edge = Edge()
    roots = {}
    for stop in (*sorted(set(sizes)), LARGEST):
        while batch := list(islice(hashes, min(BATCH, stop - edge.size))):
            edge, _ = edge.grow(batch)
        if edge.size == stop:
            roots[stop] = edge.root()
    return roots | {edge.size: edge.root()}


# Proofs -----------------------------------------------------------------------------------------------


def inclusion_path(index: int, size: int) -> list[Range]:
    """What the hashes of an inclusion proof stand for, from the leaf's sibling up (RFC 6962, section 2.1.1)."""
    found: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        found.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return found[::-1]


def consistency_path(old: int, new: int) -> list[Range]:
    """What the hashes of a consistency proof stand for (RFC 6962, section 2.1.2); nothing from the empty tree."""
    found: list[Range] = []
    start, end = 0, new
    while 0 < old < end:
        middle = start + split(end - start)
        found.append((middle, end) if old <= middle else (start, middle))
        start, end = (start, middle) if old <= middle else (middle, end)
    if start and old:
        found.append((start, end))
    return found[::-1]


def places(ranges: Iterable[Range]) -> set[TilePlace]:
    """The tiles that `resolve` will read."""
    return {_place(height, index)[0] for start, end in ranges for height, index in _complete(start, end)}


def resolve(ranges: Iterable[Range], tiles: Tiles) -> list[bytes]:
    """The root of each range. Raises Malformed when a tile is missing or too short."""
    return [fold(_node(tiles, height, index) for height, index in _complete(start, end)) for start, end in ranges]


def inclusion_proof(index: int, size: int, tiles: Tiles) -> list[bytes]:
    return resolve(inclusion_path(index, size), tiles)


def consistency_proof(old: int, new: int, tiles: Tiles) -> list[bytes]:
    return resolve(consistency_path(old, new), tiles)


def root(size: int, tiles: Tiles) -> bytes:
    """The root of the first `size` leaves."""
    return resolve([(0, size)], tiles)[0]


def _complete(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees of a range, from left to right: their height, and their number at that height."""
    while start < end:
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        yield height, start >> height
        start += 1 << height


def _place(height: int, index: int) -> tuple[TilePlace, int]:
    """The tile that holds the hashes of a complete subtree, and the first of them in it."""
    level, within = divmod(height, HEIGHT)
    number, first = divmod(index << within, FULL)
    return TilePlace(level, number), first


def _node(tiles: Tiles, height: int, index: int) -> bytes:
    place, first = _place(height, index)
    within = height % HEIGHT
    return _above(_hashes(tiles, place, first, 1 << within), within)


def _hashes(tiles: Tiles, place: TilePlace, first: int, count: int) -> bytes:
    stored = tiles.get(place, b"")
    end = (first + count) * WIDTH
    if not end <= len(stored) <= BYTES:
        raise Malformed(f"{path(*place)} is missing, or is not {first + count} hashes wide")
    return stored[first * WIDTH : end]


def _subtrees(hashes: bytes) -> Iterator[bytes]:
    for height, index in _complete(0, len(hashes) // WIDTH):
        size = WIDTH << height
        yield _above(hashes[index * size : (index + 1) * size], height)


def _above(hashes: bytes, levels: int) -> bytes:
    for _ in range(levels):
        hashes = parents(hashes)
    return hashes


def _rows(size: int) -> Iterator[tuple[int, int]]:
    """Level by level, how many full tiles a tree has, and how wide its partial one is."""
    while size:
        yield divmod(size, FULL)
        size //= FULL
