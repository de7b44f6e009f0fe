"""The compose file, the image and the gateway's configuration agree with the code and with each other."""

import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

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
    elsewhere = {"AUTH_JWKS_FILE"}  # the URL serves where there is a sign-in
    variables = set(services()["worker"]["environment"]) - {"SECRETS_DIR"}
    assert variables | written == names - elsewhere
    assert variables.isdisjoint(written)


@pytest.mark.parametrize("service", ["api", "migrate"])
def test_all_of_them_are_told_the_same(service: str) -> None:
    """The API, the worker and the migrations, but for the port of the worker's metrics."""
    worker = dict(services()["worker"]["environment"])
    del worker["WORKER_METRICS_PORT"]
    assert services()[service]["environment"] == worker


def test_whatever_can_be_given_is_in_the_one_place_for_secrets() -> None:
    """The configuration that is given to `secrets` names what that service reads, and no variable holds any of it."""
    [content] = [config["content"] for config in _compose()["configs"].values() if "content" in config]
    given = set(re.findall(r"^([A-Z_]+)=", content, re.MULTILINE))
    assert given == set(re.findall(r'values\.get\("([A-Z_]+)"\)', SECRETS))
    for service in services().values():
        assert given.isdisjoint(service.get("environment", {}))


def test_the_image_serves_as_make_up_does() -> None:
    """The same server with the same options; what a gateway and other containers need comes on top."""
    [command] = re.findall(r"^CMD (\[\"uvicorn.*?\])$", DOCKERFILE.replace("\\\n", ""), re.MULTILINE | re.DOTALL)
    program, *options = json.loads(command)
    assert program == "uvicorn"
    ours = list(SERVE[3:])
    del ours[ours.index("--host") : ours.index("--host") + 2]
    for option in ("--host", "--port", "--timeout-keep-alive"):
        del options[options.index(option) : options.index(option) + 2]
    assert options == ours


def test_a_connection_is_closed_by_the_gateway_first() -> None:
    """Or a request would now and then run into a connection that the API is closing."""
    kept_by_api = int(_one(r'"--timeout-keep-alive", "(\d+)"', DOCKERFILE))
    kept_by_gateway = int(_one(r"keepalive_timeout (\d+)s", (NGINX / "upstreams.conf").read_text()))
    assert kept_by_gateway + MARGIN <= kept_by_api


def test_nobody_is_killed_while_stopping() -> None:
    """The grace periods are longer than what the processes may take."""
    drain = int(_one(r'"--timeout-graceful-shutdown", "(\d+)"', DOCKERFILE))
    longest = int(_one(r"proxy_read_timeout (\d+)s", (NGINX / "upstreams.conf").read_text()))
    assert _seconds(services()["api"]["stop_grace_period"]) >= drain + MARGIN
    assert _seconds(services()["worker"]["stop_grace_period"]) >= COMPLETION_SECONDS + MARGIN
    assert _seconds(services()["gateway-tls"]["stop_grace_period"]) >= longest + MARGIN


def _compose() -> dict[str, Any]:
    return dict(yaml.safe_load(FILES[0].read_text()))


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def _one(pattern: str, text: str) -> str:
    [found] = re.findall(pattern, text)
    return str(found)
