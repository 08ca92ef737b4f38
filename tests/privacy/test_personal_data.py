"""What people say is sealed on its way in, opened at one door, and gone for ever when an order says so."""

import io
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.assessment import Assessment, assessment_stream
from domain.catalogue import AGGREGATES, FACTS
from domain.errors import KeyDestroyed, KeysUnavailable, NotErasable, NotFound, NotPermitted, ReasonMissing
from domain.export import Document
from domain.fact import Recorded
from domain.official import Office
from domain.personal import DataSubject, EncryptedValue, Personal, subject_stream
from infra.identity.tenants import Tenant
from infra.jobs.export_runs import ExportRuns
from infra.jobs.queue import Jobs, QueueUnavailable
from infra.ledger.canonical_json import canonical
from infra.ledger.witness_policy import Policy
from infra.log.eventstore import CommandReused, EventStore
from infra.log.mapper import Decided, Mapper, Payload
from infra.log.stored_rows import read_entries
from infra.platform.config import Settings
from infra.readmodels.projector import Projector
from infra.transparency.proofs import reading_log
from infra.transparency.sealer import Sealer, connect
from infra.transparency.sealer_store import SealerStore
from projections.catalogue import PROJECTIONS
from projections.fold import fold
from projections.tables.sheets import SHEETS
from services.app import App
from services.appraisal import appraise
from services.assessment import assess
from services.assessment.commune_papers import opinions_paper
from services.documents.reading import AsItStood
from services.exports.requests import export_id, request_export
from services.operations.export_log import export
from services.privacy import personal_data
from services.privacy.personal_data import PersonalDataReader, PersonalValue, Shredder, VisibleValue
from services.processes.sweeper import Sweeper
from services.proof_package.build import Which, gather
from services.proof_package.pages import pages
from services.proof_package.sentences import NOT_PRINTED
from services.proof_package.verify import Law, judge_files
from services.seals.trusted_policy import Trust
from services.wiring import wired
from services.work import Work, body_sha256
from tests.provinces.papers import finished, workshop
from tests.provinces.story import COMMUNE, OTHER, Story, prepared

TEXT = "Zephyrine Quokkaby o so nha 7 noi rang bien ban hoa giai thieu chu ky"
ORDER, WHY = "52/QĐ-STP", "Người gửi yêu cầu xóa"


@pytest.fixture
async def posted(story: Story) -> Story:
    return await story.posted()


@pytest.fixture
def apart(services: Settings) -> Tenant:
    """A province whose log is this test's alone: to be sealed, or damaged."""
    return prepared(services)


@pytest.fixture
async def owner(services: Settings) -> AsyncIterator[asyncpg.Connection]:
    """The database of keys as whoever owns it."""
    connection = await asyncpg.connect(services.keys_owner_url)
    yield connection
    await connection.close()


def anybody(story: Story, command: UUID | None = None) -> Work:
    return story.house.system(story.tenant, command or uuid4())


async def said(story: Story, text: str = TEXT, command: UUID | None = None) -> UUID:
    """The id of a comment that says this."""
    work = anybody(story, command)
    await assess.receive_comment(work, story.season, COMMUNE, text, date(2024, 1, 10))
    return work.new_id("comment")


async def shred(story: Story, comment: UUID, command: UUID | None = None) -> Any:
    work = replace(await story.as_administrator(), command_id=command or uuid4())
    return await personal_data.shred_subject(work, story.season, COMMUNE, comment, ORDER, WHY, date(2024, 3, 11))


async def facts_of(story: Story) -> list[Recorded]:
    return await story.facts(assessment_stream(story.season, COMMUNE))


async def seen(story: Story, house: App | None = None, tenant: Tenant | None = None) -> list[VisibleValue]:
    """What the door shows of each comment on the dossier, the first first."""
    kept = [
        PersonalValue(one.fact.text, one.stream, one.version, "text")
        for one in await facts_of(story)
        if isinstance(one.fact, Assessment.CommentReceived)
    ]
    found = await (house or story.house).part(PersonalDataReader).see(tenant or story.tenant, kept)
    return [found[one.value] for one in kept]


async def erasures(story: Story, comment: UUID) -> list[Recorded]:
    pages = story.house.store.read(story.tenant, streams=[subject_stream(comment)])
    return [one async for page in pages for one in page]


ERASED = VisibleValue(erased_on=date(2024, 3, 11), order_no=ORDER)


# Sealed -----------------------------------------------------------------------------------------------


