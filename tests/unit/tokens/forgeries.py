"""Tokens of every kind that is believed, and of every kind that must not be."""

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.tokens import (
    ABSENT,
    SECRET,
    KeyPair,
    bearer,
    claims_of,
    hs256,
    key_pair,
    signed,
)

NOW = 1_800_000_000.0
ISSUER = "https://auth.example"

ED = key_pair("EdDSA", "ed")
ED_2 = key_pair("EdDSA", "ed-2")
ES = key_pair("ES256", "es")
RS = key_pair("RS256", "rs")
PS = key_pair("PS256", "ps")
FOR_ENCRYPTION = key_pair("EdDSA", "for-encryption")
MAY_ONLY_ENCRYPT = key_pair("EdDSA", "may-only-encrypt")
SAYS_ES256 = key_pair("EdDSA", "says-es256")
SAYS_NOTHING = key_pair("PS256", "says-nothing")
WEAK = KeyPair(rsa.generate_private_key(65537, 1024), "RS256", "weak")
WIDE = KeyPair(ec.generate_private_key(ec.SECP384R1()), "ES256", "wide")
STRANGER = KeyPair(key_pair("EdDSA", "stranger").private)
SYMMETRIC = b"a symmetric key that everyone can read"

KEYS: list[dict[str, Any]] = [
    *(key.jwk for key in (ED, ED_2, ES, RS, PS)),
    FOR_ENCRYPTION.jwk | {"use": "enc"},
    MAY_ONLY_ENCRYPT.jwk | {"key_ops": ["encrypt"]},
    SAYS_ES256.jwk | {"alg": "ES256"},
    {name: value for name, value in SAYS_NOTHING.jwk.items() if name != "alg"},
    WEAK.jwk,
    WIDE.jwk,
    {"kty": "oct", "kid": "oct", "alg": "HS256", "k": base64.urlsafe_b64encode(SYMMETRIC).decode()},
]

CONFIGURATIONS = ["secret", "secret checked", "jwks", "jwks checked", "both", "both checked"]
"""Which keys are configured, and whether the issuer and the audience are; everything comes last."""

KINDS = ["HS256", "EdDSA"]


def claims(**changed: object) -> dict[str, object]:
    """Claims that every configuration believes, but for what is changed."""
    return claims_of("alice", now=NOW, iss=ISSUER, aud=ISSUER) | changed


def token(
    kind: str = "EdDSA",
    payload: dict[str, object] | bytes | None = None,
    *,
    key: KeyPair = ED,
    secret: bytes = SECRET.encode(),
    **header: object,
) -> str:
    """A good token of that kind, but for what is given."""
    payload = claims() if payload is None else payload
    if kind == "HS256":
        return signed({"alg": "HS256", "typ": "JWT"} | header, payload, hs256(secret))
    return signed({"alg": key.algorithm, "kid": key.key_id or ABSENT} | header, payload, key.sign)


def with_header(header: bytes) -> str:
    return signed(header, claims(), ED.sign)


def with_raw_claim(claim: str) -> str:
    """A token whose payload holds this piece of JSON, where Python would not write it."""
    return token(payload=json.dumps(claims()).encode()[:-1] + b"," + claim.encode() + b"}")


def unsigned(algorithm: str, signature: bytes = b"x") -> str:
    return signed({"alg": algorithm}, claims(), lambda _message: signature)


