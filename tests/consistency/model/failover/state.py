"""What a state of this room consists of: immutable tuples, so that a search can visit every interleaving."""

from enum import IntEnum
from typing import NamedTuple


class Value(NamedTuple):
    """A state of the list: which commit made it (the truth; later is greater), and its revision."""

    content: int
    revision: int


NOTHING = Value(-1, -1)


class Answer(NamedTuple):
    """What one statement read: the list, the history, and whether this state needs no announcing any more."""

    value: Value
    history: int
    announced: bool


NO_ANSWER = Answer(NOTHING, 0, announced=False)
NO_LEASE = 0
LOST_LEASE = -1
NO_HISTORY = 0


class Hash(NamedTuple):
    """The user's hash in Redis, with one cached answer."""

    fence: int
    lease: int
    history: int
    value: Value


class Generation(NamedTuple):
    """The key by which processes are confirmed: the worker writes it when a server was told everything."""

    id: int
    server: int
    history: int
    covers: bool  # the slots that it names include the list's


class Node(NamedTuple):
    """A Redis server that is a primary; `server` is what it says of itself."""

    server: int
    hash: Hash | None
    generation: Generation | None


class Away(IntEnum):
    """The worker's note that it cannot reach Redis."""

    NO = 0
    NOTED = 1
    OLD = 2  # nobody can be confirmed any more by what he asked before it was noted


class Database(NamedTuple):
    """What PostgreSQL holds, and loses together: the list, what was published of it, the worker's row."""

    value: Value
    published: int
    away: Away
    id: int


class Tail(NamedTuple):
    """What a failover has lost: the contents after the first, up to the second."""

    after: Value
    to: Value

    def lacks(self, content: int) -> bool:
        return self.after.content < content <= self.to.content


class Line(IntEnum):
    """A process's wire to a node."""

    FRESH = 0  # of a process that has just started
    DOWN = 1
    UP = 2
    ASKED = 3  # the generation is this server's; whether it is the present one, the row will say
    CONFIRMED = 4


class Wire(NamedTuple):
    line: Line
    id: int  # of the generation, while ASKED
    history: int  # of the generation, while ASKED or CONFIRMED


FRESH_WIRE = Wire(Line.FRESH, 0, NO_HISTORY)
DOWN_WIRE = Wire(Line.DOWN, 0, NO_HISTORY)
UP_WIRE = Wire(Line.UP, 0, NO_HISTORY)


class At(IntEnum):
    """How far somebody has come."""

    IDLE = 0
    OPENED = 1  # a reader holds the lease
    ASKED = 2  # a reader's statement is answered, and the process has not handled the answer
    READ = 3  # a reader has an answer to fill with
    WAITING = 4  # a reader has an answer that he must not show yet
    LOCKED = 5  # a writer holds the list row and its revision
    RAISED = 6  # a writer has raised the fence, or could not; the worker has
    GHOST = 7  # a writer's transaction went down with the server, its raise is still on the way
    COMMITTED = 8  # a writer must not acknowledge yet
    GREETING = 9  # the worker has swept the node if it had to
    LISTED = 10  # the worker knows what to tell the node
    TOLD = 11  # the worker has told it
    PEEKED = 12  # the worker knows what to publish


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

    met: int  # the newest history of which it has handled an answer (the truth)
    knows: int  # the history that it goes by
    wires: tuple[Wire, ...]
    readers: tuple[Reader, ...]
    writers: tuple[Writer, ...]


class Worker(NamedTuple):
    """The worker: `history` and `id` are what it will write to `node`, `told_as` is the history of the value."""

    at: At
    wires: tuple[bool, ...]
    node: int
    history: int
    id: int
    value: Value
    told_as: int


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
    swept: bool  # the worker has written that Redis holds nothing of another history
    nodes: tuple[Node, ...]
    at: int  # the node that has the list's slot
    replica: Node | None
    reachable: bool
    left: Left
    processes: tuple[Process, ...]
    worker: Worker
    seen: int  # the newest content that anybody was shown, the writer by an acknowledgement
