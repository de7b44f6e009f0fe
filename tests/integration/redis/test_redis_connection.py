"""One shared connection: what it sends together, who gets which answer, and how it fails, breaks off and comes back."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.addresses.redis import RedisAddress
from core.cache.servers.redis import Redis
from core.cache.servers.route import Direct
from core.cache.servers.wire import Send
from core.errors import RedisUnavailable
from deploy.local.servers.redis import RedisServer
from tests.ports import steady_port
from tests.stack import Stack, folder
from tests.steps import Command, Gate, StubRedis, echoed, ok, until, written

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def connected(url: str, *, timeout: float = 5, retry_after: float = 0.05) -> AsyncIterator[Redis]:
    redis = Redis(Direct(RedisAddress.parse(url)), timeout=timeout, retry_after=retry_after)
    await redis.start()
    try:
        yield redis
    finally:
        await redis.close()


def silent_but_for(*names: bytes) -> Callable[[Command], bytes | None]:
    return lambda command: b"+OK\r\n" if command[0] in names else None


async def refused(redis: Redis) -> None:
    """At once: the command does not even wait for a turn of the loop."""
    with pytest.raises(RedisUnavailable):
        redis.send("PING")


class TestPipelining:
    async def test_commands_of_one_turn_leave_in_one_write(self, stack: Stack) -> None:
        """Concurrent readers share a round trip."""
        async with connected(stack.redis.url, retry_after=600) as redis:  # nothing else is asked meanwhile
            with written(redis) as writes:
                await asyncio.gather(*(redis.call("ECHO", number) for number in range(100)))
            assert [batch.count(b"ECHO") for batch in writes] == [100]

    async def test_none_waits_for_those_of_another_turn(self, stack: Stack) -> None:
        """Where one server gets all that is asked (`test_cluster` has several)."""
        async with connected(stack.redis.url, retry_after=600) as redis:  # nothing else is asked meanwhile
            with written(redis) as writes:
                await echoed(redis, turns=6)
            assert [batch.count(b"ECHO") for batch in writes] == [1] * 6

    async def test_everyone_gets_their_own_answer(self, stack: Stack) -> None:
        """Also when answers are long, empty or missing, and arrive in many pieces."""
        asked = [b"x" * size for size in (0, 1, 70_000, 3, 300_000, 0, 5)] * 10
        async with connected(stack.redis.url) as redis:
            calls = [redis.call("ECHO", value) for value in asked]
            assert await asyncio.gather(*calls, redis.call("GET", "nothing")) == [*asked, None]

    async def test_who_leaves_does_not_shift_the_answers(self, stack: Stack) -> None:
        """The answer to a cancelled caller is dropped, not given to the next."""
        async with connected(stack.redis.url) as redis:
            calls = [asyncio.ensure_future(redis.call("ECHO", number)) for number in range(100)]
            await asyncio.sleep(0)  # all have begun
            for call in calls[::3]:
                call.cancel()
            answers = await asyncio.gather(*calls, return_exceptions=True)
        for number, answer in enumerate(answers):
            assert isinstance(answer, asyncio.CancelledError) if number % 3 == 0 else answer == b"%d" % number

    async def test_an_error_reply_is_its_callers_alone(self, stack: Stack) -> None:
        """A command that Redis refuses fails; its neighbours and the connection do not."""
        async with connected(stack.redis.url) as redis:
            before = await redis.call("CLIENT", "ID")
            left, wrong, right = redis.send("ECHO", "a"), redis.send("EVAL", "error", 0), redis.send("ECHO", "b")
            assert (await left, await right) == (b"a", b"b")
            with pytest.raises(RedisUnavailable):
                await wrong
            assert await redis.call("CLIENT", "ID") == before


class TestHungServer:
    async def test_everyone_fails_and_the_next_do_not_even_wait(self) -> None:
        """Silence for the time-out ends the connection for all; until it is back, callers fail at once."""
        async with StubRedis(silent_but_for(b"PING")) as server, connected(server.url, timeout=0.1) as redis:
            server.answer = silent_but_for()
            outcomes = await asyncio.gather(*(redis.call("GET", n) for n in range(50)), return_exceptions=True)
            assert all(isinstance(outcome, RedisUnavailable) for outcome in outcomes)
            assert not redis.up
            await refused(redis)
            server.answer = ok
            await until(lambda: redis.up)
            assert await redis.call("GET", "x") == b"OK"

    async def test_the_time_out_bounds_the_silence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By the loop's own timers, two to three thirds of it: 100 ms when it is 0.1."""
        async with StubRedis(silent_but_for(b"PING")) as server, connected(server.url, timeout=0.1) as redis:
            delays: list[float] = []
            loop = asyncio.get_running_loop()
            call_later = loop.call_later

            def recording(delay: float, callback: Callable[..., object], *args: object) -> asyncio.TimerHandle:
                if redis._wire and callback == redis._wire._expect_progress:
                    delays.append(delay)
                return call_later(delay, callback, *args)

            monkeypatch.setattr(loop, "call_later", recording)
            with pytest.raises(RedisUnavailable):
                await redis.call("GET", "x")
            assert 0.06 < sum(delays) < 0.101

    async def test_a_silent_period_of_this_process_itself_is_no_reason(self) -> None:
        """A loop that was busy for longer than the time-out finds the answer and goes on."""
        async with StubRedis(ok) as server, connected(server.url, timeout=0.1) as redis:
            answer = redis.send("GET", "x")
            await asyncio.sleep(0)  # sent
            loop = asyncio.get_running_loop()
            ends = loop.time() + 0.15
            while loop.time() < ends:
                pass
            assert await answer == b"OK"
            assert redis.up

    async def test_a_server_that_falls_ever_further_behind_is_given_up(self) -> None:
        """One answer now and then is not enough: a queue that grows would make everyone wait longer and longer."""
        backlog: list[Command] = []
        done = asyncio.Event()

        def enqueue(command: Command) -> bytes | None:
            if command[0] == b"PING":
                return b"+OK\r\n"
            backlog.append(command)
            return None

        async def drip(server: StubRedis) -> None:
            while not done.is_set():
                await asyncio.sleep(0.02)
                if backlog and not server.connections[0].transport.is_closing():
                    backlog.pop()
                    server.connections[0].transport.write(b"+OK\r\n")

        async with StubRedis(enqueue) as server, connected(server.url, timeout=0.3, retry_after=60) as redis:
            dripping = asyncio.create_task(drip(server))
            calls = [redis.call("GET", number) for number in range(5000)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert outcomes[0] == b"OK"
            assert isinstance(outcomes[-1], RedisUnavailable)
            await refused(redis)
            done.set()
            await dripping

    async def test_half_an_answer_is_none(self) -> None:
        """A value that stops in its middle fails its caller in time."""
        async with StubRedis(silent_but_for(b"PING")) as server, connected(server.url, timeout=0.1) as redis:
            server.answer = lambda _: b"$100\r\nhalf"
            with pytest.raises(RedisUnavailable):
                await redis.call("GET", "x")


class TestBrokenServer:
    @pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0", b"+OK\r\n+OK\r\n", b"*-7\r\n"])
    async def test_what_is_not_the_protocol_ends_the_connection(self, garbage: bytes) -> None:
        """Once an answer cannot be trusted to belong to its question, nobody is given any."""
        async with StubRedis() as server, connected(server.url) as redis:
            server.answer = lambda _: garbage
            with contextlib.suppress(RedisUnavailable):
                assert await redis.call("GET", "x") == b"OK"
            await until(lambda: not redis.up)
            server.answer = ok
            await until(lambda: redis.up)

    async def test_a_server_that_closes_fails_everyone_who_waits(self) -> None:
        """And the next connection serves."""
        async with StubRedis(silent_but_for(b"PING")) as server, connected(server.url) as redis:
            calls = [asyncio.ensure_future(redis.call("GET", number)) for number in range(10)]
            await until(lambda: len(server.commands) == 11)
            server.connections[0].transport.abort()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(outcome, RedisUnavailable) for outcome in outcomes)
            server.answer = ok
            await until(lambda: redis.up)
            assert await redis.call("GET", "x") == b"OK"

    async def test_in_the_turn_in_which_it_broke_off_nobody_is_left_waiting(self) -> None:
        """Before the connection's keeper has even noticed."""
        async with StubRedis() as server, connected(server.url) as redis:
            assert redis._wire
            redis._wire.give_up("lost")
            assert not redis.up
            await refused(redis)

    async def test_a_server_that_comes_later_is_found(self) -> None:
        """The start does not wait for Redis, nor does it need one."""
        port = steady_port()
        async with connected(f"redis://127.0.0.1:{port}/0") as redis:
            assert not redis.up
            await refused(redis)
            async with StubRedis(port=port):
                await until(lambda: redis.up)
                assert await redis.call("GET", "x") == b"OK"

    async def test_closing_fails_those_who_wait_and_leaves_nothing_running(self) -> None:
        """A process that ends keeps nobody hanging."""
        before = asyncio.all_tasks()
        async with StubRedis(silent_but_for(b"PING")) as server:
            async with connected(server.url) as redis:
                call = asyncio.ensure_future(redis.call("GET", "x"))
                await until(lambda: len(server.commands) == 2)
            with pytest.raises(RedisUnavailable):
                await call
            await refused(redis)
            assert asyncio.all_tasks() == before


