"""The chain of responsibility as a document that can be filed: what the page shows, as of one position of the log.

It holds no personal data of citizens, for whatever is printed outlives their erasure; nothing in the chain is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from domain.errors import NotFound
from domain.rulebook import Indicator, Rulebook
from domain.text import PROSE
from infra.readmodels.reading import ReadModels
from infra.reference.rulebooks import Rulebooks
from projections.analysis.responsibility import trace
from projections.analysis.trail import entries
from projections.fold import fold
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.register import REGISTER, RegisterRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.sheets import SHEETS, EntryRow, SheetRow
from projections.tables.standings import STANDINGS, Standing
from projections.tables.units import UNITS
from services.assessment.dossier_view import judging_text
from services.case.case_cache import Followed, facts_about
from services.case.verdicts import JudgedStanding, judged
from services.documents.glyphs import fitting
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import NamedUnit
from services.i18n import Words, vietnamese
from services.inspection.responsibility.chain import Chain, ChainLink, in_words
from services.sentences import FactSentence, sentence_writer_of

#: Signs that one text takes at most: twice what may be typed. Only one that is of codes for the most part takes more.
ROOM = 2 * PROSE.limit


class ResponsibilityDocument(NamedTuple):
    """Everything that the document says, as values; units within a sentence, `claim` what the chain is about.

    `cut` counts the texts that are not whole.
    """

    commune: NamedUnit
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
    rulebooks: Rulebooks,
    at: datetime,
) -> ResponsibilityDocument:
    """What the document on this dossier says; `at` is when the last fact was recorded. NotFound before it was begun."""
    words, key = vietnamese(), f"{seen.season}/{seen.commune}"
    sheet: SheetRow | None = seen.row(SHEETS, key)
    season: SeasonRow | None = seen.row(SEASONS, seen.season)
    standing: Standing | None = seen.row(STANDINGS, key)
    if sheet is None or season is None or standing is None:
        raise NotFound(kind="assessment", subject=seen.commune)
    rulebook = judging_text(rulebooks, season, standing)
    facts = await facts_about(seen, then.facts)
    async with reads.at(then.tenant, then.position) as view:
        officials: list[OfficialRow] = await view.all(OFFICIALS)
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    teller = sentence_writer_of(facts, officials, units, rulebook, words)
    whole = {one.entry.position: one for one in map(teller.tell, entries(facts))}
    told = {position: _shortened(one) for position, one in whole.items()}
    found = trace(facts, season, seen.commune, officials, indicator)
    chain = in_words(found, told, {row.person: row.name for row in officials}, units, words)
    acts = {act.entry.position for line in (*chain.lines, *chain.ballots) if in_sentences(line) for act in line.acts}
    return ResponsibilityDocument(
        commune=await then.place(seen.commune),
        province=then.tenant.name,
        season=seen.season,
        indicator=rulebook.by_code.get(indicator or ""),
        claim=tuple(
            _claim(judged(standing, rulebook), sheet.entries.get(indicator or ""), rulebook.score_decimals, words)
        ),
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


def in_sentences(line: ChainLink) -> bool:
    """Whether each act of the line is told. Of many, over several indicators, the positions alone are named."""
    return len(line.acts) <= 6 or len(line.indicators) <= 1


def _texts(told: FactSentence) -> tuple[str, ...]:
    return told.sentence, *(detail.text for detail in told.details)


def _shortened(told: FactSentence) -> FactSentence:
    """The fact in words, each text as far as it has room."""
    details = tuple(detail._replace(text=_fitting(detail.text)) for detail in told.details)
    return told._replace(sentence=_fitting(told.sentence), details=details)


def _fitting(text: str) -> str:
    """The text as far as it has room, and how much of it is left."""
    length = fitting(text, ROOM)
    if length == len(text):
        return text
    return f"{text[:length]} … còn {NUMBERS.number(len(text) - length)} ký tự, xem trong hồ sơ điện tử"


def _claim(found: JudgedStanding, entry: EntryRow | None, decimals: int, words: Words) -> Iterator[str]:
    """The value of the indicator, where one is asked about, then the total and what it comes to."""
    levels = found.verdict.total is None
    if entry is not None and entry.is_scored:
        value = entry.appraised.value if entry.appraised else entry.value
        assert value is not None  # noqa: S101 - it is scored
        yield f"giá trị {words.points(value) if isinstance(value, Decimal) else words.say(f'word.{value}')}"
    if not levels:
        yield f"tổng {words.total(found.verdict.total, decimals)} điểm"
    yield words.say(f"status.{found.status}{'.levels' if levels else ''}")


def render(paper: ResponsibilityDocument) -> str:
    """The document as HTML for print."""
    return typeset("responsibility.html", paper=paper, words=vietnamese(), in_sentences=in_sentences)
