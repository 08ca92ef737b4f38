from uuid import uuid4

import pytest

from domain.council import Council, Member, Role, seats
from domain.errors import CouncilIncomplete, CouncilTooLarge, NotFound, TooManyInRole
from tests.domain.aggregates import DAY, DISTRICT, replayed, state

CHAIR = Member(uuid4(), Role.CHAIR, "UBND huyện")
SECRETARY = Member(uuid4(), Role.SECRETARY, "Phòng Tư pháp")
POLICE = Member(uuid4(), Role.MEMBER, "Công an huyện")


def a_council() -> Council:
    return Council(id=uuid4(), unit=DISTRICT, decision_no="33/QĐ", on=DAY, members=(CHAIR, SECRETARY, POLICE))


@pytest.mark.parametrize(
    "members",
    [
        (),
        (CHAIR,),
        (SECRETARY, POLICE),
        (CHAIR, CHAIR, SECRETARY),
        (CHAIR, SECRETARY, Member(CHAIR.person, Role.MEMBER, "Khác")),
        (CHAIR, SECRETARY, Member(uuid4(), Role.CHAIR, "Khác")),
    ],
    ids=["nobody", "no-secretary", "no-chair", "same-chair-twice", "one-person-two-seats", "two-chairs"],
)
def test_a_council_has_one_chair_one_secretary_and_nobody_twice(members: tuple[Member, ...]):
    with pytest.raises(CouncilIncomplete):
        seats(members, limit=15)


def test_a_council_of_619_has_fifteen_members_at_most():
    fifteen = (CHAIR, SECRETARY, *(Member(uuid4(), Role.MEMBER, "…") for _ in range(13)))

    assert seats(fifteen, limit=15) == fifteen
    with pytest.raises(CouncilTooLarge):
        seats((*fifteen, POLICE), limit=15)


def test_a_council_has_no_more_vice_chairs_than_the_rulebook_allows():
    vice_chairs = [Member(uuid4(), Role.VICE_CHAIR, "…") for _ in range(3)]

    assert seats((CHAIR, SECRETARY, *vice_chairs[:2]), limit=15, vice_chairs=2)
    with pytest.raises(TooManyInRole) as refusal:
        seats((CHAIR, SECRETARY, *vice_chairs), limit=15, vice_chairs=2)
    assert (refusal.value.details["role"], refusal.value.details["limit"]) == (Role.VICE_CHAIR, 2)


def test_a_member_gives_the_seat_to_another_and_the_council_stays_complete():
    council = a_council()
    successor = Member(uuid4(), Role.MEMBER, "Công an huyện")

    council.replace(POLICE.person, successor, "34/QĐ", DAY)

    assert set(council.members) == {CHAIR.person, SECRETARY.person, successor.person}
    with pytest.raises(NotFound):
        council.replace(POLICE.person, successor, "35/QĐ", DAY)
    with pytest.raises(CouncilIncomplete):
        council.replace(CHAIR.person, Member(uuid4(), Role.MEMBER, "…"), "35/QĐ", DAY)
    assert replayed(council) == state(council)


def test_chair_and_secretary_conduct_and_a_vice_chair_does_not_by_the_role_alone():
    council = a_council()
    council.replace(POLICE.person, Member(uuid4(), Role.VICE_CHAIR, "Mặt trận Tổ quốc"), "34/QĐ", DAY)

    assert council.conducting == {CHAIR.person, SECRETARY.person}
