"""What a commune does between scoring and sending: posting at several places, opinions, opinion sheets, a meeting.

TT 09/2021/TT-BTP, Điều 3 khoản 1. The steps bind the seasons whose rulebook text names them (`CommuneSteps`); dossiers
under other texts go the shorter way that they always went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.days import must_not_end_early
from domain.errors import (
    AttendanceInvalid,
    BroadcastsTooFew,
    DayInTheFuture,
    PostingPlaceMissing,
    PostingTooShort,
    SheetsTallyInvalid,
)

#: Forms and models on one opinion sheet: what a sheet of paper holds.
FORMS_LIMIT = 30


class Channel(StrEnum):
    """Where the draft report and the table of points are made public (Điều 3 khoản 1 điểm c)."""

    OFFICE = "office"
    PORTAL = "portal"
    LOUDSPEAKER = "loudspeaker"


@dataclass(frozen=True, slots=True)
class Display:
    """One place of the posting with its own days; `times` says how often a loudspeaker tells of it."""

    channel: Channel
    place: str
    on: date
    until: date
    times: int | None = None


class Sender(StrEnum):
    """From whom an opinion on the posted result comes."""

    PERSON = "person"
    BODY = "body"


class Treatment(StrEnum):
    """What the commune did with an opinion (Mẫu 03): it followed it, or explained why not."""

    TAKEN_UP = "taken-up"
    EXPLAINED = "explained"


class Leader(StrEnum):
    """Which leader of the committee conducted the commune's meeting (điểm đ)."""

    CHAIRMAN = "chairman"
    VICE_CHAIRMAN = "vice-chairman"


class Attendance(StrEnum):
    """Groups of participants that the circular names (điểm đ), and others who were invited."""

    OFFICERS = "officers"
    POLICE = "police"
    FRONT = "front"
    ORGANISATIONS = "organisations"
    VILLAGE_HEADS = "village-heads"
    OTHERS = "others"


#: The groups that belong to the meeting.
NAMED_GROUPS = tuple(group for group in Attendance if group is not Attendance.OTHERS)


@dataclass(frozen=True, slots=True)
class Attended:
    """How many of one group took part."""

    group: Attendance
    count: int


@dataclass(frozen=True, slots=True)
class MeetingRecord:
    """The record of the meeting as a file, known by the SHA-256 of its bytes."""

    sha256: str
    name: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class FormTally:
    """How a form or model of legal education was judged on the opinion sheets (Mẫu 04): counts of answers."""

    name: str
    effective: int
    not_effective: int


@dataclass(frozen=True, slots=True)
class SheetsTally:
    """The opinion sheets of one dossier: handed out, collected, and the answers to each form or model."""

    handed_out: int
    collected: int
    forms: tuple[FormTally, ...]


def check_displays(
    displays: Sequence[Display], shortest: Sequence[date], *, ready: date | None, today: date, broadcasts: int
) -> None:
    """Refuse a posting that is not as the circular has it.

    `shortest` is the earliest lawful last day of each display, `ready` the day of consolidation, `broadcasts` how often
    a loudspeaker tells of the result at least. PeriodReversed, DayInTheFuture, PostingTooShort, BroadcastsTooFew;
    PostingPlaceMissing without the office, or without both portal and loudspeaker.
    """
    channels = {one.channel for one in displays}
    if Channel.OFFICE not in channels:
        raise PostingPlaceMissing(channel=Channel.OFFICE, field="office_on")
    if channels == {Channel.OFFICE}:
        raise PostingPlaceMissing(channel="portal-or-loudspeaker", field="portal_on")
    for display, least in zip(displays, shortest, strict=True):
        field = f"{display.channel}_on"
        must_not_end_early(ready, display.on, field, "posting")
        must_not_be_ahead(display.on, today, field)
        must_not_end_early(display.on, display.until, f"{display.channel}_until", "posted")
        if display.until < least:
            raise PostingTooShort(
                channel=display.channel, until=display.until, least=least, field=f"{display.channel}_until"
            )
        if display.channel is Channel.LOUDSPEAKER and (display.times or 0) < broadcasts:
            raise BroadcastsTooFew(times=display.times or 0, least=broadcasts, field="loudspeaker_times")


def must_not_be_ahead(day: date, today: date, field: str) -> None:
    """Raise DayInTheFuture for a day of something that has happened and that has not come yet."""
    if day > today:
        raise DayInTheFuture(field=field, day=day, today=today)


def check_attendance(attended: Sequence[Attended]) -> None:
    """Refuse who cannot have taken part: AttendanceInvalid, by `reason` "none", "count" (below 1) or "twice"."""
    if not attended:
        raise AttendanceInvalid(reason="none", field=Attendance.OFFICERS)
    for number, one in enumerate(attended):
        if one.count < 1:
            raise AttendanceInvalid(reason="count", field=one.group, count=one.count)
        if any(one.group is other.group for other in attended[:number]):
            raise AttendanceInvalid(reason="twice", field=one.group)


def check_tally(tally: SheetsTally) -> None:
    """Refuse a tally that cannot be.

    SheetsTallyInvalid, by `reason`: "none" without any form or model, "many" with too many, "unnamed" for one without
    a name, "twice" for a name that stands twice, "negative" for a count below 0, "handed-out" when nothing was handed
    out, "collected" when more came back than were handed out, "answers" when a form has more of them than came back.
    """
    if not tally.forms or len(tally.forms) > FORMS_LIMIT:
        raise SheetsTallyInvalid(reason="many" if tally.forms else "none", field="form_1")
    if tally.handed_out < 1:
        raise SheetsTallyInvalid(reason="handed-out", field="handed_out")
    if not 0 <= tally.collected <= tally.handed_out:
        raise SheetsTallyInvalid(
            reason="collected", field="collected", collected=tally.collected, handed_out=tally.handed_out
        )
    seen: set[str] = set()
    for number, form in enumerate(tally.forms, start=1):
        _check_form(number, form, tally.collected, seen)


def _check_form(number: int, form: FormTally, collected: int, seen: set[str]) -> None:
    name = form.name.strip().casefold()
    if not name:
        raise SheetsTallyInvalid(reason="unnamed", field=f"form_{number}")
    if name in seen:
        raise SheetsTallyInvalid(reason="twice", field=f"form_{number}", form=form.name)
    seen.add(name)
    if form.effective < 0 or form.not_effective < 0:
        raise SheetsTallyInvalid(reason="negative", field=f"effective_{number}", form=form.name)
    if form.effective + form.not_effective > collected:
        answers = form.effective + form.not_effective
        raise SheetsTallyInvalid(
            reason="answers", field=f"effective_{number}", form=form.name, answers=answers, collected=collected
        )


def missing_groups(attended: Sequence[Attended]) -> tuple[Attendance, ...]:
    """The groups that the circular names and of which nobody was there."""
    there = {one.group for one in attended}
    return tuple(group for group in NAMED_GROUPS if group not in there)
