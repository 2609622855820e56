"""One ranking pass: average ranks of the genes asked for, in every sample.

The transform that all rank methods share. A row is sorted once, and the ranks of the genes wanted
are read off the sorted row, so that ties are averaged and the order of genes never matters. In a
sparse row only the stored values are sorted: the zeros are one tie, in closed form.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

from mechanisms.score.membership import Block, Entries

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
    columns = np.asarray(columns, dtype=np.int64)
    blocks = in_spans(
        lambda span: rank_rows(matrix, span, columns), matrix.shape[0], ROWS_PER_TASK, threads
    )
    if not blocks:
        return np.zeros((0, len(columns))), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    return (
        np.concatenate([b.ranks.dense(len(columns)) for b, _ in blocks]),
        np.concatenate([b.n_valid for b, _ in blocks]),
        np.concatenate([constant for _, constant in blocks]),
    )


def in_spans(work: Any, n: int, size: int, threads: int) -> list[Any]:
    """Call `work` on slices of n rows, on some threads, and return the results in order."""
    spans = [slice(s, min(s + size, n)) for s in range(0, n, size)]
    if threads > 1 and len(spans) > 1:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, spans))
    return [work(span) for span in spans]


def rank_rows(
    matrix: Any, span: slice, columns: np.ndarray, *, values: bool = False, moments: bool = False
) -> tuple[Block, np.ndarray]:
    """Make the block of some rows; also return which of them are constant."""
    make = _sparse_block if sparse.issparse(matrix) else _dense_block
    return make(matrix, span, columns, values, moments)


def _dense_block(
    matrix: Any, span: slice, columns: np.ndarray, values: bool, moments: bool
) -> tuple[Block, np.ndarray]:
    rows = _real(np.ascontiguousarray(matrix[span]))
    wanted = rows[:, columns]
    n = len(rows)
    ranks, n_valid = np.empty(wanted.shape), np.empty(n, dtype=np.int64)
    constant, mean, sd = np.empty(n, dtype=np.bool_), np.zeros(n), np.zeros(n)
    order = np.argsort(wanted, axis=1)
    ordered = np.sort(rows, axis=1)
    _merge_dense(ordered, wanted, order, moments, ranks, n_valid, constant, mean, sd)
    gaps = bool((n_valid < rows.shape[1]).any())
    block = Block(
        Entries(ranks, gaps=gaps),
        Entries(wanted.astype(np.float64, copy=False), gaps=gaps) if values else None,
        n_valid,
        *((mean, sd) if moments else ()),
    )
    return block, constant


def _sparse_block(
    matrix: Any, span: slice, columns: np.ndarray, values: bool, moments: bool
) -> tuple[Block, np.ndarray]:
    genes = matrix.shape[1]
    slot = np.full(genes, -1, dtype=np.int32)
    slot[columns] = np.arange(len(columns))
    ends = matrix.indptr[span.start : span.stop + 1].astype(np.int64)
    stored, places = matrix.data[ends[0] : ends[-1]], matrix.indices[ends[0] : ends[-1]]
    ends -= ends[0]
    found = np.empty(len(stored) + 1, dtype=np.int64)
    starts, ascending = _wanted(places, ends, slot, found)
    if not ascending:
        # Duplicate entries are added up in a copy: the user's matrix is never modified.
        rows = sparse.csr_matrix(
            (stored.copy(), places.copy(), ends.copy()), shape=(len(ends) - 1, genes)
        )
        rows.sum_duplicates()
        stored, places, ends = rows.data, rows.indices, rows.indptr.astype(np.int64)
        starts, _ = _wanted(places, ends, slot, found)
    stored = _real(stored)
    ordered = stored.copy()
    # numpy's sort is vectorised where numba's is not, so rows are sorted one by one out here.
    for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        ordered[start:stop].sort()
    found = found[: starts[-1]]
    n = len(ends) - 1
    ranks, fill, n_valid = np.empty(len(found)), np.empty(n), np.empty(n, dtype=np.int64)
    constant, mean, sd = np.empty(n, dtype=np.bool_), np.zeros(n), np.zeros(n)
    numbers = stored[found]
    _rank_sparse(
        ordered, ends, genes, numbers, starts, moments, ranks, fill, n_valid, constant, mean, sd
    )
    indices, gaps = slot[places[found]], bool((n_valid < genes).any())
    block = Block(
        Entries(ranks, fill, indices, starts, gaps),
        Entries(numbers.astype(np.float64), np.zeros(n), indices, starts, gaps) if values else None,
        n_valid,
        *((mean, sd) if moments else ()),
    )
    return block, constant


def _real(values: np.ndarray) -> np.ndarray:
    """Keep float32 and float64; everything else becomes float64."""
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


@njit(cache=True, nogil=True)
def _wanted(places, ends, slot, found):  # type: ignore[no-untyped-def]
    """Find the entries of the genes wanted, where each row's begin, and whether genes ascend."""
    starts = np.zeros(len(ends), dtype=np.int64)
    m = 0
    unordered = 0
    for i in range(len(ends) - 1):
        last = -1
        for p in range(ends[i], ends[i + 1]):
            place = places[p]
            unordered += place <= last
            last = place
            found[m] = p
            m += slot[place] >= 0
        starts[i + 1] = m
    return starts, unordered == 0


