"""The product within the process of the tests."""

import logging

import structlog
from starlette.types import ASGIApp

from api.main import create_app
from core.settings import Settings


def application(settings: Settings) -> ASGIApp:
    """The API. Logs stay as they are: once configured, a logger keeps what it has, and no other test could catch it."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        return create_app(settings)
    finally:
        structlog.configure(**before)
        root.handlers = handlers
        root.setLevel(level)
