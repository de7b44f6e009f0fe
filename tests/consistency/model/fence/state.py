"""What a state of the model consists of: immutable tuples, so that a search can visit every interleaving."""

from enum import IntEnum
from typing import NamedTuple


class Version(NamedTuple):
    """A state of the list: how many commits it shows (the truth), and the revision it is labelled with."""

    content: int
    revision: int


NOTHING = Version(-1, -1)


class Hash(NamedTuple):
    """The user's Redis hash; `values` has a place for each variant."""

    fence: int
    lease: int
    values: tuple[Version, ...]


class At(IntEnum):
    """How far a process has come."""

    IDLE = 0
    OPENED = 1  # a reader holds the lease
    ROWS = 2  # a reader has the rows and not yet the revision; a mutant only
    QUERIED = 3  # a reader has its result and not yet the lease; a mutant only
    READ = 4  # a reader has its result and may fill
    LOCKED = 5  # a writer holds the list row and its revision
    RAISED = 6  # a writer or the worker has raised the fence; the writer may commit, the worker record
    UNRENEWED = 7  # as RAISED, but the TTL runs on as before: the call was lost, or a mutant
    COMMITTED = 8
    CONFIRMED = 9  # a writer has raised the fence again; it may acknowledge
    PEEKED = 10  # the worker knows what to publish
    RECORDED = 11  # the worker has recorded and not yet published; a mutant only


class Doubt(IntEnum):
    """Whether the worker knows that Redis is the one it published to."""

    NONE = 0
    OPEN = 1
    CLEARING = 2  # this round began in doubt, and will end it


class Reader(NamedTuple):
    at: At
    lease: int
    version: Version


class Writer(NamedTuple):
    at: At
    version: Version


class Worker(NamedTuple):
    at: At
    version: Version
    doubt: Doubt


NO_LEASE = 0
RESTING_READER = Reader(At.IDLE, NO_LEASE, NOTHING)
RESTING_WRITER = Writer(At.IDLE, NOTHING)


class State(NamedTuple):
    """Everything that decides what may happen next, and the two histories that promises speak about."""

    db: Version
    published: int
    hash: Hash | None
    saved: Hash | None  # what Redis would come back with after a restart
    restarts: int  # how many are still to come
    readers: tuple[Reader, ...]
    writers: tuple[Writer, ...]
    workers: tuple[Worker, ...]
    acknowledged: int  # the newest content whose write was acknowledged
    covered: int  # the newest content that a finished round of the worker has seen
