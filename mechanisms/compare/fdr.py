"""The false discovery rate over one declared family."""

from __future__ import annotations

import numpy as np
from scipy import stats


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Return BH-adjusted p-values (Benjamini and Hochberg 1995); NaN is not counted."""
    p = np.asarray(p, dtype=float)
    q = np.full(p.shape, np.nan)
    present = ~np.isnan(p)
    if present.any():
        q[present] = stats.false_discovery_control(p[present], method="bh")
    return q
