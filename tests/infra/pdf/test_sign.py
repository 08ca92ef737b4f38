from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from infra.pdf.sign import CannotSign, read_key
from tests.infra.officials import PASSPHRASE, key_of, officials

NOW = datetime.now(UTC)


def test_a_key_brings_its_certificate_and_those_that_lead_to_a_root():
    key = key_of(officials().an)

    assert key.certificate.issuer == officials().root.subject
    assert key.chain == (officials().root,)


@pytest.mark.parametrize(
    ("container", "passphrase", "now", "said"),
    [
        (officials().an, "một hai", NOW, "passphrase is wrong"),
        (officials().an, "", NOW, "passphrase is wrong"),
        (b"no such file", PASSPHRASE, NOW, "no PKCS #12"),
        (officials().expired, PASSPHRASE, NOW, "expired on"),
        (officials().an, PASSPHRASE, NOW - timedelta(days=90), "valid from"),
        (
            pkcs12.serialize_key_and_certificates(None, None, officials().root, None, NoEncryption()),
            "",
            NOW,
            "no private",
        ),
    ],
    ids=["wrong passphrase", "none", "another file", "expired", "not yet valid", "no private key"],
)
def test_a_key_that_may_not_sign_is_refused_in_words(container, passphrase, now, said):
    with pytest.raises(CannotSign, match=said):
        read_key(container, passphrase, now)


def test_a_private_key_without_its_certificate_is_refused():
    alone = ec.generate_private_key(ec.SECP256R1())
    container = pkcs12.serialize_key_and_certificates(b"k", alone, None, None, NoEncryption())

    with pytest.raises(CannotSign, match="no certificate"):
        read_key(container, "", NOW)
