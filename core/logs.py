"""Structured logs: fixed event names, data in fields; never a token, a secret or a task's text."""

import logging
import sys
import traceback
from hashlib import blake2b
from pathlib import PurePath

import structlog

from core.settings import Settings
from core.types import UserId


def configure(settings: Settings) -> None:
    """Send this process's logs, those of the libraries included, to standard error: JSON unless it is a terminal."""
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _without_message,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "arq"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # the gateway writes a line per healthy request
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("arq").setLevel(max(level, logging.WARNING))  # else a line per job and second


def _without_message(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A library's exception by its type and place."""
    exc_info = event.pop("exc_info", None)
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        event.update(error=type(error).__name__, frames=frames(error))
    return event


def user_hash(user: UserId) -> str:
    """Tells a user's lines apart without naming them."""
    return blake2b(user.encode(), digest_size=6).hexdigest()


def frames(error: BaseException, *, last: int = 8) -> list[str]:
    """Where it was raised, without its message: a database's may quote a row."""
    found = traceback.extract_tb(error.__traceback__)[-last:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in found]
