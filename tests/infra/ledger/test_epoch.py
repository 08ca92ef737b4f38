import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger.epoch import MOST, Epoch, covers

LOG = "minhchuan.example/t/17"


def test_a_log_goes_on_under_its_name_with_the_number_of_the_epoch():
    first = Epoch.read(LOG)

    assert (first.log, first.number, first.origin) == (LOG, 1, LOG)
    assert first.next().origin == f"{LOG}/e2"
    assert first.next().next().origin == f"{LOG}/e3"


@given(st.integers(1, MOST))
def test_every_epoch_is_read_again_from_its_origin(number: int):
    epoch = Epoch(LOG, number)

    assert Epoch.read(epoch.origin) == epoch


def test_there_is_a_last_epoch():
    with pytest.raises(ValueError, match="last epoch"):
        Epoch(LOG, MOST).next()


@pytest.mark.parametrize("earlier", [LOG, f"{LOG}/e2", f"{LOG}/e9", f"{LOG}/e10"])
def test_a_leaf_of_the_same_or_an_earlier_epoch_stands_under_a_checkpoint(earlier: str):
    assert covers(f"{LOG}/e10", earlier)


@pytest.mark.parametrize(
    "other",
    [
        f"{LOG}/e11",  # a later epoch
        f"{LOG}8",  # other logs
        f"{LOG}/",
        "minhchuan.example/t/1",
        "elsewhere.example/t/17",
        f"elsewhere.example/{LOG}",
        "",
        f"{LOG}/e0",  # what is no epoch
        f"{LOG}/e1",
        f"{LOG}/e02",
        f"{LOG}/e",
        f"{LOG}/e-2",
        f"{LOG}/e 2",
        f"{LOG}/e2 ",
        f"{LOG}/e2\n",
        f"{LOG}/E2",
        f"{LOG}/x2",
        f"{LOG}/e2/e2",
        f"{LOG}/e\u0662",  # a digit, but not one of ours
        f"{LOG}/e{MOST + 1}",
        f"{LOG}/e1000000000000000000000",
    ],
)
def test_a_leaf_of_a_later_epoch_or_of_another_log_does_not(other: str):
    assert not covers(f"{LOG}/e10", other)


def test_the_first_epoch_covers_nothing_but_itself():
    assert covers(LOG, LOG)
    assert not covers(LOG, f"{LOG}/e2")
    assert not covers(f"{LOG}/e1", LOG)
    assert not covers(f"{LOG}/e1000", LOG)


def test_a_log_whose_own_name_looks_like_an_epoch_is_not_the_log_without_it():
    nested = Epoch(f"{LOG}/e2", 3)

    assert nested.origin == f"{LOG}/e2/e3"
    assert not covers(nested.origin, LOG)
    assert not covers(nested.origin, f"{LOG}/e2")
