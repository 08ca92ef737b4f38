"""A draft of a rulebook waits for a second person, or for who began it: which drafts do, and who may sign them off."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from domain.errors import Refused
from domain.official import Office
from domain.permissions import Act, Actor, Subject, may
from domain.rulebook import Rulebook
from domain.rulebook_draft import RulebookDraft, rulebook_draft_stream
from domain.vietnamese import person_key
from infra.reference.rulebooks import Rulebooks
from projections.tables.officials import OfficialRow
from services.rulebooks.draft import UNREADABLE, DraftText, draft_of, read_change
from services.rulebooks.rulebook_view import told_apart
from services.work import Work


class WaitingDraft(NamedTuple):
    """A draft, how many changes it holds, who made them; why it was sent back, and how many places keep it from being
    signed off.
    """

    rulebook: Rulebook
    changes: int
    editors: frozenset[str]
    returned: str | None = None
    problems: int = 0


class Signer(NamedTuple):
    """Somebody who may sign off, with the offices that allow it."""

    name: str
    offices: tuple[Office, ...]


async def waiting_drafts(work: Work, rulebooks: Rulebooks) -> list[WaitingDraft]:
    """The drafts that hold changes. One that this program cannot read any more waits for nobody."""
    found = []
    for newest in rulebooks.newest_of_each():
        held = await work.find(RulebookDraft, rulebook_draft_stream(newest.id))
        if held is None or not held.changes:
            continue
        try:
            made = await draft_of(work, newest.id)
            problems = await asyncio.to_thread(_problems, made)
            count = len(told_apart([read_change(one) for one in made.changes]))
        except (Refused, *UNREADABLE):
            continue
        if count:
            found.append(WaitingDraft(made.rulebook, count, frozenset(held.editors), _reason(held), problems))
    return found


def _reason(held: RulebookDraft) -> str | None:
    """Every reason since something was last changed, the latest first."""
    return "; ".join(one.reason for one in reversed(held.returns)) or None


def _problems(draft: DraftText) -> int:
    return len(draft.problems)


def signers(
    officials: Iterable[OfficialRow], editors: Collection[str], today: date, act: Act = Act.SIGN_OFF_RULEBOOK
) -> list[Signer]:
    """Those in office who may sign off what the `editors` changed, or do another such `act`, by name."""
    changed = Subject(proposed_by=frozenset(editors))
    found = []
    for row in officials:
        held = [one for one in row.in_force(today) if may(Actor(row.person, (one,)), act, changed)]
        if held:
            found.append(Signer(row.name, tuple(dict.fromkeys(one.position for one in held))))
    return sorted(found, key=lambda one: person_key(one.name))
