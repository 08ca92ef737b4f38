"""kill -9 of sealer, witnesses, web and PostgreSQL while people work: `python -m tests.fault.kills --kills 200`.

A real house in a folder of its own: PostgreSQL with fsync and Redis, web, projector, sealer, and two witnesses of which
both must cosign. Officers score and a council votes over HTTP, each answer is written down, and what is not answered is
sent again as the same command. One thing after the other is killed at random moments and started again as a supervisor
does; somebody beside keeps every checkpoint that can be seen anywhere. Then the log is held against all of it.

Prints a table; status 1 when anything was lost, forked, done twice or said too early, or did not work again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import httpx2

from domain.meeting import meeting_stream
from infra.identity.tenants import IdentityProvider, Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note, read_signatures
from infra.ledger.witness_policy import Policy
from infra.platform import embedded
from infra.platform.child_processes import marked
from infra.platform.config import Settings, read_settings
from infra.platform.database import LOST
from infra.schema import migrate
from infra.transparency.sealer_store import Halted, SealerStore
from infra.transparency.witness_policies import read_policy
from projections.catalogue import PROJECTIONS
from services.app import App
from services.command_ids import CommandId, derived, sent_by
from services.council import voting
from services.demo import witnesses
from services.demo.offices import SEATS, office_key, seat_key
from services.demo.provinces import TINH_MAU, Dossier, Until
from services.demo.telling import StoryBuilder, take_in, together
from services.operations.create_tenant import as_operator
from services.processes.projector import projecting
from services.processes.supervise import PROGRAMS, Supervisor, kept_port, supervised
from services.web import security
from services.wiring import wired
from tests.fault.bearing import Ack, Borne, Row, borne_out

#: What is killed; every so many kills each of them has had its turn.
KINDS = ("sealer", "witness", "web", "web's worker", "postmaster", "one backend")

#: Seconds between two looks of who starts again what has fallen, as `minhchuan demo` does it.
LOOK = 1.0

#: Seconds until everything must work again.
PATIENCE = 90.0

#: How often nobody waits until things work again before the next thing is killed.
HASTE = 0.25

SCORED = ("99001", "99004", "99007")

#: Each has its own meeting, and they take turns: none grows so long that its page gets slow.
VOTED = ("99010", "99013", "99016")

#: An indicator whose points are given by judgement.
BY_HAND = "TC2.CT1"

MEMBERS = range(len(SEATS) - 1)

#: Seconds that an officer thinks between two values.
PAUSE = 0.25

PROVIDER = IdentityProvider("http://127.0.0.1/nobody", "nobody")

_POSITION = re.compile(r'class="pos"[^>]*>#([\d.]+)<')


class Seat(NamedTuple):
    """A signed-in person: the session's id, the cookie and the token for forms."""

    session: str
    cookie: str
    csrf: str


@dataclass
class Notes:
    """What clients write down of each answer: in a file, as it comes."""

    file: Path
    acks: list[Ack] = field(default_factory=list)
    sent: int = 0
    unanswered: Counter[str] = field(default_factory=Counter)

    def add(self, ack: Ack) -> None:
        self.acks.append(ack)
        with self.file.open("a") as file:
            file.write(json.dumps(ack._asdict()) + "\n")

    def read(self) -> list[Ack]:
        return [Ack(**json.loads(line)) for line in self.file.read_text().splitlines()]


# People at work ---------------------------------------------------------------------------------------


