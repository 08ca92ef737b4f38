from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from domain.log import LOG, Log
from infra.ledger.leaf import Leaf
from infra.log.stored_rows import BadEntry, StoredRow

ORIGIN = "minhchuan.example/t/17"
SECOND, THIRD = f"{ORIGIN}/e2", f"{ORIGIN}/e3"


def said(log: str, kind: str = "season.opened") -> Leaf:
    stream = str(LOG.id("t_17"))
    at = "2026-11-22T08:00:00.000000Z"
    return Leaf("u-1", at, stream, [], log, "", "0" * 64, "", 1, stream, kind, "", 1, 1)


def row(position: int, *, kind: str = "log", **data: object) -> StoredRow:
    stream = str(LOG.id("t_17"))
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    text = msgspec.json.encode(data).decode()
    return StoredRow(position, kind, "", "log", stream, 1, "", 1, str(UUID(int=1)), "", "", at, text, b"", b"")


def begins(position: int, log: str, **changes: object) -> StoredRow:
    return row(position, **{"origin": log, "kept": position - 1, **changes})  # type: ignore[arg-type]


RESTORED, CLOSED = Log.Restored.TOPIC, Log.Closed.TOPIC


@pytest.mark.parametrize(
    ("entry", "now", "before"),
    [
        (row(1), said(ORIGIN), None),
        (row(7), said(THIRD), None),  # what stands before is another's to look at
        (row(7), said(ORIGIN), said(ORIGIN)),
        (row(7), said(SECOND), said(SECOND, RESTORED)),
        (begins(7, SECOND), said(SECOND, RESTORED), said(ORIGIN)),
        (begins(7, THIRD), said(THIRD, RESTORED), said(ORIGIN)),  # the second was lost with all that was in it
        (begins(7, THIRD), said(THIRD, RESTORED), said(SECOND, RESTORED)),
        (row(7), said(ORIGIN, CLOSED), said(ORIGIN)),
    ],
)
def test_a_fact_may_follow_one_of_its_epoch_and_a_new_epoch_begins_with_the_fact_that_says_so(entry, now, before):
    entry.check_course(now, before)


@pytest.mark.parametrize(
    ("entry", "now", "before", "reason"),
    [
        (row(1), said(SECOND), None, "does not begin as"),
        (begins(1, SECOND), said(SECOND, RESTORED), None, "does not begin as"),
        (row(7), said(ORIGIN), said(SECOND), "the fact before it of"),
        (begins(7, ORIGIN), said(ORIGIN, RESTORED), said(SECOND), "the fact before it of"),
        (begins(7, "elsewhere/e3"), said("elsewhere/e3", RESTORED), said(SECOND), "the fact before it of"),
        (begins(7, f"{ORIGIN}/e02"), said(f"{ORIGIN}/e02", RESTORED), said(ORIGIN), "the fact before it of"),
        (row(7), said(SECOND), said(ORIGIN), "cannot follow"),  # nothing admits a loss
        (begins(7, SECOND), said(SECOND), said(ORIGIN), "cannot follow"),
        (begins(7, SECOND), said(SECOND, RESTORED), said(SECOND), "cannot follow"),
        (begins(7, ORIGIN), said(ORIGIN, RESTORED), said(ORIGIN), "cannot follow"),
        (begins(7, THIRD), said(SECOND, RESTORED), said(ORIGIN), "cannot follow"),  # it says something else
        (begins(7, SECOND, kept=7), said(SECOND, RESTORED), said(ORIGIN), "cannot follow"),
        (begins(7, SECOND, kept=5), said(SECOND, RESTORED), said(ORIGIN), "cannot follow"),
        (begins(7, SECOND, kept="6"), said(SECOND, RESTORED), said(ORIGIN), "cannot follow"),
        (begins(7, SECOND, kind="unit"), said(SECOND, RESTORED), said(ORIGIN), "cannot follow"),
        (row(7), said(SECOND, RESTORED), said(ORIGIN), "cannot follow"),
        (row(7), said(ORIGIN), said(ORIGIN, CLOSED), "closed"),
        (begins(7, SECOND), said(SECOND, RESTORED), said(ORIGIN, CLOSED), "closed"),
    ],
)
def test_no_epoch_falls_begins_by_itself_or_begins_twice_and_nothing_follows_the_end(entry, now, before, reason):
    with pytest.raises(BadEntry, match=reason):
        entry.check_course(now, before)
