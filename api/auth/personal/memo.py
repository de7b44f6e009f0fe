"""What a process remembers of personal tokens: those that it has found, and those that there were not."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from api.auth.claims import Principal, Warrant
from api.shares import Shares
from core.access.rows import MOST

FRESH_SECONDS = 0.5
"""For so long what was found is taken for what is: a revoked token is refused everywhere within a second."""

MEMO_BYTES = 8 * 1024 * 1024
OVERHEAD_BYTES = 900
"""What an entry weighs, roughly."""
SHARE_BYTES = MOST * OVERHEAD_BYTES
"""All tokens of one user: were it fewer, those in use in turn would push each other out, and each use be a look."""

UNKNOWN_SECONDS = 60.0
UNKNOWN_ENTRIES = 4096
"""Half a megabyte. They are 160 random bits: one that was not there will not be made."""

HOUR = 3600.0


@dataclass(slots=True)
class Known:
    """A token that the database has."""

    principal: Principal
    warrant: Warrant | None
    """Under which Redis alone proves that it is still there; None: nothing but the database does."""
    seen_at: float
    """When the look began by which it was found, or found to be as it was; monotonic."""
    until: float
    """Unix seconds: the end of the hour, with which its use is to be noted anew, or its own."""


class KnownTokens:
    """The last used of them, within bounds for all and for each user."""

    def __init__(self) -> None:
        self._known: Shares[bytes, Known] = Shares(MEMO_BYTES, SHARE_BYTES)
        self.get = self._known.get
        self.drop = self._known.drop

    def recall(self, token: bytes, *, now: float) -> Principal | None:
        """Whom it proves to whoever heeds the warrant."""
        known = self._known.peek(token)
        return known.principal if known is not None and now < known.until else None

    def put(self, token: bytes, known: Known) -> None:
        self._known.put(known.principal.user_id, token, known, OVERHEAD_BYTES)


class UnknownTokens:
    """Those that the database does not have, so that it is not asked for each of them again and again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: OrderedDict[bytes, float] = OrderedDict()

    def __contains__(self, digest: bytes) -> bool:
        since = self._since.get(digest)
        return since is not None and self._clock() - since < UNKNOWN_SECONDS

    def __len__(self) -> int:
        return len(self._since)

    def add(self, digest: bytes) -> None:
        self._since[digest] = self._clock()
        self._since.move_to_end(digest)
        if len(self._since) > UNKNOWN_ENTRIES:
            self._since.popitem(last=False)


def end_of_hour(now: float) -> float:
    return (now // HOUR + 1) * HOUR
