from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest

from domain.adoption import Adoption, adoption_stream
from domain.errors import (
    AlreadyThere,
    MergerImpossible,
    NotFound,
    NotPermitted,
    OwnMandate,
    ParameterNotLocal,
    ParentImpossible,
    PeriodReversed,
    RulebookNotAdopted,
    UnitEnded,
    UnverifiedNotAcknowledged,
)
from domain.official import Capacity, Office, Official, official_stream, person_of
from domain.permissions import Act, Subject, may
from domain.unit import Level, Unit, unit_stream
from infra.log.rulebook_texts import RulebookTexts
from infra.reference.rulebooks import Rulebooks
from services.administration import administer
from services.administration.administer import NewMandate, NewUnit
from services.rulebooks import keep
from tests.provinces.story import COMMUNE, DISTRICT, ISSUER, PROVINCE, TODAY, Story

MANDATE = NewMandate(Office.COMMUNE_CHAIRMAN, COMMUNE, date(2020, 1, 1), "8/QĐ", signs=Capacity.FOR_THE_HEAD)


async def test_a_person_acts_from_the_first_to_the_last_day_of_a_mandate(province_story: Story):
    subject = uuid4().hex
    person = province_story.person(subject)
    administrator = province_story.as_administrator
    await administer.enrol_official(await administrator(), "Người mới", ISSUER, subject)
    await administer.grant_mandate(await administrator(), person, MANDATE)
    people = province_story.house.people
    held = await people.actor(province_story.tenant, person, TODAY)
    assert held is not None
    (mandate,) = held.mandates

    await administer.end_mandate(await administrator(), person, mandate.id, date(2024, 1, 14), "9/QĐ")

    last = await people.actor_of(province_story.tenant, ISSUER, subject, date(2024, 1, 14))
    after = await people.actor_of(province_story.tenant, ISSUER, subject, date(2024, 1, 15))
    assert last is not None
    assert after is not None
    assert (len(last.mandates), len(after.mandates)) == (1, 0)
    assert mandate.signs is Capacity.FOR_THE_HEAD


async def test_nobody_enrolled_is_nobody(province_story: Story):
    people = province_story.house.people

    assert await people.actor_of(province_story.tenant, ISSUER, "nobody", TODAY) is None
    assert await people.actor_of(province_story.tenant, "https://elsewhere.example", "administrator", TODAY) is None


async def test_an_identity_is_enrolled_once(province_story: Story):
    subject = uuid4().hex
    await administer.enrol_official(await province_story.as_administrator(), "Một", ISSUER, subject)

    with pytest.raises(AlreadyThere):
        await administer.enrol_official(await province_story.as_administrator(), "Hai", ISSUER, subject)


async def test_a_mandate_is_for_a_person_and_a_unit_that_exist(province_story: Story):
    administrator = province_story.as_administrator
    nowhere = NewMandate(Office.COMMUNE_CHAIRMAN, "00000", date(2020, 1, 1), "8/QĐ")

    with pytest.raises(NotFound):
        await administer.grant_mandate(await administrator(), uuid4(), MANDATE)
    with pytest.raises(NotFound):
        await administer.enrol_official(await administrator(), "A", ISSUER, uuid4().hex, mandates=[nowhere])


async def test_only_the_administrator_gives_rights(province_story: Story):
    chairman = await province_story.by(Office.PROVINCE_CHAIRMAN)

    with pytest.raises(NotPermitted):
        await administer.grant_mandate(chairman, province_story.person("police"), MANDATE)
    with pytest.raises(NotPermitted):
        await keep.adopt_rulebook(chairman, "qd-25-2021", [])
    with pytest.raises(NotPermitted):
        await administer.register_units(chairman, [])


async def test_a_rulebook_is_adopted_with_all_that_is_unverified_acknowledged(province_story: Story):
    administrator = await province_story.as_administrator()

    with pytest.raises(UnverifiedNotAcknowledged) as refusal:
        await keep.adopt_rulebook(administrator, "qd-25-2021", ["council.quorum"])
    with pytest.raises(RulebookNotAdopted):
        await keep.adopt_rulebook(await province_story.as_administrator(), "qd-1-1990", [])

    assert "council.majority" in refusal.value.details["missing"]
    adoption = await administrator.look(Adoption, adoption_stream("qd-25-2021"))
    assert adoption.sha256 == (await administrator.rulebooks()).newest("qd-25-2021").sha256


