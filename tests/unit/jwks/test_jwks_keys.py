"""Which keys of a JWKS are used, and for what."""

import json
from collections.abc import Callable
from math import prod
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import to_base64url_uint

from api.auth import roca
from api.auth.keys import RSA_ALGORITHMS, KeySet
from tests.tokens import (
    KeyPair,
    key_pair,
)

OLD = key_pair("EdDSA", "old")
NEW = key_pair("EdDSA", "new")
RSA = key_pair("RS256", "rsa")
EC = key_pair("ES256", "ec")


def private_jwk(key: KeyPair) -> dict[str, Any]:
    algorithm = {"OKP": OKPAlgorithm, "RSA": RSAAlgorithm, "EC": ECAlgorithm}[key.jwk["kty"]]
    private: dict[str, Any] = algorithm.to_jwk(key.private, as_dict=True)  # type: ignore[attr-defined]
    private.pop("key_ops", None)
    return private


# A modulus with the mark: a power of the generator modulo the product of all those primes.
_PRODUCT = prod(roca._PRIMES)
WEAK = pow(65537, 12345, _PRODUCT) + _PRODUCT * 2 ** (2048 - _PRODUCT.bit_length())
WEAK += _PRODUCT * (1 - WEAK % 2)


def rsa_jwk(bits: int) -> dict[str, Any]:
    return KeyPair(rsa.generate_private_key(65537, bits), "RS256", "rsa").jwk


UNUSABLE: dict[str, Callable[[], object]] = {
    "null": lambda: None,
    "a string": lambda: "key",
    "an empty object": dict,
    "for encryption": lambda: OLD.jwk | {"use": "enc"},
    "use null": lambda: OLD.jwk | {"use": None},
    "may only encrypt": lambda: OLD.jwk | {"key_ops": ["encrypt"]},
    "may only sign": lambda: OLD.jwk | {"key_ops": ["sign"]},
    "may do nothing": lambda: OLD.jwk | {"key_ops": []},
    "key_ops a string": lambda: OLD.jwk | {"key_ops": "verify"},
    "private EdDSA": lambda: private_jwk(OLD),
    "private ES256": lambda: private_jwk(EC),
    "private RS256": lambda: private_jwk(RSA),
    "symmetric": lambda: {"kty": "oct", "k": "a" * 43},
    "symmetric that claims EdDSA": lambda: {"kty": "oct", "alg": "EdDSA", "k": "a" * 43},
    "public with a symmetric part": lambda: OLD.jwk | {"k": "a" * 43},
    "EdDSA that claims HS256": lambda: OLD.jwk | {"alg": "HS256"},
    "EdDSA that claims none": lambda: OLD.jwk | {"alg": "none"},
    "EdDSA that claims ES256": lambda: OLD.jwk | {"alg": "ES256"},
    "alg null": lambda: OLD.jwk | {"alg": None},
    "alg a list": lambda: OLD.jwk | {"alg": ["EdDSA"]},
    "RSA that claims RS1": lambda: RSA.jwk | {"alg": "RS1"},
    "RSA of a library whose primes can be found": lambda: RSA.jwk | {"n": to_base64url_uint(WEAK).decode()},
    "RSA that claims RSA-OAEP": lambda: RSA.jwk | {"alg": "RSA-OAEP"},
    "RSA of 1024 bits": lambda: rsa_jwk(1024),
    "RSA without modulus": lambda: {"kty": "RSA", "e": "AQAB"},
    "RSA with an even exponent": lambda: RSA.jwk | {"e": "Ag"},
    "RSA with a number for a modulus": lambda: RSA.jwk | {"n": 3},
    "secp256k1": lambda: ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256K1()).public_key(), as_dict=True),
    "P-384 that claims ES256": lambda: key_pair("ES384").jwk | {"alg": "ES256"},
    "P-256 off the curve": lambda: EC.jwk | {"x": EC.jwk["y"], "y": EC.jwk["x"]},
    "P-256 without y": lambda: {name: value for name, value in EC.jwk.items() if name != "y"},
    "Ed448": lambda: OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True),
    "X25519": lambda: OLD.jwk | {"crv": "X25519", "alg": "EdDSA"},
    "Ed25519 cut short": lambda: OLD.jwk | {"x": OLD.jwk["x"][:20]},
    "Ed25519 that is not base64": lambda: OLD.jwk | {"x": "!" * 43},
    "Ed25519 with a number for x": lambda: OLD.jwk | {"x": 7},
    "kid a number": lambda: OLD.jwk | {"kid": 1},
    "kid a list": lambda: OLD.jwk | {"kid": []},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_key_is_left_out(name: str) -> None:
    """A key that is private, symmetric, weak, broken or meant for something else is not among the keys."""
    unusable = UNUSABLE[name]()
    assert KeySet.parse(json.dumps({"keys": [unusable]}).encode()) == KeySet()
    beside_a_good_one = KeySet.parse(json.dumps({"keys": [unusable, NEW.jwk]}).encode())
    assert [key.key_id for key in beside_a_good_one.keys] == ["new"]


@pytest.mark.parametrize(
    ("jwk", "algorithm"),
    [
        (OLD.jwk, "EdDSA"),
        (OLD.jwk | {"use": "sig", "key_ops": ["verify"], "ext": True}, "EdDSA"),
        (EC.jwk, "ES256"),
        (RSA.jwk, "RS256"),
        *((RSA.jwk | {"alg": name}, name) for name in RSA_ALGORITHMS),
        (OLD.jwk | {"alg": "Ed25519"}, "EdDSA"),
        (key_pair("ES384").jwk, "ES384"),
        (key_pair("ES512").jwk, "ES512"),
        ({name: value for name, value in RSA.jwk.items() if name != "alg"}, "RS256"),
        ({name: value for name, value in EC.jwk.items() if name != "alg"}, "ES256"),
        ({name: value for name, value in OLD.jwk.items() if name != "alg"}, "EdDSA"),
    ],
)
def test_a_key_has_one_algorithm(jwk: dict[str, Any], algorithm: str) -> None:
    """The algorithm follows from the key, and from its `alg` where its kind leaves a choice."""
    (key,) = KeySet.parse(json.dumps({"keys": [jwk]}).encode()).keys
    assert key.algorithm == algorithm


def test_sixty_four_keys_are_not_too_many() -> None:
    """A set of 64 keys is taken whole."""
    listed = [KeyPair(ed25519.Ed25519PrivateKey.generate(), "EdDSA", str(number)).jwk for number in range(64)]
    assert len(KeySet.parse(json.dumps({"keys": listed}).encode()).keys) == 64
