"""Every setting, read once from the environment, `.env` and files; a value that cannot work stops the start."""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.addresses.postgres import PostgresAddress
from core.addresses.redis import RedisAddress
from core.errors import ConfigurationError

MINIMUM_SECRET_BYTES = 32
"""RFC 7518, section 3.2: an HS256 key is at least as long as the hash."""

LONGEST_PERIOD = 3600
"""What the worker's schedule has room for."""

_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_USUAL_PORT = re.compile(r"http:.*:0*80|https:.*:0*443")
_PREFIX = re.compile(r"(?:/(?:[A-Za-z0-9._~-]+|\{user_id\}))*/[A-Za-z0-9._~-]+")

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DatabaseSettings(BaseSettings):
    """What a migration needs to know."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: SecretStr = Field(validation_alias=AliasChoices("NEON_DB_URL", "DATABASE_URL"))

    @classmethod
    def load(cls) -> Self:
        """Read the settings; raises `ConfigurationError` with a sentence that names what is wrong.

        In the folder that `SECRETS_DIR` names, each file with a setting's name holds its value.
        """
        try:
            return cls(_secrets_dir=_secrets_dir())
        except ValidationError as error:
            raise ConfigurationError(_explain(error)) from None
        except UnicodeDecodeError:
            raise ConfigurationError(".env, or a file in SECRETS_DIR, is not UTF-8 text") from None
        except OSError as error:
            raise ConfigurationError(f"SECRETS_DIR: {error.strerror}: {error.filename}") from None

    @cached_property
    def database(self) -> PostgresAddress:
        """The servers among which PostgreSQL's primary is, for services and migrations alike."""
        return PostgresAddress.parse(self.database_url.get_secret_value())

    @field_validator("database_url")
    @classmethod
    def _database_url_is_postgresql(cls, value: SecretStr) -> SecretStr:
        PostgresAddress.parse(value.get_secret_value())
        return value


