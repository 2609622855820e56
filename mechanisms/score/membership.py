"""Which gene stands in which directed set: the sparse matrix that every method multiplies with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Membership:
    """Directed sets over the genes that were found.

    Attributes
    ----------
    parts
        Names of the directed sets, `id:up` or `id:down`, d of them.
    columns
        Positions in the data of the genes used, ascending, u of them.
    matrix
        u x d, CSC, 1 where the gene belongs to the set.
    """

    parts: tuple[str, ...]
    columns: np.ndarray
    matrix: sparse.csc_matrix


@dataclass(frozen=True)
class Block:
    """Some samples, transformed once, ready for any method.

    Attributes
    ----------
    ranks
        n x u average ranks (NaN: missing), or None where no rank method was asked for.
    values
        n x u values on the log scale (NaN: missing), or None where no value method was asked for.
    n_valid
        Genes ranked in each sample, shape (n,).
    """

    ranks: np.ndarray | None
    values: np.ndarray | None
    n_valid: np.ndarray


def build_membership(sets: dict[str, np.ndarray]) -> Membership:
    """Build the membership of named directed sets from the positions of their genes in the data."""
    parts = tuple(sets)
    columns = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *sets.values()])).astype(
        np.int64
    )
    rows = [np.searchsorted(columns, np.unique(sets[p])) for p in parts]
    indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *rows]).astype(np.int64)
    shape = (len(columns), len(parts))
    matrix = sparse.csc_matrix((np.ones(len(indices)), indices, indptr), shape=shape)
    return Membership(parts, columns, matrix)


def member_sums(values: np.ndarray, matrix: sparse.csc_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Sum values over each set's members that are present in the sample.

    Returns sums and numbers of members, both n x d; a missing value counts in neither.
    """
    missing = np.isnan(values)
    if missing.any():
        return np.where(missing, 0.0, values) @ matrix, (~missing).astype(float) @ matrix
    sizes = np.asarray(matrix.sum(axis=0)).ravel()
    return values @ matrix, np.broadcast_to(sizes, (values.shape[0], len(sizes)))
