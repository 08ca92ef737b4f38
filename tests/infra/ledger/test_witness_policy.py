from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.text import BadSignature, Malformed
from infra.ledger.witness_policy import Cosigned, Policy, QuorumMissed
from tests.infra.ledger import refused
from tests.infra.ledger.example import AT, LOG, ORIGIN, POLICY, WITNESS
from tests.infra.ledger.refused import HEAD, LINES, SECOND, THIRD


def a_policy(quorum: int | str = 2) -> Policy:
    return Policy.read("\n".join([*LINES, f"quorum {quorum}", ""]).encode())


def cosigned(*keys: SignerKey, head: Checkpoint = HEAD) -> Note:
    return head.sign(LOG).also(key.sign(head.text, AT + number) for number, key in enumerate(keys))


def test_a_checkpoint_is_accepted_when_the_quorum_has_cosigned():
    verdict = a_policy(2).verify(cosigned(THIRD, WITNESS))

    assert verdict.checkpoint == HEAD
    assert verdict.cosigned == (Cosigned("thanhtra", AT + 1), Cosigned("hang", AT))
    assert (verdict.accepted, verdict.witnessed, verdict.at) == (True, True, AT)
    assert str(verdict) == "cosigned 2 of 3, quorum 2"


def test_a_checkpoint_short_of_the_quorum_can_be_looked_at_but_does_not_verify():
    verdict = a_policy(2).judge(cosigned(WITNESS))

    assert (verdict.accepted, verdict.witnessed) == (False, False)
    with pytest.raises(QuorumMissed, match="checkpoint 3: cosigned 1 of 3, quorum 2"):
        a_policy(2).verify(cosigned(WITNESS))
    with pytest.raises(QuorumMissed):
        a_policy(1).verify(cosigned())


def test_a_quorum_of_nobody_accepts_and_says_that_nobody_has_witnessed():
    for note in (cosigned(), cosigned(WITNESS)):
        verdict = a_policy(0).verify(note)

        assert (verdict.accepted, verdict.witnessed) == (True, False)
    assert a_policy(0).verify(cosigned()).at is None
    assert str(a_policy(0).verify(cosigned())) == "cosigned 0 of 3, quorum 0"


def test_one_witness_that_signs_twice_is_one():
    twice = Note(HEAD.text, (LOG.sign(HEAD.text), WITNESS.sign(HEAD.text, AT), WITNESS.sign(HEAD.text, AT + 60)))

    assert len(a_policy(2).judge(twice).cosigned) == 1


def test_a_witness_that_nobody_trusts_does_not_count():
    stranger = SignerKey.new("stranger.example", KeyKind.COSIGNATURE)
    renamed = SignerKey("thanhtra.example/other", KeyKind.COSIGNATURE, WITNESS.seed)

    assert a_policy(1).judge(cosigned(stranger, renamed)).cosigned == ()


def test_a_checkpoint_without_its_own_log_s_signature_is_invalid():
    other = SignerKey.new("minhchuan.example/t/18", KeyKind.NOTE)
    elsewhere = Checkpoint("minhchuan.example/t/18", 3, HEAD.root)
    both = Policy.read(f"log {LOG.verifier}\nlog {other.verifier}\nquorum 0\n".encode())

    assert both.verify(HEAD.sign(LOG)).checkpoint.origin == ORIGIN
    assert both.verify(elsewhere.sign(other)).checkpoint.origin == elsewhere.origin
    for note in (HEAD.sign(other), elsewhere.sign(LOG), Note(HEAD.text, (WITNESS.sign(HEAD.text, AT),))):
        with pytest.raises(BadSignature, match="has signed"):
            both.verify(note)


def test_a_key_announced_in_time_takes_over_without_a_gap():
    new = SignerKey.new(ORIGIN, KeyKind.NOTE)
    overlap = HEAD.sign(LOG, new)
    before = Policy.read(f"log {LOG.verifier}\nquorum 0\n".encode())
    after = Policy.read(f"log {new.verifier}\nquorum 0\n".encode())

    assert before.verify(overlap).accepted
    assert after.verify(overlap).accepted
    assert after.verify(HEAD.sign(new)).accepted
    with pytest.raises(BadSignature):
        before.verify(HEAD.sign(new))


def test_a_policy_knows_a_checkpoint_by_the_line_of_a_key_of_its_own_log_whether_or_not_that_holds():
    new, elsewhere = SignerKey.new(ORIGIN, KeyKind.NOTE), SignerKey.new("elsewhere.example/t/1", KeyKind.NOTE)
    policy = Policy.read(f"log {LOG.verifier}\nlog {elsewhere.verifier}\nquorum 0\n".encode())
    spoilt = Note(HEAD.text, (LOG.sign("something else\n"),))

    assert [policy.knows(HEAD.sign(*keys)) for keys in ((LOG,), (new, LOG), (new,), (elsewhere,), ())] == [
        *(True, True),
        *(False, False, False),
    ]
    assert policy.knows(spoilt)
    with pytest.raises(BadSignature):
        policy.judge(spoilt)


def test_a_trusted_witness_whose_signature_fails_makes_the_checkpoint_invalid_whoever_else_signed():
    lying = cosigned(WITNESS, THIRD).also([SECOND.sign("something else\n", AT)])

    with pytest.raises(BadSignature, match=r"lang\.example"):
        a_policy(2).judge(lying)


def test_a_note_that_is_no_checkpoint_has_no_verdict():
    with pytest.raises(Malformed):
        a_policy(0).judge(Note("hello\n", (LOG.sign("hello\n"),)))


def test_a_policy_is_read_whatever_its_order_comments_and_spaces():
    loose = f"# whom we trust\n\n quorum\t 2 \n\t#\n{LINES[3]}\n{LINES[2]}\n{LINES[1]}\n{LINES[0]} https://log.example"

    assert set(Policy.read(loose.encode()).witnesses) == set(a_policy(2).witnesses)
    assert Policy.read(loose.encode()).quorum == 2
    assert Policy.read(bytes(a_policy(2))) == a_policy(2)
    assert [one.url for one in a_policy(2).witnesses] == ["", "https://lang.example/w", ""]


@pytest.mark.parametrize(("raw", "reason"), refused.POLICIES)
def test_a_policy_that_is_no_policy_is_refused_with_the_reason(raw: bytes, reason: str):
    with pytest.raises(Malformed, match=reason):
        Policy.read(raw)


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([*LINES, "quorum 1", "quorum 0", "#", "quorum 9"])).map("\n".join).map(str.encode)
)
def test_whatever_bytes_are_handed_in_are_a_policy_or_refused(raw: bytes):
    with suppress(Malformed):
        policy = Policy.read(raw)
        assert Policy.read(bytes(policy)) == policy
        assert policy.quorum <= len(policy.witnesses)


def test_the_policy_of_the_example_asks_for_one_of_one():
    policy = Policy.read(POLICY)

    assert (policy.quorum, [one.name for one in policy.witnesses]) == (1, ["thanhtra"])
