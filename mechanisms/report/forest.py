"""The forest: one row a signature, raw and adjusted effect with their intervals, and the claim."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mechanisms import vocabulary as v
from mechanisms.report.pairs import grade_shown, pair_rows
from mechanisms.report.style import (
    BAND,
    CLAIM_COLOURS,
    GRID,
    INK,
    MUTED,
    PAPER,
    new_figure,
    nothing,
    place,
)
from mechanisms.report.values import plain, shorten
from mechanisms.report.words import claim_class

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mechanisms.signatures import Collection

ROW = 0.185  # inches
_LEFT, _RIGHT, _TOP, _BOTTOM = 2.02, 1.95, 0.36, 0.52
_NUMBERS = ("estimate", "ci_low", "ci_high")
_SHORT_CLAIMS = {v.NOT_BEYOND_RANDOM: "not beyond random sets"}
_ARROWS = {"up": "▲", "down": "▼"}


def forest_rows(effects: pd.DataFrame, method: str, signatures: Collection) -> pd.DataFrame:
    """Return one row a mechanism signature, in the collection's order, grouped by mechanism.

    Columns: signature, mechanism, label, expected, grade, claim, then estimate, ci_low and
    ci_high with the suffixes ``_raw`` and ``_adjusted``.
    """
    known = {s.id: s for s in signatures}
    rows = []
    for pair in pair_rows(effects, method, signatures):
        row: dict[str, Any] = {
            "signature": pair.name,
            "mechanism": pair.mechanism,
            "label": pair.label,
            "expected": pair.raw["direction_expected"],
            "grade": grade_shown(pair, known),
            "claim": pair.claim,
        }
        for column in _NUMBERS:
            row[f"{column}_raw"] = pair.raw[column]
            row[f"{column}_adjusted"] = pair.adjusted[column] if pair.adjusted else math.nan
        rows.append(row)
    return pd.DataFrame(rows)


def limit(rows: pd.DataFrame) -> float:
    """Return the half-width of the axis: intervals far beyond the estimates are cut, and marked."""
    if rows.empty:
        return 1.0
    values = rows[[f"{c}_{k}" for c in _NUMBERS for k in ("raw", "adjusted")]]
    finite = np.abs(values.to_numpy(dtype=float))
    if not np.isfinite(finite).any():
        return 1.0
    estimates = np.abs(rows[["estimate_raw", "estimate_adjusted"]].to_numpy(dtype=float))
    widest = float(np.max(finite[np.isfinite(finite)]))
    largest = float(np.max(estimates[np.isfinite(estimates)], initial=0.0))
    return max(0.5, min(widest * 1.05, largest * 1.5 + 1))


def forest_figure(rows: pd.DataFrame, target: str, reference: str) -> Figure:
    """Return the forest as a figure whose height follows the number of rows."""
    lines = len(rows) + (rows["mechanism"].nunique() if len(rows) else 0)
    height = max(lines, 4) * ROW
    figure = new_figure(_TOP + height + _BOTTOM)
    ax = place(figure, _LEFT, _TOP, figure.get_size_inches()[0] - _LEFT - _RIGHT, height)
    draw_forest(ax, rows, target, reference)
    return figure


def draw_forest(ax: Axes, rows: pd.DataFrame, target: str, reference: str) -> Axes:
    """Draw the rows of ``forest_rows``; labels stand left of the axes, claims right of them."""
    if rows.empty:
        return nothing(ax, "no signature was compared")
    reach = limit(rows)
    y = 0.0
    at = ax.get_yaxis_transform()
    for mechanism, block in rows.groupby("mechanism", sort=False):
        _margin(ax, shorten(plain(mechanism), 30), y, at, x=0, shift=-141, weight="bold", ha="left")
        ax.axhline(y + 0.5, color=GRID, linewidth=0.5, zorder=0)
        y += 1
        for row in block.to_dict("records"):
            _draw_row(ax, row, y, reach, at)
            y += 1
    ax.axvline(0, color=MUTED, linewidth=0.8, zorder=1)
    ax.set_xlim(-reach, reach)
    ax.set_ylim(y - 0.5, -0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_xlabel("Hedges g with 95 % interval", labelpad=14)
    for x, ha, text in ((0, "left", f"◂ lower in {target}"), (1, "right", f"higher in {target} ▸")):
        ax.annotate(
            shorten(plain(text), 30),
            (x, 0),
            (0, -14),
            xycoords="axes fraction",
            textcoords="offset points",
            ha=ha,
            va="top",
            color=MUTED,
            fontsize=6.5,
            annotation_clip=False,
        )
    _legend(ax, rows)
    return ax


def _draw_row(ax: Axes, row: Mapping[Hashable, Any], y: float, reach: float, at: Any) -> None:
    kind = claim_class(row["claim"])
    colour = CLAIM_COLOURS.get(kind, INK)
    _margin(ax, shorten(row["label"], 30), y, at, x=0, shift=-137, ha="left", fontsize=7)
    arrow = _ARROWS.get(row["expected"], "·")
    _margin(
        ax,
        f"{arrow} {row['grade']}".strip(),
        y,
        at,
        x=0,
        shift=-10,
        ha="center",
        color=MUTED,
        fontsize=6,
    )
    if kind in (v.SUPPORTED, v.SUPPORTED_OPPOSITE):
        ax.axhspan(y - 0.5, y + 0.5, color=BAND, zorder=0, linewidth=0)
    drawn = False
    for suffix, lift, filled in (("raw", -0.17, True), ("adjusted", 0.2, False)):
        estimate, low, high = (float(row[f"{c}_{suffix}"]) for c in _NUMBERS)
        if not math.isfinite(estimate):
            continue
        drawn = True
        _interval(
            ax,
            estimate,
            low,
            high,
            y + lift,
            reach,
            colour,
            filled,
            gid=f"row-{_identifier(row['label'])}-{suffix}",
        )
    claim = row["claim"] if isinstance(row["claim"], str) else ""
    text = _SHORT_CLAIMS.get(kind, kind or claim)
    if not drawn:
        ax.text(
            0,
            y,
            "not measurable" if kind == v.NOT_MEASURABLE else "no estimate",
            ha="center",
            va="center",
            color=MUTED,
            fontsize=6.5,
            style="italic",
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5},
        )
    _margin(
        ax,
        shorten(text, 32),
        y,
        at,
        x=1,
        shift=6,
        ha="left",
        color=colour,
        fontsize=7,
        weight="bold" if kind in (v.SUPPORTED, v.SUPPORTED_OPPOSITE) else "normal",
    )


def _identifier(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", label)


def _interval(
    ax: Axes,
    estimate: float,
    low: float,
    high: float,
    y: float,
    reach: float,
    colour: str,
    filled: bool,
    gid: str,
) -> None:
    line = None
    if math.isfinite(low) and math.isfinite(high):
        (line,) = ax.plot(
            [low, high],
            [y, y],
            color=colour,
            linewidth=1.1 if filled else 0.8,
            zorder=2,
            solid_capstyle="butt",
        )
        line.set_gid(f"{gid}-interval")
        for end, marker in ((low, 8), (high, 9)):  # carets: the interval goes on
            if abs(end) > reach:
                ax.plot(
                    [math.copysign(reach, end) * 0.985],
                    [y],
                    marker=marker,
                    markersize=3.2,
                    color=colour,
                    linestyle="none",
                    zorder=4,
                )
    (mark,) = ax.plot(
        [estimate],
        [y],
        marker="o",
        markersize=3.6 if filled else 3.4,
        linestyle="none",
        markerfacecolor=colour if filled else PAPER,
        markeredgecolor=colour,
        markeredgewidth=0.9,
        zorder=3,
    )
    mark.set_gid(gid)


def _margin(
    ax: Axes, text: str, y: float, at: Any, *, x: float, shift: float, **style: Any
) -> None:
    ax.annotate(
        text,
        (x, y),
        (shift, 0),
        xycoords=at,
        textcoords="offset points",
        va="center",
        annotation_clip=False,
        **style,
    )


def _legend(ax: Axes, rows: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="o", color=MUTED, markersize=3.6, linewidth=1.1, label="raw"),
        Line2D(
            [],
            [],
            marker="o",
            color=MUTED,
            markersize=3.4,
            linewidth=0.8,
            markerfacecolor=PAPER,
            label="adjusted for composition",
        ),
    ]
    if rows["estimate_adjusted"].isna().all():
        marks = marks[:1]
    ax.legend(
        handles=marks,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=2,
        frameon=False,
        fontsize=6.5,
        borderaxespad=0.2,
        handletextpad=0.4,
        columnspacing=1.2,
    )
    top = ax.transAxes
    for x, shift, ha, text in (
        (0, -141, "left", "signature"),
        (0, -10, "center", "exp."),
        (1, 6, "left", "claim"),
    ):
        ax.annotate(
            text,
            (x, 1),
            (shift, 7),
            xycoords=top,
            textcoords="offset points",
            ha=ha,
            va="bottom",
            color=MUTED,
            fontsize=6.5,
            annotation_clip=False,
        )