async def test_a_comment_lies_sealed_in_its_fact_and_in_every_row_and_opens_at_the_door(posted: Story):
    comment = await said(posted)

    rows = fold(SHEETS, [one async for page in posted.house.store.read(posted.tenant) for one in page])
    row = rows[f"{posted.season}/{COMMUNE}"].comments[comment]
    assert isinstance(row.text, EncryptedValue)
    assert row.text.subject == comment
    assert TEXT not in f"{await facts_of(posted)}{row}"
    assert await seen(posted) == [VisibleValue(TEXT)]


async def test_a_rebuilt_row_is_the_live_one_and_the_one_of_the_past(posted: Story):
    await said(posted)
    await said(posted, "Điều thứ hai")
    position = await posted.house.store.position(posted.tenant)
    projector = Projector(posted.house.database, posted.house.store, PROJECTIONS)
    await projector.catch_up(posted.tenant)
    key = f"{posted.season}/{COMMUNE}"

    async with posted.house.reads.at(posted.tenant) as view:
        live = await view.one(SHEETS, key)
    await projector.rebuild(posted.tenant, ["sheets"])
    async with posted.house.reads.at(posted.tenant) as view:
        rebuilt = await view.one(SHEETS, key)
    async with posted.house.reads.at(posted.tenant, position) as view:
        past = await view.one(SHEETS, key)
    await projector.close()

    assert live == rebuilt == past
    assert live is not None
    assert [type(one.text) for one in live.comments.values()] == [EncryptedValue, EncryptedValue]


async def test_the_same_press_twice_is_one_comment_and_another_text_under_its_id_is_refused(posted: Story):
    command = uuid4()
    comment = await said(posted, command=command)

    assert await said(posted, command=command) == comment
    with pytest.raises(CommandReused):
        await said(posted, "Một điều khác", command)

    assert await seen(posted) == [VisibleValue(TEXT)]


async def test_moved_to_another_place_or_province_a_value_does_not_open(posted: Story, other_tenant: Tenant):
    await said(posted)
    (fact,) = [one for one in await facts_of(posted) if isinstance(one.fact, Assessment.CommentReceived)]
    value: Personal = fact.fact.text  # type: ignore[attr-defined]

    moved = PersonalValue(value, fact.stream, fact.version + 1, "text")

    assert (await posted.house.part(PersonalDataReader).see(posted.tenant, [moved]))[value] == VisibleValue()
    assert await seen(posted, tenant=other_tenant) == [VisibleValue()]


# Erased -----------------------------------------------------------------------------------------------


async def test_an_erasure_is_a_fact_with_order_and_official_and_the_text_is_gone(posted: Story):
    comment, other = await said(posted), await said(posted, "Ở lại")
    admin = await posted.as_administrator()

    await shred(posted, comment)

    (recorded,) = await erasures(posted, comment)
    assert isinstance(recorded.fact, DataSubject.Shredded)
    assert (recorded.fact.order_no, recorded.fact.reason) == (ORDER, WHY)
    assert (recorded.fact.season, recorded.fact.commune) == (posted.season, COMMUNE)
    assert (recorded.fact.official, recorded.fact.position) == (admin.actor.name, Office.ADMINISTRATOR)
    assert recorded.fact.official
    assert recorded.mandate
    assert await seen(posted) == [ERASED, VisibleValue("Ở lại")]
    assert (await posted.house.keys.find(posted.tenant, [comment, other])).keys() == {other}


async def test_the_printed_opinions_made_after_an_erasure_say_so_in_place_of_the_text(posted: Story):
    """Also when it is made from a position before the erasure: what is erased by now is printed nowhere (Mẫu 03)."""
    comment = await said(posted)
    before = (await posted.facts())[-1].position
    reader = posted.house.part(PersonalDataReader)

    async def printed() -> str:
        then = AsItStood(posted.house.store, posted.tenant, before)
        return await opinions_paper(then, posted.tenant, posted.season, COMMUNE, reader)

    first = await printed()
    await shred(posted, comment)
    again = await printed()

    assert TEXT in first
    assert TEXT not in again
    assert f"đã hủy dữ liệu cá nhân ngày 11/03/2024 theo {ORDER}" in again


async def test_erased_twice_it_is_erased_once(posted: Story):
    comment, command = await said(posted), uuid4()

    first = await shred(posted, comment, command)
    pressed_again = await shred(posted, comment, command)
    asked_again = await shred(posted, comment)

    assert (pressed_again.first, pressed_again.repeated) == (first.first, True)
    assert asked_again.first > asked_again.last
    assert len(await erasures(posted, comment)) == 1


