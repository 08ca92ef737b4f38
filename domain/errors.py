"""Refusals: what the rules do not allow, named by the reason.

A refusal carries a stable code and details, never a sentence: the sentence, and what to do about it, is
written once per language at the edge. Nothing has been recorded when one is raised.
"""

from typing import Any, ClassVar


class Refused(Exception):
    """The act is not allowed; `code` says why, `details` with what."""

    code: ClassVar[str] = "refused"

    def __init__(self, **details: Any) -> None:
        super().__init__(self.code, details)
        self.details = details


class NotPermitted(Refused):
    """No mandate of the person allows this act on this subject (position, act and condition: `domain/permissions.py`).

    `who` says who may, `reason` what the person lacks where it is no position: see `domain/permissions.py`.
    """

    code = "not-permitted"


class NotFound(Refused):
    """There is no such thing in this province; another province's things do not exist here either."""

    code = "not-found"


class Stale(Refused):
    """Somebody changed the thing since the person looked at it; `yours` and `theirs` hold both values.

    With the `reason` "indicator" each holds all that was measured, which only a page can show.
    """

    code = "stale"


class ReasonMissing(Refused):
    """The act needs a written reason and none was given; `act` says which."""

    code = "reason-missing"


class AlreadyThere(Refused):
    """There is one already: a council, a person with this sign-in; `kind` says what."""

    code = "already-there"


class YearPlanned(Refused):
    """The `year` has a season that runs, or one that has ended where no further round was asked for (`reason`)."""

    code = "year-planned"


class DeadlineOutsideTerm(Refused):
    """The deadline of the `step` at `field`, `on`, lies outside of the `term` of the text: later than its last day, or
    earlier than its first (`reason`), and no document allows it.
    """

    code = "deadline-outside-term"


class SeasonAlreadyOpen(Refused):
    """The season was opened `on` this day: there is nothing to open."""

    code = "season-already-open"


class ParticipantsMissing(Refused):
    """No commune takes part in the season."""

    code = "participants-missing"


class UnitsUnsuitable(Refused):
    """These `units` are no communes of the province that are there: they take part in no season."""

    code = "units-unsuitable"


class TakesPartAlready(Refused):
    """The `commune` takes part in the season."""

    code = "takes-part-already"


class CommuneWithdrawn(Refused):
    """The `commune` takes no part in the season any more: what was recorded of it is read only."""

    code = "commune-withdrawn"


class TextTooLong(Refused):
    """The text of this `field` has `length` characters, more than its `limit`."""

    code = "text-too-long"


class SignNotAllowed(Refused):
    """The text of this `field` holds a `sign` ("U+202E") that no text may hold: a control, or one that misleads."""

    code = "sign-not-allowed"


class MarksPiledUp(Refused):
    """In the text of this `field` more marks than the `limit` stand on one letter, one above the other."""

    code = "marks-piled-up"


class CodeInvalid(Refused):
    """A code is made of letters without marks, digits, points and hyphens, at most `limit`; `typed` is not."""

    code = "code-invalid"


class NumberTooLarge(Refused):
    """The number of this `field` is beyond `limit`."""

    code = "number-too-large"


class TooMany(Refused):
    """The list of this `field` has `count` items, more than its `limit`."""

    code = "too-many"


class NotRecordable(Refused):
    """The fact has no single spelling in the log: `field` says where, `why` the reason. Other rules refuse before."""

    code = "not-recordable"


class DayOutOfRange(Refused):
    """A day in a year that cannot be meant: `field` names it, `first` and `last` the years that can."""

    code = "day-out-of-range"


class YearOutOfRange(Refused):
    """A year that cannot be meant, as `typed`: `field` names it, `first` and `last` the years that can."""

    code = "year-out-of-range"


class PeriodReversed(Refused):
    """A period ends before it begins; `field` names the end.

    `begins` and `ends` are days; what of, says the `reason` (`domain/days.py`, `Order`), with "joined" of a unit that
    ends before `unit` went into it.
    """

    code = "period-reversed"


