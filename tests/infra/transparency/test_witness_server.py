import os
import sqlite3
import threading
from http import HTTPStatus
from pathlib import Path

import pytest

from infra.ledger.note import KeyKind, Note, SignerKey, read_signatures
from infra.ledger.text import Malformed
from infra.ledger.witness import Request
from infra.transparency.witness_server import Cosigner, Unfit
from tests.infra.ledger.example import AT, LOG, ORIGIN
from tests.infra.ledger.test_witness import FORKED, a_request, at_size

NAME = "witness.example/w"
NEXT = SignerKey.new(ORIGIN, KeyKind.NOTE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a witness that knows the log of the examples and has cosigned nothing yet."""
    Cosigner.open(tmp_path / "w", NAME)
    know(tmp_path / "w", f"# the province\n\n{LOG.verifier}\n")
    return tmp_path / "w"


def opened(folder: Path, name: str = "") -> Cosigner:
    return Cosigner.open(folder, name, clock=lambda: AT + 0.9)


def know(folder: Path, lines: str) -> None:
    """Edit the list of logs as people do: another file, or another time."""
    (folder / "logs.new").write_text(lines)
    (folder / "logs.new").rename(folder / "logs")


def status(witness: Cosigner, request: Request) -> HTTPStatus:
    return witness.answer(bytes(request)).status


# Its folder -------------------------------------------------------------------------------------------


def test_a_new_witness_makes_a_key_of_the_name_it_is_given_for_its_owner_alone(tmp_path):
    witness = Cosigner.open(tmp_path / "w", NAME)

    assert (witness.vkey.name, witness.vkey.kind) == (NAME, KeyKind.COSIGNATURE)
    assert Cosigner.open(tmp_path / "w").vkey == Cosigner.open(tmp_path / "w", NAME).vkey == witness.vkey
    assert oct((tmp_path / "w" / "key").stat().st_mode & 0o777) == "0o600"
    assert witness.logs() == ()


def test_a_new_witness_has_to_be_named(tmp_path):
    with pytest.raises(Unfit, match="--name"):
        Cosigner.open(tmp_path / "w")
    with pytest.raises(Unfit, match="not the name of a key"):
        Cosigner.open(tmp_path / "w", "two words")
    assert not (tmp_path / "w").exists()


def test_a_witness_goes_by_no_other_name(folder):
    with pytest.raises(Unfit, match=f"key of {NAME}, not of other.example/w"):
        Cosigner.open(folder, "other.example/w")


def spoil_with_nothing(memory: Path) -> None:
    memory.write_bytes(b"")


def spoil_with_rubbish(memory: Path) -> None:
    memory.write_bytes(b"x" * 4_096)


def spoil_with_another_s(memory: Path) -> None:
    Cosigner.open(memory.parent / "other", "other.example/w")
    (memory.parent / "other" / memory.name).replace(memory)


@pytest.mark.parametrize(
    "lose", [Path.unlink, spoil_with_nothing, spoil_with_rubbish, spoil_with_another_s], ids=lambda lose: lose.__name__
)
def test_a_witness_that_lost_its_memory_does_not_start_and_says_how_to_retire_it(folder, lose):
    assert status(opened(folder), a_request(0, 5)) == HTTPStatus.OK

    lose(folder / "cosigned.sqlite")

    with pytest.raises(Unfit, match="is retired: tell the logs"):
        opened(folder)
    with pytest.raises(Unfit, match="is retired: tell the logs"):
        opened(folder, NAME)


def test_a_witness_that_loses_its_memory_while_it_runs_cosigns_nothing_more(folder):
    witness = opened(folder)
    assert status(witness, a_request(0, 5)) == HTTPStatus.OK

    (folder / "cosigned.sqlite").unlink()

    assert status(witness, a_request(0, 5)) == HTTPStatus.SERVICE_UNAVAILABLE
    assert not (folder / "cosigned.sqlite").exists()


def test_a_memory_whose_key_is_gone_gets_no_new_key(folder):
    assert status(opened(folder), a_request(0, 5)) == HTTPStatus.OK
    (folder / "key").unlink()

    with pytest.raises(Unfit, match="the key is gone"):
        Cosigner.open(folder, NAME)


def test_a_beginning_that_was_broken_off_before_the_key_was_there_is_begun_anew(folder):
    (folder / "key").unlink()

    assert status(opened(folder, NAME), a_request(0, 5)) == HTTPStatus.OK


# The logs it knows ------------------------------------------------------------------------------------


def test_the_list_of_logs_is_read_again_when_it_has_changed(folder):
    witness = opened(folder)
    know(folder, "")
    assert status(witness, a_request(0, 5)) == HTTPStatus.NOT_FOUND

    know(folder, f"{SignerKey.new(ORIGIN, KeyKind.NOTE).verifier}\n{LOG.verifier}\n")
    assert status(witness, a_request(0, 5)) == HTTPStatus.OK

    (folder / "logs").unlink()
    assert status(witness, a_request(5, 6)) == HTTPStatus.NOT_FOUND


WRONG = {
    "no key": "nonsense\n",
    "a letter too many": f"{LOG.verifier}x\n",
    "a witness's own key": f"{SignerKey.new(NAME, KeyKind.COSIGNATURE).verifier}\n",
    "no text": "\x07\n",
}
wrong_lists = pytest.mark.parametrize("lines", WRONG.values(), ids=WRONG)


@wrong_lists
def test_a_witness_does_not_start_with_a_list_that_is_none(folder, lines):
    know(folder, lines)

    with pytest.raises(Malformed):
        opened(folder)


@wrong_lists
def test_a_list_that_is_spoilt_later_leaves_the_former_one_in_force(folder, lines):
    witness = opened(folder)
    know(folder, lines)

    assert status(witness, a_request(0, 5)) == HTTPStatus.OK
    assert witness.logs() == (LOG.verifier,)


# Answers ----------------------------------------------------------------------------------------------


def test_a_cosignature_names_the_whole_second(folder):
    witness = opened(folder)
    answer = witness.answer(bytes(a_request(0, 5)))

    (signed,) = Note(at_size(5).text, read_signatures(answer.body)).check([witness.vkey])
    assert signed.at == AT


def test_what_was_cosigned_is_remembered_by_the_next_process(folder):
    assert status(opened(folder), a_request(0, 5)) == HTTPStatus.OK

    again = opened(folder)

    assert again.answer(bytes(a_request(0, 9))).body == "5\n"
    assert status(again, a_request(5, 9)) == HTTPStatus.OK


@pytest.mark.parametrize("raw", [b"", b"old 0\n\n", b"old -1\n\n\xff", b"old 0\n\n" + b"x" * 400_000])
def test_what_is_no_request_is_a_bad_one(folder, raw):
    assert opened(folder).answer(raw).status == HTTPStatus.BAD_REQUEST


def test_of_many_who_ask_at_once_from_the_same_size_one_is_cosigned(folder):
    found: list[HTTPStatus] = []
    witnesses = [opened(folder) for _ in range(4)]  # as many processes would

    def ask(number: int) -> None:
        found.append(status(witnesses[number % 4], a_request(0, 10 + number)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [HTTPStatus.OK] + [HTTPStatus.CONFLICT] * 11


def test_both_notes_of_a_log_that_contradicts_itself_are_kept_once(folder):
    witness = opened(folder)
    assert status(witness, a_request(0, 5)) == HTTPStatus.OK

    for _ in range(2):
        assert status(witness, a_request(5, 9, FORKED)) == HTTPStatus.UNPROCESSABLE_ENTITY

    (kept,) = (folder / "contradictions").iterdir()
    assert Note.read((kept / "cosigned").read_bytes()) == at_size(5).sign(LOG)
    assert Request.read((kept / "request").read_bytes()) == a_request(5, 9, FORKED)
    assert status(witness, a_request(5, 9)) == HTTPStatus.OK


@pytest.mark.parametrize("listed", [(LOG,), (NEXT,), (LOG, NEXT)], ids=["the old key", "the new key", "both"])
def test_while_a_log_changes_its_key_it_has_one_history_by_whichever_key_is_listed(folder, listed):
    witness = opened(folder)
    assert status(witness, a_request(0, 5)) == HTTPStatus.OK
    know(folder, "".join(f"{key.verifier}\n" for key in listed))
    overlap = at_size(9).sign(LOG, NEXT)

    assert status(witness, Request.of(5, a_request(5, 9).proof, overlap)) == HTTPStatus.OK

    for key in (LOG, NEXT):
        forked = at_size(9, FORKED).sign(key)
        refusal = HTTPStatus.UNPROCESSABLE_ENTITY if key in listed else HTTPStatus.FORBIDDEN
        assert status(witness, Request.of(9, (), forked)) == refusal
        assert status(witness, Request.of(0, (), forked)) in {HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN}
    later = at_size(12).sign(NEXT)
    taken = HTTPStatus.OK if NEXT in listed else HTTPStatus.FORBIDDEN
    assert status(witness, Request.of(9, a_request(9, 12).proof, later)) == taken


def test_a_note_with_a_second_line_that_does_not_hold_is_not_cosigned_where_that_key_is_listed(folder):
    witness = opened(folder)
    spoilt = at_size(5).sign(LOG).also([NEXT.sign("something else\n")])
    know(folder, f"{LOG.verifier}\n{NEXT.verifier}\n")
    assert status(witness, Request.of(0, (), spoilt)) == HTTPStatus.FORBIDDEN


def test_a_witness_that_cannot_store_cosigns_nothing(folder):
    witness = opened(folder)
    assert status(witness, a_request(0, 5)) == HTTPStatus.OK
    with sqlite3.connect(folder / "cosigned.sqlite") as memory:
        memory.execute("CREATE TRIGGER full BEFORE UPDATE ON cosigned BEGIN SELECT raise(ABORT, 'disk full'); END")
    memory.close()

    answer = witness.answer(bytes(a_request(5, 9)))

    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert os.fsencode(NAME) not in answer.body.encode()
    assert witness.answer(bytes(a_request(9, 12))).body == "5\n"
