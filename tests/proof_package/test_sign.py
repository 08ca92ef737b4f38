import asyncio
import io
import os
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from infra.ledger.note import KeyKind, SignerKey
from infra.ledger.witness_policy import Policy
from infra.pdf.sign import sign
from infra.pdf.signatures import read_signatures
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.transparency.proofs import reading_log
from services import cli
from services.proof_package import build
from services.proof_package.build import Which, gather
from services.proof_package.package_files import PAGES
from services.proof_package.verify import Law, VerifyResult, lines, verify
from services.seals.trusted_policy import Trust
from services.seals.verify_answer import ExitCode
from tests.infra.officials import PASSPHRASE, key_of, officials
from tests.provinces.papers import Remembering
from tests.provinces.story import COMMUNE

LAW = Law(load_rulebooks(), load_calendar())


@pytest.fixture(scope="module")
def prints() -> Remembering:
    return Remembering()


@pytest.fixture(scope="module")
def folder(told_once, prints, tmp_path_factory) -> Path:
    out: Path = tmp_path_factory.mktemp("signing") / "dossier"

    async def export() -> None:
        async with reading_log(told_once.settings.app_url, told_once.tenant) as connection:
            made = await gather(connection, told_once.tenant, Which(told_once.season, COMMUNE), told_once.trust, LAW)
        await build.write(made.files, prints, out)

    asyncio.run(export())
    return out


@pytest.fixture(scope="module")
def signed(folder) -> bytes:
    """The dossier, signed by both officials."""
    once = asyncio.run(sign((folder / PAGES).read_bytes(), key_of(officials().an), "Đồng ý"))
    return asyncio.run(sign(once, key_of(officials().binh)))


@pytest.fixture
def verified(told_once, prints, tmp_path):
    def verified(pdf: bytes, roots: list[bytes] | None = None, trust: Trust | None = None) -> VerifyResult:
        (tmp_path / "handed-in.pdf").write_bytes(pdf)
        found = verify(tmp_path / "handed-in.pdf", trust or told_once.trust, LAW, prints=prints, roots=roots or ())
        return asyncio.run(found)

    return verified


@pytest.fixture
def signing(folder, tmp_path, monkeypatch):
    """Runs the command with a key, and gives its exit status."""
    monkeypatch.setenv("MINHCHUAN_PASSPHRASE", PASSPHRASE)
    (tmp_path / "key.p12").write_bytes(officials().an)

    def signing(pdf: Path, *more: str) -> int:
        return cli.main(["dossier", "sign", str(pdf), "--key", str(tmp_path / "key.p12"), *more])

    return signing


# Verifying --------------------------------------------------------------------------------------------


def test_a_dossier_that_officials_signed_holds_and_names_them(signed, verified):
    found = verified(signed, officials().roots)
    said = "\n".join(lines(found, roots=officials().roots))

    assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")
    assert "signatures upon the PDF, each intact: 2" in said
    for official in (officials().an, officials().binh):
        assert f"certificate {key_of(official).certificate.serial_number:x}" in said
    assert "Nguyễn Văn An" in said
    assert said.count("signed at, as the signer claims: 20") == 2
    assert said.count("leads to a root that you trust") == 2
    assert "NOBODY VOUCHES" not in said
    assert "whether a certificate was revoked was not asked" in said


def test_without_roots_nobody_vouches_for_the_signers_and_the_verdict_is_the_same(signed, verified):
    found = verified(signed)

    assert found.answer is ExitCode.UNWITNESSED
    assert "\n".join(lines(found)).count("NOBODY VOUCHES for the certificate (--certificates)") == 2


def test_a_dossier_that_nobody_signed_is_told_as_ever(folder, verified):
    found = verified((folder / PAGES).read_bytes(), officials().roots)

    assert (found.answer, found.signatures) == (ExitCode.UNWITNESSED, ())
    assert "signatures upon" not in "\n".join(lines(found))


