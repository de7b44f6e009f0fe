"""What the manifests tell the services is what the services read: names, values, ports, secrets, images, times."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

import worker.main
import worker.queue
from core.settings import DatabaseSettings, Settings
from deploy.local.programs import HTTP, MIGRATE, SERVE, WORK
from tests.deploy.k8s.manifests import (
    SERVICES,
    VERSION,
    Object,
    containers,
    image_command,
    load_yaml,
    objects,
    of_kind,
    own,
    pods,
    rendered,
)
from tests.stack import TOP, environ

VALUES = {
    "DATABASE_URL": "postgresql://tasklane:a-password@db.example.com/tasklane?sslmode=require",
    "DIRECT_DATABASE_URL": "postgresql://tasklane:a-password@direct.example.com/tasklane?sslmode=require",
    "BETTER_AUTH_SECRET": "0123456789abcdef0123456789abcdef",
}
"""What the Secret may hold."""

KNOWN = {name.upper() for name in Settings.model_fields if name != "database_url"} | {"DATABASE_URL", "SECRETS_DIR"}
LARGEST_POSTGRES = 97
"""Connections that a PostgreSQL with its own defaults has for users."""


@pytest.fixture(params=SERVICES)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def environment(overlay: str, pod: Object, container: Object, folder: Path) -> dict[str, str]:
    """The variables of a container, its secrets laid into `folder` as the kubelet does."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        variables |= of_kind(overlay, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    variables |= {item["name"]: item["value"] for item in container.get("env", ())}
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    [volume] = [item for item in pod["spec"]["volumes"] if item["name"] == mounts[variables["SECRETS_DIR"]]]
    for source in volume["projected"]["sources"]:
        assert source["secret"]["name"] == "tasklane"
        for item in source["secret"]["items"]:
            if item["key"] in kept(overlay):
                (folder / item["path"]).write_text(VALUES[item["key"]])
            else:
                assert source["secret"]["optional"]
    return {**variables, "SECRETS_DIR": str(folder)}


def kept(overlay: str) -> set[str]:
    """What the Secret holds: by the External Secrets operator, or by the command in the handbook."""
    if external := of_kind(overlay, "ExternalSecret"):
        return {item["secretKey"] for item in external["tasklane"]["spec"]["data"]}
    return set(re.findall(r"--from-literal=(\w+)=", (TOP / "docs" / "kubernetes.md").read_text()))


def configuration(overlay: str, deployment: str) -> dict[str, str]:
    """What a Deployment's container is told by its ConfigMap."""
    [item] = pods(overlay)[deployment]["spec"]["containers"]
    [source] = item["envFrom"]
    return dict(of_kind(overlay, "ConfigMap")[source["configMapRef"]["name"]]["data"])


def configured(item: Object, overlay: str) -> str:
    """The one ConfigMap that a container mounts."""
    [pod] = [pod for pod in pods(overlay).values() if item in pod["spec"]["containers"]]
    [name] = {volume["configMap"]["name"] for volume in pod["spec"]["volumes"] if "configMap" in volume}
    return str(name)


def container(overlay: str, name: str) -> Object:
    return next(item for pod in pods(overlay).values() for item in containers(pod) if item["name"] == name)


def test_every_variable_is_one_that_the_services_read(overlay: str) -> None:
    for _, item in own(overlay):
        assert {variable["name"] for variable in item.get("env", ())} <= KNOWN
    assert set(configuration(overlay, "tasklane-api")) <= KNOWN


