"""The order by hand and subtasks, as a frontend uses them: moves, nesting, and what a change takes along."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from core.tasks.tree import keys
from core.types import UserId
from tests.integration.wires import rows
from tests.stack import ApiProcess, Stack, client, new_user
from tests.steps import outside

REVISION = "SELECT revision FROM task_lists WHERE user_id = %s"
REVISIONS = "SELECT count(DISTINCT revision) FROM tasks WHERE user_id = %s"
ABSENT = 2**62


@pytest.fixture(scope="module")
def quick(stack: Stack) -> Iterator[ApiProcess]:
    """One that does not mind how often it is asked."""
    api = stack.api(LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0")
    yield api
    api.stop()


def make(frontend: httpx.Client, title: str = "Walk", **others: object) -> Any:
    answer = frontend.post("/api/tasks", json={"title": title, **others})
    assert answer.status_code == 201, answer.text
    return answer.json()


def move(frontend: httpx.Client, task: Any, **to: object) -> httpx.Response:
    return frontend.post(f"/api/tasks/{task['id']}/move", json=to)


def titles(frontend: httpx.Client, **asked: str) -> list[str]:
    return [task["title"] for task in frontend.get("/api/tasks", params={"sort": "position", **asked}).json()]


def chain(frontend: httpx.Client, levels: int) -> list[Any]:
    """A task, its subtask, and so on."""
    made: list[Any] = []
    for level in range(levels):
        made.append(make(frontend, f"level {level + 1}", parent_id=made[-1]["id"] if made else None))
    return made


def fault(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["detail"]


def test_a_new_task_comes_first_and_a_moved_one_where_it_was_put(alice: httpx.Client) -> None:
    """Above what was moved to the top before, too; the others stay as they are, in both directions."""
    a, b, c = (make(alice, title) for title in "abc")
    assert titles(alice) == ["c", "b", "a"]
    moved = move(alice, a, after=c["id"])
    assert moved.status_code == 200
    assert moved.json() == {
        **a,
        **{name: moved.json()[name] for name in ("position", "updated_at", "etag")},
    }
    assert moved.headers["etag"] == moved.json()["etag"] != a["etag"]
    assert titles(alice) == ["c", "a", "b"]
    move(alice, b)
    assert titles(alice) == ["b", "c", "a"]
    make(alice, "d")
    assert titles(alice) == ["d", "b", "c", "a"]
    move(alice, b, after=a["id"])
    assert titles(alice) == ["d", "c", "a", "b"]
    assert titles(alice, order="desc") == ["b", "a", "c", "d"]
    assert titles(alice, search="C") == ["c"]
    shown = alice.get("/api/tasks", params={"sort": "position"}).json()
    assert [task["position"] for task in shown] == sorted(task["position"] for task in shown)


def test_pages_of_the_order_by_hand_continue_one_another(alice: httpx.Client) -> None:
    """By cursor and by offset, whatever of it was moved and whatever was not."""
    made = [make(alice, str(number)) for number in range(9)]
    for task, after in ((1, 7), (3, 1), (8, 0), (5, 4)):
        move(alice, made[task], after=made[after]["id"])
    for sort in ("position", "-position"):
        whole = alice.get("/api/tasks", params={"sort": sort}).json()
        assert len(whole) == 9
        page = alice.get("/api/tasks", params={"sort": sort, "limit": "2"})
        found = page.json()
        while "next" in page.links:
            page = alice.get(page.links["next"]["url"])
            found += page.json()
        assert found == whole
        for offset in range(9):
            asked = {"sort": sort, "limit": "4", "offset": str(offset)}
            assert alice.get("/api/tasks", params=asked).json() == whole[offset : offset + 4]


def test_a_subtask_is_found_by_its_parent(alice: httpx.Client) -> None:
    """And what is at the top by having none; the answers know each other as any list's do."""
    parent = make(alice, "parent")
    child, other = (make(alice, title, parentId=parent["id"]) for title in ("child", "other"))
    grandchild = make(alice, "grandchild", parent_id=child["id"])
    assert (child["parent_id"], grandchild["parent_id"]) == (parent["id"], child["id"])
    assert titles(alice, parent_id=str(parent["id"])) == ["other", "child"]
    assert titles(alice, parent_id="none") == ["parent"]
    assert titles(alice, parentId=str(child["id"]), status="pending") == ["grandchild"]
    assert alice.get("/api/tasks", params={"parent_id": "none"}).headers["x-total-count"] == "1"
    alice.patch(f"/api/tasks/{other['id']}", json={"parent_id": None})
    assert titles(alice, parent_id="none") == ["other", "parent"]
    for wrong in ("all", "0", "-1", str(2**63)):
        assert fault(alice.get("/api/tasks", params={"parent_id": wrong}))[:2] == (422, "?parent_id")


