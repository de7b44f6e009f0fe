"""Rows of a long query, one batch after another, in constant memory and of one snapshot."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import LiteralString

import psycopg2

from core.database import driver
from core.database.pool import Database
from core.database.transaction import Row, Transaction
from core.errors import DatabaseUnavailable

BATCH = 500
PATIENCE_SECONDS = 30
"""How long a reader may take over one batch; whoever is slower loses the connection, which others wait for."""

FETCH_SECONDS = 5

_OPENING: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
_FETCH: LiteralString = f"FETCH {BATCH} FROM exported"


class _ReaderLeft(Exception):
    pass


async def stream(
    database: Database, sql: LiteralString, *, opening: LiteralString, parameters: Mapping[str, object]
) -> AsyncGenerator[list[Row]]:
    """Batches of rows of `sql`; raises `DatabaseUnavailable`. The connection is held until the last batch is taken.

    Close the iterator (`aclosing`) when you leave it early: that frees the connection.
    """
    batches: asyncio.Queue[list[Row]] = asyncio.Queue(maxsize=1)
    left = asyncio.Event()

    def hand_over(rows: list[Row]) -> None:
        try:
            driver.wait_for(asyncio.wait_for(batches.put(rows), PATIENCE_SECONDS))
        except TimeoutError:
            raise DatabaseUnavailable("the reader took too long over a batch") from None
        finally:
            driver.extend(FETCH_SECONDS)  # the time of the reader is not the server's; even the end needs some
        if left.is_set():
            raise _ReaderLeft

    def work(transaction: Transaction) -> None:
        transaction.execute("DECLARE exported NO SCROLL CURSOR FOR " + sql)
        rows = transaction.execute(_FETCH)
        while rows:
            hand_over(rows)
            try:
                rows = transaction.execute(_FETCH)
            except psycopg2.Error as error:  # a second attempt would begin anew
                raise DatabaseUnavailable("the connection broke between two batches") from error

    bound = {**parameters, "idle_timeout": f"{2 * PATIENCE_SECONDS * 1000}"}
    working = asyncio.create_task(database.run(work, opening=_OPENING + opening, parameters=bound))
    working.add_done_callback(_read)
    try:
        while rows := await _next(batches, working):
            yield rows
    finally:
        left.set()
        while not batches.empty():
            batches.get_nowait()
        await asyncio.wait({working})


def _read(working: "asyncio.Task[None]") -> None:
    """Whoever left does not want to know, and may have been cancelled while they waited for it to end."""
    if not working.cancelled():
        working.exception()


async def _next(batches: asyncio.Queue[list[Row]], working: "asyncio.Task[None]") -> list[Row] | None:
    """The next batch; None after the last; raises what ended the work."""
    getting = asyncio.create_task(batches.get())
    try:
        await asyncio.wait({getting, working}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
    finally:
        getting.cancel()
    if not batches.empty():
        return batches.get_nowait()
    working.result()
    return None
