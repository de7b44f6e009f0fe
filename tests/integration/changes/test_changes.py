"""What has changed: whoever applies it holds the list."""

from functools import partial
from typing import Any

import httpx
import pytest
import redis

from core.cache.keys import MAX_VARIANTS, MOST_FIELDS, OWN_FIELDS, key
from core.types import UserId
from tests import steps
from tests.mirrors import CHANGES, Mirror, everything
from tests.stack import ApiProcess, Stack, client, folder, migrate

Document = dict[str, Any]

BEFORE = "0004"
"""The migration before."""

RESYNCHRONISE = "urn:tasklane:problem:resynchronise"


def make(frontend: httpx.Client, *titles: str) -> list[Document]:
    return [frontend.post("/api/tasks", json={"title": title}).raise_for_status().json() for title in titles]


def kept(frontend: httpx.Client, *titles: str) -> Mirror:
    """A mirror of a list with these tasks."""
    make(frontend, *titles)
    mirror = Mirror()
    mirror.follow(frontend)
    return mirror


def is_gone(answer: httpx.Response) -> bool:
    """410, and the problem that tells what to do."""
    assert answer.status_code in (200, 410)
    if answer.status_code == 410:
        assert answer.json()["type"] == RESYNCHRONISE
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
    return answer.status_code == 410


def test_it_begins_with_all_tasks_and_goes_on_with_what_has_changed(alice: httpx.Client) -> None:
    """Each once, as it is now, in the order of the changes; what was deleted before the beginning is not told."""
    one, two, three, four = make(alice, "one", "two", "three", "four")
    alice.delete(f"/api/tasks/{four['id']}")
    mirror = Mirror()
    assert mirror.follow(alice) == [one, two, three]
    alice.patch(f"/api/tasks/{three['id']}", json={"title": "3"})
    alice.delete(f"/api/tasks/{one['id']}")
    [five] = make(alice, "five")
    alice.patch(f"/api/tasks/{three['id']}", json={"title": "III"})
    changes = mirror.follow(alice)
    assert [change["id"] for change in changes] == [one["id"], five["id"], three["id"]]
    assert changes[0] == {"id": one["id"], "deleted_at": alice.get("/api/tasks/trash").json()[0]["deleted_at"]}
    shown = alice.get(f"/api/tasks/{three['id']}")
    assert changes[2] == shown.json()
    assert changes[2]["etag"] == shown.headers["etag"]
    assert mirror.tasks == everything(alice)
    assert mirror.follow(alice) == []


def test_the_alias_says_the_same(alice: httpx.Client, user: UserId) -> None:
    """For pages that name the user."""
    mirror = kept(alice, "one")
    for parameters in ({}, mirror.parameters()):
        path = f"/api/{user}/tasks/changes"
        assert alice.get(path, params=parameters).json() == alice.get(CHANGES, params=parameters).json()
    assert alice.get("/api/somebody/tasks/changes").status_code == 404


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_are_no_longer_than_asked(alice: httpx.Client, limit: int) -> None:
    """`more` says whether there is another; a revision that many tasks share can end on the next page."""
    create = [{"op": "create", "task": {"title": f"{number}"}} for number in range(7)]
    made = alice.post("/api/tasks/batch", json={"operations": create}).json()["results"]
    mirror, pages = Mirror(), []
    while not mirror.whole:
        pages.append(mirror.ask(alice, limit=limit).json())
    assert [len(page["changes"]) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert [change for page in pages for change in page["changes"]] == [result["task"] for result in made]
    assert [page["more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert mirror.tasks == everything(alice)


def test_a_page_has_500_unless_it_is_told(alice: httpx.Client) -> None:
    """As a list has."""
    tasks = [{"title": f"{number}"} for number in range(501)]
    alice.post("/api/tasks/import", json={"tasks": tasks}).raise_for_status()
    page = alice.get(CHANGES).json()
    assert (len(page["changes"]), page["more"]) == (500, True)
    assert len(alice.get(CHANGES, params={"since": page["next"]}).json()["changes"]) == 1


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", ""])
def test_a_limit_is_a_number_in_its_bounds(alice: httpx.Client, limit: str) -> None:
    """As that of a list."""
    answer = alice.get(CHANGES, params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "?limit", "detail": "must be an integer from 1 to 1000"}]


@pytest.mark.parametrize("since", ["", "x", "AAAA", "cut"])
def test_what_is_no_token_is_said_to_be_none(alice: httpx.Client, since: str) -> None:
    """That is no reason to begin anew: somebody has made a mistake."""
    if since == "cut":
        since = alice.get(CHANGES).json()["next"][:-1]
    answer = alice.get(CHANGES, params={"since": since})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "?since", "detail": "must be the `next` of an earlier answer"}]


