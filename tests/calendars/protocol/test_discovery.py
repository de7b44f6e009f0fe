"""How a program that was told an address and a password finds the tasks, and what the places say of themselves."""

import httpx
import pytest

from core.types import UserId
from tests.calendars.dav import HEAD, C, D, Dav, S, condition, read
from tests.stack import ApiProcess, Stack, client, new_user

CHALLENGE = 'Basic realm="Tasklane", charset="UTF-8"'


def test_from_the_well_known_address_to_the_tasks(dav: Dav, alice: httpx.Client) -> None:
    """Each step names the next one (RFC 6764, 5397, 4791), to the collection with its resources."""
    made = alice.post("/api/tasks", json={"title": "Milk & honey"}).json()
    for method in ("GET", "PROPFIND"):
        first = dav.send(method, "/.well-known/caldav", depth="0")
        assert (first.status_code, first.headers["location"]) == (301, "/dav/")
    [root] = dav.propfind("/dav/", "D:current-user-principal", "D:resourcetype")
    [principal] = root.hrefs(f"{D}current-user-principal")
    [person] = dav.propfind(principal, "C:calendar-home-set", "C:calendar-user-address-set", "D:displayname")
    assert person.text(f"{D}displayname") == dav.user
    [home] = person.hrefs(f"{C}calendar-home-set")
    own, collection = dav.propfind(home, "D:resourcetype", "C:supported-calendar-component-set", depth="1")
    assert own.missing == {f"{C}supported-calendar-component-set": 404}
    assert {kind.tag for kind in collection.properties[f"{D}resourcetype"]} == {f"{D}collection", f"{C}calendar"}
    [component] = collection.properties[f"{C}supported-calendar-component-set"]
    assert component.attrib == {"name": "VTODO"}
    _, resource = dav.propfind(collection.href, "D:getetag", "D:getcontenttype", "D:resourcetype", depth="1")
    assert resource.text(f"{D}getetag") == made["etag"]
    assert resource.text(f"{D}getcontenttype") == "text/calendar; charset=utf-8; component=VTODO"
    assert list(resource.properties[f"{D}resourcetype"]) == []


def test_a_users_name_may_have_anything_in_it(api: ApiProcess) -> None:
    """Addresses are percent-encoded, and found again."""
    user = UserId(f"ä/b c@{new_user()}?#%&<.org")
    with client(api.url, user) as session, Dav(session, user) as dav:
        [root] = dav.propfind("/dav", "D:current-user-principal")
        [principal] = root.hrefs(f"{D}current-user-principal")
        [person] = dav.propfind(principal, "C:calendar-home-set", "D:displayname")
        assert person.text(f"{D}displayname") == user
        [home] = person.hrefs(f"{C}calendar-home-set")
        session.post("/api/tasks", json={"title": "Mine"})
        _, collection = dav.propfind(home, "D:displayname", depth="1")
        assert len(dav.propfind(collection.href, "D:getetag", depth="1")) == 2


@pytest.mark.parametrize("path", ["/dav", "/dav/", "/dav/principals/", "/dav/calendars", "{home}", "{collection}"])
def test_what_there_is_can_be_asked_for(dav: Dav, path: str) -> None:
    """`allprop`, no body at all and `propname` give what a place has; what is unknown is 404 within the answer."""
    path = path.format(home=dav.home, collection=dav.collection)
    bodies = ("", f"<D:propfind {HEAD}><D:allprop/></D:propfind>")
    usual, again = (read(dav.send("PROPFIND", path, body, depth="0")) for body in bodies)
    assert usual[0].properties.keys() == again[0].properties.keys() >= {f"{D}resourcetype", f"{D}displayname"}
    assert f"{S}getctag" not in usual[0].properties
    [names] = read(dav.send("PROPFIND", path, f"<D:propfind {HEAD}><D:propname/></D:propfind>", depth="0"))
    assert names.properties.keys() > usual[0].properties.keys()
    body = f'<D:propfind {HEAD}><D:prop><D:displayname/><x xmlns="urn:x&amp;y"/><z xmlns=""/></D:prop></D:propfind>'
    [told] = read(dav.send("PROPFIND", path, body, depth="0"))
    assert told.missing == {"{urn:x&y}x": 404, "z": 404}
    [brief] = read(dav.send("PROPFIND", path, body, depth="0", prefer="return=minimal"))
    assert (list(brief.properties), brief.missing) == ([f"{D}displayname"], {})
    also = f"<D:propfind {HEAD}><D:allprop/><D:include><D:principal-collection-set/></D:include></D:propfind>"
    [included] = read(dav.send("PROPFIND", path, also, depth="0"))
    assert f"{D}principal-collection-set" in included.properties


