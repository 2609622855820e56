"""The same tests under other labels, all at once: what a certificate repeats many times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mechanisms.challenge.claims import ALPHA, HIGH_GROUP_R2
from mechanisms.compare import Design


@dataclass(frozen=True)
class Relabelled:
    """Tests of one score under b labellings, arrays of shape (b,).

    Attributes
    ----------
    difference, p_value
        Of the group's coefficient.
    spread
        Sum of squares of the group that the other columns leave.
    """

    difference: np.ndarray
    p_value: np.ndarray
    spread: np.ndarray


def labellings(design: Design, *, most: int, seed: int) -> np.ndarray:
    """Return labellings other than the true one and its mirror image, b x n, True for target.

    Pairs are swapped within, batches permuted within. All there are, where those are at most
    `most`, else so many random ones.
    """
    target = design.target
    rng = np.random.default_rng(seed)
    if design.pair is not None:
        rows = _swapped(target, design.pair, most, rng)
    else:
        blocks = design.blocks
        rows = np.empty((4 * most, len(target)), dtype=bool)
        for block in np.unique(blocks):
            places = np.flatnonzero(blocks == block)
            rows[:, places] = rng.permuted(np.tile(target[places], (len(rows), 1)), axis=1)
    rows = rows[(rows != target).any(axis=1) & (rows == target).any(axis=1)]
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)][:most]


def _swapped(
    target: np.ndarray, pair: np.ndarray, most: int, rng: np.random.Generator
) -> np.ndarray:
    codes = np.unique(pair, return_inverse=True)[1]
    n_pairs = codes.max() + 1
    if 2**n_pairs <= 4 * most:
        flips = (np.arange(2**n_pairs)[:, None] >> np.arange(n_pairs)) & 1
    else:
        flips = rng.integers(0, 2, size=(4 * most, n_pairs))
    return np.asarray(flips[:, codes].astype(bool) ^ target)


def relabelled_tests(y: np.ndarray, base: np.ndarray, labels: np.ndarray, test: str) -> Relabelled:
    """Test the group's coefficient under each labelling.

    Parameters
    ----------
    y
        n outcomes of one score, or b x n where they differ between labellings.
    base
        n x q columns beside the group, intercept included; or b x n x q.
    labels
        b x n, True for target; all of the same group sizes.
    test
        `ols`, `welch` or `hc2`, as in `compare.linear`.
    """
    q, _ = np.linalg.qr(base)
    outcome = np.broadcast_to(y, labels.shape)
    y_left, g_left = _left(outcome, q), _left(labels.astype(float), q)
    spread = (g_left**2).sum(axis=1)
    estimable = spread > 1e-9
    safe = np.where(estimable, spread, 1.0)
    difference = (g_left * y_left).sum(axis=1) / safe
    residual = y_left - difference[:, None] * g_left
    if test == "ols":
        df = np.full(len(labels), labels.shape[1] - q.shape[-1] - 1.0)
        variance = (residual**2).sum(axis=1) / df / safe
    else:
        variance, df = _robust(residual, g_left / safe[:, None], g_left, safe, q, labels, test)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.t.sf(np.abs(difference) / np.sqrt(variance), df)
    p = np.where(estimable & np.isfinite(p), p, 1.0)
    return Relabelled(np.where(estimable, difference, 0.0), p, np.where(estimable, spread, 0.0))


def _left(values: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return what the columns q leave of b x n values."""
    if q.ndim == 2:
        return np.asarray(values - (values @ q) @ q.T)
    inner = np.einsum("bn,bnk->bk", values, q)
    return np.asarray(values - np.einsum("bk,bnk->bn", inner, q))


def _robust(
    residual: np.ndarray,
    a: np.ndarray,
    g_left: np.ndarray,
    spread: np.ndarray,
    q: np.ndarray,
    labels: np.ndarray,
    test: str,
) -> tuple[np.ndarray, np.ndarray]:
    leverage = (q**2).sum(axis=-1) + g_left**2 / spread[:, None]
    free = np.maximum(1 - leverage, 1e-12)
    variance = (a**2 * residual**2 / free).sum(axis=1)
    if test == "welch":
        n1, n0 = labels.sum(axis=1), (~labels).sum(axis=1)
        v1 = (residual**2 * labels).sum(axis=1) / (n1 - 1) / n1
        v0 = (residual**2 * ~labels).sum(axis=1) / (n0 - 1) / n0
        with np.errstate(divide="ignore", invalid="ignore"):
            return variance, (v1 + v0) ** 2 / (v1**2 / (n1 - 1) + v0**2 / (n0 - 1))
    df = np.empty(len(labels))
    eye = np.eye(labels.shape[1])
    for i, g in enumerate(g_left):  # Bell and McCaffrey's df need the whole residual maker
        qi = q if q.ndim == 2 else q[i]
        maker = eye - qi @ qi.T - np.outer(g, g) / spread[i]
        scale = a[i] ** 2 / free[i]
        df[i] = (a[i] ** 2).sum() ** 2 / (scale @ maker**2 @ scale)
    return variance, df


def supported(
    raw: np.ndarray,
    p_raw: np.ndarray,
    adjusted: np.ndarray | None,
    p_adjusted: np.ndarray | None,
    r2: np.ndarray | None,
) -> np.ndarray:
    """Say which claims would be `supported`, before the gates: `classify` on whole arrays.

    All arrays are m signatures x b labellings; the family is the first axis.
    """
    if adjusted is None or p_adjusted is None or r2 is None:
        return _bh(p_raw) <= ALPHA
    q_raw, q = _bh(p_raw), _bh(np.maximum(p_raw, p_adjusted))
    separable = ~((q_raw <= ALPHA) & (r2 > HIGH_GROUP_R2))
    return np.asarray((q <= ALPHA) & separable & (raw * adjusted > 0))


def _bh(p: np.ndarray) -> np.ndarray:
    return np.asarray(stats.false_discovery_control(p, axis=0, method="bh"))