class Recovering:
    """What a test does with each connection, where the product announces."""

    def __init__(self, recover: Callable[[Send], Awaitable[None]]) -> None:
        self._recover = recover

    async def recover(self, _redis: Redis, send: Send) -> None:
        await self._recover(send)

    async def may_read(self) -> bool:
        return True

    def forget(self) -> None:
        pass


class TestRecovery:
    async def test_nobody_uses_a_connection_before_it_has_recovered(self) -> None:
        """What is owed is said first, and what became owed meanwhile; commands that come before fail at once."""
        gate = Gate()

        async def recover(send: Send) -> None:
            await gate.arrive()
            await send("OWED")

        async with StubRedis() as server:
            redis = Redis(Direct(RedisAddress.parse(server.url)), timeout=5, retry_after=60)
            starting = asyncio.create_task(redis.start(recovery=Recovering(recover)))
            await gate.arrival()
            assert not redis.up
            await refused(redis)
            gate.open()
            await starting
            assert await redis.call("GET", "x") == b"OK"
            assert [command[0] for command in server.commands] == [b"PING", b"OWED", b"OWED", b"GET"]
            await redis.close()

    async def test_a_connection_that_cannot_recover_is_not_used(self) -> None:
        """It is given up, and recovery is tried on the next one, until one succeeds."""
        attempts = 0

        async def recover(_: Send) -> None:
            nonlocal attempts
            attempts += 1
            if attempts < 4:
                raise RedisUnavailable("no")

        async with StubRedis() as server:
            redis = Redis(Direct(RedisAddress.parse(server.url)), timeout=5, retry_after=0.01)
            await redis.start(recovery=Recovering(recover))
            assert not redis.up
            await until(lambda: redis.up)
            assert len(server.connections) == 4
            await redis.close()

    async def test_a_connection_that_is_used_is_looked_after(self) -> None:
        """Recovery is repeated, so that a connection on which it begins to fail is used no longer."""
        works = True

        async def recover(send: Send) -> None:
            await send("OWED")
            if not works:
                raise RedisUnavailable("no")

        async with StubRedis() as server:
            redis = Redis(Direct(RedisAddress.parse(server.url)), timeout=5, retry_after=0.01)
            await redis.start(recovery=Recovering(recover))
            await until(lambda: [command[0] for command in server.commands].count(b"OWED") >= 3)
            assert (redis.up, len(server.connections)) == (True, 1)
            works = False
            await until(lambda: not redis.up)
            await redis.close()


