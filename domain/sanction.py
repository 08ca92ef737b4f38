"""How an official was disciplined or prosecuted: the substance of a veto condition, and which rule counts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from domain.errors import SanctionInvalid
from domain.measure import Answer


class Post(StrEnum):
    """What the official was when the act happened."""

    PARTY_HEAD = "party-head"
    GOVERNMENT_HEAD = "government-head"
    OTHER = "other"


class Form(StrEnum):
    """The forms, discipline from the lightest (Luật Cán bộ, công chức, Điều 78, 79), then the others."""

    REPRIMAND = "reprimand"
    WARNING = "warning"
    PAY_CUT = "pay-cut"
    DEMOTION = "demotion"
    REMOVAL = "removal"
    DISMISSAL = "dismissal"
    PROSECUTION = "prosecution"
    COMPENSATION = "compensation"


DISCIPLINE = (Form.REPRIMAND, Form.WARNING, Form.PAY_CUT, Form.DEMOTION, Form.REMOVAL, Form.DISMISSAL)


@dataclass(frozen=True)
class Sanction:
    """One official disciplined, prosecuted or made liable for damage. Persons are named by `title`, their
    position, only.

    `unit` is the code of the commune where the act happened: the act counts there, whoever punished it later and
    wherever the official is now (NĐ 112/2020/NĐ-CP, Điều 24.4). `on_duty` says that the law was broken in official
    duty. `until` is the last day of the term of the discipline, where it has one.
    """

    title: str
    post: Post
    form: Form
    on_duty: Answer
    decision_no: str
    decided_on: date
    act_on: date
    unit: str
    until: date | None = None

    def check(self) -> None:
        """Refuse dates that cannot be: SanctionInvalid names the field."""
        if self.decided_on < self.act_on:
            raise SanctionInvalid(reason="decided-before-the-act", field="decided_on", act_on=self.act_on)
        if self.until is not None and self.until < self.decided_on:
            raise SanctionInvalid(reason="ends-before-the-decision", field="until", decided_on=self.decided_on)


class Officials(StrEnum):
    """Whose sanctions a rule counts."""

    HEADS = "heads"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Counted:
    """Which sanctions a condition or an indicator counts.

    Discipline from a form on (None: none of it), and where `on_duty`, only for breaking the law in official duty;
    prosecution and liability for damage where they are named.
    """

    officials: Officials
    discipline_from: Form | None
    on_duty: bool = False
    prosecution: bool = False
    compensation: bool = False

    def counts(self, sanction: Sanction) -> bool:
        """Whether this rule counts it."""
        if self.officials is Officials.HEADS and sanction.post is Post.OTHER:
            return False
        if sanction.form is Form.PROSECUTION:
            return self.prosecution
        if sanction.form is Form.COMPENSATION:
            return self.compensation
        if self.discipline_from is None or (self.on_duty and sanction.on_duty is Answer.NO):
            return False
        return DISCIPLINE.index(sanction.form) >= DISCIPLINE.index(self.discipline_from)


class Vetoed(NamedTuple):
    """The conditions that occurred, and those that hang on a sanction that no competent body has confirmed."""

    occurred: tuple[str, ...]
    unconfirmed: tuple[str, ...]


def vetoed(
    conditions: Iterable[tuple[str, Counted | None]],
    declared: Mapping[str, Answer],
    sanctions: Iterable[tuple[Sanction, bool]],
) -> Vetoed:
    """What excludes the commune: what was declared as such, and what confirmed sanctions come to (the flag of each says
    whether it is confirmed). A sanction counts whatever was declared of its condition.
    """
    held = list(sanctions)
    occurred = {code for code, answer in declared.items() if answer is Answer.YES}
    doubtful = set()
    for code, counted in conditions:
        found = [confirmed for sanction, confirmed in held if counted is not None and counted.counts(sanction)]
        if any(found):
            occurred.add(code)
        elif found:
            doubtful.add(code)
    return Vetoed(tuple(sorted(occurred)), tuple(sorted(doubtful - occurred)))
