"""The checker on histories made by hand: it accepts what is right and finds each thing that is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.consistency.checking.checker import STALE_PROMISES, Verdict, check
from tests.consistency.checking.history import (
    ACCOUNT,
    LIST,
    Change,
    History,
    Item,
    Logged,
    Loss,
    Operation,
    Shown,
    load,
    save,
)
from tests.consistency.checking.mirrors import BEGINS_ANEW

ALICE = "alice"


def task(number: int, title: str, *, user: str = ALICE, completed: bool = False, at: int = 0) -> Item:
    created, updated = (f"2026-01-01T00:00:{second:02}.000Z" for second in (number, max(number, at)))
    return Item(number, user, title, f"c{number} red", completed, "low", ("red",), created, updated)


ONE, TWO = task(1, "c1"), task(2, "c2")
RENAMED, DONE = task(1, "u1", at=3), task(1, "u1", completed=True, at=4)


def logged(*versions: Item, deleted: int = 0, together: bool = False) -> list[Logged]:
    """A log with a transaction per version; the last `deleted` of them are deletions."""
    count = len(versions)
    return [
        Logged(1 if together else number, 1 if together else number, item, number > count - deleted)
        for number, item in enumerate(versions, 1)
    ]


def wrote(start: float, end: float, *changes: Change, session: int = 1, outcome: str = "ok") -> Operation:
    return Operation(ALICE, session, 0, "write", start, end, outcome, 200, changes=changes)  # type: ignore[arg-type]


def read(
    start: float, end: float, shown: Shown, question: str = LIST, *, session: int = 2, etag: str = ""
) -> Operation:
    return Operation(ALICE, session, 0, "read", start, end, "ok", 200, question, shown, etag=etag)


def showed(start: float, end: float, *items: Item, session: int = 2) -> Operation:
    return read(start, end, (len(items), *items), session=session)


CREATED = Change("create", "c1", etag='"1-1-1"', item=ONE)
CREATED_TWO = Change("create", "c2", etag='"1-2-2"', item=TWO)
UPDATED = Change("update", "u1", 1, etag='"1-1-2"', item=RENAMED)


def verdict(log: list[Logged], *operations: Operation) -> Verdict:
    return check(History(list(operations), {ALICE: log}))


def promises(found: Verdict) -> list[str]:
    return [violation.promise for violation in found.all]


def test_a_mirror_begins_anew_for_a_reason() -> None:
    """Nothing is erased in a run; so only what was lost is one."""
    anew = Operation(ALICE, 2, 0, BEGINS_ANEW, 3, 4, "ok", 410, LIST)
    log = logged(ONE)
    assert promises(verdict(log, wrote(1, 2, CREATED), anew)) == ["a mirror can be brought up to date"]
    for died, right in ((2.5, True), (5.0, False)):
        found = check(History([wrote(1, 2, CREATED), anew], {ALICE: log}, [Loss(died, died, {ALICE: log})]))
        assert (promises(found) == []) is right


def test_a_history_without_fault() -> None:
    """Reads may show either state while a write is under way, and all show it once one has."""
    found = verdict(
        logged(ONE, RENAMED, DONE, DONE, deleted=1),
        wrote(0, 1, CREATED),
        showed(0, 1),
        showed(0.5, 2, ONE),
        wrote(2, 6, UPDATED),
        showed(2.5, 3, ONE),
        showed(2.5, 4, RENAMED, session=3),
        showed(5, 5.5, RENAMED),
        wrote(7, 8, Change("toggle", task=1, etag='"1-1-3"', item=DONE)),
        wrote(9, 10, Change("delete", task=1)),
        read(11, 12, (), f"{LIST}/1"),
        read(11, 12, (0, 0, 0, 0, 0, 0), f"{LIST}/stats"),
    )
    assert found.checked == 11
    assert found.all == []


@pytest.mark.parametrize(
    ("operations", "promise"),
    [
        pytest.param([wrote(0, 1, CREATED, session=2), showed(2, 3)], STALE_PROMISES[0], id="own write"),
        pytest.param([showed(0, 1, ONE), showed(2, 3)], STALE_PROMISES[1], id="backwards"),
        pytest.param([wrote(0, 1, CREATED), showed(2, 3)], STALE_PROMISES[2], id="acknowledged"),
        pytest.param([showed(0, 1, ONE, session=3), showed(2, 3)], STALE_PROMISES[3], id="what others read"),
        pytest.param([wrote(0, 1, CREATED), read(2, 3, (), f"{LIST}/1")], STALE_PROMISES[2], id="one task"),
        pytest.param(
            [wrote(0, 1, CREATED), read(2, 3, (0, 0, 0, 0, 0, 0), f"{LIST}/stats")], STALE_PROMISES[2], id="statistics"
        ),
    ],
)
def test_a_stale_read_is_found_with_its_witness(operations: list[Operation], promise: str) -> None:
    """What had ended before it began is shown beside it, and how late the read was; the two alone show the fault."""
    log = logged(ONE)
    if not any(operation.changes for operation in operations):
        operations = [wrote(-2, -1, CREATED, session=9, outcome="unknown"), *operations]
    found = verdict(log, *operations)
    assert promises(found) == [promise]
    [stale] = found.stale
    assert stale.late == 1
    assert stale.operations == tuple(operations[-2:])
    assert [item.item for item in stale.logged] == [ONE]
    again = verdict(log, *{id(operation): operation for operation in (operations[0], *stale.operations)}.values())
    assert promises(again) == [promise]


def test_what_is_under_way_binds_nobody() -> None:
    """Two reads that overlap may show their states in either order."""
    assert verdict(logged(ONE), wrote(0, 9, CREATED), showed(1, 4, ONE), showed(3, 5, session=3)).all == []


def test_a_state_that_comes_again_is_not_mistaken() -> None:
    """An answer that was right twice is taken for the earlier or the later, whichever explains it; else it is stale."""
    toggled = replace_title(DONE, "c1")
    again = task(1, "c1", at=5)
    log = logged(ONE, toggled, again)
    pending = f"{LIST}/stats"
    first, second = (1, 0, 1, 0, 0, 0), (1, 1, 1, 0, 0, 0)
    writes = [
        wrote(0, 1, CREATED),
        wrote(2, 3, Change("toggle", task=1, etag='"1-1-2"', item=toggled)),
        wrote(6, 7, Change("toggle", task=1, etag='"1-1-3"', item=again)),
    ]
    assert verdict(log, *writes, read(4, 5, second, pending), read(8, 9, first, pending)).all == []
    assert promises(verdict(log, *writes, read(4, 5, first, pending))) == [STALE_PROMISES[2]]
    assert promises(verdict(log, *writes, read(8, 9, second, pending))) == [STALE_PROMISES[2]]


def replace_title(item: Item, title: str) -> Item:
    return item._replace(title=title)


def test_the_account_counts_the_trash_too() -> None:
    """A number that nothing caches, and that is late like any other answer if it is."""
    log = logged(ONE, ONE, deleted=1)
    writes = [wrote(0, 1, CREATED), wrote(2, 3, Change("delete", task=1))]
    assert verdict(log, *writes, read(4, 5, (ALICE, 1), ACCOUNT)).all == []
    assert promises(verdict(log, *writes, read(4, 5, (ALICE, 0), ACCOUNT))) == [STALE_PROMISES[2]]
    assert promises(verdict(log, *writes, read(4, 5, ("bob", 1), ACCOUNT))) == ["a read shows what was"]


def test_a_mixed_list_is_found() -> None:
    """Two tasks of different moments in one list."""
    log = logged(ONE, TWO, RENAMED)
    writes = (
        wrote(0, 1, CREATED),
        wrote(0, 5, CREATED_TWO),
        wrote(0, 5, replace(UPDATED, etag='"1-1-3"')),
    )
    assert verdict(log, *writes, showed(2, 3, TWO, ONE)).all == []
    assert promises(verdict(log, *writes, showed(2, 3, RENAMED))) == ["a read shows what was"]
    assert promises(verdict(log, *writes, showed(2, 3, ONE, TWO))) == ["a read shows what was"]  # the wrong order


def test_another_users_task_is_found() -> None:
    """Even if it is only one of many, and right by itself."""
    found = verdict(logged(ONE), wrote(0, 1, CREATED), showed(2, 3, task(7, "c7", user="bob"), ONE))
    assert promises(found) == ["a user sees their own tasks only"]


def test_what_was_never_written_is_found() -> None:
    """A task that nobody made."""
    assert promises(verdict([], showed(2, 3, ONE))) == ["a read shows what was"]


def test_a_read_of_the_future_is_found() -> None:
    """It shows what was asked for only after it had ended."""
    assert promises(verdict(logged(ONE), showed(0, 1, ONE), wrote(2, 3, CREATED))) == ["a read shows what was"]


@pytest.mark.parametrize("change", [CREATED, UPDATED, Change("toggle", task=1), Change("delete", task=1)])
def test_a_lost_write_is_found(change: Change) -> None:
    """Acknowledged, and without a trace."""
    assert promises(verdict([], wrote(0, 1, change))) == ["an acknowledged write is not lost"]


@pytest.mark.parametrize("outcome", ["ok", "unknown"])
def test_a_write_made_twice_is_found(outcome: str) -> None:
    """Whether it was acknowledged or not."""
    twin = TWO._replace(description=ONE.description)
    found = verdict(logged(ONE, twin), wrote(0, 1, CREATED, outcome=outcome))
    assert promises(found) == ["a write is made once"]
    again = task(1, "u1", at=5)
    found = verdict(logged(ONE, RENAMED, again), wrote(0, 1, CREATED), wrote(2, 3, UPDATED, outcome=outcome))
    assert promises(found) == ["a write is made once"]


def test_a_toggle_made_twice_is_found() -> None:
    """It carries no token: what no request accounts for gives it away."""
    flips = [DONE, task(1, "u1", at=5)]
    log = logged(ONE, RENAMED, *flips)
    toggle = Change("toggle", task=1, etag='"1-1-3"', item=DONE)
    found = verdict(log, wrote(0, 1, CREATED), wrote(2, 3, UPDATED), wrote(4, 5, toggle))
    assert promises(found) == ["nothing is made by nobody"]


def test_an_unknown_write_is_made_once_or_not_at_all() -> None:
    """Either is right, also long after; but never before it was asked for."""
    unknown = wrote(2, 3, UPDATED, outcome="unknown")
    assert verdict(logged(ONE), wrote(0, 1, CREATED), unknown, showed(9, 10, ONE)).all == []
    late = [showed(8, 9, ONE), showed(10, 11, RENAMED)]
    assert verdict(logged(ONE, RENAMED), wrote(0, 1, CREATED), unknown, *late).all == []


def test_what_was_refused_and_made_is_found() -> None:
    """The answer said that nothing was changed."""
    found = verdict(logged(ONE), wrote(0, 1, CREATED, outcome="fail"))
    assert promises(found) == ["what is refused is not made"]
    removed = logged(ONE, ONE, deleted=1)
    found = verdict(removed, wrote(0, 1, CREATED), wrote(2, 3, Change("delete", task=1), outcome="fail"))
    assert promises(found) == ["nothing is made by nobody"]


def test_half_a_batch_is_found() -> None:
    """All in one transaction, whether acknowledged or not."""
    both = (CREATED, replace(CREATED_TWO, etag='"1-2-1"'))
    assert verdict(logged(ONE, TWO, together=True), wrote(0, 1, *both)).all == []
    apart = [replace(change, etag="", item=None) for change in both]
    assert promises(verdict(logged(ONE, TWO), wrote(0, 1, *apart))) == ["all of a write or nothing"]
    assert promises(verdict(logged(ONE), wrote(0, 1, *apart, outcome="unknown"))) == ["all of a write or nothing"]


def test_writes_follow_real_time() -> None:
    """One that was asked for after another was acknowledged comes after it."""
    found = verdict(
        logged(TWO, ONE), wrote(0, 1, replace(CREATED, etag="")), wrote(2, 3, replace(CREATED_TWO, etag=""))
    )
    assert promises(found) == ["a write follows what is known"]


def test_a_lost_update_is_found() -> None:
    """If-Match named a revision that was not the one before."""
    log = logged(ONE, RENAMED, task(1, "u2", at=5))
    second = Change("update", "u2", 1, expected='"1-1-1"', etag='"1-1-3"', item=task(1, "u2", at=5))
    found = verdict(log, wrote(0, 1, CREATED), wrote(2, 3, UPDATED), wrote(2, 4, second))
    assert promises(found) == ["If-Match guards a write"]


def test_an_answer_that_shows_another_task_is_found() -> None:
    """A write answers with what it made."""
    found = verdict(logged(ONE), wrote(0, 1, replace(CREATED, item=task(1, "c1", at=9))))
    assert promises(found) == ["a write says what it made"]


def test_an_etag_of_two_answers_is_found() -> None:
    """A conditional read would be told that nothing has changed."""
    writes = [wrote(0, 1, CREATED), wrote(2, 3, UPDATED)]
    reads = [read(1, 2, (1, ONE), etag='"e"'), read(4, 5, (1, RENAMED), etag='"e"')]
    assert promises(verdict(logged(ONE, RENAMED), *writes, *reads)) == ["an ETag names one answer"]


def test_revisions_in_another_order_than_the_commits_are_found() -> None:
    """The order of the log is not that of the revisions."""
    log = [Logged(1, 2, ONE), Logged(2, 2, TWO)]
    found = verdict(log, wrote(0, 1, replace(CREATED, etag="")), wrote(0, 1, CREATED_TWO))
    assert promises(found) == ["revisions follow the order of commits"]


def test_a_wrong_answer_is_found() -> None:
    """A 500, or anything that the contract does not have."""
    operation = replace(showed(0, 1), status=500, shown=None, outcome="unknown", fault="status 500")
    assert promises(verdict([], operation)) == ["every answer is one of the contract"]


def test_users_are_checked_apart() -> None:
    """What one knows binds no other."""
    bobs = replace(showed(5, 6), user="bob")
    assert check(History([wrote(0, 1, CREATED), bobs], {ALICE: logged(ONE)})).all == []


def test_a_history_that_is_kept_can_be_checked_again(tmp_path: Path) -> None:
    """Written and read back, it has the same faults."""
    history = History([wrote(0, 1, CREATED), read(2, 3, (), f"{LIST}/1"), showed(2, 3, ONE)], {ALICE: logged(ONE)})
    save(history, tmp_path / "history.jsonl")
    assert load(tmp_path / "history.jsonl") == history


@pytest.mark.parametrize("spoil", [lambda items: items, lambda items: items[:-1]])
def test_pages_and_filters_are_compared_by_what_they_should_show(spoil: Callable[[list[Item]], list[Item]]) -> None:
    """The first page counts all and shows five, the newest first."""
    tasks = [task(number, f"c{number}") for number in range(1, 8)]
    writes = [wrote(0, 1, Change("create", f"c{number}", etag=f'"1-{number}-{number}"')) for number in range(1, 8)]
    shown = spoil(tasks[:1:-1])
    found = verdict(logged(*tasks), *writes, read(2, 3, (7, *shown), f"{LIST}?limit=5"))
    assert (promises(found) == []) is (len(shown) == 5)
