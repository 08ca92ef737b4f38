from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NOTE_LIMIT, KeyKind, Note, NoteSignature, Signed, SignerKey, VerifierKey, read_signatures
from infra.ledger.text import BadSignature, Invalid, Malformed
from infra.ledger.tree import EMPTY
from tests.infra.ledger import refused
from tests.infra.ledger.example import AT, LOG, WITNESS
from tests.infra.ledger.refused import HEAD

NOTE = HEAD.sign(LOG)

#: The example of golang.org/x/mod/sumdb/note, in which the formats of keys and notes were first written down.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


# Keys -------------------------------------------------------------------------------------------------


def test_the_first_note_ever_specified_verifies_and_is_signed_again_byte_for_byte():
    note = Note.read(PETER_NOTE.encode())

    assert bytes(note) == PETER_NOTE.encode()
    assert note.check([VerifierKey.read(PETER)]) == (Signed(VerifierKey.read(PETER), None),)
    assert SignerKey.read(PETER_SECRET).sign(note.text) == note.signatures[0]
    assert str(SignerKey.read(PETER_SECRET).verifier) == PETER


@pytest.mark.parametrize("kind", KeyKind)
def test_keys_are_read_as_they_were_written(kind: KeyKind):
    key = SignerKey.new("bộ.example/nhật-ký", kind)

    assert SignerKey.read(key.secret_text()) == key
    assert VerifierKey.read(str(key.verifier)) == key.verifier
    assert SignerKey.new("a", kind) != SignerKey.new("a", kind)


def test_a_secret_key_shows_only_its_public_half():
    assert LOG.secret_text().rpartition("+")[2] not in f"{LOG!r} {LOG} {[LOG]}"
    assert str(LOG.verifier) in repr(LOG)
    secret = LOG.secret_text()
    for damaged in (
        secret[:-1],
        secret[1:],
        secret.replace("c89bd381", "c89bd382"),
        secret.replace("/", "_"),
        secret + "=",
    ):
        with pytest.raises(Malformed) as refusal:
            SignerKey.read(damaged)
        assert secret[-30:-10] not in str(refusal.value)


@pytest.mark.parametrize("text", refused.KEYS)
def test_what_is_no_key_is_refused(text: str):
    with pytest.raises(Malformed):
        VerifierKey.read(text)
    with pytest.raises(Malformed):
        SignerKey.read(f"PRIVATE+KEY+{text}")
    with pytest.raises(Malformed):
        SignerKey.read(text)


def test_a_key_with_another_name_or_of_another_kind_has_another_id():
    ids = {SignerKey(name, kind, LOG.seed).verifier.id for name in ("a", "b") for kind in KeyKind}

    assert len(ids) == 4


def test_only_a_cosignature_names_a_time():
    with pytest.raises(TypeError):
        LOG.sign(HEAD.text, AT)
    with pytest.raises(TypeError):
        WITNESS.sign(HEAD.text)


# Notes ------------------------------------------------------------------------------------------------


def test_a_note_tells_who_of_the_known_keys_signed_it_and_when():
    note = NOTE.also([WITNESS.sign(HEAD.text, AT)])

    assert Note.read(bytes(note)) == note
    assert note.check([LOG.verifier]) == (Signed(LOG.verifier, None),)
    assert note.check([WITNESS.verifier]) == (Signed(WITNESS.verifier, AT),)
    assert note.check([LOG.verifier, WITNESS.verifier]) == (Signed(LOG.verifier, None), Signed(WITNESS.verifier, AT))
    assert note.check([SignerKey.new("other", KeyKind.NOTE).verifier]) == ()
    assert note.check([]) == ()


def test_a_key_that_signs_twice_counts_once_with_its_earliest_time():
    times = [WITNESS.sign(HEAD.text, at) for at in (AT, AT - 5, AT + 5)]
    note = Note(HEAD.text, (LOG.sign(HEAD.text), *times, LOG.sign(HEAD.text)))

    assert note.check([LOG.verifier, WITNESS.verifier]) == (
        Signed(LOG.verifier, None),
        Signed(WITNESS.verifier, AT - 5),
    )


def test_what_a_key_signs_again_is_not_added():
    once = NOTE.also([WITNESS.sign(HEAD.text, AT)])

    assert once.signatures == (LOG.sign(HEAD.text), WITNESS.sign(HEAD.text, AT))
    assert once.also([WITNESS.sign(HEAD.text, AT + 5), LOG.sign(HEAD.text)]) == once


