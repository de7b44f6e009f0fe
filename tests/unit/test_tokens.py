"""Which tokens are believed, and that every other one is refused in the same way, whatever is configured."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.auth import Authenticator, memo, refusal, tokens
from api.auth.keys import Key
from core.errors import ConfigurationError, InvalidToken
from tests.tokens import (
    ABSENT,
    SECRET,
    Algorithm,
    Clock,
    KeyPair,
    auth_settings,
    bearer,
    claims_of,
    hs256,
    key_pair,
    signed,
)

pytestmark = pytest.mark.anyio

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


@pytest.fixture(scope="session")
def jwks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("auth") / "jwks.json"
    file.write_text(json.dumps({"keys": KEYS}))
    return file


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def make(jwks_file: Path, clock: Clock) -> Callable[[str], Authenticator]:
    def make(configuration: str) -> Authenticator:
        keys, _, checked = configuration.partition(" ")
        settings = auth_settings(
            secret=SECRET if keys in ("secret", "both") else None,
            jwks_file=jwks_file if keys in ("jwks", "both") else None,
            issuer=ISSUER if checked else None,
            audience=ISSUER if checked else None,
        )
        return Authenticator.from_settings(settings, clock=clock)

    return make


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reasons that the debug log was given, in order."""
    heard: list[str] = []

    class Log:
        def debug(self, event: str, *, reason: str) -> None:
            assert event == "token_refused"
            heard.append(reason)

    monkeypatch.setattr(refusal, "_log", Log())
    return heard


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
    "alg ES384": ("algorithm_not_configured", lambda: bearer(token(key=WIDE, alg="ES384"))),
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
    "sub a number": ("subject_not_usable", {"sub": 7}),
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


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    changed: dict[str, object]
    reason: str


def cases(table: dict[str, tuple[str, dict[str, object]]]) -> list[Any]:
    return [
        pytest.param(Case(kind, changed, reason), id=f"{name}, {kind}")
        for name, (reason, changed) in table.items()
        for kind in KINDS
    ]


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused_whatever_is_configured(
    make: Callable[[str], Authenticator], reasons: list[str], name: str
) -> None:
    """What the issuer did not make proves nothing, and fails at the very check that is there for it."""
    reason, forged = FORGED[name]
    for configuration in CONFIGURATIONS:
        with pytest.raises(InvalidToken):
            await make(configuration).authenticate(forged())
    assert reasons[-1] == reason
    assert len(reasons) == len(CONFIGURATIONS)


@pytest.mark.parametrize("case", cases(WRONG_CLAIMS))
async def test_wrong_claims_are_refused_whatever_is_configured(
    make: Callable[[str], Authenticator], reasons: list[str], case: Case
) -> None:
    """A good signature under claims that are missing, malformed or not valid now proves nothing."""
    header = bearer(token(case.kind, claims(**case.changed)))
    for configuration in CONFIGURATIONS:
        with pytest.raises(InvalidToken):
            await make(configuration).authenticate(header)
        assert reasons[-1] == (case.reason if _takes(configuration, case.kind) else "algorithm_not_configured")


@pytest.mark.parametrize("case", cases(NOT_OURS))
async def test_the_issuer_and_the_audience_are_checked_when_configured(
    make: Callable[[str], Authenticator], reasons: list[str], case: Case
) -> None:
    """A token of another issuer or for another service is refused, and believed where nobody named ours."""
    header = bearer(token(case.kind, claims(**case.changed)))
    for keys in ("secret", "jwks", "both"):
        with pytest.raises(InvalidToken):
            await make(f"{keys} checked").authenticate(header)
        if _takes(keys, case.kind):
            assert reasons[-1] == case.reason
            assert (await make(keys).authenticate(header)).user_id == "alice"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RIGHT_CLAIMS)
async def test_a_good_token_names_its_user_and_its_end(
    make: Callable[[str], Authenticator], kind: str, name: str
) -> None:
    """A good token is believed wherever its kind is configured, and nowhere else."""
    payload = claims(**RIGHT_CLAIMS[name])
    header = bearer(token(kind, payload))
    for configuration in CONFIGURATIONS:
        if _takes(configuration, kind):
            principal = await make(configuration).authenticate(header)
            assert (principal.user_id, principal.expires_at) == ("alice", payload["exp"])
        else:
            with pytest.raises(InvalidToken):
                await make(configuration).authenticate(header)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256", "PS256"])
