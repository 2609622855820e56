"""One ranking pass: average ranks of the genes asked for, in every sample.

The transform that all rank methods share. A row is sorted once, and the ranks of the genes wanted
are read off the sorted row, so that ties are averaged and the order of genes never matters. In a
sparse row only the stored values are sorted: the zeros are one tie, in closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

ROWS_PER_TASK = 64


def average_ranks(
    matrix: Any, columns: np.ndarray, *, threads: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank every row of a matrix and return the ranks of some columns.

    Parameters
    ----------
    matrix
        Samples x genes, dense or CSR, float32, float64 or integer. NaN is a missing value: it is
        not ranked, and the row has that many genes fewer.
    columns
        Positions of the genes whose ranks are wanted, shape (u,).
    threads
        Number of threads; the result does not depend on it.

    Returns
    -------
    ranks
        Ascending ranks from 1, ties averaged, NaN where the value is missing; shape (n, u).
    n_valid
        Number of genes ranked in each row, shape (n,).
    constant
        True where all ranked values of a row are equal (or fewer than two), shape (n,).
    """
    columns = np.ascontiguousarray(columns, dtype=np.int64)
    n = matrix.shape[0]
    ranks = np.empty((n, len(columns)))
    n_valid = np.zeros(n, dtype=np.int64)
    constant = np.zeros(n, dtype=np.bool_)
    work = (
        _sparse_work(matrix, columns) if sparse.issparse(matrix) else _dense_work(matrix, columns)
    )
    spans = [slice(s, min(s + ROWS_PER_TASK, n)) for s in range(0, n, ROWS_PER_TASK)]

    def run(span: slice) -> None:
        work(span, ranks[span], n_valid[span], constant[span])

    if threads > 1 and len(spans) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, spans))
    else:
        for span in spans:
            run(span)
    return ranks, n_valid, constant


Work = Callable[[slice, np.ndarray, np.ndarray, np.ndarray], None]


def _dense_work(matrix: Any, columns: np.ndarray) -> Work:
    dense = _real(np.asarray(matrix))

    def work(span: slice, ranks: np.ndarray, n_valid: np.ndarray, constant: np.ndarray) -> None:
        rows = dense[span]
        wanted = rows[:, columns]
        _merge_dense(
            np.sort(rows, axis=1), wanted, np.argsort(wanted, axis=1), ranks, n_valid, constant
        )

    return work


def _sparse_work(matrix: Any, columns: np.ndarray) -> Work:
    csr = matrix.tocsr()
    csr = csr if csr.has_canonical_format else _canonical(csr)
    data, indptr, indices = _real(csr.data), csr.indptr.astype(np.int64), csr.indices
    genes = csr.shape[1]
    slot = np.full(genes, -1, dtype=np.int64)
    slot[columns] = np.arange(len(columns))

    def work(span: slice, ranks: np.ndarray, n_valid: np.ndarray, constant: np.ndarray) -> None:
        ends = indptr[span.start : span.stop + 1]
        stored, places = data[ends[0] : ends[-1]], indices[ends[0] : ends[-1]]
        ends = ends - ends[0]
        ordered = stored.copy()
        # numpy's sort is vectorised where numba's is not, so rows are sorted one by one out here.
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            ordered[start:stop].sort()
        _rank_sparse(ordered, stored, places, ends, genes, slot, ranks, n_valid, constant)

    return work


def _canonical(csr: Any) -> Any:
    """Sum duplicate entries in a copy: the user's matrix is never modified."""
    csr = csr.copy()
    csr.sum_duplicates()
    return csr


def _real(values: np.ndarray) -> np.ndarray:
    """Keep float32 and float64; everything else becomes float64."""
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


@njit(cache=True, nogil=True)
def _merge_dense(ordered, wanted, order, ranks, n_valid, constant):  # type: ignore[no-untyped-def]
    """Walk a sorted row and the sorted values wanted from it side by side."""
    n, g = ordered.shape
    u = wanted.shape[1]
    for i in range(n):
        m = g
        while m > 0 and np.isnan(ordered[i, m - 1]):  # numpy sorts NaN to the end
            m -= 1
        n_valid[i] = m
        constant[i] = m < 2 or ordered[i, 0] == ordered[i, m - 1]
        below = 0
        upto = 0
        for p in range(u):
            j = order[i, p]
            value = wanted[i, j]
            if np.isnan(value):
                ranks[i, j] = np.nan
                continue
            while below < m and ordered[i, below] < value:
                below += 1
            if upto < below:
                upto = below
            while upto < m and ordered[i, upto] == value:
                upto += 1
            ranks[i, j] = (below + upto + 1) / 2


@njit(cache=True, nogil=True)
def _rank_sparse(ordered, stored, places, ends, g, slot, ranks, n_valid, constant):  # type: ignore[no-untyped-def]
    for i in range(ranks.shape[0]):
        start, stop = ends[i], ends[i + 1]
        m = stop
        while m > start and np.isnan(ordered[m - 1]):
            m -= 1
        row = ordered[start:m]
        zeros = g - (stop - start)  # implicit zeros: one tie
        n_valid[i] = m - start + zeros
        if m == start:
            constant[i] = True
        else:
            flat = row[0] == row[-1]
            constant[i] = (flat and (zeros == 0 or row[0] == 0)) or n_valid[i] < 2
        below_zero = np.searchsorted(row, 0, side="left")
        upto_zero = np.searchsorted(row, 0, side="right")
        ranks[i, :] = (below_zero + upto_zero + zeros + 1) / 2
        for p in range(start, stop):
            j = slot[places[p]]
            if j < 0:
                continue
            value = stored[p]
            if np.isnan(value):
                ranks[i, j] = np.nan
            elif value != 0:
                shift = zeros if value > 0 else 0
                below = np.searchsorted(row, value, side="left") + shift
                upto = np.searchsorted(row, value, side="right") + shift
                ranks[i, j] = (below + upto + 1) / 2
