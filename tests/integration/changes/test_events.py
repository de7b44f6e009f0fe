"""The stream of what changes: told once, in order, to whom it belongs, whatever comes between."""

import contextlib
import socket
import threading
import time

import httpx
import pytest
import redis as redis_py

from api.push import response
from core.types import UserId
from tests import steps
from tests.mirrors import Document, Mirror, everything
from tests.served import deaf, metrics, served, with_much
from tests.servers.address import until
from tests.stack import ApiProcess, Stack, client, new_user
from tests.tokens import shared_secret_token
from tests.watchers import EVENTS, Watcher, begun

RESYNCHRONISE = "urn:tasklane:problem:resynchronise"


@pytest.fixture(scope="module")
def much(stack: Stack) -> UserId:
    """A user with more than fits between two ends of a connection."""
    return with_much(stack)


@pytest.fixture(scope="module")
def other(stack: Stack) -> ApiProcess:
    """Another process: what it holds it must have been told."""
    return stack.api()


def make(frontend: httpx.Client, *titles: str) -> list[Document]:
    return [frontend.post("/api/tasks", json={"title": title}).raise_for_status().json() for title in titles]


def token_now(frontend: httpx.Client) -> str:
    """Where the list stands."""
    mirror = Mirror()
    mirror.follow(frontend)
    assert mirror.since
    return mirror.since


class TestTelling:
    def test_what_is_written_elsewhere_is_told_once_and_in_order(
        self, alice: httpx.Client, other: ApiProcess, user: UserId
    ) -> None:
        """To each of ten streams, which begin with what there is."""
        [first] = make(alice, "first")
        with client(other.url, user) as frontend, contextlib.ExitStack() as open_:
            watchers = [open_.enter_context(Watcher(frontend)) for _ in range(10)]
            for watcher in watchers:
                assert watcher.changes() == [first]
            made = make(alice, *map(str, range(20)))
            end = token_now(alice)
            for watcher in watchers:
                told: list[Document] = []
                while watcher.mirror.since != end:
                    told += watcher.changes()
                assert told == made
                assert watcher.mirror.tasks == everything(alice)

    def test_nobody_else_is_told(self, alice: httpx.Client, bob: httpx.Client) -> None:
        """Bob hears of his own alone."""
        with Watcher(bob) as watcher:
            assert watcher.changes() == []  # all that there is
            make(alice, "hers")
            [his] = make(bob, "his")
            assert watcher.changes() == [his]

    def test_it_resumes_where_its_reader_was(self, alice: httpx.Client) -> None:
        """By the id of the last event, which counts before what the path says; nothing new, nothing told."""
        make(alice, "one")
        since = token_now(alice)
        [two] = make(alice, "two")
        with Watcher(alice, params={"since": since}) as watcher:
            assert watcher.changes() == [two]
            last = watcher.mirror.since
        assert last
        with Watcher(alice, params={"since": since}, headers={"last-event-id": last}) as watcher:
            [three] = make(alice, "three")
            assert watcher.changes() == [three]

    def test_more_than_a_page_comes_in_several_events(self, alice: httpx.Client) -> None:
        """With at most 100 changes each, one after another without being asked for."""
        tasks = [{"title": f"{number}"} for number in range(250)]
        alice.post("/api/tasks/import", json={"tasks": tasks}).raise_for_status()
        with Watcher(alice) as watcher:
            assert [len(watcher.changes()) for _ in range(3)] == [100, 100, 50]
            assert watcher.mirror.whole
            assert watcher.mirror.tasks == everything(alice)

    def test_a_page_that_names_the_user_gets_the_same(self, alice: httpx.Client, user: UserId) -> None:
        """Under the other form of the path; of somebody else there is nothing."""
        [one] = make(alice, "one")
        with Watcher(alice, f"/api/{user}/tasks/events/") as watcher:
            assert watcher.changes() == [one]
        assert alice.get("/api/somebody/tasks/events").status_code == 404

    def test_what_is_done_outside_is_told_by_the_worker(self, own_stack: Stack, user: UserId) -> None:
        """As by psql, where nobody raises anything."""
        api, _ = own_stack.api(), own_stack.worker()
        with api.client(user) as frontend, steps.outside(own_stack.database_url) as hands:
            [one] = make(frontend, "one")
            with Watcher(frontend) as watcher:
                watcher.changes()
                hands.execute("UPDATE tasks SET title = 'changed' WHERE user_id = %s", (user,))
                assert watcher.changes() == [frontend.get(f"/api/tasks/{one['id']}").json()]

    def test_a_mirror_of_events_is_the_list(self, alice: httpx.Client, other: ApiProcess, user: UserId) -> None:
        """Whatever is written by several at once, and erased from the trash meanwhile."""
        with client(other.url, user) as frontend:

            def write(writer: httpx.Client) -> None:
                for number in range(15):
                    [made] = make(writer, f"{number}")
                    writer.patch(f"/api/tasks/{made['id']}", json={"completed": True})
                    if number % 3 == 0:
                        writer.delete(f"/api/tasks/{made['id']}")

            with Watcher(frontend) as watcher, Watcher(alice) as second:
                writers = [threading.Thread(target=write, args=(writer,)) for writer in (alice, frontend)]
                for writer in writers:
                    writer.start()
                for writer in writers:
                    writer.join()
                end = token_now(alice)
                for one in (watcher, second):
                    one.follow(end)
                    assert one.mirror.tasks == everything(alice)


