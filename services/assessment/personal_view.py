"""Personal data on pages: through the door, and in words where there is nothing to see."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.assessment import assessment_stream
from domain.fact import Recorded
from domain.personal import EncryptedValue, Personal
from projections.analysis.trail import entries
from services.assessment.dossier_view import Case
from services.i18n import Words
from services.privacy.personal_data import PersonalDataReader, PersonalValue, VisibleValue
from services.web.visit import Visit


class CommentText(NamedTuple):
    """What stands on the page; `lost` when it is not the value, but why there is none. `erased`: for ever."""

    text: str
    lost: bool = False
    erased: bool = False


async def comments_said(visit: Visit, case: Case, only: Collection[UUID] | None = None) -> Mapping[UUID, CommentText]:
    """The comments on a dossier, all or only these."""
    stream = assessment_stream(case.sheet.season, case.sheet.commune)
    kept = {
        number: PersonalValue(row.text, stream, row.received, "text")
        for number, row in case.sheet.comments.items()
        if only is None or number in only
    }
    seen = await visit.app.part(PersonalDataReader).see(visit.tenant, list(kept.values()))
    return {number: in_words(seen[one.value], visit.words) for number, one in kept.items()}


async def values_said(visit: Visit, facts: Iterable[Recorded]) -> Mapping[Personal, str]:
    """Every sealed value of these facts, as it stands in a sentence."""
    kept = [
        PersonalValue(value, entry.stream, entry.version, name)
        for entry in entries(facts)
        for name, value in entry.args.items()
        if isinstance(value, EncryptedValue)
    ]
    seen = await visit.app.part(PersonalDataReader).see(visit.tenant, kept)
    return {value: in_words(one, visit.words).text for value, one in seen.items()}


def in_words(seen: VisibleValue, words: Words) -> CommentText:
    """The value, or why there is none."""
    if seen.text is not None:
        return CommentText(seen.text)
    if seen.erased_on is not None:
        day = words.date(seen.erased_on)
        text = words.say("đã hủy dữ liệu cá nhân ngày %(day)s theo %(order)s", day=day, order=seen.order_no)
        return CommentText(text, lost=True, erased=True)
    return CommentText(words.say("chưa mở được nội dung này: kho khóa dữ liệu cá nhân không trả lời"), lost=True)
