"""What a scoring method is: a pure function on arrays, and the facts about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from mechanisms.score.membership import Block


def difference(
    up: np.ndarray, down: np.ndarray, n_up: np.ndarray, n_down: np.ndarray
) -> np.ndarray:
    """Join two directions: up minus down."""
    return up - down


@dataclass(frozen=True, slots=True)
class Method:
    """Facts about one scoring method.

    Attributes
    ----------
    score
        `(block, members) -> n x d` scores of the directed sets, every gene counted upwards.
    combine
        Joins the two directions of a signature: `(up, down, n_up, n_down) -> scores`.
    needs
        `ranks` or `values` (log scale).
    independent
        Does a sample's score depend on that sample alone?
    shared_scale
        Do two signatures' scores share one scale, so that a balance may subtract them?
    reference
        Where the method was published.
    """

    name: str
    title: str
    score: Callable[[Block, sparse.csc_matrix], np.ndarray]
    needs: str
    independent: bool
    shared_scale: bool
    reference: str
    combine: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray] = difference
