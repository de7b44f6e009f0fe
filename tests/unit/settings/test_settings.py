"""A configuration that cannot work stops the start with a sentence that names the setting, never with its value."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from core.addresses.postgres import Host
from core.errors import ConfigurationError
from core.settings import Settings
from tests.here import application
from tests.stack import TOP, environment, settings
from tests.tokens import SECRET

EXAMPLE = TOP / ".env.example"
GOOD = environment("postgresql://nobody@127.0.0.1:1/nowhere", "redis://127.0.0.1:1/0")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own `.env` is not read."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://nobody@127.0.0.1/nowhere"),
        ("DATABASE_URL", "sqlite:///nowhere.db"),
        ("DATABASE_URL", "nowhere"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_SIZE", "201"),
        ("DATABASE_POOL_SIZE", "several"),
        ("DATABASE_TIMEOUT", "0"),
        ("DATABASE_TIMEOUT", "-2.75"),
        ("DATABASE_TIMEOUT", "inf"),
        ("DATABASE_STATEMENT_TIMEOUT", "0"),
        ("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT", "0"),
        ("DATABASE_RECYCLE", "never"),
        ("DATABASE_RECYCLE", "inf"),
        ("REDIS_TIMEOUT", "0"),
        ("REDIS_TIMEOUT", "nan"),
        ("REDIS_RETRY_AFTER", "inf"),
        ("CACHE_TTL", "9"),
        ("CACHE_TTL", "86401"),
        ("CACHE_TTL", "5 minutes"),
        *(
            ("CORS_ORIGINS", origins)
            for origins in (
                *("https://app.example/", '["https://app.example"]', '"https://app.example"', "app.example"),
                *("https://App.example", "https://a.example;https://b.example", "https://a.example https://b.example"),
                *(
                    "https://app.example:443",
                    "http://app.example:80",
                    "https://app.example/page",
                    "https://m\u00fcller.example",
                ),
                *("https://a.example,https://b.example/", "https://*.example", "https://", "localhost:3000"),
            )
        ),
        ("REDIS_URL", "redis://127.0.0.1/name"),
        *((f"WORKER_{name}_PERIOD", "3601") for name in ("PURGE", "ERASE", "AUDIT")),
        ("BETTER_AUTH_SECRET", SECRET + "\n"),
        ("BETTER_AUTH_SECRET", " " + SECRET),
        ("AUTH_JWKS_URL", "https://auth.example/jwks\n"),
        ("AUTH_ISSUER", "https://auth.example\n"),
        ("AUTH_AUDIENCE", "tasks "),
        ("BETTER_AUTH_SECRET", ""),
        ("BETTER_AUTH_SECRET", "a-secret-of-thirty-one-bytes-ab"),
        ("AUTH_JWKS_URL", "ftp://auth.example/jwks"),
        ("AUTH_JWKS_URL", "auth.example/jwks"),
        ("TASK_LIST_SHAPE", "table"),
        ("TASK_PREFIXES", "v2/tasks"),
        ("TASK_PREFIXES", "/v2/tasks/"),
        ("TASK_PREFIXES", "/v2/{user}/tasks"),
        ("TASK_PREFIXES", "/v2/{user_id}/{user_id}/tasks"),
        ("TASK_PREFIXES", "/v2//tasks"),
        ("DELETE_ANSWER", "404"),
        ("UNKNOWN_MEMBERS", "ignore"),
        ("BODY_LIMIT_BYTES", "1023"),
        ("BODY_LIMIT_BYTES", "64 KiB"),
        ("DIRECT_HITS", "sometimes"),
        ("MCP", "perhaps"),
        ("WORKER_PUBLISH_PERIOD", "0"),
        ("WORKER_PURGE_PERIOD", "0"),
        ("WORKER_AUDIT_SAMPLE", "0"),
        ("WORKER_METRICS_PORT", "65536"),
        ("TRASH_RETENTION_DAYS", "-1"),
        ("IDEMPOTENCY_RETENTION_HOURS", "0"),
        ("LIMIT_READS_RATE", "-1"),
        ("LIMIT_READS_RATE", "inf"),
        ("LIMIT_WRITES_BURST", "0"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://:pass-7f3a@redis:99999/0"),
        ("WORKER_REDIS_URL", "redis://:pass-7f3a@redis/name"),
        ("WORKER_REDIS_URL", "redis+cluster://:pass-7f3a@redis"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("SLOW_REQUEST", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """The sentence names the setting and does not repeat what it holds."""
    with pytest.raises(ConfigurationError) as refused:
        settings({**GOOD, name: value})
    sentence = str(refused.value)
    assert name in sentence
    assert len(value) < 3 or value not in sentence
    assert "\n" not in sentence


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Whoever configures the service does not find the mistakes one start at a time."""
    with pytest.raises(ConfigurationError) as refused:
        settings({**GOOD, "CACHE_TTL": "0", "LOG_LEVEL": "loud", "BETTER_AUTH_SECRET": "weak"})
    assert all(name in str(refused.value) for name in ("CACHE_TTL", "LOG_LEVEL", "BETTER_AUTH_SECRET"))


