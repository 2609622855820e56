"""Matrices that are not in memory: dask arrays and backed stores, scored a few rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from mechanisms.score.method import Method
from mechanisms.score.passes import Plan, score_matrix
from mechanisms.score.transform import rows

ENTRIES_AT_ONCE = 8_000_000


def score_stored(
    X: Any, plan: Plan, chosen: Sequence[Method], threads: int | None
) -> dict[str, np.ndarray]:
    """Score a matrix wherever it is, with the numbers that it has in memory.

    Methods that look at each sample alone never hold more than a few rows: of a dask array by
    `map_blocks` on whichever scheduler is active, of a backed store by slices. The others, and
    matrices stored by columns, are read whole.
    """
    if not all(m.independent for m in chosen):
        return score_matrix(rows(X), plan, chosen, threads=threads)
    if hasattr(X, "map_blocks"):
        return _score_dask(X, plan, chosen)
    if hasattr(X, "to_memory") and getattr(X, "format", "") == "csr":
        return _score_backed(X, plan, chosen, threads)
    return score_matrix(rows(X), plan, chosen, threads=threads)


def _score_dask(X: Any, plan: Plan, chosen: Sequence[Method]) -> dict[str, np.ndarray]:
    width = len(plan.columns())

    def score_block(block: Any) -> np.ndarray:
        scored = score_matrix(rows(block), plan, chosen, threads=1)
        return np.hstack([scored[m.name] for m in chosen])

    whole_rows = X.rechunk({1: -1})
    chunks = (whole_rows.chunks[0], (width * len(chosen),))
    lazy = whole_rows.map_blocks(score_block, dtype=float, chunks=chunks, meta=np.empty((0, 0)))
    scores = np.asarray(lazy.compute())
    return {m.name: scores[:, i * width : (i + 1) * width] for i, m in enumerate(chosen)}


def _score_backed(
    X: Any, plan: Plan, chosen: Sequence[Method], threads: int | None
) -> dict[str, np.ndarray]:
    n = X.shape[0]
    # How many values a row has is known after reading some: begin with few rows.
    size, start = 64, 0
    parts: list[dict[str, np.ndarray]] = []
    while start < n or not parts:
        piece = sparse.csr_matrix(X[start : start + size])
        parts.append(score_matrix(piece, plan, chosen, threads=threads))
        start += size
        size = int(np.clip(ENTRIES_AT_ONCE * size / max(piece.nnz, 1), 64, 20_000))
    return {m.name: np.concatenate([p[m.name] for p in parts]) for m in chosen}
