"""What is remembered of a token: no longer than it is true, and never too much."""

from collections.abc import Callable

import pytest

from api.auth import Authenticator, memo
from api.auth.claims import Principal
from core.errors import InvalidToken
from core.types import UserId
from tests.tokens import (
    ABSENT,
    Clock,
    bearer,
)
from tests.unit.tokens.forgeries import (
    NOW,
    STRANGER,
    claims,
    token,
)

pytestmark = pytest.mark.anyio


async def test_a_verified_token_is_remembered_for_a_minute(make: Callable[[str], Authenticator], clock: Clock) -> None:
    """A principal is known without verifying for 60 seconds, under exactly that header value."""
    authenticator, header = make("both"), bearer(token())
    assert authenticator.remembered(header) is None
    principal = await authenticator.authenticate(header)
    assert authenticator.remembered(header) == principal
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


async def test_a_token_is_remembered_once_however_it_is_sent(make: Callable[[str], Authenticator]) -> None:
    """The letters of the scheme and the space around it are no other token; what is refused stays refused."""
    authenticator, plain = make("both"), bearer(token())
    principal = await authenticator.authenticate(plain)
    value = plain.removeprefix(b"Bearer ")
    for scheme in (b"Bearer ", b"bearer ", b"bEARER    ", b" \tBEARER "):
        assert authenticator.remembered(scheme + value) == principal
        assert await authenticator.authenticate(scheme + value + b" ") == principal
    assert len(authenticator._memo) == 1
    for refused in (
        value,
        b"Bearer" + value,
        b"Bearer\t" + value,
        b"Basic " + value,
        plain + b" " * 8192,
        plain + b" x",
    ):
        assert authenticator.remembered(refused) is None
        with pytest.raises(InvalidToken):
            await authenticator.authenticate(refused)


def test_the_memo_is_bounded_in_bytes_for_all_and_for_each() -> None:
    """Whoever has too many tokens pushes out their own, and all together the oldest."""
    book = memo.Memo(capacity=20_000, share=5000)
    for number in range(100):
        book.remember(b"%d" % number, Principal(UserId("mallory"), NOW + 60), now=NOW)
    assert book.recall(b"99", now=NOW)
    assert not book.recall(b"0", now=NOW)
    assert len(book) <= 6
    book.remember(b"hers", Principal(UserId("alice"), NOW + 60), now=NOW)
    for number in range(100, 200):
        book.remember(b"%d" % number, Principal(UserId("mallory"), NOW + 60), now=NOW)
    assert book.recall(b"hers", now=NOW)
    for number in range(100):
        book.remember(b"of-%d" % number, Principal(UserId(f"user-{number}"), NOW + 60), now=NOW)
    assert not book.recall(b"hers", now=NOW)
    assert len(book) <= 25
