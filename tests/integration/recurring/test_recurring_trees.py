"""A recurring task among others: its place, its subtasks and its reminders come again, and go again, as one."""

from typing import Any

import httpx

from core.types import UserId
from tests.stack import Stack, client

Document = dict[str, Any]

WEEKLY = {"rule": "FREQ=WEEKLY"}
DAILY_THRICE = {"recurrence": {"rule": "FREQ=DAILY;COUNT=3"}}


def make(frontend: httpx.Client, title: str, **members: object) -> Document:
    answer = frontend.post("/api/tasks", json={"title": title, **members})
    assert answer.status_code == 201, answer.text
    made: Document = answer.json()
    return made


def recurring(frontend: httpx.Client, title: str = "Clean", **members: object) -> Document:
    return make(frontend, title, **{"due_date": "2026-03-02", "recurrence": WEEKLY, **members})


def complete(frontend: httpx.Client, task: Document, *, completed: bool = True, **asked: str) -> Document:
    answer = frontend.patch(f"/api/tasks/{task['id']}/complete", json={"completed": completed}, params=asked)
    assert answer.status_code == 200, answer.text
    changed: Document = answer.json()
    return changed


def get(frontend: httpx.Client, id_: int) -> Document:
    found: Document = frontend.get(f"/api/tasks/{id_}").json()
    return found


def listed(frontend: httpx.Client, **asked: str) -> list[Document]:
    tasks: list[Document] = frontend.get("/api/tasks", params={"sort": "position", **asked}).json()
    return tasks


def beneath(frontend: httpx.Client, id_: int) -> list[Document]:
    return listed(frontend, parent_id=str(id_))


def titles(tasks: list[Document]) -> list[str]:
    return [task["title"] for task in tasks]


def trash(frontend: httpx.Client) -> set[int]:
    return {task["id"] for task in frontend.get("/api/tasks/trash").json()}


def test_the_next_one_stands_where_this_one_stood(alice: httpx.Client) -> None:
    """Whether anybody has moved it or not: behind the completed one, before what came after that, with the parent."""
    parent = make(alice, "Home")
    for title in ("c", "Clean", "a"):
        recurring(alice, title, parent_id=parent["id"]) if title == "Clean" else make(alice, title)
    [task] = beneath(alice, parent["id"])
    for week in range(3):
        task = get(alice, complete(alice, task)["next_id"])
        assert task["parent_id"] == parent["id"]
        assert titles(listed(alice)) == ["a", *["Clean"] * (week + 2), "c", "Home"]
        assert listed(alice)[week + 2] == task
    alice.post(f"/api/tasks/{task['id']}/move", json={"after": parent["id"], "parent_id": None})
    complete(alice, task)
    assert titles(listed(alice, status="pending")) == ["a", "c", "Home", "Clean"]


def test_its_subtasks_come_again_and_are_open(alice: httpx.Client) -> None:
    """At all levels, in their order, whether they were done or not; all of it in one revision."""
    task = recurring(alice)
    names = ("Windows", "Floor", "Kitchen")
    kitchen, floor, windows = (make(alice, name, parent_id=task["id"]) for name in reversed(names))
    make(alice, "Oven", parent_id=kitchen["id"], description="Inside", tags=["hot"], priority="high")
    alice.post(f"/api/tasks/{windows['id']}/move", json={"after": floor["id"]})
    complete(alice, floor)
    since = alice.get("/api/tasks/changes").json()["next"]
    completed = complete(alice, task)
    assert sorted(titles(completed["descendants"])) == ["Kitchen", "Oven", "Windows"]
    following = beneath(alice, completed["next_id"])
    assert titles(following) == ["Floor", "Windows", "Kitchen"]
    assert not any(item["completed"] or item["completed_at"] for item in following)
    [oven] = beneath(alice, following[2]["id"])
    assert {name: oven[name] for name in ("title", "description", "tags", "priority", "completed")} == {
        "title": "Oven",
        "description": "Inside",
        "tags": ["hot"],
        "priority": "high",
        "completed": False,
    }
    changes = alice.get("/api/tasks/changes", params={"since": since}).json()["changes"]
    assert len(changes) == 4 + 5
    assert len({item["etag"].rpartition("-")[2] for item in changes}) == 1
    assert len({item["id"] for item in listed(alice)}) == 10
    uids = [item["uid"] for item in alice.get("/api/tasks/export").json()["tasks"]]
    assert len(set(uids)) == 10


