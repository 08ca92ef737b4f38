"""The kills of `make kills`, a few of them; and that whoever counts what was lost can find something."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.tiles import replay
from tests.fault.bearing import Ack, Borne, Row, borne_out
from tests.fault.kills import KINDS, in_folder

ORIGIN = "minhchuan.example/t/1"


@pytest.mark.fault
def test_whatever_is_killed_under_load_nothing_acknowledged_is_lost_and_no_checkpoint_contradicts_another(tmp_path):
    told = in_folder(tmp_path, 2 * len(KINDS), seed=1)

    assert told.faults == ()
    assert told.borne == Borne((), (), (), (), ())
    assert {one.kind for one in told.falls} == set(KINDS)
    assert told.notes.unanswered
    assert any(one.recorded for one in told.notes.acks)
    assert {where for places in told.seen.values() for where in places} == {
        *("the database", "the sealer", "thanh-tra", "tinh-ban")
    }


# Whoever counts ---------------------------------------------------------------------------------------


class Run(NamedTuple):
    """What a checker is given; forty facts of four streams, two a command, the even commands called recorded."""

    head: int
    log: list[Row]
    acks: list[Ack]
    seen: dict[Checkpoint, object]
    witnessed: dict[int, float]


def a_run() -> Run:
    log = [Row(n, f"s{n % 4}", (n + 3) // 4, f"c{(n + 1) // 2}", b"leaf %d" % n, f"ballot {n}") for n in range(1, 41)]
    acks = [Ack(f"c{n}", 2 * n, n % 2 == 0, sent=n - 0.5, answered=n + 0.9) for n in range(1, 21)]
    roots = replay((row.leaf for row in log), range(2, 41, 2))
    seen: dict[Checkpoint, object] = {Checkpoint(ORIGIN, size, root): {"the sealer"} for size, root in roots.items()}
    return Run(40, log, acks, seen, {4 * n: 2 * n + 0.5 for n in range(1, 11)})


def found(run: Run) -> dict[str, int]:
    return {kind: len(texts) for kind, texts in borne_out(*run)._asdict().items() if texts}


def test_a_run_in_which_all_went_well_is_borne_out():
    assert found(a_run()) == {}


def without_the_last_command(run: Run) -> Run:
    return run._replace(head=38, log=run.log[:38])


def without_a_fact_in_the_middle(run: Run) -> Run:
    return run._replace(log=[row for row in run.log if row.position != 7])


def renumbered_without_a_command(run: Run) -> Run:
    rest = [row for row in run.log if row.command != "c20"]
    return run._replace(head=38, log=[row._replace(position=n) for n, row in enumerate(rest, 1)])


def with_another_fact_in_its_place(run: Run) -> Run:
    return run._replace(log=[row._replace(leaf=b"other") if row.position == 30 else row for row in run.log])


def with_a_command_twice(run: Run) -> Run:
    again = [run.log[0]._replace(position=41, version=11), run.log[1]._replace(position=42, version=11)]
    renamed = [row._replace(stream=f"s{row.position % 4}", once="") for row in again]
    return run._replace(head=42, log=[*run.log, *renamed])


def with_a_deed_under_two_commands(run: Run) -> Run:
    return run._replace(log=[row._replace(once="ballot 1") if row.position == 9 else row for row in run.log])


def with_a_version_left_out(run: Run) -> Run:
    return run._replace(log=[row._replace(version=11) if row.position == 40 else row for row in run.log])


def with_two_checkpoints_of_one_size(run: Run) -> Run:
    return run._replace(seen={**run.seen, Checkpoint(ORIGIN, 20, bytes(32)): {"a witness"}})


def with_a_checkpoint_beyond_the_end(run: Run) -> Run:
    return run._replace(seen={**run.seen, Checkpoint(ORIGIN, 44, bytes(32)): {"a witness"}})


def with_the_last_cosignature_late(run: Run) -> Run:
    return run._replace(witnessed=run.witnessed | {40: 21.5})


def without_the_last_cosignature(run: Run) -> Run:
    return run._replace(witnessed={size: at for size, at in run.witnessed.items() if size < 40})


WRONG: dict[Callable[[Run], Run], dict[str, int]] = {
    without_the_last_command: {"lost": 1, "forked": 1},
    without_a_fact_in_the_middle: {"gaps": 33 + 8 + 1, "forked": 17},
    renumbered_without_a_command: {"lost": 1, "forked": 1},
    with_another_fact_in_its_place: {"forked": 6},
    with_a_command_twice: {"twice": 1},
    with_a_deed_under_two_commands: {"twice": 1},
    with_a_version_left_out: {"gaps": 1},
    with_two_checkpoints_of_one_size: {"forked": 1},
    with_a_checkpoint_beyond_the_end: {"forked": 1},
    with_the_last_cosignature_late: {"early": 1},
    without_the_last_cosignature: {"early": 1},
}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
def test_what_a_log_does_not_bear_out_is_found(spoil):
    assert found(spoil(a_run())) == WRONG[spoil]
