"""What verifying has cost once is not paid again within a minute. Refusals are not remembered."""

from dataclasses import dataclass

from api.auth.claims import LEEWAY, Principal
from api.shares import Shares

MEMO_SECONDS = 60.0
MEMO_BYTES = 8 * 1024 * 1024
SHARE_BYTES = 32 * 1024
"""Of one user: some tens of tokens."""
OVERHEAD_BYTES = 800
"""What an entry weighs beside its token, roughly."""


@dataclass(frozen=True, slots=True)
class _Entry:
    principal: Principal
    since: float
    until: float


class Memo:
    """Principals by the token that proved them, for `MEMO_SECONDS` or the rest of the token's life.

    Bounded in bytes, for all and for each user: whoever came last makes an earlier one forgotten.
    """

    def __init__(self, capacity: int = MEMO_BYTES, share: int = SHARE_BYTES) -> None:
        self._entries: Shares[bytes, _Entry] = Shares(capacity, share)

    def recall(self, token: bytes, *, now: float) -> Principal | None:
        entry = self._entries.peek(token)
        # Both bounds: a clock that was set back must not lengthen the life of an entry.
        if entry is None or not entry.since <= now < entry.until:
            return None
        return entry.principal

    def remember(self, token: bytes, principal: Principal, *, now: float) -> None:
        until = min(now + MEMO_SECONDS, principal.expires_at + LEEWAY)
        entry = _Entry(principal, now, until)
        self._entries.put(principal.user_id, token, entry, len(token) + OVERHEAD_BYTES)

    def __len__(self) -> int:
        return len(self._entries)

    def forget_all(self) -> None:
        self._entries.clear()
