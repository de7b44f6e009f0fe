"""The auth server's keys: how they are fetched, kept, replaced and lost, over a real HTTP server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

import pytest

from api.auth import Authenticator, jwks
from api.auth.jwks import RemoteKeys
from api.observe.metrics import Metrics
from core.errors import AuthUnavailable, ConfigurationError, InvalidToken
from tests.tokens import (
    SECRET,
    Clock,
    JwksServer,
    auth_settings,
    bearer,
    key_pair,
    shared_secret_token,
)

pytestmark = pytest.mark.anyio

OLD = key_pair("EdDSA", "old")
NEW = key_pair("EdDSA", "new")
RSA = key_pair("RS256", "rsa")
EC = key_pair("ES256", "ec")


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
async def authenticator(server: JwksServer, clock: Clock) -> AsyncIterator[Authenticator]:
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
        assert await asyncio.to_thread(server.arrived.acquire, timeout=10)


async def no_fetch_is_under_way(authenticator: Authenticator) -> None:
    """Return when the fetch in the background, if there is one, has ended."""
    remote = authenticator._remote
    assert remote is not None
    if remote._flight is not None:
        await asyncio.wait((remote._flight,))


async def test_the_keys_are_fetched_at_the_start(
    authenticator: Authenticator, server: JwksServer, token: Callable[..., bytes]
) -> None:
    """After the start a token is verified without asking the auth server again."""
    await authenticator.start()
    assert (await authenticator.authenticate(token(OLD))).user_id == "alice"
    assert len(server.requests) == 1


async def test_nothing_is_fetched_before_the_start(authenticator: Authenticator, server: JwksServer) -> None:
    """Making an authenticator connects to nothing."""
    assert server.requests == []


async def test_a_rotated_key_is_picked_up_at_once(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """The first token of a new key is believed, at the price of one fetch."""
    await authenticator.start()
    server.keys = [OLD.jwk, NEW.jwk]
    clock.advance(jwks.PAUSE)
    assert (await authenticator.authenticate(token(NEW))).user_id == "alice"
    assert (await authenticator.authenticate(token(OLD))).user_id == "alice"
    assert len(server.requests) == 2


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


@pytest.mark.parametrize("behaviour", ["error", "drop", "redirect", "huge"])
async def test_the_last_keys_are_kept_when_the_server_fails(
    authenticator: Authenticator,
    server: JwksServer,
    clock: Clock,
    token: Callable[..., bytes],
    behaviour: JwksServer.Behaviour,
) -> None:
    """Errors, redirects and documents without end replace nothing, not even with the keys that they bring."""
    await authenticator.start()
    server.behaviour, server.keys = behaviour, [NEW.jwk]
    clock.advance(86_400)
    assert await refused(authenticator, token(NEW))
    assert (await authenticator.authenticate(token(OLD))).user_id == "alice"


GARBAGE = {
    "nothing": b"",
    "a page": b"<!doctype html>",
    "null": b"null",
    "a list": json.dumps([NEW.jwk]).encode(),
    "no keys": b"{}",
    "keys a number": b'{"keys": 7}',
    "keys an object": json.dumps({"keys": {"new": NEW.jwk}}).encode(),
    "keys twice": json.dumps({"keys": [NEW.jwk]}).encode()[:-1] + b',"keys":[]}',
    "too many keys": json.dumps({"keys": [NEW.jwk] * 65}).encode(),
    "not UTF-8": b'{"keys": ["\xff"]}',
    "nested deeply": b'{"keys":' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_replaces_nothing(
    authenticator: Authenticator,
    server: JwksServer,
    clock: Clock,
    token: Callable[..., bytes],
    body: bytes,
) -> None:
    """A document that is no set of usable keys leaves the last good set in place."""
    await authenticator.start()
    server.body = body
    clock.advance(60)
    assert await refused(authenticator, token(NEW))
    assert len(server.requests) == 2
    assert (await authenticator.authenticate(token(OLD))).user_id == "alice"


@pytest.mark.parametrize("keys", [[], [NEW.jwk | {"use": "enc"}, None, 7, "x"]])
async def test_a_set_without_a_usable_key_revokes_all(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes], keys: list[object]
) -> None:
    """It is an answer: a fresh token of a key that was taken back is refused, and one of a new key taken at once."""
    await authenticator.start()
    assert (await authenticator.authenticate(token(OLD))).user_id == "alice"
    server.keys = keys
    clock.advance(600)
    await authenticator.authenticate(token(OLD))
    await no_fetch_is_under_way(authenticator)
    assert await refused(authenticator, token(OLD))
    server.keys = [NEW.jwk]
    clock.advance(5)
    assert (await authenticator.authenticate(token(NEW))).user_id == "alice"


async def test_a_service_that_started_with_an_empty_set_refuses(
    authenticator: Authenticator, server: JwksServer, token: Callable[..., bytes]
) -> None:
    """The auth server has answered: nothing is wrong with it, and nobody has a token."""
    server.keys = []
    await authenticator.start()
    assert await refused(authenticator, token(OLD))


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
    async with asyncio.timeout(10):
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

    async with asyncio.timeout(10), await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        keys = RemoteKeys(url, clock=clock, on_change=lambda: None, fetch_timeout=0.2)
        with pytest.raises(AuthUnavailable):
            await keys.candidates("EdDSA", "old")
        await given_up.wait()
        await keys.close()
    assert [line["error"] for line in warnings] == ["TimeoutError"]


async def test_a_revoked_key_is_forgotten_after_ten_minutes(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """A set ten minutes old is fetched anew on use, and a key that is missing then is believed no more."""
    assert jwks.REFRESH_AFTER == 600
    await authenticator.start()
    server.keys = [NEW.jwk]
    clock.advance(599)
    assert not await refused(authenticator, token(OLD))
    await no_fetch_is_under_way(authenticator)
    assert len(server.requests) == 1
    clock.advance(1)
    assert not await refused(authenticator, token(OLD))
    await no_fetch_is_under_way(authenticator)
    assert await refused(authenticator, token(OLD))
    assert not await refused(authenticator, token(NEW))
    assert len(server.requests) == 2


async def test_a_refresh_delays_nobody(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """While the refresh of a known set is under way, tokens are judged by the set at hand."""
    await authenticator.start()
    await requests_arrive(server)
    server.gate.clear()
    clock.advance(600)
    for _ in range(3):
        clock.advance(1)
        assert not await refused(authenticator, token(OLD))
    await requests_arrive(server)
    assert len(server.requests) == 2


async def test_the_memo_is_dropped_when_the_keys_change(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """What a revoked key proved is forgotten together with the key, not a minute later."""
    await authenticator.start()
    clock.advance(60)
    header = token(OLD)
    await authenticator.authenticate(header)
    server.keys = [NEW.jwk]
    assert authenticator.remembered(header) is not None
    assert not await refused(authenticator, token(NEW))
    assert authenticator.remembered(header) is None
    assert await refused(authenticator, header)


async def test_the_memo_stays_when_the_keys_do(
    authenticator: Authenticator, clock: Clock, token: Callable[..., bytes]
) -> None:
    """Fetching the same keys again costs nobody a verification."""
    await authenticator.start()
    clock.advance(60)
    header = token(OLD)
    await authenticator.authenticate(header)
    assert await refused(authenticator, token(NEW))
    assert authenticator.remembered(header) is not None


async def test_a_key_replaced_under_its_kid_is_forgotten(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """A set is another one when a key has changed, even if no `kid` has."""
    await authenticator.start()
    clock.advance(60)
    header = token(OLD)
    await authenticator.authenticate(header)
    server.keys = [NEW.jwk | {"kid": "old"}]
    assert await refused(authenticator, token(NEW))
    assert authenticator.remembered(header) is None


async def test_a_request_that_waited_while_its_key_was_revoked_is_not_remembered(
    authenticator: Authenticator, server: JwksServer, clock: Clock, token: Callable[..., bytes]
) -> None:
    """A token is judged by the keys that are there after the wait, never by those from before it."""
    await authenticator.start()
    await requests_arrive(server)
    clock.advance(60)
    server.gate.clear()
    server.keys = [NEW.jwk]
    header = token(NEW)
    waiting = asyncio.create_task(authenticator.authenticate(header))
    await requests_arrive(server)
    old = token(OLD)
    await authenticator.authenticate(old)
    server.gate.set()
    await waiting
    assert authenticator.remembered(old) is None
    assert authenticator.remembered(header) is not None


@pytest.mark.parametrize("behaviour", ["error", "drop", "redirect", "huge"])
async def test_a_service_that_started_alone_recovers_within_seconds(
    authenticator: Authenticator,
    server: JwksServer,
    clock: Clock,
    token: Callable[..., bytes],
    behaviour: JwksServer.Behaviour,
) -> None:
    """Without any keys a token is not judged at all, and the auth server is asked every five seconds."""
    assert jwks.RECOVERY_PAUSE == 5
    server.behaviour = behaviour
    await authenticator.start()
    header = token(OLD)
    for _ in range(50):
        with pytest.raises(AuthUnavailable):
            await authenticator.authenticate(header)
    assert len(server.requests) == 1
    clock.advance(5)
    with pytest.raises(AuthUnavailable):
        await authenticator.authenticate(header)
    assert len(server.requests) == 2
    server.behaviour = "keys"
    clock.advance(5)
    assert (await authenticator.authenticate(header)).user_id == "alice"
    assert len(server.requests) == 3


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
    async with asyncio.timeout(1):
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