class TestGreeting:
    async def test_password_and_database_come_first(self) -> None:
        """As the URL says."""
        async with StubRedis() as server:
            async with connected(f"redis://ann:p%40ss@127.0.0.1:{server.port}/3"):
                pass
            async with connected(f"redis://:p%40ss@127.0.0.1:{server.port}/0"):
                pass
        greetings = [(b"AUTH", b"ann", b"p@ss"), (b"SELECT", b"3"), (b"PING",)]
        assert server.commands == [*greetings, (b"AUTH", b"default", b"p@ss"), (b"PING",)]

    async def test_a_real_server_lets_in_who_knows_the_password(self) -> None:
        """A wrong one is a Redis that is away."""
        with folder() as path, RedisServer(path, options=("--requirepass", "secret"), port=0) as server:
            right = server.url.replace("redis://", "redis://:secret@").replace("/0", "/5")
            async with connected(right) as redis:
                await redis.call("SET", "x", 1)
                assert b"db=5" in await redis.call("CLIENT", "LIST")
            for wrong in (server.url, right.replace("secret", "wrong")):
                async with connected(wrong) as redis:
                    assert not redis.up

    @pytest.mark.parametrize(
        ("options", "up"),
        [("?ssl_ca_certs={ca}", True), ("?ssl_cert_reqs=none", True), ("", False), ("?ssl_ca_certs={other}", False)],
    )
    async def test_tls_is_checked(self, tmp_path: Path, *, options: str, up: bool) -> None:
        """`rediss://` speaks TLS, with whom the named authority vouches for, unless the URL waives that."""
        server_side = _certificate(tmp_path / "ca.pem")
        _certificate(tmp_path / "other.pem")
        query = options.format(ca=tmp_path / "ca.pem", other=tmp_path / "other.pem")
        async with (
            StubRedis(tls=server_side) as server,
            connected(f"rediss://127.0.0.1:{server.port}/0{query}") as redis,
        ):
            assert redis.up is up
            if up:
                assert await redis.call("GET", "x") == b"OK"

    @pytest.mark.parametrize(
        ("options", "up"),
        [
            ("&ssl_certfile={mine}&ssl_keyfile={key}", True),
            ("&ssl_certfile={other}&ssl_keyfile={other_key}", False),
            ("", False),
        ],
    )
    async def test_a_client_shows_its_certificate(self, tmp_path: Path, *, options: str, up: bool) -> None:
        """A server that asks for one lets in who has the right one."""
        server_side = _certificate(tmp_path / "ca.pem")
        _certificate(tmp_path / "mine.pem")
        _certificate(tmp_path / "other.pem")
        server_side.verify_mode = ssl.CERT_REQUIRED
        server_side.load_verify_locations(tmp_path / "mine.pem")
        files = {name: tmp_path / f"{name}.pem" for name in ("mine", "other")}
        query = options.format(**files, key=tmp_path / "mine.key", other_key=tmp_path / "other.key")
        async with (
            StubRedis(tls=server_side) as server,
            connected(f"rediss://127.0.0.1:{server.port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}{query}") as redis,
        ):
            assert redis.up is up


def _certificate(path: Path) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of its own making in `path`."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stub")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    key = path.with_suffix(".key")
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return context
