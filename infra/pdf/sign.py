"""A person's signature upon a PDF: PAdES, baseline B-B, as an update that leaves every byte before it as it was.

Nothing is asked of any network: no time is stamped, no revocation is looked up. The signing time is what this machine
says.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12


class CannotSign(Exception):
    """Why nothing was signed, in a sentence."""


class Key(NamedTuple):
    """What a person signs with: certificate, private key, and the certificates that lead from it towards a root."""

    certificate: x509.Certificate
    private: RSAPrivateKey | EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(SHA256()).hex()


def read_key(container: bytes, passphrase: str, now: datetime) -> Key:
    """The key of a PKCS #12 file. Raises CannotSign where there is none that may sign now."""
    try:
        private, certificate, chain = pkcs12.load_key_and_certificates(container, passphrase.encode() or None)
    except ValueError:
        raise CannotSign("the passphrase is wrong, or this is no PKCS #12 file") from None
    if private is None:
        raise CannotSign("the file holds no private key")
    if certificate is None:
        raise CannotSign("the file holds no certificate of its private key")
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey):
        raise CannotSign("its private key is neither RSA nor on an elliptic curve")
    if now > certificate.not_valid_after_utc:
        raise CannotSign(f"the certificate expired on {certificate.not_valid_after_utc:%d/%m/%Y}")
    if now < certificate.not_valid_before_utc:
        raise CannotSign(f"the certificate is valid from {certificate.not_valid_before_utc:%d/%m/%Y} only")
    return Key(certificate, private, tuple(chain))


async def sign(pdf: bytes, key: Key, reason: str = "") -> bytes:
    """The PDF and, after it, an update that signs all of it. Raises CannotSign where the library is missing."""
    try:
        from asn1crypto import keys
        from asn1crypto import x509 as asn1
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, async_sign_pdf
        from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
        from pyhanko_certvalidator.registry import SimpleCertificateStore
    except ImportError as lacking:
        raise CannotSign(f"pyhanko cannot be used here ({lacking})") from None

    class Writer(IncrementalPdfFileWriter):
        def _update_meta(self) -> None:
            """The library would name itself as a second producer: PDF/A wants one, and we only sign."""

    known = SimpleCertificateStore()
    for one in key.chain:
        known.register(asn1.Certificate.load(one.public_bytes(Encoding.DER)))
    private = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(
        asn1.Certificate.load(key.certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(private),
        known,
        embed_roots=False,
    )
    writer = Writer(BytesIO(pdf))
    taken = {name for name, _, _ in enumerate_sig_fields(writer)}
    field = next(name for number in range(1, len(taken) + 2) if (name := f"Signature{number}") not in taken)
    wanted = PdfSignatureMetadata(
        field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason or None
    )
    signed: BytesIO = await async_sign_pdf(writer, wanted, signer)
    return signed.getvalue()
