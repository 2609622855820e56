"""The heat map: signatures by units, standardised for display only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mechanisms.report.style import (
    GRID,
    INK,
    MUTED,
    PAPER,
    REFERENCE,
    TARGET,
    WIDTH,
    new_figure,
    nothing,
    place,
)
from mechanisms.report.values import plain, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mechanisms.signatures import Collection

REACH = 2.5  # standard deviations at the ends of the colour scale
_VECTOR_CELLS = 2500  # more cells are drawn as an image inside the vector file
_UNIT_LABELS = 40
_LABEL = 14  # characters


def heatmap_order(
    scores: pd.DataFrame, collection: Collection, groups: tuple[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the units in order (target first, then by macrophage content, then by name).

    The second value lists the signature columns, grouped by mechanism in the collection's order.
    """
    frame = scores[scores["group"].isin(groups)].copy()
    frame["_group"] = frame["group"].map({g: i for i, g in enumerate(groups)})
    key = "content_macrophage"
    frame["_content"] = -frame[key] if key in frame.columns else 0.0
    frame["_name"] = frame["unit"].astype(str)
    frame = frame.sort_values(["_group", "_content", "_name"], kind="stable")
    known = [s for s in collection if s.id in scores.columns]
    mechanisms = list(dict.fromkeys(s.mechanism for s in known))
    names = [s.id for m in mechanisms for s in known if s.mechanism == m]
    return frame.drop(columns=["_group", "_content", "_name"]).reset_index(drop=True), names


def standardised(scores: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return signatures x units, each signature with mean 0 and SD 1; constant ones are 0."""
    values = scores[names].to_numpy(dtype=float).T
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    safe = np.where(np.isfinite(values), values, 0.0)
    mean = safe.sum(axis=1, keepdims=True) / np.maximum(count, 1)
    centred = values - mean
    squares = np.where(np.isfinite(centred), centred, 0.0) ** 2
    sd = np.sqrt(squares.sum(axis=1, keepdims=True) / np.maximum(count - 1, 1))
    return np.where(sd > 0, centred / np.where(sd > 0, sd, 1.0), centred * 0.0)


def heatmap_figure(scores: pd.DataFrame, collection: Collection, groups: tuple[str, str]) -> Figure:
    """Return the heat map as a figure whose height follows the number of signatures."""
    units, names = heatmap_order(scores, collection, groups)
    if units.empty or not names:
        figure = new_figure(1.2)
        nothing(place(figure, 0.2, 0.1, 5.6, 1.0), "no score to show")
        return figure
    longest = max(len(shorten(u, _LABEL)) for u in units["unit"])
    bottom = 0.2 + (0.058 * longest if len(units) <= _UNIT_LABELS else 0.0)
    top, height = 0.55, max(len(names), 4) * 0.155
    figure = new_figure(top + height + bottom)
    ax = place(figure, 1.72, top, WIDTH - 1.72 - 0.95, height)
    draw_heatmap(ax, units, names, collection, groups)
    _colour_bar(place(figure, 0.15, 0.24, 1.1, 0.08))
    return figure


def draw_heatmap(
    ax: Axes, units: pd.DataFrame, names: list[str], collection: Collection, groups: tuple[str, str]
) -> Axes:
    """Draw standardised scores; the bar above names the groups."""
    import seaborn as sns

    values = standardised(units, names)
    sns.heatmap(
        pd.DataFrame(values),
        ax=ax,
        mask=~np.isfinite(values),
        cmap="RdBu_r",
        vmin=-REACH,
        vmax=REACH,
        cbar=False,
        xticklabels=False,
        yticklabels=False,
        rasterized=values.size > _VECTOR_CELLS,
    )
    ax.set_facecolor(GRID)
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.set_yticks(np.arange(len(names)) + 0.5, [shorten(n, 29) for n in names], rotation=0)
    ax.tick_params(axis="y", length=0, labelsize=6.5, pad=2)
    if len(units) <= _UNIT_LABELS:
        labels = [shorten(u, _LABEL) for u in units["unit"]]
        ax.set_xticks(np.arange(len(units)) + 0.5, labels, rotation=90)
        ax.tick_params(axis="x", length=0, labelsize=6, pad=2)
    _group_bar(ax, units, groups)
    _mechanism_lines(ax, names, collection)
    return ax


def _group_bar(ax: Axes, units: pd.DataFrame, groups: tuple[str, str]) -> None:
    from matplotlib.patches import Rectangle

    start = 0
    for group, colour in zip(groups, (TARGET, REFERENCE), strict=True):
        n = int((units["group"] == group).sum())
        if not n:
            continue
        ax.add_patch(Rectangle((start, -0.75), n, 0.55, color=colour, clip_on=False, linewidth=0))
        ax.annotate(
            f"{shorten(plain(group), 20)} ({n})",
            (start, -0.75),
            (0, 3),
            textcoords="offset points",
            fontsize=6.5,
            color=INK,
            annotation_clip=False,
        )
        start += n
        if start < len(units):
            ax.axvline(start, color=PAPER, linewidth=2)


def _mechanism_lines(ax: Axes, names: list[str], collection: Collection) -> None:
    mechanisms = [collection[n].mechanism for n in names]
    start = 0
    for i in range(1, len(names) + 1):
        if i < len(names) and mechanisms[i] == mechanisms[start]:
            continue
        ax.annotate(
            shorten(plain(mechanisms[start]), 18),
            (1, (start + i) / 2),
            (5, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=MUTED,
            annotation_clip=False,
        )
        if i < len(names):
            ax.axhline(i, color=PAPER, linewidth=1.6)
        start = i


def _colour_bar(ax: Axes) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    figure = ax.get_figure()
    if figure is None:
        return
    bar = figure.colorbar(
        ScalarMappable(Normalize(-REACH, REACH), "RdBu_r"),
        cax=ax,
        orientation="horizontal",
        ticks=[-2, 0, 2],
    )
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.solids.set_rasterized(True)  # type: ignore[union-attr]
    ax.tick_params(labelsize=6, length=2, pad=1)
    ax.set_title("SD from the mean", fontsize=6.3, pad=2, color=MUTED)
