"""A token that is taken back: refused by every process, wherever it answers, and whatever is away.

That this takes less than a second follows from two numbers (`test_judge.py`); here it is seen that it comes.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from tests.access.making import Made, listed, make, owner_of, revoke
from tests.integration.wires import Wire, rows
from tests.stack import ApiProcess, Stack, client, folder, migrate, new_user
from tests.steps import outside
from tests.watchers import Watcher

DIRECT = re.compile(r"^tasklane_direct_hits_total (\S+)$", re.MULTILINE)
LISTS = ("/api/tasks", "/api/tasks?sort=title", "/api/tasks/changes", "/api/tasks/stats")


def direct_hits(api: ApiProcess) -> int:
    return int(float(DIRECT.findall(httpx.get(f"{api.url}/metrics", timeout=60).text)[0]))


def warm(program: httpx.Client) -> None:
    """Until every question is a hit before any route is reached (a route tells of a limit), and known by its bytes."""
    for path in LISTS:
        hits = 0
        while hits < 3:
            hits += "ratelimit" not in program.get(path).raise_for_status().headers


def refused(program: httpx.Client, path: str = "/api/tasks") -> bool:
    """Wait for the first answer that is another than the tasks."""
    while (answer := program.get(path)).is_success:
        pass
    assert answer.status_code == 401, answer.text
    return True


@contextmanager
def at_each(made: Made, *apis: ApiProcess) -> Iterator[list[httpx.Client]]:
    """A program that asks each of these processes."""
    with ExitStack() as open_:
        yield [open_.enter_context(made.client(api.url)) for api in apis]


def test_hits_cost_no_database(own_stack: Stack) -> None:
    """Once the database has spoken for a token, hits go on without it, in every process, where bytes arrive as well."""
    apis = [own_stack.api(), own_stack.api(DIRECT_HITS="false")]
    with client(apis[0].url, new_user()) as session:
        session.post("/api/tasks", json={"title": "A task"})
        with at_each(make(session), *apis) as programs:
            for program in programs:
                warm(program)
            own_stack.postgres.freeze()
            before = direct_hits(apis[0])
            for program in programs:
                for path in LISTS * 5:
                    answer = program.get(path)
                    assert (answer.status_code, answer.headers["x-cache"]) == (200, "hit")
            assert direct_hits(apis[0]) - before == 5 * len(LISTS)
            own_stack.postgres.thaw()


def test_every_process_refuses_it(stack: Stack) -> None:
    """On the hot path, where bytes arrive, and on the routes; whoever else asks the same gets hits as before."""
    apis = [stack.api(), stack.api(), stack.api(DIRECT_HITS="false")]
    with client(apis[0].url, new_user()) as session:
        session.post("/api/tasks", json={"title": "A task"})
        made, other = make(session), make(session)
        with at_each(made, *apis) as programs, at_each(other, *apis) as others:
            for program in (*programs, *others):
                warm(program)
            revoke(session, made)
            for program in programs:
                for path in LISTS:
                    assert refused(program, path)
                assert program.post("/api/tasks", json={"title": "Late"}).status_code == 401
                assert program.head("/api/tasks").status_code == 401
            for program in others:
                warm(program)


def test_it_is_refused_without_redis(own_stack: Stack) -> None:
    """Then each process looks at the database."""
    apis = [own_stack.api(REDIS_TIMEOUT="0.5"), own_stack.api(REDIS_TIMEOUT="0.5")]
    own_stack.worker()
    with client(apis[0].url, new_user()) as session:
        made = make(session)
        with at_each(made, *apis) as programs:
            for program in programs:
                warm(program)
            own_stack.redis.stop()
            for program in programs:
                assert program.get("/api/tasks").status_code == 200
            revoke(session, made)
            for program in programs:
                assert refused(program)


def test_it_is_refused_where_redis_is_away_for_its_revoker_alone() -> None:
    """Its hits end elsewhere before the revoker is answered: the worker tells them."""
    with folder() as path, Stack(path, tcp=True) as stack, Wire(stack.redis.url) as wire:
        stack.worker()
        theirs, ours = stack.api(), stack.api(REDIS_URL=wire.url, REDIS_TIMEOUT="0.5")
        with client(ours.url, new_user()) as session:
            made = make(session)
            with at_each(made, theirs) as [program]:
                warm(program)
                wire.cut = lambda *_: 0
                revoke(session, made)
                assert refused(program)
        ours.stop()


def test_a_token_that_is_deleted_by_hand_is_refused(own_stack: Stack) -> None:
    """As soon as the worker has told of it: a trigger has the list advanced."""
    own_stack.worker()
    api = own_stack.api()
    with client(api.url, new_user()) as session:
        made, other, narrowed = make(session), make(session), make(session)
        with (
            at_each(made, api) as [program],
            at_each(narrowed, api) as [narrow],
            outside(own_stack.database_url) as hand,
        ):
            warm(program)
            warm(narrow)
            rows(hand, "DELETE FROM access_tokens WHERE id = %s", made.id)
            assert refused(program)
            warm(narrow)
            rows(hand, "UPDATE access_tokens SET scopes = '{tasks:write}' WHERE id = %s", narrowed.id)
            while (answer := narrow.get("/api/tasks")).is_success:
                pass
            assert answer.status_code == 403
            rows(hand, "TRUNCATE access_tokens")
            with at_each(other, api) as [last]:
                assert refused(last)


def test_a_downgrade_revokes_all_tokens(own_stack: Stack) -> None:
    """Processes that go on through it serve none of those that it has dropped: nobody could revoke them any more."""
    own_stack.worker()
    api = own_stack.api()
    with client(api.url, new_user()) as session, at_each(make(session), api) as [program]:
        warm(program)
        migrate(own_stack.database_url, "0009", back=True)
        while program.get("/api/tasks").is_success:
            pass
        migrate(own_stack.database_url)
        assert refused(program)
        assert listed(session) == []


def test_its_streams_end(stack: Stack) -> None:
    """In every process, and nothing of what comes afterwards is in them; those of others go on."""
    apis = [stack.api(), stack.api()]
    with client(apis[0].url, new_user()) as session:
        made, other = make(session, ["tasks:read"]), make(session)
        with ExitStack() as open_:
            programs = open_.enter_context(at_each(made, *apis))
            others = open_.enter_context(at_each(other, *apis))
            ended = [open_.enter_context(Watcher(program)) for program in programs]
            going_on = [open_.enter_context(Watcher(program)) for program in (*others, session)]
            for watcher in (*ended, *going_on):
                watcher.changes()
            revoke(session, made)
            for watcher in ended:
                assert watcher.rest()[-1].name in ("expired", "reconnect")
            for program in programs:
                assert program.get("/api/tasks/events").status_code == 401
            session.post("/api/tasks", json={"title": "Afterwards"})
            for watcher in going_on:
                while not watcher.mirror.tasks:
                    watcher.changes()


def test_its_streams_end_without_redis(own_stack: Stack) -> None:
    """By the database's word; and without that as well, because nobody can tell that they may go on."""
    api = own_stack.api(REDIS_TIMEOUT="0.5", DATABASE_TIMEOUT="5", CACHE_TTL="10")
    with client(api.url, new_user()) as session:
        made, other = make(session), make(session)
        with (
            at_each(made, api) as [program],
            at_each(other, api) as [another],
            Watcher(program) as watcher,
            Watcher(another) as going_on,
            Watcher(session) as ours,
        ):
            for stream in (watcher, going_on, ours):
                stream.changes()
            own_stack.redis.stop()
            revoke(session, made)
            assert watcher.rest()[-1].name in ("expired", "reconnect")
            own_stack.postgres.freeze()
            assert going_on.rest()[-1].name == "reconnect"
            own_stack.postgres.thaw()
            assert session.post("/api/tasks", json={"title": "Afterwards"}).status_code == 201
            while not ours.mirror.tasks:
                ours.changes()


def test_an_erased_account_ends_all_that_its_tokens_do(stack: Stack, api: ApiProcess) -> None:
    """From the answer on: hits, requests and streams."""
    with client(api.url, new_user()) as session:
        session.post("/api/tasks", json={"title": "A task"})
        made = make(session)
        assert owner_of(session)
        with at_each(made, api, stack.api()) as programs, Watcher(programs[1]) as watcher:
            for program in programs:
                warm(program)
            assert session.delete("/api/account").status_code == 202
            for program in programs:
                assert refused(program)
            assert watcher.rest()[-1].name in ("expired", "reconnect")