class Settings(DatabaseSettings):
    """Names in the environment are the field names in capitals; durations are seconds unless the name says else."""

    database_pool_size: int = Field(default=8, ge=1, le=200)
    database_timeout: Seconds = 2.5
    """All of one transaction as a request sees it: waiting for a connection, connecting, every answer."""
    database_statement_timeout: Seconds = 2
    database_idle_in_transaction_timeout: Seconds = 5
    database_recycle: Seconds = 1800

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    worker_redis_url: SecretStr | None = None
    """Where the worker's queue lives; None: where the cache does."""
    redis_timeout: Seconds = 0.1
    redis_retry_after: Seconds = 1
    cache_ttl: int = Field(default=300, ge=10, le=86_400)

    cache_bytes_per_user: int = Field(default=1_048_576, ge=262_144)
    """What one user's answers take in Redis."""

    better_auth_secret: SecretStr | None = None
    auth_jwks_url: str | None = None
    auth_jwks_file: Path | None = None
    auth_issuer: str | None = None
    auth_audience: str | None = None
    auth_user_claim: Annotated[tuple[str, ...], NoDecode] = ("sub",)
    """The claims of a token that may name its user: the first of them that it has."""

    better_auth_url: str | None = None
    """The public address, where the sign-in is this stack's own."""

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    mcp: bool = False
    """Whether assistants are served, at `/mcp`."""
    mcp_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names by which assistants reach it, beside those that follow from the settings above."""
    calendars_over_http: bool = False
    """Whether calendars' passwords may come without TLS from elsewhere than this machine."""
    task_list_shape: Literal["array", "object"] = "array"
    task_prefixes: Annotated[tuple[str, ...], NoDecode] = ()
    """Paths under which tasks are looked for besides; `{user_id}` in one stands for the user."""
    delete_answer: Literal["204", "200"] = "204"
    unknown_members: Literal["report", "refuse"] = "report"
    body_limit_bytes: int = Field(default=65_536, ge=1024)
    direct_hits: bool = True
    """Whether hits are answered where the bytes arrive, by the protocol that the start command names."""

    worker_publish_period: int = Field(default=1, ge=1, le=60)
    worker_purge_period: int = Field(default=300, ge=1, le=LONGEST_PERIOD)
    worker_erase_period: int = Field(default=5, ge=1, le=LONGEST_PERIOD)
    worker_audit_period: int = Field(default=60, ge=1, le=LONGEST_PERIOD)
    worker_audit_sample: int = Field(default=100, ge=1)
    worker_quiet_period: int = Field(default=3600, ge=0)
    """For so long the database is left alone while nothing is cached; 0: it never is."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Where Prometheus finds the worker's metrics; 0: nowhere."""
    trash_retention_days: int = Field(default=30, ge=0)
    idempotency_retention_hours: int = Field(default=24, ge=1)

    limit_reads_rate: float = Field(default=100, ge=0, allow_inf_nan=False)
    """Requests per second and user that reach a route (cache hits do not); 0: no limit."""
    limit_reads_burst: int = Field(default=1000, ge=1)
    limit_writes_rate: float = Field(default=50, ge=0, allow_inf_nan=False)
    limit_writes_burst: int = Field(default=500, ge=1)

    limit_tasks: int = Field(default=100_000, ge=0)
    """Tasks that a user may have, those in the trash included; 0: no limit."""

    limit_streams: int = Field(default=10_000, ge=0)
    """Event streams that a process holds."""
    limit_streams_per_user: int = Field(default=10, ge=1)
    """And those among them that are of one user."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"
    slow_request: Seconds = 1

    @field_validator("cors_origins", "task_prefixes", "auth_user_claim", "mcp_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_as_browsers_send_them(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin) or _USUAL_PORT.fullmatch(origin):
                raise ValueError(
                    "must be origins as browsers send them, with commas between: scheme and host in small letters, and "
                    "a port that is not the usual one; no path, no slash at the end, no quotes"
                )
        return value

    @field_validator("better_auth_secret", "auth_jwks_url", "auth_issuer", "auth_audience")
    @classmethod
    def _nothing_hangs_on_it(cls, value: SecretStr | str | None) -> SecretStr | str | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and text != text.strip():
            raise ValueError("must not begin or end with white space, such as the end of a line: no token would fit it")
        return value

    @field_validator("task_prefixes")
    @classmethod
    def _prefixes_are_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in value:
            if not _PREFIX.fullmatch(prefix) or prefix.count("{") > 1:
                raise ValueError("each must be a path such as /v2/todos or /v2/{user_id}/todos")
        return value

    @field_validator("redis_url", "worker_redis_url")
    @classmethod
    def _redis_url_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            RedisAddress.parse(value.get_secret_value())
        return value

    @field_validator("better_auth_secret")
    @classmethod
    def _secret_is_strong(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"must be at least {MINIMUM_SECRET_BYTES} bytes; `openssl rand -base64 32` makes one")
        return value

    @cached_property
    def redis(self) -> RedisAddress:
        """Where the cache is."""
        return RedisAddress.parse(self.redis_url.get_secret_value())

    @cached_property
    def worker_redis(self) -> RedisAddress:
        """Where the worker's queue is."""
        return RedisAddress.parse((self.worker_redis_url or self.redis_url).get_secret_value())

    @model_validator(mode="after")
    def _the_queue_lives_on_no_cluster(self) -> Self:
        if self.worker_redis.kind == "cluster":
            raise ValueError(
                "WORKER_REDIS_URL must not be a cluster: the worker's queue cannot live on one"
                if self.worker_redis_url
                else "WORKER_REDIS_URL is not set, and REDIS_URL is a cluster, on which the worker's queue cannot live"
            )
        return self

    @model_validator(mode="after")
    def _announcements_outlive_transactions(self) -> Self:
        if self.cache_ttl < 2 * self.database_timeout:
            raise ValueError("CACHE_TTL must be at least twice DATABASE_TIMEOUT, or a write outlives its announcement")
        return self

    @model_validator(mode="after")
    def _some_key_verifies_tokens(self) -> Self:
        if self.auth_jwks_url and self.auth_jwks_file:
            raise ValueError("AUTH_JWKS_URL and AUTH_JWKS_FILE are both set; give one")
        if not (self.better_auth_secret or self.auth_jwks_url or self.auth_jwks_file):
            raise ValueError("no token can be verified: set AUTH_JWKS_URL, AUTH_JWKS_FILE or BETTER_AUTH_SECRET")
        if self.auth_jwks_url and not self.auth_jwks_url.startswith(("https://", "http://")):
            raise ValueError("AUTH_JWKS_URL must be an http or https URL")
        return self


def _secrets_dir() -> Path | None:
    """Raises `OSError` if it is named and cannot be read: pydantic-settings would only warn."""
    if not (name := os.environ.get("SECRETS_DIR")):
        return None
    folder = Path(name)
    next(folder.iterdir(), None)
    return folder


def _explain(error: ValidationError) -> str:
    """One sentence per wrong setting, by the name that it has in the environment, never with its value."""
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        name = str(item["loc"][0]).upper() if item["loc"] else ""
        name = {"NEON_DB_URL": "NEON_DB_URL (or DATABASE_URL)"}.get(name, name)
        reason = "is not set" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {reason}" if name else reason)
    return "; ".join(lines)
