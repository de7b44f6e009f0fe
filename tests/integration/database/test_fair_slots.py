"""Sessions with PostgreSQL are shared: one user who asks for much leaves some to everybody else."""

import asyncio
from functools import partial

import pytest

from core.database.transaction import Transaction
from core.types import UserId
from tests.stack import Stack, new_user
from tests.steps import Gate, process

pytestmark = pytest.mark.anyio

SESSIONS = 4


async def test_one_user_leaves_sessions_to_others(stack: Stack, user: UserId) -> None:
    """However many of their transactions there are, and however long they take; theirs go on afterwards."""

    def linger(gate: Gate, _: Transaction) -> None:
        gate.hold()

    async with process(stack.settings(DATABASE_POOL_SIZE=str(SESSIONS))) as parts:
        gates = [Gate() for _ in range(2 * SESSIONS)]
        lasting = [asyncio.create_task(parts.lists.read(user, partial(linger, gate))) for gate in gates]
        for gate in gates[: SESSIONS // 2]:
            await gate.arrival()
        for other in (new_user(), new_user()):
            await parts.add_task(other, "Walk")
        assert not [gate for gate in gates[SESSIONS // 2 :] if gate._arrived.is_set()]
        for gate in gates:
            gate.open()
        await asyncio.gather(*lasting)
