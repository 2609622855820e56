"""Scores of sets given by the positions of their genes: what gates and certificates rescore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mechanisms.score.membership import build_membership
from mechanisms.score.methods import method as find_method
from mechanisms.score.transform import transform

Sets = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Name to the positions of its up and of its down genes."""


def score_sets(matrix: Any, sets: Sets, *, method: str = "auto") -> np.ndarray:
    """Score every row of a matrix for sets of positions.

    Parameters
    ----------
    matrix
        Samples x genes, on the scale that the method needs.
    sets
        Positions of up and down genes; one of both may be empty.
    method
        A scoring method.

    Returns
    -------
    Samples x sets, in the order of `sets`; NaN for a sample that is constant. No coverage rule is
    applied: that is for whoever chose the genes.
    """
    chosen = find_method(method)
    parts = {
        f"{name}:{direction}": positions
        for name, pair in sets.items()
        for direction, positions in zip(("up", "down"), pair, strict=True)
        if len(positions)
    }
    membership = build_membership(parts)
    block, constant = transform(matrix, membership.columns, [chosen])
    scored = chosen.score(block, membership.matrix)
    counts = chosen.counts(block, membership.matrix)
    slot = {name: i for i, name in enumerate(membership.parts)}
    columns = []
    for name in sets:
        up, down = slot.get(f"{name}:up"), slot.get(f"{name}:down")
        if up is not None and down is not None:
            value = chosen.combine(scored[:, up], scored[:, down], counts[:, up], counts[:, down])
        elif up is not None:
            value = scored[:, up]
        elif down is not None:
            value = -scored[:, down]
        else:
            value = np.full(len(scored), np.nan)
        columns.append(np.where(constant, np.nan, value))
    return np.column_stack(columns) if columns else np.zeros((len(scored), 0))
