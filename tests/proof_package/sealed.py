"""A sealed log, and the proof package that an inspector asks for of it, verified by somebody without our server."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from domain.export import Document
from domain.official import Office
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.witness_policy import Policy
from infra.pdf.printer import Printer
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.transparency.sealer import Sealer
from infra.transparency.sealer_store import SealerStore
from services.exports.requests import export_id, request_export
from services.operations.publish_policy import publish
from services.proof_package.pages import ASSETS
from services.proof_package.verify import Law, VerifyResult, verify
from services.seals.trusted_policy import Trust
from services.work import Work
from tests.provinces.papers import made, workshop
from tests.provinces.story import COMMUNE, Story

LAW = Law(load_rulebooks(), load_calendar())
WITNESSES = [SignerKey.new(f"w{number}.example/w", KeyKind.COSIGNATURE) for number in (1, 2)]


@dataclass
class Sealed:
    """A province whose log is sealed when a test says so, and cosigned by whom it says."""

    story: Story
    sealer: Sealer
    keep: SealerStore
    superuser: asyncpg.Connection

    async def trust(self, quorum: int = 0) -> Trust:
        """What the province publishes from now on."""
        await self.seal()
        lines = [f"log {self.keep.key(self.story.tenant).verifier}\n"]
        lines += [f"witness w{n} {one.verifier} http://127.0.0.1:1/{n}\n" for n, one in enumerate(WITNESSES)]
        text = f"{''.join(lines)}quorum {quorum}\n".encode()
        await publish(self.story.house, self.story.tenant, text)
        return Trust(Policy.read(text), text)

    async def seal(self, *witnesses: SignerKey) -> None:
        await self.sealer.seal(self.story.tenant)
        await self.cosign(*witnesses)

    async def cosign(self, *witnesses: SignerKey) -> None:
        """These cosign the last checkpoint."""
        schema = self.story.tenant.id
        (row,) = await self.superuser.fetch(f"SELECT size, note FROM {schema}.sealings ORDER BY size DESC LIMIT 1")
        for one in witnesses:
            line = one.sign(Note.read(row["note"]).text, 1_764_000_000).line
            await self.superuser.execute(
                f"INSERT INTO {schema}.cosignatures (size, witness, line) VALUES ($1, $2, $3)",
                row["size"],
                str(one.verifier),
                line,
            )


async def ask(work: Work, story: Story) -> UUID:
    await request_export(work, Document.DOSSIER, story.season, COMMUNE)
    return export_id(work)


async def asked_by_inspector(story: Story) -> UUID:
    return await ask(await story.by(Office.INSPECTOR), story)


async def worth(pdf: bytes, trust: Trust, folder: Path, evidence: Path | None = None) -> VerifyResult:
    """What somebody without our server finds."""
    (folder / "dossier.pdf").write_bytes(pdf)
    async with Printer(ASSETS) as prints:
        return await verify(folder / "dossier.pdf", trust, LAW, prints=prints, evidence=evidence)


async def package_of(log: Sealed, folder: Path) -> VerifyResult:
    """What the proof package of the story's commune is worth; it is asked for now, and the log sealed up to there."""
    trust = await log.trust()
    export = await asked_by_inspector(log.story)
    await log.seal()
    async with workshop(log.story.house) as shop:
        return await worth((await made(shop, log.story, export)).content, trust, folder)
