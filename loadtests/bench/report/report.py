"""What a run has found, for people: text for the terminal, JSON, the plot, the tables in docs/performance/README.md."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from loadtests.bench import paging
from loadtests.bench.costs import idle, writes
from loadtests.bench.measure import Sample
from loadtests.bench.report import plan
from loadtests.bench.report.figures import Figures, Goal, Spread, goals
from loadtests.bench.report.plot import draw
from loadtests.bench.run import Report

Row = Sequence[str]


def as_text(report: Report, figures: Figures) -> str:
    """The whole result for a terminal."""
    parts = [*(title_and_table(report, figures).values())]
    if report.notes:
        parts.append("\n".join(report.notes))
    return "\n\n".join(parts)


def write(report: Report, figures: Figures, folder: Path) -> None:
    """`results.json`, `throughput.png`, and what stands between the markers of `README.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(report.as_json(), indent=1) + "\n")
    draw(figures, folder / "throughput.png")
    readme = folder / "README.md"
    if readme.exists():
        readme.write_text(replaced(readme.read_text(), title_and_table(report, figures)))


def replaced(text: str, tables: Mapping[str, str]) -> str:
    """`<!-- bench:name -->` and `<!-- /bench:name -->` with the table of that name between them."""
    for name, table in tables.items():
        between = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        parts = between.split(text)
        if len(parts) == 4:
            text = f"{parts[0]}{parts[1]}{table}\n{parts[2]}{parts[3]}"
    return text


def title_and_table(report: Report, figures: Figures) -> dict[str, str]:
    """Every table by the name of its marker."""
    tables = {
        "machine": _machine(report, figures),
        "goals": _goals([*goals(figures), *writes.goals(report.writes)]),
        "rates": _rates(figures),
        "costs": _costs(figures),
    }
    if report.options.probes:
        tables["probes"] = _probes(report)
    if needed := plan.needed(figures):
        tables["plan"] = table(("part", "busy cores", "how many"), needed)
    return tables


def _machine(report: Report, figures: Figures) -> str:
    machine, options = report.machine, report.options
    others = Spread.of([sample.others for sample in figures.samples if sample.cpu])
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return "\n".join(
        [
            f"- {report.began}: {machine.processor}, {machine.cores} cores, {machine.memory_gb} GB; {machine.system}.",
            f"- {machine.python}; {versions}.",
            f"- {options.rounds} rounds of {options.seconds} s; {traffic_words(report)}.",
            f"- Strangers used {others.median:.0%} of the machine meanwhile (at most {others.greatest:.0%}).",
        ]
    )


def traffic_words(report: Report) -> str:
    return f"an answer has {report.answer_bytes:,} bytes (20 tasks)"


def _goals(found: Iterable[Goal]) -> str:
    rows = []
    for goal in found:
        sign = "at most" if goal.at_most else "at least"
        spread = f"{_figure(goal.found.least)} to {_figure(goal.found.greatest)}"
        cpu = _figure(goal.cpu) if goal.cpu else ""
        rows.append(
            (goal.text, f"{sign} {goal.wanted:g}", _figure(goal.found.median), spread, cpu, "yes" if goal.met else "no")
        )
    return table(("ratio", "goal", "median", "rounds", "by CPU", "met"), rows)


def _rates(figures: Figures) -> str:
    rows = []
    for scenario in figures.scenarios:
        row = [scenario]
        for connections in figures.connections:
            samples = figures.of(scenario, connections)
            row.append(_rate_cell(samples) if samples else "")
        rows.append(row)
    counts = [f"{count} connection{'s' if count > 1 else ''}" for count in figures.connections]
    return table(("requests/s (p50, p99 in ms)", *counts), rows)


def _rate_cell(samples: Sequence[Sample]) -> str:
    if not any(sample.rate for sample in samples):
        return "stands still"
    rate, p50, p99 = (
        Spread.of([getattr(sample, name) for sample in samples]).median for name in ("rate", "p50", "p99")
    )
    failed = max(sample.failed for sample in samples)
    text = f"{rate:,.0f} ({_figure(p50)}, {_figure(p99)})"
    return f"{text}, {failed:.1%} failed" if failed else text


def _costs(figures: Figures) -> str:
    rows = []
    for scenario in figures.scenarios:
        if samples := [sample for sample in figures.of(scenario) if sample.cpu]:
            used = {name: Spread.of([sample.cpu[name] for sample in samples]).median for name in samples[0].cpu}
            rows.append((scenario, *(f"{max(value, 0):,.0f}" for value in used.values())))
    return table(("µs of CPU per request", "service", "Redis", "PostgreSQL"), rows)


def _probes(report: Report) -> str:
    rows = []
    if big := report.big_list:
        spread = Spread.of(big.ratios)
        rows.append(
            (
                "latency of a hit, 100,000 tasks : 20 tasks",
                "at most 1.2",
                f"{_figure(spread.median)} ({_figure(spread.least)} to {_figure(spread.greatest)})",
            )
        )
    rows += [
        (
            f"latency of a miss, page {depth.pages} : page 1 of 100,000 tasks by {depth.order}",
            f"at most {paging.MOST_RATIO}",
            f"{_figure(depth.ratio)}",
        )
        for depth in report.depths
    ]
    if (export := report.export) and export.additional is not None:
        text = f"memory for an export of 100,000 tasks ({export.megabytes:.0f} MB in {export.seconds:.1f} s)"
        rows.append((text, f"{paging.MOST_MEGABYTES} MB", f"{export.additional:.0f} MB"))
    for processes, (readers, queries) in report.stampedes.items():
        rows.append(
            (f"queries for {readers} identical misses at once, {_processes(processes)}", f"{processes}", f"{queries}")
        )
    rows.append(("Redis's memory per cached list and task of a user", "", f"{report.redis_bytes / 1024:.1f} KB"))
    rows.append(("PostgreSQL's disk per user with 20 tasks", "", f"{report.user_bytes / 1024:.1f} KB"))
    start, *rounds = report.memory
    rows.append(("memory of an API process after its start", "120 MB", f"{start:.0f} MB"))
    if rounds:
        grown = ", ".join(f"{after - start:+.0f}" for after in rounds)
        rows.append(("what it has grown by after each round", "50 MB", f"{grown} MB"))
    if report.published_per_second:
        rows.append(("changed lists published per second", "5,000", f"{report.published_per_second:,.0f}"))
    rows += _idle(report.idle_bytes) if report.idle_bytes else []
    if report.processes:
        alone, both = report.processes
        rows.append(("CPU per hit, two API processes : one", "", f"{both / alone:.2f}"))
    for name, shards in report.shards.items():
        for part, ratios, goal in (("all", shards.whole, "at most 1.15"), ("Redis alone", shards.redis, "")):
            spread = Spread.of(ratios)
            text = f"CPU per {name}, a cluster of three masters : one Redis, {part}"
            rows.append((text, goal, f"{spread.median:.2f} ({spread.least:.2f} to {spread.greatest:.2f})"))
    if report.grown:
        rows += report.grown.rows()
    return table(("", "goal", "found"), rows)


def _idle(found: idle.Idle) -> list[tuple[str, str, str]]:
    text, goal = f"bytes per idle connection, of {idle.CONNECTIONS:,} after", f"{idle.MOST_BYTES:,}"
    return [
        (f"{text} a hit", goal, f"{found.hits:,.0f}"),
        (f"{text} another request", goal, f"{found.others:,.0f}"),
    ]


def _processes(count: int) -> str:
    return "one process" if count == 1 else f"{count} processes"


def table(heads: Row, rows: Iterable[Row]) -> str:
    cells = [list(heads), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def _figure(value: float) -> str:
    """Three significant digits, as far as they are worth it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
