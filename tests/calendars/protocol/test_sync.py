"""sync-collection: whoever follows it holds what there is, and is told what went (RFC 6578)."""

import random
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.types import UserId
from tests.access.making import revoke
from tests.calendars.dav import HEAD, C, D, Dav, S, condition, read, sync_token, todo
from tests.stack import ApiProcess, Stack, client
from tests.steps import until

PROP = "<D:prop><D:getetag/></D:prop>"


def ask(dav: Dav, token: str, more: str = "", prop: str = PROP) -> httpx.Response:
    inside = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{more}{prop}"
    return dav.report("D:sync-collection", inside, depth="0")


class Mirror:
    """A client's copy."""

    def __init__(self, dav: Dav) -> None:
        self.dav = dav
        self.token = ""
        self.etags: dict[str, str] = {}

    def follow(self, more: str = "") -> int:
        """Up to date, in so many answers."""
        for count in range(1, 100):
            answer = ask(self.dav, self.token, more)
            truncated = False
            for told in read(answer):
                if told.status == 507:
                    assert told.href == self.dav.collection
                    truncated = True
                elif told.status == 404:
                    self.etags.pop(told.name, None)
                else:
                    self.etags[told.name] = told.text(f"{D}getetag")
            self.token = sync_token(answer)
            if not truncated:
                return count
        raise AssertionError


def test_a_mirror_is_what_there_is(dav: Dav, alice: httpx.Client) -> None:
    """After changes by either side, with what was deleted on either, and what came back."""
    mirror = Mirror(dav)
    mirror.follow()
    assert mirror.etags == {}
    dav.put("a.ics", todo("a"))
    dav.put("b.ics", todo("b"))
    made = alice.post("/api/tasks", json={"title": "c"}).json()
    mirror.follow()
    assert mirror.etags == dav.etags()
    assert len(mirror.etags) == 3
    dav.send("DELETE", f"{dav.collection}a.ics")
    alice.patch(f"/api/tasks/{made['id']}", json={"title": "C"})
    [b] = alice.get("/api/tasks?search=A task").json()
    alice.delete(f"/api/tasks/{b['id']}")
    mirror.follow()
    assert mirror.etags == dav.etags()
    assert len(mirror.etags) == 1
    alice.post(f"/api/tasks/{b['id']}/restore")
    dav.put("a.ics", todo("a", summary="Again"))
    mirror.follow()
    assert mirror.etags == dav.etags()
    assert set(mirror.etags) >= {"a.ics", "b.ics"}


def test_a_mirror_follows_writers(api: ApiProcess, alice: httpx.Client, user: UserId) -> None:
    """While both sides write at once, page by page, nothing is lost and nothing stays that is gone."""
    drawn = random.Random(7)
    draws = [[drawn.random() for _ in range(120)] for _ in range(2)]
    with (
        Dav(alice, user) as dav,
        Dav(alice, user) as program,
        client(api.url, user) as page,
        ThreadPoolExecutor(2) as writers,
    ):
        mirror = Mirror(dav)
        writing = [writers.submit(_write_files, program, draws[0]), writers.submit(_write_tasks, page, draws[1])]
        while not all(each.done() for each in writing):
            mirror.follow("<D:limit><D:nresults>3</D:nresults></D:limit>")
        for each in writing:
            each.result()
        mirror.follow()
        assert mirror.etags == dav.etags()


def _write_files(program: Dav, draws: list[float]) -> None:
    for number, draw in enumerate(draws):
        name = f"{int(draw * 20)}.ics"
        if number % 3:
            assert program.put(name, todo(name, summary=f"A task {number}")).status_code in (201, 204)
        else:
            assert program.send("DELETE", program.collection + name).status_code in (204, 404)


def _write_tasks(page: httpx.Client, draws: list[float]) -> None:
    for draw in draws:
        tasks = page.get("/api/tasks").json()
        if not tasks or draw < 0.3:
            page.post("/api/tasks", json={"title": "From the page"})
        elif draw < 0.7:
            page.patch(f"/api/tasks/{tasks[int(draw * len(tasks))]['id']}", json={"title": f"Now {draw}"})
        elif draw < 0.9:
            page.delete(f"/api/tasks/{tasks[int(draw * len(tasks))]['id']}")
        elif trashed := page.get("/api/tasks/trash").json():
            page.post(f"/api/tasks/{trashed[0]['id']}/restore")


def test_a_name_that_is_put_anew_is_no_deletion(dav: Dav) -> None:
    """Whoever missed that it was gone hears of the one that is there, and of no other under that name."""
    mirror = Mirror(dav)
    dav.put("a.ics", todo("one"))
    mirror.follow()
    for uid in ("one", "two"):
        dav.send("DELETE", f"{dav.collection}a.ics")
        dav.put("a.ics", todo(uid))
        mirror.follow()
        assert mirror.etags == dav.etags()


