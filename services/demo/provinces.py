"""The provinces of the demonstration, and what befalls each commune.

Places are real, and real places get only what public documents report of them; scores, files and holders of office are
made up. Everything unfavourable happens in Tỉnh Mẫu, which does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import IntEnum

from domain.measure import Answer
from infra.reference.units import Era


class Until(IntEnum):
    """How far a commune's dossier gets."""

    NOTHING = 0
    ENTERED = 1
    CONSOLIDATED = 2
    SUBMITTED = 3
    APPRAISED = 4
    PUBLISHED = 5


@dataclass(frozen=True, slots=True)
class Dossier:
    """What happens to one commune. `share` of the maximum is what its figures come to; `criteria` fixes totals of
    criteria exactly, for cases that turn on them; `entered` is how many indicators it got to.

    `lowered` are indicators that the appraiser judges lower by so many points. `despite` is why the commune's meeting
    asks for recognition although the sheet does not meet the conditions; one that `reports` asks for nothing.
    """

    commune: str
    until: Until = Until.PUBLISHED
    share: Decimal = Decimal("0.9")
    criteria: Mapping[str, Decimal] = field(default_factory=dict)
    unit_class: str | None = None
    satisfied: int | None = None
    veto: Answer = Answer.NO
    returned: str | None = None
    entered: int | None = None
    early: bool = False
    in_writing: bool = False
    lowered: Mapping[str, Decimal] = field(default_factory=dict)
    despite: str | None = None
    reports: bool = False