class FactUnreadable(Refused):
    """The fact at this `position` cannot be read by this program, or not be followed: `topic` and `why`.

    Nothing may be shown or decided that would rest on it.
    """

    code = "fact-unreadable"


class LogClosed(Refused):
    """The province has merged into another: its log is closed, to be read and verified, and nothing is added to it."""

    code = "log-closed"


class ProvinceSuspended(Refused):
    """Whoever runs the system has stopped the work of this province for a while: people may look, and do nothing."""

    code = "province-suspended"


# Units and mandates -----------------------------------------------------------------------------------


class UnitEnded(Refused):
    """The unit was merged or dissolved on the day `on`: from that day on nothing about it changes."""

    code = "unit-ended"


class ParentImpossible(Refused):
    """The unit above is not of a higher level."""

    code = "parent-impossible"


class MergerImpossible(Refused):
    """The unit cannot go into that one on that day.

    `reason` is one of: itself, other-level, not-begun, ended, circle.
    """

    code = "merger-impossible"


class MandateProlonged(Refused):
    """The mandate ends on `ends` already: a later last day would revive it. It takes a new mandate."""

    code = "mandate-prolonged"


class OwnMandate(Refused):
    """Nobody gives themselves a position: another administrator has to."""

    code = "own-mandate"


# Season -----------------------------------------------------------------------------------------------


class IndicatorsUnassigned(Refused):
    """Some indicators have no lead; `indicators` lists their codes."""

    code = "indicators-unassigned"


class ContentsWithoutText(Refused):
    """The rulebook does not have the wording of these `contents`, and no decision leaves them out of the season."""

    code = "contents-without-text"


class PositionUnsuitable(Refused):
    """Only officers of a commune can lead or coordinate an indicator; `position` is none of them."""

    code = "position-unsuitable"


class SeasonNotOpen(Refused):
    """The season is planned, suspended, cancelled or closed; `state` says which."""

    code = "season-not-open"


class RulebookNotAdopted(Refused):
    """The province has not adopted this rulebook, or adopted another text of it."""

    code = "rulebook-not-adopted"


class CouncilVoted(Refused):
    """The council votes or has voted on these `communes`: what was voted on may not be judged otherwise meanwhile."""

    code = "council-voted"


class RulebookTooLarge(Refused):
    """The text of a rulebook is larger than one may be: `size` and `limit` in KB."""

    code = "rulebook-too-large"


class DraftMoved(Refused):
    """A value of the draft, or the whole draft, has become another one since its author saw it: `path`."""

    code = "draft-moved"


class DraftNotClosed(Refused):
    """The draft cannot be signed off: `places` are the paths of what does not close."""

    code = "draft-not-closed"


class NothingChanged(Refused):
    """The draft holds no change that could be signed off."""

    code = "nothing-changed"


class OwnDraft(Refused):
    """Whoever changed something in a draft does not sign it off: a second person compares it with its sources."""

    code = "own-draft"


class ValueUnusable(Refused):
    """The text has no value at this path, or the value cannot be one of its kind; `why` says more, for the log."""

    code = "value-unusable"


class RulebookFileUnusable(Refused):
    """A file of a rulebook cannot be read at all, or not here; `reason` says why, other details where."""

    code = "rulebook-file-unusable"


class RulebookTextInvalid(Refused):
    """The text is no rulebook that this program reads, or its numbers do not close; `why` says where."""

    code = "rulebook-text-invalid"


class RulebookUnusable(Refused):
    """Nothing can be judged by this text: by the `reason` it is "missing" here, or "unreadable" with this program."""

    code = "rulebook-unusable"


class UnverifiedNotAcknowledged(Refused):
    """Adopting needs the unverified fields acknowledged; `missing` lists those that were not."""

    code = "unverified-not-acknowledged"


class ParameterNotLocal(Refused):
    """The rulebook leaves no value of this `path` to provinces."""

    code = "parameter-not-local"


