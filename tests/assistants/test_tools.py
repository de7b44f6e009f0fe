"""What an assistant can do with the tasks of whoever sent it, and that it can do nothing with anybody else's."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own

from api.mcp.tools import TOOLS
from core.types import MAX_TASK_ID
from tests.assistants.asking import ERAS, Assistant, assistant
from tests.integration.isolation.victim import MARK, Victim, new_victim
from tests.stack import ApiProcess, Stack, new_user
from tests.tokens import shared_secret_token

pytestmark = pytest.mark.anyio

# Per tool what an intruder sends. A tool that is not in here fails the first test.
ATTACKS: Mapping[str, Any] = {
    "list_tasks": lambda victim: [{}, {"tags": [MARK]}, {"trash": True}, {"cursor": victim.cursor}, {"sort": "title"}],
    "search_tasks": lambda _: [{"text": MARK}, {"text": MARK, "status": "pending"}],
    "task_stats": lambda _: [{}],
    "add_task": lambda _: [{"title": "Mine"}],
    "update_task": lambda task: {"id": task, "title": "Mine now"},
    "complete_task": lambda task: {"id": task, "completed": True},
    "move_task": lambda task: {"id": task, "after": None},
    "delete_task": lambda task: {"id": task},
    "restore_task": lambda task: {"id": task},
}
OF_A_TASK = [name for name, tool in ((tool.name, tool) for tool in TOOLS) if "id" in tool.takes.model_fields]
OF_EVERYTHING = [tool.name for tool in TOOLS if tool.name not in OF_A_TASK]


@pytest.fixture(params=ERAS)
async def bob(request: pytest.FixtureRequest, api: ApiProcess) -> AsyncIterator[Assistant]:
    """An assistant of somebody whom no other test knows, in the old way and in the new one."""
    async with assistant(api.url, shared_secret_token(new_user()), request.param) as bob:
        yield bob


@pytest.fixture(scope="module")
def victim(api: ApiProcess, stack: Stack) -> Iterator[Victim]:
    """Alice: nothing here may show or change anything of hers."""
    with closing(psycopg2.connect(stack.database_url)) as connection, connection.cursor() as database:
        connection.autocommit = True
        yield new_victim(api, database)


async def test_every_tool_is_attacked_here() -> None:
    """A tool that is new is not forgotten."""
    assert {tool.name for tool in TOOLS} == set(ATTACKS)


@pytest.mark.parametrize("tool", OF_A_TASK)
async def test_someone_elses_task_looks_like_none(bob: Assistant, victim: Victim, tool: str) -> None:
    """Live or deleted, the answer is that for an id that never was, and nothing changes."""
    before = victim.rows
    for task in (victim.live, victim.deleted, MAX_TASK_ID):
        said = await bob.call(tool, **ATTACKS[tool](task))
        assert (said.failed, said.text) == (True, "There is no such task.")
    assert victim.rows == before


@pytest.mark.parametrize("tool", OF_EVERYTHING)
async def test_a_users_own_tools_show_nothing_of_others(bob: Assistant, victim: Victim, tool: str) -> None:
    """Whatever is searched, filtered or continued with another's cursor, only one's own is among it."""
    before = victim.rows
    for arguments in ATTACKS[tool](victim):
        said = await bob.call(tool, **arguments)
        assert MARK not in said.text
        assert victim.user not in said.text
    assert victim.rows == before


async def test_a_task_can_be_followed_through_its_life(bob: Assistant) -> None:
    """What each tool does the others show, from the first moment on."""
    made = await bob.give("add_task", title=" Water the plants ", due_date="2030-01-31", tags=["home"], priority="high")
    assert (made["title"], made["due_date"], made["priority"]) == ("Water the plants", "2030-01-31", "high")
    task = made["id"]
    changed = await bob.give("update_task", id=task, description="All of them", due_date=None)
    assert (changed["description"], changed["due_date"], changed["tags"]) == ("All of them", None, ["home"])
    assert (await bob.give("complete_task", id=task))["completed"] is True
    assert (await bob.give("complete_task", id=task))["completed"] is True
    assert (await bob.give("task_stats"))["completed"] == 1
    assert (await bob.give("complete_task", id=task, completed=False))["completed"] is False
    assert (await bob.give("search_tasks", text="PLANTS", status="pending"))["total"] == 1
    assert await bob.give("delete_task", id=task) == {"id": task, "deleted": True}
    assert (await bob.give("list_tasks"))["tasks"] == []
    [deleted] = (await bob.give("list_tasks", trash=True))["tasks"]
    assert (deleted["id"], deleted["deleted_at"] is None) == (task, False)
    assert (await bob.give("restore_task", id=task))["id"] == task
    [listed] = (await bob.give("list_tasks", tags=["home"], due_after=None))["tasks"]
    assert listed["id"] == task


async def test_a_list_is_read_page_by_page(bob: Assistant) -> None:
    """The cursor of each page leads to the next, until there is none; each task comes once."""
    made = [(await bob.give("add_task", title=f"Task {number}"))["id"] for number in range(7)]
    for tool, arguments in (("list_tasks", {"sort": "created"}), ("search_tasks", {"text": "task"})):
        seen, cursor = [], None
        while True:
            page = await bob.give(tool, limit=3, cursor=cursor, **arguments)
            assert page["total"] == 7
            seen += [task["id"] for task in page["tasks"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == (made if tool == "list_tasks" else made[::-1])
    said = await bob.call("list_tasks", limit=3, cursor="made-up")
    assert said.text == "cursor must be the next_cursor of a page of the same question."


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("add_task", {}, "title is missing."),
        ("add_task", {"title": "  "}, "title must have at least 1 character."),
        ("add_task", {"title": "x", "done": True}, "done is not taken here."),
        ("add_task", {"title": "x", "due_date": "soon"}, None),
        ("update_task", {"id": "1"}, "id must be an integer."),
        ("delete_task", {"id": 0}, "id must be at least 1."),
        ("list_tasks", {"limit": 1000}, "limit must be at most 100."),
        ("list_tasks", {"due_before": "soon"}, None),
        ("list_tasks", {"trash": True, "sort": "title"}, "sort does not go with trash."),
        ("search_tasks", {}, "text is missing."),
        ("task_stats", {"time_zone": "soon"}, None),
        ("add_task", {"title": "x", "dueDate": "2030-01-01"}, "dueDate is not taken here."),
        ("update_task", {"id": 1, "user_id": "alice"}, "user_id is not taken here."),
        ("task_stats", {"user_id": "alice"}, "user_id is not taken here."),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    bob: Assistant, tool: str, arguments: dict[str, object], sentence: str | None
) -> None:
    """A model learns what to do otherwise; what it sent is not repeated, and nothing of the inside is said."""
    said = await bob.call(tool, **arguments)
    assert said.failed
    assert sentence in (None, said.text)
    assert said.text.endswith(".")
    assert "soon" not in said.text


async def test_the_tools_say_what_they_take_give_and_may_do(bob: Assistant) -> None:
    """Schemas that are ones, which no pattern makes long, and hints that tell reading from what can be lost."""
    tools = {tool.name: tool for tool in (await bob.client.list_tools()).tools}
    assert set(tools) == set(ATTACKS)
    for tool in tools.values():
        for schema in (tool.input_schema, tool.output_schema):
            assert schema is not None
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            assert '"pattern"' not in json.dumps(schema)
        assert tool.input_schema["additionalProperties"] is False
    assert "title" in tools["add_task"].input_schema["properties"]
    hints = {name: tool.annotations for name, tool in tools.items() if tool.annotations}
    assert {name for name in hints if hints[name].read_only_hint} == {"list_tasks", "search_tasks", "task_stats"}
    assert {name for name in hints if hints[name].destructive_hint} == {"update_task", "delete_task"}
    assert {name for name in hints if not hints[name].idempotent_hint} == {"add_task"}


async def test_a_list_has_one_shape_for_assistants(stack: Stack) -> None:
    """Whichever shape the deployment gives its pages."""
    api = stack.api(MCP="true", TASK_LIST_SHAPE="object")
    async with assistant(api.url, shared_secret_token(new_user())) as carol:
        made = await carol.give("add_task", title="One")
        assert (await carol.give("list_tasks")) == {"tasks": [made], "total": 1, "next_cursor": None}
