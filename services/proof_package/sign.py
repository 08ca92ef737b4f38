"""`minhchuan dossier sign`: an official signs a proof package with a key of their own, behind all that is there.

What is written has been judged first, by the very code that judges signatures anywhere.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path

from infra.ledger.text import Malformed
from infra.pdf.attachments import first_revision
from infra.pdf.sign import CannotSign, read_key, sign
from infra.pdf.signatures import Unjudged, read_signatures
from infra.platform.config import Misconfigured, take_passphrase
from infra.storage.folders import Occupied
from services.proof_package.package_files import read_files
from services.seals.trusted_policy import read_handed_in
from services.visible import shown

#: Bytes of a PKCS #12 file.
KEY_LIMIT = 1_024 * 1_024


class SigningFailed(Misconfigured):
    """Nothing was signed; the text says why."""


async def run(given: argparse.Namespace) -> None:
    """Sign a proof package, and say where the signed one is."""
    known = take_passphrase()
    out = given.out or given.pdf.with_name(f"{given.pdf.stem}-signed.pdf")
    if out.exists():
        raise Occupied(f"{out} is there already")
    try:
        pdf = read_dossier(given.pdf)
        size = first_revision(pdf)
        earlier = read_signatures(pdf, size) if size < len(pdf) else []
        container = read_handed_in(given.key, KEY_LIMIT)
        key = read_key(container, asked(given.key) if known is None else known, datetime.now(UTC))
        if key.sha256 in {one.certificate_sha256 for one in earlier}:
            raise SigningFailed(f"{given.pdf}: signed with this certificate already")
        signed = await sign(pdf, key, given.reason)
        *before, last = read_signatures(signed, size)
    except Malformed as reason:
        raise SigningFailed(f"{given.pdf}: not signed: {reason}") from None
    except (CannotSign, Unjudged) as reason:
        raise SigningFailed(f"{given.key}: not signed: {reason}") from None
    if before != earlier or last.certificate_sha256 != key.sha256 or not signed.startswith(pdf):
        raise SigningFailed(f"{given.pdf}: not signed: the signature that was made does not hold")
    write_new(out, signed)
    print(
        shown(f"{out}: signed by {last.signer} (serial {last.serial}), signature {len(earlier) + 1} upon this dossier")
    )
    print("the time is this machine's, and nothing was verified: `minhchuan verify-dossier` says what it is worth")


def read_dossier(path: Path) -> bytes:
    """A PDF that has the files of a proof package attached. Raises Malformed."""
    if path.is_dir():
        raise Malformed("a folder: name the PDF in it")
    _, pdf = read_files(path)
    if pdf is None:
        raise Malformed("no PDF")
    return pdf


def asked(key: Path) -> str:
    """The passphrase of a key, from the terminal. Raises SigningFailed where there is none."""
    if not sys.stdin.isatty():
        raise SigningFailed("no terminal to ask for the passphrase at: set MINHCHUAN_PASSPHRASE")
    return getpass(f"Passphrase of {key}: ")


def write_new(out: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all. Raises Occupied, SigningFailed."""
    try:
        with out.open("xb") as file:
            try:
                file.write(content)
            except BaseException:
                out.unlink()
                raise
    except FileExistsError:
        raise Occupied(f"{out} is there already") from None
    except OSError as reason:
        raise SigningFailed(f"{out}: {reason.strerror}") from None
