"""`frontend/lib`: its own tests, those against the running service among them, and its types."""

import json
import re
import shutil
from collections.abc import Iterator

import pytest

from tests.frontend.control import control
from tests.frontend.node import FRONTEND, needs_node, run
from tests.stack import TOP, ApiProcess, Stack, new_user
from tests.tokens import shared_secret_token

pytestmark = needs_node
MODULES = FRONTEND.folder / "node_modules"
DOCS = TOP / "docs"
GUIDES = ("frontend.md", "sync.md")
BLOCK = re.compile(r"^```(tsx?)\n(.*?)^```", re.DOTALL | re.MULTILINE)
USERS = 8
"""Each test of the client that needs a list of its own takes one of them."""


@pytest.fixture(scope="module")
def guide() -> Iterator[int]:
    """What the guides show and the examples as files among the tests; how many."""
    folder = FRONTEND.folder / "tests" / "guide"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    blocks = [block for page in GUIDES for block in BLOCK.findall((DOCS / page).read_text())]
    shown = [(kind, block) for kind, block in blocks if 'from "next' not in block]
    examples = sorted((DOCS / "examples").glob("*.ts"))
    for number, (kind, block) in enumerate(shown):
        path = re.match(r"// (?:src/)?(\S+\.tsx?)\n", block)
        (folder / (path[1] if path else f"example{number}.{kind}")).write_text(_here(block))
    for example in examples:
        (folder / example.name).write_text(_here(example.read_text()))
    yield len(shown) + len(examples)
    shutil.rmtree(folder)


def _here(text: str) -> str:
    """Whoever follows the guides has installed the client."""
    client = {'"@tasklane/client"': '"../../lib/index"', '"@tasklane/client/react"': '"../../lib/react/index"'}
    for there, here in {**client, '"./service"': '"../service"'}.items():
        text = text.replace(there, here)
    return text


@pytest.mark.usefixtures("guide")
def test_client(stack: Stack, api: ApiProcess) -> None:
    """What vitest finds, the examples among it, with a service to talk to, and one that it may kill."""
    mortal = stack.api()
    users = [new_user() for _ in range(USERS)]
    variables = {
        "TASKLANE_MORTAL_URL": mortal.url,
        "TASKLANE_TOKENS": " ".join(map(shared_secret_token, users)),
        "TASKLANE_URL": api.url,
        "TASKLANE_OBJECT_URL": stack.api(TASK_LIST_SHAPE="object").url,
        "TASKLANE_ALICE": shared_secret_token(new_user()),
        "TASKLANE_BOB": shared_secret_token(new_user()),
    }
    with control(stop=mortal.kill, start=mortal.start) as (kill, start):
        variables |= {"TASKLANE_KILL_API": kill, "TASKLANE_START_API": start}
        run("node", MODULES / "vitest" / "vitest.mjs", "run", **variables)


def test_lock_is_complete_and_names_no_registry() -> None:
    """`npm ci` refuses a lock without the packages for other platforms, as npm writes it when the registry has none."""
    lock = json.loads((FRONTEND.folder / "package-lock.json").read_text())["packages"]
    wanted = {name for entry in lock.values() for name in entry.get("optionalDependencies", {})}
    assert {name for name in wanted if not any(path.endswith(f"node_modules/{name}") for path in lock)} == set()
    assert not any("resolved" in entry for entry in lock.values())


def test_types(guide: int) -> None:
    """The types are those of the committed document, and everything that uses them agrees, the guide included."""
    assert guide >= 14
    run("npm", "run", "--silent", "check")
