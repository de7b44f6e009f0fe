"""What a run that failed leaves behind, and what a page is made of."""

from pathlib import Path

import pytest

from tests.consistency.checking.checker import check
from tests.consistency.checking.history import History, Loss, load
from tests.consistency.checking.test_checker import ALICE, CREATED, ONE, logged, showed, wrote
from tests.consistency.failover.busy import Phase
from tests.consistency.parts.deck import BY_NAME
from tests.consistency.report import report
from tests.consistency.report.report import Report
from tests.consistency.runs.drive import Injection, Outage
from tests.consistency.runs.run import LATEST, LOST_FOR, Result

ALONE = Injection(BY_NAME["redis promoted, worker away"], "redis", 0.5, 1.5)


def result(*, late: float = 1.0, **more: object) -> Result:
    """Of a run with one stale read, so many seconds after the write was acknowledged."""
    history = History([wrote(0, 1, CREATED), showed(1 + late, 2 + late), showed(3 + late, 4 + late, ONE)])
    history.log = {ALICE: logged(ONE)}
    return Result("seed 1", 0, 10, history, check(history), audits=1, audited=1, **more)  # type: ignore[arg-type]


def test_a_stale_read_without_an_excuse_is_a_fault() -> None:
    """Nothing was broken, or one thing at a time."""
    assert len(result().faults) == 1
    assert len(result(outages=[Outage(0, 0.5, 1.5)]).faults) == 1
    assert len(result(injections=[ALONE]).faults) == 1


def test_a_stale_read_is_excused_while_a_process_is_cut_off_and_the_worker_is_away() -> None:
    """But not for longer than the worker takes, counted from when something newer was known."""
    assert result(outages=[Outage(0, 0.5, 1.5)], injections=[ALONE]).faults == []
    assert len(result(outages=[Outage(0, -9, -8)], injections=[ALONE]).faults) == 1
    assert len(result(late=LATEST + 0.1, outages=[Outage(0, 0.5)], injections=[ALONE]).faults) == 1
    other = Injection(BY_NAME["wiped"], "redis", 0.5, 1.5)
    assert len(result(outages=[Outage(0, 0.5, 1.5)], injections=[other]).faults) == 1


@pytest.mark.parametrize(("late", "faults"), [(LOST_FOR, 0), (LOST_FOR + 0.1, 1)])
def test_what_was_lost_may_be_shown_for_a_moment(late: float, faults: int) -> None:
    """Counted from when its successor serves; with what a failover has lost nothing else is excused."""
    history = History(
        [wrote(0, 1, CREATED), showed(5 + late, 6 + late, ONE)], losses=[Loss(4, 5, {ALICE: logged(ONE)})]
    )
    found = Result("seed 1", 0, 10, history, check(history), audits=1, audited=1)
    assert len(found.faults) == faults
    assert found.verdict.lost == history.operations[:1]


def test_what_did_not_recover_or_was_not_audited_is_a_fault() -> None:
    """As is a difference that the audit has counted."""
    stuck = Injection(BY_NAME["wiped"], "redis", 0.5, 1.5, {"hits": float("inf")})
    healthy = Result("seed 1", 0, 10, History(), check(History()), [stuck], audits=1, audited=1)
    assert healthy.faults == ["wiped (redis): hits did not recover"]
    healthy = Result("seed 1", 0, 10, History(), check(History()))
    assert healthy.faults == ["the audit did not run"]
    healthy.audits, healthy.audited, healthy.differences = 1, 1, 2
    assert healthy.faults == ["the audit counted 2 differences"]


def test_a_failed_run_is_kept_with_its_smallest_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The late read, what makes it late, and what it misses; they show the fault by themselves."""
    monkeypatch.setattr(report, "KEPT", tmp_path)
    failed = result(logs={"api.log": b"nothing"})
    folder = report.keep(failed)
    assert load(folder / "history.jsonl") == failed.history
    smallest = load(folder / "smallest-0.jsonl")
    assert smallest.operations == failed.history.operations[:2]
    assert [violation.promise for violation in check(smallest).all] == [failed.verdict.stale[0].promise]
    assert (folder / "api.log").read_bytes() == b"nothing"


def test_a_failed_run_with_a_loss_is_kept_with_all_that_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its smallest part would show something else."""
    monkeypatch.setattr(report, "KEPT", tmp_path)
    lost = [wrote(0, 1, CREATED), showed(20, 21, ONE)]
    history = History(lost, losses=[Loss(4, 5, {ALICE: logged(ONE)})])
    folder = report.keep(Result("seed 1", 0, 10, history, check(history)))
    smallest = load(folder / "smallest-0.jsonl")
    assert smallest.operations == lost[1:]
    assert [stale.lost for stale in check(smallest).stale] == [True]


def test_a_busy_machine_has_a_row_for_each_state() -> None:
    """With what is slowest among the reads, and among the writes; what was refused has no place among them."""
    answers = [showed(0, 1), showed(0, 3), wrote(0, 5, CREATED), wrote(0, 9, CREATED, outcome="fail")]
    table = Report("busy", busy=[Phase("40 pauses", 2, answers, [])]).tables()["busy"]
    row = [cell.strip() for cell in table.splitlines()[2].strip("|").split("|")]
    assert row == ["40 pauses", "4", "2", "0", "3,000.0", "3,000.0", "3,000.0", "5,000.0", "5,000.0", "5,000.0"]


def test_the_page_has_a_place_for_every_table() -> None:
    """And nothing of it is written by hand."""
    text = (report.FOLDER / "README.md").read_text()
    for name in ("run", "faults", "outcomes", "recovery", "busy", "mutants"):
        assert text.count(f"<!-- faults:{name} -->\n") == text.count(f"<!-- /faults:{name} -->\n") == 1
    assert Report("make faults").tables().keys() == {"run"}
