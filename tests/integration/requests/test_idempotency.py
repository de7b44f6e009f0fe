"""`Idempotency-Key`: however often, wherever and whenever a POST is sent again, it happens once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.types import UserId
from tests.integration.wires import Wire, rows
from tests.stack import ApiProcess, Stack, client, folder
from tests.steps import PATIENCE, outside, until

WALK = {"title": "Walk"}
COMMITTED = b"COMMIT\0"
"""How PostgreSQL's answer to COMMIT ends: CommandComplete with its tag."""
BLOCKED_BY = "SELECT pid FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
AGE = "UPDATE idempotency_keys SET created_at = created_at - make_interval(mins => %s) WHERE user_id = %s AND key = %s"


def post(frontend: httpx.Client, key: str, body: object = WALK, path: str = "/api/tasks") -> httpx.Response:
    return frontend.post(path, json=body, headers={"idempotency-key": key})


def insist(frontend: httpx.Client) -> list[httpx.Response]:
    """The answers up to the first that is no conflict."""
    answers = [post(frontend, "a-key")]
    while answers[-1].status_code == 409:
        assert answers[-1].headers["retry-after"]
        answers.append(post(frontend, "a-key"))
    return answers


def titles(frontend: httpx.Client) -> list[str]:
    return [task["title"] for task in frontend.get("/api/tasks").json()]


def test_a_retry_gets_the_first_answer(alice: httpx.Client) -> None:
    """Same key, same body: the status, the body and the headers of the first time, and no second task."""
    first = post(alice, "a-key")
    again = post(alice, "a-key")
    assert (first.status_code, "idempotent-replayed" in first.headers) == (201, False)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.content == first.content
    assert all(again.headers[name] == first.headers[name] for name in ("etag", "location", "content-type"))
    assert titles(alice) == ["Walk"]


CHANGES = (
    ("PATCH", "/api/tasks/{id}", {"title": "Run"}),
    ("PUT", "/api/tasks/{id}", {"title": "Run"}),
    ("PATCH", "/api/tasks/{id}/toggle", None),
    ("PATCH", "/api/tasks/{id}/complete", {"completed": True}),
    ("PATCH", "/api/tasks/{id}/complete?completed=true", None),
    ("POST", "/api/tasks/{id}/restore", None),
)


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_change_that_is_sent_again_happens_once(
    alice: httpx.Client, method: str, path: str, body: dict[str, object] | None
) -> None:
    """Its retry gets the first answer, whatever has become of the task; another change under its key is refused."""
    task = alice.post("/api/tasks", json=WALK)
    id_, key = task.json()["id"], {"idempotency-key": "a-key"}
    if method == "POST":
        alice.delete(task.headers["location"])
    first = alice.request(method, path.format(id=id_), json=body, headers=key)
    later = alice.patch(task.headers["location"], json={"priority": "high"}).headers["etag"]
    again = alice.request(method, path.format(id=id_), json=body, headers=key)
    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (200, 200, "true")
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert alice.get(task.headers["location"]).headers["etag"] == later
    other = alice.post("/api/tasks", json=WALK).json()["id"]
    assert alice.request(method, path.format(id=other), json=body, headers=key).status_code == 422


def test_a_change_that_failed_takes_no_key(alice: httpx.Client) -> None:
    """What was refused may be sent again when it fits."""
    task = alice.post("/api/tasks", json=WALK)
    path, key = task.headers["location"], {"idempotency-key": "a-key"}
    assert alice.patch(path, json={"title": "Run"}, headers={**key, "if-match": '"other"'}).status_code == 412
    assert alice.patch(path, json={"title": "Run"}, headers={**key, "if-match": task.headers["etag"]}).is_success


def test_a_retry_gets_the_first_answer_though_the_task_has_changed(alice: httpx.Client) -> None:
    """It is told what its request did, not what others have done since."""
    first = post(alice, "a-key")
    alice.delete(first.headers["location"])
    again = post(alice, "a-key")
    assert again.content == first.content
    assert titles(alice) == []


