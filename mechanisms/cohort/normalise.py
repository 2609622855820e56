"""Factors that make the depths of counted samples comparable.

The trimmed mean of M-values: Robinson & Oshlack 2010, Genome Biology 11:R25. The same choices as
edgeR's calcNormFactors (checked against it in the tests).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_TRIM_RATIO, _TRIM_LEVEL = 0.3, 0.05
# The method assumes that most genes do not change; on a panel of chosen genes that is untrue.
FEWEST_GENES = 500


def tmm_factors(counts: np.ndarray, samples: Sequence[str]) -> np.ndarray:
    """Return one factor a sample, with geometric mean 1.

    Parameters
    ----------
    counts : genes x samples, from 0 on; rows with a missing value are not used.
    samples : names, which decide between equally good reference samples.

    Returns
    -------
    The factors; all 1 with one sample, or with fewer than `FEWEST_GENES` genes in some sample. A
    sample whose values are all equal (an empty library) cannot be scored; it takes 1 and has no
    part in the others' factors.
    """
    flat = np.nanmax(counts, axis=0) == np.nanmin(counts, axis=0)
    if flat.any():
        factors = np.ones(len(flat))
        if not flat.all():
            kept = [s for s, f in zip(samples, flat, strict=True) if not f]
            factors[~flat] = tmm_factors(counts[:, ~flat], kept)
        return factors
    used = counts[np.isfinite(counts).all(axis=1) & (counts > 0).any(axis=1)]
    n = counts.shape[1]
    if n < 2 or (used > 0).sum(axis=0).min() < FEWEST_GENES:
        return np.ones(n)
    depths = used.sum(axis=0)
    reference = _reference(used, depths, samples)
    logs = np.array(
        [
            _log_factor(used[:, j], used[:, reference], depths[j], depths[reference])
            for j in range(n)
        ]
    )
    factors = 2.0 ** (logs - logs.mean())
    return np.array([float(f"{f:.12g}") for f in factors])  # the order of samples leaves no trace


def _reference(counts: np.ndarray, depths: np.ndarray, samples: Sequence[str]) -> int:
    """The sample whose upper quartile is nearest to the mean one; ties go to the first name."""
    upper = np.quantile(counts, 0.75, axis=0) / depths
    if np.median(upper) < 1e-20:
        score = -np.sqrt(counts).sum(axis=0)
    else:
        score = np.abs(upper - upper.mean())
    rounded = [float(f"{s:.10g}") for s in score]
    return min(range(len(samples)), key=lambda j: (rounded[j], samples[j]))


def _log_factor(obs: np.ndarray, ref: np.ndarray, n_obs: float, n_ref: float) -> float:
    both = (obs > 0) & (ref > 0)
    o, r = obs[both], ref[both]
    ratio = np.log2((o / n_obs) / (r / n_ref))
    if not len(ratio) or np.abs(ratio).max() < 1e-6:
        return 0.0
    level = np.log2((o / n_obs) * (r / n_ref)) / 2
    variance = (n_obs - o) / n_obs / o + (n_ref - r) / n_ref / r
    keep = _inner(ratio, _TRIM_RATIO) & _inner(level, _TRIM_LEVEL)
    if not keep.any():
        return 0.0
    return float(np.sum(ratio[keep] / variance[keep]) / np.sum(1 / variance[keep]))


def _inner(x: np.ndarray, trim: float) -> np.ndarray:
    """Whether the (average) rank of each value lies between the trimmed ends."""
    n = len(x)
    low = int(np.floor(n * trim)) + 1
    high = n + 1 - low
    ends = np.partition(x, [low - 1, high - 1])[[low - 1, high - 1]]
    keep = (x > ends[0]) & (x < ends[1])
    for end in set(ends.tolist()):
        tied = x == end
        rank = (x < end).sum() + (tied.sum() + 1) / 2
        if low <= rank <= high:
            keep |= tied
    return keep
