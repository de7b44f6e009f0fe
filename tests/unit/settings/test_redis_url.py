"""The Redis URLs, as the clouds print them and as people mistype them."""

from pathlib import Path
from urllib.parse import quote

import pytest

from core.addresses.redis import Node, RedisAddress
from core.addresses.tls import Tls
from core.errors import ConfigurationError
from core.settings import Settings
from tests.stack import environment, settings

SPECIAL = "p@ss:w/rd?#[%]&= 'ü"
HIDDEN = "s3cr3t"
ENCRYPTED = Tls()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", RedisAddress("single", (Node("localhost", 6379),))),
        ("redis://h", RedisAddress("single", (Node("h", 6379),))),
        ("valkey://h:1/2", RedisAddress("single", (Node("h", 1),), db=2)),
        ("redis://h/?db=3", RedisAddress("single", (Node("h", 6379),), db=3)),
        ("redis://[::1]:7/0", RedisAddress("single", (Node("::1", 7),))),
        ("rediss://h", RedisAddress("single", (Node("h", 6379),), tls=ENCRYPTED)),
        ("valkeys://h", RedisAddress("single", (Node("h", 6379),), tls=ENCRYPTED)),
        (
            "rediss://default:pw@h.example:6380",
            RedisAddress("single", (Node("h.example", 6380),), username="default", password="pw", tls=ENCRYPTED),
        ),
        ("unix:///run/redis.sock", RedisAddress("single", path="/run/redis.sock")),
        ("unix://:pw@/run/a%20b?db=4", RedisAddress("single", path="/run/a b", password="pw", db=4)),
        (
            "redis+sentinel://a,b:5,[::1]/main/6",
            RedisAddress("sentinel", (Node("a", 26379), Node("b", 5), Node("::1", 26379)), master="main", db=6),
        ),
        (
            "rediss+sentinel://u:pw@a/main?sentinel_username=s&sentinel_password=t%26+",
            RedisAddress(
                "sentinel",
                (Node("a", 26379),),
                username="u",
                password="pw",
                tls=ENCRYPTED,
                master="main",
                sentinel_username="s",
                sentinel_password="t&+",
            ),
        ),
        ("redis+cluster://a:1,b", RedisAddress("cluster", (Node("a", 1), Node("b", 6379)))),
        ("rediss+cluster://:pw@a/0", RedisAddress("cluster", (Node("a", 6379),), password="pw", tls=ENCRYPTED)),
    ],
)
def test_every_form_is_read(url: str, expected: RedisAddress) -> None:
    """One server by TCP, TLS or a socket; Sentinels; a cluster."""
    assert RedisAddress.parse(url) == expected


