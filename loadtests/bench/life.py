"""`python -m loadtests.bench.life`: what a write leaves on disk, and a read takes among others', in a grown database.

It has 200,000 users, whose tasks lie among one another's as they came, beside a database of a thousand; both are asked
in turn. WAL is what the API's own requests leave, without a worker: *cold* is the first touch of each page after a
checkpoint, which PostgreSQL writes whole, *warm* the next one.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass

import psycopg2

from deploy.local.plan import TOP
from deploy.local.programs import MIGRATE
from loadtests.bench.measure import BenchFailed, replay_once
from loadtests.bench.paging import Reader
from loadtests.bench.stage import traffic
from loadtests.bench.stage.machine import Cores
from loadtests.bench.stage.stage import Server, Stage, stage

USERS = 200_000
FEW = 1_000
TASKS = 20
OWNED = 2_000
"""Tasks of the one user who has many."""

OWNER = "owner-of-two-thousand"
WRITES = 400
READS = 60
PATIENCE = 60
STATISTICS_SECONDS = 0.2

QUIET = """
ALTER SYSTEM SET autovacuum = off; ALTER SYSTEM SET checkpoint_timeout = '1h'; ALTER SYSTEM SET max_wal_size = '30GB'
"""
LOUD = "ALTER SYSTEM RESET ALL"

# Sizes and dates by hash, so that no page is like the next.
FILL = """
SET session_replication_role = replica;
INSERT INTO task_lists (user_id, revision, published_revision)
SELECT md5(u::text), 1, 1 FROM generate_series(0, %(users)s - 1) u ORDER BY hashint8(u);
INSERT INTO task_lists (user_id, revision, published_revision) VALUES (%(owner)s, 1, 1);
INSERT INTO tasks (user_id, title, description, priority, due_on, tags, revision, created_at, updated_at)
SELECT CASE WHEN n %% (%(tasks)s / %(owned)s) = 0 THEN %(owner)s ELSE md5((h %% %(users)s)::text) END,
    'Call the office about ' || left(md5(n::text), 3 + h %% 25),
    CASE WHEN h %% 3 = 0 THEN repeat('The papers of last year, ', 1 + h / 3 %% 9) || md5(h::text) END,
    (ARRAY['low', 'medium', 'high', 'urgent'])[1 + h %% 4],
    CASE WHEN h %% 5 < 2 THEN '2031-01-01'::date + h %% 1000 END,
    CASE WHEN h %% 7 < 2 THEN ARRAY['home', 'tag ' || h %% 9] ELSE '{}' END,
    1, now() - make_interval(secs => %(tasks)s - n), now() - make_interval(secs => %(tasks)s - n)
FROM (SELECT n, hashint8(n) & 2147483647 AS h FROM generate_series(1, %(tasks)s) n) one;
UPDATE task_lists SET live = NULL
"""
COUNT = """
SELECT max(user_id), tasklane_count(array_agg(user_id)) FROM (
    SELECT user_id FROM task_lists WHERE user_id > %(after)s ORDER BY user_id LIMIT 1000) next
"""
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'tasks' AND indexname <> 'tasks_pkey' AND indexdef LIKE '%% USING btree %%'
"""
AS_FULL = " WITH (fillfactor = 70)"
"""As random inserts leave an index; what is built at once is fuller, and a page of it that is written whole larger."""

# Neighbours share pages of the indexes: whoever writes next in life is nobody's neighbour.
DRAWN = """
SELECT user_id, (SELECT min(id) FROM tasks t WHERE t.user_id = l.user_id) FROM task_lists l
WHERE user_id <> %(owner)s AND EXISTS (SELECT FROM tasks t WHERE t.user_id = l.user_id)
ORDER BY hashtext(user_id) LIMIT %(many)s
"""
UPDATES = """
SELECT coalesce(sum(n_tup_upd), 0)::int, coalesce(sum(n_tup_hot_upd), 0)::int FROM pg_stat_user_tables
WHERE relname IN ('tasks', 'task_lists')
"""
WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"


@dataclass(frozen=True, slots=True)
class Writes:
    """Per request: kilobytes of WAL cold and warm; the part of the updates of tasks and lists that were HOT."""

    cold: float
    warm: float
    hot: float


