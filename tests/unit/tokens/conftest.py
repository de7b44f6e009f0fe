"""An authenticator in each configuration, and what it says of tokens."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api.auth import Authenticator, refusal
from tests.tokens import (
    SECRET,
    Clock,
    auth_settings,
)
from tests.unit.tokens.forgeries import (
    ISSUER,
    KEYS,
    NOW,
)


@pytest.fixture(scope="session")
def jwks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("auth") / "jwks.json"
    file.write_text(json.dumps({"keys": KEYS}))
    return file


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def make(jwks_file: Path, clock: Clock) -> Callable[[str], Authenticator]:
    def make(configuration: str) -> Authenticator:
        keys, _, checked = configuration.partition(" ")
        settings = auth_settings(
            secret=SECRET if keys in ("secret", "both") else None,
            jwks_file=jwks_file if keys in ("jwks", "both") else None,
            issuer=ISSUER if checked else None,
            audience=ISSUER if checked else None,
        )
        return Authenticator.from_settings(settings, clock=clock)

    return make


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reasons that the debug log was given, in order."""
    heard: list[str] = []

    class Log:
        def debug(self, event: str, *, reason: str) -> None:
            assert event == "token_refused"
            heard.append(reason)

        def warning(self, event: str, *, reason: str, tokens: int) -> None:
            assert (event, reason in heard, tokens > 0) == ("tokens_refused", True, True)

    monkeypatch.setattr(refusal, "_log", Log())
    return heard
