"""Tests of sets on their genes that keep the correlation between genes: fry and camera.

Sources: Wu 2010, Bioinformatics 26:2176-2182 (rotation, of which fry is the limit of endless
rotations); Wu and Smyth 2012, Nucleic Acids Res 40:e133 (camera).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mechanisms.compare.moderated import fit_prior, moderated_t, squeezed


@dataclass(frozen=True)
class SetTest:
    """The tests of one set."""

    n_genes: int
    fry_t: float
    fry_p: float
    camera_t: float
    camera_p: float
    correlation: float


def contrast_effects(y: np.ndarray, X: np.ndarray, column: int) -> np.ndarray:
    """Return orthogonal effects, (1 + residual df) x genes.

    The first row is the tested coefficient's, free of the other columns; the others span the
    residuals. Under the null they are exchangeable by rotation.
    """
    order = [i for i in range(X.shape[1]) if i != column] + [column]
    q, r = np.linalg.qr(X[:, order], mode="complete")
    effects = q.T @ y
    effects = effects[X.shape[1] - 1 :]
    effects[0] *= np.sign(r[X.shape[1] - 1, X.shape[1] - 1])
    return np.asarray(effects)


def set_tests(
    y: np.ndarray, X: np.ndarray, column: int, sets: list[tuple[np.ndarray, np.ndarray]]
) -> list[SetTest]:
    """Test directed sets by fry (self-contained) and camera (competitive).

    Parameters
    ----------
    y
        n x genes, log scale, no missing values, no constant genes.
    X, column
        The design and its tested column.
    sets
        Positions of the genes of each set, and their weights (+1, -1).

    Notes
    -----
    camera estimates the correlation from the data. Its usual fixed value of 0.01 gives about 0.3
    false positives at .05 where genes of a set correlate by 0.1.
    """
    effects = contrast_effects(y, X, column)
    df = effects.shape[0] - 1
    s2 = (effects[1:] ** 2).mean(axis=0)
    standard = effects / np.sqrt(_exchangeable_variance(effects, s2))
    genes = moderated_t(y, X, column, trend=False)
    z = _as_normal(genes.t, genes.df)
    residual = effects[1:] / np.sqrt(np.maximum(s2, 1e-300))
    return [_one_set(i, w, standard, residual, z, df) for i, w in sets]


def _exchangeable_variance(effects: np.ndarray, s2: np.ndarray) -> np.ndarray:
    """Return each gene's variance from all its effects but the largest, squeezed.

    A residual variance would leave the tested effect out by its place; leaving out the largest
    treats all effects alike, so that rotations stay exchangeable. As limma's fry does, with the
    prior of the residual variances and 0.92 of the degrees of freedom.
    """
    n = effects.shape[0]
    nodes, weights = np.polynomial.legendre.leggauss(128)
    u = (nodes + 1) / 2
    largest = float((n * u ** (n - 1) * stats.chi2.ppf(u, 1) * weights).sum() / 2)
    squares = effects**2
    trimmed = (squares.sum(axis=0) - squares.max(axis=0)) / (n - largest)
    return squeezed(trimmed, 0.92 * (n - 1), fit_prior(s2, n - 1, None))


def _one_set(
    index: np.ndarray,
    weights: np.ndarray,
    standard: np.ndarray,
    residual: np.ndarray,
    z: np.ndarray,
    df: int,
) -> SetTest:
    m, total = len(index), len(z)
    averaged = standard[:, index] @ weights / m
    fry_t = averaged[0] / np.sqrt((averaged[1:] ** 2).mean())
    fry_p = 2 * stats.t.sf(abs(fry_t), df)
    rest = total - m
    if m < 2 or rest < 2:
        return SetTest(m, float(fry_t), float(fry_p), np.nan, np.nan, np.nan)
    inflation = m * ((residual[:, index] @ weights / m) ** 2).mean()
    correlation = (inflation - 1) / (m - 1)
    inflation = max(1.0, inflation)  # a negative estimate is no licence for a smaller error
    # Down genes count with the opposite sign, in the set and so in the background's mean.
    signed = z.copy()
    signed[index] = z[index] * weights
    delta = total / rest * (signed[index].mean() - signed.mean())
    pooled = ((total - 1) * signed.var(ddof=1) - delta**2 * m * rest / total) / (total - 2)
    camera_t = delta / np.sqrt(pooled * (inflation / m + 1 / rest))
    camera_p = 2 * stats.t.sf(abs(camera_t), min(df, total - 2))
    return SetTest(
        m, float(fry_t), float(fry_p), float(camera_t), float(camera_p), float(correlation)
    )


def _as_normal(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return the normal deviates of t statistics, exact in both tails."""
    z = stats.norm.isf(stats.t.sf(np.abs(t), df))
    return np.asarray(np.sign(t) * z)
