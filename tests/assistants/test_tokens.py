"""Assistants with personal tokens: within their scopes, for their owner, and only until they are revoked."""

import contextlib
from contextlib import AsyncExitStack

import pytest
from mcp.shared.exceptions import MCPError

from api.mcp.tools import TOOLS
from tests.access.making import Made, make, revoke
from tests.assistants.asking import ERAS, Assistant, assistant, inspect, request, turned_away
from tests.assistants.test_two_clients import needs_inspector
from tests.stack import ApiProcess, Stack, client, new_user

JSON = {"accept": "application/json"}

pytestmark = pytest.mark.anyio

ARGUMENTS = {"search_tasks": {"text": "x"}, "add_task": {"title": "x"}}


def titles(page: dict[str, object]) -> list[str]:
    tasks = page["tasks"]
    assert isinstance(tasks, list)
    return [task["title"] for task in tasks]


async def refused(session: Assistant) -> None:
    """Wait for the first call that is not answered, and see that the next one is not either."""
    with contextlib.suppress(MCPError):
        while True:
            await session.give("list_tasks")
    with pytest.raises(MCPError):
        await session.call("task_stats")


async def test_a_revoked_token_is_refused_in_an_open_session(api: ApiProcess, stack: Stack) -> None:
    """Of either kind, in whichever process; others, and the user's other tokens, go on and show what is theirs."""
    urls = [api.url, stack.api(MCP="true").url]
    with client(api.url, new_user()) as alice, client(api.url, new_user()) as bob:
        hers, her_other, his = make(alice), make(alice), make(bob)
        alice.post("/api/tasks", json={"title": "alpha"})
        bob.post("/api/tasks", json={"title": "omega"})
        async with AsyncExitStack() as open_:

            async def sessions(made: Made) -> list[Assistant]:
                return [
                    await open_.enter_async_context(assistant(url, made.token, era)) for url in urls for era in ERAS
                ]

            ending, going_on, his_own = await sessions(hers), await sessions(her_other), await sessions(his)
            for expected, those in (("alpha", ending + going_on), ("omega", his_own)):
                for session in those:
                    assert titles(await session.give("list_tasks")) == [expected]
            revoke(alice, hers)
            for session in ending:
                await refused(session)
            for expected, those in (("alpha", going_on), ("omega", his_own)):
                for session in those:
                    assert titles(await session.give("list_tasks")) == [expected]
        with hers.client(api.url) as program:
            answer = program.post("/mcp", json=request("task_stats"), headers=JSON)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


@needs_inspector
async def test_a_revoked_token_is_refused_to_the_other_client(api: ApiProcess) -> None:
    """In the old way and in the new one, where it was answered before."""
    with client(api.url, new_user()) as alice:
        made, other = make(alice), make(alice)
        alice.post("/api/tasks", json={"title": "alpha"})
        for era in ("legacy", "modern"):
            said = await inspect(api.url, made.token, era, "list_tasks")
            assert said.given is not None
            assert titles(said.given) == ["alpha"]
        revoke(alice, made)
        for era in ("legacy", "modern"):
            while not await turned_away(api.url, made.token, era, "list_tasks"):
                pass
            assert not await turned_away(api.url, other.token, era, "list_tasks")


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
async def test_a_tool_is_called_within_the_scopes(api: ApiProcess, tool: str) -> None:
    """What a token is not good for fails with a sentence that says so, and does nothing."""
    needed, other = ("tasks:read", "tasks:write")
    if next(one for one in TOOLS if one.name == tool).kind == "writes":
        needed, other = other, needed
    with client(api.url, new_user()) as alice:
        task = alice.post("/api/tasks", json={"title": "alpha"}).json()
        arguments = ARGUMENTS.get(tool, {"id": task["id"]} if needed == "tasks:write" else {})
        if tool == "restore_task":
            alice.delete(f"/api/tasks/{task['id']}")
        before = [alice.get(path).json() for path in ("/api/tasks", "/api/tasks/trash")]
        async with assistant(api.url, make(alice, [other]).token) as session:
            said = await session.call(tool, **arguments)
            assert (said.failed, said.text) == (True, f"This access token lacks the scope {needed}.")
        assert [alice.get(path).json() for path in ("/api/tasks", "/api/tasks/trash")] == before
        async with assistant(api.url, make(alice, [needed]).token) as session:
            assert not (await session.call(tool, **arguments)).failed
