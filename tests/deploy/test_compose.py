"""The compose file, the image and the gateway's configuration agree with the code and with each other."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from api.push.stream import HEARTBEAT_SECONDS
from core.settings import Settings
from deploy.local.plan import TOP
from deploy.local.programs import SERVE
from worker.main import COMPLETION_SECONDS

FILES = (TOP / "deploy" / "docker-compose.yml", TOP / "deploy" / "compose" / "variants.yml")
DOCKERFILE = (TOP / "deploy" / "Dockerfile").read_text()
NGINX = TOP / "deploy" / "nginx"
SECRETS = (TOP / "deploy" / "compose" / "make_secrets.py").read_text()

MARGIN = 5
"""Seconds that a clean stop has left over."""


def services() -> dict[str, Any]:
    found = [yaml.safe_load(file.read_text())["services"] for file in FILES]
    return {**found[0], **found[1]}


def test_every_setting_can_be_made() -> None:
    """Each setting reaches the services: as a variable, or as a file that the `secrets` service writes."""
    names = {"NEON_DB_URL" if name == "database_url" else name.upper() for name in Settings.model_fields}
    written = {name.upper() for name in re.findall(r'keep\("([a-z_]+)", APP', SECRETS)}
    # The URL serves where there is a sign-in; the queue lives where the cache does.
    elsewhere = {"AUTH_JWKS_FILE", "WORKER_REDIS_URL"}
    variables = set(services()["worker"]["environment"]) - {"SECRETS_DIR"}
    assert variables | written == names - elsewhere
    assert variables.isdisjoint(written)


def test_both_of_them_are_told_the_same() -> None:
    """The API and the worker, but for the port of the worker's metrics."""
    worker = dict(services()["worker"]["environment"])
    del worker["WORKER_METRICS_PORT"]
    assert services()["api"]["environment"] == worker


def test_whatever_can_be_given_is_in_the_one_place_for_secrets() -> None:
    """The configuration that is given to `secrets` names what that service reads, and no variable holds any of it."""
    [content] = [config["content"] for config in _compose()["configs"].values() if "content" in config]
    given = set(re.findall(r"^([A-Z_]+)=", content, re.MULTILINE))
    assert given == set(re.findall(r'values\.get\("([A-Z_]+)"\)', SECRETS))
    for service in services().values():
        assert given.isdisjoint(service.get("environment", {}))


@pytest.mark.parametrize(
    ("before", "now", "missed"),
    [
        ("NEON_DB_URL=postgresql://neon", "", "NEON_DB_URL"),
        ("AUTH_DATABASE_URL=postgresql://auth", "NEON_DB_URL=postgresql://neon", "AUTH_DATABASE_URL"),
        ("NEON_DB_URL=postgresql://neon\nAUTH_DATABASE_URL=postgresql://auth", "", "NEON_DB_URL"),
    ],
)
def test_no_database_is_given_up_by_forgetting_its_name(tmp_path: Path, before: str, now: str, missed: str) -> None:
    """An `up` that is no longer told of the database ends: an empty one in its place would look like a loss."""
    assert make_secrets(tmp_path, before).returncode == 0
    made = secrets_in(tmp_path)
    done = make_secrets(tmp_path, now)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"{missed} was set before and is not now: ")
    assert secrets_in(tmp_path) == made
    assert make_secrets(tmp_path, before).returncode == 0
    assert secrets_in(tmp_path) == made


def test_a_database_is_changed_by_naming_another(tmp_path: Path) -> None:
    """From the stack's own to one elsewhere, which the sign-in shares, and on to the next; what was made is kept."""
    made = []
    for given in ("", "", "NEON_DB_URL=postgresql://neon", "NEON_DB_URL=postgresql://other"):
        done = make_secrets(tmp_path, given)
        assert (done.returncode, done.stderr) == (0, "")
        made.append(secrets_in(tmp_path))
    assert made[1] == made[0]
    assert {name: value for name, value in made[3].items() if value != made[0][name]} == {
        "neon_db_url": "postgresql://other\n",
        "migrations/database_url": "postgresql://other\n",
        "auth_database_url": "postgresql://other\n",
    }


def make_secrets(folder: Path, given: str) -> "subprocess.CompletedProcess[str]":
    """What the `secrets` service does, with one's own group as the only reader: no other may be given a file."""
    (folder / "given").write_text(given)
    (folder / "secrets").mkdir(exist_ok=True)
    program = (
        "import os, pathlib, sys; from deploy.compose import make_secrets as script;"
        "script.POSTGRES = script.NODE = script.APP = script.REDIS = script.SIGN = script.MIGRATE = os.getgid();"
        "script.main(*map(pathlib.Path, sys.argv[1:]))"
    )
    command = (sys.executable, "-c", program, folder / "given", folder / "secrets")
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False, timeout=60)


def secrets_in(folder: Path) -> dict[str, str]:
    made = folder / "secrets"
    return {str(file.relative_to(made)): file.read_text() for file in made.rglob("*") if file.is_file()}