@pytest.mark.parametrize(
    ("body", "same"),
    [
        (b'{"tags":["a"],"title":"Walk"}', True),
        (b'  { "title" : "\\u0057alk",\n"tags": ["a"] }', True),
        (b'{"title":"Walk","tags":["a"],"description":null}', False),
        (b'{"title":"Walk","tags":["b"]}', False),
        (b'{"title":"Walk "}', False),
    ],
)
def test_what_a_body_says_decides_whether_it_is_the_same(alice: httpx.Client, body: bytes, *, same: bool) -> None:
    """Members may come in another order, spaced and escaped otherwise; anything else with the same key is 422."""
    assert post(alice, "a-key", {"title": "Walk", "tags": ["a"]}).status_code == 201
    headers = {"idempotency-key": "a-key", "content-type": "application/json"}
    again = alice.post("/api/tasks", content=body, headers=headers)
    assert again.status_code == (201 if same else 422)
    assert again.headers.get("idempotent-replayed") == ("true" if same else None)
    assert same or again.json()["type"] == "urn:tasklane:problem:key-reused"
    assert titles(alice) == ["Walk"]


@pytest.mark.parametrize(("one", "other"), [("a-key", '"a-key"'), ('"a b"', "a b"), ('"a\\"b\\\\"', 'a"b\\')])
def test_a_key_is_the_same_quoted_and_bare(alice: httpx.Client, one: str, other: str) -> None:
    """The draft's structured string and the plain value that most clients send mean the same."""
    assert post(alice, one).status_code == 201
    assert post(alice, other).headers.get("idempotent-replayed") == "true"


@pytest.mark.parametrize("key", ["k" * 255, f'"{"k" * 255}"', "~", "8e03978e-40d5-43dd-bc93-6894a57f9324"])
def test_keys_of_up_to_255_characters_are_taken(alice: httpx.Client, key: str) -> None:
    """The quotes do not count."""
    assert post(alice, key).status_code == 201
    assert post(alice, key).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", [b"k" * 256, b'"' + b"k" * 256 + b'"', b"", b'""', b'"open', b"\xc3\xa4", b"a\tb"])
def test_other_keys_are_refused(alice: httpx.Client, key: bytes) -> None:
    """A key that is too long, empty, half quoted or not printable ASCII is 422, and nothing is made."""
    refused = alice.post("/api/tasks", json=WALK, headers=[(b"idempotency-key", key)])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "Idempotency-Key"
    assert titles(alice) == []


def test_a_body_that_is_nested_almost_too_deeply(alice: httpx.Client) -> None:
    """Its digest is made by writing it once more, which takes more of the stack than reading it did."""
    for depth in (*range(900, 1000), *range(1480, 1510), *range(9980, 10_000)):
        body = b'{"title":"x","y":' + b"[" * depth + b"]" * depth + b"}"
        headers = {"content-type": "application/json", "idempotency-key": f"deep-{depth}"}
        answer = alice.post("/api/tasks", content=body, headers=headers)
        assert answer.status_code in (201, 422), (depth, answer.text)


def test_two_keys_at_once_are_refused(alice: httpx.Client) -> None:
    """Which of them counts would be a guess."""
    refused = alice.post("/api/tasks", json=WALK, headers=[("idempotency-key", "a"), ("idempotency-key", "b")])
    assert refused.status_code == 422


def test_keys_of_two_users_never_meet(alice: httpx.Client, bob: httpx.Client) -> None:
    """The same key and body make a task for each."""
    made = [post(frontend, "a-key") for frontend in (alice, bob)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]
    assert made[0].json()["user_id"] != made[1].json()["user_id"]