class TestRefusals:
    def test_what_cannot_be_resumed_is_gone(self, alice: httpx.Client, bob: httpx.Client) -> None:
        """Before anything is sent: another user's token, one older than what was erased."""
        make(bob, "his")
        gone = alice.get(EVENTS, params={"since": token_now(bob)})
        assert (gone.status_code, gone.json()["type"]) == (410, RESYNCHRONISE)
        assert gone.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("name", ["?since", "Last-Event-ID"])
    def test_what_is_no_token_is_said_to_be_none(self, alice: httpx.Client, name: str) -> None:
        """With the place where it stood."""
        asked = {"params": {"since": "x"}} if name == "?since" else {"headers": {name: "x"}}
        answer = alice.get(EVENTS, **asked)  # type: ignore[arg-type]  # one of the two
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": name, "detail": "must be the `next` of an earlier answer"}]

    def test_there_is_a_bound_per_user(self, alice: httpx.Client, bob: httpx.Client) -> None:
        """Who leaves makes room; others are not concerned."""
        with contextlib.ExitStack() as open_:
            for _ in range(9):
                open_.enter_context(Watcher(alice))
            with Watcher(alice):
                full = alice.get(EVENTS)
                assert (full.status_code, full.json()["violated-policies"]) == (429, ["streams"])
                assert begun(bob).status_code == 200
            until(lambda: begun(alice).status_code == 200, "somebody has left")

    def test_there_is_a_bound_per_process(self, stack: Stack) -> None:
        """Beyond it a stream is to be opened elsewhere; requests go on."""
        api = stack.api(LIMIT_STREAMS="2")
        with api.client() as one, api.client() as other, Watcher(one), Watcher(other):
            full = one.get(EVENTS)
            assert (full.status_code, full.headers["retry-after"]) == (503, "2")
            assert one.get("/api/tasks").status_code == 200

    def test_a_head_ends_at_once(self, alice: httpx.Client) -> None:
        """With the headers of a GET."""
        answer = alice.head(EVENTS)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "private, no-store, no-transform"

    def test_a_browser_of_another_origin_may_resume(self, api: ApiProcess, alice: httpx.Client) -> None:
        """The header is allowed, and the answer is theirs to read."""
        origin = {"origin": "http://localhost:3000"}
        asked = {**origin, "access-control-request-method": "GET", "access-control-request-headers": "last-event-id"}
        assert httpx.options(f"{api.url}{EVENTS}", headers=asked, timeout=60).status_code == 200
        assert begun(alice, **origin).headers["access-control-allow-origin"] == origin["origin"]


class TestEndings:
    def test_it_ends_with_its_token(self, api: ApiProcess, user: UserId) -> None:
        """The client is told, and comes back with another one."""
        token = shared_secret_token(user, exp=int(time.time()) + 2)
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=api.url, headers=headers, timeout=60) as frontend, Watcher(frontend) as watcher:
            assert [event.name for event in watcher.rest()] == ["changes", "expired"]

    def test_it_ends_where_it_cannot_be_resumed(self, alice: httpx.Client, stack: Stack) -> None:
        """A task that went without a trace: nobody can be told which."""
        [one, _] = make(alice, "one", "two")
        with Watcher(alice) as watcher, steps.outside(stack.database_url) as hands:
            watcher.changes()
            hands.execute("DELETE FROM tasks WHERE id = %s", (one["id"],))
            make(alice, "three")  # nobody publishes what was done outside; this tells of both
            [event] = watcher.rest()
            assert (event.name, event.id) == ("resynchronise", "")

    def test_a_process_that_ends_sends_everybody_elsewhere(self, stack: Stack, much: UserId) -> None:
        """At once, spread over several seconds, and waits for nobody who does not read."""
        api = stack.api()
        users = [new_user() for _ in range(10)]
        with contextlib.ExitStack() as open_:
            frontends = [open_.enter_context(api.client(user)) for user in users]
            watchers = [open_.enter_context(Watcher(frontend)) for frontend in frontends for _ in range(10)]
            open_.enter_context(deaf(api, much))
            until(lambda: "tasklane_streams 101.0" in metrics(api), "all are there")
            api.stop()
            endings = [watcher.rest() for watcher in watchers]
            assert all([event.name for event in events] == ["changes", "reconnect"] for events in endings)
            retries = [events[-1].retry or 0 for events in endings]
            assert min(retries) >= 200
            assert max(retries) <= 4000
            assert len(set(retries)) > len(retries) // 2
        assert api.log.read_text().count('"stream_ended"') == len(watchers) + 1
        assert "Finished server process" in api.log.read_text()
        assert "graceful shutdown exceeded" not in api.log.read_text()
        assert "Exception" not in api.log.read_text()

    def test_who_is_sent_away_misses_nothing(self, stack: Stack, alice: httpx.Client, user: UserId) -> None:
        """Elsewhere they read on from what they have seen, whatever was written before they came."""
        api, elsewhere = stack.api(), stack.api()
        with api.client(user) as here, elsewhere.client(user) as there, contextlib.ExitStack() as open_:
            [first] = make(alice, "first")
            watchers = [open_.enter_context(Watcher(here)) for _ in range(10)]
            for watcher in watchers:
                assert watcher.changes() == [first]
            make(alice, "before")
            api.stop()
            for watcher in watchers:
                for event in watcher.rest()[:-1]:
                    watcher.mirror.apply(event.data)
            make(alice, "meanwhile")
            for watcher in watchers:
                back = open_.enter_context(Watcher(there, headers={"last-event-id": watcher.mirror.since or ""}))
                back.mirror = watcher.mirror
                back.follow(token_now(alice))
                assert back.mirror.tasks == everything(alice)

    def test_who_does_not_read_is_let_go_of(self, stack: Stack, much: UserId, monkeypatch: pytest.MonkeyPatch) -> None:
        """What they have not taken does not stay with the process for long."""
        monkeypatch.setattr(response, "SLOW_SECONDS", 0.2)
        with served(stack) as api, deaf(api, much):
            until(lambda: 'tasklane_events_total{event="changes"}' in metrics(api), "it was sent something")
            until(lambda: "tasklane_streams 0.0" in metrics(api), "it has ended")