@pytest.mark.parametrize("subject", [Office.INSPECTOR, Office.PROVINCE_CHAIRMAN, f"{COMMUNE} commune-chairman"])
async def test_nobody_but_the_administrator_erases(posted: Story, subject: str):
    comment = await said(posted)

    with pytest.raises(NotPermitted):
        await personal_data.shred_subject(await posted.by(subject), posted.season, COMMUNE, comment, ORDER, WHY)

    assert await erasures(posted, comment) == []
    assert await seen(posted) == [VisibleValue(TEXT)]


async def test_without_a_reason_or_a_comment_nothing_is_erased(posted: Story):
    comment = await said(posted)
    admin = await posted.as_administrator()

    with pytest.raises(ReasonMissing):
        await personal_data.shred_subject(admin, posted.season, COMMUNE, comment, ORDER, "  ")
    with pytest.raises(NotFound):
        await shred(posted, uuid4())
    with pytest.raises(NotFound):
        await personal_data.shred_subject(admin, posted.season, OTHER, comment, ORDER, WHY)

    assert await seen(posted) == [VisibleValue(TEXT)]


async def test_a_comment_sent_again_after_its_erasure_brings_nothing_back(posted: Story):
    command = uuid4()
    comment = await said(posted, command=command)
    await shred(posted, comment)

    with pytest.raises(KeyDestroyed):
        await said(posted, command=command)

    assert await seen(posted) == [ERASED]


# Broken off -------------------------------------------------------------------------------------------


async def ordered_only(story: Story, comment: UUID) -> None:
    """The process is killed after the fact was recorded and before the key was destroyed."""
    work = await story.as_administrator()
    await personal_data.order_shredding(work, story.season, COMMUNE, comment, ORDER, WHY, date(2024, 3, 11))
    assert (await story.house.keys.find(story.tenant, [comment])).keys() == {comment}


async def test_what_is_ordered_is_shown_to_nobody_and_the_sweeper_finishes_it(posted: Story):
    comment = await said(posted)
    await ordered_only(posted, comment)

    assert await seen(posted) == [ERASED]
    await Shredder(posted.house.store, posted.house.keys).sweep(posted.tenant)

    assert await posted.house.keys.find(posted.tenant, [comment]) == {}
    assert await seen(posted) == [ERASED]


async def test_the_sweeper_finishes_it_while_nobody_can_be_asked_for_a_job(posted: Story, tmp_path: Path):
    house, comment = posted.house, await said(posted)
    await ordered_only(posted, comment)
    await request_export(await posted.by(Office.INSPECTOR), Document.STANDINGS, posted.season)
    nowhere = Jobs.at(f"unix://{tmp_path}/nobody.sock", "a secret of at least thirty-two characters")

    with pytest.raises(QueueUnavailable):
        await Sweeper(house, ExportRuns(house.database), nowhere).sweep(posted.tenant)

    assert await house.keys.find(posted.tenant, [comment]) == {}
    await nowhere.close()


async def test_whoever_presses_again_finishes_it_too(posted: Story):
    comment = await said(posted)
    await ordered_only(posted, comment)

    await shred(posted, comment)

    assert await posted.house.keys.find(posted.tenant, [comment]) == {}
    assert len(await erasures(posted, comment)) == 1


async def test_a_key_that_a_backup_brings_back_opens_nothing_and_is_destroyed_again(
    posted: Story, owner: asyncpg.Connection
):
    comment = await said(posted)
    backup = await owner.fetchrow("SELECT * FROM keys.keys WHERE subject = $1", comment)
    assert backup
    await shred(posted, comment)
    await owner.execute("DELETE FROM keys.keys WHERE subject = $1", comment)
    await owner.execute("INSERT INTO keys.keys VALUES ($1, $2, $3, $4, $5)", *backup.values())
    assert (await posted.house.keys.find(posted.tenant, [comment])).keys() == {comment}

    assert await seen(posted) == [ERASED]
    await Shredder(posted.house.store, posted.house.keys).sweep(posted.tenant)

    assert await posted.house.keys.find(posted.tenant, [comment]) == {}


