"""From values to what the methods need: ranks, values and moments of the genes asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from mechanisms.errors import DataError
from mechanisms.score.membership import Block, Entries
from mechanisms.score.method import COUNTS, LOG_SCALE, MOMENTS, VALUES, Method
from mechanisms.score.ranks import rank_rows

LARGEST_LOG_VALUE = 50.0
LARGEST_WHOLE_LOG = 10.0  # values that are all whole and reach further are counts
LOOKED_AT = 1 << 20


def block_of(
    matrix: Any, span: slice, columns: np.ndarray, chosen: Sequence[Method]
) -> tuple[Block, np.ndarray]:
    """Rank some rows once, and take what else the methods need.

    Returns the block that the methods score, and which rows are constant, shape (n,): these are
    missing throughout, as such a sample is no measure of anything.
    """
    needs = {need for m in chosen for need in m.needs}
    block, constant = rank_rows(
        matrix, span, columns, values=VALUES in needs, moments=MOMENTS in needs
    )
    if not constant.any():
        return block, constant
    values = None if block.values is None else _without(block.values, constant)
    return replace(block, ranks=_without(block.ranks, constant), values=values), constant


def _without(entries: Entries, constant: np.ndarray) -> Entries:
    blank = np.where(constant, np.nan, 0.0)
    return replace(entries.map(lambda x, b: x + b, blank), gaps=True)


def joined(blocks: Sequence[Block]) -> Block:
    """Put blocks of the same genes below each other."""
    if len(blocks) == 1:
        return blocks[0]
    first = blocks[0]

    def numbers(name: str) -> np.ndarray | None:
        held = getattr(first, name)
        return None if held is None else np.concatenate([getattr(b, name) for b in blocks])

    values = None if first.values is None else _below([b.of("values") for b in blocks])
    n_valid = np.concatenate([b.n_valid for b in blocks])
    ranks = _below([b.ranks for b in blocks])
    return Block(ranks, values, n_valid, numbers("mean"), numbers("sd"))


def _below(parts: Sequence[Entries]) -> Entries:
    stored, gaps = np.concatenate([p.stored for p in parts]), any(p.gaps for p in parts)
    if parts[0].fill is None:
        return Entries(stored, gaps=gaps)
    lengths = np.concatenate([np.diff(p.indptr) for p in parts if p.indptr is not None])
    return Entries(
        stored,
        np.concatenate([p.fill for p in parts]),  # type: ignore[misc]
        np.concatenate([p.indices for p in parts]),  # type: ignore[misc]
        np.concatenate([[0], np.cumsum(lengths)]),
        gaps,
    )


def rows(X: Any) -> Any:
    """Return a matrix that can be read row by row (CSC becomes CSR, in a copy)."""
    if X is None:
        raise DataError("the AnnData holds no values: adata.X is None; put expression into X")
    if hasattr(X, "dask"):
        X = X.compute()
    X = X.to_memory() if hasattr(X, "to_memory") else X
    if sparse.issparse(X):
        return X.tocsr() if X.format != "csr" else X
    return np.asarray(X)


def check_scale(matrix: Any, chosen: Sequence[Method]) -> None:
    """Refuse values that a method cannot take (DataError): not logs, not counts, infinite."""
    asking = {m.scale: m for m in reversed(chosen)}
    log, counts = asking.get(LOG_SCALE), asking.get(COUNTS)
    if log is None and counts is None:
        return
    values = matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    largest, smallest = _extremes(values)
    name = (log or counts).name  # type: ignore[union-attr]
    if np.isinf(largest) or np.isinf(smallest):
        raise DataError(
            f"{name} adds values up, and there is an infinite one: often the log of 0; make it "
            "missing (NaN), or add a small number before the log, or score by a rank method"
        )
    if counts is not None and (smallest < 0 or not _whole(values)):
        kind = f"negative values down to {smallest:.3g}" if smallest < 0 else "fractions"
        raise DataError(
            f"{counts.name} works on counts, and the data hold {kind}; give raw counts, or use "
            "the Gaussian form (gsva) on logs"
        )
    if log is not None:
        whole = largest > LARGEST_WHOLE_LOG and _whole(values)
        if largest > LARGEST_LOG_VALUE or whole:
            kind = "these are whole numbers up to" if whole else "the largest value here is"
            raise DataError(
                f"{log.name} works on log-scale values, and {kind} {largest:,.0f}; load "
                "the data with mech.load, or take logs first (scanpy's normalize_total and "
                "log1p), or score by a rank method"
            )


def _extremes(values: np.ndarray) -> tuple[float, float]:
    """Return the largest and the smallest value (0 where larger or smaller ones lack)."""
    ends = float(values.max(initial=0.0)), float(values.min(initial=0.0))
    if not np.isnan(ends[0]):
        return ends
    return tuple(float(f.reduce(values, axis=None, initial=0.0)) for f in (np.fmax, np.fmin))  # type: ignore[return-value]


def _whole(values: np.ndarray) -> bool:
    """Whether every value is a whole number, looked at in pieces; a missing one is no fraction."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, LOOKED_AT):
        some = flat[start : start + LOOKED_AT]
        if not ((np.floor(some) == some) | np.isnan(some)).all():
            return False
    return True
