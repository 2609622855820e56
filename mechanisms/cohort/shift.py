"""The alarm for a shift of everything: when most genes move one way, normalisation is suspect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Between the groups of a well-normalised cohort about half of the genes go each way.
FRACTION = (0.3, 0.7)
MEDIAN = 0.2
_FEWEST_GENES, _FEWEST_SAMPLES = 500, 2


@dataclass(frozen=True, slots=True)
class Shift:
    """Median difference (log2), the fraction of genes that are up, and whether that alarms."""

    median: float
    up: float
    n_genes: int

    @property
    def alarm(self) -> bool:
        """Whether normalisation should be looked at before any result."""
        low, high = FRACTION
        return abs(self.median) > MEDIAN or not low <= self.up <= high

    def text(self, target: str, reference: str) -> str:
        """One sentence, also where all is well."""
        found = (
            f"between {target} and {reference} {self.up:.0%} of {self.n_genes:,} genes are up and "
            f"the median difference is {self.median:+.2f} (log2)"
        )
        if not self.alarm:
            return f"{found}: no global shift"
        return (
            f"{found}: a global shift. Such a shift comes from normalisation, depth or damaged RNA "
            f"far more often than from biology. Look at how the values were made (the groups in "
            f"one run? counts rather than FPKM?) before reading any mechanism; the rank scores "
            f"stand it better than means do"
        )


def global_shift(X: np.ndarray, target: np.ndarray, reference: np.ndarray) -> Shift | None:
    """Compare the groups' mean log2 values gene by gene.

    Parameters
    ----------
    X : samples x genes, log2, NaN where missing.
    target, reference : masks of the samples.

    Returns
    -------
    None with fewer than 2 samples a group or 500 genes measured in all samples of both; genes
    below the lowest quarter of expression are not counted, because zeros do not move.
    """
    if min(target.sum(), reference.sum()) < _FEWEST_SAMPLES:
        return None
    complete = np.isfinite(X[target | reference]).all(axis=0)
    if complete.sum() < _FEWEST_GENES:
        return None
    a, b = X[target][:, complete].mean(axis=0), X[reference][:, complete].mean(axis=0)
    level = (a + b) / 2
    kept = level > np.quantile(level, 0.25)
    moved = (a - b)[kept & (a != b)]
    if len(moved) < _FEWEST_GENES:
        return None
    return Shift(float(np.median(moved)), float(np.mean(moved > 0)), len(moved))