async def test_an_order_whose_fact_is_damaged_is_carried_out_and_stops_no_other(
    house: App, apart: Tenant, services: Settings
):
    story = await Story(house, apart, "").opened()
    posted = await story.posted()
    first, second = await said(posted), await said(posted, "Điều thứ hai")
    await ordered_only(posted, first)
    await ordered_only(posted, second)
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(f"ALTER TABLE {posted.tenant.id}.events DISABLE TRIGGER ALL")
    await owner.execute(
        f"UPDATE {posted.tenant.id}.events SET data = '{{}}' WHERE topic = 'subject.shredded' AND subject = $1",
        str(first),
    )
    await owner.close()

    await Shredder(posted.house.store, posted.house.keys).sweep(posted.tenant)

    assert await posted.house.keys.find(posted.tenant, [first, second]) == {}


async def test_the_sweeper_reads_a_log_once_and_then_what_is_new(posted: Story, services: Settings):
    first, second = await said(posted), await said(posted, "Điều thứ hai")
    shredder = Shredder(posted.house.store, posted.house.keys)
    await ordered_only(posted, first)
    await shredder.sweep(posted.tenant)
    await ordered_only(posted, second)
    async with wired(replace(services, keys_url=AWAY)) as house:
        away = Shredder(house.store, house.keys)
        with pytest.raises(KeysUnavailable):
            await away.sweep(posted.tenant)
        assert (await posted.house.keys.find(posted.tenant, [second])).keys() == {second}

    await shredder.sweep(posted.tenant)

    assert await posted.house.keys.find(posted.tenant, [first, second]) == {}


# Without the database of keys -------------------------------------------------------------------------

AWAY = "postgresql://keyholder@127.0.0.1:1/minhchuan_keys"


async def test_while_the_keys_are_away_nothing_is_said_erased_or_lost(posted: Story, services: Settings):
    erased, comment = await said(posted), await said(posted, "Vẫn còn")
    await shred(posted, erased)
    before = await posted.house.store.position(posted.tenant)

    async with wired(replace(services, keys_url=AWAY)) as house:
        alone = replace(posted, house=house)
        assert await seen(alone) == [ERASED, VisibleValue()]
        with pytest.raises(KeysUnavailable):
            await said(alone, "Không vào được")
        with pytest.raises(KeysUnavailable):
            await shred(alone, comment)

    assert await posted.house.store.position(posted.tenant) == before
    assert await seen(posted) == [ERASED, VisibleValue("Vẫn còn")]


# Before there were seals ------------------------------------------------------------------------------


class OldMapper(Mapper):
    """Writes comments as they were written before: in clear."""

    def payload(self, fact: Decided) -> Payload:
        if isinstance(fact, Assessment.CommentReceived):
            document = {"comment": str(fact.comment), "on": str(fact.on), "text": fact.text}
            return Payload("assessment.comment-received", 1, canonical(document))
        return super().payload(fact)


async def test_a_comment_from_before_is_read_and_that_it_cannot_be_erased_is_said(posted: Story):
    store = EventStore(posted.house.database, OldMapper(FACTS, AGGREGATES))
    work, comment = replace(anybody(posted), store=store), uuid4()
    text: Any = "Điều nói trước đây"
    await work.change(
        Assessment,
        assessment_stream(posted.season, COMMUNE),
        lambda one: one.receive_comment(comment, text, date(2024, 1, 5)),
    )
    await store.close()

    assert await seen(posted) == [VisibleValue(text)]
    with pytest.raises(NotErasable):
        await shred(posted, comment)
    assert await seen(posted) == [VisibleValue(text)]


# What is left -----------------------------------------------------------------------------------------


def spellings(text: str) -> list[bytes]:
    """The text as bytes, in hex, and in base64 at each of its three alignments (their middles)."""
    raw = text.encode()
    encoded = [b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)]
    return [raw, raw.hex().encode(), *encoded]


async def dumped(url: str, schema: str) -> bytes:
    """Every row of every table of a schema, as text, to whoever may see all."""
    connection = await asyncpg.connect(url.replace("minhchuan@", "postgres@"))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
        assert tables
        rows = [
            str(row[0]) for one in tables for row in await connection.fetch(f"SELECT t::text FROM {schema}.{one[0]} t")
        ]
    finally:
        await connection.close()
    return "\n".join(rows).encode()


def on_disk(folder: Path) -> bytes:
    """Every file of the data folder: tables, write-ahead log, Redis, documents, logs."""
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                found.append(path.read_bytes())
        except OSError:  # PostgreSQL took it away meanwhile
            continue
    return b"\n".join(found)


