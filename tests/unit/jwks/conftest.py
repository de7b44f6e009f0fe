"""An auth server, and an authenticator that has its keys from there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from api.auth import Authenticator, jwks
from api.auth.jwks import RemoteKeys
from core.errors import InvalidToken
from tests.steps import PATIENCE
from tests.tokens import (
    SECRET,
    Clock,
    JwksServer,
    auth_settings,
    bearer,
    key_pair,
)

OLD = key_pair("EdDSA", "old")
NEW = key_pair("EdDSA", "new")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that the developer's machine may have is not asked for 127.0.0.1."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with JwksServer(OLD) as server:
        yield server


@pytest.fixture
async def authenticator(
    server: JwksServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Authenticator]:
    """Whose fetches outlast every test: a machine that is busy must not look like an auth server that hangs."""
    monkeypatch.setattr(jwks, "CONNECT_TIMEOUT", 2 * PATIENCE)
    defaults = RemoteKeys.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "fetch_timeout", 2 * PATIENCE)
    settings = auth_settings(jwks_url=server.url, secret=SECRET)
    authenticator = Authenticator.from_settings(settings, clock=clock)
    yield authenticator
    server.gate.set()
    await authenticator.close()


@pytest.fixture
def token(clock: Clock) -> Callable[..., bytes]:
    """An `Authorization` value with a token that the key signed now."""
    return lambda key, **header: bearer(key.token("alice", now=clock.now, header=header, exp=clock.now + 86_400))


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What was logged as a warning, in order."""
    lines: list[dict[str, object]] = []

    class Log:
        def warning(self, event: str, **fields: object) -> None:
            lines.append({"event": event, **fields})

    monkeypatch.setattr(jwks, "_log", Log())
    return lines


async def refused(authenticator: Authenticator, header: bytes) -> bool:
    try:
        await authenticator.authenticate(header)
    except InvalidToken:
        return True
    return False


async def requests_arrive(server: JwksServer, number: int = 1) -> None:
    """Return when the server has so many more requests in its hands."""
    for _ in range(number):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=PATIENCE)
