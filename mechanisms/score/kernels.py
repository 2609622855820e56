"""Where a gene's value stands in that gene's distribution over the samples, smoothed by kernels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse, special

STEPS_PER_SD = 1000  # GSVA's table of the normal distribution: 10,000 steps to 10 SD
WIDEST = 10
GENES_PER_TASK = 256


def gaussian(matrix: Any, threads: int = 1) -> np.ndarray:
    """Estimate each gene's distribution by Gaussian kernels with SD = a quarter of the gene's SD.

    The normal distribution is read from a table of GSVA's resolution, so that ranks agree with
    GSVA's. A gene that does not vary is missing: it says nothing about any sample.

    Returns samples x genes: the mean over samples of the kernels' distribution functions.
    """
    values = _dense(matrix)
    out = np.full(values.shape, np.nan)
    table = normal_table()

    def run(span: slice) -> None:
        columns = np.ascontiguousarray(values[:, span].T)
        estimates = np.full(columns.shape, np.nan)
        _gaussian(columns, np.argsort(columns, axis=1), table, estimates)
        out[:, span] = estimates.T

    _each_span(run, values.shape[1], threads)
    return out


def poisson(matrix: Any, threads: int = 1) -> np.ndarray:
    """Estimate each gene's distribution by Poisson kernels with mean = count + 1/2.

    Returns samples x genes, as `gaussian` does.
    """
    values = _dense(matrix)
    out = np.full(values.shape, np.nan)

    def run(span: slice) -> None:
        for g in range(*span.indices(values.shape[1])):
            column = values[:, g]
            present = ~np.isnan(column)
            levels, where, counts = np.unique(
                column[present], return_inverse=True, return_counts=True
            )
            if len(levels) > 1:
                reached = special.pdtr(levels[:, None], levels[None, :] + 0.5)
                out[present, g] = (reached @ (counts / counts.sum()))[where]

    _each_span(run, values.shape[1], threads)
    return out


def _each_span(run: Any, genes: int, threads: int) -> None:
    spans = [slice(s, min(s + GENES_PER_TASK, genes)) for s in range(0, genes, GENES_PER_TASK)]
    if threads > 1 and len(spans) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, spans))
    else:
        for span in spans:
            run(span)


def _dense(matrix: Any) -> np.ndarray:
    """Return values in which constant samples are missing: they say nothing of any gene."""
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    dense = dense.astype(float, copy=False)
    low, high = (f.reduce(dense, axis=1) for f in (np.fmin, np.fmax))
    return np.where((low < high)[:, None], dense, np.nan) if (low >= high).any() else dense


@cache
def normal_table() -> np.ndarray:
    """Return the normal distribution function at 0 to 10 SD."""
    return special.ndtr(np.arange(WIDEST * STEPS_PER_SD + 1) / STEPS_PER_SD)


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def _above(levels, counts, i, far, steps, table, sums):  # type: ignore[no-untyped-def]
    """Add to the levels above i what i lies below them; return the reverse for i."""
    low = 0.0
    here, own = levels[i], counts[i]
    for j in range(i + 1, far):
        reached = table[int((levels[j] - here) * steps)]
        low += counts[j] * (1 - reached)
        sums[j] += own * reached
    return low


@njit(cache=True, nogil=True)
def _gaussian(columns, order, table, estimates):  # type: ignore[no-untyped-def]
    """Add up, for every two levels of a gene, what each lies above the other."""
    last = len(table) - 1
    levels, counts = np.empty(columns.shape[1]), np.empty(columns.shape[1])
    for g in range(columns.shape[0]):
        n = columns.shape[1]
        while n > 0 and np.isnan(columns[g, order[g, n - 1]]):
            n -= 1
        if n < 2 or columns[g, order[g, 0]] == columns[g, order[g, n - 1]]:
            continue
        x = columns[g][order[g, :n]]
        sd = np.sqrt(((x - x.mean()) ** 2).sum() / (n - 1))
        steps = last / WIDEST / (sd / 4)
        m = 0
        for i in range(n):
            if i == 0 or x[i] != x[i - 1]:
                levels[m], counts[m] = x[i], 0
                m += 1
            counts[m - 1] += 1
        sums = counts[:m] * 0.5  # of samples at the same level
        beyond = np.zeros(m + 1)
        far = 0
        for i in range(m):
            while far < m and (levels[far] - levels[i]) * steps < last + 1:
                far += 1
            sums[i] += _above(levels, counts, i, far, steps, table, sums)
            beyond[far] += counts[i]
        passed = 0.0
        place = 0
        for i in range(m):
            passed += beyond[i]
            for _ in range(int(counts[i])):
                estimates[g, order[g, place]] = (sums[i] + passed) / n
                place += 1
