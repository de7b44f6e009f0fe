"""Everything that the product raises on purpose; `api/http/problems.py` alone knows which HTTP status each one is."""

from dataclasses import dataclass


class TasklaneError(Exception):
    """The root of the tree."""


class ConfigurationError(TasklaneError):
    """A setting is missing or cannot work; the message names it. Raised at the start only."""


class InvalidToken(TasklaneError):
    """The request carries no token, or one that proves nothing. Says no more to the client, whatever the reason was."""

    reason = "unknown"
    """A fixed snake_case word, for whoever operates the service."""


class AuthUnavailable(TasklaneError):
    """The token cannot be judged: the keys that could prove it have never been fetched."""


@dataclass
class InsufficientScope(TasklaneError):
    """The request carries a personal token that is not good for it."""

    needed: str | None
    """The scope that it lacks; None: no personal token is good for this."""


class NotFound(TasklaneError):
    """No such thing for this user: missing, deleted and someone else's look the same."""


class Resynchronise(TasklaneError):
    """What somebody has seen of a list cannot be brought up to date: they must begin anew."""


@dataclass
class PreconditionFailed(TasklaneError):
    """`If-Match` names another state than the current one, or `If-None-Match` the current one."""

    etag: str
    changed: bool = True
    """Whether it is the first of the two."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input: a JSON pointer (or `?name` for a query parameter) and a sentence."""

    pointer: str
    detail: str


class InvalidInput(TasklaneError):
    """What the client sent cannot be accepted; never echoes the input."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass
class UnsupportedMediaType(TasklaneError):
    """The body is declared as something else than what is taken."""

    types: tuple[str, ...]


class DatabaseUnavailable(TasklaneError):
    """PostgreSQL cannot be reached, is too slow, or has no connection left; the transaction did not happen."""


class OutcomeUnknown(DatabaseUnavailable):
    """The connection broke during COMMIT: the write happened once or not at all."""


class NotReady(DatabaseUnavailable):
    """The same for the orchestrator, who is told the reason: nobody else may ask."""


class RedisUnavailable(TasklaneError):
    """Redis is away, hangs, or refused the command; whoever asked does without it."""


class Redirected(RedisUnavailable):
    """Another server of the cluster has the slot, or is about to: `asking` tells the two apart."""

    def __init__(self, answer: str, host: str, port: int, *, asking: bool) -> None:
        super().__init__(answer)
        self.host = host
        self.port = port
        self.asking = asking


class KeyReused(TasklaneError):
    """An `Idempotency-Key` came back with another body than it was first used with."""


class StillRunning(TasklaneError):
    """A request with the same `Idempotency-Key` is being worked on right now."""


@dataclass
class RateLimited(TasklaneError):
    """The caller's bucket is empty; `retry_after` seconds from now it holds a token again."""

    policy: str
    retry_after: int
    headers: dict[str, str]


class TooManyStreams(TasklaneError):
    """The caller has as many event streams open as one user may have."""


class TooSlow(TasklaneError):
    """The body did not come in the time that one may take."""


class TooBusy(TasklaneError):
    """As many requests of this costly kind as may be are under way; a later one may fare better."""


@dataclass
class TooManyTasks(TasklaneError):
    """The owner has as many tasks as one may have, those in the trash included."""

    limit: int


@dataclass
class TooManyTokens(TasklaneError):
    """The owner has as many personal tokens as one may have."""

    limit: int


class BatchFailed(TasklaneError):
    """An atomic batch in which an operation failed: nothing was changed. One outcome per operation."""

    def __init__(self, outcomes: "list[TasklaneError | None]") -> None:
        super().__init__()
        self.outcomes = outcomes


@dataclass
class InvalidCalendar(TasklaneError):
    """A calendar object cannot be taken; `precondition` is what RFC 4791 (5.3.2.1) calls that which does not hold."""

    precondition: str
    detail: str
    """A sentence, with the line."""


@dataclass
class UidConflict(TasklaneError):
    """The uid is that of the owner's object of this name; or the object that has this name has another uid."""

    name: str
