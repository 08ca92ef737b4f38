"""The chain of responsibility as a document that can be filed: what the page shows, as of one position of the log.

It holds no personal data of citizens, for whatever is printed outlives their erasure; nothing in the chain is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from domain.errors import NotFound
from domain.measure import Outcome
from domain.rulebook import Indicator, Rulebook
from domain.text import PROSE
from infra.readmodels import ReadModels
from projections.fold import fold
from projections.officials import OFFICIALS, OfficialRow
from projections.register import REGISTER, RegisterRow
from projections.responsibility import trace
from projections.seasons import SEASONS, SeasonRow
from projections.sheets import SHEETS, EntryRow, SheetRow
from projections.standings import STANDINGS, Standing
from projections.trail import entries
from projections.units import UNITS
from services.documents.glyphs import fitting
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import Place
from services.following import Followed, facts_about
from services.i18n import Words, load_words
from services.responsibility import Chain, Line, in_words
from services.telling import Told, teller_of
from services.verdicts import Judged, judged

#: Signs that one text takes at most: twice what may be typed. Only one that is of codes for the most part takes more.
ROOM = 2 * PROSE.limit

OUTCOMES = {Outcome.MET: "đạt", Outcome.NOT_MET: "không đạt", Outcome.NOT_VERIFIABLE: "chưa kiểm được"}


class Paper(NamedTuple):
    """Everything that the document says, as values; units within a sentence, `claim` what the chain is about.

    `cut` counts the texts that are not whole.
    """

    commune: Place
    province: str
    season: str
    indicator: Indicator | None
    claim: tuple[str, ...]
    rulebook: Rulebook
    decided: RegisterRow | None
    chain: Chain
    several: tuple[tuple[str, str], ...]
    log: str
    position: int
    at: datetime
    demonstration: bool
    cut: int


async def read_paper(
    then: AsItStood,
    seen: Followed,
    reads: ReadModels,
    indicator: str | None,
    rulebooks: Mapping[str, Rulebook],
    at: datetime,
) -> Paper:
    """What the document on this dossier says; `at` is when the last fact was recorded. NotFound before it was begun."""
    words, key = load_words()["vi"], f"{seen.season}/{seen.commune}"
    sheet: SheetRow | None = seen.row(SHEETS, key)
    season: SeasonRow | None = seen.row(SEASONS, seen.season)
    if sheet is None or season is None:
        raise NotFound(kind="assessment", subject=seen.commune)
    rulebook = rulebooks[sheet.rulebook]
    facts = await facts_about(seen, then.facts)
    async with reads.at(then.tenant, then.position) as view:
        officials: list[OfficialRow] = await view.all(OFFICIALS)
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    teller = teller_of(facts, officials, units, rulebook, words)
    whole = {one.entry.position: one for one in map(teller.tell, entries(facts))}
    told = {position: _shortened(one) for position, one in whole.items()}
    found = trace(facts, season, seen.commune, officials, indicator)
    chain = in_words(found, told, {row.person: row.name for row in officials}, units, words)
    standing: Standing = seen.row(STANDINGS, key)
    acts = {act.entry.position for line in (*chain.lines, *chain.ballots) if in_sentences(line) for act in line.acts}
    return Paper(
        commune=await then.place(seen.commune),
        province=then.tenant.name,
        season=seen.season,
        indicator=rulebook.by_code.get(indicator or ""),
        claim=tuple(_claim(judged(standing, rulebook), sheet.entries.get(indicator or ""), words)),
        rulebook=rulebook,
        decided=fold(REGISTER, facts).get(key),
        chain=chain,
        several=tuple(
            (chain.of(one), ", ".join(words.say(f"role.{role}").lower() for role in one.roles)) for one in found.several
        ),
        log=then.tenant.log,
        position=then.position,
        at=at,
        demonstration=then.tenant.demonstration,
        cut=sum(new != old for act in acts for new, old in zip(_texts(told[act]), _texts(whole[act]), strict=True)),
    )


def in_sentences(line: Line) -> bool:
    """Whether each act of the line is told. Of many, over several indicators, the positions alone are named."""
    return len(line.acts) <= 6 or len(line.indicators) <= 1


def _texts(told: Told) -> tuple[str, ...]:
    return told.sentence, *(detail.text for detail in told.details)


def _shortened(told: Told) -> Told:
    """The fact in words, each text as far as it has room."""
    details = tuple(detail._replace(text=_fitting(detail.text)) for detail in told.details)
    return told._replace(sentence=_fitting(told.sentence), details=details)


def _fitting(text: str) -> str:
    """The text as far as it has room, and how much of it is left."""
    length = fitting(text, ROOM)
    if length == len(text):
        return text
    return f"{text[:length]} … còn {NUMBERS.number(len(text) - length)} ký tự, xem trong hồ sơ điện tử"


def _claim(found: Judged, entry: EntryRow | None, words: Words) -> Iterator[str]:
    """The value of the indicator, where one is asked about, then the total and what it comes to."""
    levels = found.verdict.total is None
    if entry is not None and entry.is_scored:
        value = entry.appraised.value if entry.appraised else entry.value
        assert value is not None  # noqa: S101 - it is scored
        yield f"giá trị {words.points(value) if isinstance(value, Decimal) else OUTCOMES[value]}"
    if not levels:
        yield f"tổng {words.points(found.verdict.total)} điểm"
    yield words.say(f"status.{found.status}{'.levels' if levels else ''}")


def render(paper: Paper) -> str:
    """The document as HTML for print."""
    return typeset("responsibility.html", paper=paper, words=load_words()["vi"], in_sentences=in_sentences)