def test_pages(dav: Dav) -> None:
    """With a limit it takes several answers, each but the last with a 507 for the collection."""
    for number in range(7):
        dav.put(f"{number}.ics", todo(str(number)))
    mirror = Mirror(dav)
    assert mirror.follow("<D:limit><D:nresults>3</D:nresults></D:limit>") == 3
    assert mirror.etags == dav.etags()


def test_files_come_along_where_they_are_asked_for(dav: Dav) -> None:
    """As those of other reports."""
    body = todo("a", summary="Whole & well")
    dav.put("a.ics", body)
    [told] = read(ask(dav, "", prop="<D:prop><C:calendar-data/></D:prop>"))
    assert told.text(f"{C}calendar-data") == body


def test_the_collections_token_is_the_reports(dav: Dav) -> None:
    """A PROPFIND gives the token from which on nothing is missing; the ctag changes when it does, and not before."""
    dav.put("a.ics", todo("a"))

    def stand() -> tuple[str, str]:
        [told] = dav.propfind(dav.collection, "D:sync-token", "S:getctag")
        return told.text(f"{D}sync-token"), told.text(f"{S}getctag")

    before = stand()
    assert stand() == before
    assert read(ask(dav, before[0])) == []
    dav.put("b.ics", todo("b"))
    after = stand()
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert [told.name for told in read(ask(dav, before[0]))] == ["b.ics"]
    assert sync_token(ask(dav, before[0])) == after[0]


@pytest.mark.parametrize(
    "token", ["x", "urn:tasklane:sync:x", "urn:tasklane:sync:", "data:,1", "urn:tasklane:sync:AAAA"]
)
def test_a_token_that_was_never_given(dav: Dav, token: str) -> None:
    """403 by name, so that a client begins anew."""
    refused = ask(dav, token)
    assert (refused.status_code, condition(refused)) == (403, f"{D}valid-sync-token")


def test_a_token_from_before_the_trash_was_emptied(dav: Dav, alice: httpx.Client) -> None:
    """What is gone for good nobody can tell of: the client begins anew."""
    dav.put("a.ics", todo("a"))
    old = sync_token(ask(dav, ""))
    dav.send("DELETE", f"{dav.collection}a.ics")
    alice.delete("/api/tasks/trash")
    refused = ask(dav, old)
    assert (refused.status_code, condition(refused)) == (403, f"{D}valid-sync-token")


@pytest.mark.parametrize(
    "more", ["<D:limit><D:nresults>0</D:nresults></D:limit>", "<D:limit><D:nresults>x</D:nresults></D:limit>"]
)
def test_a_limit_that_is_none(dav: Dav, more: str) -> None:
    """400."""
    assert ask(dav, "", more).status_code == 400


def test_that_nothing_has_changed_costs_no_database(own_stack: Stack) -> None:
    """The ctag, the token, an empty answer and the list of all tags come from the cache while the database is away."""
    api = own_stack.api()
    with api.client() as session:
        user = session.get("/api/account").json()["user_id"]
        with Dav(session, user) as writer:
            writer.put("a.ics", todo("a"))
        with Dav(session, user) as dav:  # of a token that is looked at after the last change, so once
            mirror = Mirror(dav)
            mirror.follow()
            [before] = dav.propfind(dav.collection, "D:sync-token", "S:getctag", "D:resourcetype")
            everything = [*LISTINGS, *LISTINGS]
            listed = [dav.send(method, dav.collection, asked, depth="1").content for method, asked in everything]
            own_stack.postgres.stop()
            still = [dav.send(method, dav.collection, asked, depth="1").content for method, asked in everything]
            assert still == listed
            [told] = dav.propfind(dav.collection, "D:sync-token", "S:getctag", "D:resourcetype")
            assert told.text(f"{S}getctag") == before.text(f"{S}getctag")
            again = ask(dav, mirror.token)
            assert read(again) == []
            assert sync_token(again) == mirror.token


_TODOS = '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VTODO"/></C:comp-filter></C:filter>'
LISTINGS = (
    ("PROPFIND", f"<D:propfind {HEAD}>{PROP}</D:propfind>"),
    ("REPORT", f"<C:calendar-query {HEAD}>{PROP}{_TODOS}</C:calendar-query>"),
)
"""What programs ask that follow no token: all tags."""


