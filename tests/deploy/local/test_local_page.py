"""`make up` with the page: built when it must be, served at the API's origin, and no obstacle without Node."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from deploy.local.page import BUILDS, INSTALL, Frontend
from deploy.local.plan import TOP, Plan
from tests.deploy.conftest import processes_in, with_word
from tests.deploy.local.test_local import TOO_LONG, UP, Up, environment, run, running, token_on

FRONTEND = Frontend(TOP / "frontend")
BUILDING = "building the page"
AFTER = "making the database"

needs_page = pytest.mark.skipif(
    FRONTEND.obstacle() is not None or not FRONTEND.page.exists() or not FRONTEND.auth_server.exists(),
    reason=FRONTEND.obstacle() or "it is not built: make page",
)


@pytest.fixture
def top(top: Path) -> Path:
    """With the page as it was built last; without what npm installed, and what other tests make there meanwhile."""
    others = shutil.ignore_patterns("node_modules", ".apps", "guide", ".building")
    shutil.copytree(FRONTEND.folder, top / "frontend", ignore=others)
    copy = Frontend(top / "frontend")
    copy._stamp.write_text(copy._sources())
    return top


@pytest.fixture
def modules(top: Path) -> None:
    """What npm installed, after all."""
    (top / "frontend" / "node_modules").symlink_to(FRONTEND.folder / "node_modules")


def browser(up: Up) -> httpx.Client:
    url = f"http://127.0.0.1:{up.port}"
    return httpx.Client(base_url=url, headers={"Origin": url}, timeout=TOO_LONG, trust_env=False)


def sign_up(client: httpx.Client) -> None:
    person = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}
    client.post("/api/auth/sign-up/email", json=person).raise_for_status()


def own_token(client: httpx.Client) -> str:
    return str(client.get("/api/auth/token").raise_for_status().json()["token"])


@needs_page
def test_everything_at_one_origin(top: Path) -> None:
    """The page's address comes first; who signs up has tasks of their own; a restart loses nothing."""
    with running(top) as up:
        screen = up.wait_for(UP)
        assert BUILDING not in screen
        url = f"http://127.0.0.1:{up.port}"
        assert screen.partition("is up\n")[2].split()[:2] == ["Page", url]
        with browser(up) as page:
            sign_up(page)
            html = page.get("/")
            assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert up.create("Water the plants", own_token(page)).status_code == 201
            token = token_on(screen)
            assert [up.titles(own_token(page)), up.titles(token)] == [["Water the plants"], []]
            assert page.get("/docs").status_code == 200
            cookies = page.cookies
        assert up.end(signal.SIGINT) == 0
        stopped = re.findall(r"stopping (?:the )?([\w-]+)", up.output)
        assert stopped == ["API", "worker", "sign-in", "Redis", "PostgreSQL"]
        assert processes_in(top) == []
    with running(top) as up:
        up.wait_for(UP)
        with browser(up) as page:
            page.cookies = cookies
            assert up.titles(own_token(page)) == ["Water the plants"]
        assert up.titles(token) == []


@needs_page
@pytest.mark.usefixtures("modules")
def test_changed_sources_are_built(top: Path) -> None:
    """The next start shows the change. The sign-in that dies ends the stack, as any other part does."""
    index = top / "frontend" / "app" / "index.html"
    index.write_text(index.read_text().replace("<title>", "<title>Changed "))
    with running(top) as up:
        assert BUILDING in up.wait_for(UP)
        with browser(up) as page:
            assert "<title>Changed " in page.get("/").text
        assert Frontend(top / "frontend").is_built()
        with_word("server.js", up.children()).send_signal(signal.SIGKILL)
        assert up.finish() == 1
        assert "the sign-in ended (SIGKILL)" in up.output


@needs_page
@pytest.mark.usefixtures("modules")
@pytest.mark.parametrize("step", ["building the sign-in", BUILDING])
def test_ctrl_c_while_it_is_built(top: Path, step: str) -> None:
    """It ends at once, the builder too, and what is half built does not count as built."""
    (top / "frontend" / "app" / "new.ts").touch()
    with running(top) as up:
        up.wait_for(step)
        assert up.end() == 0
        assert processes_in(top) == []
    assert not Frontend(top / "frontend").is_built() or AFTER in up.output


BUILD = (sys.executable, "-S", "-m", "deploy.local.build")
"""As `make up` runs it while the Python packages are being installed: without any."""


@needs_page
@pytest.mark.usefixtures("modules")
def test_built_beside_the_packages(top: Path) -> None:
    """It needs none of them, and the stack finds nothing left to do; ended half-way it leaves nothing."""
    (top / "frontend" / "app" / "new.ts").touch()
    with subprocess.Popen(BUILD, cwd=top, env=environment(), stdout=subprocess.PIPE, text=True) as building:
        assert building.stdout
        assert building.stdout.readline() == "building the sign-in\n"
        building.send_signal(signal.SIGINT)
        assert building.wait(TOO_LONG) == 130
    assert processes_in(top) == []
    assert not Frontend(top / "frontend").is_built()
    whole = subprocess.run(
        BUILD, cwd=top, env=environment(), capture_output=True, text=True, timeout=TOO_LONG, check=True
    )
    assert whole.stdout == "building the sign-in\nbuilding the page\n"
    assert Frontend(top / "frontend").is_built()


