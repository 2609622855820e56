"""Effect sizes: Hedges g over the unadjusted within-group SD, with the test's own interval."""

from __future__ import annotations

import numpy as np
from scipy import special

from mechanisms.compare import noncentral
from mechanisms.compare.linear import Fit

EFFECT_TYPE = "hedges_g"
EFFECT_TYPE_PAIRED = "hedges_g_av"


def hedges_correction(df: float) -> float:
    """Return Hedges' exact factor J (Hedges 1981): gamma(df/2) / (sqrt(df/2) gamma((df-1)/2))."""
    if df <= 1:
        return float("nan")
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def within_sd(y: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the pooled within-group SD of n x m outcomes, without any adjustment.

    Raw and adjusted effects share this standardiser: over the residual SD an adjusted effect
    would grow only because the covariates take variance away. With groups of one size, as in
    pairs, it is the root of the average variance. NaN where nothing varies.
    """
    parts = [y[target], y[~target]]
    df = sum(len(p) - 1 for p in parts)
    squares = sum(((p - p.mean(axis=0)) ** 2).sum(axis=0) for p in parts)
    if df == 0:
        return np.full(y.shape[1], np.nan)
    sd = np.sqrt(squares / df)
    # Below the rounding of the values there is no variation, only arithmetic.
    return np.where(sd > 1e-12 * np.abs(y).max(axis=0), sd, np.nan)


def standardised(fit: Fit, sd: np.ndarray, df_sd: float) -> tuple[np.ndarray, ...]:
    """Return Hedges g and its 95 % limits.

    The limits are those of the test's noncentrality, on the scale of g: exact for two groups of
    equal variance, an approximation with covariates, and zero lies outside exactly when p < .05.
    """
    J = hedges_correction(df_sd)
    g = J * fit.difference / sd
    limits = np.array(
        [noncentral.limits(t, v) for t, v in zip(fit.statistic, fit.df, strict=True)]
    ).reshape(-1, 2)
    unit = J * fit.se / sd
    return g, limits[:, 0] * unit, limits[:, 1] * unit
