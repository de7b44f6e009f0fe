"""`npm pack` of the client, installed from its file into a Next.js and a Vite application: built, and driven."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import __version__
from deploy.local.children.child import Child, Launch
from deploy.local.page import Frontend
from tests.frontend.auth import AuthServer, Person, running
from tests.frontend.control import control
from tests.frontend.node import FRONTEND, TOO_LONG, environment, needs_auth_server, needs_node, run, run_in
from tests.frontend.test_page import CHROMIUM, VITEST
from tests.ports import steady_port
from tests.stack import TOP, ApiProcess, Stack

pytestmark = needs_node

SOURCES = Path(__file__).parent / "apps"
APPS = Frontend(FRONTEND.folder / ".apps")
"""The sources again, with what is installed and built: kept from one run to the next."""

TSC = Path("node_modules/typescript/bin/tsc")
NEXT = Path("node_modules/next/dist/bin/next")
VITE = Path("node_modules/vite/bin/vite.js")
OUT_OF_REACH = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|E(NET|HOST)UNREACH|ERR_SOCKET_TIMEOUT|E429|E50\d|network aborted"
)


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    run("node", "client/pack.mjs", folder)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def described(tarball: Path) -> dict[str, Any]:
    """Its `package.json`."""
    with tarfile.open(tarball) as archive:
        member = archive.extractfile("package/package.json")
        assert member
        package: dict[str, Any] = json.load(member)
        return package


def test_the_version_is_the_services(tarball: Path, described: dict[str, Any]) -> None:
    """As npm says it, so that a pre-release is older than its release for npm, too."""
    numbers, _, development = __version__.partition(".dev")
    assert described["version"] == numbers + (f"-dev.{development}" if development else "")
    assert tarball.name == f"tasklane-client-{described['version']}.tgz"


def test_it_says_of_which_document_it_is(described: dict[str, Any]) -> None:
    """Whoever has a service's document can tell whether this client was made of it."""
    document = (TOP / "docs" / "openapi.json").read_bytes()
    assert described["openapi"] == {"version": __version__, "sha256": hashlib.sha256(document).hexdigest()}


def test_it_needs_nothing(described: dict[str, Any]) -> None:
    """No dependency; and the peers are for those alone who take the second entry."""
    assert "dependencies" not in described
    assert set(described["peerDependencies"]) == set(described["peerDependenciesMeta"])
    assert all(peer["optional"] for peer in described["peerDependenciesMeta"].values())


def test_its_lock_is_complete_and_names_no_registry() -> None:
    """As the page's."""
    lock = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    wanted = {name for entry in lock.values() for name in entry.get("optionalDependencies", {})}
    assert {name for name in wanted if not any(path.endswith(f"node_modules/{name}") for path in lock)} == set()
    assert not any("resolved" in entry for entry in lock.values() if not entry.get("link"))


class App(Child):
    """An application as its framework serves it."""

    def __init__(self, name: str, *command: str | Path, folder: Path, variables: dict[str, str]) -> None:
        self.app = name
        self.port = steady_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(name, log=folder / f"{name}-{self.port}.log")
        self._command = ("node", *command, "--port", str(self.port))
        self._variables = variables

    def prepare(self) -> Launch:
        return Launch(self._command, cwd=APPS.folder, environment=self._variables)

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(self.url, timeout=5, trust_env=False).is_success
        return False


@pytest.fixture(scope="module")
def installed(tarball: Path) -> None:
    """The applications' folder, with the packages of the lock and the client from its file."""
    shutil.copytree(SOURCES, APPS.folder, dirs_exist_ok=True)
    if not APPS.is_installed():
        _npm("ci")
    shutil.rmtree(APPS.folder / "node_modules" / "@tasklane", ignore_errors=True)
    _npm("install", "--no-save", str(tarball))


@pytest.mark.usefixtures("installed")
def test_its_types_hold_wherever_they_are_read() -> None:
    """By Node's own rules, types and code, and by a bundler's."""
    (APPS.folder / "reads.mts").write_text(READS)
    _node(TSC, "--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "reads.mts")
    _node("--input-type=module", "--eval", 'import { watch } from "@tasklane/client"; watch.call')
    _node(TSC, "--project", "vite")


READS = """
import { createApi, mirror, pages, type Task } from "@tasklane/client";
import { useTasks, type Tasks } from "@tasklane/client/react";

const api = createApi({ token: () => null });
export const titles = async () => (await api.listTasks()).items.map((task: Task) => task.title satisfies string);
export const list = mirror(api).tasks satisfies ReadonlyMap<number, Task>;
export const tasks: Tasks["tasks"] = useTasks(api).tasks;
export const all = pages(api.listTasks);
// @ts-expect-error there is no such operation
api.paintTask();
"""


@pytest.fixture
def people(stack: Stack) -> Iterator[tuple[AuthServer, ApiProcess]]:
    with running(stack) as auth:
        yield auth, stack.api(start=True, **auth.trust)


@needs_auth_server
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
@pytest.mark.usefixtures("installed")
def test_applications(stack: Stack, people: tuple[AuthServer, ApiProcess]) -> None:
    """Next.js and Vite build with it, and what people do there goes both ways."""
    auth, api = people
    variables = environment(
        {"TASKLANE_URL": api.url, "AUTH_URL": auth.url, "NEXT_TELEMETRY_DISABLED": "1", "CI": "true"}
    )
    _node(NEXT, "build", "next", **variables)
    # React's strict mode is for development: everything begins twice.
    _node(VITE, "build", "vite", "--mode", "development", **variables, NODE_ENV="development")
    apps = [
        App("next", NEXT, "start", "next", "--hostname", "127.0.0.1", folder=stack.folder, variables=variables),
        App("vite", VITE, "preview", "vite", "--host", "127.0.0.1", folder=stack.folder, variables=variables),
    ]
    owners = [auth.person() for _ in apps]
    for owner in owners:
        _add(api, owner, "there before")
    elsewhere = {app.app: partial(_add, api, owner, "from elsewhere") for app, owner in zip(apps, owners, strict=True)}
    try:
        for app in apps:
            app.start()
        with control(**elsewhere) as commands:
            told = [
                {"name": app.app, "url": app.url, "cookie": _cookie(owner), "elsewhere": command}
                for app, owner, command in zip(apps, owners, commands, strict=True)
            ]
            run(
                *("node", VITEST, "run", "--config", "e2e/vitest.config.ts", "--project=packaged"),
                TASKLANE_APPS=json.dumps(told),
                TASKLANE_CHROMIUM=str(CHROMIUM),
            )
    finally:
        for app in apps:
            app.stop()


def _add(api: ApiProcess, owner: Person, title: str) -> None:
    headers = {"Authorization": f"Bearer {owner.token()}"}
    answer = httpx.post(f"{api.url}/api/tasks", json={"title": title}, headers=headers, timeout=60, trust_env=False)
    answer.raise_for_status()


def _cookie(owner: Person) -> str:
    (cookie,) = owner.cookies.jar
    return f"{cookie.name}={cookie.value}"


def _npm(*arguments: str) -> None:
    """With the developer's own settings: they say where the registry is."""
    result = subprocess.run(
        ("npm", *arguments, "--no-audit", "--no-fund", "--no-update-notifier"),
        cwd=APPS.folder,
        env={**os.environ, "CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TOO_LONG,
    )
    if result.returncode and OUT_OF_REACH.search(result.stdout):
        pytest.skip("the applications' packages are not here, and the registry is out of reach")
    assert result.returncode == 0, result.stdout


def _node(*arguments: str | Path, **variables: str) -> None:
    run_in(APPS.folder, "node", *arguments, **variables)
