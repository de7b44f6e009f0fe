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
CORS_ORIGINS = "http://localhost:3000,http://localhost:5173,http://127.0.0.1:3000,http://127.0.0.1:5173"
"""Where the usual frontend servers listen in development."""


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

    def environment(self, *, database_url: str, redis_url: str) -> dict[str, str]:
        """What the API, the worker and the migrations run with; makes the folder's secret when one is needed."""
        chosen = {"NEON_DB_URL": database_url, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        if not self.key_set and not self.secret:
            self.folder.make_secret()
        if self.secret:
            chosen["BETTER_AUTH_SECRET"] = self.secret
        return {**os.environ, "CORS_ORIGINS": self.settings.get("CORS_ORIGINS", CORS_ORIGINS), **chosen}


def _port(value: str) -> int:
    if not (value.isdecimal() and 1 <= int(value) <= LAST_PORT):
        raise ConfigurationError(f"PORT must be a number from 1 to {LAST_PORT}")
    return int(value)