def test_two_sources_of_one_key_set_are_refused() -> None:
    """Nobody has to guess which of the two counts."""
    with pytest.raises(ConfigurationError, match=r"AUTH_JWKS_URL.*AUTH_JWKS_FILE"):
        settings({**GOOD, "AUTH_JWKS_URL": "https://auth.example/jwks", "AUTH_JWKS_FILE": "jwks.json"})


@pytest.mark.parametrize(
    ("secret", "accepted"), [("s" * 32, True), ("\N{SNOWMAN}" * 11, True), ("\N{SNOWMAN}" * 10, False)]
)
def test_the_secrets_strength_is_counted_in_bytes(secret: str, accepted: bool) -> None:  # noqa: FBT001
    """32 bytes suffice, however few characters they are."""
    values = {**GOOD, "BETTER_AUTH_SECRET": secret}
    if accepted:
        assert settings(values).better_auth_secret is not None
    else:
        with pytest.raises(ConfigurationError, match="BETTER_AUTH_SECRET: must be at least 32 bytes"):
            settings(values)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://user:pass@ep-cool-pooler.neon.tech/tasklane?sslmode=require&channel_binding=require",
        "postgresql://user:pass@ep-cool-pooler.neon.tech/tasklane?sslmode=require&channel_binding=require",
        "postgresql+psycopg2://user:pass@ep-cool-pooler.neon.tech/tasklane?sslmode=require&channel_binding=require",
    ],
)
def test_a_database_url_is_understood_as_neon_prints_it(url: str) -> None:
    """Every usual scheme becomes what libpq reads, with the query parameters kept."""
    read = settings({**GOOD, "DATABASE_URL": "", "NEON_DB_URL": url}).database
    assert read.hosts == (Host("ep-cool-pooler.neon.tech"),)
    assert read.parameters == {
        "user": "user",
        "password": "pass",
        "dbname": "tasklane",
        "sslmode": "require",
        "channel_binding": "require",
    }


def test_neons_name_of_the_database_url_wins() -> None:
    """`NEON_DB_URL` counts where both are set."""
    read = settings({**GOOD, "NEON_DB_URL": "postgresql://nobody@127.0.0.1:1/neon"})
    assert read.database.parameters["dbname"] == "neon"


def test_an_empty_setting_is_not_set() -> None:
    """A line that `.env` leaves empty has the default."""
    assert settings({**GOOD, "CACHE_TTL": "", "AUTH_ISSUER": ""}).cache_ttl == 300


def test_a_setting_can_be_read_from_a_file(tmp_path: Path) -> None:
    """A file in SECRETS_DIR with a setting's name, in either case, holds its value; a line break at the end is none."""
    (tmp_path / "NEON_DB_URL").write_text("postgresql://user:pass@127.0.0.1/filed\n")
    (tmp_path / "better_auth_secret").write_text("s" * 32 + "\n")
    (tmp_path / "unrelated").write_text("whatever")
    read = settings({"SECRETS_DIR": str(tmp_path), "REDIS_URL": GOOD["REDIS_URL"]})
    assert read.database.parameters == {"user": "user", "password": "pass", "dbname": "filed"}
    assert read.better_auth_secret is not None
    assert read.better_auth_secret.get_secret_value() == "s" * 32


def test_the_environment_wins_over_a_file(tmp_path: Path) -> None:
    """A file is where a setting is looked for last."""
    (tmp_path / "CACHE_TTL").write_text("77")
    assert settings({**GOOD, "SECRETS_DIR": str(tmp_path)}).cache_ttl == 77
    assert settings({**GOOD, "SECRETS_DIR": str(tmp_path), "CACHE_TTL": "88"}).cache_ttl == 88


def test_a_secret_from_a_file_is_checked_and_not_repeated(tmp_path: Path) -> None:
    """It is named as the setting that it is."""
    (tmp_path / "BETTER_AUTH_SECRET").write_text("too-weak-91")
    with pytest.raises(ConfigurationError, match="BETTER_AUTH_SECRET: must be at least 32 bytes") as refused:
        settings({**GOOD, "BETTER_AUTH_SECRET": "", "SECRETS_DIR": str(tmp_path)})
    assert "too-weak-91" not in str(refused.value)


