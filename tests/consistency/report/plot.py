"""One plot: throughput and errors over the time of a run, with the faults marked."""

from pathlib import Path

from tests.consistency.report.figures import course
from tests.consistency.runs.run import Result

COLOURS = {"postgres": "#1f6feb", "redis": "#cf222e", "worker": "#8250df", "api": "#bf8700", "clients": "#57606a"}


def draw(result: Result, file: Path) -> None:
    """Time runs to the right; a band per fault, from its beginning to its end, in the colour of what it befell."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    found = course(result)
    times = [index * found.step for index in range(len(found.answered))]
    width = max(12.0, 0.16 * len(result.injections))
    figure, axes = plt.subplots(figsize=(width, 6), layout="constrained")
    axes.plot(times, found.answered, color="#1a7f37", linewidth=1, label="answered")
    axes.plot(times, found.failed, color="#cf222e", linewidth=1, label="refused or without an answer")
    top = 1.02 * max(found.answered, default=1.0)
    for injection in result.injections:
        began, ended = injection.began - result.began, injection.ended - result.began
        colour = _colour(injection.target)
        axes.axvspan(began, ended, color=colour, alpha=0.15, linewidth=0)
        axes.text(began, top, str(injection), fontsize=6, rotation=90, va="bottom", color=colour)
    axes.set_ylim(0, 1.7 * top)
    axes.set_xlim(0, times[-1] if times else 1)
    axes.set_xlabel(f"seconds ({result.title}, {len(result.injections)} faults)")
    axes.set_ylabel("operations per second")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=130)
    plt.close(figure)


def _colour(target: str) -> str:
    """Of the server, where a wire between two is broken."""
    first, _, server = target.partition(" - ")
    name = first if first == "clients" else server or first
    return COLOURS[name.partition(" ")[0]]
