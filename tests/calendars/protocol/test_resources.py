"""One resource: put, fetched, changed on condition and deleted; on both sides, the calendar's and the list's."""

import httpx
import pytest

from tests.calendars.dav import C, D, Dav, condition, read, todo


def test_what_is_put_is_a_task(dav: Dav, alice: httpx.Client) -> None:
    """201, and both sides have it; the tag that comes back is the task's, and the bytes are those that were sent."""
    body = todo("a-uid@example.com", "DUE;VALUE=DATE:20261203", "X-OTHER;X-A=b:kept", summary="Milk\\, honey")
    answer = dav.put("some name.ics", body, if_none_match="*")
    [task] = alice.get("/api/tasks").json()
    assert (answer.status_code, answer.headers["etag"]) == (201, task["etag"])
    assert (task["title"], task["due_date"]) == ("Milk, honey", "2026-12-03")
    got = dav.send("GET", f"{dav.collection}some%20name.ics")
    assert (got.text, got.headers["etag"]) == (body, task["etag"])
    assert got.headers["content-type"] == "text/calendar; charset=utf-8; component=VTODO"
    assert dav.etags() == {"some name.ics": task["etag"]}


def test_a_change_is_the_tasks(dav: Dav, alice: httpx.Client) -> None:
    """A PUT over it is 204 and changes it; a change of the task changes the file, its tag, and nothing else in it."""
    dav.put("a.ics", todo("u", "X-OTHER:kept", summary="One"))
    assert dav.put("a.ics", todo("u", "X-OTHER:kept", summary="Two")).status_code == 204
    [task] = alice.get("/api/tasks").json()
    assert task["title"] == "Two"
    renamed = alice.patch(f"/api/tasks/{task['id']}", json={"title": "Three"}).json()
    got = dav.send("GET", f"{dav.collection}a.ics")
    assert got.headers["etag"] == renamed["etag"] != task["etag"]
    assert "SUMMARY:Three\r\n" in got.text
    assert "X-OTHER:kept\r\n" in got.text


def test_a_task_made_elsewhere_has_a_file(dav: Dav, alice: httpx.Client) -> None:
    """It is found by the name that a listing gives, and can be changed there."""
    made = alice.post("/api/tasks", json={"title": "From the page"}).json()
    [name] = dav.etags()
    got = dav.send("GET", dav.collection + name)
    assert "SUMMARY:From the page\r\n" in got.text
    changed = dav.put(name, got.text.replace("From the page", "From a phone"), if_match=got.headers["etag"])
    assert changed.status_code == 204
    task = alice.get(f"/api/tasks/{made['id']}").json()
    assert task["title"] == "From a phone"
    assert list(dav.etags()) == [name]


def test_a_name_is_what_it_was_put_under(dav: Dav) -> None:
    """Also where a program has encoded a slash twice, so that it is none; encoded once it is one, which no name has."""
    for number, name in enumerate(("a%252Fb.ics", "100%25.ics", "%C3%A4%3Fq%23f%3Bp.ics")):
        assert dav.put(name, todo(f"u{number}")).status_code == 201
        assert f"UID:u{number}" in dav.send("GET", dav.collection + name).text
    _, *told = dav.propfind(dav.collection, "D:getetag", depth="1")
    hrefs = {each.href for each in told}
    assert hrefs == {f"{dav.collection}{name}" for name in ("a%252Fb.ics", "100%25.ics", "%C3%A4%3Fq%23f%3Bp.ics")}
    inside = f"<D:prop><D:getetag/></D:prop>{''.join(f'<D:href>{href}</D:href>' for href in sorted(hrefs))}"
    assert [each.status for each in read(dav.report("C:calendar-multiget", inside))] == [None] * 3
    assert dav.put("a%2Fb.ics", todo("u")).status_code == 404