def test_a_folder_of_secrets_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """A mount that was forgotten is not taken for one without secrets."""
    with pytest.raises(ConfigurationError, match=r"SECRETS_DIR: No such file or directory: .*missing"):
        settings({**GOOD, "SECRETS_DIR": str(tmp_path / "missing")})


def test_origins_are_a_list_with_commas() -> None:
    """Spaces and empty parts are left out."""
    read = settings({**GOOD, "CORS_ORIGINS": "https://a.example, https://b.example,"})
    assert read.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    "origin",
    [
        *("https://app.example", "http://localhost:3000", "http://[::1]:5173", "https://app.example:8443", "*"),
        *("capacitor://localhost", "chrome-extension://abcdefghijklmnop", "http://127.0.0.1:81"),
    ],
)
def test_an_origin_as_a_browser_sends_it_is_taken(origin: str) -> None:
    """Also one of an app that is no web page."""
    assert settings({**GOOD, "CORS_ORIGINS": f"{origin}, http://localhost:3001"}).cors_origins[0] == origin


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """As editors on Windows write it."""
    (tmp_path / ".env").write_text("AUTH_AUDIENCE=\u00e4\n", encoding=encoding)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="UTF-8"):
        Settings.load()


def test_no_secret_shows_in_a_repr() -> None:
    """Settings that are printed or logged by accident give nothing away."""
    read = settings({**GOOD, "DATABASE_URL": "postgresql://user:pass-7f3a@127.0.0.1/x", "REDIS_URL": "redis://:w-91@h"})
    assert not any(secret in repr(read) + str(read) for secret in (SECRET, "pass-7f3a", "w-91"))


API = ["uvicorn", "--factory", "api.main:create_app", "--app-dir", str(TOP), "--port", "0"]


@pytest.mark.parametrize("program", [API, ["worker.main"]], ids=["api", "worker"])
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"DATABASE_URL": ""}, r"NEON_DB_URL \(or DATABASE_URL\): is not set"),
        ({"BETTER_AUTH_SECRET": "too-weak-91"}, "BETTER_AUTH_SECRET: must be at least 32 bytes"),
        ({"BETTER_AUTH_SECRET": ""}, "set AUTH_JWKS_URL, AUTH_JWKS_FILE or BETTER_AUTH_SECRET"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL: must be a URL of one of these: redis://"),
    ],
)
def test_a_process_ends_with_the_sentence_alone(
    program: Sequence[str], wrong: Mapping[str, str], sentence: str, tmp_path: Path
) -> None:
    """Whoever starts the service reads what is wrong, not where in the code it was noticed."""
    ended = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(TOP), **GOOD, **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = ended.stdout + ended.stderr
    assert ended.returncode not in (0, None)
    assert re.search(sentence, output)
    assert "too-weak-91" not in output
    assert "Traceback" not in output
    assert len(output.splitlines()) == 1


def test_settings_that_are_handed_in_are_taken_as_they_are() -> None:
    """The factory reads the environment only when it gets nothing."""
    assert callable(application(settings(GOOD)))


def test_the_example_shows_every_setting_with_its_default() -> None:
    """`.env.example` names what can be set, no more and no less, and what holds when it is left out."""
    shown = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert shown == {_variable(name): _default(name) for name in Settings.model_fields}


def test_the_example_explains_every_setting() -> None:
    """One line of explanation stands above each."""
    lines = EXAMPLE.read_text().splitlines()
    above = {line: lines[number - 1] for number, line in enumerate(lines) if re.match(r"#?[A-Z_]+=", line)}
    assert [line for line, explanation in above.items() if not re.fullmatch(r"# [^-].*\.", explanation)] == []


def test_the_example_can_be_copied_as_it_is(tmp_path: Path) -> None:
    """With the two values that only the user knows, a copy means the defaults."""
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    known = {"BETTER_AUTH_SECRET": SECRET, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}
    read = settings(known)
    assert {name: getattr(read, name) for name, field in Settings.model_fields.items() if name not in _asked()} == {
        name: field.default for name, field in Settings.model_fields.items() if name not in _asked()
    }


def _asked() -> set[str]:
    return {"database_url", "better_auth_secret"}


def _variable(field: str) -> str:
    return {"database_url": "NEON_DB_URL"}.get(field, field.upper())


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if default is None or default is PydanticUndefined or default == ():
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(default)
    return str(getattr(default, "get_secret_value", lambda: default)())