@needs_page
def test_packages_that_cannot_be_had_are_told(top: Path) -> None:
    """What npm said is on the terminal."""
    (top / "frontend" / ".built").unlink()
    nowhere = environment(
        npm_config_registry="http://127.0.0.1:1", npm_config_fetch_retries="0", npm_config_cache="npm"
    )
    failed = subprocess.run(BUILD, cwd=top, env=nowhere, capture_output=True, text=True, timeout=TOO_LONG, check=False)
    assert (failed.returncode, failed.stdout) == (1, "installing the page's packages\n")
    assert "ECONNREFUSED" in failed.stderr
    assert failed.stderr.endswith("no page: npm ci failed\n")
    spared = subprocess.run(
        (*BUILD, "done without"), cwd=top, env=nowhere, capture_output=True, text=True, timeout=TOO_LONG, check=False
    )
    assert (spared.returncode, spared.stdout.splitlines()[-1]) == (0, "done without")


@needs_page
def test_packages_that_cannot_be_had_stop_nothing(top: Path) -> None:
    """As on a machine without a network."""
    (top / "frontend" / ".built").unlink()
    nowhere = {"npm_config_registry": "http://127.0.0.1:1", "npm_config_fetch_retries": "0"}
    with running(top, npm_config_cache=str(top / "npm"), **nowhere) as up:
        screen = up.wait_for(UP)
        assert "  Page        none: npm ci failed; see .local/logs/page.log\n" in screen
        assert up.titles(token_on(screen)) == []


@pytest.fixture
def path_without_node(place: Path) -> str:
    """What the stack itself may need from the machine, and nothing else."""
    programs = place / "programs"
    programs.mkdir()
    for name in ("redis-server", "valkey-server", "ps"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    return str(programs)


def test_without_node(top: Path, path_without_node: str) -> None:
    """The API, a token to paste, and one line that says why there is no page."""
    with running(top, PATH=path_without_node) as up:
        screen = up.wait_for(UP)
        assert "  Page        none: Node is not here\n" in screen
        assert up.create("All the same", token_on(screen)).status_code == 201
    built = run(top, "page", PATH=path_without_node)
    assert (built.returncode, built.stdout) == (0, "no page: Node is not here\n")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"AUTH_JWKS_URL": "https://auth.example.com/api/auth/jwks"}, "names another sign-in"),
        ({"AUTH_JWKS_FILE": "jwks.json"}, "names another sign-in"),
        ({"NEON_DB_URL": "postgresql://db.example.com/tasks"}, "AUTH_DATABASE_URL"),
        (
            {"DATABASE_URL": "postgresql://db.example.com/tasks", "AUTH_DATABASE_URL": "postgresql://db.example.com/a"},
            None,
        ),
        ({}, None),
    ],
)
def test_settings_that_leave_no_room_for_a_sign_in(settings: dict[str, str], reason: str | None) -> None:
    """Who brings Better Auth brings the page as well; and nothing is made in a database of the user's unasked."""
    found = Plan.read(settings, env_file=Path("/nowhere")).no_sign_in
    assert (found is None) if reason is None else (found and reason in found)


class Runs:
    """Notes what it is to run, and fails at what it is told to."""

    def __init__(self, *failing: Sequence[str]) -> None:
        self.failing = failing
        self.ran: list[Sequence[str]] = []

    def __call__(self, _text: str, command: Sequence[str]) -> bool:
        self.ran.append(command)
        return command not in self.failing


@pytest.fixture
def sources(tmp_path: Path) -> Frontend:
    """Not built, and nothing installed."""
    for folder in ("app/dist", "auth/dist", "lib"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "auth" / "dist" / "server.js").touch()
    (tmp_path / "app" / "main.tsx").touch()
    packages = {"": {}, "node_modules/a": {"integrity": "1"}, "node_modules/b": {"integrity": "2", "optional": True}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    return Frontend(tmp_path)


def test_what_is_missing_is_done_once(sources: Frontend) -> None:
    """Packages, then the build; the next time nothing; after a change in the sources, whatever its size, the build."""
    runs = Runs()
    assert sources.build(runs) is None
    assert runs.ran == [INSTALL, *BUILDS.values()]
    installed = sources.folder / "node_modules" / ".package-lock.json"
    installed.parent.mkdir()
    installed.write_text(json.dumps({"packages": {"node_modules/a": {"integrity": "1"}}}))
    assert sources.build(runs, install=True) is None
    (sources.folder / "app" / "dist" / "index.html").write_text("what is built is no source")
    assert sources.is_built()
    assert len(runs.ran) == 3
    (sources.folder / "app" / "main.tsx").write_text("1")
    (sources.folder / "lib" / "new.ts").touch()
    assert sources.build(runs) is None
    assert runs.ran[3:] == [*BUILDS.values()]
    installed.write_text(json.dumps({"packages": {"node_modules/a": {"integrity": "another"}}}))
    assert sources.build(runs, install=True) is None
    assert runs.ran[5:] == [INSTALL]


@pytest.mark.parametrize(
    ("failing", "sentence"),
    [(INSTALL, "npm ci failed"), (BUILDS["sign-in"], "its build failed"), (BUILDS["page"], "its build failed")],
)
def test_what_fails_is_told_and_tried_again(sources: Frontend, failing: Sequence[str], sentence: str) -> None:
    assert sources.build(Runs(failing)) == sentence
    assert not sources.is_built()
    assert sources.build(Runs()) is None
    assert sources.is_built()