class NoReadingAsked(Refused):
    """The last day of this `step` falls on no day off, or has moved since: there is nothing to choose."""

    code = "no-reading-asked"


class RateOutOfBounds(Refused):
    """The rate `typed` is not from 1 to `most` đồng, the maximum that the ministry allows."""

    code = "rate-out-of-bounds"


class RateAlreadySet(Refused):
    """A rate of this `name` holds from `from_on` on: it is withdrawn before another is set from that day."""

    code = "rate-already-set"


class SourceMissing(Refused):
    """A value that the province sets needs the document that it comes from, and none was named."""

    code = "source-missing"


class OwnProposal(Refused):
    """Whoever proposed a change does not confirm it: a second person compares it with its source."""

    code = "own-proposal"


class DayAlreadyProposed(Refused):
    """A change of the same day, or of the same year, waits, counts already, or was confirmed meanwhile (`reason`)."""

    code = "day-already-proposed"


class ChangeSettled(Refused):
    """The change was confirmed or declined meanwhile, or there never was one."""

    code = "change-settled"


class UnknownIndicator(Refused):
    """The rulebook has no such indicator or part."""

    code = "unknown-indicator"


class UnknownCommune(Refused):
    """The commune does not take part in this season."""

    code = "unknown-commune"


# Assessment -------------------------------------------------------------------------------------------


class AssessmentLocked(Refused):
    """The dossier is with the appraiser or decided: the commune can change it only where it was returned."""

    code = "assessment-locked"


class ScoreAboveMaximum(Refused):
    """`points` is above the indicator's maximum."""

    code = "score-above-maximum"


class ScoreBelowMinimum(Refused):
    """`points` is below the indicator's minimum (0, or the penalty that the rulebook allows)."""

    code = "score-below-minimum"


class NotANumber(Refused):
    """Text stands where a number belongs; `typed` keeps it."""

    code = "not-a-number"


class EvidenceMissing(Refused):
    """Indicators without evidence and without an explanation; `indicators` lists their codes."""

    code = "evidence-missing"


class IndicatorsUnscored(Refused):
    """Indicators that nobody scored; `indicators` lists their codes."""

    code = "indicators-unscored"


class VetoUndeclared(Refused):
    """The commune has not declared whether a veto condition occurred; `conditions` lists the codes."""

    code = "veto-undeclared"


class SatisfactionMissing(Refused):
    """The rulebook needs the satisfaction percentage and none was recorded."""

    code = "satisfaction-missing"


class UnknownEvidence(Refused):
    """No such piece of evidence on this indicator."""

    code = "unknown-evidence"


class EvidenceAlreadyAttached(Refused):
    """The same file (by content) is already attached to this indicator."""

    code = "evidence-already-attached"


class TooMuchEvidence(Refused):
    """The indicator has `limit` files already; they belong together in fewer documents."""

    code = "too-much-evidence"


class OutOfOrder(Refused):
    """The step cannot be taken now; `step` names it, `state` says where the dossier stands."""

    code = "out-of-order"


class AlreadyReturned(Refused):
    """The indicator is with the commune already, to be supplemented until `due`."""

    code = "already-returned"


class PostingUnfinished(Refused):
    """The public posting runs until `until`."""

    code = "posting-unfinished"


class PostingTooShort(Refused):
    """The posting by this `channel` ends on `until`, before `least`, the earliest day by the term of the text."""

    code = "posting-too-short"


class PostingPlaceMissing(Refused):
    """The text of the year asks for a posting at the office, and by portal or loudspeaker; `channel` is missing."""

    code = "posting-place-missing"


class BroadcastsTooFew(Refused):
    """The loudspeaker tells of the result `times`, and has to at `least` so often."""

    code = "broadcasts-too-few"


class DayInTheFuture(Refused):
    """The `day` of something that has happened lies after `today`."""

    code = "day-in-the-future"


class AttendanceInvalid(Refused):
    """Who took part in the commune's meeting cannot be so: `reason` "none", "count" or "twice"."""

    code = "attendance-invalid"