class TestWhileItIsWritten:
    """What is written between two pages."""

    def test_what_is_deleted_between_two_pages_is_told(self, alice: httpx.Client) -> None:
        """In a first synchronisation, too: its reader may hold it already."""
        one, two, three = make(alice, "one", "two", "three")
        mirror = Mirror()
        mirror.ask(alice, limit=2)
        for task in (one, three):
            alice.delete(f"/api/tasks/{task['id']}")
        assert [change["id"] for change in mirror.follow(alice, limit=2)] == [one["id"], three["id"]]
        assert list(mirror.tasks) == [two["id"]]

    def test_what_is_changed_between_two_pages_comes_last(self, alice: httpx.Client) -> None:
        """Once more if it was told before, and once if it was not."""
        one, two, three = make(alice, "one", "two", "three")
        mirror = Mirror()
        mirror.ask(alice, limit=1)
        for task in (two, one):
            alice.patch(f"/api/tasks/{task['id']}", json={"title": "x"})
        assert [change["id"] for change in mirror.follow(alice, limit=1)] == [three["id"], two["id"], one["id"]]
        assert mirror.tasks == everything(alice)

    def test_what_is_erased_between_two_pages_ends_it(self, alice: httpx.Client) -> None:
        """A deletion that nobody can tell any more: the reader may hold the task."""
        one, *_ = make(alice, "one", "two", "three")
        mirror = Mirror()
        mirror.ask(alice, limit=1)
        alice.delete(f"/api/tasks/{one['id']}")
        alice.delete("/api/tasks/trash")
        assert is_gone(mirror.ask(alice, limit=1))

    def test_deletions_of_before_the_first_page_do_not(self, alice: httpx.Client) -> None:
        """Its reader does not hold what they have deleted."""
        one, *_ = make(alice, "one", "two", "three")
        alice.delete(f"/api/tasks/{one['id']}")
        mirror = Mirror()
        mirror.ask(alice, limit=1)
        alice.delete("/api/tasks/trash")
        mirror.follow(alice, limit=1)
        assert mirror.tasks == everything(alice)

    def test_a_restored_task_is_a_task(self, alice: httpx.Client) -> None:
        """And an imported one."""
        mirror = kept(alice, "one", "two")
        [one, _] = mirror.tasks
        alice.delete(f"/api/tasks/{one}")
        mirror.follow(alice)
        alice.post(f"/api/tasks/{one}/restore")
        alice.post("/api/tasks/import", json={"tasks": [{"title": "three"}, {"title": "four"}]})
        assert len(mirror.follow(alice)) == 3
        assert mirror.tasks == everything(alice)


