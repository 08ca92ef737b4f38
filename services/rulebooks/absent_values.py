"""What a text of a rulebook could say and does not: deadlines, rules of the council, evidence. Each can be added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.rulebook import Provenance
from infra.reference.rulebook_values import RulebookValue, Tree, values_of
from services.rulebooks.value_words import STEPS

#: Of the council, each with a value of its kind.
OF_COUNCIL: dict[str, Any] = {
    "council.max_members": 0,
    "council.max_vice_chairs": 0,
    "council.written_opinions": True,
    "council.written_opinion_votes": True,
    "council.consultation": True,
}


def absent_of(tree: Tree) -> dict[str, RulebookValue]:
    """By path a value of the kind that the text lacks there: what is added has such a value, and names its source where
    this one has a provenance.
    """
    there = values_of(tree)
    return {path: value for path, value in _possible(tree) if path not in there}


def _possible(tree: Tree) -> Iterator[tuple[str, RulebookValue]]:
    for path, value in OF_COUNCIL.items():
        yield path, _sourced(value)
    yield "council.instruments", RulebookValue([])
    for step in STEPS:
        yield f"deadlines.{step}", _sourced({})
    yield f"legal_bases.{len(tree.get('legal_bases') or []) + 1}", _sourced("")
    yield "commune_steps", _sourced({})
    for criterion in tree.get("criteria") or []:
        for indicator in criterion.get("indicators") or []:
            for part in indicator.get("parts") or []:
                yield f"{part['code']}.not_arisen", _sourced("")
                yield f"{part['code']}.evidence", RulebookValue("")
                yield f"{part['code']}.formula", RulebookValue("")


def _sourced(value: Any) -> RulebookValue:
    return RulebookValue(value, Provenance.RECALLED.value)
