"""Fetches of the auth server's keys: few, bounded, and told of."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from api.auth import Authenticator, jwks
from api.auth.jwks import RemoteKeys
from api.observe.metrics import Metrics
from core.errors import AuthUnavailable, ConfigurationError
from tests.steps import PATIENCE
from tests.tokens import (
    Clock,
    JwksServer,
    auth_settings,
    bearer,
    shared_secret_token,
)
from tests.unit.jwks.conftest import NEW, OLD, refused, requests_arrive

pytestmark = pytest.mark.anyio


async def test_nothing_is_fetched_before_the_start(authenticator: Authenticator, server: JwksServer) -> None:
    """Making an authenticator connects to nothing."""
    assert server.requests == []


async def test_a_storm_of_unknown_keys_is_one_fetch_a_second(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """Whatever strangers send, the auth server is asked no more than once a second."""
    assert jwks.PAUSE == 1
    await authenticator.start()
    storm = [token(NEW, kid=f"made-up-{number}") for number in range(200)]
    for second in range(3):
        clock.advance(0.75)
        assert all(await asyncio.gather(*(refused(authenticator, header) for header in storm)))
        assert len(server.requests) == 1 + second
        clock.advance(0.25)
        assert all(await asyncio.gather(*(refused(authenticator, header) for header in storm)))
        assert len(server.requests) == 2 + second


@pytest.mark.parametrize("behaviour", ["error", "drop", "redirect", "huge"])
async def test_a_storm_while_fetches_fail_is_one_fetch_in_five_seconds(
    authenticator: Authenticator,
    server: JwksServer,
    clock: Clock,
    token: Callable[..., bytes],
    behaviour: JwksServer.Behaviour,
) -> None:
    """A failed fetch counts like a good one, so a broken auth server is not made worse."""
    await authenticator.start()
    server.behaviour = behaviour
    clock.advance(jwks.PAUSE)
    for failure in range(3):
        storm = (refused(authenticator, token(NEW, kid=f"made-up-{number}")) for number in range(50))
        assert all(await asyncio.gather(*storm))
        assert len(server.requests) == 2 + failure
        clock.advance(jwks.RECOVERY_PAUSE - 0.25)
        assert await refused(authenticator, token(NEW, kid="made-up"))
        assert len(server.requests) == 2 + failure
        clock.advance(0.25)


async def test_a_packed_document_is_neither_asked_for_nor_unpacked(
    authenticator: Authenticator, server: JwksServer
) -> None:
    """A small answer cannot unfold into a large one."""
    await authenticator.start()
    assert server.requests[0]["Accept-Encoding"] == "identity"


async def test_a_redirect_is_not_followed(
    authenticator: Authenticator, server: JwksServer, token: Callable[..., bytes]
) -> None:
    """Keys come from the configured address only."""
    server.behaviour = "redirect"
    await authenticator.start()
    assert len(server.requests) == 1
    with pytest.raises(AuthUnavailable):
        await authenticator.authenticate(token(OLD))


async def test_a_fetch_that_hangs_is_given_up(server: JwksServer, clock: Clock) -> None:
    """A server that accepts and never answers costs a request the time-out, and no more."""
    assert (jwks.CONNECT_TIMEOUT, jwks.FETCH_TIMEOUT) == (2, 5)
    server.gate.clear()
    keys = RemoteKeys(server.url, clock=clock, on_change=lambda: None, fetch_timeout=0.1)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(AuthUnavailable):
            await keys.candidates("EdDSA", "old")
    await keys.close()


async def test_a_fetch_that_trickles_is_given_up(clock: Clock, warnings: list[dict[str, object]]) -> None:
    """The time-out is for the whole document, not for each of its pieces."""
    given_up = asyncio.Event()

    async def trickle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b" ")
                await asyncio.sleep(0.02)
            await writer.wait_closed()
        given_up.set()

    async with asyncio.timeout(PATIENCE), await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        keys = RemoteKeys(url, clock=clock, on_change=lambda: None, fetch_timeout=0.2)
        with pytest.raises(AuthUnavailable):
            await keys.candidates("EdDSA", "old")
        await given_up.wait()
        await keys.close()
    assert [line["error"] for line in warnings] == ["TimeoutError"]


async def test_a_storm_without_any_keys_is_one_fetch(
    authenticator: Authenticator, server: JwksServer, token: Callable[..., bytes]
) -> None:
    """All who wait for the first keys wait for the same fetch, and all are served by it."""
    server.gate.clear()
    storm = [asyncio.create_task(authenticator.authenticate(token(OLD))) for _ in range(200)]
    await requests_arrive(server)
    server.gate.set()
    assert {principal.user_id for principal in await asyncio.gather(*storm)} == {"alice"}
    assert len(server.requests) == 1


async def test_the_shared_secret_needs_no_auth_server(
    authenticator: Authenticator, server: JwksServer, clock: Clock
) -> None:
    """Tokens of the other kind are judged while the auth server has never answered."""
    server.behaviour = "error"
    header = bearer(shared_secret_token("alice", now=clock.now))
    assert (await authenticator.authenticate(header)).user_id == "alice"
    assert server.requests == []


async def test_a_cancelled_request_leaves_the_fetch_to_the_others(
    authenticator: Authenticator, server: JwksServer, token: Callable[..., bytes]
) -> None:
    """The client that began the fetch may go away; those who wait with it get their keys."""
    server.gate.clear()
    first = asyncio.create_task(authenticator.authenticate(token(OLD)))
    await requests_arrive(server)
    second = asyncio.create_task(authenticator.authenticate(token(OLD)))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    server.gate.set()
    assert (await second).user_id == "alice"
    assert len(server.requests) == 1


async def test_closing_ends_a_fetch_and_those_who_wait_for_it(
    authenticator: Authenticator, server: JwksServer, token: Callable[..., bytes]
) -> None:
    """A shutdown waits for no auth server, and leaves no task behind."""
    before = asyncio.all_tasks()
    server.gate.clear()
    waiting = asyncio.create_task(authenticator.authenticate(token(OLD)))
    await requests_arrive(server)
    async with asyncio.timeout(PATIENCE):
        await authenticator.close()
        with pytest.raises(AuthUnavailable):
            await waiting
    assert asyncio.all_tasks() == before


async def test_a_clock_set_back_stops_no_fetch(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """After the clock was set back by a day, new keys are found as soon as ever."""
    await authenticator.start()
    clock.advance(-86_400)
    server.keys = [NEW.jwk]
    assert not await refused(authenticator, token(NEW))


async def test_a_fetch_that_failed_is_logged_without_the_address(
    authenticator: Authenticator, server: JwksServer, warnings: list[dict[str, object]]
) -> None:
    """The log says that and why a fetch failed; the address may hold a password, and stays out."""
    server.behaviour = "error"
    await authenticator.start()
    assert warnings == [{"event": "jwks_fetch_failed", "error": "UnusableKeySet", "reason": "http_status_500"}]


async def test_fetches_are_counted_by_their_outcome(server: JwksServer, clock: Clock) -> None:
    """What nobody can sign in with must not go unnoticed."""
    metrics = Metrics()
    settings = auth_settings(jwks_url=server.url)
    authenticator = Authenticator.from_settings(
        settings, clock=clock, on_fetch=lambda it: metrics.jwks.labels(it).inc()
    )
    assert b'tasklane_jwks_fetches_total{outcome="failed"} 0.0' in metrics.render()
    await authenticator.start()
    server.behaviour = "error"
    clock.advance(jwks.PAUSE)
    await authenticator.start()
    await authenticator.close()
    for outcome in ("ok", "failed"):
        assert f'tasklane_jwks_fetches_total{{outcome="{outcome}"}} 1.0'.encode() in metrics.render()


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https:///jwks", "http://xn--/jwks"])
def test_an_address_that_cannot_work_stops_the_start(url: str) -> None:
    """A JWKS address that is none is named in the error."""
    with pytest.raises(ConfigurationError, match="AUTH_JWKS_URL"):
        Authenticator.from_settings(auth_settings(jwks_url=url))
