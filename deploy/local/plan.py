"""What one `make up` uses: the user's own settings where there are any, this machine's servers elsewhere."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dotenv import dotenv_values

from core.errors import ConfigurationError
from deploy.local.folder import LocalFolder

TOP = Path(__file__).resolve().parents[2]
"""Where the product's modules, `alembic.ini` and `.env` are."""

HOST = "127.0.0.1"
DEFAULT_PORT = "8000"
LAST_PORT = 65_535
CORS_ORIGINS = ",".join(
    f"http://{host}:{port}" for port in (3000, 3001, 4200, 5173, 5174, 8080) for host in ("localhost", "127.0.0.1")
)
"""Where the usual frontend servers listen in development."""

LOCAL_NAME = "tasklane-local"
"""Issuer and audience of the tokens made here: a name, not an address, so that they outlive a change of `PORT`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The environment over `.env`, as the product itself reads them; what is empty is not set."""

    folder: LocalFolder
    port: int
    settings: Mapping[str, str]

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, *, env_file: Path = TOP / ".env") -> Self:
        """Raises `ConfigurationError` for a `PORT` that is none."""
        sources = (dotenv_values(env_file), environment)
        settings = {name.upper(): value for source in sources for name, value in source.items() if value}
        folder = LocalFolder(TOP / settings.get("TASKLANE_LOCAL_DIR", ".local"))
        return cls(folder, _port(settings.get("PORT", DEFAULT_PORT)), settings)

    @property
    def url(self) -> str:
        """The API's."""
        return f"http://{HOST}:{self.port}"

    @property
    def database_url(self) -> str | None:
        """The user's own database; None: start one."""
        return self.settings.get("NEON_DB_URL") or self.settings.get("DATABASE_URL")

    @property
    def auth_database_url(self) -> str | None:
        """The user's own database for the sign-in; None: one beside the tasks', if that is ours."""
        return self.settings.get("AUTH_DATABASE_URL")

    @property
    def redis_url(self) -> str | None:
        """The user's own Redis; None: start one."""
        return self.settings.get("REDIS_URL")

    @property
    def key_set(self) -> str | None:
        """Where the keys for tokens of Better Auth come from, if they do."""
        return self.settings.get("AUTH_JWKS_URL") or self.settings.get("AUTH_JWKS_FILE")

    @property
    def secret(self) -> str | None:
        """The user's shared secret, else the folder's if one was made; None where only a key set verifies tokens."""
        return self.settings.get("BETTER_AUTH_SECRET") or (None if self.key_set else self.folder.secret())

    @property
    def issuer(self) -> str | None:
        """What tokens must name as theirs; None: anything."""
        return self.settings.get("AUTH_ISSUER") or self._own_name

    @property
    def audience(self) -> str | None:
        """Whom tokens must be for; None: anyone."""
        return self.settings.get("AUTH_AUDIENCE") or self._own_name

    @property
    def _own_name(self) -> str | None:
        """In tokens that nobody else signs; of others nothing is demanded that nobody has told them of."""
        return None if self.key_set or self.settings.get("BETTER_AUTH_SECRET") else LOCAL_NAME

    @property
    def demands(self) -> str:
        """What a token must be, in words."""
        ways = [*(["HS256 with BETTER_AUTH_SECRET"] if self.secret else []), *(["a key set"] if self.key_set else [])]
        claims = [f'{name} "{value}"' for name, value in (("iss", self.issuer), ("aud", self.audience)) if value]
        user = self.settings.get("AUTH_USER_CLAIM") or "sub"
        return f"{' or '.join(ways)}; exp, {user}, {', '.join(claims) or 'any iss and aud'}"

    @property
    def no_sign_in(self) -> str | None:
        """Why the stack must do without a sign-in of its own, and so without the page; None when it need not."""
        if self.key_set:
            return "AUTH_JWKS_URL or AUTH_JWKS_FILE names another sign-in"
        if self.database_url and not self.auth_database_url:
            return "the sign-in needs a database of its own, AUTH_DATABASE_URL, when you bring yours for the tasks"
        return None

    def environment(self, *, database_url: str, redis_url: str) -> dict[str, str]:
        """What the API, the worker and the migrations run with; makes the folder's secret when one is needed."""
        chosen = {"NEON_DB_URL": database_url, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        if not self.key_set and not self.secret:
            self.folder.make_secret()
        if self.secret:
            chosen["BETTER_AUTH_SECRET"] = self.secret
        expected = {"AUTH_ISSUER": self.issuer, "AUTH_AUDIENCE": self.audience}
        chosen |= {name: value for name, value in expected.items() if value}
        return {**os.environ, "CORS_ORIGINS": self.settings.get("CORS_ORIGINS", CORS_ORIGINS), **chosen}

    def auth_environment(self, *, database_url: str) -> dict[str, str]:
        """What the sign-in runs with; makes its secret when there is none."""
        origins = [f"http://localhost:{self.port}", self.settings.get("AUTH_TRUSTED_ORIGINS", "")]
        return {
            **os.environ,
            **{name: value for name, value in self.settings.items() if name.startswith("AUTH_")},
            "AUTH_DATABASE_URL": database_url,
            "AUTH_ISSUER": self.issuer or "",
            "AUTH_AUDIENCE": self.audience or "",
            "AUTH_TRUSTED_ORIGINS": ",".join(filter(None, origins)),
            "BETTER_AUTH_URL": self.url,
            "BETTER_AUTH_SECRET": self.folder.auth_secret(),
        }


def _port(value: str) -> int:
    if not (value.isdecimal() and 1 <= int(value) <= LAST_PORT):
        raise ConfigurationError(f"PORT must be a number from 1 to {LAST_PORT}")
    return int(value)
