"""A season goes on under a corrected text of its rulebook, and with it every commune that is not decided."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from domain.appraisal import Appraisal, appraisal_stream
from domain.appraised import appraised_sheet
from domain.assessment import Assessment, assessment_stream
from domain.correction import Entered, correction_of_dossier, is_appraised_anew, keeps_its_text
from domain.errors import CouncilVoted, IndicatorsUnassigned, Stale
from domain.judging import judge
from domain.permissions import Act
from domain.recognition import Recognition, recognition_stream
from domain.rulebook import Rulebook
from domain.season import Season, State, season_stream
from domain.working_days import Calendar
from services.case.council_meetings import is_voted_on
from services.rulebooks.keep import adopted_rulebook
from services.season.calendar import calendar_of
from services.season.organise import Assignment
from services.work import CommandResult, Streams, Work, use_case


@use_case("season.correct_rulebook", "season", "sha256", "reason", "document_no", "leads", "seen")
async def correct_rulebook(
    work: Work,
    season: str,
    sha256: str,
    reason: str,
    document_no: str,
    leads: Sequence[Assignment] = (),
    seen: str = "",
) -> CommandResult:
    """Let a season go on under the text that the province has adopted; communes that are decided, or listed as not
    meeting, keep theirs.

    `leads` are given to indicators that the new text brings. Of a season that was opened `seen` is the `state_seen` of
    the preview: Stale when something has moved since. OutOfOrder for a season that is over, IndicatorsUnassigned,
    CouncilVoted where a commune would have to be appraised again that the council has voted on.
    """
    work.require(Act.CORRECT_SEASON)
    running = await work.look(Season, season_stream(season))
    running.must_be_correctable()
    rulebook = await adopted_rulebook(work, running.rulebook)
    if rulebook.sha256 != sha256:
        raise Stale(reason="correction")
    former = (await work.rulebooks()).find(running.rulebook_sha256)
    calendar = await calendar_of(work)
    decided = [code for code in running.participants if await _keeps_its_text(work, season, code)]
    undecided = [code for code in running.participants if code not in decided]
    names = [stream(season, code) for code in undecided for stream in (assessment_stream, appraisal_stream)]
    async with work.changing(season_stream(season), *names) as streams:
        correcting = streams.get(Season, season_stream(season))
        now = _seen(streams, correcting, season, sha256, undecided, decided)
        if running.state is not State.PLANNED and seen != now:
            raise Stale(reason="correction")
        codes = [one.code for one in rulebook.indicators]
        correcting.correct_rulebook(sha256, codes, reason, document_no, rulebook.without_text)
        for indicator, lead, coordinating in leads:
            correcting.assign(indicator, lead, coordinating, document_no)
        if running.state is not State.PLANNED and correcting.unassigned:
            raise IndicatorsUnassigned(indicators=correcting.unassigned)
        waiting = [
            code
            for code in undecided
            if _correct_dossier(calendar, streams, season, code, former, rulebook, reason)
            and await is_voted_on(work, season, running.participant(code).decided_by, code)
        ]
        if waiting:
            raise CouncilVoted(communes=tuple(waiting))
        return await streams.record()


def _correct_dossier(
    calendar: Calendar,
    streams: Streams,
    season: str,
    commune: str,
    former: Rulebook | None,
    rulebook: Rulebook,
    reason: str,
) -> bool:
    """Take a dossier to the new text; whether its appraisal, which was concluded, is taken up again by it."""
    dossier = streams.find(Assessment, assessment_stream(season, commune))
    if dossier is None or dossier.rulebook != rulebook.id:
        return False
    entered = {
        code: Entered(entry.measures, entry.outcome if entry.points is None else entry.points)
        for code, entry in dossier.entries.items()
    }
    correction = correction_of_dossier(dossier.rulebook, entered, former, rulebook, calendar)
    appraisal = streams.find(Appraisal, appraisal_stream(season, commune))
    before = appraised_sheet(dossier, appraisal, former, calendar) if appraisal and former else None
    dossier.correct_rulebook(rulebook.sha256, correction.again, correction.values)
    if appraisal is None or appraisal.proposal is None:
        return False
    after = judge(appraised_sheet(dossier, appraisal, rulebook, calendar), rulebook)
    if not is_appraised_anew(correction, judge(before, former) if before and former else None, after):
        return False
    appraisal.resume(reason)
    return True


# What the preview was made from -----------------------------------------------------------------------


def state_seen(sha256: str, season: int, dossiers: Mapping[str, tuple[int, int]], decided: Iterable[str]) -> str:
    """Stands for all that a preview is made from: the text, and the versions of the season, and of each commune's
    dossier and appraisal (0: not begun), where it does not keep its text (`decided`).
    """
    lines = [sha256, str(season), *(f"{code} {one[0]} {one[1]}" for code, one in sorted(dossiers.items()))]
    return hashlib.sha256("\n".join([*lines, *sorted(decided)]).encode()).hexdigest()


def _seen(
    streams: Streams, season: Season, year: str, sha256: str, undecided: Sequence[str], decided: Sequence[str]
) -> str:
    versions = {
        code: (
            streams.stands(assessment_stream(year, code)).version,
            streams.stands(appraisal_stream(year, code)).version,
        )
        for code in undecided
    }
    return state_seen(sha256, season.version, versions, decided)


async def _keeps_its_text(work: Work, season: str, commune: str) -> bool:
    dossier = await work.find(Assessment, assessment_stream(season, commune))
    decided = await work.find(Recognition, recognition_stream(season, commune)) is not None
    return decided or (dossier is not None and keeps_its_text(dossier.stage, decided=decided))