def test_dates_and_reminders_beneath_it_move_along(alice: httpx.Client) -> None:
    """By as many days, on the clock of the recurrence; minutes before stay as they are."""
    berlin = {"rule": "FREQ=MONTHLY", "time_zone": "Europe/Berlin"}
    task = recurring(
        alice,
        due_date="2026-03-01T09:00:00+01:00",
        recurrence=berlin,
        reminders=[30, "2026-02-28T20:00:00+01:00"],
    )
    make(alice, "Shop", parent_id=task["id"], due_date="2026-02-27", reminders=["2026-02-27T08:00:00+01:00", 10])
    make(alice, "Cook", parent_id=task["id"], due_date="2026-03-01T02:30:00+01:00")
    make(alice, "Last", parent_id=task["id"], due_date="9999-12-31")
    following = get(alice, complete(alice, task)["next_id"])
    assert following["due_date"] == "2026-04-01T07:00:00.000Z"
    assert following["reminders"] == [30, "2026-03-31T18:00:00.000Z"]
    last, cook, shop = beneath(alice, following["id"])
    assert (shop["due_date"], shop["reminders"]) == ("2026-03-30", ["2026-03-30T06:00:00.000Z", 10])
    assert cook["due_date"] == "2026-04-01T00:30:00.000Z"
    assert last["due_date"] == "9999-12-31"


def test_what_recurs_beneath_it_goes_on_by_its_own_rule(alice: httpx.Client) -> None:
    """Once, though it was done more than once; and it is not there any more when its series is over."""
    task = recurring(alice)
    daily = recurring(alice, "Water", parent_id=task["id"], recurrence={"rule": "FREQ=DAILY"})
    second = complete(alice, daily)["next_id"]
    recurring(alice, "Twice", parent_id=task["id"], recurrence={"rule": "FREQ=DAILY;COUNT=1"})
    completed = complete(alice, task)
    [water] = beneath(alice, completed["next_id"])
    assert (water["title"], water["due_date"], water["series_id"]) == ("Water", "2026-03-04", daily["id"])
    assert get(alice, second)["next_id"] == water["id"]
    [along] = [item for item in completed["descendants"] if item["id"] == second]
    assert (along["completed"], along["next_id"]) == (True, water["id"])
    assert len(beneath(alice, task["id"])) == 3
    complete(alice, get(alice, second), completed=False)
    assert complete(alice, get(alice, second))["next_id"] == water["id"]
    assert len(beneath(alice, task["id"])) == 3


def test_of_very_many_that_recur_beneath_it_the_last_keep_their_distance(alice: httpx.Client) -> None:
    """Each search for a date takes its time: fifty are made, and the others move by as many days as the task itself."""
    task = recurring(alice, due_date="2026-03-02")
    creations = [
        {"op": "create", "task": {"title": str(n), "parent_id": task["id"], "due_date": "2026-03-02", **DAILY_THRICE}}
        for n in reversed(range(52))
    ]
    alice.post("/api/tasks/batch", json={"operations": creations}, timeout=60).raise_for_status()
    made = beneath(alice, complete(alice, task)["next_id"])
    assert titles(made) == [str(n) for n in range(52)]
    assert {item["due_date"] for item in made[:50]} == {"2026-03-03"}
    assert {item["recurrence"]["rule"] for item in made[:50]} == {"FREQ=DAILY;COUNT=2"}
    assert {item["due_date"] for item in made[50:]} == {"2026-03-09"}
    assert {item["recurrence"]["rule"] for item in made[50:]} == {"FREQ=DAILY;COUNT=3"}
    following = get(alice, complete(alice, made[51])["next_id"])
    assert following["due_date"] == "2026-03-10"


def test_what_is_left_open_stays_and_comes_again_besides(alice: httpx.Client) -> None:
    """`descendants=false` completes it alone; what recurs beneath it goes on there, too."""
    task = recurring(alice)
    plain = make(alice, "Floor", parent_id=task["id"])
    often = recurring(alice, "Water", parent_id=task["id"])
    completed = complete(alice, task, descendants="false")
    assert "descendants" not in completed
    assert beneath(alice, task["id"]) == [get(alice, often["id"]), plain]
    assert get(alice, often["id"])["next_id"] is None
    assert titles(beneath(alice, completed["next_id"])) == ["Water", "Floor"]
    assert complete(alice, often)["next_id"] not in {item["id"] for item in beneath(alice, completed["next_id"])}


