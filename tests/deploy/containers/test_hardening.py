"""What a container may do, what an image holds, and where no secret is to be found."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.containers.project import Project, docker

pytestmark = pytest.mark.containers

SERVICES = ("secrets", "db", "logins", "redis", "migrate", "api", "worker", "auth", "gateway")
ONCE = ("secrets", "logins", "migrate")
OWN_IMAGES = ("tasklane", "tasklane-auth", "tasklane-gateway", "tasklane-load")


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_container_may_do(project: Project, service: str) -> None:
    """As little as can be: a user without rights, a file system that it cannot write, bounded memory and logs."""
    for container in project.containers(service):
        described = container.inspect()
        host = described["HostConfig"]
        assert described["Config"]["User"].split(":")[0] not in ("", "0", "root")
        assert host["ReadonlyRootfs"] or service == "secrets"  # compose copies what was given into it
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert not host["Privileged"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert 0 < host["Memory"] <= 1024**3
        assert host["PidsLimit"] > 0
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
        assert host["RestartPolicy"]["Name"] == ("no" if service in ONCE else "unless-stopped")
        assert not described["State"]["OOMKilled"]


@pytest.mark.parametrize("service", ["api", "worker", "gateway", "redis", "db", "auth"])
def test_its_root_cannot_be_written(project: Project, service: str) -> None:
    """Not only by declaration: a file can be made in /tmp or nowhere."""
    container = project.containers(service)[0]
    script = 'for place in / /etc /app /usr/bin; do touch "$place/x" 2>/dev/null && echo "$place"; done; id -u'
    [user] = docker("exec", container.id, "sh", "-c", script).split()
    assert container.inspect()["Config"]["User"].startswith(f"{user}:")


def test_only_the_gateway_has_a_port(project: Project) -> None:
    """Everything else is reached through it, or from inside."""
    published = {
        container.inspect()["Config"]["Labels"]["com.docker.compose.service"]
        for container in project.all_containers()
        if any(container.inspect()["NetworkSettings"]["Ports"].values())
    }
    assert published == {"gateway"}


def test_who_sees_whom(project: Project) -> None:
    """The gateway has no way to the data, the sign-in none to Redis, and neither of them a way out."""
    seen = {"gateway": {"edge"}, "auth": {"data", "edge"}, "db": {"data"}, "redis": {"cache"}}
    for service, networks in seen.items():
        connected = project.container(service).inspect()["NetworkSettings"]["Networks"]
        assert set(connected) == {f"{project.name}_{network}" for network in networks}
    for network in ("data", "cache"):
        [described] = json.loads(docker("network", "inspect", f"{project.name}_{network}"))
        assert described["Internal"]


def test_redis_asks_for_its_password(project: Project) -> None:
    """Whoever reaches it and has none is refused."""
    redis = project.container("redis")
    assert "NOAUTH" in docker("exec", redis.id, "redis-cli", "DBSIZE", merge=True)


def test_who_can_read_which_secret(project: Project) -> None:
    """Each service its own, and none of another's."""
    script = "cd /run/secrets && for file in * */*; do head -c1 $file >/dev/null 2>&1 && echo $file; done; true"
    readable = {
        service: set(docker("exec", project.containers(service)[0].id, "sh", "-c", script).split())
        for service in ("api", "worker", "db", "redis", "auth")
    }
    for service in ("migrate", "token", "load"):  # those that do not run
        run = ("run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", "sh", service, "-c", script)
        readable[service] = set(project.compose(*run).split())
    app = {"better_auth_secret", "neon_db_url", "redis_url"}
    signing = {"signing/better_auth_secret"}
    assert readable == {
        "api": app,
        "worker": app,
        "db": {"postgres_password", "tasklane_password", "tasklane_services_password", "auth_password"},
        "redis": {"redis.conf", "redis_password"},
        "auth": {"auth_secret", "auth_database_url"},
        "migrate": {"migrations/database_url"},
        "token": signing,
        "load": signing,
    }


def test_no_secret_is_told(project: Project) -> None:
    """Neither by the containers' descriptions nor by their logs."""
    secrets = _secrets(project)
    assert len(secrets) >= 12
    for container in project.all_containers():
        told = json.dumps(container.inspect()) + container.logs()
        assert [secret for secret in secrets if secret in told] == []


def test_no_secret_is_in_an_image(project: Project, tmp_path: Path) -> None:
    """Not in a layer, not in what is told of how it was made; and nothing of the machine that made it."""
    secrets = [secret.encode() for secret in _secrets(project)]
    for image in OWN_IMAGES:
        saved = tmp_path / "image.tar"
        docker("save", "--output", str(saved), image)
        with tarfile.open(saved) as archive:
            for member in archive:
                content = archive.extractfile(member)
                text = content.read() if content else b""
                assert not any(secret in text for secret in secrets), (image, member.name)


def test_what_is_in_the_image(images: None, figure: Callable[[str], None]) -> None:
    """The product, its locked packages, a Python; no compiler, no installer of its own, no tests, no git."""
    [described] = json.loads(docker("image", "inspect", "tasklane"))
    labels = {name.removeprefix("org.opencontainers.image.") for name in described["Config"]["Labels"]}
    assert {"title", "description", "licenses", "version", "revision"} <= labels
    assert described["Config"]["User"] == "10001:10001"
    assert "Healthcheck" not in described["Config"]
    script = """
        for program in cc gcc g++ make git curl; do command -v $program; done
        ls -d /venv/bin/pip* /app/tests /app/deploy /app/.env* /app/.git 2>/dev/null
        find /venv /app -perm -o+w ! -type l | head
    """
    assert docker("run", "--rm", "tasklane", "sh", "-c", script + "true").split() == []
    listed = docker("run", "--rm", "tasklane", "ls", "/app").split()
    assert listed == ["alembic.ini", "api", "core", "migrations", "worker"]
    for image in OWN_IMAGES:
        [one] = json.loads(docker("image", "inspect", image))
        figure(f"{image}: {one['Size'] / 1e6:.0f} MB")


def _secrets(project: Project) -> list[str]:
    """All that the volume holds, and the passwords that are parts of URLs."""
    volume = f"{project.name}_secrets:/kept:ro"
    script = "find /kept -type f -exec head -qn1 {} +"
    return docker("run", "--rm", "--user=0", "--volume", volume, "tasklane", "sh", "-c", script).split()
