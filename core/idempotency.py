"""Answers that are given once: a POST that is retried with its key gets what the first one got (24 hours long).

The answer is stored in the transaction of the change itself, so neither exists without the other, whoever dies when.
After draft-ietf-httpapi-idempotency-key-header.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, LiteralString

from psycopg2.extras import Json

from core.errors import KeyReused, StillRunning
from core.lists.lists import Change
from core.lists.stand import STAND
from core.types import Stand

FINGERPRINT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Key:
    """What the client chose, and a digest of what it asked for with it."""

    value: str
    fingerprint: bytes

    @classmethod
    def of(cls, value: str, operation: str, body: Any) -> "Key":
        """Two bodies are the same when their JSON says the same."""
        canonical = json.dumps([operation, body], sort_keys=True, separators=(",", ":"))
        return cls(value, blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=FINGERPRINT_BYTES).digest())


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer to a write, as it is sent and stored; the body is JSON."""

    status: int
    headers: dict[str, str]
    body: str
    replayed: bool = False


# Two statements, so that the second sees what whoever held the lock before has committed.
_CLAIM: LiteralString = (
    """
SELECT set_config('app.claimed',
    pg_try_advisory_xact_lock(hashtextextended(%(owner)s || chr(31) || %(key)s, 0))::text, true);
SELECT current_setting('app.claimed')::boolean, """
    + STAND
    + """,
    k.fingerprint, k.status, k.headers, k.body
FROM (SELECT) AS one LEFT JOIN idempotency_keys k ON k.user_id = %(owner)s AND k.key = %(key)s
    AND k.created_at > now() - make_interval(hours => %(hours)s)
"""
)

_STORE: LiteralString = (
    """
INSERT INTO idempotency_keys AS k (user_id, key, fingerprint, status, headers, body)
VALUES (%(owner)s, %(key)s, %(fingerprint)s, %(status)s, %(headers)s, %(body)s)
ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
    headers = excluded.headers, body = excluded.body, created_at = now()
RETURNING """
    + STAND
)


def once(change: Change, key: Key | None, make: Callable[[], Outcome], *, hours: int) -> Outcome:
    """What `make` gives, or what it gave when the key was first used; raises `StillRunning` and `KeyReused`."""
    if key is None:
        return make()
    [(claimed, revision, history, fingerprint, status, headers, body)] = change.look(_CLAIM, key=key.value, hours=hours)
    if not claimed:
        raise StillRunning
    if fingerprint is not None:
        if bytes(fingerprint) != key.fingerprint:
            raise KeyReused
        # Whoever was first may have died before the raise after COMMIT; this answer acknowledges their write.
        change.repeat(Stand(revision, history))
        return Outcome(status, headers, body, replayed=True)
    outcome = make()
    change.execute_last(  # a change like any other: the answer is kept even when nothing else was changed
        _STORE,
        key=key.value,
        fingerprint=key.fingerprint,
        status=outcome.status,
        headers=Json(outcome.headers),
        body=outcome.body,
    )
    return outcome
