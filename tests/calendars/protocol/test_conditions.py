"""On what condition a resource is changed: whatever the header, nothing of somebody else's is lost."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from tests.calendars.dav import Dav, todo


def test_only_what_was_seen_is_changed(dav: Dav, alice: httpx.Client) -> None:
    """A tag of before is 412 with PUT and DELETE, after a change by whichever side."""
    old = dav.put("a.ics", todo("u")).headers["etag"]
    [task] = alice.get("/api/tasks").json()
    alice.patch(f"/api/tasks/{task['id']}", json={"title": "Changed"})
    for refused in (
        dav.put("a.ics", todo("u", summary="Late"), if_match=old),
        dav.send("DELETE", f"{dav.collection}a.ics", if_match=old),
        dav.put("a.ics", todo("u", summary="Late"), if_none_match="*"),
    ):
        assert refused.status_code == 412
    assert alice.get("/api/tasks").json()[0]["title"] == "Changed"
    present = dav.etags()["a.ics"]
    assert dav.put("a.ics", todo("u", summary="In time"), if_match=f'"x", {present}').status_code == 204


@pytest.mark.parametrize("if_match", ["*", '"3-1-1"'])
def test_what_is_not_there_matches_nothing(dav: Dav, if_match: str) -> None:
    """A PUT that wants to change something makes nothing."""
    refused = dav.put("a.ics", todo("u"), if_match=if_match)
    assert (refused.status_code, refused.headers.get("etag")) == (412, None)
    assert dav.etags() == {}


NOW, BEFORE, NEVER = "[{now}]", "[{before}]", "<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>"
"""The tag that it has, one that it had, and a lock's token, which nothing has here."""

HOLD = (
    f"({NOW})",
    f"({BEFORE}) ({NOW})",
    f"({BEFORE}), ({NOW})",
    f"(Not {BEFORE})",
    f"(NOT {BEFORE} {NOW})",
    f"(Not {NEVER})",
    f"({NEVER}) (Not <DAV:no-lock> {NOW})",
    f"(Not {BEFORE}) (Not {NOW})",
    f"(Not {NOW}) ({NOW})",
    f"<{{here}}> ({NOW})",
    f"<{{here}}> ({BEFORE}) ({NOW}) <{{elsewhere}}> ({NEVER})",
    f"<{{elsewhere}}> ({BEFORE}) <http://somewhere.example{{here}}> ({NOW})",
)
HOLD_NOT = (
    f"({BEFORE})",
    '(["another (one)"])',
    "([W/{now}])",
    f"({NOW} {BEFORE})",
    f"(Not {NOW})",
    f"({NOW} Not {NOW})",
    f"(Not {BEFORE} Not {NOW})",
    f"({NEVER})",
    "(<DAV:no-lock>)",
    f"({NOW} {NEVER})",
    f"<{{elsewhere}}> ({NOW})",
    f"<{{here}}> ({BEFORE}) <{{elsewhere}}> ({NOW})",
)
NONE = ("", "x", "()", "(Not)", "({now})", "([now])", f"({NOW}", f"{NOW}", f"({NOW}) x", f"(({NOW}))", "<{here}>")


class TestIf:
    """The header that only WebDAV has (RFC 4918, section 10.4)."""

    @pytest.fixture
    def words(self, dav: Dav) -> dict[str, str]:
        before = dav.put("a.ics", todo("u")).headers["etag"]
        now = dav.put("a.ics", todo("u", summary="Two")).headers["etag"]
        return {"now": now, "before": before, "here": f"{dav.collection}a.ics", "elsewhere": f"{dav.collection}b.ics"}

    @pytest.mark.parametrize("said", HOLD)
    def test_it_is_changed_where_one_list_holds(self, dav: Dav, words: dict[str, str], said: str) -> None:
        """By a PUT and by a DELETE."""
        header = said.format_map(words)
        changed = dav.put("a.ics", todo("u", summary="Three"), **{"if": header})
        assert changed.status_code == 204
        words["now"] = changed.headers["etag"]
        assert dav.send("DELETE", words["here"], **{"if": said.format_map(words)}).status_code == 204

    @pytest.mark.parametrize("said", HOLD_NOT)
    def test_it_stays_where_none_holds(self, dav: Dav, words: dict[str, str], said: str) -> None:
        """412, by whichever method, also where another header would let it."""
        header = {"if": said.format_map(words)}
        for refused in (
            dav.put("a.ics", todo("u", summary="Three"), **header),
            dav.put("a.ics", todo("u", summary="Three"), if_match=words["now"], **header),
            dav.send("DELETE", words["here"], **header),
        ):
            assert refused.status_code == 412
        assert dav.etags() == {"a.ics": words["now"]}

    @pytest.mark.parametrize("said", NONE)
    def test_what_is_no_condition_changes_nothing(self, dav: Dav, words: dict[str, str], said: str) -> None:
        """400."""
        header = {"if": said.format_map(words)}
        assert dav.put("a.ics", todo("u", summary="Three"), **header).status_code == 400
        assert dav.send("DELETE", words["here"], **header).status_code == 400
        assert dav.etags() == {"a.ics": words["now"]}

    def test_of_what_is_not_there_only_the_contrary_holds(self, dav: Dav, words: dict[str, str]) -> None:
        """It has no tag, so a PUT that wants one makes nothing."""
        for said, status in ((NOW, 412), (f"Not {NOW}", 201)):
            made = dav.put("new.ics", todo("v"), **{"if": f"({said})".format_map(words)})
            assert made.status_code == status


class TestIfUnmodifiedSince:
    """By the date that `Last-Modified` gives (RFC 9110, section 13.1.4)."""

    def test_what_was_changed_later_stays(self, dav: Dav) -> None:
        """412 for a date before the change, and 204 for that of the change."""
        etag = dav.put("a.ics", todo("u")).headers["etag"]
        path = f"{dav.collection}a.ics"
        earlier = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
        for refused in (
            dav.put("a.ics", todo("u", summary="Two"), if_unmodified_since=earlier),
            dav.send("DELETE", path, if_unmodified_since=earlier),
        ):
            assert refused.status_code == 412
        assert dav.etags() == {"a.ics": etag}
        modified = dav.send("GET", path).headers["last-modified"]
        assert dav.put("a.ics", todo("u", summary="Two"), if_unmodified_since=modified).status_code == 204

    def test_it_is_passed_over(self, dav: Dav) -> None:
        """Beside `If-Match`, where it is no date, and where there is nothing to be modified."""
        earlier = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
        etag = dav.put("a.ics", todo("u"), if_unmodified_since=earlier).headers["etag"]
        with_tag = dav.put("a.ics", todo("u", summary="2"), if_match=etag, if_unmodified_since=earlier)
        without = dav.put("a.ics", todo("u", summary="3"), if_unmodified_since="yesterday")
        assert (with_tag.status_code, without.status_code) == (204, 204)
