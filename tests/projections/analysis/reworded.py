"""Texts of rulebooks that differ from others in their wording only."""

from __future__ import annotations

from dataclasses import replace

from domain.measure import Checklist, Options
from domain.rulebook import Part, Rulebook


def reworded(rulebook: Rulebook, more: str) -> Rulebook:
    """The rulebook with every text for people worded otherwise, and nothing else changed.

    Not the text of a condition: whether it holds is declared by that text.
    """

    def part(one: Part) -> Part:
        measure = one.measure
        if isinstance(measure, Options):
            measure = Options(tuple(option._replace(text=option.text + more) for option in measure.options))
        if isinstance(measure, Checklist):
            choices = tuple(entry._replace(text=entry.text + more) for entry in measure.choices)
            measure = replace(measure, choices=choices)
        return replace(one, name=one.name + more, evidence=f"{one.evidence}{more}", measure=measure)

    criteria = tuple(
        replace(
            criterion,
            name=criterion.name + more,
            indicators=tuple(
                replace(one, name=one.name + more, parts=tuple(part(each) for each in one.parts))
                for one in criterion.indicators
            ),
        )
        for criterion in rulebook.criteria
    )
    return replace(rulebook, title=rulebook.title + more, criteria=criteria, sha256="ff" * 32)
