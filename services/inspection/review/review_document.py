"""The end of a review as an official document (Nghị định 30/2020/NĐ-CP): the chairman's decision, with the conclusion.

It is made from the log up to the conclusion, so whatever is recorded later it comes out the same. Notes of the
inspection are not part of it.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from domain.errors import OutOfOrder
from domain.fact import Recorded, StreamName
from domain.official import Office, Official, official_stream
from domain.recognition import recognition_stream
from domain.review import Ground, Reference, Review, Ruling
from domain.unit import Level
from infra.reference.rulebooks import Rulebooks
from projections.fold import fold
from projections.tables.register import REGISTER, RegisterRow
from projections.tables.reviews import REVIEWS, ReviewRow
from services.documents.forms import LATER_ON_2026_11_30, PRESENT, UNTIL_2026_11_30, DocumentForm
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import NamedUnit, signature, upper_first
from services.i18n import vietnamese
from services.recognition.decision_document import legal_bases, read_signer

_GROUNDS = {
    Ground.COMPLAINT: "khiếu nại, tố cáo, kiến nghị, phản ánh",
    Ground.LATE_VETO: "phát sinh việc không bảo đảm điều kiện công nhận sau khi có quyết định",
    Ground.FALSE_EVIDENCE: "minh chứng trong hồ sơ không đúng thực tế",
    Ground.FLAG: "dấu hiệu bất thường trong hồ sơ",
}
GROUNDS = {
    PRESENT: _GROUNDS,
    LATER_ON_2026_11_30: _GROUNDS,
    UNTIL_2026_11_30: {
        **_GROUNDS,
        Ground.COMPLAINT: "khiếu nại, tố cáo, phản ánh",
        Ground.LATE_VETO: "phát sinh điều kiện loại trừ sau khi có quyết định công nhận",
    },
}


class AskedOfficial(NamedTuple):
    """An official who was asked, the question, and the explanations; none where the day passed without."""

    who: str
    question: str
    due: date
    explanations: tuple[tuple[str, date], ...]


class ReviewFinding(NamedTuple):
    """A finding, and the facts that show it."""

    text: str
    references: str


class Answerable(NamedTuple):
    """How an official answers for an act."""

    who: str
    act: str
    degree: str
    basis: str


class ReviewDocument(NamedTuple):
    """Everything that the document says, as values."""

    commune: NamedUnit
    unit: NamedUnit
    season: str
    revoked: bool
    decision_no: str
    on: date
    bases: tuple[str, ...]
    reviewed_no: str
    reviewed_on: date
    ground: str
    statement: str
    document_no: str
    document_on: date
    opened_on: date
    asked: tuple[AskedOfficial, ...]
    found: tuple[ReviewFinding, ...]
    answerable: tuple[Answerable, ...]
    proposes_revocation: bool
    proposal: str
    proposed_on: date
    reason: str | None
    signature: tuple[str, ...]
    signer: str
    log: str
    position: int
    demonstration: bool

    @property
    def year(self) -> str:
        """The season as people name it."""
        return NUMBERS.season(self.season)

    @property
    def of_district(self) -> bool:
        """Whether a district decided, as until 30/6/2025."""
        return self.unit.level is Level.DISTRICT


async def concluded_at(then: AsItStood, season: str, about: str) -> Recorded:
    """The conclusion of a review as it stands in the log. OutOfOrder where there is none yet."""
    for recorded in await then.facts(StreamName("review", season, about)):
        if isinstance(recorded.fact, Review.Concluded):
            return recorded
    raise OutOfOrder(step="export-review", state="not-concluded")


async def read_paper(
    then: AsItStood, season: str, about: str, rulebooks: Rulebooks, form: DocumentForm = PRESENT
) -> ReviewDocument:
    """What the document on this review says, in the words of this form. Raises OutOfOrder, RulebookUnusable."""
    recorded = await concluded_at(then, season, about)
    then = then._replace(position=recorded.position)
    facts = await then.facts(StreamName("review", season, about))
    row: ReviewRow = fold(REVIEWS, facts)[f"{season}/{about}"]
    recognition = await then.facts(recognition_stream(season, row.commune))
    latest: RegisterRow = fold(REGISTER, recognition)[f"{season}/{row.commune}"]
    decided = latest.of_number(row.decision)
    rulebook = rulebooks.text(decided.rulebook_sha256)
    assert row.decision_no and row.concluded_on and row.reason and row.proposed_on  # noqa: S101, PT018 - concluded
    unit = await then.place(recorded.unit or recognition[0].unit)
    signer, capacity = await read_signer(then, recorded)
    return ReviewDocument(
        commune=await then.place(row.commune),
        unit=unit,
        season=season,
        revoked=row.ruling is Ruling.REVOKED,
        decision_no=row.decision_no,
        on=row.concluded_on,
        bases=tuple(legal_bases(row.concluded_on, rulebook)),
        reviewed_no=decided.decision_no,
        reviewed_on=decided.decided_on,
        ground=GROUNDS[form][row.ground],
        statement=row.statement,
        document_no=row.document_no,
        document_on=row.document_on,
        opened_on=row.opened_on,
        asked=tuple(
            [
                AskedOfficial(
                    await _named(then, one.official, one.position, one.unit, form),
                    one.question,
                    one.due,
                    tuple((each.text, each.on) for each in one.explanations),
                )
                for one in row.inquiries.values()
            ]
        ),
        found=tuple(ReviewFinding(one.text, _positions(one.references)) for one in row.findings),
        answerable=tuple(
            [
                Answerable(
                    await _named(then, one.official, one.position, one.unit, form),
                    _positions((one.act,)),
                    upper_first(vietnamese().say(f"degree.{one.degree}")),
                    one.basis,
                )
                for one in row.responsibilities
            ]
        ),
        proposes_revocation=row.proposal is Ruling.REVOKED,
        proposal=row.reason,
        proposed_on=row.proposed_on,
        reason=row.differs_because,
        signature=signature(unit, capacity),
        signer=signer,
        log=then.tenant.log,
        position=recorded.position,
        demonstration=then.tenant.demonstration,
    )


async def _named(then: AsItStood, person: UUID, position: Office, unit: str, form: DocumentForm) -> str:
    """Name, position and unit, as people are named in documents."""
    official = await then.find(Official, official_stream(person))
    name = official.name if official else ""
    office = form.words.say(f"position.{position.value}")
    return ", ".join(part for part in (name, office, (await then.place(unit)).inside) if part)


def _positions(references: tuple[Reference, ...]) -> str:
    return ", ".join(f"#{one.position}" for one in references)


def render(paper: ReviewDocument, form: DocumentForm = PRESENT) -> str:
    """The document as HTML for print."""
    return typeset(form.template("review.html"), paper=paper)