async def test_after_the_erasure_no_byte_of_it_is_anywhere_and_everything_still_verifies(
    posted: Story, services: Settings
):
    answer = "Da in lai kho lon Marzipanfish"
    comment = await said(posted)
    await assess.answer_comment(await posted.officer(), posted.season, COMMUNE, comment, answer)
    projector = Projector(posted.house.database, posted.house.store, PROJECTIONS)
    await projector.catch_up(posted.tenant)
    await projector.close()
    before = await entries_of(services, posted.tenant)

    await shred(posted, comment)

    work = await posted.by(Office.JUSTICE_DEPARTMENT)
    await request_export(work, Document.STANDINGS, posted.season)
    async with workshop(posted.house) as shop:
        workbook = (await finished(shop, posted, export_id(work))).content
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        exported = b"".join(archive.read(name) for name in archive.namelist())
    log, keys = await dumped(services.database_url, posted.tenant.id), await dumped(services.keys_owner_url, "keys")
    control = await dumped(services.database_url, "control")
    everything = on_disk(services.folder)
    for spelling in spellings(TEXT):
        for where in (log, keys, control, exported, everything):
            assert spelling not in where
    assert answer.encode() in log  # the canary: what is not sealed is found by the same search
    assert str(comment).encode() in log
    assert answer.encode() in everything or not (services.folder / "postgres").exists()
    after = await entries_of(services, posted.tenant)
    assert after[: len(before)] == before


async def entries_of(services: Settings, tenant: Tenant) -> list[bytes]:
    """The leaf hashes of the whole log, each row held against its leaf and its payload."""
    connection = await asyncpg.connect(services.sealer_url)
    try:
        last = await connection.fetchval(f"SELECT max(position) FROM {tenant.id}.events")
        pages = read_entries(connection, tenant.id, 0, last)
        entries = [entry async for page in pages for entry in page]
    finally:
        await connection.close()
    for entry in entries:
        entry.check(tenant.id, tenant.log)
    return [entry.leaf_hash for entry in entries]


async def test_what_was_asked_is_known_again_by_nothing_that_could_be_guessed(posted: Story, services: Settings):
    """The hash of a command is for ever; over the text itself it would tell whoever guesses a short one."""
    command = uuid4()
    await said(posted, "Đúng", command)
    connection = await asyncpg.connect(services.sealer_url.replace("sealer@", "postgres@"))
    try:
        stored = await connection.fetchval(
            f"SELECT body_sha256 FROM {posted.tenant.id}.commands WHERE command_id = $1", command
        )
    finally:
        await connection.close()

    for verb in ("receive_comment", "record_comment"):
        assert stored != body_sha256(verb, [posted.season, COMMUNE, "Đúng", None])


async def test_dossier_and_log_export_never_held_it_and_hold_after_the_erasure_as_before(
    house: App, services: Settings, apart: Tenant, tmp_path: Path
):
    story = await Story(house, apart, "").opened()
    await story.posted()
    comment = await said(story)
    await assess.answer_comment(await story.officer(), story.season, COMMUNE, comment, "Marzipanfish")
    await story.agree()
    await assess.submit(await story.chairman(), story.season, COMMUNE, "12/BC", date(2024, 1, 15))
    await story.appraised()
    await appraise.conclude(await story.appraiser(), story.season, COMMUNE)
    await story.vote_on_concluded()
    await story.decide()
    keep = SealerStore(tmp_path / "sealer")
    sealer = Sealer(await connect(services.sealer_url), keep)
    await sealer.seal(apart)
    policy = f"log {keep.key(apart).verifier}\nquorum 0\n".encode()
    trust, law = Trust(Policy.read(policy), policy), Law(house.rulebooks, house.calendar)
    which = Which(story.season, COMMUNE)

    async def taken(name: str) -> dict[str, bytes]:
        async with reading_log(services.app_url, apart) as connection:
            await export(connection, apart, trust, tmp_path / name, tiles=True)
            return (await gather(connection, apart, which, trust, law)).files

    before = await taken("before")
    await shred(story, comment)
    await sealer.seal(apart)
    after = await taken("after")
    await sealer.close()

    assert (await judge_files(before, None, trust, law)).holds
    assert (await judge_files(after, None, trust, law)).holds
    assert {name for name in before if name.startswith("payloads/")} <= after.keys()
    printed = [pages(files).html for files in (before, after)]
    assert [f"Gửi ý kiến góp ý về kết quả niêm yết: {NOT_PRINTED}" in one for one in printed] == [True, True]
    everything = [b"".join(files.values()) + one.encode() for files, one in zip((before, after), printed, strict=True)]
    everything += [b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())]
    for found in everything:
        assert b"Marzipanfish" in found or found is everything[-1]  # the export has leaves, and payloads of acts only
        assert [one for one in spellings(TEXT) if one in found] == []
