"""On what day a fact takes effect: the day that its document bears; without one, when it is recorded.

A day inside a fact that is another matter's (a deadline, the day a meeting is called for, a measured date) is not here.
"""

from __future__ import annotations

from datetime import date

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.council import Council
from domain.fact import Fact
from domain.meeting import Meeting
from domain.official import Official
from domain.personal import DataSubject
from domain.recognition import Recognition
from domain.review import Review
from domain.season import Season
from domain.unit import Unit

#: The facts that take effect on a day of their own, and the field that holds it.
BEARS: dict[type[Fact], str] = {
    Unit.Registered: "valid_from",
    Unit.Renamed: "on",
    Unit.Merged: "on",
    Unit.Dissolved: "on",
    Official.MandateGranted: "valid_from",
    Official.MandateEnded: "on",
    Season.Opened: "on",
    Season.Closed: "on",
    Assessment.Consolidated: "on",
    Assessment.Posted: "on",
    Assessment.CommentReceived: "on",
    Assessment.ResultAgreed: "on",
    Assessment.Submitted: "on",
    Assessment.Reported: "on",
    Assessment.Listed: "on",
    Assessment.Resubmitted: "on",
    Appraisal.Concluded: "on",
    Council.Constituted: "on",
    Council.MemberReplaced: "on",
    Meeting.ConsultationOpened: "on",
    Meeting.PapersSent: "on",
    Meeting.PapersReceived: "on",
    Meeting.Closed: "on",
    Recognition.Decided: "on",
    Recognition.Signed: "on",
    Recognition.Published: "on",
    Recognition.Revoked: "on",
    Recognition.AppealUpheld: "on",
    Recognition.DecidedAgain: "on",
    Recognition.Corrected: "on",
    Recognition.PublishedTotalNoted: "on",
    Review.Opened: "on",
    Review.ExplanationGiven: "on",
    Review.Proposed: "on",
    Review.Concluded: "on",
    DataSubject.Shredded: "on",
}


def day_of(fact: Fact) -> date | None:
    """The day on which the fact takes effect; None when it bears none."""
    field = BEARS.get(type(fact))
    day: date | None = getattr(fact, field) if field else None
    return day
