"""The SQL of personal tokens. A row is its owner's, and the one that the transaction names a token for (`app.token`).

Making one and revoking one are changes of the owner's list, under its next revision: so what holds for hits holds for
tokens (ADR 0043). Whoever changes a row in another way has the list advanced by a trigger.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from core.database import instants
from core.database.transaction import Transaction
from core.errors import NotFound, TooManyTokens
from core.lists.lists import Change
from core.lists.stand import HISTORY, STAND
from core.types import History, Revision, Scope, Stand, TokenId, UserId

MOST = 100
"""Tokens of one user, those included that have expired of late."""

NOBODY = UserId("\x1f")
"""In whose name is looked for the owner of a token: no user can be called so. All who are unknown count as one user,
so that guesses take no more than a user's share of the connections.
"""

BEARERS = UserId("\x1e")
"""The same of tokens that have been found before: no guess keeps them waiting."""

BATCH = 200
"""Tokens in one message."""

_SHOWN: LiteralString = (
    "json_build_object('id', id, 'name', name, 'scopes', scopes,"
    " 'created_at', " + instants.shown("created_at") + ", 'expires_at', " + instants.shown("expires_at") + ","
    " 'last_used_at', " + instants.shown("last_used_at") + ")"
)

# One token after another: row-level security shows the list to nobody but its owner, who is known only then. What a row
# says and how far the list has come is read in one snapshot. The use is noted once an hour, and nobody is waited for.
_LOOK: LiteralString = """
    SELECT set_config('app.token', %(d{0})s, true);
    SELECT set_config('app.user_id', coalesce((
        SELECT user_id FROM access_tokens WHERE digest = decode(%(d{0})s, 'hex')), ''), true);
    UPDATE access_tokens SET last_used_at = date_trunc('hour', now(), 'UTC') WHERE (user_id, id) IN (
        SELECT user_id, id FROM access_tokens
        WHERE digest = decode(%(d{0})s, 'hex') AND user_id = current_setting('app.user_id')
            AND last_used_at IS DISTINCT FROM date_trunc('hour', now(), 'UTC')
            AND coalesce(expires_at > now(), true)
        FOR UPDATE SKIP LOCKED);
    SELECT set_config('app.found', current_setting('app.found') || coalesce((
        SELECT json_build_array(user_id, scopes, extract(epoch FROM expires_at),
            coalesce(revision, 0), {1})::text || ','
        FROM access_tokens LEFT JOIN task_lists USING (user_id)
        WHERE digest = decode(%(d{0})s, 'hex') AND user_id = current_setting('app.user_id')), 'null,'), true);
"""
_BEGINNING: LiteralString = "SELECT set_config('app.found', '', true);"
_END: LiteralString = "SELECT current_setting('app.found')"


@dataclass(frozen=True, slots=True)
class Found:
    """What the database says of a token, and how far its owner's list had come when it did."""

    owner: UserId
    scopes: frozenset[Scope]
    expires_at: float
    """Unix seconds; infinity for one that does not end."""
    stand: Stand


def find(transaction: Transaction, *, digests: Sequence[bytes]) -> list[Found | None]:
    """What there is of these, up to `BATCH` of them, each in its place; notes that they are in use."""
    message = _BEGINNING + "".join(_LOOK.format(number, HISTORY) for number in range(len(digests))) + _END
    [(told,)] = transaction.execute(message, **{f"d{number}": digest.hex() for number, digest in enumerate(digests)})
    return [None if row is None else _found(*row) for row in json.loads(f"[{told.removesuffix(',')}]")]


def all_of(transaction: Transaction) -> list[dict[str, Any]]:
    """The owner's tokens as they are shown, the newest first."""
    sql: LiteralString = "SELECT " + _SHOWN + " FROM access_tokens WHERE user_id = %(owner)s ORDER BY id DESC"
    return [row[0] for row in transaction.execute(sql)]


def insert(
    change: Change, *, digest: bytes, name: str, scopes: Collection[Scope], expires_at: datetime | None
) -> dict[str, Any]:
    """Make one, and forget those that expired a month ago; returns it as it is shown; raises `TooManyTokens`."""
    forget: LiteralString = (
        "WITH gone AS (DELETE FROM access_tokens"
        " WHERE user_id = %(owner)s AND expires_at < now() - interval '30 days') SELECT " + STAND
    )
    change.execute(forget)
    [(count,)] = change.look("SELECT count(*) FROM access_tokens WHERE user_id = %(owner)s")
    if count >= MOST:
        raise TooManyTokens(MOST)
    sql: LiteralString = (
        """
        WITH made AS (
            INSERT INTO access_tokens (user_id, digest, name, scopes, expires_at)
            VALUES (%(owner)s, %(digest)s, %(name)s, %(scopes)s, %(expires_at)s) RETURNING *
        ) SELECT """
        + STAND
        + ", "
        + _SHOWN
        + " FROM made"
    )
    [(made,)] = change.execute(sql, digest=digest, name=name, scopes=sorted(scopes), expires_at=expires_at)
    shown: dict[str, Any] = made
    return shown


def revoke(change: Change, token: TokenId) -> None:
    """From the commit on it proves nothing; raises `NotFound`."""
    sql: LiteralString = (
        "WITH gone AS (DELETE FROM access_tokens WHERE user_id = %(owner)s AND id = %(token)s RETURNING 1) SELECT "
        + STAND
        + ", count(*) FROM gone"
    )
    [(count,)] = change.execute(sql, token=token)
    if not count:
        raise NotFound


def _found(owner: str, scopes: list[Scope], expires_at: float | None, revision: int, history: int) -> Found:
    ends = float("inf") if expires_at is None else float(expires_at)
    return Found(UserId(owner), frozenset(scopes), ends, Stand(Revision(revision), History(history)))
