"""The samples in `ledger/`: one stored payload of every fact and form, to be readable for ever.

A sample is never changed and never removed. A fact that gains a field gets a further sample that has it
(`<topic>.v1-2.json`); a new form of a fact gets one of its own (`<topic>.v2.json`).
"""

import dataclasses
import json
import typing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain.catalogue import AGGREGATES, FACTS
from infra.ledger.canonical_json import parse
from infra.log.mapper import COLUMNS, Mapper

SAMPLES = sorted((Path(__file__).parent / "ledger").iterdir())
STREAM = UUID("6d696e68-6368-5561-8e00-746370600001")
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def mapper() -> Mapper:
    return Mapper(FACTS, AGGREGATES)


def named(sample: Path) -> tuple[str, int]:
    """Topic and form of a sample, from its name."""
    topic, _, form = sample.name.removesuffix(".json").rpartition(".v")
    return topic, int(form.partition("-")[0])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_stored_fact_is_read_and_written_again_as_it_stands(sample: Path, mapper: Mapper):
    topic, form = named(sample)
    stored = sample.read_bytes().rstrip(b"\n")

    fact = mapper.fact(topic, form, stored, STREAM, 1, AT)

    assert type(fact) is FACTS[topic]
    assert parse(stored) == json.loads(stored)
    if form == getattr(FACTS[topic], "class_version", 1):  # an older form is read, and need not be one to write
        again = mapper.payload(fact)
        assert (again.topic, again.schema, again.data) == (topic, form, stored)


def test_every_fact_and_every_form_of_it_has_a_sample(mapper: Mapper):
    needed = {
        (topic, form) for topic, fact in FACTS.items() for form in range(1, getattr(fact, "class_version", 1) + 1)
    }

    assert {named(sample) for sample in SAMPLES} == needed


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_every_field_of_a_fact_stands_in_a_sample(topic: str):
    fact = FACTS[topic]
    fields = {field.name for field in dataclasses.fields(fact)} - COLUMNS
    stored = set().union(*(json.loads(one.read_bytes()) for one in SAMPLES if named(one)[0] == topic))

    assert fields <= stored


def test_every_field_of_a_measured_value_stands_in_a_sample():
    from domain.measure import Measured

    (sample,) = [one for one in SAMPLES if one.name == "assessment.indicator-measured.v1.json"]

    assert set(typing.get_type_hints(Measured)) <= set(json.loads(sample.read_bytes())["measured"])
