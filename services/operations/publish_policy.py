"""Publishing of a province's witness policy and of its log's next key, as facts of that log.

An operator's business, on a command line: `minhchuan policy`. The file is the one that inspectors are given; what is
published is exactly its text.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from domain.log import LOG, Log
from infra.identity.tenants import REGISTERED, Tenant, Tenants
from infra.ledger.canonical_json import NotCanonical, check_text
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, Note, VerifierKey
from infra.ledger.text import BadSignature, Invalid
from infra.ledger.witness_policy import Policy
from infra.platform.config import Misconfigured, Settings
from infra.platform.database import Database
from infra.schema import migrate
from infra.transparency.checkpoints import last_note
from services.app import App
from services.seals.proof_download import key_of
from services.visible import readable, shown
from services.wiring import wired
from services.work import CommandResult, Work, use_case


class PolicyRefused(Misconfigured):
    """This policy, or this key, is not one for that log; the text says why."""


async def publish(app: App, tenant: Tenant, raw: bytes, basis: str | None = None) -> Policy:
    """Publish a policy file; published again, the one in force adds nothing. Raises PolicyRefused."""
    try:
        policy = Policy.read(raw)
        check_text(raw.decode())
    except (Invalid, NotCanonical) as reason:
        raise PolicyRefused(str(reason)) from None
    for witness in policy.witnesses:
        if not _is_address(witness.url):
            raise PolicyRefused(f"witness {witness.name} has no address (http or https) at which it can be asked")
    work = app.system(tenant, uuid4())
    found = await work.look(Log, LOG)
    promises = key_of(app.settings.secret, tenant).verifier
    _check_keys(policy, tenant.log, promises, await latest_checkpoint(app.database, tenant), found.announced)
    await _publish(work, raw.decode(), basis)
    return policy


async def announce(app: App, tenant: Tenant, vkey: str, basis: str | None = None) -> VerifierKey:
    """Announce the key that will sign the log next. Raises PolicyRefused."""
    try:
        key = VerifierKey.read(vkey)
    except Invalid as reason:
        raise PolicyRefused(str(reason)) from None
    if key.name != tenant.log or key.kind is not KeyKind.NOTE:
        raise PolicyRefused(f"{vkey} is not a key for the log {tenant.log}")
    await _announce(app.system(tenant, uuid4()), key.sha256, basis)
    return key


async def latest_checkpoint(database: Database, tenant: Tenant) -> Note | None:
    """The last checkpoint that was signed for the log in its present epoch; None before the first."""
    async with database.reading(tenant) as connection:
        note = await last_note(connection, tenant)
    return note if note and Checkpoint.read(note.text).origin == tenant.log else None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _check_keys(
    policy: Policy, origin: str, promises: VerifierKey, latest: Note | None, announced: Collection[str]
) -> None:
    """Each log key has signed this log, was announced, or signs its promises. Raises PolicyRefused."""
    if latest is None:
        raise PolicyRefused("no checkpoint of this log has been signed yet: start the sealer first")
    logs = [key for key in policy.logs if key != promises]
    if strangers := [key for key in logs if key.name != origin]:
        raise PolicyRefused(f"{strangers[0].name} is another log; this one is {origin}")
    signed = [key for key in logs if _has_signed(key, latest)]
    if not signed:
        raise PolicyRefused("no key of the policy is the one that signs this log")
    if unknown := [key for key in logs if key not in signed and key.sha256 not in announced]:
        raise PolicyRefused(f"the key {unknown[0]} neither signs this log nor has been announced")


def _has_signed(key: VerifierKey, note: Note) -> bool:
    try:
        return bool(note.check([key]))
    except BadSignature:
        return False


@use_case("_publish", "text", "basis")
async def _publish(work: Work, text: str, basis: str | None) -> CommandResult:
    return await work.change(Log, LOG, lambda log: log.publish_policy(text, basis))


@use_case("_announce", "vkey_sha256", "basis")
async def _announce(work: Work, vkey_sha256: str, basis: str | None) -> CommandResult:
    return await work.change(Log, LOG, lambda log: log.announce_key(vkey_sha256, basis))


# Command line -----------------------------------------------------------------------------------------


async def publish_file(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan policy publish SLUG FILE`."""
    file: Path = given.file
    try:
        raw = file.read_bytes()
    except OSError as reason:
        raise PolicyRefused(f"{file}: {reason.strerror}") from None
    await migrate.everything(settings)
    async with wired(settings) as app:
        policy = await publish(app, await named(app.tenants, given.slug), raw, given.basis)
    print(shown(f"{given.slug}: {policy.quorum} of {len(policy.witnesses)} witnesses must cosign"))
    if not policy.quorum:
        print("A quorum of 0 asks for nobody: whatever the log's key signs passes, UNWITNESSED.")


async def announce_key(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan policy announce-key SLUG VKEY`."""
    await migrate.everything(settings)
    async with wired(settings) as app:
        key = await announce(app, await named(app.tenants, given.slug), given.vkey, given.basis)
    print(shown(f"{given.slug}: announced {key.sha256}"))


async def show(settings: Settings, given: argparse.Namespace) -> int:
    """`minhchuan policy show SLUG`: the policy in force as it was handed in; 1 when there is none."""
    async with wired(settings) as app:
        tenant = await named(app.tenants, given.slug)
        found = await app.system(tenant, uuid4()).look(Log, LOG)
    if found.policy is None:
        print(shown(f"# {given.slug} has published no policy: its log ({tenant.log}) has no witnesses."))
        return 1
    print(readable(found.policy), end="")
    return 0


async def show_receipt_key(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan policy receipt-key SLUG`: the public key of the promises of a log, for a line `log` of the policy."""
    async with wired(settings) as app:
        print(shown(key_of(settings.secret, await named(app.tenants, given.slug)).verifier))


async def named(tenants: Tenants, slug: str) -> Tenant:
    """The province at this address. Raises PolicyRefused."""
    tenant = await tenants.by_slug(slug)
    if tenant is None or tenant.state == REGISTERED:
        raise PolicyRefused(f"there is no province {slug}, or it was not taken in to the end")
    return tenant
