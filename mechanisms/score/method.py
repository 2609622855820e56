"""What a scoring method is: a pure function on arrays, and the facts about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from mechanisms.score.membership import Block, member_sums


def difference(
    up: np.ndarray, down: np.ndarray, n_up: np.ndarray, n_down: np.ndarray
) -> np.ndarray:
    """Join two directions: up minus down."""
    return up - down


def present(block: Block, members: sparse.csc_matrix) -> np.ndarray:
    """Count each set's genes that have a value in the sample."""
    if block.ranks is None:
        raise TypeError("a block without ranks cannot be counted")
    return member_sums(block.ranks, members)[1]


@dataclass(frozen=True, slots=True)
class Method:
    """Facts about one scoring method.

    Attributes
    ----------
    score
        `(block, members) -> n x d` scores of the directed sets, every gene counted upwards.
    combine
        Joins the two directions of a signature: `(up, down, n_up, n_down) -> scores`.
    counts
        Genes that each score rests on, n x d, for `combine`; default: those with a value.
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
    counts: Callable[[Block, sparse.csc_matrix], np.ndarray] = present
