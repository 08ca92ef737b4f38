import hashlib
import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger.canonical_json import NotCanonical, canonical, instant, parse
from infra.ledger.leaf import LEAF_LIMIT, leaf, leaf_hash, payload_hash

# Three facts of an imagined log, byte for byte: whoever implements the log elsewhere must get the same.
PAYLOADS = [
    (
        {"rulebook": "qd-25-2021", "name": "Tỉnh Mẫu"},
        "b09db261818acfe26e8515c52a5599027dec80cc0aeda53529ef3eb085ff91cd",
    ),
    (
        {"note": "Lai Uyên", "indicator": "tc2.ct5", "points": "29.63"},
        "48dee023ba868aab2e4c5fe6a7700e8540e4019b8814a19e06f31913319e4f3e",
    ),
    (
        {"reason": "thiếu biên bản", "indicator": "tc2.ct5", "points": "29.50"},
        "cc691b6f003efd5e6342b10e7c507df0d18c0d86691c0a25aa7c1dd678e26e96",
    ),
]
LEAVES: list[tuple[dict[str, Any], int, str]] = [
    (
        {"stream": 1, "version": 1, "topic": "log.opened", "second": 0, "evidence": []},
        368,
        "c6167d14bba74032949e5e80a283427cd81e7755213372c9b1e43bba1b013484",
    ),
    (
        {
            "stream": 2,
            "version": 1,
            "topic": "assessment.score.recorded",
            "second": 1,
            "evidence": [hashlib.sha256(b"abc").hexdigest()],
        },
        449,
        "d964c063ee69a75937d2a541410c0493bcdaf4149ff7d2878d434a0cd0b81031",
    ),
    (
        {"stream": 2, "version": 2, "topic": "assessment.score.changed", "second": 2, "evidence": []},
        446,
        "7a84d022fb364cd9ff1329a7eb3286e7eb6c32f5351ecb11cc527e7c040d83b6",
    ),
]


def test_the_worked_example_has_these_leaves_byte_for_byte():
    prev = ["", "", LEAVES[1][2]]
    for number, (fields, length, expected) in enumerate(LEAVES):
        payload, payload_sha256 = PAYLOADS[number]
        assert payload_hash(canonical(payload)) == payload_sha256

        spelled = leaf(
            log="minhchuan.example/t/17",
            stream=f"0192f0c1-0000-7000-8000-00000000000{fields['stream']}",
            version=fields["version"],
            prev=prev[number],
            topic=fields["topic"],
            schema=1,
            at=datetime(2026, 11, 22, 8, 0, fields["second"], tzinfo=UTC),
            actor="u-4",
            unit="25195",
            command=f"0192f0c1-0000-7000-8000-00000000010{number}",
            payload_sha256=payload_sha256,
            evidence=fields["evidence"],
        )

        assert len(spelled) == length
        assert leaf_hash(spelled).hex() == expected
        assert canonical(json.loads(spelled)) == spelled


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(
    partial(unicodedata.normalize, "NFC")
)
DOCUMENTS = st.recursive(
    TEXT | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[a-z0-9_]+", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_three_encoders_agree_on_every_document(document: Any):
    spelled = canonical(document)

    assert spelled == rfc8785.dumps(document)
    assert spelled == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert parse(spelled) == document


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"a": "Phu\u031bo\u031b\u0301c"}, "NFC"),
        ({"a": 1.0}, "float"),
        ({"a": True}, "bool"),
        ({"a": None}, "NoneType"),
        ({"a": 2**53}, "2^53"),
        ({"a": -(2**53)}, "2^53"),
        ({"a": "x\0"}, "U+0000"),
        ({"a": "ạ\0"}, "U+0000"),
        ({"a": "\ud800"}, "surrogate"),
        ({"TC1.CT1": "x"}, "key"),
        ({"điểm": "x"}, "key"),
        ({"": "x"}, "key"),
        ({1: "x"}, "key"),
        ({"a": {"b": [{"c": 0.5}]}}, "a.b[0].c"),
    ],
)
def test_what_has_no_single_spelling_is_refused_with_its_place(document: Any, reason: str):
    with pytest.raises(NotCanonical, match=reason.replace("[", r"\[").replace("+", r"\+").replace("^", r"\^")):
        canonical(document)


def test_a_document_nested_too_deeply_is_refused():
    document: Any = "x"
    for _ in range(15):
        document = [document]
    assert canonical(document)

    with pytest.raises(NotCanonical, match="deeper"):
        canonical([document])


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":2}', '{"b":1,"a":2}', '{"a": 1}', '{"a":1e2}', '{"a":1.0}', '"\\u0041"', '"\\/"', "\ufeff{}", "{", ""],
)
def test_text_that_is_not_the_canonical_spelling_is_refused(text: str):
    with pytest.raises(NotCanonical):
        parse(text)


def test_a_moment_is_spelled_in_utc_with_microseconds():
    hanoi = timezone(timedelta(hours=7))

    assert instant(datetime(2026, 11, 22, 15, 0, tzinfo=hanoi)) == "2026-11-22T08:00:00.000000Z"
    with pytest.raises(NotCanonical, match="time zone"):
        instant(datetime(2026, 11, 22, 15, 0))  # noqa: DTZ001 - what is to be refused


def test_a_leaf_longer_than_the_limit_or_with_text_that_is_not_nfc_is_refused():
    def a_leaf(**changes: Any) -> bytes:
        fields = {"log": "l", "stream": "s", "version": 1, "prev": "", "topic": "t", "schema": 1, "actor": "a"}
        fields |= {"at": datetime.now(UTC), "unit": "u", "command": "c", "payload_sha256": "0" * 64}
        return leaf(**{**fields, **changes})

    assert len(a_leaf()) < LEAF_LIMIT
    with pytest.raises(NotCanonical, match="4096"):
        a_leaf(evidence=["0" * 64] * 62)
    with pytest.raises(NotCanonical, match="NFC"):
        a_leaf(actor="e\u0301")
