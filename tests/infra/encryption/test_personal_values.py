"""Sealed values: the very bytes, computed again with other means, and everything that must not open."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given
from hypothesis import strategies as st

from domain.personal import EncryptedValue
from infra.encryption.personal_values import Covered, Unopened, ValuePlace, seal, unseal
from infra.ledger.canonical_json import NotCanonical
from tests.infra.logs import MAPPER

VALUE = "Số liệu hòa giải chưa đúng"
SUBJECT = UUID("fc6e0537-04e4-5c0d-ac16-358af12080fe")
KEY, SALT = sha256(b"minhchuan example subject key").digest(), sha256(b"salt").digest()
NONCE = sha256(b"nonce").digest()[:12]
PLACE = ValuePlace("minhchuan.example/t/17", UUID("0192f0c1-0000-7000-8000-000000000003"), 7, "text")

COMMIT = "4a38dbcf039ff260b63617d7646e43796da869ee276d1a50f0e1de8b2b04a1f1"
CT = (
    "eDd7UldXtJRCf4kB37PzRgodr2ecEbxIOx1zVcKLDyZedI+zoPc7SPNXqDhgfNUcdzcsAxWvwdJZaig1du3Hu6qmemYhY2p8weVpzoc+w+rZMzKJ"
    "rO/fNrvHFnfJP4OJsmwGBfnJXoY5MrHD3VMONYyDLBkx3G7f96AJv1ZxvVt15J2FN9O2yFTO7nd0amgltgfzXdYF"
)


def sealed() -> EncryptedValue:
    return seal(VALUE, SUBJECT, KEY, PLACE, salt=SALT, nonce=NONCE)


def test_known_key_salt_and_nonce_give_known_bytes():
    assert sealed() == EncryptedValue(COMMIT, CT, SUBJECT)


def test_the_bytes_are_those_that_the_specification_says():
    """Written out by hand: another encoder of JSON, GCM by its parts, HMAC by the standard library's other door."""
    plain = json.dumps(
        {"salt": SALT.hex(), "value": VALUE}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
    place = (
        b'{"field":"text","log":"minhchuan.example/t/17","stream":"0192f0c1-0000-7000-8000-000000000003","version":7}'
    )
    gcm = Cipher(AES(KEY), GCM(NONCE)).encryptor()
    gcm.authenticate_additional_data(place)
    encrypted = gcm.update(plain) + gcm.finalize()

    assert b64decode(CT) == NONCE + encrypted + gcm.tag
    assert hmac.new(SALT, b'text\x00"' + VALUE.encode() + b'"', hashlib.sha256).hexdigest() == COMMIT


def test_the_stored_sample_is_one_of_these_and_opens():
    sample = Path(__file__).parents[2] / "ledger" / "assessment.comment-received.v2.json"
    stored = EncryptedValue(**{**json.loads(sample.read_text())["text"], "subject": SUBJECT})

    assert stored == sealed()
    assert unseal(stored, KEY, PLACE) == VALUE


@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300))
def test_what_is_sealed_opens_again_and_never_looks_the_same(value: str):
    place, key = ValuePlace("log", uuid4(), 3, "text"), b"k" * 32
    try:
        first, second = seal(value, SUBJECT, key, place), seal(value, SUBJECT, key, place)
    except NotCanonical:
        return

    assert unseal(first, key, place) == unseal(second, key, place) == value
    assert (first.ct, first.commit) != (second.ct, second.commit)
    assert len(value) < 4 or value not in f"{first}"


ELSEWHERE = [
    PLACE._replace(log="minhchuan.example/t/18"),
    PLACE._replace(stream=uuid4()),
    PLACE._replace(version=8),
    PLACE._replace(field="answer"),
]


@pytest.mark.parametrize("place", ELSEWHERE, ids=["log", "stream", "version", "field"])
def test_at_another_place_nothing_opens(place: ValuePlace):
    with pytest.raises(Unopened):
        unseal(sealed(), KEY, place)


@pytest.mark.parametrize("number", range(len(b64decode(CT))))
def test_a_changed_byte_is_refused_wherever_it_is(number: int):
    changed = bytearray(b64decode(CT))
    changed[number] ^= 1

    with pytest.raises(Unopened):
        unseal(replace(sealed(), ct=b64encode(changed).decode()), KEY, PLACE)


@pytest.mark.parametrize("ct", ["", "AAAA", "%", CT[:-8], CT + "AAAA"])
def test_what_is_no_ciphertext_is_refused(ct: str):
    with pytest.raises(Unopened):
        unseal(replace(sealed(), ct=ct), KEY, PLACE)


def test_another_key_opens_nothing():
    with pytest.raises(Unopened):
        unseal(sealed(), b"k" * 32, PLACE)


def test_a_ciphertext_of_another_value_does_not_pass_for_the_one_committed_to():
    """Whoever has the key can encrypt what they like; the commitment in the log is to what was said then."""
    forged = seal("Số liệu hòa giải đúng", SUBJECT, KEY, PLACE)

    with pytest.raises(Unopened, match="committed"):
        unseal(replace(forged, commit=COMMIT), KEY, PLACE)


def test_the_mark_of_a_command_tells_values_apart_and_is_nobody_s_without_the_key():
    marks = {Covered(value, SUBJECT, key).mark for value in ("một", "hai") for key in (KEY, b"k" * 32)}

    assert len(marks) == 4
    assert Covered("một", uuid4(), KEY).mark in marks
    assert sha256(b'"m\xe1\xbb\x99t"').hexdigest() not in marks


def test_no_fact_is_written_with_the_value_in_clear():
    stored = '{"comment":"fc6e0537-04e4-5c0d-ac16-358af12080fe","on":"2024-01-15","text":"trong sáng"}'
    fact = MAPPER.fact("assessment.comment-received", 1, stored, uuid4(), 1, datetime.now(UTC))

    with pytest.raises(NotCanonical, match="text"):
        MAPPER.payload(fact)