def test_a_known_key_whose_signature_fails_makes_the_note_invalid_wherever_it_stands():
    good, bad = NOTE.signatures[0], LOG.sign("another text\n")
    witness = WITNESS.sign(HEAD.text, AT)

    for signatures in ((bad,), (good, bad), (bad, good), (witness, bad)):
        with pytest.raises(BadSignature, match="does not hold"):
            Note(HEAD.text, signatures).check([LOG.verifier, WITNESS.verifier])
    assert Note(HEAD.text, (witness, bad)).check([WITNESS.verifier]) == (Signed(WITNESS.verifier, AT),)


def test_a_signature_under_the_name_or_the_id_of_another_is_unknown_and_not_wrong():
    good = NOTE.signatures[0]

    for stranger in (NoteSignature("other", good.id, good.value), NoteSignature(good.name, b"\0\0\0\0", good.value)):
        assert Note(HEAD.text, (stranger, good)).check([LOG.verifier]) == (Signed(LOG.verifier, None),)
        assert Note(HEAD.text, (stranger,)).check([LOG.verifier]) == ()


def test_the_time_of_a_cosignature_is_signed_and_bounded():
    one = WITNESS.sign(HEAD.text, AT)
    earlier = NoteSignature(one.name, one.id, (AT - 1).to_bytes(8, "big") + one.value[8:])
    latest = WITNESS.sign(HEAD.text, 2**63 - 1)
    beyond = WITNESS.sign(HEAD.text, 2**63)

    assert Note(HEAD.text, (latest,)).check([WITNESS.verifier])[0].at == 2**63 - 1
    for wrong in (earlier, beyond, NoteSignature(one.name, one.id, one.value[:7])):
        with pytest.raises(BadSignature):
            Note(HEAD.text, (wrong,)).check([WITNESS.verifier])


@pytest.mark.parametrize(("raw", "reason"), refused.NOTES)
def test_a_note_that_is_not_written_as_notes_are_is_refused_with_the_reason(raw: bytes, reason: str):
    with pytest.raises(Malformed, match=reason):
        Note.read(raw)


def test_a_note_of_the_greatest_length_with_the_most_signatures_is_read():
    one = bytes(NOTE).decode().splitlines(keepends=True)[-1]
    most = bytes(NOTE).decode() + one * 63

    assert len(Note.read(most.encode()).signatures) == 64
    assert len(Note.read(("x" * (NOTE_LIMIT - len(most.encode())) + most).encode()).text) > 200_000


def test_a_text_with_empty_lines_is_parted_from_its_signatures_at_the_last():
    key = SignerKey.new("poet", KeyKind.NOTE)
    text = "one\n\n\n— two\n"

    note = Note.read(bytes(Note(text, (key.sign(text),))))

    assert note.text == text
    assert note.check([key.verifier])


def test_every_changed_byte_of_a_signed_note_makes_it_unsigned():
    raw = bytes(NOTE)

    for place in range(len(raw)):
        for bit in (1, 2, 128):
            altered = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
            with suppress(Invalid):
                assert Note.read(altered).check([LOG.verifier]) == ()


def test_signature_lines_come_back_as_they_were_sent():
    lines = "".join(one.line for one in (WITNESS.sign(HEAD.text, AT), LOG.sign(HEAD.text)))

    assert "".join(one.line for one in read_signatures(lines)) == lines
    assert read_signatures("") == ()
    with pytest.raises(Malformed):
        read_signatures("\n")


# Checkpoints ------------------------------------------------------------------------------------------


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes):
    assert Checkpoint.read(Checkpoint(origin, size, root).text) == Checkpoint(origin, size, root)


@pytest.mark.parametrize(("text", "reason"), refused.CHECKPOINTS)
def test_what_is_no_checkpoint_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(Malformed, match=reason):
        Checkpoint.read(text)


def test_checkpoints_of_the_empty_and_of_the_largest_tree_are_read():
    for head in (Checkpoint("a", 0, EMPTY), Checkpoint("a", 2**63 - 1, HEAD.root)):
        assert Checkpoint.read(head.text) == head


def test_the_same_key_signs_the_same_checkpoint_with_the_same_bytes():
    assert bytes(HEAD.sign(LOG)) == bytes(NOTE)


# Anything at all --------------------------------------------------------------------------------------


@given(st.binary(max_size=300) | st.text(alphabet="—- +=\n\r\tAabc0123", max_size=300).map(str.encode))
def test_whatever_bytes_are_handed_in_are_read_exactly_or_refused(raw: bytes):
    with suppress(Malformed):
        assert bytes(Note.read(raw)) == raw
