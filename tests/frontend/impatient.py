"""The API as it is, but for two waits: it may fetch keys at any time, not once a minute, and has a shorter leeway."""

from starlette.types import ASGIApp

from api import main
from api.auth import claims, jwks, memo

LEEWAY = 10.0
"""Seconds for which it honours a token beyond its end; the unit tests have the product's own."""


def create_app() -> ASGIApp:
    jwks.PAUSE = 0.0
    claims.LEEWAY = memo.LEEWAY = LEEWAY  # type: ignore[attr-defined]  # the memo has it from there
    app: ASGIApp = main.create_app()
    return app
