"""Scores of sets given by the positions of their genes: what gates and certificates rescore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mechanisms.score.methods import method as find_method
from mechanisms.score.passes import DOWN, UP, plan_of, score_matrix
from mechanisms.score.transform import rows

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
    directed: dict[str, dict[str, np.ndarray | None]] = {
        name: {d: genes for d, genes in zip((UP, DOWN), pair, strict=True) if len(genes)}
        for name, pair in sets.items()
    }
    plan = plan_of(directed, {})
    scored = score_matrix(rows(matrix), plan, [chosen])[chosen.name][:, : len(plan.names)]
    empty = [not by for by in directed.values()]
    return np.where(empty, np.nan, scored)