def test_no_circle_and_no_more_than_four_levels(alice: httpx.Client, bob: httpx.Client) -> None:
    """Whoever tries, by which way ever; and a parent is one's own, and live."""
    one, two, three, four = chain(alice, 4)
    ways: tuple[Callable[[Any, int], httpx.Response], ...] = (
        lambda task, parent: alice.patch(f"/api/tasks/{task['id']}", json={"parent_id": parent}),
        lambda task, parent: move(alice, task, parent_id=parent),
    )
    for way in ways:
        for parent in (one, two, four):
            assert fault(way(one, parent["id"])) == (
                422,
                "#/parent_id",
                "must be neither the task itself nor one of its subtasks",
            )
        assert fault(way(make(alice), four["id"])) == (
            422,
            "#/parent_id",
            "must leave at most 4 levels of tasks, one within the other",
        )
        pair = chain(alice, 2)
        assert way(pair[0], three["id"]).status_code == 422
        assert way(pair[0], two["id"]).status_code == 200
        gone = make(alice)
        alice.delete(f"/api/tasks/{gone['id']}")
        for parent in (gone["id"], make(bob)["id"], ABSENT):
            assert fault(way(make(alice), parent)) == (
                422,
                "#/parent_id",
                "must be the id of a task of yours that is not in the trash",
            )
    assert alice.post("/api/tasks", json={"title": "x", "parent_id": four["id"]}).status_code == 422
    answer = alice.post(
        "/api/tasks/batch",
        json={
            "atomic": False,
            "operations": [
                {"op": "create", "task": {"title": "x", "parent_id": ABSENT}},
                {"op": "move", "id": one["id"], "parent_id": four["id"]},
                {"op": "move", "id": one["id"], "after": ABSENT},
                {"op": "move", "id": two["id"], "parent_id": None},
            ],
        },
    )
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [422, 422, 422, 200]
    pointers = [result["problem"]["errors"][0]["pointer"] for result in results[:3]]
    assert pointers == ["#/operations/0/task/parent_id", "#/operations/1/parent_id", "#/operations/2/after"]


