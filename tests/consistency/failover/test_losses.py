"""The checker on histories in which a failover has lost something: what may be lost, and what may still be shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.consistency.checking.checker import STALE_PROMISES, Verdict, check
from tests.consistency.checking.history import ACCOUNT, LIST, Change, History, Item, Logged, Loss, Operation, load, save
from tests.consistency.checking.test_checker import (
    ALICE,
    CREATED,
    CREATED_TWO,
    DONE,
    ONE,
    RENAMED,
    TWO,
    UPDATED,
    promises,
    read,
    showed,
    task,
    wrote,
)

DIED, SERVED = 10.0, 11.0
THREE = task(3, "c3")
CREATED_THREE = Change("create", "c3", etag='"1-3-9"', item=THREE)
BEFORE = wrote(0, 1, CREATED)
LOST = wrote(2, 3, UPDATED)
AFTER = wrote(12, 13, CREATED_THREE)
FIRST, TAIL, NEXT = Logged(1, 1, ONE), Logged(2, 2, RENAMED), Logged(2, 9, THREE)


def verdict(*operations: Operation, lost: tuple[Logged, ...] = (TAIL,), after: tuple[Logged, ...] = (NEXT,)) -> Verdict:
    """Of a list that one write made, and then others that were lost, and then, after the failover, others."""
    return check(history(*operations, lost=lost, after=after))


def history(*operations: Operation, lost: tuple[Logged, ...] = (TAIL,), after: tuple[Logged, ...] = (NEXT,)) -> History:
    losses = [Loss(DIED, SERVED, {ALICE: [FIRST, *lost]})]
    return History(list(operations), {ALICE: [FIRST, *after]}, losses)


def test_a_lost_tail_is_no_violation() -> None:
    """Everybody saw it before, and nobody does after it; what comes then follows on what was left."""
    found = verdict(
        BEFORE,
        LOST,
        showed(4, 5, RENAMED),
        showed(9.5, 11.5, ONE),
        showed(11.5, 11.8, ONE, session=1),
        AFTER,
        showed(14, 15, THREE, ONE),
        read(14, 15, (ONE,), f"{LIST}/1"),
        read(14, 15, (ALICE, 2), ACCOUNT),
    )
    assert found.all == []
    assert found.lost == [LOST]


def test_what_nobody_has_recorded_was_not_lost_by_the_failover() -> None:
    """The server that died did not have it either."""
    assert promises(verdict(BEFORE, LOST, AFTER, lost=())) == ["an acknowledged write is not lost"]


def test_what_is_lost_is_seen_until_then() -> None:
    """No failover excuses a read that ended before it."""
    assert promises(verdict(BEFORE, LOST, showed(4, 5, ONE), AFTER)) == [STALE_PROMISES[2]]


def test_what_is_lost_is_late_from_then_on() -> None:
    """By how much is told; a read that began before may still show it."""
    found = verdict(BEFORE, LOST, showed(10.9, 12, RENAMED), showed(11.5, 12, RENAMED), AFTER)
    assert promises(found) == [STALE_PROMISES[4]]
    [stale] = found.stale
    assert stale.lost
    assert stale.late == 0.5


@pytest.mark.parametrize("shown", [(RENAMED,), (ONE,)])
def test_after_a_change_what_was_lost_is_a_stale_read_like_any_other(shown: tuple[Item, ...]) -> None:
    """As what was left is: a write has told everybody that there is something newer."""
    found = verdict(BEFORE, LOST, AFTER, showed(13.5, 14, *shown))
    assert promises(found) == [STALE_PROMISES[2]]
    assert not found.stale[0].lost


def test_a_state_of_both_branches_is_taken_for_what_explains_it() -> None:
    """The statistics of the lost state are those of a later one: no read that shows them is late."""
    again = Logged(2, 9, task(1, "u9", completed=True, at=9))
    done = wrote(2, 3, Change("toggle", task=1, etag='"1-1-2"', item=DONE._replace(title="c1")))
    lost = Logged(2, 2, DONE._replace(title="c1"))
    update = wrote(12, 13, Change("update", "u9", 1, etag='"1-1-9"', item=again.item))
    completed = (1, 1, 1, 0, 0, 0)
    found = verdict(BEFORE, done, update, read(14, 15, completed, f"{LIST}/stats"), lost=(lost,), after=(again,))
    assert found.stale == []


def test_a_revision_that_was_lost_is_not_given_again() -> None:
    """Whatever names a state by it would name two."""
    found = verdict(BEFORE, LOST, wrote(12, 13, replace(CREATED_THREE, etag='"1-3-2"')), after=(Logged(2, 2, THREE),))
    assert promises(found) == ["revisions follow the order of commits"]


def test_a_lost_etag_guards_nothing_that_came_after() -> None:
    """Neither by its revision, nor where the same revision was given again."""
    again = task(1, "u9", at=9)
    stale = Change("update", "u9", 1, expected=UPDATED.etag, etag='"1-1-9"', item=again)
    found = verdict(BEFORE, LOST, wrote(12, 13, stale), after=(Logged(2, 9, again),))
    assert promises(found) == ["If-Match guards a write"]

    twin = task(1, "u2", at=8)
    other = wrote(12, 13, Change("update", "u2", 1, etag=UPDATED.etag, item=twin))
    found = verdict(BEFORE, LOST, other, wrote(14, 15, stale), after=(Logged(2, 2, twin), Logged(3, 9, again)))
    assert set(promises(found)) == {
        "an ETag names one answer",
        "If-Match guards a write",
        "revisions follow the order of commits",
    }


def test_a_lost_etag_is_not_taken_for_a_new_one() -> None:
    """A 304 shows what its ETag named, which is what was lost."""
    known = replace(read(14, 15, (1, RENAMED), etag='"lost"'), kind="read if changed", status=304)
    found = verdict(BEFORE, LOST, read(4, 5, (1, RENAMED), etag='"lost"'), AFTER, known)
    assert promises(found) == [STALE_PROMISES[2]]


def test_a_lost_write_may_be_made_once_more() -> None:
    """Whoever did not learn its outcome asks again; what is made twice in one history is found all the same."""
    retried = wrote(2, 13, replace(CREATED_TWO, etag='"1-2-9"'))
    twice = (Logged(2, 9, TWO), Logged(3, 10, TWO._replace(id=4)))
    assert verdict(BEFORE, retried, showed(14, 15, TWO, ONE), lost=(Logged(2, 2, TWO),), after=twice[:1]).all == []
    assert promises(verdict(BEFORE, retried, lost=(Logged(2, 2, TWO),), after=twice)) == ["a write is made once"]


def test_a_deletion_after_the_failover_is_not_taken_for_a_lost_one() -> None:
    """It carries no token; when it was asked for tells the two apart."""
    gone = (Logged(2, 2, ONE, deleted=True),)
    first, second = wrote(2, 3, Change("delete", task=1), outcome="unknown"), wrote(12, 13, Change("delete", task=1))
    found = verdict(BEFORE, first, showed(11.5, 11.8, ONE), second, lost=gone, after=(Logged(2, 9, ONE, deleted=True),))
    assert found.all == []
    found = verdict(BEFORE, second, lost=gone, after=())
    assert set(promises(found)) == {"an acknowledged write is not lost", "nothing is made by nobody"}


def test_one_failover_after_another() -> None:
    """What the second has lost was made after the first."""
    second = Loss(20, 21, {ALICE: [FIRST, NEXT]})
    operations = [BEFORE, LOST, AFTER, showed(14, 15, THREE, ONE), showed(22, 23, ONE)]
    both = History(operations, {ALICE: [FIRST]}, [*history().losses, second])
    assert check(both).all == []
    assert check(both).lost == [LOST, AFTER]
    both.operations += [showed(24, 25, THREE, ONE)]
    assert [stale.late for stale in check(both).stale] == [3]
    both.operations[-1] = showed(24, 25, RENAMED)
    assert [stale.lost for stale in check(both).stale] == [False]


def test_a_history_with_a_loss_can_be_checked_again(tmp_path: Path) -> None:
    """Written and read back, it says the same."""
    whole = history(BEFORE, LOST, showed(11.5, 12, RENAMED), AFTER)
    save(whole, tmp_path / "history.jsonl")
    assert load(tmp_path / "history.jsonl") == whole
    assert whole.of("bob").losses == [Loss(DIED, SERVED, {"bob": []})]
