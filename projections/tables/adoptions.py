"""The rulebooks that a province uses, with what was still unverified in them when it adopted them."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from domain.adoption import Adoption
from domain.fact import Recorded
from projections.fold import Projection, Row, RowPart, everything_together


class Parameter(RowPart, frozen=True):
    """A local value and the document it comes from."""

    value: str
    basis: str


class UsedText(RowPart, frozen=True):
    """A text that the province went over to, with the document if one is named."""

    sha256: str
    by: str
    at: datetime
    document_no: str | None = None


class AdoptionRow(Row, frozen=True):
    """A rulebook in use; `sha256` pins its text, `acknowledged` lists the paths that were unverified.

    `former` are the hashes of the texts that it used before, the first one first; `texts` are these and the one in use,
    each with who went over to it.
    """

    rulebook: str
    sha256: str
    acknowledged: tuple[str, ...]
    by: str
    at: datetime
    document_no: str | None = None
    parameters: dict[str, Parameter] = {}
    reason: str | None = None
    former: tuple[str, ...] = ()
    texts: tuple[UsedText, ...] = ()


ADOPTIONS = Projection("adoptions", version=3, row=AdoptionRow, scope=everything_together, seasonal=False)


@ADOPTIONS.begins(Adoption.Adopted)
def _adopted(fact: Adoption.Adopted, recorded: Recorded) -> AdoptionRow:
    used = UsedText(fact.sha256, recorded.actor, recorded.at, fact.document_no)
    return AdoptionRow(
        fact.rulebook,
        fact.sha256,
        fact.acknowledged,
        recorded.actor,
        recorded.at,
        fact.document_no,
        texts=(used,),
    )


@ADOPTIONS.on(Adoption.TextAdopted)
def _text_adopted(row: AdoptionRow, fact: Adoption.TextAdopted, recorded: Recorded) -> AdoptionRow:
    return replace(
        row,
        sha256=fact.sha256,
        acknowledged=fact.acknowledged,
        by=recorded.actor,
        at=recorded.at,
        document_no=fact.document_no,
        reason=fact.reason,
        former=(*row.former, row.sha256),
        texts=(*row.texts, UsedText(fact.sha256, recorded.actor, recorded.at, fact.document_no)),
    )


@ADOPTIONS.on(Adoption.ParameterSet)
def _set(row: AdoptionRow, fact: Adoption.ParameterSet, recorded: Recorded) -> AdoptionRow:
    return replace(row, parameters={**row.parameters, fact.path: Parameter(fact.value, fact.basis)})
