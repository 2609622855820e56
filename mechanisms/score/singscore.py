"""singscore: the mean rank of a set, between its attainable minimum and maximum."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from mechanisms.score.membership import Block, member_sums
from mechanisms.score.method import Method


def singscore(block: Block, members: sparse.csc_matrix) -> np.ndarray:
    """Score directed sets as centred, normalised mean ranks.

    With k genes of N ranked ones the mean rank lies between (k + 1) / 2 and (2N - k + 1) / 2; the
    score is its relative position there minus 1/2, so it runs from -1/2 to 1/2. NaN where no
    gene is present or the set is all that was ranked.
    """
    ranks = block.ranks
    if ranks is None:
        raise TypeError("singscore needs ranks")
    sums, k = member_sums(ranks, members)
    n = block.n_valid[:, None].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((k > 0) & (n > k), (sums / k - (k + 1) / 2) / (n - k) - 0.5, np.nan)


SINGSCORE = Method(
    name="singscore",
    title="singscore",
    score=singscore,
    needs="ranks",
    independent=True,
    shared_scale=True,
    reference="Foroutan 2018, BMC Bioinformatics 19:404, doi 10.1186/s12859-018-2435-4",
)
