"""A failover and a restore of real servers: what they lose is lost, and what they say of themselves afterwards."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest

from tests.servers.address import until
from tests.servers.postgres import PostgresPair, Server, base_backup, connected, history, value
from tests.stack import folder

CHECKPOINTED = "SELECT timeline_id FROM pg_control_checkpoint()"


@pytest.fixture
def path() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture
def pair(path: Path) -> Iterator[PostgresPair]:
    """With a table, and a role that is nobody special."""
    with PostgresPair(path) as pair:
        prepare(pair.url("postgres"))
        pair.catch_up()
        yield pair


def prepare(url: str) -> None:
    with connected(url) as cursor:
        cursor.execute("CREATE ROLE app LOGIN; CREATE TABLE kept (word text); GRANT ALL ON kept TO app")


def write(url: str, word: str) -> None:
    with connected(url) as cursor:
        cursor.execute("INSERT INTO kept VALUES (%s)", (word,))


def words(url: str) -> list[str]:
    with connected(url) as cursor:
        cursor.execute("SELECT word FROM kept ORDER BY word")
        return [word for (word,) in cursor.fetchall()]


def test_an_asynchronous_failover_loses_the_tail(pair: PostgresPair) -> None:
    """A row that was acknowledged is missing at the same address, and the next one takes its place."""
    write(pair.url("postgres"), "before")
    pair.catch_up()
    pair.hold_replication()
    write(pair.url("postgres"), "tail")
    assert words(pair.url("postgres")) == ["before", "tail"]
    pair.fail_over()
    assert words(pair.url("postgres")) == ["before"]
    write(pair.url("postgres"), "after")
    assert words(pair.url("postgres")) == ["after", "before"]


def test_a_standby_that_has_caught_up_loses_nothing(pair: PostgresPair) -> None:
    """Held for a while or not."""
    pair.hold_replication()
    write(pair.url("postgres"), "held")
    assert words(pair.standby.url("postgres")) == []
    pair.resume_replication()
    pair.catch_up()
    assert words(pair.standby.url("postgres")) == ["held"]
    pair.fail_over()
    assert words(pair.url("postgres")) == ["held"]


def test_a_promoted_standby_tells_its_timeline_at_once_and_to_everyone(pair: PostgresPair) -> None:
    """The WAL's timeline does, that of the control file is still the old one; the start is that of the standby."""
    app = pair.url("postgres").replace("postgres@", "app@")
    before = history(app)
    standby = pair.standby.url("postgres").replace("postgres@", "app@")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
        history(standby)
    with connected(standby) as session, connected(pair.standby) as administrator:
        started = value(session, "SELECT pg_postmaster_start_time()::text")
        administrator.execute("ALTER SYSTEM SET checkpoint_completion_target = 1")
        administrator.execute("SELECT pg_reload_conf()")
        with connected(
            pair.url("postgres")
        ) as cursor:  # so much that the checkpoint after the promotion takes its time
            cursor.execute("CREATE TABLE bulk AS SELECT repeat('x', 500) FROM generate_series(1, 60000)")
        pair.catch_up()
        pair.fail_over()
        assert history(app) == before._replace(timeline="00000002", started=started)
        assert started > before.started
        assert value(session, CHECKPOINTED) == 1
        assert value(session, "SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)") == "00000002"
        administrator.execute("CHECKPOINT")
        assert value(session, CHECKPOINTED) == 2


def test_a_synchronous_commit_waits_for_the_standby_and_survives_it(path: Path) -> None:
    """While the standby hears nothing, nothing is acknowledged; whatever was acknowledged is there after a failover."""
    with PostgresPair(path, synchronous=True) as pair:
        url = pair.url("postgres")
        prepare(url)
        write(url, "acknowledged")
        pair.hold_replication()
        outcome: list[str] = []

        def wait() -> None:
            try:
                write(url, "waiting")
                outcome.append("acknowledged")
            except psycopg2.OperationalError:
                outcome.append("unknown")

        waiting = threading.Thread(target=wait)
        waiting.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        with connected(pair.primary) as cursor:
            until(lambda: value(cursor, waits), "a commit waits for the standby")
        pair.fail_over()
        waiting.join()
        assert outcome == ["unknown"]
        assert words(url) == ["acknowledged"]
        write(url, "after")


def test_a_pair_can_fail_over_again(path: Path) -> None:
    """With a new standby, and synchronous as before; each failover is a timeline of its own."""
    with PostgresPair(path, synchronous=True) as pair:
        prepare(pair.url("postgres"))
        for failover in ("first", "second"):
            write(pair.url("postgres"), failover)
            pair.fail_over()
            pair.renew()
        assert words(pair.url("postgres")) == ["first", "second"]
        assert history(pair.url("postgres")).timeline == "00000003"
        with connected(pair.primary) as cursor:
            sync = "SELECT sync_state FROM pg_stat_replication"
            until(lambda: value(cursor, sync) == "sync", "the new standby is synchronous")


def test_two_primaries_after_a_partition(pair: PostgresPair) -> None:
    """A promotion while the old primary lives: each has its own history of one system, and the address names one."""
    pair.link.part()
    pair.promote()
    write(pair.url("postgres"), "old")
    write(pair.standby.url("postgres"), "new")
    assert words(pair.url("postgres")) == ["old"]
    pair.switch()
    assert words(pair.url("postgres")) == ["new"]


@pytest.mark.parametrize("new_timeline", [False, True])
def test_an_older_base_backup_is_restored(path: Path, *, new_timeline: bool) -> None:
    """At the same address; without a point-in-time recovery only the postmaster's start tells that it happened."""
    with Server(path / "postgres") as server:
        url = server.url("postgres")
        prepare(url)
        write(url, "before")
        backup = base_backup(server, path / "backup")
        write(url, "tail")
        before = history(url)
        server.restore(backup, new_timeline=new_timeline)
        assert words(url) == ["before"]
        after = history(url)
        assert after.system == before.system
        assert after.timeline == ("00000002" if new_timeline else before.timeline)
        assert after.started > before.started


def test_a_crash_may_lose_commits_within_one_history(path: Path) -> None:
    """Where `synchronous_commit` is off: the postmaster lives on and has no new start; its statistics begin anew."""
    with Server(path / "postgres", settings={"synchronous_commit": "off", "bgwriter_lru_maxpages": "0"}) as server:
        url = server.url("postgres")
        prepare(url)
        counted = "SELECT stats_reset FROM pg_stat_bgwriter"
        with connected(url) as cursor:
            cursor.execute("SET synchronous_commit = on; INSERT INTO kept VALUES ('before')")
            writer = value(cursor, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
            since = value(cursor, counted)
        before = history(url)
        os.kill(writer, signal.SIGSTOP)
        write(url, "tail")
        os.kill(writer, signal.SIGKILL)
        until(lambda: Path(f"/proc/{writer}").exists() is False and serves(url), "the server has recovered")
        assert words(url) == ["before"]
        assert history(url) == before
        with connected(url) as cursor:
            assert value(cursor, counted) > since


def serves(url: str) -> bool:
    with contextlib.suppress(psycopg2.OperationalError):
        words(url)
        return True
    return False
