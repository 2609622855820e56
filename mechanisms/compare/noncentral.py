"""The noncentral t distribution, for limits of effect sizes and for power.

scipy's routines return NaN for the large noncentralities of cell cultures (g above 10 is common
there), so the defining integral is evaluated here.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special, stats

NODES, WEIGHTS = np.polynomial.legendre.leggauss(160)
PLACES = (NODES + 1) / 2
NEGLIGIBLE = 1e-16


def cdf(t: float, df: float, delta: float) -> float:
    """Return P(T <= t) of a noncentral t with df degrees of freedom and noncentrality delta.

    T = (Z + delta) / S with S = sqrt(chi2 / df), so the cdf is the mean of Phi(t S - delta) over
    the density of S: Gauss-Legendre quadrature where Phi rises, however steeply a large t makes
    it rise, and the chi-squared tail beyond, where Phi is one.
    """
    if t < 0:
        return 1 - cdf(-t, df, -delta)
    half = df / 2
    least = float(np.sqrt(special.gammaincinv(half, NEGLIGIBLE) / half))
    most = float(np.sqrt(special.gammainccinv(half, NEGLIGIBLE) / half))
    low, high = least, most
    if t > 0:
        low = min(max(least, (delta - 9) / t), most)
        high = max(min(most, (delta + 9) / t), low)
    # Squared places lie densely at the lower end, where few df give the density a sharp bend.
    s = low + (high - low) * PLACES**2
    steps = (high - low) * PLACES * WEIGHTS
    log_density = (
        np.log(2) + half * np.log(half) - special.gammaln(half) + (df - 1) * np.log(s) - half * s**2
    )
    rising = steps @ (special.ndtr(t * s - delta) * np.exp(log_density))
    beyond = special.gammaincc(half, half * high**2) if high < most else 0.0
    return float(np.clip(rising + beyond, 0.0, 1.0))


def limits(t: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Return confidence limits for the noncentrality of an observed t, by inverting the cdf.

    Source: Steiger and Fouladi 1997. The interval excludes zero exactly when p < 1 - level.
    """
    if not np.isfinite(t) or not np.isfinite(df) or df <= 0:
        return (np.nan, np.nan)
    t, df, tail = float(t), float(df), (1 - level) / 2
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
