"""Which tokens are believed, and that every other one is refused in the same way, whatever is configured."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.auth import Authenticator, refusal, tokens
from api.auth.keys import KEY_SET_ALGORITHMS, Key
from core.errors import ConfigurationError, InvalidToken
from tests.tokens import (
    ABSENT,
    SECRET,
    Algorithm,
    Clock,
    KeyPair,
    auth_settings,
    bearer,
    key_pair,
)
from tests.unit.tokens.forgeries import (
    CONFIGURATIONS,
    ED,
    ED_2,
    ES,
    FORGED,
    KINDS,
    NOT_OURS,
    PS,
    RIGHT_CLAIMS,
    RS,
    SAYS_NOTHING,
    WRONG_CLAIMS,
    claims,
    token,
)

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize(
    ("said", "user"),
    [
        ({"sub": "alice", "user_id": "bob"}, "alice"),
        ({"sub": None, "user_id": 7, "id": "x"}, "7"),
        ({"sub": None, "id": "bob"}, "bob"),
    ],
)
async def test_the_user_in_another_claim(clock: Clock, said: dict[str, object], user: str) -> None:
    """The first of the claims that may name the user, and that the token has; a whole number counts as its digits."""
    settings = auth_settings(secret=SECRET, user_claim="sub, user_id,id")
    authenticator = Authenticator.from_settings(settings, clock=clock)
    assert (await authenticator.authenticate(bearer(token("HS256", claims(**said))))).user_id == user


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


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    """Even a key that was handed over by mistake is never used as the token's header asks."""
    key = Key(None, "EdDSA", SECRET.encode())
    with pytest.raises(InvalidToken):
        tokens.proven_claims(tokens.read(bearer(token("HS256"))), [key])


@pytest.mark.parametrize("secret", [ED.pem.decode().strip(), json.dumps(RS.jwk)])
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


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("listed", ["EdDSA", "Ed25519"])
async def test_both_names_of_eddsa_are_one(tmp_path: Path, name: str, listed: str) -> None:
    """RFC 9864 has a new one; a key of either proves a token of either."""
    key = key_pair("EdDSA")
    await proves(tmp_path, key.jwk | {"alg": listed}, key.token("alice", header={"alg": name}))


@pytest.mark.parametrize("algorithm", [name for name in KEY_SET_ALGORITHMS if name != "EdDSA"])
async def test_every_algorithm_proves_a_token(tmp_path: Path, algorithm: Algorithm) -> None:
    """With the key that is bound to it."""
    key = key_pair(algorithm)
    await proves(tmp_path, key.jwk, key.token("alice"))


async def proves(folder: Path, jwk: Mapping[str, object], token: str) -> None:
    file = folder / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk]}))
    authenticator = Authenticator.from_settings(auth_settings(jwks_file=file))
    assert (await authenticator.authenticate(bearer(token))).user_id == "alice"


async def test_a_refusal_is_counted_and_told_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fixed word, so that whoever operates the service finds it; what clients do every day is counted only."""
    clock, counted, told = Clock(), list[str](), list[dict[str, object]]()

    class Log:
        def warning(self, event: str, **fields: object) -> None:
            told.append({"event": event, **fields})

    monkeypatch.setattr(refusal, "_log", Log())
    refusals = refusal.Refusals(counted.append, clock=clock)
    for reason in ("no_token", "issuer_wrong", "issuer_wrong", "expired", "no_key_fits"):
        refusals.note(reason)
    clock.advance(60)
    refusals.note("issuer_wrong")
    assert counted == ["no_token", "issuer_wrong", "issuer_wrong", "expired", "no_key_fits", "issuer_wrong"]
    assert told == [
        {"event": "tokens_refused", "reason": "issuer_wrong", "tokens": 1},
        {"event": "tokens_refused", "reason": "no_key_fits", "tokens": 1},
        {"event": "tokens_refused", "reason": "issuer_wrong", "tokens": 2},
    ]
