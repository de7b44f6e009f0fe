"""Authentication without I/O, but for fetching the auth server's keys."""

import time
from collections.abc import Callable, Mapping
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
from api.auth.refusal import OnRefusal, Refusals, refused
from core.errors import ConfigurationError, InvalidToken
from core.settings import Settings


class Authenticator:
    """Judges bearer tokens of two kinds: signed with a key of a JWKS, or with the shared secret.

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
        refusals: Refusals,
        clock: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._expected = expected
        self._memo = memo
        self._remote = remote
        self._refusals = refusals
        self._clock = clock

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        on_fetch: OnFetch = lambda _: None,
        on_refusal: OnRefusal = lambda _: None,
    ) -> "Authenticator":
        """Reads `AUTH_JWKS_FILE`, connects to nothing; raises `ConfigurationError` that names the setting."""
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
        return cls(sources, expected, memo=memo, remote=remote, refusals=Refusals(on_refusal), clock=clock)

    async def start(self) -> None:
        """Try to have the keys before the first request; a failure is logged, and made good on use."""
        if self._remote is not None:
            await self._remote.refresh()

    async def close(self) -> None:
        if self._remote is not None:
            await self._remote.close()

    def remembered(self, authorization: bytes) -> Principal | None:
        """The principal whom this header value's token proved less than a minute ago, if that still holds."""
        token = tokens.compact(authorization)
        return None if token is None else self._memo.recall(token, now=self._clock())

    async def authenticate(self, authorization: bytes | None) -> Principal:
        """The principal whom this header value proves; raises `InvalidToken`.

        Raises `AuthUnavailable` for a JWKS token while there has never been a JWKS to judge it by.
        """
        try:
            return await self._judge(authorization)
        except InvalidToken as error:
            self._refusals.note(error.reason)
            raise

    async def _judge(self, authorization: bytes | None) -> Principal:
        if authorization is None:
            raise refused("no_token")
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