def test_a_password_may_hold_anything() -> None:
    """Percent-encoded, every character of it arrives as it is, and none of it is printed."""
    special = quote(SPECIAL, safe="")
    address = RedisAddress.parse(
        f"redis+sentinel://{special}:{special}@h/{special}/1?sentinel_username=u&sentinel_password={special}"
    )
    assert address.username == address.password == address.sentinel_password == address.master == SPECIAL
    hidden = RedisAddress.parse(f"redis+sentinel://u:{HIDDEN}@h/m?sentinel_password={HIDDEN}")
    assert HIDDEN not in repr(hidden)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("h:6379", "must be a URL of one of these"),
        ("http://h", "must be a URL of one of these"),
        (f"redis:/{HIDDEN}@h", "must be a URL of one of these"),
        ("redis://h/name", "names a database that is no number"),
        ("redis://h/-1", "names a database that is no number"),
        ("redis://h/0/1", "has more in its path"),
        ("redis://a,b", r"names several hosts: that is redis\+sentinel:// or redis\+cluster://"),
        (f"redis://{HIDDEN}@h", "names a user without a password"),
        (f"redis://u:{HIDDEN}/p@h", "cannot be read"),
        (f"redis://u:{HIDDEN}#p@h", "cannot be read"),
        (f"redis://u:1?{HIDDEN}=@h", "cannot be read"),
        (f"redis://u:1?{HIDDEN}@h", "cannot be read"),
        ("redis://h:0", "cannot be read"),
        ("redis://h:65536", "cannot be read"),
        ("redis://h:port", "cannot be read"),
        ("redis://[::1", "cannot be read"),
        ("redis://::1", "cannot be read"),
        ("redis://h?db=1&db=2", "gives a query parameter twice"),
        ("redis://h?socket_timeout=5", "has a query parameter that means nothing here: socket_timeout"),
        ("redis://h?ssl_certfile=x", "has a query parameter that means nothing here: ssl_certfile"),
        ("redis://h?sentinel_password=x", "has a query parameter that means nothing here: sentinel_password"),
        ("rediss://h?ssl_version=3&decode=yes", "means nothing here: ssl_version, decode"),
        ("unix://run/redis.sock", "has three slashes"),
        ("unix://", "has three slashes"),
        ("redis+sentinel://h", "names no master"),
        ("redis+sentinel://h//1", "names no master"),
        ("redis+sentinel://h/main/one", "names a database that is no number"),
        ("redis+cluster://h/1", "a cluster has none but 0"),
        ("rediss://h?ssl_cert_reqs=perhaps", "ssl_cert_reqs must be"),
        ("rediss://h?ssl_check_hostname=perhaps", "ssl_check_hostname must be"),
        ("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=true", "ssl_check_hostname cannot be true"),
        ("rediss://h?ssl_ca_certs=/nowhere", "ssl_ca_certs cannot be read: No such file or directory"),
        ("rediss://h?ssl_certfile=/nowhere", "ssl_certfile cannot be read: No such file or directory"),
        ("rediss://h?ssl_ca_certs={empty}", "ssl_ca_certs holds no certificates"),
        ("rediss://h?ssl_certfile={empty}", "ssl_certfile and ssl_keyfile cannot be used together"),
        ("rediss://h?ssl_keyfile={empty}", "ssl_keyfile needs an ssl_certfile"),
    ],
)
@pytest.mark.parametrize("name", ["REDIS_URL", "WORKER_REDIS_URL"])
def test_what_cannot_work_stops_the_start(name: str, url: str, sentence: str, tmp_path: Path) -> None:
    """The sentence names the setting and what is wrong, and repeats no secret."""
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(ConfigurationError, match=f"^{name}: .*{sentence}") as refused:
        read(**{name: url.format(empty=empty)})
    assert HIDDEN not in str(refused.value)


def test_whom_to_trust_can_be_said() -> None:
    """With nobody checked, no name is; a name alone can be waived."""
    assert RedisAddress.parse("rediss://h?ssl_cert_reqs=none").tls == Tls(verify=False, check_hostname=False)
    assert RedisAddress.parse("rediss://h?ssl_cert_reqs=CERT_REQUIRED").tls == Tls()
    assert RedisAddress.parse("rediss://h?ssl_check_hostname=no").tls == Tls(check_hostname=False)


def test_the_queue_lives_where_the_cache_does_unless_it_is_told() -> None:
    """A cluster cannot be its place, so there it must be told."""
    assert read(REDIS_URL="redis://cache").worker_redis == RedisAddress.parse("redis://cache")
    both = read(REDIS_URL="redis+cluster://cache", WORKER_REDIS_URL="redis://queue/1")
    assert (both.redis.kind, both.worker_redis) == ("cluster", RedisAddress.parse("redis://queue/1"))
    with pytest.raises(ConfigurationError, match="WORKER_REDIS_URL is not set, and REDIS_URL is a cluster"):
        read(REDIS_URL="redis+cluster://cache")
    with pytest.raises(ConfigurationError, match="WORKER_REDIS_URL must not be a cluster"):
        read(REDIS_URL="redis://cache", WORKER_REDIS_URL="redis+cluster://queue")


def read(*, REDIS_URL: str = "redis://h", **overrides: str) -> Settings:  # noqa: N803  # as in the environment
    return settings(environment("postgresql://nobody@h/d", REDIS_URL, **overrides))
