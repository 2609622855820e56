"""The specification figure: every signature under every choice, the primary one marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
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

ROW = 0.17  # inches
COLOURS = {"none": MUTED, "composition": REFERENCE, "macrophage": TARGET}
NAMES = {
    "none": "raw",
    "composition": "adjusted for composition",
    "macrophage": "adjusted for the macrophage score",
}


def curve_figure(table: pd.DataFrame) -> Figure:
    """Return the curve as a figure whose height follows the number of signatures."""
    rows = max(table["signature"].nunique(), 4)
    figure = new_figure(0.55 + rows * ROW + 0.5)
    draw_curve(place(figure, 2.1, 0.55, WIDTH - 2.1 - 0.3, rows * ROW), table)
    return figure


def draw_curve(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw a tick for each choice and a diamond for the primary ones; the rest is at the edge."""
    seen = table[table["estimate"].notna()]
    if seen.empty:
        return nothing(ax, "nothing could be compared")
    names = list(dict.fromkeys(table["signature"]))
    y = seen["signature"].map({n: i for i, n in enumerate(names)}).to_numpy(dtype=float)
    primary = seen["primary"].astype(str).str.lower().isin(["true", "1", "1.0"]).to_numpy()
    reach = 1.25 * max(float(seen.loc[primary, "estimate"].abs().max()), 0.5) if any(primary) else 3
    x = np.clip(seen["estimate"].to_numpy(dtype=float), -reach, reach)
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.hlines(np.arange(len(names)), -reach, reach, color=GRID, linewidth=0.5)
    for adjustment, colour in COLOURS.items():
        own = (seen["adjustment"] == adjustment).to_numpy()
        if not own.any():
            continue
        marks: dict[str, Any] = {"linestyle": "none", "color": colour}
        ax.plot(x[own & ~primary], y[own & ~primary], marker="|", markersize=5.5, **marks)
        ax.plot(x[own & primary], y[own & primary], marker="D", markersize=3.4, zorder=3, **marks)
        shape = "D" if (own & primary).any() else "|"
        ax.plot([], [], marker=shape, markersize=4, label=NAMES[adjustment], **marks)
    ax.set_yticks(range(len(names)), [shorten(n, 30) for n in names])
    ax.tick_params(axis="y", length=0, labelsize=6.5)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(-reach * 1.03, reach * 1.03)
    ax.set_xlabel("Hedges g")
    ax.spines["left"].set_visible(False)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=3,
        frameon=False,
        fontsize=6.5,
        handletextpad=0.1,
        columnspacing=1.2,
    )
    return ax