class TestCache:
    """What is remembered of changes, and what is proven without being remembered."""

    def test_nothing_new_is_said_without_the_database(self, own_stack: Stack, user: UserId) -> None:
        """The fence says that the list stands where the token does. On the hot path, and for whoever comes first."""
        api, other = own_stack.api(), own_stack.api()
        with client(api.url, user) as alice, client(other.url, user) as elsewhere:
            mirror = kept(alice, "one", "two")
            token = mirror.since
            own_stack.postgres.stop()
            for frontend in (alice, alice, elsewhere, elsewhere):
                answer = frontend.get(CHANGES, params=mirror.parameters())
                assert (answer.status_code, answer.headers["x-cache"]) == (200, "hit")
                assert answer.json() == {"changes": [], "next": token, "more": False}
                etag = answer.headers["etag"]
                again = frontend.get(CHANGES, params=mirror.parameters(), headers={"if-none-match": etag})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
            assert alice.head(CHANGES, params=mirror.parameters()).headers["x-cache"] == "hit"
            assert alice.get(CHANGES).headers["x-cache"] == "hit"  # the first synchronisation's page was stored
            assert alice.get(CHANGES, params=mirror.parameters(7)).headers["x-cache"] == "hit"
            assert alice.get("/api/tasks?limit=7").status_code == 503

    def test_the_same_is_said_with_it(self, alice: httpx.Client, cache: redis.Redis, user: UserId) -> None:
        """Body and ETag do not tell where they came from."""
        mirror = kept(alice, "one", "two")
        hit = alice.get(CHANGES, params=mirror.parameters())
        cache.delete(key(user))
        miss = alice.get(CHANGES, params=mirror.parameters())
        assert (hit.headers["x-cache"], miss.headers["x-cache"]) == ("hit", "miss")
        assert (hit.text, hit.headers["etag"]) == (miss.text, miss.headers["etag"])
        again = alice.get(CHANGES, params=mirror.parameters())
        assert (again.headers["x-cache"], again.text) == ("hit", hit.text)

    def test_what_others_will_ask_is_stored(self, alice: httpx.Client) -> None:
        """What is new since the last revision all other devices will want to know, too."""
        mirror = kept(alice, "one")
        make(alice, "two")
        first = alice.get(CHANGES, params=mirror.parameters())
        second = alice.get(CHANGES, params=mirror.parameters())
        assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
        assert first.text == second.text
        make(alice, "three")
        assert len(alice.get(CHANGES, params=mirror.parameters()).json()["changes"]) == 2

    def test_what_nobody_else_will_ask_takes_no_room(
        self, alice: httpx.Client, cache: redis.Redis, user: UserId
    ) -> None:
        """Places between pages; and that nothing is new, with however many limits."""
        make(alice, *"abcdefgh")
        mirror = Mirror()
        while not mirror.whole:
            mirror.ask(alice, limit=1)
        for limit in range(1, 40):
            alice.get(CHANGES, params=mirror.parameters(limit))
        assert cache.hlen(key(user)) == len(OWN_FIELDS) + 2  # their bytes, and the first page's

    def test_however_many_tokens_displace_their_owners_answers_only(
        self, alice: httpx.Client, cache: redis.Redis, user: UserId
    ) -> None:
        """As any question does."""
        tokens = []
        for number in range(MAX_VARIANTS + 8):
            make(alice, f"{number}")
            tokens.append(alice.get(CHANGES).json()["next"])
        make(alice, "last")
        for token in tokens:
            assert alice.get(CHANGES, params={"since": token}).json()["changes"][-1]["title"] == "last"
        assert cache.hlen(key(user)) == MOST_FIELDS

    def test_a_change_made_elsewhere_is_told_at_once(self, stack: Stack, alice: httpx.Client, user: UserId) -> None:
        """Nothing new is said only while nothing newer was acknowledged."""
        with stack.api().client(user) as elsewhere:
            mirror = kept(alice, "one")
            for number in range(5):
                assert mirror.follow(alice) == []
                [made] = make(elsewhere, f"{number}")
                assert mirror.follow(alice) == [made]

    def test_without_redis_it_is_asked(self, own_stack: Stack, user: UserId) -> None:
        """The database knows as well."""
        with client(own_stack.api().url, user) as alice:
            mirror = kept(alice, "one")
            own_stack.redis.stop()
            answer = alice.get(CHANGES, params=mirror.parameters())
            assert (answer.headers["x-cache"], answer.json()["changes"]) == ("bypass", [])


def test_it_is_a_route_like_any_other(alice: httpx.Client, api: ApiProcess) -> None:
    """CORS, rate limits, methods, metrics by its template."""
    mirror = kept(alice, "one")
    origin = {"origin": "http://localhost:3000"}
    for _ in range(2):
        answer = alice.get(CHANGES, params=mirror.parameters(), headers=origin)
        assert answer.headers["access-control-allow-origin"] == origin["origin"]
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["vary"].startswith("Authorization")
    assert "ratelimit" in alice.get(CHANGES, params={"limit": "77"}).headers
    assert alice.post(CHANGES, json={}).status_code == 405
    metrics = httpx.get(f"{api.url}/metrics", timeout=60).text
    assert 'tasklane_http_requests_total{method="GET",route="/api/tasks/changes",status="200"}' in metrics


def test_tasks_without_a_list_are_told_to_their_end(alice: httpx.Client, hands: steps.Cursor, user: UserId) -> None:
    """Somebody has put them there with revisions of their own; the token is none of a list that holds nothing."""
    hands.execute("INSERT INTO tasks (user_id, title, revision) SELECT %s, 'x', 1 FROM generate_series(1, 3)", (user,))
    mirror = Mirror()
    assert [len(mirror.ask(alice, limit=1).json()["changes"]) for _ in range(3)] == [1, 1, 1]
    assert mirror.whole
    assert mirror.tasks == everything(alice)


def test_lists_of_before_the_migration_are_of_its_history(user: UserId) -> None:
    """Whoever has a token of one goes on."""
    with folder() as path, Stack(path, migrate=partial(migrate, revision=BEFORE)) as stack:
        with steps.outside(stack.database_url) as hands:
            hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'one')", (user,))
        migrate(stack.database_url)
        with stack.api().client(user) as alice:
            mirror = Mirror()
            mirror.follow(alice)
            assert mirror.follow(alice) == []
            make(alice, "two")
            mirror.follow(alice)
            assert mirror.tasks == everything(alice)
