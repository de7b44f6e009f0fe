"""What a state of this room consists of: immutable tuples, so that a search can visit every interleaving."""

from enum import IntEnum
from typing import NamedTuple


class Value(NamedTuple):
    """A state of the list: which commit made it (the truth; later is greater), and its revision."""

    content: int
    revision: int


NOTHING = Value(-1, -1)


class Answer(NamedTuple):
    """What one statement read: the list, and the history that it is of."""

    value: Value
    history: int


NO_HISTORY = 0
NO_ANSWER = Answer(NOTHING, NO_HISTORY)
NO_LEASE = 0
LOST_LEASE = -1
NO_ID = 0
NO_SERVER = -1
NOTHING_TOLD = -1
HIDDEN = 0


class Hash(NamedTuple):
    """The user's hash in Redis, with one cached answer; `id` is the generation that its lease is of."""

    fence: int
    lease: int
    id: int
    value: Value


class Generation(NamedTuple):
    """The key that names what cached answers are of: a server, and a history of PostgreSQL."""

    id: int
    server: int
    history: int


class Node(NamedTuple):
    """A Redis server that is a primary; `server` is what it says of itself."""

    server: int
    hash: Hash | None
    generation: Generation | None


class Note(IntEnum):
    """What the worker says of its own connection to Redis."""

    REACHED = 0
    LEAVING = 1
    AWAY = 2
    RETURNING = 3


class Database(NamedTuple):
    """What PostgreSQL holds, and loses together: the list, what was published of it, the worker's note."""

    value: Value
    published: int
    note: Note
    noted_in: int  # the history of the note


class Tail(NamedTuple):
    """What a failover has lost: the contents after the first, up to the second."""

    after: Value
    to: Value

    def lacks(self, content: int) -> bool:
        return self.after.content < content <= self.to.content


class Line(IntEnum):
    """A process's wire to a node."""

    DOWN = 0
    DOUBTED = 1  # the node was given the list's slot: its generation must be looked at again
    UP = 2  # a generation is adopted
    READS = 3  # and the note allows to read


class Wire(NamedTuple):
    line: Line
    id: int
    history: int  # both of the generation that was adopted


DOWN_WIRE = Wire(Line.DOWN, NO_ID, NO_HISTORY)


class At(IntEnum):
    """How far somebody has come."""

    IDLE = 0
    OPENED = 1  # a reader holds the lease
    READ = 2  # a reader has an answer to fill with
    WAITING = 3  # a reader has an answer that he must not show yet
    LOCKED = 4  # a writer holds the list row and its revision
    RAISED = 5  # a writer has raised the fence, or could not; the worker has
    GHOST = 6  # a writer's transaction went down with the server, its raise is still on the way
    COMMITTED = 7  # a writer must not acknowledge yet
    PEEKED = 8  # the worker knows what to publish
    PUBLISHED = 9  # the worker has published what it had to before it says that it is back


class Reader(NamedTuple):
    at: At
    lease: int
    answer: Answer


class Writer(NamedTuple):
    at: At
    value: Value
    history: int


RESTING_READER = Reader(At.IDLE, NO_LEASE, NO_ANSWER)
RESTING_WRITER = Writer(At.IDLE, NOTHING, NO_HISTORY)


class Process(NamedTuple):
    """An API process, and what runs in it."""

    met: int  # the newest history of which it has shown anything (the truth)
    wanted: int  # the history that the next generation it adopts must have
    told: int  # the newest revision that it remembers to have told Redis
    servers: tuple[int, ...]  # as it last met them
    wires: tuple[Wire, ...]
    readers: tuple[Reader, ...]
    writers: tuple[Writer, ...]


class Worker(NamedTuple):
    """The worker, and what it publishes; `returns` if it must before it says that it is back."""

    at: At
    wires: tuple[bool, ...]
    value: Value
    returns: bool


class Left(NamedTuple):
    """The faults to come."""

    failovers: int
    promotions: int
    outages: int
    moves: int


class State(NamedTuple):
    """Everything that decides what may happen next, and what the promises speak about."""

    history: int
    database: Database
    standby: Database
    floor: int  # below it no clock gives a revision any more
    lost: Tail
    nodes: tuple[Node, ...]
    at: int  # the node that has the list's slot
    replica: Node | None
    reachable: bool
    left: Left
    processes: tuple[Process, ...]
    worker: Worker
    seen: int  # the newest content that anybody was shown, the writer by an acknowledgement
