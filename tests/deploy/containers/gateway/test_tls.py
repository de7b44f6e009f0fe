"""TLS by mounting a certificate: one that the test signs itself."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.deploy.containers.project import Project
from tests.stack import folder

pytestmark = pytest.mark.containers


@pytest.fixture(scope="module")
def certificate() -> Iterator[Path]:
    """A folder with `tls.crt` and `tls.key`, which the gateway's user can read."""
    with folder() as path:
        _sign(path)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def project(images: None, certificate: Path) -> Iterator[Project]:
    with Project(TLS_DIR=str(certificate)) as project:
        project.up()
        yield project


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    """A client that trusts this certificate and no other."""
    return ssl.create_default_context(cafile=str(certificate / "tls.crt"))


def test_the_service_over_tls(project: Project, trusting: ssl.SSLContext) -> None:
    """The same service, with the header that keeps browsers from going back."""
    headers = {"authorization": f"Bearer {project.token('alice')}"}
    url = f"https://localhost:{project.port}"
    with httpx.Client(base_url=url, verify=trusting, headers=headers, timeout=60) as alice:
        made = alice.post("/api/tasks", json={"title": "In private"}).json()
        listed = alice.get("/api/tasks")
        assert listed.json() == [made]
        assert listed.headers["strict-transport-security"] == "max-age=31536000"
        line = project.access_log(listed.headers["x-request-id"])
        assert line["tls"] == "TLSv1.3"


def test_the_sign_in_over_tls(project: Project, trusting: ssl.SSLContext) -> None:
    """Its cookie is for TLS alone, and its tokens open the list."""
    url = f"https://localhost:{project.port}"
    with httpx.Client(base_url=url, verify=trusting, headers={"origin": url}, timeout=60) as browser:
        account = {"email": "a@example.test", "password": "a-password-123", "name": "A"}
        signed_up = browser.post("/api/auth/sign-up/email", json=account).raise_for_status()
        assert "secure" in signed_up.headers["set-cookie"].lower()
        token = browser.get("/api/auth/token").json()["token"]
        assert browser.get("/api/tasks", headers={"authorization": f"Bearer {token}"}).json() == []


def test_nothing_older_and_nothing_plain(project: Project, trusting: ssl.SSLContext) -> None:
    """HTTP/2 where the client can; no TLS before 1.2; plain HTTP on this port is told so."""
    address = ("127.0.0.1", project.port)
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(address) as plain, trusting.wrap_socket(plain, server_hostname="localhost") as tls:
        assert tls.selected_alpn_protocol() == "h2"
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trusting.minimum_version = trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(address) as plain, pytest.raises((ssl.SSLError, OSError)):
        trusting.wrap_socket(plain, server_hostname="localhost")
    assert httpx.get(f"http://127.0.0.1:{project.port}/", timeout=60).status_code == 400


def _sign(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (path / "tls.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (path / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (path / "tls.key").chmod(0o644)  # of this test alone; docs/containers.md says how it is done in earnest