@pytest.mark.parametrize("count", [1000, 1002])
def test_all_are_listed_however_many_there_are(dav: Dav, alice: httpx.Client, count: int) -> None:
    """In one answer that is kept, or in pages; after each change as it is then."""
    tasks = [{"title": str(number)} for number in range(count)]
    assert alice.post("/api/tasks/import", json={"tasks": tasks}).json()["imported"] == count
    for _ in range(2):
        for method, asked in LISTINGS:
            told = [each for each in read(dav.send(method, dav.collection, asked, depth="1")) if each.name != "tasks"]
            assert len({each.text(f"{D}getetag") for each in told}) == len(told) == count
    task = alice.get("/api/tasks?limit=1").json()[0]
    changed = alice.patch(f"/api/tasks/{task['id']}", json={"title": "Changed"}).json()["etag"]
    for method, asked in LISTINGS:
        told = read(dav.send(method, dav.collection, asked, depth="1"))
        assert changed in {each.text(f"{D}getetag") for each in told if each.properties}


def test_what_one_token_may_is_not_told_to_another(dav: Dav, alice: httpx.Client) -> None:
    """The list of one program is not that of another, where it says what may be written."""
    dav.put("a.ics", todo("a"))
    with Dav(alice, dav.user, scopes=["tasks:read"]) as reader:
        for program in (dav, reader, dav, reader):
            *_, told = program.propfind(dav.collection, "D:current-user-privilege-set", depth="1")
            names = {found.tag for found in told.properties[f"{D}current-user-privilege-set"].iter()}
            assert (f"{D}write" in names) is (program is dav)


class TestHot:
    """What is answered in front of the routes: the same as by them."""

    def test_it_is_a_hit_from_the_second_time_on(self, own_stack: Stack) -> None:
        """By the metrics: where its bytes arrive once they are known, whether the token came as a password or not."""
        api = own_stack.api()
        with api.client() as session:
            user = session.get("/api/account").json()["user_id"]
            with Dav(session, user) as dav:
                mirror = Mirror(dav)
                mirror.follow()
                asked = _questions(mirror.token)
                usual = [each.content for each in map(dav.whole, asked)]
                for basic in (True, False):
                    for request in asked:
                        for _ in range(3):
                            answer = dav.whole(request, basic=basic)
                            assert answer.content in usual
                            assert answer.headers["dav"] == "1, 3, calendar-access"
                for basic in (True, False):
                    direct = _metric(api.url, "tasklane_direct_hits_total")
                    for _ in range(5):
                        assert [dav.whole(each, basic=basic).content for each in asked] == usual
                    assert _metric(api.url, "tasklane_direct_hits_total") == direct + 5 * len(asked)
                dav.put("a.ics", todo("a"))
                assert all(each.content not in usual for each in map(dav.whole, asked))

    def test_a_change_that_another_program_has_asked_for_is_one_here_too(self, dav: Dav, alice: httpx.Client) -> None:
        """That the cache has what changed since a token does not make it nothing."""
        mirror = Mirror(dav)
        mirror.follow()
        alice.post("/api/tasks", json={"title": "New"})
        since = mirror.token.rpartition(":")[2]
        for _ in range(2):
            assert len(alice.get(f"/api/tasks/changes?since={since}").json()["changes"]) == 1
        for _ in range(2):
            assert len(read(ask(dav, mirror.token))) == 1

    @pytest.mark.anyio
    async def test_a_token_that_was_taken_back_is_refused(self, dav: Dav, alice: httpx.Client) -> None:
        """Also where everything is known; and one that may not read sees nothing of it."""
        mirror = Mirror(dav)
        mirror.follow()
        [question, _] = _questions(mirror.token)
        for _ in range(3):
            assert dav.whole(question).status_code == 207
        with Dav(alice, dav.user, scopes=["tasks:write"]) as writer:
            for _ in range(3):
                assert writer.whole(question).status_code == 403
        revoke(alice, dav.made)
        await until(lambda: dav.whole(question).status_code == 401)

    def test_it_is_private_there_too(self, dav: Dav) -> None:
        """A question that is known is another one where it came in the clear."""
        mirror = Mirror(dav)
        mirror.follow()
        for question in _questions(mirror.token):
            for _ in range(3):
                assert dav.whole(question).status_code == 207
            assert dav.whole(question, host="tasks.example.com").status_code == 403


def _questions(token: str) -> list[tuple[str, str, str]]:
    """Method, depth and body."""
    props = "<D:prop><S:getctag/><D:sync-token/><D:resourcetype/><D:unknown/></D:prop>"
    sync = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{PROP}"
    return [
        ("PROPFIND", "0", f"<D:propfind {HEAD}>{props}</D:propfind>"),
        ("REPORT", "0", f"<D:sync-collection {HEAD}>{sync}</D:sync-collection>"),
    ]


def _metric(url: str, name: str) -> float:
    lines = httpx.get(f"{url}/metrics", timeout=60).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))