class Crowd:
    """Officers and a council, signed in, who send each command until it is answered."""

    def __init__(self, house: App, teller: StoryBuilder, meetings: Sequence[str], notes: Notes) -> None:
        self.house = house
        self.teller = teller
        self.meetings = meetings
        self.notes = notes
        self.done = asyncio.Event()
        self.seats: dict[str, Seat] = {}
        self.http = httpx2.AsyncClient(base_url=house.settings.public_url, trust_env=False, timeout=20.0)

    async def sign_in(self) -> None:
        sessions = self.house.sessions
        cookies = security.Cookies(self.house.settings.public_url)
        officers = [self.officer(commune) for commune in SCORED]
        members = [seat_key(self.teller.story.decided_by, number) for number in MEMBERS]
        for key in (*officers, *members):
            name, session = await sessions.open(
                tenant=self.teller.tenant.id, issuer=PROVIDER.issuer, subject=key, id_token=""
            )
            self.seats[key] = Seat(name, f"{cookies.session}={name}", security.masked(session.csrf))

    async def work(self) -> None:
        """Until `done`."""
        try:
            await asyncio.gather(self.hold_meetings(), *(self.score(commune) for commune in SCORED))
        finally:
            await self.http.aclose()

    async def send(self, key: str, place: str, fields: Mapping[str, Any], recorded: CommandId | None = None) -> None:
        """Post a form until it is answered, always as the same command, and write the answer down.

        `recorded` is the id of a command that the system names itself.
        """
        command = uuid4()
        known = recorded or sent_by(str(self.teller.person(key)), command)
        seat = self.seats[key]
        story = self.teller.story
        sent = time.time()
        self.notes.sent += 1
        while True:
            try:
                answer = await self.http.post(
                    f"/t/{story.slug}/{place}",
                    content=urlencode({"csrf": seat.csrf, "command": str(command), **fields}, doseq=True),
                    headers={
                        "Cookie": seat.cookie,
                        "HX-Request": "true",
                        "Content-Type": "application/x-www-form-urlencoded",
                    },
                )
            except httpx2.TransportError as reason:
                self.notes.unanswered[type(reason).__name__] += 1
            else:
                if answer.status_code in {200, 204}:
                    break
                if answer.status_code < 500:
                    raise AssertionError(f"{place} {dict(fields)}: {answer.status_code} {answer.text[:800]}")
                self.notes.unanswered[f"status {answer.status_code}"] += 1
            await asyncio.sleep(0.1)
        answered = time.time()
        told = _POSITION.search(answer.text)
        position = int(told[1].replace(".", "")) if told else await self.reached(seat)
        self.notes.add(Ack(str(known.id), position, "Đã ghi nhận" in answer.text, sent, answered))

    async def reached(self, seat: Seat) -> int:
        """The position that the answer left with the person's session; a person sends one command at a time."""
        session = await self.house.sessions.find(seat.session)
        assert session is not None
        return session.position

    def officer(self, commune: str) -> str:
        """Who leads the indicator there."""
        return office_key(commune, {indicator: lead for indicator, lead, _ in self.teller.matrix()}[BY_HAND])

    async def score(self, commune: str) -> None:
        """A commune's officer gives an indicator other points each time, and explains them with other words."""
        officer = self.officer(commune)
        place = f"ho-so/{self.teller.story.year}/{commune}"
        indicator = {"chi-tieu": BY_HAND}
        for turn in count():
            if self.done.is_set():
                return
            points = {f"{BY_HAND}.points": str(Decimal(turn % 16) / 4)}
            await self.send(officer, f"{place}/cham-diem", indicator | points)
            await self.send(officer, f"{place}/giai-trinh", indicator | {"explanation": f"Lần {turn}"})
            await asyncio.sleep(PAUSE)

    async def hold_meetings(self) -> None:
        """The council votes, finds that it must vote again, and goes on to the next meeting."""
        unit = self.teller.story.decided_by
        chair = seat_key(unit, 0)
        for turn in count():
            if self.done.is_set():
                return
            which = turn % len(VOTED)
            meeting, item = self.meetings[which], {"item": VOTED[which]}
            place = f"hop/{self.teller.story.year}/{meeting}"
            await self.send(chair, f"{place}/mo-bieu-quyet", item)
            await together((self.cast(which, number, turn // len(VOTED) + 1) for number in MEMBERS), 4)
            await self.send(chair, f"{place}/dong-bieu-quyet", item)
            await self.send(chair, f"{place}/bo-phieu-lai", {**item, "reason": "Kiểm phiếu lại"})

    async def cast(self, which: int, number: int, round_: int) -> None:
        """A member's ballot is one command, whatever page it is sent from."""
        key = seat_key(self.teller.story.decided_by, number)
        meeting, item = self.meetings[which], VOTED[which]
        stream = meeting_stream(self.teller.season, meeting).id(self.teller.tenant.id)
        ballot = derived(f"ballot {stream}/{item}/{round_}/{self.teller.person(key)}")
        fields = {"item": item, "round": str(round_), "choice": "for"}
        await self.send(key, f"hop/{self.teller.story.year}/{meeting}/ghi-phieu", fields, ballot)


# Whoever looks on -------------------------------------------------------------------------------------


class Onlooker:
    """Keeps every checkpoint that can be seen: in the database, in the sealer's folder, with the witnesses."""

    def __init__(self, settings: Settings, tenant: Tenant) -> None:
        self.settings = settings
        self.tenant = tenant
        self.keep = SealerStore(settings.seals)
        self.seen: dict[Checkpoint, set[str]] = defaultdict(set)
        self.held: dict[Checkpoint, Note] = {}
        self.witnessed = 0

    async def look_on(self) -> None:
        """Until cancelled. After each loss of the connection all of the database is looked at anew."""
        while True:
            with suppress(*LOST):
                connection = await asyncpg.connect(self.settings.verifier_url, timeout=10)
                try:
                    await self._follow(connection)
                finally:
                    connection.terminate()
            self._look_at_files()
            await asyncio.sleep(0.1)

    async def _follow(self, connection: asyncpg.Connection) -> None:
        size = 0
        schema = self.tenant.id
        while True:
            for row in await connection.fetch(
                f"SELECT size, note FROM {schema}.sealings WHERE size > $1 ORDER BY size", size
            ):
                self._saw(Note.read(row["note"]), "the database")
                size = row["size"]
            self.witnessed = max(
                self.witnessed,
                await connection.fetchval(
                    f"""
                    SELECT coalesce(max(size), 0) FROM (SELECT size FROM {schema}.cosignatures
                      WHERE size >= $1 GROUP BY size HAVING count(*) = $2) witnessed
                    """,
                    self.witnessed,
                    witnesses.QUORUM,
                ),
            )
            self._look_at_files()
            await asyncio.sleep(0.1)

    def _look_at_files(self) -> None:
        with suppress(Halted):  # before there is a key
            if note := self.keep.checkpoint(self.tenant):
                self._saw(note, "the sealer")
        for name in witnesses.WITNESSES:
            memory = self.settings.folder / f"witness-{name}" / "cosigned.sqlite"
            with suppress(sqlite3.Error):  # what a killed one has left half-way, until it has seen to it
                connection = sqlite3.connect(f"file:{memory}?mode=ro", uri=True, timeout=0.05)
                try:
                    for (note,) in connection.execute("SELECT note FROM cosigned"):
                        self._saw(Note.read(note), name)
                finally:
                    connection.close()

    def _saw(self, note: Note, where: str) -> None:
        checkpoint = Checkpoint.read(note.text)
        self.seen[checkpoint].add(where)
        self.held.setdefault(checkpoint, note)


# Whoever kills, and whoever starts again --------------------------------------------------------------


class House:
    """The processes and the database under them. Who kills and who starts again never do so at the same moment."""

    def __init__(self, supervisor: Supervisor, postgres: embedded.Postgres, random: Random) -> None:
        self.supervisor = supervisor
        self.postgres = postgres
        self.random = random
        self.turn = asyncio.Lock()

    async def revive(self) -> None:
        """Start again what has fallen, every so often, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            async with self.turn:
                await asyncio.to_thread(self._revive)

    def _revive(self) -> None:
        if marked(self.postgres.mark) is None:
            self.postgres.start()
        self.supervisor.revive()

    async def kill(self, kind: str) -> None:
        async with self.turn:
            await asyncio.to_thread(self._kill, kind)

    def _kill(self, kind: str) -> None:
        match kind:
            case "witness":
                self.supervisor.kill(f"witness-{self.random.choice(sorted(witnesses.WITNESSES))}")
            case "web's worker":
                living = marked(self.supervisor.mark("web"))
                _slay(self.random.sample(children := _children(living.pid if living else 0), min(1, len(children))))
            case "postmaster":
                living = marked(self.postgres.mark)
                with_all = self.random.random() < 0.5  # else its children notice for themselves
                if living:
                    _slay([living.pid, *(_children(living.pid) if with_all else ())])
            case "one backend":
                living = marked(self.postgres.mark)
                serving = [pid for pid in _children(living.pid if living else 0) if _serves(pid)]
                _slay(self.random.sample(serving, min(1, len(serving))))
            case _:
                self.supervisor.kill(kind)


def _slay(pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in said.stdout.split()]


def _serves(pid: int) -> bool:
    """Whether this child of the postmaster is the backend of one of the house's logins."""
    with suppress(OSError):
        said = Path(f"/proc/{pid}/cmdline").read_bytes()
        return said.startswith((b"postgres: app ", b"postgres: sealer "))
    return False


class Fall(NamedTuple):
    """What was killed, and how many seconds later an act sent after that was answered and witnessed."""

    kind: str
    seconds: float


async def kill_many(house: House, crowd: Crowd, onlooker: Onlooker, kills: int) -> list[Fall]:
    """Kill so often, each kind in its turn in no order; TimeoutError when things do not work again."""
    falls: list[Fall] = []
    waiting: list[tuple[str, float]] = []
    kinds: list[str] = []
    for number in range(1, kills + 1):
        await asyncio.sleep(house.random.random() * 1.2)
        kinds = kinds or house.random.sample(KINDS, len(KINDS))
        kind = kinds.pop()
        await house.kill(kind)
        waiting.append((kind, time.time()))
        hasty = house.random.random() < HASTE and number < kills
        if not hasty:
            async with asyncio.timeout(PATIENCE):
                await _works_again(crowd, onlooker, waiting[-1][1])
            again = time.time()
            falls += [Fall(kind, again - at) for kind, at in waiting]
            waiting.clear()
        print(f"{number:>4} {kind:<14} {'not waited for' if hasty else f'{falls[-1].seconds:5.1f} s'}", flush=True)
    return falls


async def _works_again(crowd: Crowd, onlooker: Onlooker, since: float) -> None:
    while True:
        for ack in reversed(crowd.notes.acks):
            if ack.answered < since:
                break
            if ack.sent > since and ack.position <= onlooker.witnessed:
                return
        await asyncio.sleep(0.05)


# All of it --------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """What a run found."""

    falls: list[Fall]
    notes: Notes
    facts: int
    seen: Mapping[Checkpoint, set[str]]
    borne: Borne
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.borne.ok and not self.faults


async def run(settings: Settings, postgres: embedded.Postgres, kills: int, seed: int) -> Told:
    """Kill so often in this house, whose services run."""
    await migrate.control(settings)
    settings = settings.listening(kept_port(settings.folder, "web"))
    programs = {name: PROGRAMS[name] for name in ("web", "projector", "sealer")} | dict(witnesses.programs(settings))
    with supervised(settings, programs) as supervisor:
        async with wired(settings) as house:
            crowd = await _gathered(house)
            await asyncio.to_thread(supervisor.wait)
            tenant = crowd.teller.tenant
            onlooker = Onlooker(settings, tenant)
            falls, faults = await _worked(crowd, onlooker, House(supervisor, postgres, Random(seed)), kills)
            head, log, policy, witnessed, halts = await look_at(settings, tenant)
            faults += [f"the log was halted: {reason}" for reason in halts]
            faults += await asyncio.to_thread(_verified, settings, tenant, policy, onlooker)
            faults += await _folded(house, tenant)
    borne = borne_out(head, log, crowd.notes.read(), onlooker.seen, witnessed)
    return Told(falls, crowd.notes, head, onlooker.seen, borne, tuple(faults))


async def _worked(crowd: Crowd, onlooker: Onlooker, killer: House, kills: int) -> tuple[list[Fall], list[str]]:
    """Work while things are killed, and then until the last fact is witnessed; the falls, and what was wrong."""
    falls: list[Fall] = []
    faults: list[str] = []
    async with asyncio.TaskGroup() as beside:
        tending = [beside.create_task(onlooker.look_on()), beside.create_task(killer.revive())]
        working = beside.create_task(crowd.work())
        try:
            falls = await kill_many(killer, crowd, onlooker, kills)
            crowd.done.set()
            async with asyncio.timeout(PATIENCE):
                await working
        except TimeoutError:
            faults.append(f"nothing worked within {PATIENCE:.0f} s of the last kill")
            working.cancel()
        tenant, house = crowd.teller.tenant, crowd.house
        seal = await house.seals.recorded(tenant, await house.store.position(tenant), PATIENCE)
        if not seal.witnessed:
            faults.append(f"the last fact is not witnessed: {seal}")
        await asyncio.sleep(0.5)  # the onlooker's last look
        for task in tending:
            task.cancel()
    return falls, faults


async def _gathered(house: App) -> Crowd:
    """People signed in to a province whose season is open, and whose policy asks for both witnesses."""
    story = replace(
        TINH_MAU,
        dossiers=(*(Dossier(one, Until.NOTHING) for one in SCORED), *(Dossier(one, Until.APPRAISED) for one in VOTED)),
    )
    async with as_operator(house.settings) as operator:
        teller = await take_in(house, operator, story, PROVIDER)
    await witnesses.trust(house, teller.tenant)
    await teller.enrol()
    await teller.plan()
    await teller.open()
    await together(teller.tell(one) for one in story.dossiers)
    await teller.constitute()
    meetings = [await _convened(teller, commune) for commune in VOTED]
    crowd = Crowd(house, teller, meetings, Notes(house.settings.folder / "acknowledged.ndjson"))
    await crowd.sign_in()
    return crowd


async def _convened(teller: StoryBuilder, commune: str) -> str:
    unit, days = teller.story.decided_by, teller.story.calendar
    work = await teller.by(seat_key(unit, 0), f"convene {commune}", days.met)
    _, meeting = await voting.convene(work, teller.season, unit, days.met, "Phòng họp Ủy ban nhân dân", [commune])
    present = [teller.person(seat_key(unit, place)) for place in MEMBERS]
    work = await teller.by(seat_key(unit, 2), f"attendance {commune}", days.met)
    await voting.record_attendance(work, teller.season, meeting, present)
    return meeting


class Look(NamedTuple):
    """A log as it lies in the database; `witnessed` by size, with the moment of the cosignature that made it so."""

    head: int
    log: list[Row]
    policy: Policy
    witnessed: dict[int, float]
    halts: list[str]


async def look_at(settings: Settings, tenant: Tenant) -> Look:
    """All of it, as the verifier's login sees it."""
    schema = tenant.id
    connection = await asyncpg.connect(settings.verifier_url)
    try:
        policy = await read_policy(connection, tenant)
        assert policy is not None
        head = await connection.fetchval(f"SELECT position FROM {schema}.head")
        rows = await connection.fetch(
            f"""
            SELECT position, stream_id, version, command_id, leaf, CASE WHEN topic = 'meeting.ballot-cast' THEN
              concat_ws(' ', subject, data ->> 'item', 'round', data ->> 'round', data ->> 'member')
              ELSE '' END AS once
            FROM {schema}.events ORDER BY position
            """
        )
        signed = await connection.fetch(
            f"""
            SELECT size, note, string_agg(line, '') AS lines, max(cosigned.at) AS at
            FROM {schema}.sealings JOIN {schema}.cosignatures cosigned USING (size) GROUP BY size
            """
        )
        halts = [row["reason"] for row in await connection.fetch(f"SELECT reason FROM {schema}.halts")]
    finally:
        await connection.close()
    log = [
        Row(
            one["position"],
            str(one["stream_id"]),
            one["version"],
            str(one["command_id"]),
            one["leaf"],
            one["once"],
        )
        for one in rows
    ]
    witnessed = {
        size: at.timestamp()
        for size, note, lines, at in signed
        if policy.judge(Note.read(note).also(read_signatures(lines))).witnessed
    }
    return Look(head, log, policy, witnessed, halts)


def _verified(settings: Settings, tenant: Tenant, policy: Policy, onlooker: Onlooker) -> list[str]:
    """What `minhchuan verify` finds, given the policy and some of the checkpoints that were seen."""
    (settings.folder / "policy").write_bytes(bytes(policy))
    given = ["--policy", str(settings.folder / "policy")]
    notes = sorted(onlooker.held.items(), key=lambda one: one[0].size)
    for number, (_, note) in enumerate(notes[:: max(1, len(notes) // 20)]):
        (settings.folder / f"held-{number}").write_bytes(bytes(note))
        given += ["--checkpoint", str(settings.folder / f"held-{number}")]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "verify", "--tenant", tenant.slug, *given],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, end="")
    return [] if done.returncode == 0 else [f"minhchuan verify: {done.stdout}{done.stderr}"]


async def _folded(house: App, tenant: Tenant) -> list[str]:
    """The read models whose rows are not those of one fold over the whole log."""

    async def rows() -> dict[str, list[Any]]:
        if not await house.reads.reached(tenant, await house.store.position(tenant), PROJECTIONS, PATIENCE):
            return {}
        async with house.reads.at(tenant) as view:
            return {question.name: await view.all(question) for question in PROJECTIONS}

    live = await rows()
    async with projecting(house.settings) as (projector, _):
        await projector.rebuild(tenant)
    folded = await rows()
    return [
        f"the rows of {one.name} are not those of one fold"
        for one in PROJECTIONS
        if live.get(one.name) != folded.get(one.name)
    ] + ([] if live else ["the read models do not hold the whole log"])


# The table --------------------------------------------------------------------------------------------


def table(told: Told, seconds: float) -> Iterator[str]:
    yield f"{'killed':<14} {'times':>5} {'works again: median':>20} {'longest':>9}"
    for kind in KINDS:
        if times := [one.seconds for one in told.falls if one.kind == kind]:
            yield f"{kind:<14} {len(times):>5} {statistics.median(times):>18.1f} s {max(times):>7.1f} s"
    longest = max((one.seconds for one in told.falls), default=0.0)
    yield f"{'in all':<14} {len(told.falls):>5} {'':>18}   {longest:>7.1f} s   in {seconds:.0f} s"
    acks, where = told.notes.acks, Counter(place for places in told.seen.values() for place in places)
    unanswered = ", ".join(f"{times} {what}" for what, times in told.notes.unanswered.most_common())
    for what, number, more in (
        ("facts in the log", told.facts, ""),
        ("commands sent", told.notes.sent, ""),
        ("acknowledged", len(acks), f"{sum(one.recorded for one in acks):,} of them as recorded"),
        ("sent again", sum(told.notes.unanswered.values()), unanswered),
        ("acknowledged facts lost", len(told.borne.lost), ""),
        ("gaps", len(told.borne.gaps), ""),
        ("executed twice", len(told.borne.twice), ""),
        ("checkpoints compared", len(told.seen), ", ".join(f"{place} {n:,}" for place, n in where.items())),
        ("of another history", len(told.borne.forked), ""),
        ("called recorded too early", len(told.borne.early), ""),
        ("other faults", len(told.faults), ""),
    ):
        yield f"{what:<26} {number:>9,}   {more}".rstrip()
    for fault in (*(one for kind in told.borne for one in kind[:10]), *told.faults):
        yield f"FAULT {fault}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.kills", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=20261125, help="of what is killed when; default: %(default)s")
    parser.add_argument(
        "--folder", type=Path, help="where everything lies, to look at afterwards; default: a fresh one"
    )
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="minhchuan-kills-"))
    print(f"{given.kills} kills, seed {given.seed}, in {folder}", flush=True)
    begun = time.monotonic()
    told = in_folder(folder, given.kills, given.seed)
    print(*table(told, time.monotonic() - begun), sep="\n")
    if told.ok and not given.folder:
        shutil.rmtree(folder)
    return int(not told.ok)


def in_folder(folder: Path, kills: int, seed: int) -> Told:
    """Start a house in this folder, kill in it, and stop it."""
    with embedded.services(read_settings(folder, {}), durable=True) as settings:
        return asyncio.run(run(settings, embedded.Postgres(folder, durable=True), kills, seed))


if __name__ == "__main__":
    sys.exit(main())