def test_an_altered_signature_or_anything_else_behind_the_pages_makes_it_invalid_and_says_why(folder, signed, verified):
    pages = (folder / PAGES).read_bytes()
    altered = re.sub(rb"(?<=/Reason \()[^)]", b"X", signed)
    for pdf, said in (
        (altered, "a signature that does not hold"),
        (signed + b"\n", "bytes behind the last signature"),
        (pages + b"%%EOF\n", "more than signatures"),
        (pages[:-200] + b"x" + pages[-199:] + signed[len(pages) :], ""),
    ):
        found = verified(pdf)
        assert found.answer is ExitCode.INVALID
        assert said in found.reason
        assert found.signatures == ()


def test_a_policy_that_the_dossier_misses_is_missed_with_signatures_too(signed, verified, told_once):
    text = f"log {SignerKey.new(told_once.tenant.log, KeyKind.NOTE).verifier}\nquorum 0\n".encode()

    found = verified(signed, officials().roots, Trust(Policy.read(text), text))

    assert (found.answer, found.signatures) == (ExitCode.INVALID, ())


def test_where_signatures_cannot_be_judged_that_is_said(signed, verified, tmp_path, monkeypatch):
    (tmp_path / "pyhanko.py").write_text("raise ImportError('no such library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    found = verified(signed)

    assert found.answer is ExitCode.INVALID
    assert "cannot be judged here: pyhanko cannot be used (no such library)" in found.reason


# The command ------------------------------------------------------------------------------------------


def test_both_commands_go_together(told_once, folder, signing, tmp_path, capsys):
    out = tmp_path / "signed.pdf"
    assert signing(folder / PAGES, "--out", str(out), "--reason", "Đồng ý") == 0
    assert "signed by Nguyễn Văn An" in capsys.readouterr().out
    assert "MINHCHUAN_PASSPHRASE" not in os.environ
    assert len(read_signatures(out.read_bytes(), (folder / PAGES).stat().st_size)) == 1
    (tmp_path / "policy").write_bytes(told_once.trust.text)
    (tmp_path / "roots.pem").write_bytes(officials().root.public_bytes(Encoding.PEM))

    asked = ["verify-dossier", str(out), "--policy", str(tmp_path / "policy")]

    assert cli.main([*asked, "--certificates", str(tmp_path / "roots.pem")]) == 3
    assert "leads to a root that you trust" in capsys.readouterr().out
    assert cli.main([*asked, "--certificates", str(tmp_path / "policy")]) == 2
    assert "no certificates in it" in capsys.readouterr().err


def test_nobody_signs_twice_nor_over_a_file_nor_what_is_no_dossier(folder, signing, tmp_path, capsys, monkeypatch):
    (tmp_path / "d.pdf").write_bytes((folder / PAGES).read_bytes())
    assert signing(tmp_path / "d.pdf") == 0
    made = (tmp_path / "d-signed.pdf").read_bytes()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "more.pdf").write_bytes(made + b"more")
    for pdf, secret, said in (
        ("d-signed.pdf", PASSPHRASE, "with this certificate already"),
        ("d.pdf", PASSPHRASE, "is there already"),
        ("no.pdf", PASSPHRASE, "not a PDF with attachments"),
        ("more.pdf", PASSPHRASE, "bytes behind the last signature"),
        (".", PASSPHRASE, "name the PDF in it"),
        ("d-signed.pdf", "wrong", "the passphrase is wrong"),
        ("d-signed.pdf", None, "set MINHCHUAN_PASSPHRASE"),
    ):
        if secret is None:
            monkeypatch.delenv("MINHCHUAN_PASSPHRASE", raising=False)
        else:
            monkeypatch.setenv("MINHCHUAN_PASSPHRASE", secret)
        assert signing(tmp_path / pdf) == 2, pdf
        told = capsys.readouterr()
        assert said in told.err
        assert PASSPHRASE not in told.err + told.out

    assert (tmp_path / "d-signed.pdf").read_bytes() == made
    assert sorted(file.name for file in tmp_path.glob("*signed*")) == ["d-signed.pdf"]