@pytest.mark.parametrize("rulebook", ["qd-619-2017", "qd-25-2021", "qd-27-2025"])
async def test_no_value_is_set_locally_that_the_rulebook_does_not_leave_to_provinces(
    province_story: Story, rulebook: str
):
    administrator = await province_story.as_administrator()
    before = await administrator.store.position(province_story.tenant)

    for part in (await administrator.rulebooks()).newest(rulebook).parts:
        with pytest.raises(ParameterNotLocal):
            await administer.set_parameter(administrator, rulebook, f"{part}.rate", "200000", "NQ 12/HĐND")

    assert await administrator.store.position(province_story.tenant) == before


async def test_a_local_value_of_a_rulebook_names_its_document(province_story: Story):
    administrator = await province_story.as_administrator()
    rulebook = replace((await administrator.rulebooks()).newest("qd-25-2021"), local=frozenset({"TC5.CT3.rate"}))
    administrator = replace(administrator, texts=RulebookTexts(administrator.store, Rulebooks([rulebook])))

    await administer.set_parameter(administrator, rulebook.id, "TC5.CT3.rate", "200000", "NQ 12/HĐND")

    adoption = await administrator.look(Adoption, adoption_stream(rulebook.id))
    assert adoption.parameters == {"TC5.CT3.rate": "200000"}


async def test_units_are_registered_below_units_that_are_there_and_keep_their_codes(province_story: Story):
    administrator = province_story.as_administrator
    code = f"9{uuid4().int % 10**8:08}"
    with pytest.raises(NotFound):
        await administer.register_units(await administrator(), [NewUnit(code, "Xã Mới", "Xã", Level.COMMUNE, "000")])

    await administer.register_units(await administrator(), [NewUnit(code, "Xã Mới", "Xã", Level.COMMUNE, DISTRICT)])
    await administer.rename_unit(await administrator(), code, "Xã Mới Hơn", date(2024, 1, 1), "1/NQ")
    await administer.classify_unit(await administrator(), code, "III", "2/QĐ")
    with pytest.raises(NotFound):
        await administer.classify_unit(await administrator(), code, "IV", "2/QĐ")
    with pytest.raises(MergerImpossible):
        await administer.merge_unit(await administrator(), code, code, date(2024, 1, 1), "3/NQ")
    await administer.merge_unit(await administrator(), code, COMMUNE, date(2024, 2, 1), "3/NQ")

    unit = await (await administrator()).look(Unit, unit_stream(code))
    assert (unit.name, unit.unit_class, unit.ended_on) == ("Xã Mới Hơn", "III", date(2024, 2, 1))


async def test_a_unit_lies_below_one_of_a_higher_level_and_never_below_itself(province_story: Story):
    code = f"9{uuid4().int % 10**8:08}"

    for level, parent in ((Level.COMMUNE, COMMUNE), (Level.COMMUNE, code), (Level.PROVINCE, DISTRICT)):
        work, unit = await province_story.as_administrator(), NewUnit(code, "Xã Mới", "Xã", level, parent)
        with pytest.raises(ParentImpossible):
            await administer.register_units(work, [unit])


async def test_a_code_that_is_in_the_books_is_refused_and_not_passed_over(province_story: Story):
    work = await province_story.as_administrator()

    with pytest.raises(AlreadyThere):
        await administer.register_units(work, [NewUnit(COMMUNE, "Xã Khác", "Xã", Level.COMMUNE, DISTRICT)])


async def test_who_is_enrolled_by_a_pasted_name_with_invisible_marks_can_sign_in(province_story: Story):
    work, subject = await province_story.as_administrator(), uuid4().hex

    await administer.enrol_official(work, "Một", ISSUER, f"{subject}\u200b")

    person = person_of(work.tenant.id, ISSUER, subject)
    assert (await work.look(Official, official_stream(person))).subject == subject
    with pytest.raises(AlreadyThere):
        await administer.enrol_official(await province_story.as_administrator(), "Hai", ISSUER, subject)


