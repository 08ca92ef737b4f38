"""The chain of responsibility in words: the same for the page, for programs and for print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.review import Ground
from projections.analysis.responsibility import ChainRole, Link, Roles, Trace
from services.i18n import Words
from services.sentences import FactSentence

#: Roles that bring files, and the facts by which they do.
BRINGING = frozenset({ChainRole.LEAD, ChainRole.COORDINATING})
FILES = frozenset({"assessment.evidence-attached", "assessment.evidence-reused"})


class ChainLink(NamedTuple):
    """A link of the chain in words; `names` are those of the person, "" where the log does not say."""

    link: Link
    who: str
    name: str
    acts: tuple[FactSentence, ...]
    indicators: tuple[str, ...]

    @property
    def ground(self) -> Ground:
        """What a review of this part would be for: its files where it brought any, else that it looks odd."""
        return Ground.FALSE_EVIDENCE if self.link.role in BRINGING and self.link.files else Ground.FLAG

    @property
    def pointed(self) -> list[int]:
        """The facts that such a review points to: those that brought the files, else all."""
        files = [act.entry.position for act in self.acts if act.entry.topic in FILES]
        return files if files and self.ground is Ground.FALSE_EVIDENCE else [act.entry.position for act in self.acts]


class Chain(NamedTuple):
    """The whole chain; the ballots stand apart, for there are many of them."""

    lines: tuple[ChainLink, ...]
    ballots: tuple[ChainLink, ...]
    trace: Trace

    def of(self, roles: Roles) -> str:
        """The person who stands in several roles, by the post of the first."""
        return next(line.who for line in (*self.lines, *self.ballots) if line.link.actor == roles.actor)


def in_words(
    found: Trace, told: Mapping[int, FactSentence], people: Mapping[str, str], units: Mapping[str, str], words: Words
) -> Chain:
    """The chain told: facts by position, names of people by id and of units, within a sentence, by code."""
    lines = [_line(link, told, people, units, words) for link in found.links]
    return Chain(
        tuple(line for line in lines if line.link.role is not ChainRole.VOTED),
        tuple(line for line in lines if line.link.role is ChainRole.VOTED),
        found,
    )


def _line(
    link: Link, told: Mapping[int, FactSentence], people: Mapping[str, str], units: Mapping[str, str], words: Words
) -> ChainLink:
    acts = tuple(told[act.position] for act in link.acts)
    if acts:
        who, name = acts[0].who, acts[0].name
    else:
        post = words.say(f"position.{link.position}")
        who = words.say("%(position)s, %(unit)s", position=post, unit=units.get(link.unit, link.unit))
        name = people.get(link.actor, "")
    about = dict.fromkeys(act.entry.indicator for act in acts if act.entry.indicator)
    return ChainLink(link, who, name, acts, tuple(about))