def test_a_refused_request_is_not_kept(alice: httpx.Client) -> None:
    """Whoever corrects a faulty body may send it with the same key."""
    assert post(alice, "a-key", {"title": ""}).status_code == 422
    assert post(alice, "a-key").status_code == 201


def test_a_key_belongs_to_what_it_was_first_used_for(alice: httpx.Client, user: UserId) -> None:
    """The other form of the path is the same request; a batch is another."""
    first = post(alice, "a-key")
    assert post(alice, "a-key", path=f"/api/{user}/tasks").content == first.content
    batch = {"operations": [{"op": "create", "task": WALK}]}
    assert post(alice, "a-key", batch, "/api/tasks/batch").status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/tasks/batch", {"operations": [{"op": "create", "task": WALK}]}),
        ("/api/tasks/batch", {"atomic": False, "operations": [{"op": "create", "task": WALK}, {"op": "no"}]}),
        ("/api/tasks/import", {"version": 1, "tasks": [WALK]}),
    ],
)
def test_batches_and_imports_happen_once_too(alice: httpx.Client, path: str, body: object) -> None:
    """Each operation's outcome is part of the stored answer."""
    first, again = (post(alice, "a-key", body, path) for _ in range(2))
    assert first.is_success
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert titles(alice) == ["Walk"]


def test_a_batch_that_failed_as_a_whole_is_not_kept(alice: httpx.Client) -> None:
    """It changed nothing, so its key may try again when what stood in its way is gone."""
    task = alice.post("/api/tasks", json=WALK).json()["id"]
    alice.delete(f"/api/tasks/{task}")
    batch = {"operations": [{"op": "complete", "id": task, "completed": True}]}
    assert post(alice, "a-key", batch, "/api/tasks/batch").status_code == 409
    alice.post(f"/api/tasks/{task}/restore")
    assert post(alice, "a-key", batch, "/api/tasks/batch").status_code == 200


def test_concurrent_twins_make_one_task(api: ApiProcess, alice: httpx.Client) -> None:
    """32 requests with one key: one is answered anew, the others get its answer, at once or after a 409."""
    user = alice.get("/api/account").json()["user_id"]
    frontends = [client(api.url, user) for _ in range(32)]
    with ThreadPoolExecutor(len(frontends)) as threads:
        answers = [answer for answers in threads.map(insist, frontends) for answer in answers]
    for frontend in frontends:
        frontend.close()
    statuses = Counter((answer.status_code, answer.headers.get("idempotent-replayed")) for answer in answers)
    statuses.pop((409, None), None)
    assert statuses == {(201, None): 1, (201, "true"): 31}
    assert len({answer.content for answer in answers if answer.is_success}) == 1
    assert titles(alice) == ["Walk"]


def test_a_loose_batch_in_which_all_failed_is_kept_too(alice: httpx.Client) -> None:
    """Its answer was 200: a retry gets it again though the task is there by now, and another body is refused."""
    batch = {"atomic": False, "operations": [{"op": "delete", "id": 999_999}]}
    first = alice.post("/api/tasks/batch", json=batch, headers={"idempotency-key": "all-failed"})
    again = alice.post("/api/tasks/batch", json=batch, headers={"idempotency-key": "all-failed"})
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    batch["atomic"] = True
    other = alice.post("/api/tasks/batch", json=batch, headers={"idempotency-key": "all-failed"})
    assert other.status_code == 422