def test_a_copy_that_is_still_right_is_not_sent_again(dav: Dav) -> None:
    """304; and a HEAD is a GET without its body."""
    etag = dav.put("a.ics", todo("u")).headers["etag"]
    path = f"{dav.collection}a.ics"
    same = dav.send("GET", path, if_none_match=etag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    head = dav.send("HEAD", path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
    assert head.headers["content-length"] == str(len(dav.send("GET", path).content))


class TestRefused:
    """What cannot be put, by the name of what does not hold (RFC 4791, 5.3.2.1)."""

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            ("", "valid-calendar-data"),
            ("BEGIN:VCALENDAR", "valid-calendar-data"),
            ("BEGIN:VCALENDAR\r\nno line\r\nEND:VCALENDAR\r\n", "valid-calendar-data"),
            (todo("u").replace("VTODO", "VEVENT"), "supported-calendar-component"),
            (todo("u").replace("UID:u\r\n", ""), "valid-calendar-object-resource"),
            (todo("u") + todo("u"), "valid-calendar-data"),
            (todo("u", "DUE:tomorrow"), "valid-calendar-data"),
            (todo("u", f"DESCRIPTION:{'x' * 140_000}"), "max-resource-size"),
        ],
    )
    def test_a_file_that_is_none(self, dav: Dav, body: str, name: str) -> None:
        """403, and nothing is made."""
        refused = dav.put("a.ics", body)
        assert (refused.status_code, condition(refused)) == (403, C + name)
        assert dav.etags() == {}

    def test_a_file_of_another_type(self, dav: Dav) -> None:
        """As it says of itself."""
        refused = dav.send("PUT", f"{dav.collection}a.ics", "{}", content_type="application/json")
        assert (refused.status_code, condition(refused)) == (403, f"{C}supported-calendar-data")

    def test_a_uid_that_there_is(self, dav: Dav) -> None:
        """The answer says where; another one under a name that is taken is refused as well."""
        dav.put("a.ics", todo("u"))
        for name, uid in (("b.ics", "u"), ("a.ics", "v")):
            refused = dav.put(name, todo(uid))
            assert (refused.status_code, condition(refused)) == (409, f"{C}no-uid-conflict")
            assert f"<D:href>{dav.collection}a.ics</D:href>" in refused.text

    def test_other_places(self, dav: Dav) -> None:
        """Nothing is put where a collection is, or where there is none; no collection is made or deleted."""
        for method in ("GET", "HEAD", "PUT"):
            refused = dav.send(method, dav.collection, todo("u") if method == "PUT" else b"")
            assert (refused.status_code, refused.headers["allow"]) == (405, "OPTIONS, PROPFIND, PROPPATCH, REPORT")
        assert dav.send("PUT", f"{dav.home}other/a.ics", todo("u")).status_code == 404
        assert dav.send("DELETE", dav.collection).status_code == 403
        taken = dav.send("MKCALENDAR", dav.collection)
        assert (taken.status_code, condition(taken)) == (403, f"{D}resource-must-be-null")
        more = dav.send("MKCALENDAR", f"{dav.home}other/")
        assert (more.status_code, condition(more)) == (403, f"{C}calendar-collection-location-ok")
        dav.put("a.ics", todo("u"))
        assert dav.send("MOVE", f"{dav.collection}a.ics", destination=f"{dav.collection}b.ics").status_code == 403


class TestDelete:
    """Into the trash, alone."""

    def test_it_is_gone_and_lies_in_the_trash(self, dav: Dav, alice: httpx.Client) -> None:
        """204, then 404; the list's owner can take it out again, under its old name."""
        dav.put("a.ics", todo("u"))
        path = f"{dav.collection}a.ics"
        assert dav.send("DELETE", path).status_code == 204
        assert dav.send("DELETE", path).status_code == dav.send("GET", path).status_code == 404
        [trashed] = alice.get("/api/tasks/trash").json()
        assert alice.post(f"/api/tasks/{trashed['id']}/restore").is_success
        assert list(dav.etags()) == ["a.ics"]

    def test_what_is_beneath_it_stays(self, dav: Dav, alice: httpx.Client) -> None:
        """A program deletes one file at a time, and knows nothing of others that went along."""
        dav.put("p.ics", todo("p", summary="Parent"))
        dav.put("c.ics", todo("c", "RELATED-TO:p", summary="Child"))
        tasks = {task["title"]: task for task in alice.get("/api/tasks").json()}
        assert tasks["Child"]["parent_id"] == tasks["Parent"]["id"]
        dav.send("DELETE", f"{dav.collection}p.ics")
        [child] = alice.get("/api/tasks").json()
        assert (child["title"], child["parent_id"]) == ("Child", None)
        assert list(dav.etags()) == ["c.ics"]