async def test_units_that_went_into_each_other_form_no_circle(province_story: Story):
    administrator = province_story.as_administrator
    first, second, third = (f"9{uuid4().int % 10**8:08}" for _ in range(3))
    units = [NewUnit(code, f"Xã {code}", "Xã", Level.COMMUNE, DISTRICT) for code in (first, second, third)]
    await administer.register_units(await administrator(), units)
    await administer.merge_unit(await administrator(), first, second, date(2025, 7, 1), "3/NQ")
    await administer.merge_unit(await administrator(), second, third, date(2025, 8, 1), "4/NQ")

    for into, on, document in ((third, date(2025, 9, 1), "5/NQ"), (COMMUNE, date(2025, 7, 1), "3/NQ")):
        with pytest.raises(UnitEnded):  # again, from an old page
            await administer.merge_unit(await administrator(), first, into, on, document)
    for into in (first, second):  # directly, and through the other: backdated, so that nothing has ended yet
        with pytest.raises(MergerImpossible) as refused:
            await administer.merge_unit(await administrator(), third, into, date(2025, 6, 1), "5/NQ")
        assert refused.value.details["reason"] == "circle"
    for into in (DISTRICT, "99"):
        with pytest.raises(MergerImpossible) as refused:
            await administer.merge_unit(await administrator(), third, into, date(2025, 9, 1), "5/NQ")
        assert refused.value.details["reason"] == "other-level"
    with pytest.raises(NotFound):
        await administer.merge_unit(await administrator(), third, "12345", date(2025, 9, 1), "5/NQ")


async def test_a_unit_does_not_end_before_something_went_into_it(province_story: Story):
    administrator = province_story.as_administrator
    first, second, third = (f"9{uuid4().int % 10**8:08}" for _ in range(3))
    units = [NewUnit(code, f"Xã {code}", "Xã", Level.COMMUNE, DISTRICT) for code in (first, second, third)]
    await administer.register_units(await administrator(), units)
    await administer.merge_unit(await administrator(), first, second, date(2025, 7, 1), "3/NQ")

    for on in (date(2025, 6, 1), date(2025, 7, 1)):
        with pytest.raises(PeriodReversed):
            await administer.dissolve_unit(await administrator(), second, on, "5/NQ")
        with pytest.raises(PeriodReversed) as refused:
            await administer.merge_unit(await administrator(), second, third, on, "5/NQ")
        assert refused.value.details["unit"] == f"Xã {first}"
    await administer.merge_unit(await administrator(), second, third, date(2025, 7, 2), "5/NQ")


async def test_nobody_gives_themselves_a_position(province_story: Story):
    administrator = await province_story.as_administrator()
    chairman = NewMandate(Office.PROVINCE_CHAIRMAN, "99", date(2024, 1, 1), "7/QĐ")

    with pytest.raises(OwnMandate):
        await administer.grant_mandate(administrator, UUID(administrator.actor.person), chairman)

    subject = f"second-{uuid4().hex[:8]}"
    await province_story.enrol(subject, Office.ADMINISTRATOR, "99")
    second = await province_story.by(subject)
    await administer.grant_mandate(second, UUID(administrator.actor.person), chairman)
    official = await administrator.look(Official, official_stream(UUID(administrator.actor.person)))
    granted = [one for one in official.mandates.values() if one.position is Office.PROVINCE_CHAIRMAN]
    assert len(granted) == 1
    void = date(2023, 12, 31)  # other tests meet the same administrator, without this office
    await administer.end_mandate(
        await province_story.by(subject), UUID(administrator.actor.person), granted[0].id, void, "8/QĐ"
    )


async def test_from_the_day_a_district_ends_whoever_decides_for_the_province_stands_for_it(province_story: Story):
    code = f"D{uuid4().hex[:6]}"
    district = NewUnit(code, f"Huyện {code}", "Huyện", Level.DISTRICT, PROVINCE)
    await administer.register_units(await province_story.as_administrator(), [district])
    await administer.dissolve_unit(await province_story.as_administrator(), code, date(2025, 7, 1), "5/NQ")
    people, subject = province_story.house.people, Office.PROVINCE_CHAIRMAN.value

    before = await people.actor_of(province_story.tenant, ISSUER, subject, date(2025, 6, 30))
    after = await people.actor_of(province_story.tenant, ISSUER, subject, date(2025, 7, 1))

    assert before is not None
    assert after is not None
    assert not may(before, Act.CONCLUDE_REVIEW, Subject(COMMUNE, code))
    assert may(after, Act.CONCLUDE_REVIEW, Subject(COMMUNE, code))
    assert not may(after, Act.CONCLUDE_REVIEW, Subject(COMMUNE, DISTRICT))