def test_all_the_way_down_is_too_far(dav: Dav) -> None:
    """An infinite depth, also where none is said, is refused by name (RFC 4918, 9.1); beneath a resource is nothing."""
    for headers in ({"depth": "infinity"}, {}):
        refused = dav.send("PROPFIND", dav.collection, **headers)
        assert (refused.status_code, condition(refused)) == (403, f"{D}propfind-finite-depth")
    assert dav.send("PROPFIND", dav.collection, depth="2").status_code == 400


@pytest.mark.parametrize("method", ["PROPFIND", "PROPPATCH"])
@pytest.mark.parametrize(
    "body", ["<", "x", "<a/>", "<D:propfind xmlns:D='DAV:'/>", "<!DOCTYPE a><a/>", "<a xmlns:b=''/>"]
)
def test_a_body_that_asks_nothing_is_refused(dav: Dav, method: str, body: str) -> None:
    """Whatever is wrong with it."""
    assert dav.send(method, dav.collection, body, depth="0").status_code == 400


def test_a_file_is_as_long_as_it_says(dav: Dav, alice: httpx.Client) -> None:
    """The length is told where it is asked for, and that is what a GET sends."""
    alice.post("/api/tasks", json={"title": "Länge"})
    _, resource = dav.propfind(dav.collection, "D:getcontentlength", "D:getlastmodified", "D:creationdate", depth="1")
    got = dav.send("GET", resource.href)
    assert len(got.content) == int(resource.text(f"{D}getcontentlength"))
    assert got.headers["last-modified"] == resource.text(f"{D}getlastmodified")


def test_properties_cannot_be_set(dav: Dav) -> None:
    """Neither ours nor theirs: each is refused by its name, and stays."""
    body = (
        f"<D:propertyupdate {HEAD}><D:set><D:prop><D:displayname>x</D:displayname>"
        "<A:calendar-color>#fff</A:calendar-color></D:prop></D:set><D:remove><D:prop><D:resourcetype/></D:prop></D:remove></D:propertyupdate>"
    )
    [told] = read(dav.send("PROPPATCH", dav.collection, body))
    assert set(told.missing.values()) == {403}
    assert {name.rpartition("}")[2] for name in told.missing} == {"displayname", "calendar-color", "resourcetype"}
    [still] = dav.propfind(dav.collection, "D:displayname")
    assert still.text(f"{D}displayname") == "Tasks"


def test_what_a_server_is_anybody_may_ask(api: ApiProcess, dav: Dav) -> None:
    """The classes, and the methods that a place takes."""
    with httpx.Client(base_url=api.url, timeout=60) as nobody:
        told = nobody.request("OPTIONS", dav.collection)
    assert (told.status_code, told.headers["dav"]) == (200, "1, 3, calendar-access")
    assert {"PROPFIND", "REPORT"} <= set(told.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "method", ["LOCK", "UNLOCK", "MKCOL", "MKCALENDAR", "MOVE", "COPY", "POST", "ACL", "PATCH", "SEARCH"]
)
def test_other_methods_are_none_of_ours(dav: Dav, method: str) -> None:
    """405 names those that there are."""
    for path in (dav.collection, dav.home, f"{dav.home}other/"):
        refused = dav.send(method, path)
        assert refused.status_code in (403, 404, 405), (method, path)
    assert "PROPFIND" in dav.send("POST", dav.collection).headers["allow"]


