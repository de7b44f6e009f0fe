"""Where a program, or somebody who means harm, might find an edge: what is beyond it is refused, or harmless."""

import httpx
import pytest

from api.calendars.places import Kind, find
from tests.calendars.dav import HEAD, C, Dav, condition, todo

SERIES = ("DTSTART:20260101T100000Z", "DUE:20260101T100000Z", "RRULE:FREQ=DAILY")


@pytest.mark.parametrize("path", ["/calendars/alice/tasks/", "/davx/calendars/alice/tasks/", "/principals/alice", ""])
def test_only_what_is_beneath_the_root_is_a_place(path: str) -> None:
    """A password is taken there and nowhere else."""
    assert find(path).kind is Kind.NOTHING


def test_hits_are_answered_nowhere_else(dav: Dav) -> None:
    """Also where the question is known, and its place is named without the root."""
    body = f"<D:propfind {HEAD}><D:prop><S:getctag/></D:prop></D:propfind>"
    for _ in range(3):
        assert dav.whole(("PROPFIND", "0", body)).status_code == 207
    dav.collection = dav.collection.removeprefix("/dav")
    assert dav.whole(("PROPFIND", "0", body)).status_code in (401, 404)


class TestDefaultNames:
    """What the service calls a task that no calendar has touched."""

    def test_one_of_a_task_that_is_yet_to_come(self, dav: Dav, alice: httpx.Client) -> None:
        """It cannot be taken before: two would have one address."""
        first = alice.post("/api/tasks", json={"title": "First"}).json()["id"]
        refused = dav.put(f"tasklane-{first + 1000}.ics", todo("a"))
        assert (refused.status_code, condition(refused)) == (403, f"{C}valid-calendar-object-resource")

    def test_one_of_a_task_that_has_another(self, dav: Dav, alice: httpx.Client) -> None:
        """It may get it back one day."""
        dav.put("a.ics", todo("a"))
        [task] = alice.get("/api/tasks").json()
        assert dav.put(f"tasklane-{task['id']}.ics", todo("b")).status_code == 403

    def test_one_of_a_task_that_is_no_more(self, dav: Dav, alice: httpx.Client) -> None:
        """A program that was away puts it there again."""
        name = f"tasklane-{alice.post('/api/tasks', json={'title': 'First'}).json()['id']}.ics"
        body = dav.send("GET", f"{dav.collection}{name}").text
        dav.send("DELETE", f"{dav.collection}{name}")
        alice.delete("/api/tasks/trash")
        assert dav.put(name, body).status_code == 201
        assert list(dav.etags()) == [name]

    def test_one_in_an_import(self, dav: Dav, alice: httpx.Client) -> None:
        """What is brought along gets its own."""
        kept = {"name": "tasklane-99999999.ics", "kept": todo("a")}
        document = {**alice.get("/api/tasks/export").json(), "tasks": [{"title": "A", "uid": "a", "calendar": kept}]}
        alice.post("/api/tasks/import", json=document).raise_for_status()
        [task] = alice.get("/api/tasks").json()
        assert list(dav.etags()) == [f"tasklane-{task['id']}.ics"]


def test_what_is_beneath_one_that_is_done(dav: Dav, alice: httpx.Client) -> None:
    """Its parent has another uid from then on, and so it has another tag."""
    dav.put("a.ics", todo("a", *SERIES))
    dav.put("b.ics", todo("b", "RELATED-TO:a"))
    before = dav.send("GET", f"{dav.collection}b.ics")
    done = todo("a", *SERIES, "STATUS:COMPLETED")
    assert dav.put("a.ics", done).status_code == 204
    after = dav.send("GET", f"{dav.collection}b.ics")
    assert before.text != after.text
    assert before.headers["etag"] != after.headers["etag"]
