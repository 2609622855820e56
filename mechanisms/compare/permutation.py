"""The studentised permutation test: Freedman-Lane with covariates, within pairs when paired."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

EXACT_UP_TO = 20_000
DRAWS = 9_999
VALUES_AT_ONCE = 2_000_000


def arrangements(
    target: np.ndarray, pair: np.ndarray | None, *, exchangeable: bool, seed: int
) -> tuple[np.ndarray, bool]:
    """Return the rearrangements of units to test, and whether they are all there are.

    Parameters
    ----------
    target
        True for units of the target group, shape (n,).
    pair
        Pair codes, shape (n,), each once in both groups; None where unpaired.
    exchangeable
        True where the group is the whole unpaired design, so that distinct labellings can be
        enumerated; with covariates residuals are permuted at random. Swaps within pairs are
        enumerated in any case.
    seed
        Seed of the draws.

    Returns
    -------
    rows
        B x n: which unit's residual stands at each place.
    exact
        True where rows enumerates every distinct labelling or swap, the observed one included.
    """
    n = len(target)
    rng = np.random.default_rng(seed)
    if pair is not None:
        partner = _partners(target, pair)
        codes = np.unique(pair, return_inverse=True)[1]
        n_pairs = n // 2
        exact = 2**n_pairs <= EXACT_UP_TO
        if exact:
            flips = (np.arange(2**n_pairs)[:, None] >> np.arange(n_pairs)) & 1
        else:
            flips = rng.integers(0, 2, size=(DRAWS, n_pairs))
        swap = flips[:, codes].astype(bool)
        return np.where(swap, partner, np.arange(n)), exact
    n1 = int(target.sum())
    if exchangeable and comb(n, n1) <= EXACT_UP_TO:
        rows = np.empty((comb(n, n1), n), dtype=np.int64)
        everyone = np.arange(n)
        for i, chosen in enumerate(combinations(range(n), n1)):
            mask = np.zeros(n, dtype=bool)
            mask[list(chosen)] = True
            rows[i, target], rows[i, ~target] = everyone[mask], everyone[~mask]
        return rows, True
    return rng.permuted(np.tile(np.arange(n), (DRAWS, 1)), axis=1), False


def _partners(target: np.ndarray, pair: np.ndarray) -> np.ndarray:
    partner = np.empty(len(target), dtype=np.int64)
    for code in np.unique(pair):
        one, other = np.flatnonzero(pair == code)
        partner[one], partner[other] = other, one
    return partner


def p_floor(n_target: int, n_reference: int, n_pairs: int | None, *, exact: bool = True) -> float:
    """Return the smallest p-value that the design's permutation test can give.

    `exact` as `arrangements` returns it: of drawn rearrangements the floor is their number, also
    in a small design with covariates, whose permutations are more than its labellings.
    """
    if not exact:
        return 1 / (DRAWS + 1)
    if n_pairs is not None:
        return min(1.0, 2 / 2**n_pairs)
    mirrored = 2 if n_target == n_reference else 1
    return min(1.0, mirrored / comb(n_target + n_reference, n_target))


def permutation_p(
    y: np.ndarray, X: np.ndarray, column: int, rows: np.ndarray, *, exact: bool
) -> np.ndarray:
    """Return two-sided permutation p-values of one coefficient.

    The residuals of the model without the coefficient are rearranged (Freedman and Lane 1983), the
    full model is refitted, and its HC2-studentised statistic is compared: without covariates this
    is Welch's t on permuted labels. Studentising keeps the size where variances differ (Janssen
    1997).

    Parameters
    ----------
    y
        n x m outcomes.
    X
        n x p design.
    column
        The tested column of X.
    rows
        Rearrangements from `arrangements`.
    exact
        True where rows are all of them (the observed one included), else (b + 1) / (B + 1).
    """
    reduced = np.delete(X, column, axis=1)
    residuals = y - reduced @ np.linalg.lstsq(reduced, y, rcond=None)[0]
    inverse = np.linalg.inv(X.T @ X)
    a = X @ inverse[:, column]
    basis = np.linalg.qr(X)[0]
    leverage = (basis**2).sum(axis=1)
    weight = np.where(leverage < 1 - 1e-10, a**2 / np.maximum(1 - leverage, 1e-300), 0.0)
    observed = _studentised(residuals[None], a, basis, weight)[0]
    # Rearrangements that tie but for rounding count as ties on every machine, also near zero.
    least = observed * (1 - 1e-9) - 1e-12
    larger = np.zeros(y.shape[1])
    chunk = max(1, VALUES_AT_ONCE // max(y.size, 1))
    for start in range(0, len(rows), chunk):
        drawn = _studentised(residuals[rows[start : start + chunk]], a, basis, weight)
        larger += (drawn >= least).sum(axis=0)
    p = larger / len(rows) if exact else (larger + 1) / (len(rows) + 1)
    return np.where(np.isfinite(observed), p, np.nan)


def _studentised(y: np.ndarray, a: np.ndarray, basis: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return |t| for B x n x m outcomes, as B x m; infinite where only the numerator is left.

    `basis` is an orthonormal one of the design: far narrower than the n x n residual maker.
    """
    beta = np.abs(np.matmul(a, y))
    rest = y - np.matmul(basis, np.matmul(basis.T, y))
    variance = np.matmul(weight, rest**2)
    scale = np.abs(y).max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = beta / np.sqrt(variance)
    flat = np.sqrt(variance) <= 1e-12 * np.maximum(scale, 1e-300)
    return np.where(flat, np.where(beta > 1e-12 * scale, np.inf, np.nan), t)
