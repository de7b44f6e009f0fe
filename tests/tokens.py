"""Keys, tokens and an auth server for tests: everything that a Better Auth deployment would hand out."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from core.settings import Settings

SECRET = "a-secret-of-the-tests-that-is-long-enough"

ABSENT = object()
"""As the value of a claim or a header parameter: leave it out."""

Algorithm = Literal["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def shared_secret_token(user: str, secret: str = SECRET, **claims: Any) -> str:
    """An HS256 token that lives for 15 minutes, like Better Auth's."""
    return signed({"alg": "HS256", "typ": "JWT"}, claims_of(user, **claims), hs256(secret.encode()))


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A signing key of an auth server."""

    private: PrivateKey
    algorithm: Algorithm = "EdDSA"
    key_id: str | None = None

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as Better Auth's JWKS endpoint lists it."""
        public: dict[str, Any] = jwt.get_algorithm_by_name(self.algorithm).to_jwk(
            self.private.public_key(), as_dict=True
        )
        public.pop("key_ops", None)
        return {"alg": self.algorithm, **public, **({"kid": self.key_id} if self.key_id is not None else {})}

    @property
    def pem(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def token(self, user: str, *, header: Mapping[str, object] | None = None, **claims: Any) -> str:
        """A token as Better Auth's JWT plugin makes it: `alg` and `kid`, no `typ`, 15 minutes."""
        parameters = {"alg": self.algorithm, "kid": self.key_id or ABSENT, **(header or {})}
        return signed(parameters, claims_of(user, **claims), self.sign)

    def sign(self, message: bytes) -> bytes:
        signature: bytes = jwt.get_algorithm_by_name(self.algorithm).sign(message, self.private)
        return signature


@cache
def key_pair(algorithm: Algorithm = "EdDSA", key_id: str | None = "key-1") -> KeyPair:
    """The key of that name; made once, for RSA keys take their time."""
    return KeyPair(_private_key(algorithm), algorithm, key_id)


def claims_of(user: object, *, now: float | None = None, **claims: Any) -> dict[str, object]:
    """The claims of a good token, issued now; `ABSENT` leaves one out."""
    issued = int(time.time() if now is None else now)
    return {"sub": user, "iat": issued, "exp": issued + 900, **claims}


def signed(
    header: Mapping[str, object] | bytes,
    payload: Mapping[str, object] | bytes,
    sign: Callable[[bytes], bytes],
) -> str:
    """Any header and payload, sensible or not, with a signature over them."""
    message = b".".join(base64url_encode(_encoded(part)) for part in (header, payload))
    return b".".join((message, base64url_encode(sign(message)))).decode()


def hs256(secret: bytes) -> Callable[[bytes], bytes]:
    """Signs with the bytes, whatever they are; PyJWT would refuse a public key, an attacker would not."""
    return lambda message: jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(message, secret)


def bearer(token: str) -> bytes:
    return f"Bearer {token}".encode()


def auth_settings(
    *,
    secret: str | None = None,
    jwks_url: str | None = None,
    jwks_file: Path | None = None,
    issuer: str | None = None,
    audience: str | None = None,
    user_claim: str = "sub",
) -> Settings:
    """Settings that take everything of authentication from here and nothing from the environment."""
    return Settings.model_validate(
        {
            "NEON_DB_URL": "postgresql://nobody@127.0.0.1/nowhere",
            "better_auth_secret": secret,
            "auth_jwks_url": jwks_url,
            "auth_jwks_file": jwks_file,
            "auth_issuer": issuer,
            "auth_audience": audience,
            "auth_user_claim": user_claim,
        }
    )


class Clock:
    """Unix seconds that pass when the test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class JwksServer:
    """A real HTTP server on 127.0.0.1 that serves `keys`, or misbehaves as `behaviour` says, and counts.

    With `gate` cleared it takes requests and does not answer until the gate is set again.
    """

    Behaviour = Literal["keys", "error", "drop", "redirect", "huge"]

    def __init__(self, *keys: KeyPair) -> None:
        self.keys: list[Any] = [key.jwk for key in keys]
        self.body: bytes | None = None
        """What to serve instead of the keys."""
        self.behaviour: JwksServer.Behaviour = "keys"
        self.requests: list[Mapping[str, str]] = []
        """The headers of each request so far, wherever it went."""
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        """Released once for each request that has arrived."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/api/auth/jwks"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        document = {"keys": self.keys}
        body = json.dumps(document).encode() if self.body is None else self.body
        match "keys" if path == "/elsewhere" else self.behaviour:
            case "error":
                return 500, {}, body
            case "redirect":
                return 302, {"Location": "/elsewhere"}, body
            case "huge":
                return 200, {}, json.dumps(document | {"filling": "x" * 1_000_000}).encode()
            case _:
                return 200, {}, body

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(dict(self.headers))
                server.arrived.release()
                server.gate.wait()
                if server.behaviour == "drop":
                    return
                status, headers, body = server.answer(self.path)
                with suppress(ConnectionError):  # the client may have given up, as it should
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler


def _private_key(algorithm: Algorithm) -> PrivateKey:
    match algorithm:
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ES512":
            return ec.generate_private_key(ec.SECP521R1())
        case _:
            return rsa.generate_private_key(65537, 2048)


def _encoded(part: Mapping[str, object] | bytes) -> bytes:
    if isinstance(part, bytes):
        return part
    return json.dumps({name: value for name, value in part.items() if value is not ABSENT}).encode()