def test_a_move_says_where_it_cannot_go(alice: httpx.Client, bob: httpx.Client) -> None:
    """Behind itself, behind nothing, behind somebody else's; with `If-Match` only from the state that was seen."""
    task = make(alice)
    assert fault(move(alice, task, after=task["id"]))[:2] == (422, "#/after")
    assert fault(move(alice, task, after=make(bob)["id"]))[:2] == (422, "#/after")
    assert fault(move(alice, task, after="first"))[:2] == (422, "#/after")
    assert move(alice, {"id": ABSENT}).status_code == 404
    assert move(bob, task).status_code == 404
    path = f"/api/tasks/{task['id']}/move"
    assert alice.post(path, json={}, headers={"if-match": '"old"'}).status_code == 412
    assert alice.post(path, json={}, headers={"if-match": task["etag"]}).status_code == 200
    keyed = [alice.post(path, json={}, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert keyed[0].content == keyed[1].content
    assert keyed[1].headers["idempotent-replayed"] == "true"
    assert alice.post(f"/tasks/{task['id']}/move/", json={}).status_code == 200


def test_behind_a_task_that_went_meanwhile_there_is_a_place(alice: httpx.Client) -> None:
    """Two devices both succeed: what one deletes another may still put something behind."""
    a, b, c = (make(alice, title) for title in "abc")
    alice.delete(f"/api/tasks/{b['id']}")
    make(alice, "d")
    assert move(alice, c, after=b["id"]).status_code == 200
    assert titles(alice) == ["d", "c", "a"]
    assert a["position"] > alice.get(f"/api/tasks/{c['id']}").json()["position"] > b["position"]


def test_completing_completes_what_is_beneath(alice: httpx.Client) -> None:
    """In one revision, told in the answer; `?descendants=false` leaves it, and reopening reopens one alone."""
    one, two, three = chain(alice, 3)
    other = make(alice, "other", parent_id=one["id"], completed=True)
    path = f"/api/tasks/{one['id']}"
    left = alice.patch(f"{path}/complete", params={"descendants": "false"}, json={"completed": True})
    assert "descendants" not in left.json()
    assert titles(alice, status="pending") == ["level 3", "level 2"]
    alice.patch(f"{path}/complete", json={"completed": False})
    ways: tuple[Callable[[], httpx.Response], ...] = (
        lambda: alice.patch(f"{path}/complete", json={"completed": True}),
        lambda: alice.patch(f"{path}/toggle"),
        lambda: alice.put(path, json={**one, "completed": True}),
    )
    for way in ways:
        done = way().json()
        assert {task["id"] for task in done["descendants"]} == {two["id"], three["id"]}
        assert done["completed"]
        assert titles(alice, status="pending") == []
        for task in done["descendants"]:
            assert alice.get(f"/api/tasks/{task['id']}").json() == task
        assert alice.get(f"/api/tasks/{other['id']}").json() == other
        assert "descendants" not in alice.patch(path, json={"title": "again", "completed": True}).json()
        for task in (one, two, three):
            alice.patch(f"/api/tasks/{task['id']}/complete", json={"completed": False})
    result = alice.post("/api/tasks/batch", json={"operations": [{"op": "complete", "id": two["id"]}]}).json()
    [told] = result["results"]
    assert [task["id"] for task in told["descendants"]] == [three["id"]]


def test_the_trash_takes_a_task_with_what_is_beneath_it(alice: httpx.Client, user: UserId, stack: Stack) -> None:
    """And gives back what went there with it, where it was; not what had been deleted before."""
    one, two, three = chain(alice, 3)
    before = make(alice, "before", parent_id=two["id"])
    order = titles(alice)
    alice.delete(f"/api/tasks/{before['id']}")
    assert alice.delete(f"/api/tasks/{one['id']}").status_code == 204
    assert titles(alice) == []
    trash = alice.get("/api/tasks/trash").json()
    assert len({task["deleted_at"] for task in trash}) == 2
    with outside(stack.database_url) as outsider:
        assert rows(outsider, REVISIONS + " AND id <> %s", user, before["id"]) == [1]
    restored = alice.post(f"/api/tasks/{one['id']}/restore").json()
    assert [task["id"] for task in restored["descendants"]] == [two["id"], three["id"]]
    assert titles(alice) == [title for title in order if title != "before"]
    assert [task["id"] for task in alice.get("/api/tasks/trash").json()] == [before["id"]]
    result = alice.post(
        "/api/tasks/batch",
        json={
            "operations": [
                {"op": "delete", "id": two["id"]},
                {"op": "restore", "id": two["id"]},
                {"op": "restore", "id": before["id"]},
            ]
        },
    ).json()["results"]
    assert [task["id"] for task in result[0]["descendants"]] == [three["id"]]
    assert all(task["deleted_at"] for task in result[0]["descendants"])
    assert [task["id"] for task in result[1]["descendants"]] == [three["id"]]
    assert titles(alice) == order


def test_what_comes_back_without_its_parent_is_at_the_top_level(alice: httpx.Client) -> None:
    """Whether the parent is in the trash, erased, or so deep by now that there is no room beneath it."""
    one, two = chain(alice, 2)
    alice.delete(f"/api/tasks/{one['id']}")
    assert alice.post(f"/api/tasks/{two['id']}/restore").json()["parent_id"] is None
    one, two = chain(alice, 2)
    alice.delete(f"/api/tasks/{two['id']}")
    assert alice.post(f"/api/tasks/{two['id']}/restore").json()["parent_id"] == one["id"]
    alice.delete(f"/api/tasks/{two['id']}")
    *_, deep = chain(alice, 3)
    move(alice, one, parent_id=deep["id"])
    assert alice.post(f"/api/tasks/{two['id']}/restore").json()["parent_id"] is None
    alice.delete(f"/api/tasks/{deep['id']}")
    alice.delete("/api/tasks/trash")
    live = {task["id"]: task["parent_id"] for task in alice.get("/api/tasks").json()}
    assert {parent for parent in live.values() if parent} <= live.keys()


def test_whoever_deletes_takes_along_what_is_beneath(alice: httpx.Client, user: UserId, stack: Stack) -> None:
    """A process of the release before, or somebody with psql, who know of no subtasks: the database sees to it."""
    one, two, three = chain(alice, 3)
    with outside(stack.database_url) as outsider:
        rows(outsider, "UPDATE tasks SET deleted_at = now() WHERE user_id = %s AND id = %s", user, one["id"])
        assert rows(outsider, "SELECT count(*) FROM tasks WHERE user_id = %s AND deleted_at IS NULL", user) == [0]
        assert rows(outsider, REVISIONS, user) == [1]
        assert rows(outsider, "SELECT in_trash FROM task_lists WHERE user_id = %s", user) == [3]
        rows(outsider, "UPDATE tasks SET deleted_at = NULL WHERE user_id = %s AND id = %s", user, two["id"])
        live = "SELECT id FROM tasks WHERE user_id = %s AND deleted_at IS NULL ORDER BY id"
        assert rows(outsider, live, user) == [two["id"], three["id"]]
        assert rows(outsider, "SELECT parent_id FROM tasks WHERE user_id = %s AND id = %s", user, two["id"]) == [None]


def test_a_thousand_subtasks_change_in_one_revision(quick: ApiProcess, stack: Stack) -> None:
    """They are completed, moved, deleted and restored with their parent, and each time a mirror is told of all."""
    user = new_user()
    tasks = [{"id": 1, "title": "root"}]
    tasks += [{"id": number, "title": "x", "parent_id": 1 + number // 40} for number in range(2, 1001)]
    with client(quick.url, user) as frontend:
        assert frontend.post("/api/tasks/import", json={"tasks": tasks}).json() == {"imported": 1000}
        [root] = frontend.get("/api/tasks", params={"parent_id": "none"}).json()
        other = make(frontend, "other")
        since = frontend.get("/api/tasks/changes", params={"limit": "1000"}).json()
        since = frontend.get("/api/tasks/changes", params={"since": since["next"]}).json()["next"]
        path = f"/api/tasks/{root['id']}"
        changes: tuple[tuple[Callable[[], httpx.Response], int], ...] = (
            (lambda: frontend.patch(f"{path}/complete", json={"completed": True}), 999),
            (lambda: frontend.post(f"{path}/move", json={"after": None, "parent_id": other["id"]}), 0),
            (lambda: frontend.delete(path), 0),
            (lambda: frontend.post(f"{path}/restore"), 999),
        )
        for change, told in changes:
            answer = change()
            assert answer.status_code < 300
            assert len(answer.json().get("descendants", ()) if answer.content else ()) == told
            page = frontend.get("/api/tasks/changes", params={"since": since, "limit": "1000"}).json()
            assert len(page["changes"]) == (1 if answer.request.url.path.endswith("move") else 1000)
            since = page["next"]
            with outside(stack.database_url) as outsider:
                changed = "SELECT count(*) FROM tasks WHERE user_id = %s AND revision = (" + REVISION + ")"
                assert rows(outsider, changed, user, user) == [len(page["changes"])]


def test_a_tree_has_a_bound(quick: ApiProcess) -> None:
    """So that a transaction that changes all of it is no long one."""
    tasks: list[dict[str, Any]] = [{"id": 1, "title": "root"}]
    tasks += [{"id": number, "title": "x", "parent_id": 1} for number in range(2, 5001)]
    with client(quick.url, new_user()) as frontend:
        assert frontend.post("/api/tasks/import", json={"tasks": tasks}).status_code == 201
        [root] = frontend.get("/api/tasks", params={"parent_id": "none"}).json()
        refused = frontend.post("/api/tasks", json={"title": "one more", "parent_id": root["id"]})
        assert fault(refused) == (422, "#/parent_id", "must leave at most 5000 tasks beneath one another")
        [child] = frontend.get("/api/tasks", params={"parent_id": str(root["id"]), "limit": "1"}).json()
        assert move(frontend, child, parent_id=root["id"]).status_code == 200


@pytest.mark.parametrize(
    ("place", "batches"), [("behind one task", 100), ("before one task", 10), ("in turns at both ends of two", 10)]
)
def test_thousands_of_moves_to_one_place_keep_keys_short(quick: ApiProcess, place: str, batches: int) -> None:
    """Each goes where it was asked to, and those that were there stay in their order."""
    user = new_user()
    with client(quick.url, user) as frontend:
        made = [make(frontend, str(number)) for number in range(6)][::-1]
        order = [task["id"] for task in made]
        for _ in range(batches):
            operations: list[dict[str, object]] = []
            for _ in range(100):
                if place == "behind one task":
                    mover, after = order[-1], order[0]
                elif place == "before one task":
                    mover, after = order[0], order[-2]
                else:
                    mover, after = (order[2], order[0]) if len(operations) % 2 else (order[3], order[1])
                order.remove(mover)
                order.insert(order.index(after) + 1, mover)
                operations.append({"op": "move", "id": mover, "after": after})
            answer = frontend.post("/api/tasks/batch", json={"operations": operations})
            assert answer.status_code == 200
            shown = frontend.get("/api/tasks", params={"sort": "position"}).json()
            assert [task["id"] for task in shown] == order
            assert max(len(task["position"]) for task in shown) <= keys.MOST


def test_a_crowded_place_is_made_room_in(quick: ApiProcess, stack: Stack) -> None:
    """Where no key of the bound's length is left, those around are spread anew, with the move and in its revision."""
    user = new_user()
    with client(quick.url, user) as frontend:
        made = [make(frontend, str(number)) for number in range(200)][::-1]
        with outside(stack.database_url) as outsider:
            low = keys.of_number(made[100]["id"])
            for number, key in ((101, f"{low}{'0' * 31}1"), (102, f"{low}{'0' * 31}2"), (103, f"{low}{'0' * 31}2")):
                rows(outsider, "UPDATE tasks SET position = %s WHERE id = %s", key, made[number]["id"])
        order = [task["title"] for task in made]
        ties = sorted(order[102:104], key=lambda title: [task["id"] for task in made if task["title"] == title])
        order[102:104] = ties
        assert titles(frontend) == order
        for after in (100, 101, 102):
            mover = made[after + 50]
            order.remove(mover["title"])
            order.insert(order.index(made[after]["title"]) + 1, mover["title"])
            assert move(frontend, mover, after=made[after]["id"]).status_code == 200
            assert titles(frontend) == order
        assert max(len(task["position"]) for task in frontend.get("/api/tasks").json()) <= keys.CROWDED
