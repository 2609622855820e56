"""ssGSEA: the area between the running sums of a set and of all other genes."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from mechanisms.score.membership import Block, member_sums
from mechanisms.score.method import Method

TAU = 0.25


def ssgsea(block: Block, members: sparse.csc_matrix) -> np.ndarray:
    """Score directed sets by ssGSEA, raw (not divided by the range over samples).

    The sum over all positions of the two running sums' difference has a closed form. With N
    ranked genes, ranks r (N at the top) and weights w = r ** 0.25, over the k genes of the set::

        sum(w r) / sum(w)  -  (N (N + 1) / 2 - sum(r)) / (N - k)

    Ties have averaged ranks. NaN where no gene is present or the set is all that was ranked.
    """
    ranks = block.ranks
    if ranks is None:
        raise TypeError("ssgsea needs ranks")
    weights = ranks**TAU
    inside, k = member_sums(weights * ranks, members)
    total, _ = member_sums(weights, members)
    plain, _ = member_sums(ranks, members)
    n = block.n_valid[:, None].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        area = inside / total - (n * (n + 1) / 2 - plain) / (n - k)
    return np.where((k > 0) & (n > k), area, np.nan)


SSGSEA = Method(
    name="ssgsea",
    title="ssGSEA, raw",
    score=ssgsea,
    needs="ranks",
    independent=True,
    shared_scale=True,
    reference="Barbie 2009, Nature 462:108-112, doi 10.1038/nature08460",
)
