"""Where a program, or somebody who means harm, might find an edge: what is beyond it is refused, or harmless."""

import pytest

from api.calendars.places import Kind, find
from tests.calendars.dav import HEAD, Dav


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
