"""Behind a proxy that looks into TLS, packages are fetched by the certificates that the machine trusts."""

import base64
import hashlib
import http.server
import io
import os
import ssl
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parent.parent
VENV = Path(sys.executable).parent
OURS = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def wheel() -> bytes:
    """A package with one line in it."""
    files = {
        "trusted_line.py": "LINE = 1\n",
        "trusted_line-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: trusted-line\nVersion: 1.0\n",
        "trusted_line-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for name, text in files.items()
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in {**files, "trusted_line-1.0.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    return packed.getvalue()


def certificate(folder: Path) -> tuple[Path, Path]:
    """What a ministry's proxy shows: signed by an authority of its own. The authority, and key and certificate."""
    now = datetime.now(UTC)

    def build(name: str, key: ec.EllipticCurvePrivateKey, issuer: str) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = (
        build("A ministry", authority, "A ministry")
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(authority, hashes.SHA256())
    )  # fmt: skip
    leaf = (
        build("localhost", server, "A ministry")
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + leaf.public_bytes(pem)
    )
    return folder / "authority.pem", folder / "server.pem"


class Index(http.server.BaseHTTPRequestHandler):
    """A package index with one package, for pip and uv, and what npm asks to see whether a registry is there."""

    def do_GET(self) -> None:
        pages = {
            "/simple/trusted-line/": (b'<a href="/trusted_line-1.0-py3-none-any.whl">x</a>', "text/html"),
            "/trusted_line-1.0-py3-none-any.whl": (wheel(), "application/octet-stream"),
            "/-/ping": (b"{}", "application/json"),
        }
        body, kind = pages.get(self.path.partition("?")[0], (b"", ""))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not trust us hangs up."""


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return certificate(tmp_path)[0]


@pytest.fixture
def index(authority: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("server.pem"))
    with Quiet(("127.0.0.1", 0), Index) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def fetching(tool: str, index: str, folder: Path) -> list[str]:
    """How this tool is made to fetch from the index."""
    target = str(folder / f"by-{tool}")
    arguments = ["--index-url", f"{index}/simple", "--target", target, "--no-deps", "trusted-line==1.0"]
    return {
        "pip": [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--retries=0",
            "install", *arguments,
        ],
        "uv": [
            str(VENV / "uv"), "pip", "install", "--no-config", "--no-cache", "--python", sys.executable, *arguments,
        ],
        "npm": [
            str(VENV / "npm"), "ping", f"--registry={index}", f"--cache={target}", "--fetch-retries=0",
            "--userconfig=/dev/null", "--update-notifier=false",
        ],
    }[tool]  # fmt: skip


@pytest.mark.parametrize("tool", ["pip", "uv", "npm"])
def test_what_this_machine_trusts_is_trusted_by_each_tool_and_nothing_else_is(
    index: str, authority: Path, tmp_path: Path, tool: str
):
    bare = {name: value for name, value in os.environ.items() if name not in OURS and "proxy" not in name.lower()}
    bare = {name: value for name, value in bare.items() if not name.startswith(("PIP_", "UV_", "npm_config_"))}
    bare |= {"PATH": f"{VENV}:{bare['PATH']}", "PIP_CONFIG_FILE": os.devnull}
    command = fetching(tool, index, tmp_path)

    stranger = subprocess.run(command, env=bare, cwd=tmp_path, capture_output=True, text=True, check=False)
    trusted = subprocess.run(
        [str(ROOT / ".ci" / "trusting"), *command],
        env={**bare, "SSL_CERT_FILE": str(authority)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert stranger.returncode != 0
    assert "certificate" in (stranger.stdout + stranger.stderr).lower()
    assert trusted.returncode == 0, trusted.stderr
    if tool != "npm":
        assert (tmp_path / f"by-{tool}" / "trusted_line.py").exists()


def test_everything_that_fetches_packages_goes_by_it():
    install, makefile = (ROOT / ".ci" / "install").read_text(), (ROOT / "Makefile").read_text()

    for line in (*install.splitlines(), *makefile.splitlines()):
        if any(call in line for call in ("-m pip ", "/uv pip ", "npm ci")):
            assert ".ci/trusting " in line, line


def test_what_is_set_already_stays(authority: Path):
    given = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(authority), "PIP_CERT": "/own.pem"}

    said = subprocess.run(
        [str(ROOT / ".ci" / "trusting"), "env"], env=given, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert "PIP_CERT=/own.pem" in said
    assert f"NODE_EXTRA_CA_CERTS={authority}" in said
