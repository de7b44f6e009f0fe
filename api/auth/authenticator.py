"""Who asks. Without I/O but for the auth server's keys, and for personal tokens that are not known as hits."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from api.auth import claims, tokens
from api.auth.claims import Expectations, Principal
from api.auth.jwks import MAX_DOCUMENT_BYTES, OnFetch, RemoteKeys
from api.auth.keys import (
    KEY_SET_ALGORITHMS,
    SHARED_SECRET_ALGORITHM,
    FixedKeys,
    KeySet,
    KeySource,
    SharedSecret,
    UnusableKeySet,
)
from api.auth.memo import Memo
from api.auth.personal import PersonalTokens, Verdicts
from api.auth.personal.basic import password_of
from api.auth.refusal import OnRefusal, Refusals, refused
from core.access import form
from core.errors import ConfigurationError, InvalidToken
from core.settings import Settings


class Authenticator:
    """Judges bearer tokens of two kinds: signed with a key of a JWKS, or with the shared secret. A third one, personal
    tokens, looks like neither, and is judged in a room of its own.

    Either kind may be configured, or both. The `alg` of a token only picks the source of keys that owns that
    algorithm; it never picks how a key is used. The algorithm sets are disjoint, each key carries its one
    algorithm, and the shared secret is the only key that HS256 is ever computed with. So a token that names
    another algorithm than the one it was made for meets keys that cannot have signed it, and is refused.
    """

    def __init__(
        self,
        sources: Mapping[str, KeySource],
        expected: Expectations,
        *,
        memo: Memo,
        remote: RemoteKeys | None,
        personal: PersonalTokens | None,
        refusals: Refusals,
        clock: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._expected = expected
        self._memo = memo
        self._remote = remote
        self._personal = personal
        self._refusals = refusals
        self._clock = clock

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        personal: PersonalTokens | None = None,
        clock: Callable[[], float] = time.time,
        on_fetch: OnFetch = lambda _: None,
        on_refusal: OnRefusal = lambda _: None,
    ) -> "Authenticator":
        """Reads `AUTH_JWKS_FILE`, connects to nothing; raises `ConfigurationError` that names the setting.

        Without `personal` no personal token is one.
        """
        memo = Memo()
        remote = None
        sources: dict[str, KeySource] = {}
        if settings.better_auth_secret is not None:
            sources[SHARED_SECRET_ALGORITHM] = SharedSecret.of(settings.better_auth_secret.get_secret_value())
        if settings.auth_jwks_url is not None:
            remote = RemoteKeys(settings.auth_jwks_url, clock=clock, on_change=memo.forget_all, on_fetch=on_fetch)
            sources.update(dict.fromkeys(KEY_SET_ALGORITHMS, remote))
        elif settings.auth_jwks_file is not None:
            sources.update(dict.fromkeys(KEY_SET_ALGORITHMS, _keys_in(settings.auth_jwks_file)))
        expected = Expectations(
            issuer=settings.auth_issuer, audience=settings.auth_audience, user=settings.auth_user_claim
        )
        refusals = Refusals(on_refusal)
        return cls(sources, expected, memo=memo, remote=remote, personal=personal, refusals=refusals, clock=clock)

    async def start(self) -> None:
        """Try to have the keys before the first request; a failure is logged, and made good on use."""
        if self._remote is not None:
            await self._remote.refresh()

    async def close(self) -> None:
        if self._remote is not None:
            await self._remote.close()

    def remembered(self, authorization: bytes) -> Principal | None:
        """The principal whom this header value's token proved less than a minute ago, if that still holds.

        Of a personal token that is told by whether the hit is one under the principal's warrant.
        """
        token = tokens.compact(authorization)
        if token is None:
            return None
        if self._personal is not None and token.startswith(form.PREFIX):
            return self._personal.remembered(token, now=self._clock())
        return self._memo.recall(token, now=self._clock())

    def remembered_by_name(self, authorization: bytes) -> Principal | None:
        """As `remembered`, also of HTTP Basic, whose password is a personal token: for calendars, and nobody else."""
        if authorization[:6].lower() != b"basic ":
            return self.remembered(authorization)
        if self._personal is None:
            return None
        try:
            token = password_of(authorization)
        except InvalidToken:
            return None
        return self._personal.remembered(token, now=self._clock())

    async def authenticate(self, authorization: bytes | None) -> Principal:
        """The principal whom this header value proves; raises `InvalidToken`.

        Raises `AuthUnavailable` for a JWKS token while there has never been a JWKS to judge it by, and
        `DatabaseUnavailable` for a personal one while it cannot be looked for.
        """
        try:
            return await self._judge(authorization)
        except InvalidToken as error:
            self._refusals.note(error.reason)
            raise

    async def authenticate_basic(self, authorization: bytes | None) -> Principal:
        """As `authenticate`, of HTTP Basic, whose password is a personal token: for calendars, and nobody else."""
        try:
            if authorization is None:
                raise refused("no_token")
            if self._personal is None:
                raise refused("malformed")
            return await self._personal.judge(password_of(authorization))
        except InvalidToken as error:
            self._refusals.note(error.reason)
            raise

    async def look_again(self, personal: Sequence[bytes]) -> Verdicts:
        """What has become of these personal tokens, within less than a second."""
        return await self._personal.look_again(personal) if self._personal else Verdicts(untold=set(personal))

    async def _judge(self, authorization: bytes | None) -> Principal:
        if authorization is None:
            raise refused("no_token")
        if self._personal is not None and (personal := tokens.personal(authorization)) is not None:
            return await self._personal.judge(personal)
        remembered = self.remembered(authorization)
        if remembered is not None:
            return remembered
        token = tokens.read(authorization)
        source = self._sources.get(token.algorithm)
        if source is None:
            raise refused("algorithm_not_configured")
        keys = await source.candidates(token.algorithm, token.key_id)
        # No await from here on: keys that were revoked in between must not fill the memo.
        now = self._clock()
        principal = claims.principal(tokens.proven_claims(token, keys), self._expected, now=now)
        self._memo.remember(token.compact, principal, now=now)
        return principal


def _keys_in(file: Path) -> FixedKeys:
    try:
        with file.open("rb") as stream:
            keys = KeySet.parse(stream.read(MAX_DOCUMENT_BYTES))
    except OSError as error:
        raise ConfigurationError(f"AUTH_JWKS_FILE: {error.strerror}") from error
    except UnusableKeySet as error:
        raise ConfigurationError(f"AUTH_JWKS_FILE: holds no usable key set ({error})") from error
    if not keys.keys:
        raise ConfigurationError("AUTH_JWKS_FILE: holds no usable key set (no_usable_key)")
    return FixedKeys(keys)
