"""From values to what the methods need: ranks and log values of the genes asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from mechanisms.errors import DataError
from mechanisms.score.membership import Block
from mechanisms.score.method import Method
from mechanisms.score.ranks import average_ranks

LARGEST_LOG_VALUE = 50.0
LARGEST_WHOLE_LOG = 10.0  # values that are all whole and reach further are counts


def transform(
    matrix: Any, columns: np.ndarray, chosen: Sequence[Method], *, threads: int | None = None
) -> tuple[Block, np.ndarray]:
    """Rank the rows of a matrix once, and take the values of the genes asked for.

    Returns the block that the methods score, and which rows are constant, shape (n,).
    """
    X = rows(matrix)
    cores = threads or os.cpu_count() or 1
    ranks, n_valid, constant = average_ranks(X, columns, threads=cores)
    values = None
    if any(m.needs == "values" for m in chosen):
        values = log_values(X, columns, next(m for m in chosen if m.needs == "values"))
        values[constant] = np.nan  # such a sample is no measure of how genes vary
    return Block(ranks, values, n_valid), constant


def rows(X: Any) -> Any:
    """Return a matrix that can be read row by row (CSC becomes CSR, in a copy)."""
    if X is None:
        raise DataError("the AnnData holds no values: adata.X is None; put expression into X")
    X = X.to_memory() if hasattr(X, "to_memory") else X
    return X.tocsr() if sparse.issparse(X) and X.format != "csr" else X


def log_values(X: Any, columns: np.ndarray, asked_by: Method) -> np.ndarray:
    """Return the values of some genes, after a look at the scale (DataError where unlogged)."""
    picked = X[:, columns]
    values = np.asarray(picked.todense() if sparse.issparse(picked) else picked, dtype=float)
    # One set of quiet genes does not show the scale: the whole matrix does.
    largest = float(np.nanmax(X.data if sparse.issparse(X) else X, initial=0.0))
    some = values[~np.isnan(values)]
    counts = bool((some > LARGEST_WHOLE_LOG).any() and (np.floor(some) == some).all())
    if largest > LARGEST_LOG_VALUE or counts:
        kind = "these are whole numbers up to" if counts else "the largest value here is"
        raise DataError(
            f"{asked_by.name} works on log-scale values, and {kind} {largest:,.0f}; load "
            "the data with mech.load, or take logs first (scanpy's normalize_total and "
            "log1p), or score by a rank method"
        )
    return values
