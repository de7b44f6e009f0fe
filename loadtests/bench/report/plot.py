"""One plot: requests per second of everyone, with the spread of the rounds."""

from pathlib import Path

from loadtests.bench.report.figures import MAIN, Figures

OURS = frozenset(
    {
        *("list hit", "304", "nothing new", "single task", "list miss", "create", "update"),
        *("calendar: its ctag", "calendar: nothing new"),
    }
)
COLOURS = {True: "#1f6feb", False: "#9aa4b2"}


def draw(figures: Figures, file: Path) -> None:
    """Horizontal bars, the fastest on top, on a logarithmic axis; the whiskers are the slowest and fastest round."""
    import matplotlib as mpl  # noqa: PLC0415  # a requirement of the whole bench only, and slow to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    spreads = {
        name: spread for name in figures.scenarios if (spread := figures.spread(name, lambda sample: sample.rate, MAIN))
    }
    names = sorted(spreads, key=lambda name: spreads[name].median)
    medians = [spreads[name].median for name in names]
    below = [spreads[name].median - spreads[name].least for name in names]
    above = [spreads[name].greatest - spreads[name].median for name in names]
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(names) + 1.2), layout="constrained")
    axes.set_xscale("log")
    bars = axes.barh(
        [f"Tasklane: {name}" if name in OURS else name for name in names],
        medians,
        xerr=(below, above),
        color=[COLOURS[name in OURS] for name in names],
        error_kw={"elinewidth": 1, "capsize": 2, "ecolor": "#30363d"},
    )
    axes.bar_label(bars, [f"{median:,.0f}" for median in medians], padding=6, fontsize=8)
    axes.set_xlabel(f"requests per second, one process on one core, {MAIN} connections (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=130)
    plt.close(figure)
