"""One ranking pass: average ranks of the genes asked for, in every sample.

The transform that all rank methods share. A row is sorted once; the rank of a gene is then found
by two binary searches in the sorted row, so that ties are averaged and the order of genes never
matters. In a sparse row only the stored values are sorted: the zeros are one tie, in closed form.
"""

from __future__ import annotations

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
    if sparse.issparse(matrix):
        csr = matrix.tocsr()
        csr = csr if csr.has_canonical_format else _canonical(csr)
        data, indptr = _real(csr.data), csr.indptr.astype(np.int64)
        slot = np.full(csr.shape[1], -1, dtype=np.int64)
        slot[columns] = np.arange(len(columns))

        def work(start: int, stop: int) -> None:
            _rank_csr(
                data, csr.indices, indptr, csr.shape[1], slot, start, stop, ranks, n_valid, constant
            )

    else:
        dense = _real(np.asarray(matrix))

        def work(start: int, stop: int) -> None:
            rows = dense[start:stop]
            _rank_dense(
                np.sort(rows, axis=1),
                rows,
                columns,
                ranks[start:stop],
                n_valid[start:stop],
                constant[start:stop],
            )

    spans = [(s, min(s + ROWS_PER_TASK, n)) for s in range(0, n, ROWS_PER_TASK)]
    if threads > 1 and len(spans) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda span: work(*span), spans))
    else:
        for span in spans:
            work(*span)
    return ranks, n_valid, constant


def _canonical(csr: Any) -> Any:
    """Sum duplicate entries in a copy: the user's matrix is never modified."""
    csr = csr.copy()
    csr.sum_duplicates()
    return csr


def _real(values: np.ndarray) -> np.ndarray:
    """Keep float32 and float64; everything else becomes float64."""
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


@njit(cache=True, nogil=True)
def _rank_dense(ordered, rows, columns, ranks, n_valid, constant):  # type: ignore[no-untyped-def]
    n, g = rows.shape
    for i in range(n):
        m = g
        while m > 0 and np.isnan(ordered[i, m - 1]):  # numpy sorts NaN to the end
            m -= 1
        n_valid[i] = m
        constant[i] = m < 2 or ordered[i, 0] == ordered[i, m - 1]
        row = ordered[i, :m]
        for j in range(columns.shape[0]):
            value = rows[i, columns[j]]
            if np.isnan(value):
                ranks[i, j] = np.nan
            else:
                below = np.searchsorted(row, value, side="left")
                upto = np.searchsorted(row, value, side="right")
                ranks[i, j] = (below + upto + 1) / 2


@njit(cache=True, nogil=True)
def _rank_csr(data, indices, indptr, g, slot, start, stop, ranks, n_valid, constant):  # type: ignore[no-untyped-def]
    u = ranks.shape[1]
    values = np.empty(u, dtype=data.dtype)
    for i in range(start, stop):
        stored = data[indptr[i] : indptr[i + 1]]
        ordered = np.sort(stored)
        m = ordered.shape[0]
        while m > 0 and np.isnan(ordered[m - 1]):
            m -= 1
        row = ordered[:m]
        zeros = g - stored.shape[0]  # implicit zeros: one tie
        n_valid[i] = m + zeros
        if m == 0:
            constant[i] = True
        else:
            flat = row[0] == row[m - 1]
            constant[i] = (flat and (zeros == 0 or row[0] == 0)) or m + zeros < 2
        below_zero = np.searchsorted(row, 0, side="left")
        upto_zero = np.searchsorted(row, 0, side="right")
        values[:] = 0
        for p in range(indptr[i], indptr[i + 1]):
            s = slot[indices[p]]
            if s >= 0:
                values[s] = data[p]
        for j in range(u):
            value = values[j]
            if np.isnan(value):
                ranks[i, j] = np.nan
            elif value == 0:
                ranks[i, j] = (below_zero + upto_zero + zeros + 1) / 2
            else:
                shift = zeros if value > 0 else 0
                below = np.searchsorted(row, value, side="left") + shift
                upto = np.searchsorted(row, value, side="right") + shift
                ranks[i, j] = (below + upto + 1) / 2
