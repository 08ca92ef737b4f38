"""Officials with keys of their own: two that a root vouches for, one whose certificate expired, one by themselves."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from infra.pdf.sign import Key, read_key

PASSPHRASE = "một hai ba"

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Officials(NamedTuple):
    """Who can sign, and who vouches for the first two; PKCS #12 files under one passphrase."""

    root: x509.Certificate
    an: bytes
    binh: bytes
    expired: bytes
    alone: bytes

    @property
    def roots(self) -> list[bytes]:
        return [self.root.public_bytes(Encoding.DER)]


def key_of(container: bytes) -> Key:
    return read_key(container, PASSPHRASE, datetime.now(UTC))


@cache
def officials() -> Officials:
    vouching = ec.generate_private_key(ec.SECP256R1())
    root = certificate("Gốc", vouching, None, vouching)

    def official(name: str, private: Private, *, by: x509.Certificate | None = root, days: int = 30) -> bytes:
        made = certificate(name, private, by, vouching if by else private, days=days)
        return pkcs12.serialize_key_and_certificates(
            b"key", private, made, [root], BestAvailableEncryption(PASSPHRASE.encode())
        )

    return Officials(
        root,
        official("Nguyễn Văn An", rsa.generate_private_key(65_537, 2_048)),
        official("Trần Thị Bình", ec.generate_private_key(ec.SECP256R1())),
        official("Lê Quá Hạn", ec.generate_private_key(ec.SECP256R1()), days=-1),
        official("Phạm Một Mình\n", ec.generate_private_key(ec.SECP256R1()), by=None),
    )


def certificate(
    name: str, private: Private, by: x509.Certificate | None, vouching: Private, *, days: int = 30
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only", "decipher_only"), False
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.subject if by else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, key_cert_sign=by is None, **usage),
            critical=True,
        )
        .sign(vouching, SHA256())
    )
