from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf_hash
from infra.ledger.note import KeyKind, Note, SignerKey, read_signatures
from infra.ledger.text import Malformed
from infra.ledger.tiles import Edge, TilePlace, consistency_proof, root
from infra.ledger.witness import SIZE_TYPE, TEXT_TYPE, Request, Witness
from tests.infra.ledger import refused
from tests.infra.ledger.example import AT, LOG, ORIGIN, WITNESS

TILES = dict(Edge().grow([leaf_hash(b"%d" % number) for number in range(500)])[1])
FORKED = dict(Edge().grow([leaf_hash(b"%d" % (number if number != 2 else 7)) for number in range(500)])[1])
WATCHING = Witness(WITNESS, (LOG.verifier,))


def at_size(size: int, tiles: dict[TilePlace, bytes] = TILES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root(size, tiles))


def a_request(old: int, new: int, tiles: dict[TilePlace, bytes] = TILES) -> Request:
    return Request.of(old, consistency_proof(old, new, tiles), at_size(new, tiles).sign(LOG))


def test_a_log_is_cosigned_from_its_first_checkpoint_on():
    first = WATCHING.answer(a_request(0, 5), None, AT)
    second = WATCHING.answer(a_request(5, 9), first.keep, AT + 1)

    assert (first.status, first.keep, first.type) == (HTTPStatus.OK, at_size(5), TEXT_TYPE)
    assert (second.status, second.keep) == (HTTPStatus.OK, at_size(9))
    cosigned = at_size(9).sign(LOG).also(read_signatures(second.body))
    assert [one.at for one in cosigned.check([LOG.verifier, WITNESS.verifier])] == [None, AT + 1]


def test_the_same_checkpoint_is_cosigned_again_with_a_new_time():
    answer = WATCHING.answer(a_request(5, 5), at_size(5), AT + 7)

    assert (answer.status, answer.keep) == (HTTPStatus.OK, at_size(5))
    assert at_size(5).sign(LOG).also(read_signatures(answer.body)).check([WITNESS.verifier])[0].at == AT + 7


def test_an_empty_log_is_cosigned():
    assert WATCHING.answer(a_request(0, 0), None, AT).status == HTTPStatus.OK


def test_a_log_that_it_does_not_know_is_not_found():
    other = Checkpoint("other.example/log", 5, at_size(5).root)

    answer = WATCHING.answer(Request.of(0, (), other.sign(LOG)), None, AT)

    assert (answer.status, answer.keep, answer.evidence) == (HTTPStatus.NOT_FOUND, None, None)


@pytest.mark.parametrize(
    "note",
    [
        at_size(9).sign(SignerKey.new(ORIGIN, KeyKind.NOTE)),
        Note(at_size(9).text, (LOG.sign(at_size(8).text),)),
        Note(at_size(9).text, (LOG.sign(at_size(9).text), LOG.sign(at_size(8).text))),
        Note(at_size(9).text, (WITNESS.sign(at_size(9).text, AT),)),
    ],
)
def test_a_checkpoint_that_its_log_has_not_signed_is_forbidden_before_anything_is_told_of_the_log(note: Note):
    answer = WATCHING.answer(Request.of(0, (), note), at_size(5), AT)

    assert (answer.status, answer.keep, answer.evidence) == (HTTPStatus.FORBIDDEN, None, None)
    assert "5" not in answer.body.replace(ORIGIN, "")


@pytest.mark.parametrize(("old", "new"), [(0, 9), (4, 9), (6, 9), (9, 9), (0, 5), (3, 3)])
def test_an_old_size_that_is_not_the_last_cosigned_one_is_answered_with_that(old: int, new: int):
    answer = WATCHING.answer(a_request(old, new), at_size(5), AT)

    assert (answer.status, answer.body, answer.type) == (HTTPStatus.CONFLICT, "5\n", SIZE_TYPE)
    assert (answer.keep, answer.evidence) == (None, None)


def test_a_log_never_cosigned_starts_at_zero():
    answer = WATCHING.answer(a_request(3, 9), None, AT)

    assert (answer.status, answer.body, answer.type) == (HTTPStatus.CONFLICT, "0\n", SIZE_TYPE)


def test_another_root_of_the_same_size_is_a_contradiction_and_kept():
    answer = WATCHING.answer(a_request(5, 5, FORKED), at_size(5), AT)

    assert (answer.status, answer.type, answer.keep) == (HTTPStatus.UNPROCESSABLE_ENTITY, TEXT_TYPE, None)
    assert answer.evidence == at_size(5, FORKED).sign(LOG)