class TestWho:
    """Who asks, and by which way."""

    def test_without_a_token_nobody_is_let_in(self, api: ApiProcess, dav: Dav) -> None:
        """Whatever the scheme: 401 asks for Basic, so that a program asks for a password."""
        made = dav.made.token
        wrong = [{}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}, {"authorization": f"Basic {made}"}]
        with httpx.Client(base_url=api.url, timeout=60) as nobody:
            for headers in wrong:
                for method in ("PROPFIND", "GET", "PUT", "REPORT", "LOCK"):
                    refused = nobody.request(method, dav.collection, headers=headers)
                    assert refused.status_code == 401
                    assert refused.headers["www-authenticate"] == CHALLENGE

    def test_a_token_may_come_as_a_bearers_too(self, api: ApiProcess, dav: Dav, alice: httpx.Client) -> None:
        """A personal one and a session's."""
        for authorization in (f"Bearer {dav.made.token}", alice.headers["authorization"]):
            headers = {"authorization": authorization, "depth": "0"}
            with httpx.Client(base_url=api.url, headers=headers, timeout=60) as program:
                assert program.request("PROPFIND", "/dav/").status_code == 207

    def test_someone_elses_places_are_not_there(self, dav: Dav) -> None:
        """As those that nobody has."""
        other = new_user()
        for path in (f"/dav/principals/{other}/", f"/dav/calendars/{other}/", f"/dav/calendars/{other}/tasks/x.ics"):
            for method in ("PROPFIND", "GET", "PUT", "DELETE"):
                assert dav.send(method, path, depth="0").status_code == 404

    def test_scopes_hold_for_every_method(self, alice: httpx.Client, user: UserId) -> None:
        """Reading is one, writing the other; what is lacking is told as a privilege, and shown beforehand."""
        with Dav(alice, user, scopes=["tasks:read"]) as reader, Dav(alice, user, scopes=["tasks:write"]) as writer:
            for method in ("PROPFIND", "REPORT", "GET"):
                refused = writer.send(method, writer.collection, depth="0")
                assert (refused.status_code, condition(refused)) == (403, f"{D}need-privileges")
            for method in ("PROPPATCH", "PUT", "DELETE"):
                refused = reader.send(method, f"{reader.collection}x.ics")
                assert (refused.status_code, condition(refused)) == (403, f"{D}need-privileges")
            [told] = reader.propfind(reader.collection, "D:current-user-privilege-set")
            names = {found.tag for found in told.properties[f"{D}current-user-privilege-set"].iter()}
            assert f"{D}read" in names
            assert f"{D}write" not in names

    def test_a_password_must_not_come_in_the_clear(self, stack: Stack, dav: Dav) -> None:
        """Over TLS, as the gateway says, or from this machine, unless a setting allows; no challenge asks for it."""
        for headers in ({"host": "tasks.example.com"}, {"x-forwarded-proto": "http", "host": "10.0.0.1"}):
            refused = dav.send("PROPFIND", "/dav/", depth="0", **headers)
            assert refused.status_code == 403
            assert "www-authenticate" not in refused.headers
        secure = {"host": "tasks.example.com", "x-forwarded-proto": "https"}
        assert dav.send("PROPFIND", "/dav/", depth="0", **secure).status_code == 207
        allowing = stack.api(CALENDARS_OVER_HTTP="true")
        with httpx.Client(base_url=allowing.url, auth=("x", dav.made.token), timeout=60) as http:
            headers = {"host": "tasks.example.com", "depth": "0"}
            assert http.request("PROPFIND", "/dav/", headers=headers).status_code == 207
