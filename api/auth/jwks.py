"""The keys of an auth server, fetched so that neither its failures nor a storm of made-up `kid`s hurt anyone.

One fetch at a time, and at most one a second once there are keys: a key that was made just now is known soon. The last
set stays until another one comes. A set without a usable key is an answer as well: the auth server has taken its keys
back.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import httpx
import structlog

from api.auth.keys import Key, KeySet, UnusableKeySet
from core.errors import AuthUnavailable, ConfigurationError

REFRESH_AFTER = 600.0
"""Seconds after which the next use of the keys starts a fetch: so long may a revoked key live."""

PAUSE = 1.0
"""Seconds between two fetches, whatever is asked for and however the last one ended."""

RECOVERY_PAUSE = 5.0
"""The same after a fetch that failed, and while there are no keys at all, and so no token can be judged."""

CONNECT_TIMEOUT = 2.0
FETCH_TIMEOUT = 5.0
MAX_DOCUMENT_BYTES = 262_144

_log = structlog.get_logger()

OnFetch = Callable[[Literal["ok", "failed"]], None]


class RemoteKeys:
    """The key set at a URL. `on_change` is called when the set has become another one, `on_fetch` after each fetch."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float],
        on_change: Callable[[], None],
        on_fetch: OnFetch = lambda _: None,
        fetch_timeout: float = FETCH_TIMEOUT,
    ) -> None:
        self._url = _checked(url)
        self._clock = clock
        self._on_change = on_change
        self._on_fetch = on_fetch
        self._fetch_timeout = fetch_timeout
        self._client = httpx.AsyncClient(
            # Unpacking is bounded by nothing, so a packed document is refused.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(fetch_timeout, connect=CONNECT_TIMEOUT),
            follow_redirects=False,
            # Between two fetches the other side has long closed the connection.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._keys = KeySet()
        self._has_fetched = self._succeeded = False
        self._loaded_at = 0.0
        self._settled_at: float | None = None
        self._flight: asyncio.Task[None] | None = None

    async def candidates(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        """The keys to try; waits for a fetch only if none fits.

        Raises `AuthUnavailable` as long as no key set was ever fetched.
        """
        found = self._keys.matching(algorithm, key_id)
        if not found:
            await self.refresh()
            found = self._keys.matching(algorithm, key_id)
        elif self._elapsed_since(self._loaded_at) >= REFRESH_AFTER:
            self._flight_if_due()
        if not self._has_fetched:
            raise AuthUnavailable
        return found

    async def refresh(self) -> None:
        """Wait for the fetch that is under way, or for a new one if it is time for one; never fails."""
        flight = self._flight_if_due()
        if flight is not None:
            # Not `await flight`: one cancelled request would cancel the fetch that others wait for.
            await asyncio.wait((flight,))

    async def close(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait((self._flight,))
        await self._client.aclose()

    def _flight_if_due(self) -> asyncio.Task[None] | None:
        if self._flight is None and self._is_due():
            self._flight = asyncio.create_task(self._fly())
        return self._flight

    def _is_due(self) -> bool:
        pause = PAUSE if self._keys.keys and self._succeeded else RECOVERY_PAUSE
        return self._settled_at is None or self._elapsed_since(self._settled_at) >= pause

    def _elapsed_since(self, instant: float) -> float:
        # A clock that was set back by an hour must not keep revoked keys alive for that hour.
        return abs(self._clock() - instant)

    async def _fly(self) -> None:
        self._succeeded = False
        try:
            self._adopt(await self._fetch())
            self._succeeded = True
            self._on_fetch("ok")
        except (httpx.HTTPError, TimeoutError, UnusableKeySet) as error:
            self._on_fetch("failed")
            _log.warning("jwks_fetch_failed", error=type(error).__name__, reason=str(error))
        finally:
            self._settled_at = self._clock()
            self._flight = None

    async def _fetch(self) -> KeySet:
        document = bytearray()
        # httpx bounds the wait for each piece; only this bounds the wait for all of them.
        async with asyncio.timeout(self._fetch_timeout), self._client.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.OK:
                raise UnusableKeySet(f"http_status_{response.status_code}")
            async for piece in response.aiter_raw():
                document += piece
                if len(document) > MAX_DOCUMENT_BYTES:
                    raise UnusableKeySet("too_large")
        return KeySet.parse(bytes(document))

    def _adopt(self, fresh: KeySet) -> None:
        self._loaded_at, self._has_fetched = self._clock(), True
        if not fresh.keys:
            _log.warning("jwks_empty")
        if fresh != self._keys:
            self._keys = fresh
            self._on_change()
            _log.info("jwks_changed", keys=len(fresh.keys))


def _checked(url: str) -> httpx.URL:
    with suppress(httpx.InvalidURL, ValueError):
        checked = httpx.URL(url)
        if checked.host:
            return checked
    raise ConfigurationError("AUTH_JWKS_URL: is not a URL with a host")
