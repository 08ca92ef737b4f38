"""Personal data: values that the log holds sealed, each under the key of the person it is about, and the end of a key.

A fact that names or rates somebody outside office holds `EncryptedValue` in the value's place. Nothing in the domain
opens it. Whoever destroys the key destroys the value, and no byte of the log changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias
from uuid import UUID

from domain.fact import FirstFact, Stream, StreamName
from domain.official import Office


@dataclass(frozen=True, slots=True)
class EncryptedValue:
    """A value that only the key of its `subject` opens.

    `commit` (hex) binds the sealer to the value, `ct` (base64) is the value encrypted; `sealed` is the version of both.
    """

    commit: str
    ct: str
    subject: UUID
    sealed: Literal[1] = 1


#: A value that is sealed; plain text only in facts recorded before there were seals, which cannot be erased.
Personal: TypeAlias = EncryptedValue | str


class DataSubject(Stream):
    """Somebody outside office, known by an id that says nothing; the stream begins when their data is erased."""

    TOPIC = "subject"

    class Shredded(FirstFact):
        """By an order, an official had the key of this subject destroyed: what was sealed under it is gone for ever.

        `season` and `commune` say whose dossier mentions the subject; `official` and `position` who acted, as they
        were called then.
        """

        TOPIC = "subject.shredded"
        subject: UUID
        season: str
        commune: str
        order_no: str
        reason: str
        on: date
        official: str
        position: Office

    def __init__(
        self,
        id: UUID,
        subject: UUID,
        season: str,
        commune: str,
        order_no: str,
        reason: str,
        on: date,
        official: str,
        position: Office,
    ) -> None:
        self.subject = subject
        self.season = season
        self.commune = commune
        self.order_no = order_no
        self.reason = reason
        self.on = on
        self.official = official
        self.position = position


def subject_stream(subject: UUID) -> StreamName:
    """The stream of this subject: a subject is erased once. It stands outside the season: it changes no standing."""
    return StreamName("subject", "", str(subject))
