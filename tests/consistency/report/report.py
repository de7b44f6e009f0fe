"""What was found, for people: text for the terminal, the tables and the plot of docs/reliability, kept histories."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.consistency.checking.checker import NOBODY
from tests.consistency.checking.effects import Violation
from tests.consistency.checking.history import History, save
from tests.consistency.checking.mirrors import BEGINS_ANEW, FOLLOWS, TOLD
from tests.consistency.failover.busy import Phase, quantile
from tests.consistency.report import plot
from tests.consistency.report.figures import Kind, kinds, outcomes, reads_by_cache
from tests.consistency.runs.hunt import Catch
from tests.consistency.runs.recovery import Recovery
from tests.consistency.runs.rolling import Restarted
from tests.consistency.runs.run import Result

TOP = Path(__file__).resolve().parents[3]
FOLDER = TOP / "docs" / "reliability"
KEPT = TOP / ".faults"
"""Where the histories of runs that failed are kept."""

Row = Sequence[str]


@dataclass(slots=True)
class Report:
    """Everything that was done; what was left out is None or empty."""

    command: str
    model: tuple[int, int, int] | None = None
    """Claims, states, mutants found."""
    calm: Result | None = None
    mirrors: Result | None = None
    faulty: list[Result] = field(default_factory=list)
    busy: list[Phase] = field(default_factory=list)
    catches: list[Catch] = field(default_factory=list)
    recovery: Recovery | None = None
    restarted: Restarted | None = None
    upgraded: dict[str, Restarted] = field(default_factory=dict)
    """By the release that was there before."""
    failures: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_whole(self) -> bool:
        parts = (
            self.model,
            self.calm,
            self.mirrors,
            self.busy,
            self.faulty,
            self.catches,
            self.recovery,
            self.restarted,
        )
        return all((*parts, self.upgraded))

    def tables(self) -> dict[str, str]:
        """Every part by the name of its marker."""
        found = {"run": self._run()}
        if self.faulty:
            found["faults"] = _faults(kinds(self.faulty))
            found["outcomes"] = _table(
                ("what clients were answered", "operations"),
                [(what, f"{count:,}") for what, count in outcomes(self.faulty).items()],
            )
        if self.busy:
            found["busy"] = _busy(self.busy)
        if self.catches:
            found["mutants"] = _mutants(self.catches)
        if self.recovery:
            found["recovery"] = _recovery(self.recovery)
        return found

    def _run(self) -> str:
        lines = [f"- {self.began:%Y-%m-%d %H:%M} UTC, `{self.command}`."]
        if self.model:
            claims, states, mutants = self.model
            lines.append(
                f"- Model: {claims} claims hold in all of {states:,} states; each of {mutants} mutants is found out."
            )
        if self.calm:
            lines.append(f"- No fault: {_summary([self.calm])}")
        if self.mirrors:
            lines.append(f"- Mirrors, changes by hand and erasure: {_summary([self.mirrors])} {_told([self.mirrors])}")
        if self.faulty:
            lines.append(f"- Faults: {_summary(self.faulty)}")
            lines.append(f"- {_staleness(self.faulty)}")
        if self.restarted:
            count = len(self.restarted.exit_codes)
            lines.append(f"- {count} processes restarted one after another under load: {_requests(self.restarted)}")
        lines += [
            f"- Upgrade from {version} under load, both releases serving for a while: {_requests(upgraded)}"
            for version, upgraded in self.upgraded.items()
        ]
        lines.append(f"- {len(self.failures)} failures." if self.failures else "- Nothing failed.")
        return "\n".join(lines)


def as_text(report: Report) -> str:
    """The whole result for a terminal."""
    parts = list(report.tables().values())
    parts += [f"FAILED: {failure}" for failure in report.failures[:20]]
    return "\n\n".join(parts)


def write(report: Report) -> None:
    """The tables between the markers of the page, and the plot of the last run with faults."""
    readme = FOLDER / "README.md"
    text = readme.read_text()
    for name, table in report.tables().items():
        between = re.compile(rf"(<!-- faults:{name} -->\n).*?(<!-- /faults:{name} -->)", re.DOTALL)
        text = between.sub(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)  # type: ignore[misc]  # a default binds it
    readme.write_text(text)


def keep(result: Result) -> Path:
    """The history of a run that failed, the smallest part that shows the first fault, and what the processes logged."""
    folder = KEPT / result.title.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    save(result.history, folder / "history.jsonl")
    (folder / "faults.txt").write_text("\n".join(result.faults) + "\n")
    (folder / "injections.txt").write_text(
        "".join(f"{item.began:.3f} {item.ended:.3f} {item}\n" for item in result.injections)
    )
    excused = {id(stale) for stale in result.excused}
    for number, violation in enumerate(item for item in result.verdict.all if id(item) not in excused):
        if violation.operations:
            save(_smallest(result.history, violation), folder / f"smallest-{number}.jsonl")
        if number == 9:
            break
    for name, text in result.logs.items():
        (folder / name).write_bytes(text)
    return folder


def _smallest(history: History, violation: Violation) -> History:
    """What shows it by itself; where something was lost, with all that the servers have recorded of this user."""
    user = violation.operations[0].user
    operations = [operation for operation in violation.operations if operation.session != NOBODY]
    if not history.losses:
        return History(operations, {user: list(violation.logged)})
    whole = history.of(user)
    return History(operations, whole.log, whole.losses)


def draw(result: Result) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    plot.draw(result, FOLDER / "faults.png")


def _summary(results: Sequence[Result]) -> str:
    checked = sum(result.verdict.checked for result in results)
    seconds = sum(result.ended - result.began for result in results)
    bad = sum(len(result.verdict.all) - len(result.excused) for result in results)
    injected = sum(len(result.injections) for result in results)
    cache = reads_by_cache(results)
    hits = cache.get("hit", 0) / max(1, sum(cache.values()))
    audits, audited = sum(result.audits for result in results), sum(result.audited for result in results)
    differences = sum(result.differences for result in results)
    runs = f"{len(results)} runs, " if len(results) > 1 else ""
    faults = f"{injected:,} faults, " if injected else ""
    return (
        f"{runs}{seconds / 60:.1f} minutes, {faults}{checked:,} operations checked ({hits:.0%} of the reads hits),"
        f" {bad} violations; {audits} audits compared {audited:,} cached answers, {differences} differed."
    )


def _told(results: Sequence[Result]) -> str:
    operations = [operation for result in results for operation in result.history.operations]
    kinds = Counter(operation.kind for operation in operations)
    mirrors = {operation.session for operation in operations if operation.revision is not None}
    return (
        f"{len(mirrors)} mirrors were told by {kinds[TOLD]:,} events and {kinds[FOLLOWS]:,} answers, and began anew"
        f" {kinds[BEGINS_ANEW]:,} times."
    )


def _requests(restarted: Restarted) -> str:
    count = sum(restarted.outcomes.values())
    return f"{count:,} requests, {restarted.failed} failed, {len(restarted.verdict.all)} violations."


def _staleness(results: Sequence[Result]) -> str:
    writes = sum(len(result.verdict.lost) for result in results)
    late = [stale.late or 0.0 for result in results for stale in result.excused if stale.lost]
    others = sum(len(result.excused) for result in results) - len(late)
    after = f", at most {max(late):.2f} s after its successor had begun to serve" if late else ""
    return (
        f"{writes:,} acknowledged writes were lost by failovers and restores that lose what was last, and nothing else"
        f" was; {len(late):,} reads showed what had just been lost{after}. {others:,} other stale reads."
    )


def _faults(found: Iterable[Kind]) -> str:
    rows = [
        (
            kind.name,
            str(kind.count),
            *(_seconds(kind.slowest[what]) for what in ("writes", "hits")),
            f"{kind.lost:,}" if kind.lost else "",
            f"{kind.stale:,}" if kind.stale else "",
            _seconds(kind.latest) if kind.stale else "",
        )
        for kind in found
    ]
    return _table(
        ("fault", "times", "writes again, s", "hits again, s", "lost writes", "late reads", "latest, s"), rows
    )


def _busy(phases: Iterable[Phase]) -> str:
    rows = [
        (
            phase.name,
            f"{len(phase.operations):,}",
            f"{len(phase.operations) / phase.seconds:,.0f}",
            f"{len(phase.violations):,}",
            *(
                f"{quantile(latencies, part) * 1000:,.1f}"
                for latencies in (phase.reads, phase.writes)
                for part in (0.5, 0.99, 1.0)
            ),
        )
        for phase in phases
    ]
    reads, writes = (tuple(f"{what} {part}, ms" for part in ("p50", "p99", "slowest")) for what in ("read", "write"))
    return _table(("what goes on", "answers", "per second", "stale or wrong", *reads, *writes), rows)


def _mutants(catches: Iterable[Catch]) -> str:
    rows = [
        (
            catch.mutant.name,
            catch.mutant.why,
            catch.mutant.needs or "none",
            catch.violation.promise if catch.violation else "NOT FOUND",
            f"{catch.operations:,}",
        )
        for catch in catches
    ]
    return _table(("mutant", "what is wrong", "fault needed", "promise found broken", "after operations"), rows)


def _recovery(found: Recovery) -> str:
    rows = []
    for phase in found.phases.values():
        answers = ", ".join(f"{count:,} × {what}" for what, count in phase.statuses.items())
        milliseconds = (f"{value * 1000:,.1f}" for value in (phase.median, phase.quantile(0.99), phase.slowest))
        rows.append((phase.name, *milliseconds, f"{found.ratio(phase.name):.2f}", answers))
    phases = _table(("request", "p50, ms", "p99, ms", "slowest, ms", "p99 : p99 of a miss", "answers"), rows)
    goals = {"hits": 5, "ready": 10, "writes": 10}
    back = [(name, f"{seconds:.2f}", str(goals[name.split()[0]])) for name, seconds in found.back.items()]
    return phases + "\n\n" + _table(("through every process again", "seconds", "at most"), back)


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def _table(heads: Row, rows: Iterable[Row]) -> str:
    cells = [list(heads), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

    return "\n".join([line(cells[0]), line(["-" * width for width in widths]), *map(line, cells[1:])])