@njit(cache=True, nogil=True)
def _moments(row, zeros):  # type: ignore[no-untyped-def]
    n = len(row) + zeros
    if n < 2:
        return np.nan, np.nan
    total = 0.0
    for x in row:
        total += x
    mean = total / n
    squares = zeros * mean * mean
    for x in row:
        squares += (x - mean) ** 2
    return mean, np.sqrt(squares / (n - 1))


@njit(cache=True, nogil=True)
def _merge_dense(ordered, wanted, order, moments, ranks, n_valid, constant, mean, sd):  # type: ignore[no-untyped-def]
    """Walk a sorted row and the sorted values wanted from it side by side."""
    n, g = ordered.shape
    u = wanted.shape[1]
    for i in range(n):
        m = g
        while m > 0 and np.isnan(ordered[i, m - 1]):  # numpy sorts NaN to the end
            m -= 1
        n_valid[i] = m
        constant[i] = m < 2 or ordered[i, 0] == ordered[i, m - 1]
        if moments:
            mean[i], sd[i] = _moments(ordered[i, :m], 0)
        row = ordered[i]
        below, upto = 0, 0
        for p in range(u):
            j = order[i, p]
            value = wanted[i, j]
            if np.isnan(value):
                ranks[i, j] = np.nan
                continue
            while below + 8 <= m and row[below + 7] < value:
                below += 8
            if below + 8 <= m:  # counting the last steps costs less than guessing each wrong
                below += 4 * (row[below + 3] < value)
                below += 2 * (row[below + 1] < value)
                below += row[below] < value
            while below < m and row[below] < value:
                below += 1
            if upto < below:
                upto = below
            while upto < m and row[upto] == value:
                upto += 1
            ranks[i, j] = (below + upto + 1) / 2


@njit(cache=True, nogil=True)
def _rank_sparse(  # type: ignore[no-untyped-def]
    ordered, ends, g, numbers, starts, moments, ranks, fill, n_valid, constant, mean, sd
):
    longest = np.max(ends[1:] - ends[:-1])
    levels, begins = np.empty(longest + 1, ordered.dtype), np.empty(longest + 2, np.int64)
    for i in range(len(fill)):
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
        if moments:
            mean[i], sd[i] = _moments(row, zeros)
        # Runs of equal values: where each begins.
        runs = 0
        for p in range(len(row)):
            levels[runs] = row[p]
            begins[runs] = p
            runs += p == 0 or row[p] != row[p - 1]
        begins[runs] = len(row)
        negative = np.searchsorted(levels[:runs], 0, side="left")
        stored_zeros = 0
        if negative < runs and levels[negative] == 0:
            stored_zeros = begins[negative + 1] - begins[negative]
        fill[i] = begins[negative] + (stored_zeros + zeros + 1) / 2
        for p in range(starts[i], starts[i + 1]):
            value = numbers[p]
            if np.isnan(value):
                ranks[p] = np.nan
            elif value == 0:
                ranks[p] = fill[i]
            else:
                low, length = 0, runs
                while length > 1:
                    half = length // 2
                    low += half * (levels[low + half] <= value)
                    length -= half
                shift = zeros if value > 0 else 0
                ranks[p] = (begins[low] + begins[low + 1] + 1) / 2 + shift
