"""A province keeps a text of a rulebook, adopts one, and goes over to another: with what is unverified acknowledged."""

from __future__ import annotations

from collections.abc import Collection

from domain.adoption import Adoption, acknowledge, adoption_stream
from domain.errors import NotFound, RulebookNotAdopted, RulebookTextInvalid
from domain.permissions import Act
from domain.rulebook import Rulebook
from domain.rulebook_draft import RulebookDraft, rulebook_draft_stream
from domain.rulebook_text import RulebookText, hash_of, kept_form, rulebook_text_stream
from infra.reference.rulebook_file import RulebookInvalid
from infra.reference.rulebooks import parse_rulebook
from services.rulebooks.planned_seasons import follow, planned_under
from services.work import CommandResult, Work, use_case


@use_case("rulebooks.keep_text", "text")
async def keep_text(work: Work, text: str) -> CommandResult:
    """Keep a text of a rulebook in the province's log, known by `text_hash`. It is judged by once it is adopted.

    What ships or is kept already is not recorded again. Raises RulebookTooLarge, SignNotAllowed, RulebookTextInvalid.
    """
    work.require(Act.KEEP_RULEBOOK_TEXT)
    kept = kept_form(text)
    rulebook = read_text(kept)
    name = rulebook_text_stream(rulebook.sha256)
    known = (await work.rulebooks()).find(rulebook.sha256)
    async with work.changing(name) as streams:
        if known is None and streams.find(RulebookText, name) is None:
            streams.begin(
                name, RulebookText(id=work.id_of(name), rulebook=rulebook.id, sha256=rulebook.sha256, text=kept)
            )
        return await streams.record()


def read_text(text: str) -> Rulebook:
    """The rulebook in this text. RulebookTextInvalid says where it is none."""
    try:
        return parse_rulebook(text.encode())
    except RulebookInvalid as invalid:
        raise RulebookTextInvalid(why=str(invalid)) from invalid


def text_hash(text: str) -> str:
    """The hash by which a text is known once it is kept. Raises RulebookTooLarge, SignNotAllowed."""
    return hash_of(kept_form(text))


@use_case("adopt_rulebook", "rulebook", "acknowledged", "document_no")
async def adopt_rulebook(
    work: Work, rulebook: str, acknowledged: Collection[str], document_no: str | None = None
) -> CommandResult:
    """Use a rulebook in the newest text that ships. `acknowledged` must name every value of it that is not verified."""
    work.require(Act.ADOPT_RULEBOOK)
    rulebooks = await work.rulebooks()
    if rulebook not in rulebooks:
        raise RulebookNotAdopted(rulebook=rulebook)
    return await adopting(work, rulebooks.newest(rulebook), acknowledged, document_no)


@use_case("rulebooks.adopt_text", "sha256", "acknowledged", "document_no", "reason")
async def adopt_text(
    work: Work,
    sha256: str,
    acknowledged: Collection[str],
    document_no: str | None = None,
    reason: str | None = None,
) -> CommandResult:
    """Use this text of a rulebook: the first one, or another than so far. Planned seasons follow it; those that run go
    on under theirs.

    RulebookUnusable for a text that neither ships nor is kept, UnverifiedNotAcknowledged.
    """
    work.require(Act.ADOPT_RULEBOOK)
    text = (await work.rulebooks()).text(sha256)
    name = adoption_stream(text.id)
    if await work.find(Adoption, name) is None:
        return await adopting(work, text, acknowledged, document_no)
    seen = acknowledge([entry.path for entry in text.unverified], acknowledged)
    planned = await planned_under(work, text.id)
    async with work.changing(name, *planned) as streams:
        streams.get(Adoption, name).adopt_text(sha256, seen, document_no, reason)
        follow(streams, planned, text, document_no)
        return await streams.record()


async def adopting(
    work: Work, text: Rulebook, acknowledged: Collection[str], document_no: str | None = None
) -> CommandResult:
    """Adopt a rulebook without asking the policy, for the operator who takes the province of a story in."""
    seen = acknowledge([entry.path for entry in text.unverified], acknowledged)
    name = adoption_stream(text.id)
    return await work.create(
        name,
        Adoption(
            id=work.id_of(name),
            rulebook=text.id,
            sha256=text.sha256,
            acknowledged=seen,
            document_no=document_no,
        ),
    )


async def adopted_rulebook(work: Work, rulebook: str) -> Rulebook:
    """The rulebook in the text that the province has adopted. RulebookNotAdopted, RulebookUnusable."""
    adoption = await work.find(Adoption, adoption_stream(rulebook))
    if adoption is None:
        raise RulebookNotAdopted(rulebook=rulebook)
    return (await work.rulebooks()).text(adoption.sha256)


async def newer_text(work: Work, rulebook: str) -> Rulebook | None:
    """The newest text that ships, for a province that uses an older one. None for one that has not adopted the
    rulebook, uses that text, or has a text of its own that came after it.
    """
    adoption = await work.find(Adoption, adoption_stream(rulebook))
    rulebooks = await work.rulebooks()
    newest = rulebooks.newest(rulebook)
    if adoption is None or adoption.sha256 == newest.sha256:
        return None
    draft = await work.find(RulebookDraft, rulebook_draft_stream(rulebook))
    earlier = {*adoption.former, *(draft.bases if draft else ())}
    return None if newest.sha256 in earlier and not rulebooks.ships(adoption.sha256) else newest


async def kept_text(work: Work, sha256: str) -> str:
    """A text that the province keeps, whether it can still be judged by or not. NotFound."""
    kept = await work.find(RulebookText, rulebook_text_stream(sha256))
    if kept is None:
        raise NotFound(kind="rulebook-text", subject=sha256)
    return kept.text
