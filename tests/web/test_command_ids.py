"""What somebody sends as the number of a form stops nobody else, and is nobody else's command."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import httpx
import pytest

from domain.errors import AlreadyVoted
from domain.export import Document
from domain.fact import STREAMS
from domain.meeting import Choice, meeting_stream
from domain.official import Office
from domain.permissions import Act
from infra.identity.tenants import IdentityProvider, Tenant
from infra.ledger.epoch import Epoch
from infra.platform.config import Settings
from infra.platform.database import Connection
from services.app import App
from services.assessment import assess
from services.clock import today
from services.command_ids import derived, sent_by
from services.council import voting
from services.exports import requests
from services.exports.kind import FinishedDocument
from services.exports.requests import export_id, fail_export, finish_export
from services.operations.close_log import close_log, succeed
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.web.app import web_application
from services.wiring import wired
from tests.council.test_meeting_page import ballots, vote
from tests.inspection.trail.test_accesses_page import _token as token_of
from tests.operations.test_restore_log import go_on, losing, seal
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT_OFFICES, ISSUER, OTHER, PROVINCE, Story, prepared
from tests.web.desks import Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

ALL = (*DISTRICT_OFFICES, *AGENCIES)

#: Every comment comes from an address of its own.
addresses = map(str, IPv4Network("203.0.113.0/24").hosts())


async def squat(house: App, story: Story, ids: Iterable[UUID]) -> None:
    """A stranger comments on the posted dossier of OTHER under each of these ids."""
    app = web_application(house)
    for one in ids:
        transport = httpx.ASGITransport(app=app, client=(next(addresses), 4711))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=WEB) as client:
            answer = await client.post(
                f"/t/{story.tenant.slug}/cong-khai/{story.season}/{OTHER}/gop-y",
                data={"text": f"Góp ý {one}", "command": str(one)},
                headers={"origin": WEB},
            )
        assert answer.status_code == 303


async def squat_as_of_old(house: App, story: Story, ids: Iterable[UUID]) -> None:
    """The same as it stands in a log of long ago: the comment is recorded under the very id."""
    for one in ids:
        work = house.work(story.tenant, assess.ANYBODY, one)
        await assess.receive_comment(work, story.season, OTHER, f"Góp ý {one}")


async def under(connection: Connection, tenant: Tenant, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these ids a command was recorded under."""
    rows = await connection.fetch(f"SELECT command_id FROM {tenant.id}.commands WHERE command_id = ANY($1)", list(ids))
    return {row["command_id"] for row in rows}


# The ballot -------------------------------------------------------------------------------------------


async def test_a_comment_under_the_id_of_a_ballot_takes_nobodys_vote(desks: Desks, season: Story, superuser):
    await season.posted(OTHER, until=today())
    stream = meeting_stream(season.season, "990-1").id(season.tenant.id)
    named = [f"{COMMUNE}/1/{season.person(subject)}" for subject in ALL]
    former = [uuid5(stream, one) for one in named]
    now = [derived(f"ballot {stream}/{one}").id for one in named]
    await squat(desks.house, season, [*former, *now])
    assert not await under(superuser, season.tenant, [*former, *now])
    await squat_as_of_old(desks.house, season, former)

    key = await season.vote_open()
    answers = [await vote(await desks.of(subject), season, key) for subject in ALL]

    assert [answer.refused for answer in answers] == [""] * len(ALL)
    assert len(await ballots(season, key)) == len(ALL)


async def test_even_a_command_that_has_the_id_of_a_ballot_takes_nobodys_vote(desks: Desks, season: Story):
    await season.posted(OTHER, until=today())
    key = await season.vote_open()
    stream = meeting_stream(season.season, key).id(season.tenant.id)
    named = derived(f"ballot {stream}/{COMMUNE}/1/{season.person('police')}").id
    await squat_as_of_old(desks.house, season, [named])

    answer = await vote(await desks.of("police"), season, key)

    assert (answer.refused, len(await ballots(season, key))) == ("", 1)


async def test_a_ballot_in_a_log_of_long_ago_is_known_again(season: Story):
    key = await season.vote_open()
    member = season.person("police")
    former = uuid5(meeting_stream(season.season, key).id(season.tenant.id), f"{COMMUNE}/1/{member}")
    asked = season.season, key, COMMUNE, 1, Choice.FOR, None
    first = await voting._cast((await season.by("police")).again(former), *asked)

    again = await voting.cast_ballot(await season.by("police"), season.season, key, COMMUNE, Choice.FOR)

    assert (again.first, again.repeated) == (first.first, True)
    with pytest.raises(AlreadyVoted):
        await voting.cast_ballot(await season.by("police"), season.season, key, COMMUNE, Choice.AGAINST)
    assert len(await ballots(season, key)) == 1


# The form ---------------------------------------------------------------------------------------------