class TestWithoutRedis:
    def test_changes_are_told_while_it_is_away_and_when_it_is_back(self, own_stack: Stack, user: UserId) -> None:
        """PostgreSQL is asked meanwhile; afterwards hints are heard again."""
        reading, writing = (own_stack.api(REDIS_TIMEOUT="0.5", REDIS_RETRY_AFTER="0.2") for _ in range(2))
        own_stack.worker(REDIS_RETRY_AFTER="0.2")
        with reading.client(user) as frontend, writing.client(user) as writer, Watcher(frontend) as watcher:
            watcher.changes()
            own_stack.redis.stop()
            assert sees(watcher, writer, "away")
            own_stack.redis.start()
            assert sees(watcher, writer, "back")
            until(lambda: "tasklane_redis_up 1.0" in metrics(reading), "it reads again")
            assert sees(watcher, writer, "heard")

    def test_where_nobody_may_publish_changes_are_told_all_the_same(self, own_stack: Stack, user: UserId) -> None:
        """By the looks alone: announcing goes on, and listening may be forbidden as well."""
        least = "+auth +select +ping +eval +hmget +hset +hdel +hlen +hrandfield +del +expire"
        with redis_py.Redis.from_url(own_stack.redis.url) as administrator:
            administrator.execute_command("ACL", "SETUSER", "old", "on", ">secret", "~tasklane:*", *least.split())
        url = own_stack.redis.url.replace("unix://", "unix://old:secret@")
        reading, writing = own_stack.api(REDIS_URL=url), own_stack.api(REDIS_URL=url)
        with reading.client(user) as frontend, writing.client(user) as writer, Watcher(frontend) as watcher:
            watcher.changes()
            assert sees(watcher, writer, "one")
            assert writer.get("/api/tasks").headers["x-cache"] == "miss"
            assert writer.get("/api/tasks").headers["x-cache"] == "hit"


def sees(watcher: Watcher, writer: httpx.Client, title: str) -> bool:
    """Whether the next event tells of a task that is made now."""
    return make(writer, title) == watcher.changes()


def test_metrics_tell_of_streams(stack: Stack, user: UserId) -> None:
    """How many are open, what was sent, and how late; what began with a stream is no slow request."""
    api = stack.api(SLOW_REQUEST="0.001")
    with api.client(user) as frontend:
        with Watcher(frontend) as watcher:
            watcher.changes()
            assert sees(watcher, frontend, "one")
            told = metrics(api)
            assert "tasklane_streams 1.0" in told
            assert 'tasklane_events_total{event="changes"} 2.0' in told
            assert "tasklane_event_lag_seconds_count 1.0" in told
        until(lambda: "tasklane_streams 0.0" in metrics(api), "the stream is closed")
        assert 'route="/api/tasks/events"' in metrics(api)
    [line] = [line for line in api.log.read_text().splitlines() if '"stream_ended"' in line]
    assert '"reason": "left"' in line
    assert '"events": 2' in line
    assert user not in line


def test_a_reader_who_leaves_with_a_question_behind_the_stream(stack: Stack, user: UserId) -> None:
    """Is known to have left at once, though it is not the last request that the server has read."""
    api = stack.api()
    head = f"HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {shared_secret_token(user)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=60) as line:
        line.sendall(f"GET {EVENTS} {head}GET /api/tasks {head}".encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
    until(lambda: '"stream_ended"' in api.log.read_text(), "the stream has ended")
    [line_of_log] = [line for line in api.log.read_text().splitlines() if '"stream_ended"' in line]
    assert '"reason": "left"' in line_of_log
    assert '"level": "error"' not in api.log.read_text()
