"""Does a log bear out what people were told and what anybody saw of it, whatever was killed meanwhile?

Nothing of the product's is believed here that can be computed from the leaves and from what clients wrote down.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.tiles import replay


class Ack(NamedTuple):
    """An answer, as the client wrote it down: the command's last position, whether the page said "recorded", and when
    the command was first sent and then answered (seconds since 1970).
    """

    command: str
    position: int
    recorded: bool
    sent: float
    answered: float


class Row(NamedTuple):
    """A fact as it lies in the log. `once` names what may happen only once, such as a member's ballot in a round."""

    position: int
    stream: str
    version: int
    command: str
    leaf: bytes
    once: str = ""


class Borne(NamedTuple):
    """What does not fit, by kind; all empty when the log bears everything out."""

    lost: tuple[str, ...]
    gaps: tuple[str, ...]
    twice: tuple[str, ...]
    forked: tuple[str, ...]
    early: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not any(self)


def borne_out(
    head: int,
    log: Sequence[Row],
    acks: Sequence[Ack],
    seen: Mapping[Checkpoint, object],
    witnessed: Mapping[int, float],
) -> Borne:
    """Hold a log that says that it ends at `head` against all answers and all checkpoints that were ever seen.

    `witnessed` are the checkpoints, by size, that carry the quorum, and when the last of it came.
    """
    return Borne(
        tuple(_lost(log, acks)),
        tuple(_gaps(head, log)),
        tuple(_twice(log)),
        tuple(_forked(log, seen)),
        tuple(_early(acks, witnessed)),
    )


def _lost(log: Sequence[Row], acks: Sequence[Ack]) -> Iterator[str]:
    command_at = {row.position: row.command for row in log}
    for ack in acks:
        if command_at.get(ack.position) != ack.command:
            yield f"command {ack.command} was answered with position {ack.position}, and is not there"


def _gaps(head: int, log: Sequence[Row]) -> Iterator[str]:
    if head != len(log):
        yield f"the log says that it ends at {head}, and holds {len(log)} facts"
    versions: Counter[str] = Counter()
    for number, row in enumerate(log, 1):
        versions[row.stream] += 1
        if row.position != number:
            yield f"position {row.position} stands where {number} should"
        if row.version != versions[row.stream]:
            yield f"position {row.position}: version {row.version} where {versions[row.stream]} should be"


def _twice(log: Sequence[Row]) -> Iterator[str]:
    pieces = Counter(command for command, _ in groupby(row.command for row in log))
    yield from (f"command {command} lies in {count} places" for command, count in pieces.items() if count > 1)
    deeds = Counter(row.once for row in log if row.once)
    yield from (f"{deed} happened {count} times" for deed, count in deeds.items() if count > 1)


def _forked(log: Sequence[Row], seen: Mapping[Checkpoint, object]) -> Iterator[str]:
    roots = replay((row.leaf for row in log), [one.size for one in seen])
    for one, where in seen.items():
        if roots.get(one.size) != one.root:
            yield f"a checkpoint of {one.size}, seen at {where}, is none of this log"


def _early(acks: Sequence[Ack], witnessed: Mapping[int, float]) -> Iterator[str]:
    """A position is witnessed since the earliest moment of any checkpoint that covers it."""
    sizes = sorted(witnessed)
    since: list[float] = []
    for size in reversed(sizes):
        since.append(min(witnessed[size], since[-1] if since else witnessed[size]))
    since.reverse()
    for ack in acks:
        which = bisect_left(sizes, ack.position)
        if not ack.recorded:
            continue
        if which == len(sizes):
            yield f"position {ack.position} was called recorded, and no witnessed checkpoint covers it"
        elif since[which] > ack.answered:
            yield f"position {ack.position} was called recorded {since[which] - ack.answered:.2f} s too early"