@pytest.mark.anyio
async def test_a_key_whose_request_is_still_running_is_a_conflict(
    stack: Stack, alice: httpx.Client, user: UserId
) -> None:
    """409 while the first one works, whatever the body; its answer once it is done."""
    post(alice, "b-key", {"title": "Sit"})
    with outside(stack.database_url) as other, outside(stack.database_url) as watcher, ThreadPoolExecutor(1) as thread:
        rows(other, "BEGIN")
        rows(other, "SELECT revision FROM task_lists WHERE user_id = %s FOR UPDATE", user)
        first = thread.submit(post, alice, "a-key")
        try:
            await until(lambda: bool(rows(watcher, BLOCKED_BY, other.connection.info.backend_pid)))
            for body in (WALK, {"title": "Run"}):
                twin = post(alice, "a-key", body)
                assert (twin.status_code, twin.json()["type"]) == (409, "urn:tasklane:problem:still-running")
                assert int(twin.headers["retry-after"]) > 0
        finally:
            rows(other, "ROLLBACK")
        assert first.result(PATIENCE).status_code == 201
    assert post(alice, "a-key").content == first.result().content
    assert titles(alice) == ["Walk", "Sit"]


@pytest.mark.parametrize("committed", [True, False])
def test_an_api_killed_before_its_answer_has_done_it_once_or_not_at_all(user: UserId, *, committed: bool) -> None:
    """SIGKILL after COMMIT and before the answer: the retry gets the stored answer. Before COMMIT: it is the first."""
    reached, killed = threading.Event(), threading.Event()

    def hold(from_client: bool, chunk: bytes) -> int | None:  # noqa: FBT001
        """Keep the answer to COMMIT, or the COMMIT itself, until the API is gone."""
        if (COMMITTED in chunk and not from_client) if committed else (b"COMMIT" in chunk and from_client):
            reached.set()
            killed.wait(PATIENCE)
            return 0
        return None

    with folder() as path, Stack(path, tcp=True) as stack, Wire(stack.database_url, hold) as wire:
        api = stack.api(DATABASE_URL=wire.url)
        with client(api.url, user) as alice, outside(stack.database_url) as other, ThreadPoolExecutor(1) as thread:
            lost = thread.submit(post, alice, "a-key")
            try:
                assert reached.wait(PATIENCE)
                assert rows(other, "SELECT title FROM tasks WHERE user_id = %s", user) == ["Walk"] * committed
                api.kill()
            finally:
                killed.set()
            with pytest.raises(httpx.TransportError):
                lost.result(PATIENCE)
            wire.cut = None
            api.start()
            again = insist(alice)[-1]
            assert again.status_code == 201
            assert again.headers.get("idempotent-replayed") == ("true" if committed else None)
            assert [again.json()] == alice.get("/api/tasks").json()
        api.stop()


def test_a_key_may_be_used_anew_after_its_retention(stack: Stack, alice: httpx.Client, user: UserId) -> None:
    """A day by default: until then the answer is repeated, from then on the key is like new."""
    with outside(stack.database_url) as other:
        first = post(alice, "a-key")
        rows(other, AGE, 24 * 60 - 5, user, "a-key")
        assert post(alice, "a-key").content == first.content
        rows(other, AGE, 6, user, "a-key")
        anew = post(alice, "a-key", {"title": "Run"})
        assert (anew.status_code, "idempotent-replayed" in anew.headers) == (201, False)
        assert post(alice, "a-key", {"title": "Run"}).content == anew.content
    assert titles(alice) == ["Run", "Walk"]


@pytest.mark.anyio
async def test_the_worker_forgets_keys_after_their_retention(stack: Stack, alice: httpx.Client, user: UserId) -> None:
    """The rows go, those of keys that still count stay; the retention is a setting."""
    for key in ("old", "young"):
        post(alice, key)
    with outside(stack.database_url) as other:
        rows(other, AGE, 121, user, "old")
        rows(other, AGE, 119, user, "young")
        worker = stack.worker(WORKER_PURGE_PERIOD="1", IDEMPOTENCY_RETENTION_HOURS="2")
        kept = "SELECT key FROM idempotency_keys WHERE user_id = %s ORDER BY key"
        await until(lambda: rows(other, kept, user) == ["young"])
        worker.stop()
        assert rows(other, kept, user) == ["young"]
    assert post(alice, "young").headers["idempotent-replayed"] == "true"
    assert titles(alice) == ["Walk", "Walk"]