def test_every_variable_is_one_that_the_sign_in_reads() -> None:
    """The page's overlay tells it what compose does, and the API what it must know of it."""
    source = (TOP / "frontend" / "auth" / "settings.ts").read_text()
    read = set(re.findall(r'read\("([A-Z_]+)"\)', source))
    told = configuration("page", "tasklane-auth")
    given = {item["name"] for item in container("page", "auth")["env"]}
    assert set(told) <= read
    assert {name.removesuffix("_FILE") for name in given} <= read
    assert {"AUTH_DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL"} <= set(told) | {
        name.removesuffix("_FILE") for name in given
    }
    api = configuration("page", "tasklane-api")
    assert {name: api[name] for name in ("AUTH_ISSUER", "AUTH_AUDIENCE")} == {
        name: told[name] for name in ("AUTH_ISSUER", "AUTH_AUDIENCE")
    }
    [service] = [item for name, item in of_kind("page", "Service").items() if name == "tasklane-auth"]
    assert api["AUTH_JWKS_URL"] == f"http://tasklane-auth:{service['spec']['ports'][0]['port']}/api/auth/jwks"


def test_the_pages_gateway_is_that_of_compose() -> None:
    """All of its configuration but the names of who answers, which are those of Services."""
    data = of_kind("page", "ConfigMap")[configured(container("page", "gateway"), "page")]["data"]
    where = {file.name: file.read_text().strip() for file in (TOP / "deploy" / "nginx" / "where").iterdir()}
    assert set(data) == {*where, "clients.conf"}
    services = of_kind("page", "Service")
    for name, composed in where.items():
        if found := re.fullmatch(r"server (\S+?)\.tasklane\.svc\.cluster\.local:(\d+) (.*)", data[name]):
            assert services[found[1]]["spec"]["clusterIP"] == "None", "each pod has an address of its own"
            assert int(found[2]) in [port["port"] for port in services[found[1]]["spec"]["ports"]]
            assert composed.endswith(found[3])
        else:
            assert name == "resolver.conf"