def test_the_migrations_may_log_in_as_another(tmp_path: Path) -> None:
    """In the stack's own database they do, and in one elsewhere when its owner's login is given."""
    make_secrets(tmp_path, "")
    own = secrets_in(tmp_path)
    assert own["neon_db_url"].startswith("postgresql://tasklane_services:")
    assert own["migrations/database_url"].startswith("postgresql://tasklane:")
    make_secrets(tmp_path, "NEON_DB_URL=postgresql://services\nDIRECT_DATABASE_URL=postgresql://owner")
    given = secrets_in(tmp_path)
    assert (given["neon_db_url"], given["migrations/database_url"]) == (
        "postgresql://services\n",
        "postgresql://owner\n",
    )


def test_an_own_database_of_an_earlier_release_is_taken_over(tmp_path: Path) -> None:
    """Its services logged in as the owner: that is no database elsewhere that somebody has forgotten to name."""
    make_secrets(tmp_path, "")
    password = secrets_in(tmp_path)["tasklane_password"].strip()
    (tmp_path / "secrets" / "neon_db_url").write_text(f"postgresql://tasklane:{password}@db:5432/tasklane\n")
    done = make_secrets(tmp_path, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert secrets_in(tmp_path)["neon_db_url"].startswith("postgresql://tasklane_services:")


def test_the_image_serves_as_make_up_does() -> None:
    """The same server with the same options; what a gateway and other containers need comes on top."""
    [command] = re.findall(r"^CMD (\[\"uvicorn.*?\])$", DOCKERFILE.replace("\\\n", ""), re.MULTILINE | re.DOTALL)
    program, *options = json.loads(command)
    assert program == "uvicorn"
    ours = list(SERVE[3:])
    del ours[ours.index("--host") : ours.index("--host") + 2]
    for option in ("--host", "--port"):
        del options[options.index(option) : options.index(option) + 2]
    assert options == ours


def test_a_connection_is_closed_by_the_gateway_first() -> None:
    """Or a request would now and then run into a connection that the API is closing."""
    kept_by_api = int(_one(r'"--timeout-keep-alive", "(\d+)"', DOCKERFILE))
    kept_by_gateway = int(_one(r"keepalive_timeout (\d+)s", (NGINX / "upstreams.conf").read_text()))
    assert kept_by_gateway + MARGIN <= kept_by_api


def test_the_gateway_takes_in_nothing_that_could_fill_it() -> None:
    """Any body that the API takes by default gets through; no body and no answer becomes a file, whoever is slow."""
    limits, locations = (NGINX / "nginx.conf").read_text(), (NGINX / "service.conf").read_text()
    largest = _one(r"client_max_body_size (\d+)k", limits)
    assert int(largest) * 1024 > Settings.model_fields["body_limit_bytes"].default
    assert _one(r"client_body_buffer_size (\d+)k", limits) == largest
    [larger] = [block for block in locations.split("\n}\n") if re.search(r"client_max_body_size \d+m", block)]
    assert "proxy_request_buffering off;" in larger
    assert "proxy_max_temp_file_size 0;" in (NGINX / "upstreams.conf").read_text()
    again = re.findall(r"limit_conn connections (\d+)", locations)
    assert set(again) == {_one(r"limit_conn connections (\d+)", limits)}


def test_nobody_is_killed_while_stopping() -> None:
    """The grace periods are longer than what the processes may take."""
    drain = int(_one(r'"--timeout-graceful-shutdown", "(\d+)"', DOCKERFILE))
    longest = int(_one(r"proxy_read_timeout (\d+)s", (NGINX / "upstreams.conf").read_text()))
    assert _seconds(services()["api"]["stop_grace_period"]) >= drain + MARGIN
    assert _seconds(services()["worker"]["stop_grace_period"]) >= COMPLETION_SECONDS + MARGIN
    assert _seconds(services()["gateway-tls"]["stop_grace_period"]) >= longest + MARGIN


def test_no_process_that_stands_still_keeps_a_request() -> None:
    """Only an import, an export and a stream may take longer than a moment more than the API gives its database."""
    wait = int(_one(r"proxy_read_timeout (\d+)s", (NGINX / "upstreams.conf").read_text()))
    assert Settings.model_fields["database_timeout"].default + MARGIN <= wait <= 20
    longer = re.findall(r"location ([^{]+) {[^}]*proxy_read_timeout", (NGINX / "service.conf").read_text())
    assert longer == [rf"~ ^/(?:api/(?:[^/]+/)*)?(?:tasks|todos)/{name}/?$" for name in ("export", "events", "import")]
    stream = _one(r"events/\?\$ {[^}]*proxy_read_timeout (\d+)s", (NGINX / "service.conf").read_text())
    assert int(stream) >= 2 * HEARTBEAT_SECONDS


def _compose() -> dict[str, Any]:
    return dict(yaml.safe_load(FILES[0].read_text()))


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def _one(pattern: str, text: str) -> str:
    [found] = re.findall(pattern, text)
    return str(found)


def test_nothing_is_in_the_clear_for_everyone_by_default() -> None:
    """The gateway without TLS is this machine's own, until somebody names an address; with TLS it is everyone's."""
    variants = (TOP / "deploy" / "compose" / "variants.yml").read_text()
    ports = dict(re.findall(r'ports: \["(\S+):\$\{GATEWAY_PORT:-8080\}:(\d+)"\]', variants))
    assert "${GATEWAY_ADDRESS:-127.0.0.1}" in ports
    assert ports["${GATEWAY_ADDRESS:-127.0.0.1}"] == "8080"
