"""Slots are shared: nobody has more than half, and whoever has the fewest is next."""

import asyncio
from collections import Counter

import pytest

from core.database.slots import Slots

pytestmark = pytest.mark.anyio

LONG = 60.0


async def settled() -> None:
    """Everything that can go on has done so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_user_never_has_more_than_half() -> None:
    """Even while nobody else asks; and those that they are denied are there for the next who does."""
    slots, holding = Slots(8), []

    async def take(owner: str | None) -> None:
        await slots.take(LONG, owner)
        holding.append(owner)

    tasks = [asyncio.create_task(take("greedy")) for _ in range(20)]
    await settled()
    assert Counter(holding) == {"greedy": 4}
    tasks += [asyncio.create_task(take(owner)) for owner in ("a", "b", None, None)]
    await settled()
    assert Counter(holding) == {"greedy": 4, "a": 1, "b": 1, None: 2}
    slots.give("greedy")
    await settled()
    assert Counter(holding)["greedy"] == 5
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_whoever_has_the_fewest_is_next() -> None:
    """However long the line of another, and in the order in which they came among those who have as many."""
    slots, granted = Slots(4), []

    async def take(owner: str) -> None:
        await slots.take(LONG, owner)
        granted.append(owner)

    tasks = [asyncio.create_task(take(owner)) for owner in ("a", "a", "b", "b", "a", "b", "c", "d", "c")]
    await settled()
    assert granted == ["a", "a", "b", "b"]
    slots.give("a")
    await settled()
    assert granted[4:] == ["c"]
    slots.give("a")
    await settled()
    assert granted[5:] == ["d"]
    slots.give("b")
    await settled()
    assert granted[6:] == ["a"]  # came before, and has none any more
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_nothing_is_lost_with_those_who_leave() -> None:
    """Whoever waits may time out, or be cancelled before or after a slot was theirs: all come back."""
    slots = Slots(2)
    await slots.take(LONG, "a")
    await slots.take(LONG, "b")
    with pytest.raises(TimeoutError):
        await slots.take(0.001, "a")
    with pytest.raises(TimeoutError):
        await slots.take(0.001, "c")
    for late in (False, True):
        waiting = asyncio.create_task(slots.take(LONG, "c"))
        await settled()
        if late:
            slots.give("b")
        waiting.cancel()
        if not late:
            slots.give("b")
        await asyncio.gather(waiting, return_exceptions=True)
        await slots.take(LONG, "b")
    slots.give("a")
    slots.give("b")
    await slots.close()


async def test_an_exchange_leaves_the_share_as_it_is() -> None:
    """The slot that rests is nobody's, and comes back."""
    slots = Slots(4)
    await slots.take(LONG, "a")
    await slots.take(LONG, "a")
    await slots.exchange(LONG, rest=0.001)
    assert slots.number == 3
    slots.give("a")
    slots.give("a")
    await slots.take(LONG, "a")
    slots.give("a")
    await slots.close()
    assert slots.number == 4


async def test_a_single_slot_is_everybodys() -> None:
    """In turn: whoever had it waits for all who have not."""
    slots = Slots(1)
    await slots.take(LONG, "a")
    second = asyncio.create_task(slots.take(LONG, "a"))
    other = asyncio.create_task(slots.take(LONG, "b"))
    await settled()
    slots.give("a")
    await asyncio.wait({second, other}, return_when=asyncio.FIRST_COMPLETED)
    assert other.done()
    assert not second.done()
    slots.give("b")
    await second
    slots.give("a")
    await slots.close()
