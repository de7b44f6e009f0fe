"""The answers to streams of bytes, with the protocol of hits and without."""

from collections.abc import Iterator

import pytest

from tests.streams.compare import Pair, compare, pair

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def on() -> Iterator[Pair]:
    with pair() as on:
        yield on


@pytest.mark.parametrize("seed", [0, 1000])
async def test_the_answers_are_the_same(on: Pair, seed: int) -> None:
    """Byte for byte, wherever the streams are cut, whatever is in them; and some are answered by the protocol."""
    before = on.direct_hits()
    found = await compare(on, seed=seed, count=150)
    assert not found.differences, "\n\n".join(map(str, found.differences))
    assert found.direct_hits > before
