"""Small multiples: both sides of each balance, and the composition panel, unit by unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mechanisms.report.style import (
    INK,
    MUTED,
    PAPER,
    REFERENCE,
    TARGET,
    WIDTH,
    mean_interval,
    new_figure,
    nothing,
    place,
    spread,
)
from mechanisms.report.values import plain, shorten
from mechanisms.report.words import effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mechanisms.signatures import Balance, Collection


def draw_strip(
    ax: Axes, places: Sequence[float], values: Sequence[Sequence[float]], colours: Sequence[str]
) -> Axes:
    """Draw each list of values as points at its place, with mean and 95 % t interval."""
    crowded = max(len(column) for column in values) > 40
    for x, column, colour in zip(places, values, colours, strict=True):
        known = [float(c) for c in column if math.isfinite(float(c))]
        ax.scatter(
            [x + d for d in spread(len(known))],
            known,
            s=5 if crowded else 9,
            color=colour,
            alpha=0.45 if crowded else 0.75,
            linewidths=0,
            zorder=2,
        )
        mean, low, high = mean_interval(known)
        if not math.isfinite(mean):
            continue
        at = x + 0.3
        if math.isfinite(low):
            ax.plot([at, at], [low, high], color=INK, linewidth=1.0, zorder=3)
        ax.plot(
            [at],
            [mean],
            marker="D",
            markersize=3.4,
            markerfacecolor=colour,
            markeredgecolor=PAPER,
            markeredgewidth=0.5,
            linestyle="none",
            zorder=4,
        )
    return ax


def _finish(ax: Axes) -> None:
    ax.grid(axis="y")
    ax.tick_params(axis="x", length=0)
    ax.locator_params(axis="y", nbins=4)
    low, high = ax.get_ylim()
    if not np.isfinite([low, high]).all() or high - low < 1e-12:
        ax.set_ylim(low - 0.5, high + 0.5)


def _empty(values: Sequence[Sequence[float]]) -> bool:
    return not any(math.isfinite(float(v)) for column in values for v in column)


def _group_values(frame: pd.DataFrame, column: str, groups: tuple[str, str]) -> list[list[float]]:
    ordered = frame.assign(_unit=frame["unit"].astype(str)).sort_values("_unit", kind="stable")
    return [
        [float(x) for x in ordered.loc[ordered["group"] == g, column].to_numpy(dtype=float)]
        for g in groups
    ]


def draw_balance(
    ax: Axes, sides: pd.DataFrame, balance: Balance, row: Any, groups: tuple[str, str]
) -> Axes:
    """Draw the plus and the minus side of one balance by group (target first)."""
    values = []
    for side in ("plus", "minus"):
        values += _group_values(sides[sides["side"] == side], "score", groups)
    ax.set_title(shorten(plain(balance.id), 34), loc="left", fontsize=8, fontweight="bold", pad=13)
    text = f"balance: {effect(row)}" if row is not None else "balance not compared"
    ax.annotate(
        text,
        (0, 1),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=6.5,
        color=MUTED,
    )
    if _empty(values):
        ax.set_title("")
        nothing(ax, f"{shorten(plain(balance.id), 34)}\nnot measurable")
        return ax
    draw_strip(ax, (0, 1, 2.6, 3.6), values, (TARGET, REFERENCE, TARGET, REFERENCE))
    for centre, columns in ((0.65, values[:2]), (3.25, values[2:])):
        if _empty(columns):
            ax.text(
                centre,
                0.5,
                "not measurable",
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="center",
                fontsize=6.5,
                color=MUTED,
            )
    ax.axvline(1.95, color=MUTED, linewidth=0.5, linestyle=(0, (2, 2)))
    ax.set_xlim(-0.5, 4.3)
    ax.set_xticks([0.6, 3.2], [_members("+", balance.plus), _members("−", balance.minus)])
    ax.tick_params(axis="x", labelsize=6.2)
    _finish(ax)
    return ax


def _members(sign: str, members: Sequence[str]) -> str:
    """Return the members of a side, one a line; a long one breaks behind an underscore."""
    lines = []
    for member in members[:2]:
        name = shorten(member, 36)
        at = name.rfind("_", 0, 22) + 1
        lines += [name[:at], name[at:]] if len(name) > 22 and at else [name]
    if len(members) > 2:
        lines[-1] += f" and {len(members) - 2} more"
    return f"{sign} " + "\n".join(lines)


def draw_composition(
    ax: Axes, scores: pd.DataFrame, row: dict[str, Any], groups: tuple[str, str]
) -> Axes:
    """Draw one signature of the panel by group, with its effect."""
    name = str(row["signature"])
    used = "in adjustment" if _true(row["in_adjustment"]) else str(row["role"] or "")
    if name not in scores.columns:
        return nothing(ax, f"{shorten(name, 24)}\nnot measurable")
    values = _group_values(scores, name, groups)
    if _empty(values):
        return nothing(ax, f"{shorten(name, 24)}\nnot measurable")
    ax.set_title(shorten(name, 24), loc="left", fontsize=7.5, fontweight="bold", pad=22)
    shown = effect(row) if not pd.isna(row["estimate"]) else "no estimate"
    ax.annotate(
        f"{shown}\n{used}",
        (0, 1),
        (0, 3),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=6.3,
        color=MUTED,
        va="bottom",
        linespacing=1.25,
    )
    draw_strip(ax, (0, 1), values, (TARGET, REFERENCE))
    ax.set_xlim(-0.5, 1.6)
    ax.set_xticks([0.1, 1.1], [shorten(plain(g), 13) for g in groups])
    ax.tick_params(axis="x", labelsize=6.5)
    _finish(ax)
    return ax


def _true(value: Any) -> bool:
    return not pd.isna(value) and str(value).lower() in ("true", "1", "1.0")


def _grid(n: int, columns: int, panel: tuple[float, float], gap: tuple[float, float]) -> Any:
    """Return a figure and ``n`` axes in rows; sizes in inches, room for a legend on top."""
    rows = max(1, math.ceil(n / columns))
    top, bottom, left = 0.62, 0.42, 0.42
    figure = new_figure(top + rows * panel[1] + (rows - 1) * gap[1] + bottom)
    axes = [
        place(
            figure,
            left + (i % columns) * (panel[0] + gap[0]),
            top + (i // columns) * (panel[1] + gap[1]),
            *panel,
        )
        for i in range(n)
    ]
    return figure, axes


def _group_legend(figure: Figure, groups: tuple[str, str], counts: Sequence[int]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="none",
            color=c,
            markersize=4,
            label=f"{shorten(plain(g), 26)} (n = {n})",
        )
        for c, g, n in zip((TARGET, REFERENCE), groups, counts, strict=True)
    ]
    marks.append(
        Line2D([], [], marker="D", color=INK, markersize=3.4, linewidth=1, label="mean, 95 %")
    )
    figure.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(0.3 / WIDTH, 1),
        ncols=3,
        frameon=False,
        fontsize=7,
        handletextpad=0.3,
        columnspacing=1.2,
        borderaxespad=0.15,
    )


def _counts(frame: pd.DataFrame, groups: tuple[str, str]) -> list[int]:
    return [int(frame.loc[frame["group"] == g, "unit"].nunique()) for g in groups]


def balances_figure(
    sides: pd.DataFrame, effects: pd.DataFrame, collection: Collection, groups: tuple[str, str]
) -> Figure:
    """Return small multiples, one balance each; ``effects`` are the raw rows of the balances."""
    shown = [b for b in collection.balances if (sides["balance"] == b.id).any()]
    if not shown:
        figure = new_figure(1.2)
        nothing(place(figure, 0.2, 0.1, 5.6, 1.0), "no balance could be shown")
        return figure
    figure, axes = _grid(len(shown), 2, (2.45, 1.25), (0.55, 0.78))
    rows = {r["signature"]: r for r in effects.to_dict("records")}
    for ax, balance in zip(axes, shown, strict=True):
        draw_balance(
            ax, sides[sides["balance"] == balance.id], balance, rows.get(balance.id), groups
        )
    _group_legend(figure, groups, _counts(sides, groups))
    return figure


def composition_figure(
    composition: pd.DataFrame, scores: pd.DataFrame, groups: tuple[str, str]
) -> Figure:
    """Return small multiples, one signature of the panel each."""
    rows = composition.to_dict("records")
    if not rows:
        figure = new_figure(1.2)
        nothing(place(figure, 0.2, 0.1, 5.6, 1.0), "no composition panel was scored")
        return figure
    figure, axes = _grid(len(rows), 3, (1.52, 1.15), (0.4, 0.78))
    for ax, row in zip(axes, rows, strict=True):
        draw_composition(ax, scores, {str(k): x for k, x in row.items()}, groups)
    _group_legend(figure, groups, _counts(scores, groups))
    return figure
