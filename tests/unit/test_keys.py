"""The keys of the order by hand: each between its neighbours, bounded, and none that means the place of another."""

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from core.tasks.tree import keys
from core.tasks.tree.keys import Place, between, edge, of_number, spread
from core.types import MAX_TASK_ID, TaskId

IDS = st.integers(1, 2**40) | st.integers(1, MAX_TASK_ID)
KEYS = st.builds(
    lambda number, rest: of_number(number) + rest.rstrip("0"), IDS, st.text("0123456789abcdef", max_size=12)
)


def is_key(key: str) -> bool:
    return bool(re.fullmatch(keys.PATTERN, key)) and not key[keys.WIDTH :].endswith("0")


@given(IDS, IDS)
def test_a_later_task_comes_first(one: int, other: int) -> None:
    """Without anybody having said where it goes; and what is put at the top later comes above both."""
    assert (of_number(one) < of_number(other)) == (one > other)
    assert keys.number_of(of_number(one)) == one
    assert is_key(of_number(one))


@given(KEYS, KEYS)
def test_between_two_keys_there_is_one(one: str, other: str) -> None:
    """Except between a key and itself."""
    low, high = sorted((one, other))
    key = between(low, high)
    if low == high:
        assert key is None
    else:
        assert key is not None
        assert low < key < high
        assert len(key) > keys.MOST or is_key(key)


@given(KEYS)
def test_behind_the_last_key_there_is_one(last: str) -> None:
    """No longer than any other, however often that is done."""
    key = last
    for _ in range(100):
        assert key < keys.behind(key) < keys.END
        key = keys.behind(key)
    assert len(key) == keys.WIDTH


@given(KEYS, KEYS, st.integers(1, 300))
def test_keys_that_are_spread_have_room_between_them(one: str, other: str, count: int) -> None:
    """In their order, between the two that they are put between."""
    low, high = sorted((one, other))
    if low == high:
        return
    made = spread(low, high, count)
    assert sorted({low, *made, high}) == [low, *made, high]
    for before, after in zip([low, *made], [*made, high], strict=True):
        found = between(before, after)
        assert found is not None
        assert len(found) <= len(max(before, after, key=len)) + 4


@given(IDS, KEYS, IDS)
def test_what_nobody_has_moved_is_found_by_its_id(id_: int, key: str, key_id: int) -> None:
    """The bound of ids says exactly what the comparison of keys says."""
    place, task = Place(TaskId(key_id), key), (of_number(id_), id_)
    if task == (place.key, place.id) or {id_, key_id} & {MAX_TASK_ID}:
        return
    assert (id_ < edge(place)) == (task > (place.key, place.id))
    assert (id_ > edge(place, descending=True)) == (task < (place.key, place.id))


def test_ten_thousand_moves_to_one_place_take_few_digits() -> None:
    """Behind one task, before one task, and in turns on both sides of the last one, as far as they go."""
    low, high = of_number(2), of_number(1)
    upper, lower = high, low
    for _ in range(10_000):
        upper = between(low, upper) or ""
        lower = between(lower, high) or ""
        assert low < upper < high
        assert low < lower < high
        assert max(len(upper), len(lower)) <= keys.CROWDED
    drawn = random.Random(7)
    moves = 0
    while max(len(low), len(high)) <= keys.MOST:
        middle = between(low, high) or ""
        low, high = (middle, high) if drawn.random() < 0.5 else (low, middle)
        moves += 1
    assert moves > 30
