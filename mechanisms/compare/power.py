"""What a design could find: detectable effect and power of the two-group t test."""

from __future__ import annotations

from scipy import optimize, stats

from mechanisms.compare import noncentral


def power(
    g: float, n_target: int, n_reference: int, alpha: float = 0.05, *, pairs: bool = False
) -> float:
    """Return the power to find a standardised difference, two-sided.

    Noncentral t; with `pairs`, g is the mean difference over the SD of the differences.
    """
    if pairs:
        df, unit = n_target - 1.0, n_target**-0.5
    else:
        df, unit = n_target + n_reference - 2.0, (1 / n_target + 1 / n_reference) ** 0.5
    if df < 1:
        return 0.0
    critical = float(stats.t.isf(alpha / 2, df))
    shift = abs(g) / unit
    return 1 - noncentral.cdf(critical, df, shift) + noncentral.cdf(-critical, df, shift)


def detectable(
    n_target: int,
    n_reference: int,
    alpha: float = 0.05,
    *,
    goal: float = 0.8,
    pairs: bool = False,
) -> float:
    """Return the smallest standardised difference that the design finds with the given power.

    Infinite where no effect below 64 SD is found so often.
    """
    high = 1.0

    def lack(g: float) -> float:
        return power(g, n_target, n_reference, alpha, pairs=pairs) - goal

    while lack(high) < 0:
        high *= 2
        if high > 64:
            return float("inf")
    return float(optimize.brentq(lack, 0.0, high, xtol=1e-9))
