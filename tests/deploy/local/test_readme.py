"""The README's session, run as it stands there."""

import re
import subprocess
from pathlib import Path

from core.settings import Settings
from deploy.local.plan import TOP
from tests.deploy.local.test_local import TOO_LONG, UP, environment, running

README = (TOP / "README.md").read_text()
MARK = "-- next --"


def test_the_session_gives_what_the_readme_prints(top: Path) -> None:
    """Each command of the session, one after another in one shell, prints what stands under it."""
    session = _session()
    assert len(session) > 8
    with running(top) as up:
        up.wait_for(UP)
        script = f"\necho '{MARK}'\n".join(command for command, _ in session)
        result = subprocess.run(
            ["bash", "-c", script.replace("localhost:8000", f"127.0.0.1:{up.port}")],
            cwd=TOP,
            env=environment(TASKLANE_LOCAL_DIR=str(top / ".local")),
            capture_output=True,
            text=True,
            check=False,
            timeout=TOO_LONG,
        )
    printed = [_masked(part) for part in result.stdout.split(f"{MARK}\n")]
    assert printed == [_masked(output) for _, output in session], result.stderr


def test_every_setting_is_in_the_readme() -> None:
    """The table of the settings leaves none out."""
    names = {"NEON_DB_URL" if name == "database_url" else name.upper() for name in Settings.model_fields}
    assert {name for name in names if f"`{name}`" not in README} == set()


def _session() -> list[tuple[str, str]]:
    """Commands and what they print."""
    block = re.search(r"```console\n(.*?)```", README, re.DOTALL)
    assert block
    parts = re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def _masked(text: str) -> str:
    """What differs from run to run: the times, and the revisions, which are times, too."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>", text)
    return re.sub(r'-\d{16}\\"', "-<revision>", text).strip("\n")