@dataclass(frozen=True, slots=True)
class Life:
    """Milliseconds are medians; a ratio is the median of pairs, of many others to few."""

    users: int
    complete: Writes
    create: Writes
    search: float
    search_ratio: float
    miss_ratio: float
    total: float

    def rows(self) -> list[tuple[str, str, str]]:
        """What, its goal, what was found."""
        many, few = f"{self.users * TASKS:,}", f"{FEW * TASKS:,}"
        kilobytes = "WAL of a {}, {}, among {:,} users"
        return [
            (kilobytes.format("completion", "cold", self.users), "at most 12 kB", f"{self.complete.cold:.1f} kB"),
            (kilobytes.format("completion", "warm", self.users), "at most 1 kB", f"{self.complete.warm:.2f} kB"),
            ("updates of tasks and lists by it that were HOT", "at least 95 %", f"{self.complete.hot:.1%}"),
            (kilobytes.format("create", "cold", self.users), "at most 45 kB", f"{self.create.cold:.1f} kB"),
            (kilobytes.format("create", "warm", self.users), "", f"{self.create.warm:.2f} kB"),
            (f"a search in {OWNED:,} tasks among {many} of others", "at most 15 ms", f"{self.search:.1f} ms"),
            (f"a search, {many} tasks of others : {few}", "0.8 to 1.2", f"{self.search_ratio:.2f}"),
            (f"a miss of a list, {many} tasks of others : {few}", "at most 1.2", f"{self.miss_ratio:.2f}"),
            (f"the total of {OWNED:,} tasks, with one of them", "at most 1 ms", f"{self.total:.2f} ms"),
        ]

    def is_met(self) -> bool:
        writes = self.complete.cold <= 12 and self.complete.warm <= 1 and self.complete.hot >= 0.95
        reads = self.search <= 15 and 0.8 <= self.search_ratio <= 1.2 and self.miss_ratio <= 1.2 and self.total <= 1
        return writes and reads and self.create.cold <= 45


@dataclass(frozen=True, slots=True)
class Place:
    """A database of so many users, and an API process on it."""

    on: Stage
    url: str
    server: Server

    @classmethod
    def made(cls, on: Stage, name: str, users: int, *, redis: int) -> "Place":
        url = on.postgres.create_database(name)
        there = {"NEON_DB_URL": url, "DATABASE_URL": url, "REDIS_URL": on.redis.url.removesuffix("/0") + f"/{redis}"}
        subprocess.run(MIGRATE, cwd=TOP, env={**on.environment, **there}, check=True, capture_output=True, timeout=120)
        place = cls(on, url, on.tasklane(name, **there))
        place.fill(users)
        return place

    def fill(self, users: int) -> None:
        indexes = [(str(name), str(definition)) for name, definition in self.sql(INDEXES)]
        for name, _ in indexes:
            self.sql(f"DROP INDEX {name}")
        self.sql(FILL, users=users, owner=OWNER, tasks=users * TASKS, owned=OWNED)
        for _, definition in indexes:
            self.sql(definition.replace(" WHERE ", AS_FULL + " WHERE "))
        self.sql("ANALYZE tasks, task_lists")
        after: object = ""
        while after is not None:
            [(after, _)] = self.sql(COUNT, after=after)
        self.sql("VACUUM FULL task_lists")
        self.sql("VACUUM ANALYZE tasks, task_lists")

    def sql(self, statement: str, **parameters: object) -> list[tuple[object, ...]]:
        """Run it as the superuser, past the policies."""
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []

    def number(self, statement: str) -> int:
        return int(str(self.sql(statement)[0][0]))

    def reader(self, user: str) -> Reader:
        return Reader(self.server, traffic.token(user, self.on.secret))

    def write(self, requests: Iterable[bytes]) -> float:
        """Kilobytes of WAL per request."""
        every = list(requests)
        before = self.number(WAL)
        for status, _, _ in replay_once(self.server, every):
            if status >= 300:
                raise BenchFailed(f"a write was answered with {status}")
        return (self.number(WAL) - before) / len(every) / 1000

    def updates(self, least: int = 0) -> tuple[int, int]:
        """All updates, and how many of them were HOT: as soon as the server has told of so many."""
        deadline = time.monotonic() + PATIENCE
        while True:
            [(every, hot)] = self.sql(UPDATES)
            if int(str(every)) >= least:
                return int(str(every)), int(str(hot))
            if time.monotonic() > deadline:
                raise BenchFailed(f"PostgreSQL has told of {every} updates of {least}")
            time.sleep(STATISTICS_SECONDS)


