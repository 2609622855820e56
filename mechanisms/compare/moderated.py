"""Moderated tests of single genes: limma's lmFit and eBayes with a mean-variance trend.

Source: Smyth 2004, Stat Appl Genet Mol Biol 3:3; the trend: Law 2014, Genome Biol 15:R29.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats


@dataclass(frozen=True)
class Prior:
    """The scaled F prior of the variances: its scale for each gene (or one) and its df."""

    s2: np.ndarray
    df: float


@dataclass(frozen=True)
class Moderated:
    """One coefficient of many genes: arrays of shape (genes,)."""

    estimate: np.ndarray
    mean: np.ndarray
    s2_post: np.ndarray
    t: np.ndarray
    df: np.ndarray
    p_value: np.ndarray
    prior: Prior


def moderated_t(y: np.ndarray, X: np.ndarray, column: int, *, trend: bool = True) -> Moderated:
    """Test one coefficient for every gene with variances squeezed towards a common value.

    Parameters
    ----------
    y
        n x genes, log scale, no missing values.
    X
        n x p design of full column rank.
    column
        Position of the tested coefficient.
    trend
        Let the prior variance follow the mean expression, as counts on a log scale need.
    """
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ y
    df = float(X.shape[0] - X.shape[1])
    s2 = ((y - X @ beta) ** 2).sum(axis=0) / df
    mean = y.mean(axis=0)
    prior = fit_prior(s2, df, mean if trend else None)
    post = squeezed(s2, df, prior)
    t = beta[column] / np.sqrt(inverse[column, column] * post)
    total = np.minimum(df + prior.df, df * len(s2))
    p = 2 * stats.t.sf(np.abs(t), total)
    return Moderated(beta[column], mean, post, t, np.full(len(s2), total), p, prior)


def squeezed(s2: np.ndarray, df: float, prior: Prior) -> np.ndarray:
    """Return the posterior variances."""
    if np.isinf(prior.df):
        return np.broadcast_to(prior.s2, s2.shape).copy()
    return np.asarray((prior.df * prior.s2 + df * s2) / (prior.df + df))


def fit_prior(s2: np.ndarray, df: float, mean: np.ndarray | None) -> Prior:
    """Fit a scaled F distribution to variances by the moments of their logs.

    With `mean` the location is a natural spline of the mean expression, with knots at its terciles
    (fewer where there are fewer genes than 30).
    """
    s2 = np.maximum(s2, 0.0)
    s2 = np.maximum(s2, 1e-5 * np.median(s2))
    e = np.log(s2) - special.digamma(df / 2) + np.log(df / 2)
    n_spline = 1 + sum(len(s2) >= n for n in (3, 6, 30)) if mean is not None else 1
    if mean is None or min(n_spline, len(np.unique(mean))) < 2:
        location = np.full(len(e), e.mean())
        spread = e.var(ddof=1)
    else:
        basis = natural_spline(mean, min(n_spline, len(np.unique(mean))))
        location = basis @ np.linalg.lstsq(basis, e, rcond=None)[0]
        spread = ((e - location) ** 2).sum() / (len(e) - basis.shape[1])
    spread -= float(special.polygamma(1, df / 2))
    if spread <= 0:
        scale = np.full(len(e), s2.mean()) if mean is None else np.exp(location)
        return Prior(scale, np.inf)
    prior_df = 2 * inverse_trigamma(spread)
    shift = special.digamma(prior_df / 2) - np.log(prior_df / 2)
    return Prior(np.exp(location + shift), prior_df)


def inverse_trigamma(value: float) -> float:
    """Return x with trigamma(x) = value."""

    def excess(log_x: float) -> float:
        return float(special.polygamma(1, np.exp(log_x))) - value

    return float(np.exp(optimize.brentq(excess, -20.0, 20.0, xtol=1e-14, rtol=1e-14)))


def natural_spline(x: np.ndarray, df: int) -> np.ndarray:
    """Return a basis of natural cubic splines of dimension df, intercept included.

    Inner knots stand at equally spaced quantiles and the boundary knots at the range; beyond them
    the spline is a straight line.
    """
    low, high = x.min(), x.max()
    inner = np.quantile(x, np.linspace(0, 1, df)[1:-1])
    z = (x - low) / (high - low)
    knots = np.concatenate([[0.0], (inner - low) / (high - low), [1.0]])

    def bend(knot: float) -> np.ndarray:
        cubes = np.maximum(z - knot, 0) ** 3 - np.maximum(z - 1, 0) ** 3
        return np.asarray(cubes / (1 - knot))

    last = bend(knots[-2])
    columns = [np.ones_like(z), z, *(bend(k) - last for k in knots[:-2])]
    return np.column_stack(columns[:df])
