"""The noncentral t distribution, for limits of effect sizes and for power.

scipy's routines return NaN for the large noncentralities of cell cultures (g above 10 is common
there), so the defining integral is evaluated here.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special, stats

NODES, WEIGHTS = np.polynomial.legendre.leggauss(240)


def cdf(t: float, df: float, delta: float) -> float:
    """Return P(T <= t) of a noncentral t with df degrees of freedom and noncentrality delta.

    T = (Z + delta) / S with S = sqrt(chi2 / df), so the cdf is the mean of Phi(t S - delta) over
    the density of S, by Gauss-Legendre quadrature over all but 1e-15 of its mass.
    """
    low = np.sqrt(stats.chi2.ppf(1e-15, df) / df)
    high = np.sqrt(stats.chi2.isf(1e-15, df) / df)
    s = low + (high - low) * (NODES + 1) / 2
    half = df / 2
    log_density = (
        np.log(2) + half * np.log(half) - special.gammaln(half) + (df - 1) * np.log(s) - half * s**2
    )
    integrand = special.ndtr(t * s - delta) * np.exp(log_density)
    return float(np.clip((high - low) / 2 * (WEIGHTS @ integrand), 0.0, 1.0))


def limits(t: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Return confidence limits for the noncentrality of an observed t, by inverting the cdf.

    Source: Steiger and Fouladi 1997. The interval excludes zero exactly when p < 1 - level.
    """
    if not np.isfinite(t) or not np.isfinite(df) or df <= 0:
        return (np.nan, np.nan)
    tail = (1 - level) / 2
    return _invert(t, df, 1 - tail), _invert(t, df, tail)


def _invert(t: float, df: float, p: float) -> float:
    def excess(delta: float) -> float:
        return cdf(t, df, delta) - p

    width = float(np.sqrt(1 + t * t / (2 * df)))
    guess = float(t - stats.norm.ppf(p) * width)
    low, high = guess - width, guess + width
    while excess(low) < 0:  # the cdf falls as the noncentrality grows
        low -= width
    while excess(high) > 0:
        high += width
    return float(optimize.brentq(excess, low, high, xtol=1e-12, rtol=1e-13))