def with_last_character_moved(compact: str) -> str:
    """Another spelling of the same signature: the last character carries bits that decoding drops."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    moved = compact[:-1] + alphabet[alphabet.index(compact[-1]) + 1]
    assert _signature(moved) == _signature(compact)
    return moved


def with_payload_of(other: str, compact: str) -> str:
    header, _, signature = compact.split(".")
    return ".".join((header, other.split(".")[1], signature))


def der_signed() -> str:
    def sign(message: bytes) -> bytes:
        raw = ES.sign(message)
        return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    return signed({"alg": "ES256", "kid": ES.key_id}, claims(), sign)


def by_public_key(encoded: bytes) -> str:
    """The classic confusion: HS256 with what everyone may read as the secret."""
    return token("HS256", secret=encoded, kid=ED.key_id)


def _signature(compact: str) -> bytes:
    return base64.urlsafe_b64decode(compact.rpartition(".")[2] + "==")


DEEP = "[" * 4000  # newer Pythons can read so deep, so it is not closed either
LONG_INTEGER = "9" * 5000

FORGED: dict[str, tuple[str, Callable[[], bytes | None]]] = {
    # The header value.
    "no header": ("no_token", lambda: None),
    "empty header": ("malformed", lambda: b""),
    "scheme only": ("malformed", lambda: b"Bearer"),
    "scheme and spaces": ("malformed", lambda: b"Bearer   "),
    "no scheme": ("malformed", lambda: token().encode()),
    "another scheme": ("malformed", lambda: b"Basic " + token().encode()),
    "no space": ("malformed", lambda: b"Bearer" + token().encode()),
    "tab for a space": ("malformed", lambda: b"Bearer\t" + token().encode()),
    "two tokens": ("malformed", lambda: bearer(token()) + b", " + bearer(token())),
    "line feed at the end": ("malformed", lambda: bearer(token()) + b"\n"),
    "NUL at the end": ("malformed", lambda: bearer(token()) + b"\x00"),
    "space inside": ("malformed", lambda: bearer(token().replace(".", ". ", 1))),
    "not ASCII": ("malformed", lambda: bearer(token() + "é")),
    "full-width digit": ("malformed", lambda: bearer("\uff11" + token())),
    "not base64": ("malformed", lambda: bearer("!!!.???.***")),
    "standard alphabet": ("malformed", lambda: bearer("a+/b." + token().partition(".")[2])),
    "two dots missing": ("malformed", lambda: bearer(token().replace(".", ""))),
    "one dot missing": ("malformed", lambda: bearer(token().replace(".", "", 1))),
    "four dots": ("malformed", lambda: bearer(token() + ".a.b")),
    "signature stripped": ("malformed", lambda: bearer(token().rpartition(".")[0])),
    "signature empty": ("malformed", lambda: bearer(token().rpartition(".")[0] + ".")),
    "payload empty": ("malformed", lambda: bearer(with_payload_of("a..b", token()))),
    "padded signature": ("malformed", lambda: bearer(token() + "==")),
    "padded payload": ("malformed", lambda: bearer(with_payload_of("a.eyJ9=.b", token()))),
    "signature spelled otherwise": ("signature_wrong", lambda: bearer(with_last_character_moved(token()))),
    "one megabyte": ("too_long", lambda: bearer("a" * 1_000_000)),
    "one megabyte of dots": ("too_long", lambda: bearer("a." * 500_000)),
    "signed but too long": ("too_long", lambda: bearer(token(payload=claims(image="x" * 8192)))),
    # The token's header.
    "header of one character": ("header_unreadable", lambda: bearer("a." + token().partition(".")[2])),
    "header not JSON": ("header_unreadable", lambda: bearer(with_header(b"alg: EdDSA"))),
    "header not UTF-8": ("header_unreadable", lambda: bearer(with_header(b'{"alg":"EdDSA","x":"\xff"}'))),
    "header in UTF-16": (
        "header_unreadable",
        lambda: bearer(with_header('{"alg":"EdDSA"}'.encode("utf-16"))),
    ),
    "header a list": ("header_unreadable", lambda: bearer(with_header(b'["EdDSA"]'))),
    "header null": ("header_unreadable", lambda: bearer(with_header(b"null"))),
    "header names alg twice": (
        "header_unreadable",
        lambda: bearer(with_header(b'{"alg":"none","alg":"EdDSA","kid":"ed"}')),
    ),
    "header nested deeply": (
        "header_unreadable",
        lambda: bearer(with_header(b'{"alg":"EdDSA","x":' + DEEP.encode() + b"}")),
    ),
    "header with a long integer": (
        "header_unreadable",
        lambda: bearer(with_header(b'{"alg":"EdDSA","x":' + LONG_INTEGER.encode() + b"}")),
    ),
    "alg none, no signature": ("malformed", lambda: bearer(unsigned("none", b""))),
    "alg none": ("algorithm_not_configured", lambda: bearer(unsigned("none"))),
    "alg None": ("algorithm_not_configured", lambda: bearer(unsigned("None"))),
    "alg NONE": ("algorithm_not_configured", lambda: bearer(unsigned("NONE"))),
    "alg empty": ("algorithm_not_configured", lambda: bearer(token(alg=""))),
    "alg missing": ("algorithm_not_named", lambda: bearer(token(alg=ABSENT))),
    "alg null": ("algorithm_not_named", lambda: bearer(token(alg=None))),
    "alg a number": ("algorithm_not_named", lambda: bearer(token(alg=256))),
    "alg a list": ("algorithm_not_named", lambda: bearer(token(alg=["EdDSA"]))),
    "alg in lower case": ("algorithm_not_configured", lambda: bearer(token("HS256", alg="hs256"))),
    "alg HS512": ("algorithm_not_configured", lambda: bearer(token("HS256", alg="HS512"))),
    "alg ES256K": ("algorithm_not_configured", lambda: bearer(token(key=ES, alg="ES256K"))),
    "kid a number": ("key_id_not_a_string", lambda: bearer(token(kid=1))),
    "kid null": ("key_id_not_a_string", lambda: bearer(token(kid=None))),
    "kid a list": ("key_id_not_a_string", lambda: bearer(token(kid=["ed"]))),
    "typ of a logout token": ("not_an_access_token", lambda: bearer(token(typ="logout+jwt"))),
    "typ of a proof": ("not_an_access_token", lambda: bearer(token(typ="dpop+jwt"))),
    "typ a number": ("not_an_access_token", lambda: bearer(token(typ=1))),
    "crit": ("header_parameter_forbidden", lambda: bearer(token(crit=["exp"]))),
    "crit empty": ("header_parameter_forbidden", lambda: bearer(token(crit=[]))),
    "b64 false": ("header_parameter_forbidden", lambda: bearer(token(b64=False))),
    "b64 true": ("header_parameter_forbidden", lambda: bearer(token(b64=True))),
    "jwk of ours": ("header_parameter_forbidden", lambda: bearer(token(jwk=ED.jwk))),
    "jku": ("header_parameter_forbidden", lambda: bearer(token(jku="https://attacker.example/jwks"))),
    "x5u": ("header_parameter_forbidden", lambda: bearer(token(x5u="https://attacker.example/chain"))),
    "x5c": ("header_parameter_forbidden", lambda: bearer(token(x5c=["MIIB"]))),
    "b64 false and critical": (
        "header_parameter_forbidden",
        lambda: bearer(token("HS256", b64=False, crit=["b64"])),
    ),
    "signed by the embedded key": (
        "header_parameter_forbidden",
        lambda: bearer(token(key=STRANGER, jwk=STRANGER.jwk)),
    ),
    # The key and the signature.
    "another secret": ("signature_wrong", lambda: bearer(token("HS256", secret=b"guess" * 8))),
    "an empty secret": ("signature_wrong", lambda: bearer(token("HS256", secret=b""))),
    "another key under our kid": ("signature_wrong", lambda: bearer(token(key=STRANGER, kid="ed"))),
    "another of our keys under our kid": ("signature_wrong", lambda: bearer(token(key=ED_2, kid="ed"))),
    "unknown kid": ("no_key_fits", lambda: bearer(token(kid="ed-3"))),
    "empty kid": ("no_key_fits", lambda: bearer(token(kid=""))),
    "no kid, a stranger's key": ("signature_wrong", lambda: bearer(token(key=STRANGER))),
    "HS256 by the public key in PEM": ("signature_wrong", lambda: bearer(by_public_key(ED.pem))),
    "HS256 by the RSA key in PEM": ("signature_wrong", lambda: bearer(by_public_key(RS.pem))),
    "HS256 by PEM without its last line feed": (
        "signature_wrong",
        lambda: bearer(by_public_key(ED.pem.strip())),
    ),
    "HS256 by the public key in DER": (
        "signature_wrong",
        lambda: bearer(
            by_public_key(ED.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        ),
    ),
    "HS256 by the raw public key": (
        "signature_wrong",
        lambda: bearer(by_public_key(base64.urlsafe_b64decode(ED.jwk["x"] + "="))),
    ),
    "HS256 by the text of x": ("signature_wrong", lambda: bearer(by_public_key(ED.jwk["x"].encode()))),
    "HS256 by the JWK": ("signature_wrong", lambda: bearer(by_public_key(json.dumps(ED.jwk).encode()))),
    "HS256 by a symmetric key of the JWKS": (
        "signature_wrong",
        lambda: bearer(token("HS256", secret=SYMMETRIC, kid="oct")),
    ),
    "EdDSA by the shared secret": (
        "signature_wrong",
        lambda: bearer(token("HS256", alg="EdDSA", kid="ed")),
    ),
    "RS256 by the shared secret": (
        "signature_wrong",
        lambda: bearer(token("HS256", alg="RS256", kid="rs")),
    ),
    "alg of another key": ("no_key_fits", lambda: bearer(token(key=ES, kid="ed"))),
    "alg that the key does not sign with": (
        "signature_wrong",
        lambda: bearer(token(key=ED, alg="ES256", kid="es")),
    ),
    "RS256 by a key for PS256": (
        "no_key_fits",
        lambda: bearer(token(key=KeyPair(PS.private, "RS256", "ps"))),
    ),
    "PS256 by a key for RS256": (
        "no_key_fits",
        lambda: bearer(token(key=KeyPair(RS.private, "PS256", "rs"))),
    ),
    "PS256 by an RSA key that says nothing": ("no_key_fits", lambda: bearer(token(key=SAYS_NOTHING))),
    "key for encryption": ("no_key_fits", lambda: bearer(token(key=FOR_ENCRYPTION))),
    "key that may only encrypt": ("no_key_fits", lambda: bearer(token(key=MAY_ONLY_ENCRYPT))),
    "key whose alg contradicts it": ("no_key_fits", lambda: bearer(token(key=SAYS_ES256))),
    "1024-bit RSA key": ("no_key_fits", lambda: bearer(token(key=WEAK))),
    "ES256 on another curve": ("no_key_fits", lambda: bearer(token(key=WIDE))),
    "unlisted key without kid": ("signature_wrong", lambda: bearer(token(key=FOR_ENCRYPTION, kid=ABSENT))),
    "ES256 signature in DER": ("signature_wrong", lambda: bearer(der_signed())),
    "payload of another token": (
        "signature_wrong",
        lambda: bearer(with_payload_of(token(payload=claims(sub="bob")), token())),
    ),
    "payload of another shared-secret token": (
        "signature_wrong",
        lambda: bearer(with_payload_of(token("HS256", claims(sub="bob")), token("HS256"))),
    ),
    "signature cut short": ("signature_wrong", lambda: bearer(token()[:-4])),
    "signature with more behind it": ("signature_wrong", lambda: bearer(token() + "AAAA")),
    "signature of zeros": ("signature_wrong", lambda: bearer(token().rpartition(".")[0] + "." + "A" * 86)),
    # The payload.
    "payload not JSON": ("claims_unreadable", lambda: bearer(token(payload=b"sub=alice"))),
    "payload not UTF-8": ("claims_unreadable", lambda: bearer(token(payload=b'{"sub":"\xff"}'))),
    "payload a list": ("claims_unreadable", lambda: bearer(token(payload=b'[{"sub":"alice"}]'))),
    "payload a string": ("claims_unreadable", lambda: bearer(token(payload=b'"alice"'))),
    "payload null": ("claims_unreadable", lambda: bearer(token("HS256", b"null"))),
    "payload names sub twice": ("claims_unreadable", lambda: bearer(with_raw_claim('"sub":"bob"'))),
    "payload nested deeply": ("claims_unreadable", lambda: bearer(with_raw_claim(f'"x":{DEEP}'))),
    "payload with a long integer": (
        "claims_unreadable",
        lambda: bearer(with_raw_claim(f'"x":{LONG_INTEGER}')),
    ),
    "payload with NaN": ("claims_unreadable", lambda: bearer(with_raw_claim('"x":NaN'))),
    "payload with infinity": ("claims_unreadable", lambda: bearer(with_raw_claim('"x":-Infinity'))),
    "payload without claims": ("exp_not_an_instant", lambda: bearer(token(payload=b"{}"))),
    "nbf beyond every float": ("nbf_not_an_instant", lambda: bearer(with_raw_claim('"nbf":1e999'))),
}

WRONG_CLAIMS: dict[str, tuple[str, dict[str, object]]] = {
    "no exp": ("exp_not_an_instant", {"exp": ABSENT}),
    "exp null": ("exp_not_an_instant", {"exp": None}),
    "exp a string": ("exp_not_an_instant", {"exp": str(int(NOW) + 60)}),
    "exp a list": ("exp_not_an_instant", {"exp": [NOW + 60]}),
    "exp true": ("exp_not_an_instant", {"exp": True}),
    "exp negative": ("exp_not_an_instant", {"exp": -1}),
    "exp in milliseconds": ("exp_not_an_instant", {"exp": (NOW + 60) * 1000}),
    "exp huge": ("exp_not_an_instant", {"exp": 1e300}),
    "exp beyond every float": ("exp_not_an_instant", {"exp": 10**400}),
    "exp infinite": ("claims_unreadable", {"exp": float("inf")}),
    "exp NaN": ("claims_unreadable", {"exp": float("nan")}),
    "expired by the leeway": ("expired", {"exp": NOW - 10}),
    "expired long ago": ("expired", {"exp": 0}),
    "nbf in the future": ("not_yet_valid", {"nbf": NOW + 10.5}),
    "nbf a string": ("nbf_not_an_instant", {"nbf": "0"}),
    "nbf null": ("nbf_not_an_instant", {"nbf": None}),
    "iat in the future": ("not_yet_valid", {"iat": NOW + 11}),
    "iat a string": ("iat_not_an_instant", {"iat": str(NOW)}),
    "iat NaN": ("claims_unreadable", {"iat": float("nan")}),
    "no sub": ("subject_not_usable", {"sub": ABSENT}),
    "sub null": ("subject_not_usable", {"sub": None}),
    "sub empty": ("subject_not_usable", {"sub": ""}),
    "sub of 256 characters": ("subject_not_usable", {"sub": "x" * 256}),
    "sub a fraction": ("subject_not_usable", {"sub": 7.5}),
    "sub true": ("subject_not_usable", {"sub": True}),
    "sub a list": ("subject_not_usable", {"sub": ["alice"]}),
    "sub an object": ("subject_not_usable", {"sub": {"id": "alice"}}),
    "sub with NUL": ("subject_not_usable", {"sub": "ali\x00ce"}),
    "sub with a line feed at its end": ("subject_not_usable", {"sub": "alice\n"}),
    "sub with an escape character": ("subject_not_usable", {"sub": "\x1b[31malice"}),
    "sub with a C1 control": ("subject_not_usable", {"sub": "alice\x85"}),
    "sub with a lone surrogate": ("subject_not_usable", {"sub": "alice\ud83d"}),
}

NOT_OURS: dict[str, tuple[str, dict[str, object]]] = {
    "no iss": ("issuer_wrong", {"iss": ABSENT}),
    "iss null": ("issuer_wrong", {"iss": None}),
    "another iss": ("issuer_wrong", {"iss": "https://attacker.example"}),
    "iss with a slash more": ("issuer_wrong", {"iss": ISSUER + "/"}),
    "iss a list with ours": ("issuer_wrong", {"iss": [ISSUER]}),
    "no aud": ("audience_wrong", {"aud": ABSENT}),
    "aud null": ("audience_wrong", {"aud": None}),
    "another aud": ("audience_wrong", {"aud": "https://other.example"}),
    "aud that contains ours": ("audience_wrong", {"aud": f"{ISSUER}.attacker.example"}),
    "aud list without ours": ("audience_wrong", {"aud": ["https://other.example", f"{ISSUER}/"]}),
    "aud list empty": ("audience_wrong", {"aud": []}),
    "aud list around ours": ("audience_wrong", {"aud": [[ISSUER]]}),
    "aud an object": ("audience_wrong", {"aud": {ISSUER: True}}),
    "aud a number": ("audience_wrong", {"aud": 1}),
}

RIGHT_CLAIMS: dict[str, dict[str, object]] = {
    "as usual": {},
    "exp with a fraction": {"exp": NOW + 0.5},
    "expired within the leeway": {"exp": NOW - 9.5},
    "nbf within the leeway": {"nbf": NOW + 9.5},
    "iat within the leeway": {"iat": NOW + 9.5},
    "no iat": {"iat": ABSENT},
    "aud list with ours": {"aud": ["https://other.example", ISSUER]},
    "more claims": {"email": "alice@example.org", "image": None, "nested": {"a": [1]}},
}
