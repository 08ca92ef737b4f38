"""Every use case, and a call of it whose hash never changes: one value for each type of argument."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import services
from domain.commune_steps import Attendance, Attended, Channel, Display, FormTally, SheetsTally
from domain.council import Member, Role
from domain.measure import Answer, Kind, Measured
from domain.official import Capacity, Office
from domain.rulebook import Provenance
from domain.rulebook_draft import DraftChange, DraftValue, ValueSource
from domain.sanction import Form, Post, Sanction
from domain.season import Deadline, Participant, Step
from domain.unit import Level
from infra.encryption.personal_values import Covered
from infra.storage.files import Received
from services.administration.administer import NewMandate, NewUnit
from services.work import UseCase

DAY = date(2026, 11, 28)
ID = UUID("6d696e68-6368-5561-8e00-746370600001")
MEMBER = Member(ID, Role.MEMBER, "Sở Tư pháp")
MANDATE = NewMandate(Office.INSPECTOR, "75", DAY, "1/QĐ", DAY, Capacity.FOR_THE_HEAD)

#: A value for each annotation of a parameter; an enum's is spelled as its value is stored.
EXAMPLES: dict[str, Any] = {
    "Answer": "yes",
    "Leader": "chairman",
    "Outcome": "met",
    "Sender": "body",
    "Sequence[Attended]": [Attended(Attendance.POLICE, 1)],
    "Sequence[Display]": [Display(Channel.LOUDSPEAKER, "Đài truyền thanh", DAY, DAY, 3)],
    "SheetsTally": SheetsTally(120, 112, (FormTally("Câu lạc bộ pháp luật", 98, 10),)),
    "Choice": "for",
    "Collection[UUID]": [ID],
    "Collection[str]": ["một", "hai"],
    "Covered": Covered("góp ý", ID, b"key" * 10),
    "DayKind": "off",
    "DayReading": "day-itself",
    "Degree": "direct",
    "Document": "decision",
    "Era": "from-2025-07-01",
    "Extent": "part",
    "Ground": "complaint",
    "Mapping[str, Measured]": {
        "TC1.CT1": Measured(Kind.RATIO, numerator=22, denominator=24),
        "TC2.CT1": Measured(Kind.DEADLINE, on=DAY, from_on=DAY),
    },
    "Member": MEMBER,
    "NewMandate": MANDATE,
    "Proposal": "recognise",
    "Received": Received(Path("file"), "tờ trình.pdf", "0f" * 32, 4_096, "application/pdf"),
    "RateName": "mediation-case",
    "Result": "recognised",
    "Sanction": Sanction(
        "Chủ tịch UBND", Post.GOVERNMENT_HEAD, Form.WARNING, Answer.YES, "15/QĐ-UBND", DAY, DAY, "99001"
    ),
    "Ruling": "revoked",
    "Sequence[Assignment]": [("TC1.CT1", Office.POLICE_CHIEF, (Office.OFFICE_STATISTICS,))],
    "Sequence[DraftChange]": [
        DraftChange(
            "council.quorum",
            DraftValue("1/2", Provenance.RECALLED),
            DraftValue("2/3", Provenance.SOURCED, ValueSource("Thông tư", "09/2021/TT-BTP", DAY, "Điều 5")),
        )
    ],
    "Sequence[Member]": [MEMBER],
    "Sequence[NewMandate]": [MANDATE],
    "Sequence[NewUnit]": [NewUnit("25435", "Xã Mẫu", "xã", Level.COMMUNE, "75", DAY)],
    "Sequence[Participant]": [Participant("25435", "75")],
    "Sequence[UUID]": [ID],
    "Sequence[tuple[Step, Deadline]]": [(Step.SCORED, Deadline(DAY, "207/KH-UBND"))],
    "Sequence[int]": [12, 34],
    "Sequence[str]": ["25435", "25438"],
    "Step": "scored",
    "UUID": ID,
    "Value": Decimal("8.25"),
    "Decimal": Decimal("8.3"),
    "bool": True,
    "date": DAY,
    "int": 7,
    "str": "chữ",
    "tuple[int, ...]": (12, 34),
    "tuple[str, ...]": ("U+1F600",),
}


class Known(NamedTuple):
    """How a log knows a use case: the verb, what is hashed in which order, and the hashes of two calls.

    `whole` is that of a call with every such argument, `short` that of one without those that have a default.
    """

    verb: str
    hashed: str
    whole: str
    short: str


def use_cases() -> Iterator[UseCase[...]]:
    """Every use case, wherever its module lies."""
    found: dict[int, UseCase[...]] = {}
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if not module.name.startswith("services.locale"):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, UseCase):
                    found[id(value)] = value
    yield from found.values()


def known(command: UseCase[...]) -> Known:
    """How the log knows this use case."""
    parameters = inspect.signature(command).parameters
    whole = {name: example(parameters[name]) for name in command.hashed}
    short = {name: value for name, value in whole.items() if parameters[name].default is inspect.Parameter.empty}
    hashes = [command.body(**given).hex()[:16] for given in (whole, short)]
    return Known(command.verb, " ".join(command.hashed), hashes[0], hashes[1] if short != whole else "")


def example(parameter: inspect.Parameter) -> Any:
    return EXAMPLES[str(parameter.annotation).removesuffix(" | None")]
