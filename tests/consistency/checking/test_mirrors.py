"""What is told of a list, by pages and by events, on histories made by hand and from the running service, briefly."""

from dataclasses import replace

import pytest
import uvloop

from core.tasks.sync.token import Token
from core.types import History as Server
from core.types import Revision, UserId
from tests.consistency.checking.checker import check
from tests.consistency.checking.history import ERASES, LIST, History, Item, Logged, Operation
from tests.consistency.checking.mirrors import BEGINS_ANEW, TOLD, Mirror
from tests.consistency.checking.test_checker import (
    ALICE,
    CREATED,
    CREATED_TWO,
    ONE,
    RENAMED,
    TWO,
    UPDATED,
    promises,
    wrote,
)
from tests.consistency.runs.run import mirror_run

WHOLE = "a mirror is the list at its revision"
ORDER = "changes come in order, each once"
ANEW = "a mirror can be brought up to date"

LOG = [Logged(1, 1, ONE), Logged(2, 2, TWO), Logged(3, 3, RENAMED)]
WRITES = (
    wrote(0, 1, CREATED),
    wrote(1, 2, CREATED_TWO),
    wrote(2, 3, replace(UPDATED, etag='"1-1-3"')),
)


def told(at: float, revision: int, news: tuple[Item | int, ...], *items: Item) -> Operation:
    """An event after which the mirror holds these, the newest first."""
    shown = (len(items), *items)
    return Operation(ALICE, 9, 0, TOLD, at, at, "ok", 200, LIST, shown, revision=revision, told=news)


def anew(at: float, revision: int) -> Operation:
    return Operation(ALICE, 9, 0, BEGINS_ANEW, at, at, "ok", 410, LIST, revision=revision)


def found(*operations: Operation, log: list[Logged] = LOG, writes: tuple[Operation, ...] = WRITES) -> list[str]:
    return promises(check(History([*writes, *operations], {ALICE: log})))


def test_what_comes_late_is_right_at_its_revision() -> None:
    """Long after something newer was acknowledged, for nobody has asked."""
    assert found(told(9, 1, (ONE,), ONE), told(10, 2, (TWO,), TWO, ONE), told(11, 3, (RENAMED,), TWO, RENAMED)) == []


def test_what_a_mirror_has_shown_everybody_knows() -> None:
    """It would not have been told before it was announced."""
    earlier = Operation(ALICE, 2, 0, "read", 2.6, 2.7, "ok", 200, LIST, (2, TWO, ONE))
    assert found(told(2.5, 3, (TWO, RENAMED), TWO, RENAMED), earlier) == ["what one has read all read"]


@pytest.mark.parametrize(
    ("operation", "promise"),
    [
        (told(9, 2, (ONE,), ONE), WHOLE),
        (told(9, 3, (ONE, TWO), TWO, ONE), WHOLE),
        (told(9, 2, (TWO, ONE), TWO, ONE), ORDER),
        (told(9, 2, (ONE, TWO, TWO), TWO, ONE), ORDER),
        (told(0.5, 2, (ONE, TWO), TWO, ONE), "a read shows what was"),
    ],
)
def test_what_is_wrong_with_an_event_is_found(operation: Operation, promise: str) -> None:
    """A task left out, one as it was before, a wrong order, one told twice, one before it was asked for."""
    assert found(operation) == [promise]


def test_a_mirror_goes_forward() -> None:
    """Nothing that was told comes again, and no earlier revision."""
    assert found(told(9, 2, (ONE, TWO), TWO, ONE), told(10, 1, (), ONE)) == [ORDER]
    assert found(told(9, 2, (ONE, TWO), TWO, ONE), told(10, 2, (TWO,), TWO, ONE)) == [ORDER]


def test_an_erased_task_is_a_reason_to_begin_anew() -> None:
    """To whoever did not know yet that it was deleted."""
    log = [*LOG, Logged(4, 4, TWO, deleted=True), Logged(5, 5, TWO, deleted=True, erased=True)]
    writes = (*WRITES, wrote(3, 4, replace(CREATED_TWO, action="delete", token="", task=2, etag="", item=None)))
    assert found(anew(9, 3), log=log, writes=writes) == []
    assert found(anew(9, 4), log=log, writes=writes) == [ANEW]
    assert found(told(9, 5, (RENAMED,), RENAMED), log=log, writes=writes) == []


def test_who_asks_for_it_loses_everything() -> None:
    """By nobody's request in particular; without one it is a loss."""
    log = [*LOG, Logged(4, 4, TWO, deleted=True, erased=True), Logged(4, 4, RENAMED, deleted=True, erased=True)]
    asked = Operation(ALICE, 1, 0, ERASES, 3, 4, "ok", 202)
    assert found(told(9, 0, ()), anew(10, 3), log=log, writes=(*WRITES, asked)) == []
    assert found(log=log) == ["nothing is made by nobody"] * 2


def test_an_event_tells_something_else_than_the_one_before() -> None:
    """And of each task once."""
    mirror, operation = Mirror(), told(1, 1, ())
    token = Token.of(UserId(ALICE), Server(1), Revision(5)).encode()
    tombstones = b'{"id":1,"deleted_at":"x"}'
    page = b'{"changes":[%s],"next":"' + token.encode() + b'","more":false}'
    mirror.hear(operation, page % tombstones)
    assert (operation.fault, operation.revision, operation.told) == ("", 5, (1,))
    mirror.hear(operation, page % tombstones)
    assert "told before" in operation.fault
    mirror.hear(operation, page % (tombstones + b"," + tombstones))
    assert "twice" in operation.fault


def test_mirrors_of_the_service_are_the_list() -> None:
    """Whatever is erased, emptied, purged or changed by hand meanwhile."""

    async def run() -> None:
        result = await mirror_run(2_000, mirrors=16, seed=1, say=print, apis=2)
        assert result.faults == []
        operations = result.history.operations
        assert {TOLD, BEGINS_ANEW, "purge by hand", "empty the trash"} <= {operation.kind for operation in operations}

    uvloop.run(run())
