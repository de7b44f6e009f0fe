"""The auth server's keys: how they are kept, replaced and lost, over a real HTTP server."""

import asyncio
import json
from collections.abc import Callable

import pytest

from api.auth import Authenticator, jwks
from core.errors import AuthUnavailable
from tests.tokens import (
    Clock,
    JwksServer,
)
from tests.unit.jwks.conftest import NEW, OLD, refused, requests_arrive

pytestmark = pytest.mark.anyio


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