def measure(on: Stage, say: Callable[[str], None], users: int = USERS) -> Life:
    """Leaves two databases behind, which end with the stage."""
    for statement in QUIET.split(";"):
        on.sql(statement)
    on.sql("SELECT pg_reload_conf()")
    try:
        say(f"filling a database with the tasks of {users:,} users, and one with those of {FEW:,}")
        many, few = Place.made(on, "many", users, redis=2), Place.made(on, "few", FEW, redis=3)
        search, search_ratio = _search(many, few)
        miss_ratio = _misses(many, few)
        complete, create = _writes(many)
        return Life(users, complete, create, search, search_ratio, miss_ratio, _total(many))
    finally:
        on.sql(LOUD)
        on.sql("SELECT pg_reload_conf()")


def _writes(place: Place) -> tuple[Writes, Writes]:
    drawn = [(str(user), number) for user, number in place.sql(DRAWN, owner=OWNER, many=2 * WRITES)]
    bearer = {user: traffic.token(user, place.on.secret) for user, _ in drawn}

    def completed(flag: bool) -> list[bytes]:  # noqa: FBT001  # what is sent
        body = {"completed": flag}
        return [
            traffic.raw("PATCH", f"/api/tasks/{number}/complete", bearer[user], body=body)
            for user, number in drawn[:WRITES]
        ]

    def created() -> list[bytes]:
        return [
            traffic.raw("POST", "/api/tasks", bearer[user], body=traffic.new_task(at))
            for at, (user, _) in enumerate(drawn[WRITES:])
        ]

    place.on.sql("CHECKPOINT")
    before = place.updates()
    cold, warm = place.write(completed(flag=True)), place.write(completed(flag=False))
    every, hot = (after - earlier for after, earlier in zip(place.updates(before[0] + 6 * WRITES), before, strict=True))
    complete = Writes(cold, warm, hot / every)
    place.on.sql("CHECKPOINT")
    cold, warm = place.write(created()), place.write(created())
    return complete, Writes(cold, warm, 1)


def _search(many: Place, few: Place) -> tuple[float, float]:
    """Each time for something else, which a few tasks have."""
    with closing(many.reader(OWNER)) as one, closing(few.reader(OWNER)) as other:
        pairs = [
            (one.timed(path), other.timed(path))
            for path in (f"/api/tasks?search=About%20{number:02x}&limit=20" for number in range(READS))
        ]
    return _compared(pairs)


def _misses(many: Place, few: Place) -> float:
    """The list of somebody else each time, as it is asked for most."""
    pairs = []
    drawn = zip(*(place.sql(DRAWN, owner=OWNER, many=READS) for place in (many, few)), strict=True)
    for (user, _), (other, _) in drawn:
        with closing(many.reader(str(user))) as one, closing(few.reader(str(other))) as two:
            pairs.append((one.timed("/api/tasks"), two.timed("/api/tasks")))
    return _compared(pairs)[1]


def _compared(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of the first ones, and of the ratios. The first few open connections and fill PostgreSQL's memory."""
    settled = pairs[READS // 6 :]
    return statistics.median(one for one, _ in settled), statistics.median(one / other for one, other in settled)


def _total(place: Place) -> float:
    """Milliseconds in PostgreSQL and back, for a page of one task and the total of them all."""
    found = []
    with closing(psycopg2.connect(place.url)) as connection, connection.cursor() as cursor:
        for _ in range(READS):
            began = time.perf_counter()
            cursor.execute("SELECT total FROM tasklane_newest(%s, NULL, 1)", (OWNER,))
            [(total,)] = cursor.fetchall()
            found.append((time.perf_counter() - began) * 1000)
    if total != OWNED:
        raise BenchFailed(f"the list of {OWNED} tasks says that it has {total}")
    return statistics.median(found)


def main() -> int:
    """0 when every goal is met, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.life", description=__doc__)
    parser.add_argument("--users", type=int, default=USERS, help="with 20 tasks each (%(default)s)")
    asked = parser.parse_args()
    with stage(Cores.choose()) as on:
        found = measure(on, lambda text: print(text, flush=True), asked.users)
    for what, goal, figure in found.rows():
        print(f"{what}: {figure}{f' ({goal})' if goal else ''}")
    return 0 if found.is_met() else 1


if __name__ == "__main__":
    sys.exit(main())
