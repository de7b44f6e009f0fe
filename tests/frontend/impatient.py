"""The API as it is, but that it may fetch keys at any time instead of once a minute: a test need not wait so long."""

from starlette.types import ASGIApp

from api import main
from api.auth import jwks


def create_app() -> ASGIApp:
    jwks.PAUSE = 0.0
    app: ASGIApp = main.create_app()
    return app