def test_a_log_that_was_rewritten_below_what_was_cosigned_is_never_cosigned_again():
    answer = WATCHING.answer(a_request(5, 9, FORKED), at_size(5), AT)

    assert (answer.status, answer.keep) == (HTTPStatus.UNPROCESSABLE_ENTITY, None)
    assert answer.evidence == at_size(9, FORKED).sign(LOG)


@pytest.mark.parametrize(
    ("old", "new", "proof", "last"),
    [
        (5, 9, (), at_size(5)),
        (5, 9, tuple(consistency_proof(4, 9, TILES)), at_size(5)),
        (5, 9, (*consistency_proof(5, 9, TILES), bytes(32)), at_size(5)),
        (5, 5, (bytes(32),), at_size(5)),
        (0, 9, (bytes(32),), None),
    ],
)
def test_a_proof_that_does_not_lead_there_is_unprocessable(
    old: int, new: int, proof: tuple[bytes, ...], last: Checkpoint | None
):
    answer = WATCHING.answer(Request.of(old, proof, at_size(new).sign(LOG)), last, AT)

    assert (answer.status, answer.keep) == (HTTPStatus.UNPROCESSABLE_ENTITY, None)


def test_a_log_that_rotates_its_key_is_known_by_either():
    new = SignerKey.new(ORIGIN, KeyKind.NOTE)
    watching = Witness(WITNESS, (LOG.verifier, new.verifier))

    for note in (at_size(5).sign(LOG), at_size(5).sign(new), at_size(5).sign(LOG, new)):
        assert watching.answer(Request.of(0, (), note), None, AT).status == HTTPStatus.OK


def test_a_request_is_read_as_it_was_written():
    for request in (a_request(0, 5), a_request(5, 200), a_request(5, 5)):
        assert Request.read(bytes(request)) == request


@pytest.mark.parametrize(("raw", "reason"), refused.REQUESTS)
def test_a_body_that_is_no_request_is_refused_with_the_reason(raw: bytes, reason: str):
    with pytest.raises(Malformed, match=reason):
        Request.read(raw)


@given(st.lists(st.sampled_from(refused.REQUEST.split("\n")) | st.text(max_size=9), max_size=12))
def test_whatever_is_sent_is_read_exactly_or_refused(lines: list[str]):
    raw = "\n".join(lines).encode()

    with suppress(Malformed):
        assert bytes(Request.read(raw)) == raw


def test_a_witness_has_a_key_for_cosignatures():
    with pytest.raises(Malformed, match="not for cosignatures"):
        Witness(LOG, (LOG.verifier,))


ROOTS = {size: (root(size, TILES), root(size, FORKED)) for size in range(300)}


class AWitnessAndALogThatMayLie(RuleBasedStateMachine):
    """Whatever is asked, all that was ever cosigned is one history."""

    def __init__(self) -> None:
        super().__init__()
        self.last: Checkpoint | None = None
        self.cosigned: list[Checkpoint] = []

    @rule(old=st.integers(0, 40) | st.none(), grown=st.integers(0, 12), tiles=st.sampled_from([TILES, FORKED]))
    def ask(self, old: int | None, grown: int, tiles: dict[TilePlace, bytes]) -> None:
        """From that size, or from the one cosigned last, as an honest log would."""
        start = (self.last.size if self.last else 0) if old is None else old
        answer = WATCHING.answer(a_request(start, start + grown, tiles), self.last, AT)
        assert (answer.status == HTTPStatus.OK) == (answer.keep is not None)
        if answer.keep:
            self.last = answer.keep
            self.cosigned.append(answer.keep)

    @invariant()
    def one_history(self) -> None:
        sizes = [one.size for one in self.cosigned]
        assert sizes == sorted(sizes)
        assert any(all(ROOTS[one.size][history] == one.root for one in self.cosigned) for history in (0, 1))


TestOneHistory = AWitnessAndALogThatMayLie.TestCase
TestOneHistory.settings = settings(max_examples=50, stateful_step_count=20)


def test_the_root_of_the_fork_is_another():
    assert at_size(2) == at_size(2, FORKED)
    assert at_size(3) != at_size(3, FORKED)
    assert sha256(b"").digest() == at_size(0).root
