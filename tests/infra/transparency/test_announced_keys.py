import pytest

from infra.ledger.note import KeyKind, SignerKey, VerifierKey
from infra.transparency.announced_keys import Announcement, Signers, unannounced
from tests.infra.ledger.example import LOG, ORIGIN

FIRST = LOG.verifier
SECOND, THIRD = (SignerKey.new(ORIGIN, KeyKind.NOTE).verifier for _ in range(2))


def announced(position: int, key: VerifierKey) -> Announcement:
    return Announcement(key.name, position, key.sha256)


def by(size: int, *keys: VerifierKey) -> Signers:
    return Signers(keys[0].name, size, tuple(key.id for key in keys))


@pytest.fixture(params=[(FIRST, SECOND, THIRD), (SECOND,), ()], ids=["the keys are known", "one is", "none is"])
def known(request):
    return request.param


def test_the_first_key_needs_no_announcement(known):
    assert list(unannounced([by(5, FIRST), by(9, FIRST)], [], known)) == []
    assert list(unannounced([], [], known)) == []


def test_a_key_that_was_announced_below_an_earlier_checkpoint_may_sign_from_the_next_one_on(known):
    checkpoints = [by(5, FIRST), by(9, FIRST, SECOND), by(12, SECOND), by(20, SECOND, THIRD), by(21, THIRD)]

    assert list(unannounced(checkpoints, [announced(5, SECOND), announced(12, THIRD)], known)) == []


@pytest.mark.parametrize("position", [6, 9, 10])
def test_an_announcement_that_no_earlier_checkpoint_covers_comes_too_late(known, position):
    checkpoints = [by(5, FIRST), by(9, FIRST, SECOND), by(12, SECOND)]

    assert list(unannounced(checkpoints, [announced(position, SECOND)], known)) == [(9, SECOND.id)]


def test_a_key_that_nothing_announces_is_named_once_with_the_first_checkpoint_that_it_signs(known):
    checkpoints = [by(12, THIRD), by(5, FIRST), by(9, FIRST, SECOND), by(7, FIRST), by(11, SECOND)]

    assert list(unannounced(checkpoints, [announced(7, SECOND)], known)) == [(12, THIRD.id)]


def test_of_two_keys_under_the_first_checkpoint_one_is_the_first(known):
    assert list(unannounced([by(5, FIRST, SECOND)], [announced(1, SECOND)], known)) == [(5, SECOND.id)]


def test_a_checkpoint_held_elsewhere_is_no_earlier_one_to_the_same_size(known):
    checkpoints = [by(5, FIRST), by(9, FIRST), by(9, FIRST, SECOND)]

    assert list(unannounced(checkpoints, [announced(9, SECOND)], known)) == [(9, SECOND.id)]


def test_the_announcement_of_another_key_is_none_of_a_key_that_is_known():
    checkpoints = [by(5, FIRST), by(9, FIRST, SECOND)]

    assert list(unannounced(checkpoints, [announced(2, THIRD)], [SECOND])) == [(9, SECOND.id)]
    assert list(unannounced(checkpoints, [announced(2, THIRD)], [THIRD])) == [(9, SECOND.id)]


def test_one_announcement_is_not_there_for_two_keys_that_nobody_knows():
    checkpoints = [by(5, FIRST), by(9, FIRST, SECOND), by(12, SECOND, THIRD)]

    assert list(unannounced(checkpoints, [announced(2, SECOND)], [])) == [(12, THIRD.id)]


def test_the_first_key_of_a_later_epoch_needs_no_announcement_and_the_next_one_needs_one_of_that_epoch(known):
    first, second = (SignerKey.new(f"{ORIGIN}/e2", KeyKind.NOTE).verifier for _ in range(2))
    checkpoints = [by(5, FIRST), by(9, FIRST, SECOND), by(12, first), by(15, first, second), by(20, second)]
    spare = Announcement(ORIGIN, 6, "a key that has not signed")

    for also in ((), (first, second)):
        every = [announced(5, SECOND), announced(12, second)]
        assert list(unannounced(checkpoints, every, [*known, *also])) == []
        assert list(unannounced(checkpoints, [*every[:1], spare], [*known, *also])) == [(15, second.id)]
        assert list(unannounced(checkpoints, [*every[1:], spare], [*known, *also])) == [(9, SECOND.id)]


@pytest.mark.parametrize("payload", ["{}", "[]", '{"vkey_sha256": 7}', "nonsense", b"\xff"])
def test_a_payload_of_another_form_announces_nothing(payload):
    assert Announcement.read(ORIGIN, 3, payload) == (ORIGIN, 3, "")
    assert Announcement.read(ORIGIN, 3, f'{{"vkey_sha256":"{SECOND.sha256}"}}') == announced(3, SECOND)