class SheetsTallyInvalid(Refused):
    """The tally of opinion sheets cannot be; why, says the `reason` (`domain/commune_steps.py`, `check_tally`)."""

    code = "sheets-tally-invalid"


class PostingClosed(Refused):
    """Comments are taken from `begins` to `until`, while the result is posted.

    With the `reason` "not-posted" it is not: the posting has not begun, has ended or pauses.
    """

    code = "posting-closed"


class ReturnsOutstanding(Refused):
    """Returned indicators have not come back; `indicators` lists them."""

    code = "returns-outstanding"


class SupplementMissing(Refused):
    """Returned indicators to which nothing was added since; `indicators` lists them."""

    code = "supplement-missing"


# Personal data ----------------------------------------------------------------------------------------


class NotErasable(Refused):
    """The value was recorded in clear, before such values were sealed: it stands in the log for ever."""

    code = "not-erasable"


class KeysUnavailable(Refused):
    """The database of keys does not answer: nothing can be sealed, opened or destroyed now."""

    code = "keys-unavailable"


class KeyDestroyed(Refused):
    """The subject's key was destroyed: nothing more is sealed under it."""

    code = "key-destroyed"


# Evidence files ---------------------------------------------------------------------------------------


class FileTooLarge(Refused):
    """The file is larger than `limit` bytes."""

    code = "file-too-large"


class UploadsExhausted(Refused):
    """More than `megabytes` would be sent: `reason` says whether by the person in 24 hours, to the province in 24 hours
    ("day"), or to the province in all.
    """

    code = "uploads-exhausted"


class NoSpace(Refused):
    """Files are not taken: the disk has hardly any space left."""

    code = "no-space"


class FileEmpty(Refused):
    """The file has no bytes."""

    code = "file-empty"


class FileTypeForbidden(Refused):
    """The content is of none of the allowed types; `found` says what it looks like."""

    code = "file-type-forbidden"


class FileNameHostile(Refused):
    """The name has control or direction-changing characters, a path, or is too long."""

    code = "file-name-hostile"


class FileDamaged(Refused):
    """The bytes kept under `sha256` are no longer those that were taken in: somebody changed them, or the disk did."""

    code = "file-damaged"


class FileMissing(Refused):
    """There are no bytes of this `sha256`."""

    code = "file-missing"


# Appraisal --------------------------------------------------------------------------------------------


class IndicatorsUnappraised(Refused):
    """Indicators the appraiser has not judged since they last changed; `indicators` lists them."""

    code = "indicators-unappraised"


# Council and meeting ----------------------------------------------------------------------------------


class CouncilTooLarge(Refused):
    """More members than the rulebook allows; `limit` says how many."""

    code = "council-too-large"


class CouncilIncomplete(Refused):
    """A council needs one chair and one secretary, and no person twice."""

    code = "council-incomplete"


class NoQuorum(Refused):
    """`present` members are fewer than the `required`."""

    code = "no-quorum"


class NotOnTheAgenda(Refused):
    """The commune is not an item of this meeting."""

    code = "not-on-the-agenda"


class VoteIsClosed(Refused):
    """The vote on this item is not open."""

    code = "vote-closed"


class VoteIsOpen(Refused):
    """A vote is open; `item` says on what."""

    code = "vote-open"


class NotOnTheRoll(Refused):
    """The person is not on the roll that was frozen when the vote opened."""

    code = "not-on-the-roll"


class AlreadyVoted(Refused):
    """The member has one ballot in a round, and it is recorded already."""

    code = "already-voted"


class AlreadyOnAgenda(Refused):
    """The dossier `commune` waits for another meeting or consultation that is not closed, the `number`-th."""

    code = "already-on-agenda"


class MemberUnsuitable(Refused):
    """`member` administers or inspects the system, so they do not sit in a council."""

    code = "member-unsuitable"


class TooManyInRole(Refused):
    """More members in this `role` than the rulebook allows; `limit` says how many."""

    code = "too-many-in-role"


