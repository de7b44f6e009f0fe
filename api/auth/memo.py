"""What verifying has cost once is not paid again within a minute. Refusals are not remembered."""

from collections import OrderedDict
from dataclasses import dataclass

from api.auth.claims import LEEWAY, Principal

MEMO_SECONDS = 60.0
MEMO_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    principal: Principal
    since: float
    until: float


class Memo:
    """Principals by the header value that proved them, for `MEMO_SECONDS` or the rest of the token's life.

    Bounded in number: the oldest entry makes room for a new one.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def recall(self, authorization: bytes, *, now: float) -> Principal | None:
        entry = self._entries.get(authorization)
        # Both bounds: a clock that was set back must not lengthen the life of an entry.
        if entry is None or not entry.since <= now < entry.until:
            return None
        return entry.principal

    def remember(self, authorization: bytes, principal: Principal, *, now: float) -> None:
        until = min(now + MEMO_SECONDS, principal.expires_at + LEEWAY)
        self._entries.pop(authorization, None)
        self._entries[authorization] = _Entry(principal, now, until)
        if len(self._entries) > MEMO_ENTRIES:
            self._entries.popitem(last=False)

    def forget_all(self) -> None:
        self._entries.clear()
