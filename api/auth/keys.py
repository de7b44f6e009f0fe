"""Keys that may prove a token, each bound to one algorithm, which follows from the key (RFC 8725, 3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import AllowedPublicKeys

from api.auth.roca import is_of_roca
from api.http.bodies.strict_json import parse_object
from core.errors import ConfigurationError

SHARED_SECRET_ALGORITHM = "HS256"  # noqa: S105
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
KEY_SET_ALGORITHMS = ("EdDSA", "ES256", "ES384", "ES512", *RSA_ALGORITHMS)
SAME = {"Ed25519": "EdDSA"}
"""Names of RFC 9864 for what has another name here: EdDSA, whose only curve here is Ed25519."""

MAX_KEYS = 64
MAX_CANDIDATES = 4
"""Signatures that one token may cost: more than one only without a `kid`, or with keys that share theirs."""

MINIMUM_RSA_BITS = 2048

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class UnusableKeySet(Exception):
    """A document that holds no set of usable keys; the message is a fixed snake_case word."""


@dataclass(frozen=True, slots=True)
class Key:
    """Proves tokens of its one algorithm."""

    key_id: str | None
    algorithm: str
    material: AllowedPublicKeys | bytes = field(repr=False)


class KeySource(Protocol):
    async def candidates(self, algorithm: str, key_id: str | None, /) -> tuple[Key, ...]:
        """The keys, of this algorithm, that may have signed a token which names this `kid`, or none."""


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """One HS256 key. A `kid` means nothing to it."""

    key: Key

    @classmethod
    def of(cls, secret: str) -> "SharedSecret":
        """Raises `ConfigurationError` for what is no secret at all: a public key, a certificate, a JWK."""
        try:
            material = jwt.get_algorithm_by_name(SHARED_SECRET_ALGORITHM).prepare_key(secret)
        except jwt.InvalidKeyError:
            raise ConfigurationError("BETTER_AUTH_SECRET: is a public key, not a secret") from None
        return cls(Key(None, SHARED_SECRET_ALGORITHM, material))

    async def candidates(self, _algorithm: str, _key_id: str | None) -> tuple[Key, ...]:
        return (self.key,)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a JWKS."""

    keys: tuple[Key, ...] = ()

    @classmethod
    def parse(cls, document: bytes) -> "KeySet":
        """Read a JWKS (RFC 7517), leaving out keys of other kinds or uses; raises `UnusableKeySet` for what is none."""
        try:
            listed = parse_object(document).get("keys")
        except ValueError:
            raise UnusableKeySet("not_a_json_object") from None
        if not isinstance(listed, list):
            raise UnusableKeySet("keys_not_a_list")
        if len(listed) > MAX_KEYS:
            raise UnusableKeySet("too_many_keys")
        return cls(tuple(key for key in map(_key, listed) if key is not None))

    def matching(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        """The keys that may have signed the token; none at all if they are too many to try.

        A token without `kid` is tried with every key of its algorithm, so that it survives the days of a
        rotation in which there are two.
        """
        of_its_algorithm = (key for key in self.keys if key.algorithm == algorithm)
        found = tuple(key for key in of_its_algorithm if key_id in (None, key.key_id))
        return found if len(found) <= MAX_CANDIDATES else ()


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """A key set from a file: it changes when the service starts anew."""

    key_set: KeySet

    async def candidates(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        return self.key_set.matching(algorithm, key_id)


def _key(jwk: object) -> Key | None:
    """The key, if it is public, meant for verifying, strong enough and of a kind that we know."""
    if not isinstance(jwk, dict) or not jwk.keys().isdisjoint(_PRIVATE_MEMBERS) or not _is_for_verifying(jwk):
        return None
    algorithm = _algorithm(jwk)
    key_id = jwk.get("kid")
    if algorithm is None or not isinstance(key_id, str | None):
        return None
    try:
        material = jwt.get_algorithm_by_name(algorithm).from_jwk(jwk)
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError):
        return None
    if isinstance(material, RSAPublicKey) and (
        material.key_size < MINIMUM_RSA_BITS or is_of_roca(material.public_numbers().n)
    ):
        return None
    return Key(key_id, algorithm, material)


def _is_for_verifying(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _algorithm(jwk: Mapping[str, Any]) -> str | None:
    """The one algorithm of the key: what its kind allows, and of that what its `alg` says, else the first.

    So an RSA key without `alg` verifies RS256, as everywhere, and none of the others as well: one key, one algorithm.
    """
    allowed: tuple[str, ...]
    match jwk:
        case {"kty": "OKP", "crv": "Ed25519"}:
            allowed = ("EdDSA",)
        case {"kty": "EC", "crv": "P-256"}:
            allowed = ("ES256",)
        case {"kty": "EC", "crv": "P-384"}:
            allowed = ("ES384",)
        case {"kty": "EC", "crv": "P-521"}:
            allowed = ("ES512",)
        case {"kty": "RSA"}:
            allowed = RSA_ALGORITHMS
        case _:
            return None
    named = jwk.get("alg", allowed[0])
    named = SAME.get(named, named) if isinstance(named, str) else named
    return named if named in allowed else None