class NobodyPresides(Refused):
    """Neither the chair is present nor a vice-chair whom the chair authorised."""

    code = "nobody-presides"


class HeldInWriting(Refused):
    """The members are asked in writing, so nothing of a meeting happens here."""

    code = "held-in-writing"


class ConsultationRunning(Refused):
    """`answers` are missing, and the day `until` which they may come has not come."""

    code = "consultation-running"


class OpinionAlreadyThere(Refused):
    """The opinion that this `member` wrote about the dossier is recorded already."""

    code = "opinion-already-there"


class BallotsOutstanding(Refused):
    """Members present have not voted; `members` counts them."""

    code = "ballots-outstanding"


# Recognition ------------------------------------------------------------------------------------------


class AlreadyDecided(Refused):
    """A decision on this commune and season stands: there is no other before it is taken back or appealed against."""

    code = "already-decided"


class BasisMissing(Refused):
    """The decision lacks its basis: a concluded appraisal, and a concluded vote where a council is required.

    `missing` says which: a new decision needs an appraisal that was concluded since the one before ("new-appraisal").
    """

    code = "basis-missing"


class AgainstTheRules(Refused):
    """Recognition was asked for a commune that the rules judge as not meeting the standard."""

    code = "against-the-rules"


class NothingCorrected(Refused):
    """A decision is corrected in its number, its day or its signer, and nothing was given that it does not say."""

    code = "nothing-corrected"


class NotARounding(Refused):
    """The total that others published is not the `exact` one rounded to fewer decimals."""

    code = "not-a-rounding"


class NoTotal(Refused):
    """The criteria set of the season counts no points, so no total was published."""

    code = "no-total"


class SanctionInvalid(Refused):
    """What is said of a disciplined or prosecuted official cannot be."""

    code = "sanction-invalid"


class SanctionMissing(Refused):
    """A veto condition was said to have occurred; who was sanctioned, how and when has to be recorded instead."""

    code = "sanction-missing"


class SanctionElsewhere(Refused):
    """The act counts for the dossier of another commune or year, which cannot take it now."""

    code = "sanction-elsewhere"


class ResultLeftOpen(Refused):
    """The rules do not say whether the standard is met, and what is needed to propose or decide all the same is not
    there: a reason, and for a recognition the document that it rests on.
    """

    code = "result-left-open"


# Review -----------------------------------------------------------------------------------------------


class NothingToReview(Refused):
    """No recognition stands there to be looked at again; `reason` is one of: undecided, not-recognised, revoked."""

    code = "nothing-to-review"


class GroundReviewed(Refused):
    """The recognition was or is being reviewed on this `ground`, in the review of this `number`."""

    code = "ground-reviewed"


class DocumentMissing(Refused):
    """The act rests on a document, and its number was not given."""

    code = "document-missing"


class NotInTheDossier(Refused):
    """Some of the facts pointed to do not concern this commune's year; `positions` lists them."""

    code = "not-in-the-dossier"


class NotAsked(Refused):
    """Nobody asked this person to explain: only who was asked answers, each for themselves."""

    code = "not-asked"


class Unheard(Refused):
    """Officials concerned were not asked, or may still explain; `officials` lists them."""

    code = "unheard"


class FindingMissing(Refused):
    """Nothing was found yet on which a proposal could rest."""

    code = "finding-missing"


# Measured values and judging --------------------------------------------------------------------------


class MeasureInvalid(Refused):
    """What was entered cannot be a value of this measure.

    `reason` is one of: missing, wrong-kind, not-a-number, negative, denominator-zero,
    numerator-above-denominator, unknown-option, twice, counts-do-not-add-up, points-above-maximum,
    points-below-minimum, off-step; `field` names the field, `typed` keeps it.
    """

    code = "measure-invalid"


# What if ----------------------------------------------------------------------------------------------


class WhatIfInvalid(Refused):
    """A what-if asks for what cannot be: `reason` says what; `position`, `parameter` or `typed` with which."""

    code = "what-if-invalid"