def test_what_is_completed_with_its_parent_makes_no_next_one(alice: httpx.Client) -> None:
    """A project that is over is over; who reopens the subtask goes on with it."""
    project = make(alice, "Move house")
    task = recurring(alice, parent_id=project["id"])
    [along] = complete(alice, project)["descendants"]
    assert (along["id"], along["completed"], along["next_id"]) == (task["id"], True, None)
    assert len(listed(alice)) == 2
    complete(alice, task, completed=False)
    assert get(alice, complete(alice, task)["next_id"])["parent_id"] == project["id"]


def test_reopening_takes_back_the_whole_of_what_nobody_has_touched(alice: httpx.Client) -> None:
    """With its subtasks; the completed subtasks stay as they are, and completing makes all of it again."""
    task = recurring(alice)
    floor = make(alice, "Floor", parent_id=task["id"])
    water = recurring(alice, "Water", parent_id=task["id"])
    first = complete(alice, task)["next_id"]
    made = {first, *(item["id"] for item in beneath(alice, first))}
    assert len(made) == 3
    assert complete(alice, task, completed=False)["next_id"] is None
    assert trash(alice) == made
    assert get(alice, floor["id"])["completed"]
    assert get(alice, water["id"])["next_id"] is None
    again = complete(alice, task)["next_id"]
    assert again not in made
    assert titles(beneath(alice, again)) == ["Water", "Floor"]


def test_one_touched_subtask_keeps_all_of_it(alice: httpx.Client) -> None:
    """Completed, edited, deleted or added: somebody works on the next one already."""
    for touch in ("complete", "edit", "delete", "add"):
        task = recurring(alice)
        make(alice, "Floor", parent_id=make(alice, "Kitchen", parent_id=task["id"])["id"])
        following = complete(alice, task)["next_id"]
        [kitchen] = beneath(alice, following)
        [floor] = beneath(alice, kitchen["id"])
        match touch:
            case "complete":
                complete(alice, floor)
            case "edit":
                alice.patch(f"/api/tasks/{floor['id']}", json={"title": "Ground"})
            case "delete":
                alice.delete(f"/api/tasks/{floor['id']}")
            case _:
                make(alice, "Oven", parent_id=kitchen["id"])
        assert complete(alice, task, completed=False)["next_id"] == following, touch
        assert beneath(alice, following), touch


def test_a_batch_completes_a_tree_and_its_parts(alice: httpx.Client) -> None:
    """In whichever order: the next one has each once."""
    for first, second in ((0, 1), (1, 0)):
        task = recurring(alice)
        child = recurring(alice, "Water", parent_id=task["id"])
        ids = [task["id"], child["id"]]
        operations = [{"op": "complete", "id": ids[at], "completed": True} for at in (first, second)]
        answer = alice.post("/api/tasks/batch", json={"operations": operations})
        assert answer.status_code == 200, answer.text
        following = get(alice, task["id"])["next_id"]
        assert titles(beneath(alice, following)) == ["Water"]
        assert get(alice, child["id"])["completed"]


def test_where_the_tree_is_full_the_next_one_stands_at_the_top(stack: Stack, user: UserId) -> None:
    """Completing never fails for that; what belongs together stays together."""
    api = stack.api(LIMIT_WRITES_RATE="0")
    with client(api.url, user) as frontend:
        tasks = [{"id": 1, "title": "Home"}, {"id": 2, "title": "Clean", "parent_id": 1}]
        tasks[1] |= {"due_date": "2026-03-02", "recurrence": WEEKLY}
        tasks += [{"id": 3 + number, "title": "x", "parent_id": 2} for number in range(2_600)]
        assert frontend.post("/api/tasks/import", json={"tasks": tasks}, timeout=60).status_code == 201
        [task] = listed(frontend, search="Clean")
        following = get(frontend, complete(frontend, task)["next_id"])
        assert following["parent_id"] is None
        assert len(listed(frontend, parent_id=str(following["id"]), limit="1000")) == 1000
        assert get(frontend, complete(frontend, following)["next_id"])["parent_id"] is None
        assert frontend.get("/api/account").json()["tasks"] == 2 + 3 * 2_600 + 2
    api.stop()
