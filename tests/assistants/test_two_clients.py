"""Two users, each with two families of clients, at the same time: nothing of the one ever comes to the other."""

import asyncio
import random
from typing import Any

import pytest

from tests.access.making import make
from tests.assistants.asking import ERAS, INSPECTOR, Assistant, Said, assistant, inspect
from tests.frontend.node import FRONTEND
from tests.stack import ApiProcess, Stack, client, new_user
from tests.tokens import shared_secret_token

CALLS = 200
AT_ONCE = 8

needs_inspector = pytest.mark.skipif(
    FRONTEND.obstacle() is not None or not INSPECTOR.exists(),
    reason=FRONTEND.obstacle() or "the inspector is not installed: make inspector",
)


class User:
    """What is theirs, known by a word in every title, and how often they were answered."""

    def __init__(self, word: str, api: ApiProcess, kind: str) -> None:
        self.word, self.id, self.tasks = word, new_user(), set[int]()
        self.token = shared_secret_token(self.id)
        if kind == "personal":
            with client(api.url, self.id) as session:
                self.token = make(session).token
        self.answers = 0

    def check(self, said: Said, other: "User", *, may_fail: bool) -> None:
        """Nothing of the other's is in it, and what was asked for was given."""
        assert other.word not in said.text
        assert other.id not in said.text
        assert said.failed is may_fail, said.text
        self.answers += 1


@needs_inspector
@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["session", "personal"])
async def test_one_users_token_never_reaches_anothers_tasks(api: ApiProcess, stack: Stack, kind: str) -> None:
    """In 200 calls by turns, of which some name the other's tasks; the SDK's clients meet in one process."""
    alice, bob = User("alpha", api, kind), User("omega", api, kind)
    urls = [api.url, stack.api(MCP="true").url]
    dice = random.Random(18)
    async with (
        assistant(urls[0], alice.token, ERAS[0]) as hers,
        assistant(urls[0], bob.token, ERAS[1]) as his,
    ):
        for user, mine in ((alice, hers), (bob, his)):
            user.tasks = {(await mine.give("add_task", title=f"{user.word} {number}"))["id"] for number in range(3)}
        turns = [
            turn(user, other, mine if number % 8 < 6 else dice.choice(urls), number, dice)
            for number in range(CALLS)
            for user, other, mine in [((alice, bob, hers), (bob, alice, his))[number % 2]]
        ]
        at_once = asyncio.Semaphore(AT_ONCE)

        async def bounded(index: int) -> None:
            async with at_once:
                await turns[index]

        await asyncio.gather(*(bounded(index) for index in range(CALLS)))
        assert alice.answers + bob.answers == CALLS
        for user, mine in ((alice, hers), (bob, his)):
            page = await mine.give("list_tasks", limit=100)
            assert {task["id"] for task in page["tasks"]} == user.tasks
            assert all(task["title"].startswith(user.word) for task in page["tasks"])


async def turn(user: User, other: User, client: Assistant | str, number: int, dice: random.Random) -> None:
    """One call by the SDK's client, or by the inspector to that address."""
    theirs = dice.random() < 0.3
    task = dice.choice(sorted(other.tasks if theirs else user.tasks))
    calls: list[tuple[str, dict[str, Any], bool]] = [
        ("list_tasks", {"limit": 100}, False),
        ("search_tasks", {"text": other.word if theirs else user.word}, False),
        ("task_stats", {}, False),
        ("add_task", {"title": f"{user.word} {number}"}, False),
        ("update_task", {"id": task, "title": f"{user.word} again"}, theirs),
        ("complete_task", {"id": task}, theirs),
    ]
    tool, arguments, may_fail = dice.choice(calls)
    if isinstance(client, str):
        said = await inspect(client, user.token, ("legacy", "modern")[number % 3 == 0], tool, **arguments)
    else:
        said = await client.call(tool, **arguments)
    user.check(said, other, may_fail=may_fail)
    if tool == "add_task" and said.given:
        user.tasks.add(said.given["id"])