async def test_who_sends_the_form_of_another_is_asked_what_they_may_do(desks: Desks, season: Story, superuser):
    owner, neighbour = await desks.officer(), await desks.officer(commune=OTHER)
    path = f"/ho-so/{season.season}/{COMMUNE}"
    number = str(uuid4())
    fields = {"command": number, "chi-tieu": "TC1.CT1", "explanation": "Vì…"}
    own = token_of(await owner.open(path))
    sent = await owner.post(f"{owner.home}{path}/giai-trinh", {**fields, "csrf": own})
    assert sent.refused == ""
    token = token_of(await neighbour.open(f"/ho-so/{season.season}/{OTHER}"))

    forged = await neighbour.post(f"{neighbour.home}{path}/giai-trinh", {**fields, "csrf": token})

    assert forged.status == 403
    rows = await superuser.fetch(
        f"SELECT act FROM {season.tenant.id}.accesses WHERE season = $1 AND refused = 'not-permitted'", season.season
    )
    assert Act.EXPLAIN in {row["act"] for row in rows}
    assert (await season.kinds()).count("Assessment.Explained") == 1


async def test_the_same_number_from_two_people_is_two_commands(season: Story):
    number = uuid4()
    officer, office = await season.officer(), await season.by(f"{COMMUNE} {Office.OFFICE_STATISTICS}")
    results = [
        await assess.explain(
            work.again(sent_by(work.actor.person, number)), season.season, COMMUNE, "TC1.CT1", f"Vì {turn}"
        )
        for turn, work in enumerate((officer, office))
    ]

    assert len({result.command for result in results} | {number}) == 3


async def test_a_form_that_was_recorded_under_its_number_long_ago_is_known_again_to_its_sender_alone(season: Story):
    number = uuid4()
    officer, office = await season.officer(), await season.by(f"{COMMUNE} {Office.OFFICE_STATISTICS}")
    asked = season.season, COMMUNE, "TC1.CT1", "Vì…"
    first = await assess.explain(officer.again(number), *asked)

    again = await assess.explain(officer.again(sent_by(officer.actor.person, number)), *asked)
    other = await assess.explain(
        office.again(sent_by(office.actor.person, number)), season.season, COMMUNE, "TC1.CT2", "Vì…"
    )

    assert (again.first, again.repeated) == (first.first, True)
    assert (other.first > first.first, other.repeated) == (True, False)


async def test_a_command_says_who_asked_for_what(season: Story, superuser):
    officer = await season.officer()

    result = await assess.explain(officer, season.season, COMMUNE, "TC1.CT1", "Vì…")

    row = await superuser.fetchrow(
        f"SELECT actor, verb FROM {season.tenant.id}.commands WHERE command_id = $1", result.command
    )
    assert tuple(row) == (officer.actor.person, "explain")


# What the system does ---------------------------------------------------------------------------------


async def test_a_document_is_finished_and_another_fails_whatever_strangers_have_sent(desks: Desks, season: Story):
    await season.posted(OTHER, until=today())
    house = desks.house
    asked = []
    for _ in range(2):
        work = await season.by(Office.JUSTICE_DEPARTMENT)
        await requests.request_export(work, Document.STANDINGS, season.season)
        asked.append(export_id(work))
    former = [uuid5(export, verb) for export in asked for verb in ("finish", "fail")]
    now = [derived(f"{verb} export {export}").id for export in asked for verb in ("finish", "fail")]
    await squat(house, season, [*former, *now])
    await squat_as_of_old(house, season, former)

    made = await finish_export(
        house.system(season.tenant, uuid4()), asked[0], FinishedDocument(b"x", "x.xlsx", "text/plain")
    )
    failed = await fail_export(house.system(season.tenant, uuid4()), asked[1], "crashed")
    again = await fail_export(house.system(season.tenant, uuid4()), asked[1], "crashed")

    assert [made.repeated, failed.repeated] == [False, False]
    assert (again.first, again.repeated) == (failed.first, True)


@pytest.fixture
def merging(services: Settings) -> tuple[Tenant, Tenant]:
    """A province that is about to merge, and the one that it merges into."""
    return prepared(services), prepared(services)


async def test_a_log_is_restored_closed_and_succeeded_whatever_strangers_have_sent(
    services: Settings, merging: tuple[Tenant, Tenant], superuser, tmp_path: Path
):
    """What a stranger can know beforehand of the commands of an operator, sent before any of them."""
    settings, (tenant, successor) = replace(services, folder=tmp_path, public_url=WEB), merging
    coming = Epoch.read(tenant.log).next().origin
    step = f"administrator {ISSUER} another"
    public = {
        tenant: [f"{tenant.id} {coming}", f"{tenant.id} close", f"{tenant.id} {step}"],
        successor: [f"{successor.id} succeeds {tenant.id}"],
    }
    async with wired(settings) as house, as_operator(settings) as operator:
        for one, texts in public.items():
            story = await Story(house, one, "").opened()
            await story.posted(OTHER, until=today())
            ids = [uuid5(STREAMS, text) for text in texts]
            await squat(house, story, [*ids, derived(f"{one.id} tenant create {step}").id])
            await squat_as_of_old(house, story, ids)
        again = NewTenant(
            slug=tenant.slug,
            province_code=PROVINCE,
            rulebooks=("qd-25-2021",),
            provider=IdentityProvider(ISSUER, "minhchuan"),
            administrator="another",
        )
        await create_tenant(house, operator, again)
        assert await house.people.actor_of(tenant, ISSUER, "another", today()) is not None
    await seal(settings, tenant)

    async with losing(superuser, settings, tenant):
        pass
    now = await go_on(settings, tenant)
    async with wired(settings) as house:
        await close_log(house, now, successor, "NQ 1")
    await seal(settings, now)
    async with wired(settings) as house:
        final = await succeed(house, successor, now)

    assert (now.log, final.origin) == (coming, coming)
