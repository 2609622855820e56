"""The test of one coefficient: ordinary t, Welch, or HC2 with Bell-McCaffrey df."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

IMBALANCE = 1.5
FITTED = 1 - 1e-10  # leverage of a unit that the design fits exactly


@dataclass(frozen=True)
class Fit:
    """One coefficient for m outcomes: arrays of shape (m,); df may differ between them (Welch)."""

    difference: np.ndarray
    se: np.ndarray
    df: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray


def choose_test(n_target: int, n_reference: int, *, paired: bool, only_groups: bool) -> str:
    """Return `ols`, `welch` or `hc2` by the fixed rule.

    Groups that differ more than 1.5-fold in size take a standard error that does not assume equal
    variances: Welch's where the design is the two groups alone, else HC2 / Bell-McCaffrey.
    """
    larger, smaller = max(n_target, n_reference), min(n_target, n_reference)
    if paired or larger <= IMBALANCE * smaller:
        return "ols"
    return "welch" if only_groups else "hc2"


def fit_contrast(y: np.ndarray, X: np.ndarray, column: int, test: str) -> Fit:
    """Estimate one column's coefficient for each outcome and test it against zero.

    Parameters
    ----------
    y
        n x m outcomes, no missing values.
    X
        n x p design of full column rank, with an intercept.
    column
        Position of the coefficient.
    test
        `ols` (equal variances), `welch` (X is an intercept and a 0/1 group) or `hc2`.

    Notes
    -----
    `hc2`: MacKinnon and White 1985, df by Bell and McCaffrey 2002 with an identity working
    covariance (clubSandwich's CR2 with one observation a cluster). `welch`: Welch 1947.
    """
    inverse = np.linalg.inv(X.T @ X)
    a = X @ inverse[:, column]
    hat = X @ inverse @ X.T
    difference = a @ y
    residuals = y - hat @ y
    if test == "ols":
        df = np.full(y.shape[1], float(X.shape[0] - X.shape[1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (residuals**2).sum(axis=0) / df * inverse[column, column]
    else:
        # HC2's variance of a two-group contrast is Welch's: s1^2 / n1 + s2^2 / n2.
        leverage = np.diag(hat)
        weight = np.where(leverage < FITTED, a**2 / np.maximum(1 - leverage, 1e-300), 0.0)
        variance = weight @ residuals**2
        if test == "welch":
            df = _welch_df(residuals, X[:, column] > 0.5)
        else:
            df = np.full(y.shape[1], bell_mccaffrey_df(a, hat))
    scale = np.maximum(np.abs(y).max(axis=0, initial=0.0), 1e-300)
    se = np.where(np.sqrt(variance) > 1e-12 * scale, np.sqrt(variance), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / se
    return Fit(difference, se, df, t, 2 * stats.t.sf(np.abs(t), df))


def bell_mccaffrey_df(a: np.ndarray, hat: np.ndarray) -> float:
    """Return the Satterthwaite df of an HC2 variance under equal error variances."""
    n = len(a)
    leverage = np.diag(hat)
    # A unit that one column describes alone has no residual and no weight in the variance.
    free = leverage < FITTED
    scale = np.where(free, a / np.sqrt(np.where(free, 1 - leverage, 1.0)), 0.0)
    G = scale[:, None] * (np.eye(n) - hat)
    P = G @ G.T
    return float(np.trace(P) ** 2 / (P**2).sum())


def _welch_df(residuals: np.ndarray, target: np.ndarray) -> np.ndarray:
    n1, n0 = int(target.sum()), int((~target).sum())
    v1 = (residuals[target] ** 2).sum(axis=0) / (n1 - 1) / n1
    v0 = (residuals[~target] ** 2).sum(axis=0) / (n0 - 1) / n0
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (v1 + v0) ** 2 / (v1**2 / (n1 - 1) + v0**2 / (n0 - 1))
    return np.asarray(df)
