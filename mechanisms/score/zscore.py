"""Combined z-score: genes standardised over the samples, added up, divided by root k."""

from __future__ import annotations

import numpy as np

from mechanisms.score.membership import Block, Entries, Members
from mechanisms.score.method import LOG_SCALE, VALUES, Method


def zscore(block: Block, members: Members) -> np.ndarray:
    """Score sets by the combined z-score: sum(z) / sqrt(k), the down genes negated.

    Every gene is centred and divided by its SD (n - 1) over the samples; a gene that does not
    vary carries no information and is left out of k. Depends on the other samples.
    """
    z = Entries(standardise(block.of(VALUES).dense(members.genes)), gaps=True)
    k = z.counts(members)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(k > 0, z.sums(members) / np.sqrt(k), np.nan)


def standardise(values: np.ndarray) -> np.ndarray:
    """Centre each column and divide by its SD (n - 1); NaN where fewer than two values differ."""
    present = ~np.isnan(values)
    n = present.sum(axis=0)
    filled = np.where(present, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = np.where(present, values - filled.sum(axis=0) / n, np.nan)
        sd = np.sqrt(np.where(present, centred**2, 0.0).sum(axis=0) / (n - 1))
        largest = np.abs(filled).max(axis=0, initial=0.0)
        varies = (n > 1) & (sd > 1e-12 * np.maximum(largest, 1e-300))
        return np.where(varies, centred / sd, np.nan)


ZSCORE = Method(
    name="zscore",
    title="combined z-score",
    score=zscore,
    needs=(VALUES,),
    independent=False,
    shared_scale=False,
    reference="Lee 2008, PLoS Comput Biol 4:e1000217, doi 10.1371/journal.pcbi.1000217",
    joint=True,
    scale=LOG_SCALE,
)
