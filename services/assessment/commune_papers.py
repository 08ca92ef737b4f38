"""Papers of the commune's own steps, as values: opinions and how they were taken up, opinion sheets, the meeting.

They are made from the log up to a position. Forms 03 and 04 of TT 09/2021 are known by their titles only: the columns
are those of the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from domain.assessment import Assessment, assessment_stream
from domain.errors import NotFound, OutOfOrder
from domain.personal import Personal
from domain.recognition import Recognition, recognition_stream
from domain.rulebook import Rulebook
from domain.season import Season, season_stream
from infra.identity.tenants import Tenant
from projections.fold import fold
from projections.tables.sheets import SHEETS, CommentRow, SheetRow
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import NamedUnit
from services.i18n import vietnamese
from services.privacy.personal_data import PersonalDataReader, PersonalValue, VisibleValue
from services.work import Work

#: Empty lines on an opinion sheet whose forms and models nobody has named yet.
EMPTY_LINES = 8


class CommunePaper(NamedTuple):
    """What every paper of a commune says of itself."""

    commune: NamedUnit
    season: str
    row: SheetRow
    log: str
    position: int
    demonstration: bool

    @property
    def year(self) -> str:
        """The season as people name it."""
        return NUMBERS.season(self.season)


class Opinion(NamedTuple):
    """One line of Mẫu 03: from whom, on which day, what, and what the commune did with it."""

    sender: str
    on: date
    text: str
    treatment: str
    answer: str


async def read_paper(then: AsItStood, season: str, commune: str) -> CommunePaper:
    """The commune's dossier as it stood. NotFound where it had not been opened."""
    row = fold(SHEETS, await then.facts(assessment_stream(season, commune))).get(f"{season}/{commune}")
    if row is None:
        raise NotFound(season=season, commune=commune)
    place = await then.place(commune)
    return CommunePaper(place, season, row, then.tenant.log, then.position, then.tenant.demonstration)


async def agreed_at(then: AsItStood, season: str, commune: str) -> int:
    """The position of the commune's last meeting. OutOfOrder where it has not met."""
    found = [
        one.position
        for one in await then.facts(assessment_stream(season, commune))
        if isinstance(one.fact, Assessment.ResultAgreed)
    ]
    if not found:
        raise OutOfOrder(step="print", state="posted", reason="not-agreed")
    return found[-1]


# Mẫu 03 -----------------------------------------------------------------------------------------------


async def opinions_paper(
    then: AsItStood, tenant: Tenant, season: str, commune: str, personal: PersonalDataReader
) -> str:
    """The opinions on the posted result and how each was taken up, as HTML for print.

    What is erased by now is not printed, whatever the position.
    """
    paper = await read_paper(then, season, commune)
    kept = [
        PersonalValue(value, assessment_stream(season, commune), row.received, field)
        for row in paper.row.comments.values()
        for field, value in (("text", row.text), ("sender_name", row.sender_name))
        if value is not None
    ]
    seen = await personal.see(tenant, kept)
    lines = [_opinion(one, seen) for one in paper.row.comments.values() if one.set_aside is None]
    return typeset("commune_opinions.html", paper=paper, lines=lines)


def _opinion(row: CommentRow, seen: Mapping[Personal, VisibleValue]) -> Opinion:
    say = vietnamese().say
    name = _visible(seen[row.sender_name]) if row.sender_name is not None else ""
    sender = say(f"sender.{row.sender}") if row.sender else say("sender.person")
    return Opinion(
        f"{sender[:1].upper()}{sender[1:]}{': ' + name if name else ''}",
        row.on,
        _visible(seen[row.text]),
        say(f"treatment.{row.treatment}") if row.treatment else "",
        row.answer or "",
    )


def _visible(value: VisibleValue) -> str:
    if value.text is not None:
        return value.text
    if value.erased_on is not None:
        day = NUMBERS.date(value.erased_on)
        return f"đã hủy dữ liệu cá nhân ngày {day} theo {value.order_no}"
    return "chưa mở được nội dung này"


# Mẫu 04 -----------------------------------------------------------------------------------------------


async def sheet_paper(then: AsItStood, season: str, commune: str, rulebook: Rulebook) -> str:
    """An opinion sheet to hand out: the forms and models of the tally, or empty lines, as HTML for print."""
    paper = await read_paper(then, season, commune)
    entry = paper.row.entries.get(_sheets(rulebook))
    forms = [one.name for one in entry.tally.forms] if entry and entry.tally else [""] * EMPTY_LINES
    return typeset("opinion_sheet.html", paper=paper, forms=forms)


async def tally_paper(then: AsItStood, season: str, commune: str, rulebook: Rulebook) -> str:
    """The tally of the opinion sheets, as HTML for print. OutOfOrder where there is none."""
    paper = await read_paper(then, season, commune)
    entry = paper.row.entries.get(_sheets(rulebook))
    if entry is None or entry.tally is None:
        raise OutOfOrder(step="print", state=paper.row.stage)
    indicator = rulebook.indicator(_sheets(rulebook))
    return typeset("opinion_tally.html", paper=paper, tally=entry.tally, indicator=indicator)


def _sheets(rulebook: Rulebook) -> str:
    return rulebook.commune_steps.opinion_sheets if rulebook.commune_steps else ""


# The meeting ------------------------------------------------------------------------------------------


async def meeting_paper(then: AsItStood, season: str, commune: str) -> str:
    """The record of the commune's meeting, for those who conducted and wrote it to sign, as HTML for print."""
    paper = await read_paper(then, season, commune)
    if paper.row.agreed is None:
        raise OutOfOrder(step="print", state=paper.row.stage, reason="not-agreed")
    say = vietnamese().say
    groups = [(say(f"group.{one.group}"), one.count) for one in paper.row.agreed.attended]
    leader = say(f"leader.{paper.row.agreed.leader}")
    return typeset("commune_meeting.html", paper=paper, held=paper.row.agreed, groups=groups, leader=leader)


async def rulebook_of(then: AsItStood, work: Work, season: str, commune: str) -> Rulebook:
    """The very text by which the dossier is judged."""
    row = (await read_paper(then, season, commune)).row
    running = await then.find(Season, season_stream(season))
    decided = await then.find(Recognition, recognition_stream(season, commune))
    assert running is not None  # noqa: S101 - a dossier is one of a season
    stands = decided is not None and not decided.may_be_decided_again
    texts = await work.rulebooks()
    return texts.of_dossier(row.rulebook_sha256, running.rulebook, running.rulebook_sha256, decided=stands)