def test_the_secrets_are_settings_too(overlay: str) -> None:
    for pod, _ in own(overlay):
        for volume in pod["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                assert {item["path"] for item in source["secret"]["items"]} <= KNOWN


def test_every_process_starts_with_what_it_is_told(overlay: str, tmp_path: Path) -> None:
    """The real settings are loaded from each container's real environment: nothing is missing, nothing is refused."""
    found = set()
    for number, (pod, item) in enumerate(own(overlay)):
        folder = tmp_path / str(number)
        folder.mkdir()
        variables = environment(overlay, pod, item, folder)
        found.add(item["name"])
        with environ(variables), contextlib.chdir("/"):
            loaded = (Settings if item["name"] in ("api", "worker") else DatabaseSettings).load()
        direct = item["name"] in ("migrate", "database")
        assert loaded.database_url.get_secret_value() == VALUES["DIRECT_DATABASE_URL" if direct else "DATABASE_URL"]
    assert found == {"api", "worker", "migrate", "schema", "database"}


def test_a_pod_gets_no_secret_that_it_does_not_read(overlay: str) -> None:
    keys = {name: json.dumps(pod["spec"]["volumes"]) for name, pod in pods(overlay).items()}
    [migrate] = [text for name, text in keys.items() if name.startswith("tasklane-migrate-")]
    assert "BETTER_AUTH_SECRET" not in migrate
    assert "DIRECT_DATABASE_URL" not in keys["tasklane-api"] + keys["tasklane-worker"]
    assert "secret" not in keys["tasklane-redis"]


def test_the_ports_are_those_that_the_processes_listen_on(overlay: str) -> None:
    config = configuration(overlay, "tasklane-api")
    assert container(overlay, "worker")["ports"] == [
        {"name": "metrics", "containerPort": int(config["WORKER_METRICS_PORT"])}
    ]
    command = image_command()
    assert command[command.index("--port") + 1] == str(container(overlay, "api")["ports"][0]["containerPort"])
    assert command[command.index("--host") + 1] == "0.0.0.0"
    redis = of_kind(overlay, "Service")["tasklane-redis"]["spec"]["ports"][0]["port"]
    assert config["REDIS_URL"] == f"redis://tasklane-redis:{redis}/0"


def test_the_commands_are_those_of_the_embedded_stack(overlay: str) -> None:
    """What every developer runs is what a cluster runs; the API's command is the image's own."""
    assert container(overlay, "migrate")["command"][1:] == list(MIGRATE[1:])
    assert container(overlay, "worker")["command"][1:] == list(WORK[1:])
    assert "command" not in container(overlay, "api")
    local = " ".join(SERVE)
    for flag in ("--loop uvloop", " ".join(HTTP), "--no-access-log", "--no-proxy-headers", "--no-server-header"):
        assert flag in local
        assert flag in " ".join(image_command())


def test_a_pod_has_time_to_end(overlay: str) -> None:
    """What is under way may finish: the sleep, uvicorn's drain, and a transaction, with room to spare."""
    api, command = pods(overlay)["tasklane-api"]["spec"], image_command()
    drain = int(command[command.index("--timeout-graceful-shutdown") + 1])
    sleep = api["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain == int(SERVE[SERVE.index("--timeout-graceful-shutdown") + 1])
    assert sleep >= 15, "through a gateway on a starved node requests were lost with 5, and none with 15"
    assert sleep + drain + default("database_timeout") + 5 <= api["terminationGracePeriodSeconds"]
    goodbye = worker.main.COMPLETION_SECONDS + worker.queue.TIMEOUT_SECONDS + default("database_timeout")
    assert goodbye + 5 <= pods(overlay)["tasklane-worker"]["spec"]["terminationGracePeriodSeconds"]


def test_the_api_is_probed_for_three_things(overlay: str) -> None:
    """Startup: it can do its work. Readiness: it answers now. Liveness: it has not answered for long."""
    item = container(overlay, "api")
    startup, ready, alive = (item[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness"))
    assert startup["httpGet"] == {"path": "/readyz", "port": "http"}
    assert startup["timeoutSeconds"] > default("database_timeout")
    assert ready["httpGet"] == alive["httpGet"] == {"path": "/livez", "port": "http"}
    assert lasts(ready) * 4 <= lasts(alive)
    assert lasts(startup) >= 60


def test_every_service_is_probed(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        for item in pod["spec"]["containers"]:
            if "migrate" not in name:
                ports = {port["name"] for port in item["ports"]}
                for kind in ("startup", "readiness", "liveness"):
                    probe = item.get(f"{kind}Probe", {})
                    assert probe.get("httpGet", {}).get("port", *ports) in ports
                assert {"readinessProbe", "livenessProbe"} <= set(item)


def test_one_image_of_one_version_runs_everything(overlay: str) -> None:
    images = {item["image"] for _, item in own(overlay)}
    assert len(images) == 1
    assert images.pop().rpartition(":")[2] == VERSION


def test_the_images_are_those_of_compose() -> None:
    """The same names, the same versions of Redis and PostgreSQL; compose builds what a cluster pulls by its tag."""
    text = "\n".join((TOP / "deploy" / name).read_text() for name in ("docker-compose.yml", "compose/variants.yml"))
    composed = {
        image.strip().partition("${")[0].rstrip(":") for image in re.findall(r"^ +image: (.+)$", text, re.MULTILINE)
    }
    names = {re.sub(r":.*", "", image) if image.startswith("tasklane") else image for image in composed}
    for overlay in ("local", "load"):
        for pod in pods(overlay).values():
            for item in containers(pod):
                name = item["image"].removesuffix(f":{VERSION}")
                assert name in names


def test_what_uses_the_database_waits_for_its_schema(overlay: str) -> None:
    """And the migrations wait for the database, so that none fails because it is first."""
    for name, pod in pods(overlay).items():
        if name in ("tasklane-api", "tasklane-worker"):
            assert [item["command"] for item in pod["spec"]["initContainers"]] == [["python", "-m", "migrations.wait"]]
    [job] = of_kind(overlay, "Job").values()
    [first] = job["spec"]["template"]["spec"]["initContainers"]
    assert first["command"] == ["python", "-m", "migrations.wait", "database"]


def test_the_handbook_says_how_long_a_migration_may_take(overlay: str) -> None:
    """The deadline that ends it, and the one after which a rollout that waits for it counts as stuck."""
    handbook = (TOP / "docs" / "kubernetes.md").read_text()
    [job] = of_kind(overlay, "Job").values()
    deployments = of_kind(overlay, "Deployment")
    rollouts = {deployments[name]["spec"]["progressDeadlineSeconds"] for name in ("tasklane-api", "tasklane-worker")}
    for field, seconds in (
        ("activeDeadlineSeconds", {job["spec"]["activeDeadlineSeconds"]}),
        ("progressDeadlineSeconds", rollouts),
    ):
        assert {int(found) for found in re.findall(rf"`{field}: (\d+)`", handbook)} == seconds


def test_no_secret_is_in_the_manifests(overlay: str) -> None:
    assert not of_kind(overlay, "Secret")
    assert not re.search(r"(?i)(password|_secret|token)\"?: *\S{16,}|://[^/\s]*:[^/\s]*@", rendered(overlay))


def test_redis_fits_its_memory(overlay: str) -> None:
    """What may go, goes before the kernel ends the process."""
    item = container(overlay, "redis")
    args = item["args"]
    limit = int(item["resources"]["limits"]["memory"].removesuffix("Mi"))
    assert int(args[args.index("--maxmemory") + 1].removesuffix("mb")) <= 0.8 * limit
    assert args[args.index("--maxmemory-policy") + 1] == "allkeys-lru"
    assert args[args.index("--save") + 1] == ""
    assert args[args.index("--appendonly") + 1] == "no"


def test_the_local_database_has_a_connection_for_everyone() -> None:
    """At the most replicas, in the middle of a rollout."""
    autoscaler = of_kind("local", "HorizontalPodAutoscaler")["tasklane-api"]["spec"]
    deployments = of_kind("local", "Deployment")
    processes = autoscaler["maxReplicas"] + deployments["tasklane-worker"]["spec"]["replicas"]
    surge = sum(
        deployments[name]["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        for name in ("tasklane-api", "tasklane-worker")
    )
    waiting_and_migrating = processes + surge + 1
    assert (processes + surge) * default("database_pool_size") + waiting_and_migrating <= LARGEST_POSTGRES


def test_the_autoscaler_owns_the_number(overlay: str) -> None:
    for scaler in of_kind(overlay, "HorizontalPodAutoscaler").values():
        target = scaler["spec"]["scaleTargetRef"]
        assert "replicas" not in of_kind(overlay, target["kind"])[target["name"]]["spec"]
        assert scaler["spec"]["minReplicas"] >= 2
    assert of_kind(overlay, "Deployment")["tasklane-worker"]["spec"]["replicas"] >= 1, "nothing periodic would run"
    assert not [item for item in objects(overlay) if item["kind"] == "ScaledObject"]


def test_who_the_image_runs_as_is_who_the_pods_run_as(overlay: str) -> None:
    user = re.search(
        r"^FROM \S+ AS app$.*?^USER (\d+):(\d+)$", (TOP / "deploy" / "Dockerfile").read_text(), re.MULTILINE | re.DOTALL
    )
    assert user
    for pod, _ in own(overlay):
        assert (
            str(pod["spec"]["securityContext"]["runAsUser"]),
            str(pod["spec"]["securityContext"]["runAsGroup"]),
        ) == user.groups()


def test_the_rules_are_those_of_the_compose_stack() -> None:
    [rule] = of_kind("production", "PrometheusRule").values()
    assert rule["spec"] == load_yaml(TOP / "deploy" / "observe" / "rules.yml"), "copy the groups, two spaces in"


def default(name: str) -> float:
    return float(Settings.model_fields[name].default)


def lasts(probe: dict[str, Any]) -> int:
    """Seconds until a probe that fails has its effect."""
    return int(probe["periodSeconds"]) * int(probe["failureThreshold"])