@dataclass(frozen=True, slots=True)
class SeasonDays:
    """The days of a season, as its documents would bear them. `papers`: the council's members got them."""

    planned: date
    opened: date
    scored: date
    posted: date
    posted_until: date
    submitted: date
    appraised: date
    council: date
    met: date
    decided: date
    papers: date | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One province, one season; `early` are the days of what the council takes up inside the year."""

    slug: str
    province: str
    era: Era
    rulebook: str
    year: int
    decided_by: str
    calendar: SeasonDays
    basis: str
    dossiers: tuple[Dossier, ...]
    closes: bool = False
    early: SeasonDays | None = None


def _winter(year: int) -> SeasonDays:
    """The year ends, January scores and posts, the council meets at its end, the decision comes before 10/02."""
    after = year + 1
    return SeasonDays(
        planned=date(year, 1, 4),
        opened=date(year, 1, 10),
        scored=date(after, 1, 3),
        posted=date(after, 1, 4),
        posted_until=date(after, 1, 8),
        submitted=date(after, 1, 9),
        appraised=date(after, 1, 20),
        council=date(after, 1, 22),
        met=date(after, 1, 30),
        decided=date(after, 2, 6),
        papers=date(after, 1, 24),
    )


def _points(**criteria: str) -> dict[str, Decimal]:
    return {code: Decimal(points) for code, points in criteria.items()}


HA_NOI = Story(
    slug="ha-noi",
    province="01",
    era=Era.UNTIL_2025,
    rulebook="qd-619-2017",
    year=2021,
    decided_by="019",
    calendar=_winter(2021),
    basis="295/UBND-NC",
    closes=True,
    dossiers=tuple(
        Dossier(code, unit_class="II", satisfied=98 + number % 3, share=Decimal(share))
        for number, (code, share) in enumerate(
            {
                "00592": "0.92",
                "00622": "0.88",
                "00623": "0.90",
                "00625": "0.94",
                "00626": "0.91",
                "00628": "0.87",
                "00631": "0.95",
                "00632": "0.89",
                "00634": "0.90",
                "00637": "0.93",
            }.items()
        )
    ),
)

BINH_PHUOC = Story(
    slug="binh-phuoc",
    province="70",
    era=Era.UNTIL_2025,
    rulebook="qd-25-2021",
    year=2023,
    decided_by="697",
    calendar=_winter(2023),
    basis="207/KH-UBND",
    closes=True,
    dossiers=(
        Dossier("25435", share=Decimal("0.93"), returned="TC2.CT4"),  # the one that --check walks over HTTP
        Dossier("25432", share=Decimal("0.91")),
        Dossier("25433", share=Decimal("0.94")),
        Dossier("25439", share=Decimal("0.88")),
        Dossier("25441", share=Decimal("0.95")),
        Dossier("25444", share=Decimal("0.89")),
        Dossier("25447", share=Decimal("0.92")),
        Dossier("25450", share=Decimal("0.90")),
        Dossier("25453", share=Decimal("0.89")),
    ),
)

THANH_HOA = Story(
    slug="thanh-hoa",
    province="38",
    era=Era.UNTIL_2025,
    rulebook="qd-619-2017",
    year=2018,
    decided_by="381",
    calendar=_winter(2018),
    basis="39/KH-UBND",
    dossiers=tuple(
        Dossier(code, Until.SUBMITTED, Decimal(share), unit_class=unit_class, satisfied=satisfied)
        for code, share, unit_class, satisfied in (
            ("14809", "0.90", "II", 95),
            ("14812", "0.97", "I", 97),
            ("14815", "0.88", "II", 94),
            ("14818", "0.98", "I", 98),
            ("14821", "0.91", "II", 96),
            ("14823", "0.86", "III", 93),
            ("14824", "0.90", "II", 95),
        )
    ),
)

DONG_NAI = Story(
    slug="dong-nai",
    province="75",
    era=Era.FROM_2025,
    rulebook="qd-27-2025",
    year=2026,
    decided_by="75",
    calendar=SeasonDays(
        planned=date(2026, 1, 5),
        opened=date(2026, 1, 12),
        scored=date(2026, 12, 31),
        posted=date(2027, 1, 5),
        posted_until=date(2027, 1, 12),
        submitted=date(2027, 1, 15),
        appraised=date(2027, 1, 31),
        council=date(2027, 1, 31),
        met=date(2027, 1, 31),
        decided=date(2027, 2, 10),
    ),
    basis="Kế hoạch năm 2026 của tỉnh (minh họa)",
    dossiers=(
        Dossier("25195", until=Until.ENTERED),
        Dossier("25210", until=Until.ENTERED, entered=11),
        Dossier("25217", until=Until.ENTERED, entered=9),
        Dossier("25220", until=Until.ENTERED, entered=6),
        Dossier("25222", until=Until.ENTERED, entered=3),
        Dossier("25270", until=Until.NOTHING),
    ),
)

#: One dossier is taken up inside the year, as Đại Lộc did in 2018: two of eighteen in November, the rest in January.
AUTUMN = SeasonDays(
    planned=date(2023, 1, 4),
    opened=date(2023, 1, 10),
    scored=date(2023, 10, 30),
    posted=date(2023, 11, 1),
    posted_until=date(2023, 11, 7),
    submitted=date(2023, 11, 8),
    appraised=date(2023, 11, 13),
    council=date(2023, 11, 10),
    met=date(2023, 11, 20),
    decided=date(2023, 11, 24),
    papers=date(2023, 11, 14),
)

TINH_MAU = Story(
    slug="tinh-mau",
    province="99",
    era=Era.UNTIL_2025,
    rulebook="qd-25-2021",
    year=2023,
    decided_by="990",
    calendar=replace(_winter(2023), papers=date(2024, 1, 29)),  # late: they are due on 25 January
    early=AUTUMN,
    basis="12/KH-UBND",
    dossiers=(
        # 74 of 100: fails on the total, as its own meeting finds; it reports and is listed.
        Dossier(
            "99001",
            Until.SUBMITTED,
            criteria=_points(TC1="8", TC2="20", TC3="11", TC4="15.5", TC5="19.5"),
            reports=True,
        ),
        # 93 points by its own sheet, 92 as appraised, of them 7 of 15 in one criterion: fails below half.
        Dossier(
            "99004",
            criteria=_points(TC1="10", TC2="30", TC3="8", TC4="20", TC5="25"),
            lowered=_points(**{"TC3.CT1": "1"}),
        ),
        # 94 points and a disciplined head: the veto condition decides, although the commune asks for recognition.
        Dossier(
            "99007",
            criteria=_points(TC1="10", TC2="28", TC3="14", TC4="19", TC5="23"),
            veto=Answer.YES,
            in_writing=True,
            despite="Quyết định kỷ luật đang được khiếu nại, đề nghị Hội đồng xem xét.",
        ),
        # Recognised at 80.5; one of its papers is false, copied from 99016, and nobody has found out.
        Dossier("99010", criteria=_points(TC1="8", TC2="15.5", TC3="14.5", TC4="19", TC5="23.5")),
        # Nobody ever scored it.
        Dossier("99013", until=Until.NOTHING),
        Dossier("99016", share=Decimal("0.93"), early=True),
    ),
)

#: Where the paper lies that is false, for later inspection: its text contradicts the register it claims to copy.
FALSE_EVIDENCE = ("99010", "TC2.CT5")
#: Whose paper it was: the same file lies there for the same indicator.
COPIED_FROM = "99016"

STORIES = (HA_NOI, BINH_PHUOC, THANH_HOA, DONG_NAI, TINH_MAU)
