"""The coverage figure: genes found and genes required, by signature and direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mechanisms.report.style import (
    GRID,
    INK,
    MUTED,
    REFERENCE,
    TARGET,
    WIDTH,
    new_figure,
    nothing,
    place,
)
from mechanisms.report.values import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.145  # inches


def coverage_figure(coverage: pd.DataFrame) -> Figure:
    """Return the bars as a figure whose height follows the number of rows."""
    rows = max(len(coverage), 4)
    figure = new_figure(0.45 + rows * ROW + 0.4)
    draw_coverage(place(figure, 2.1, 0.45, WIDTH - 2.1 - 0.75, rows * ROW), coverage)
    return figure


def draw_coverage(ax: Axes, coverage: pd.DataFrame) -> Axes:
    """Draw found genes as a bar, the requirement as a tick; blue is enough, orange is not."""
    if coverage.empty:
        return nothing(ax, "no coverage was measured")
    rows = coverage.to_dict("records")
    y = list(range(len(rows)))
    enough = [str(r["measurable"]).lower() in ("true", "1", "1.0") for r in rows]
    ax.barh(y, [1.0] * len(rows), height=0.68, color=GRID, linewidth=0)
    ax.barh(
        y,
        [_share(r["n_found"], r["n_genes"]) for r in rows],
        height=0.68,
        color=[REFERENCE if e else TARGET for e in enough],
        linewidth=0,
    )
    for i, row in enumerate(rows):
        need = _share(row["required"], row["n_genes"])
        ax.plot([need, need], [i - 0.42, i + 0.42], color=INK, linewidth=1.1, zorder=3)
        ax.annotate(
            f"{_count(row['n_found'])}/{_count(row['n_genes'])}"
            + ("" if enough[i] else " too few"),
            (1, i),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.3,
            color=MUTED if enough[i] else TARGET,
            annotation_clip=False,
        )
    labels = [f"{shorten(r['signature'], 30)} {_arrow(r['direction'])}" for r in rows]
    ax.set_yticks(y, labels)
    ax.tick_params(axis="y", length=0, labelsize=6.5)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "20", "40", "60", "80", "100 %"])
    ax.spines["left"].set_visible(False)
    ax.set_title("genes found (bar) and required (tick)", loc="left", fontsize=7, color=MUTED)
    return ax


def _share(part: Any, whole: Any) -> float:
    if pd.isna(part) or pd.isna(whole) or float(whole) <= 0:
        return 0.0
    return min(1.0, float(part) / float(whole))


def _count(value: Any) -> str:
    return "NA" if pd.isna(value) else str(int(value))


def _arrow(direction: Any) -> str:
    return {"up": "▲", "down": "▼"}.get(str(direction), "")
