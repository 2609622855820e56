"""The mean of a signature's values on the log scale, genes weighted +1 and -1."""

from __future__ import annotations

import numpy as np

from mechanisms.score.membership import Block, Members
from mechanisms.score.method import LOG_SCALE, VALUES, Method


def mean(block: Block, members: Members) -> np.ndarray:
    """Score sets by sum(w x) / sum(|w|) over the genes that have a value."""
    values = block.of(VALUES)
    k = values.counts(members)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(k > 0, values.sums(members) / k, np.nan)


MEAN = Method(
    name="mean",
    title="weighted mean",
    score=mean,
    needs=(VALUES,),
    independent=True,
    shared_scale=False,
    reference="the arithmetic mean",
    joint=True,
    scale=LOG_SCALE,
)
