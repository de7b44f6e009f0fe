"""What a run that failed leaves behind, and what a page is made of."""

from pathlib import Path

import pytest

from tests.consistency import report
from tests.consistency.checker import check
from tests.consistency.drive import Injection, Outage
from tests.consistency.faults import BY_NAME
from tests.consistency.history import History, load
from tests.consistency.report import Report
from tests.consistency.run import LATEST, Result
from tests.consistency.test_checker import ALICE, CREATED, ONE, logged, showed, wrote


def result(*, late: float = 1.0, acknowledged: bool = True, **more: object) -> Result:
    """Of a run with one stale read, so many seconds after the write was acknowledged, or seen by somebody else."""
    write = wrote(0, 1, CREATED, outcome="ok" if acknowledged else "unknown")
    seen = [] if acknowledged else [showed(0, 1, ONE, session=3)]
    history = History([write, *seen, showed(1 + late, 2 + late), showed(3 + late, 4 + late, ONE)])
    history.log = {ALICE: logged(ONE)}
    return Result("seed 1", 0, 10, history, check(history), audits=1, audited=1, **more)  # type: ignore[arg-type]


def test_a_stale_read_without_an_excuse_is_a_fault() -> None:
    """Nothing was cut off, nothing was wiped."""
    assert len(result().faults) == 1


def test_a_stale_read_is_excused_while_a_process_is_cut_off() -> None:
    """But not for longer than the worker takes, counted from when something newer was known."""
    assert result(outages=[Outage(0, 0.5, 1.5)]).faults == []
    assert len(result(outages=[Outage(0, -9, -8)]).faults) == 1
    assert len(result(late=LATEST + 0.1, outages=[Outage(0, 0.5)]).faults) == 1


def test_a_stale_read_is_excused_after_a_wipe_only() -> None:
    """If the write that it misses was not acknowledged; and other faults are no excuse."""
    wiped = [Injection(BY_NAME["wiped"], "redis", 0.5, 1.5)]
    assert result(acknowledged=False, injections=wiped).faults == []
    assert len(result(injections=wiped).faults) == 1
    assert len(result(injections=[Injection(BY_NAME["api killed"], "api 0", 0.5, 1.5)]).faults) == 1


def test_what_did_not_recover_or_was_not_audited_is_a_fault() -> None:
    """As is a difference that the audit has counted."""
    stuck = Injection(BY_NAME["wiped"], "redis", 0.5, 1.5, {"hits": float("inf")})
    assert result(acknowledged=False, injections=[stuck]).faults == ["wiped (redis): hits did not recover"]
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


def test_the_page_has_a_place_for_every_table() -> None:
    """And nothing of it is written by hand."""
    text = (report.FOLDER / "README.md").read_text()
    for name in ("run", "faults", "outcomes", "recovery", "mutants"):
        assert text.count(f"<!-- faults:{name} -->\n") == text.count(f"<!-- /faults:{name} -->\n") == 1
    assert Report("make faults").tables().keys() == {"run"}


def test_a_killed_process_excuses_nothing() -> None:
    """It has no connection because there is no process, which owes Redis nothing."""
    killed = Injection(BY_NAME["api killed"], "api 0", 0.5, 1.5)
    assert len(result(injections=[killed], outages=[Outage(0, 0.3, 1.5)]).faults) == 1
    assert result(injections=[killed], outages=[Outage(1, 0.3, 1.5)]).faults == []