@pytest.mark.parametrize("names_its_key", [True, False])
async def test_every_algorithm_of_the_jwks_is_believed(
    make: Callable[[str], Authenticator], algorithm: Algorithm, *, names_its_key: bool
) -> None:
    """EdDSA, ES256, RS256 and PS256 are verified, with `kid` and without it."""
    key = next(key for key in (ED_2, ES, RS, PS) if key.algorithm == algorithm)
    header = bearer(token(key=key, kid=key.key_id if names_its_key else ABSENT))
    assert (await make("jwks").authenticate(header)).user_id == "alice"


async def test_an_rsa_key_without_alg_verifies_rs256(make: Callable[[str], Authenticator]) -> None:
    """An RSA key that names no algorithm has one all the same: RS256."""
    key = KeyPair(SAYS_NOTHING.private, "RS256", SAYS_NOTHING.key_id)
    assert (await make("jwks").authenticate(bearer(token(key=key)))).user_id == "alice"


@pytest.mark.parametrize("typ", [ABSENT, "JWT", "jwt", "at+jwt", "application/at+JWT"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_access_token_may_say_so(make: Callable[[str], Authenticator], kind: str, typ: object) -> None:
    """A token may leave out its type, as Better Auth does, or name that of an access token."""
    assert (await make("both").authenticate(bearer(token(kind, typ=typ)))).user_id == "alice"


async def test_a_kid_means_nothing_to_the_shared_secret(make: Callable[[str], Authenticator]) -> None:
    """An HS256 token is believed whatever key it names, for there is only one."""
    assert (await make("both").authenticate(bearer(token("HS256", kid="anything")))).user_id == "alice"


@pytest.mark.parametrize("prefix", [b"Bearer ", b"bearer ", b"BEARER ", b"bEaReR    ", b" Bearer "])
async def test_the_scheme_is_case_insensitive(make: Callable[[str], Authenticator], prefix: bytes) -> None:
    """RFC 9110: the scheme in any case, one space or more, white space around the value is no part of it."""
    principal = await make("both").authenticate(prefix + token().encode() + b" \t")
    assert principal.user_id == "alice"


@pytest.mark.parametrize("sub", ["7", "x" * 255, "ünï çødé", "🦊" * 255, "a/b|c:d", " "])
async def test_a_user_id_is_opaque(make: Callable[[str], Authenticator], sub: str) -> None:
    """A subject of 1 to 255 characters is taken as it is."""
    assert (await make("secret").authenticate(bearer(token("HS256", claims(sub=sub))))).user_id == sub


@pytest.mark.parametrize("kind", KINDS)
async def test_no_changed_character_goes_unnoticed(make: Callable[[str], Authenticator], kind: str) -> None:
    """Whichever character of a good token is changed, it is refused."""
    authenticator, compact = make("both checked"), token(kind)
    for position, character in enumerate(compact):
        changed = compact[:position] + ("A" if character != "A" else "B") + compact[position + 1 :]
        with pytest.raises(InvalidToken):
            await authenticator.authenticate(bearer(changed))


async def test_a_token_without_kid_is_not_tried_with_many_keys(tmp_path: Path, clock: Clock) -> None:
    """With more keys of its algorithm than a request may cost, a token has to name its own."""
    pairs = [key_pair("EdDSA", f"many-{number}") for number in range(5)]
    file = tmp_path / "jwks.json"
    for usable, listed in ((True, pairs[:4]), (False, pairs)):
        file.write_text(json.dumps({"keys": [pair.jwk for pair in listed]}))
        authenticator = Authenticator.from_settings(auth_settings(jwks_file=file), clock=clock)
        assert (await authenticator.authenticate(bearer(token(key=pairs[3])))).user_id == "alice"
        anonymous = bearer(token(key=pairs[3], kid=ABSENT))
        if usable:
            assert (await authenticator.authenticate(anonymous)).user_id == "alice"
        else:
            with pytest.raises(InvalidToken):
                await authenticator.authenticate(anonymous)


@pytest.mark.parametrize("name", ["header not JSON", "another secret", "payload not JSON"])
async def test_a_refusal_says_nothing(make: Callable[[str], Authenticator], name: str) -> None:
    """The error carries no reason, and no cause whose message would quote the token."""
    with pytest.raises(InvalidToken) as refused:
        await make("both").authenticate(FORGED[name][1]())
    assert str(refused.value) == ""
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None or refused.value.__suppress_context__


async def test_a_verified_token_is_remembered_for_a_minute(make: Callable[[str], Authenticator], clock: Clock) -> None:
    """A principal is known without verifying for 60 seconds, under exactly that header value."""
    authenticator, header = make("both"), bearer(token())
    assert authenticator.remembered(header) is None
    principal = await authenticator.authenticate(header)
    assert authenticator.remembered(header) == principal
    assert authenticator.remembered(header + b" ") is None
    clock.advance(59.9)
    assert authenticator.remembered(header) == principal
    clock.advance(0.1)
    assert authenticator.remembered(header) is None
    assert await authenticator.authenticate(header) == principal
    assert authenticator.remembered(header) == principal


async def test_a_remembered_token_expires_when_it_would_if_it_were_verified(
    make: Callable[[str], Authenticator], clock: Clock
) -> None:
    """The memo and the verifier agree on the last instant of a token, leeway included."""
    authenticator, header = make("both"), bearer(token(payload=claims(exp=NOW + 5)))
    await authenticator.authenticate(header)
    clock.advance(14.9)
    assert authenticator.remembered(header) is not None
    assert (await make("both").authenticate(header)).user_id == "alice"
    clock.advance(0.1)
    assert authenticator.remembered(header) is None
    for judge in (authenticator, make("both")):
        with pytest.raises(InvalidToken):
            await judge.authenticate(header)


async def test_a_clock_set_back_does_not_prolong_the_memo(make: Callable[[str], Authenticator], clock: Clock) -> None:
    """An entry from the future counts for nothing."""
    authenticator, header = make("both"), bearer(token(payload=claims(iat=ABSENT)))
    await authenticator.authenticate(header)
    clock.advance(-1)
    assert authenticator.remembered(header) is None


async def test_a_refused_token_is_not_remembered(make: Callable[[str], Authenticator]) -> None:
    """Nothing that a stranger sends takes room in the memo."""
    authenticator, header = make("both"), bearer(token(key=STRANGER))
    with pytest.raises(InvalidToken):
        await authenticator.authenticate(header)
    assert authenticator.remembered(header) is None


async def test_the_memo_is_bounded_and_drops_the_oldest(
    make: Callable[[str], Authenticator], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new entry pushes out the oldest when the memo is full, and an entry made anew is not the oldest."""
    assert memo.MEMO_ENTRIES == 10_000
    monkeypatch.setattr(memo, "MEMO_ENTRIES", 3)
    book = memo.Memo()
    principal = await make("both").authenticate(bearer(token()))
    for header in (b"a", b"b", b"c", b"a", b"d"):
        book.remember(header, principal, now=NOW)
    known = {header for header in (b"a", b"b", b"c", b"d") if book.recall(header, now=NOW) is not None}
    assert known == {b"a", b"c", b"d"}


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    """Even a key that was handed over by mistake is never used as the token's header asks."""
    key = Key(None, "EdDSA", SECRET.encode())
    with pytest.raises(InvalidToken):
        tokens.proven_claims(tokens.read(bearer(token("HS256"))), [key])


@pytest.mark.parametrize("secret", [ED.pem.decode(), json.dumps(RS.jwk)])
def test_a_public_key_is_not_accepted_as_the_secret(secret: str) -> None:
    """The service does not start with a key that everyone may read where its secret belongs."""
    with pytest.raises(ConfigurationError, match="BETTER_AUTH_SECRET"):
        Authenticator.from_settings(auth_settings(secret=secret))


@pytest.mark.parametrize("content", [None, b"", b"not JSON", b'{"keys": []}', b'{"keys": [{"kty": "oct"}]}'])
def test_a_jwks_file_that_cannot_work_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    """A JWKS file that is missing, or holds no usable key, is named in the error."""
    file = tmp_path / "jwks.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="AUTH_JWKS_FILE"):
        Authenticator.from_settings(auth_settings(jwks_file=file))


def _takes(configuration: str, kind: str) -> bool:
    keys = configuration.partition(" ")[0]
    return keys == "both" or keys == {"HS256": "secret", "EdDSA": "jwks"}[kind]
