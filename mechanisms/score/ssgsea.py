"""ssGSEA: the area between the running sums of a set and of all other genes."""

from __future__ import annotations

import numpy as np

from mechanisms.score.membership import Block, Members
from mechanisms.score.method import RANKS, Method

REFERENCE = "Barbie 2009, Nature 462:108-112, doi 10.1038/nature08460"


def ssgsea(block: Block, members: Members) -> np.ndarray:
    """Score directed sets by ssGSEA, raw (not divided by the range over samples).

    The sum over all positions of the two running sums' difference has a closed form. With N
    ranked genes, ranks r (N at the top) and weights w = r ** 0.25, over the k genes of the set::

        sum(w r) / sum(w)  -  (N (N + 1) / 2 - sum(r)) / (N - k)

    Ties have averaged ranks. NaN where no gene is present or the set is all that was ranked.
    """
    n, k = block.n, block.ranks.counts(members)
    weights = block.ranks.map(lambda r: np.sqrt(np.sqrt(r)))
    inside = block.ranks.times(weights).sums(members)
    plain = block.ranks.sums(members)
    with np.errstate(divide="ignore", invalid="ignore"):
        area = inside / weights.sums(members) - (n * (n + 1) / 2 - plain) / (n - k)
    return np.where((k > 0) & (n > k), area, np.nan)


def ssgsea_normalised(block: Block, members: Members) -> np.ndarray:
    """Divide the raw scores by their range over all samples and sets, as R's GSVA does.

    One sample or one set more may therefore change every score; ratios within one run stay.
    """
    scores = ssgsea(block, members)
    known = scores[~np.isnan(scores)]
    spread = np.ptp(known) if len(known) else 0.0
    return scores / spread if spread > 0 else np.full_like(scores, np.nan)


SSGSEA = Method(
    name="ssgsea",
    title="ssGSEA, raw",
    score=ssgsea,
    needs=(RANKS,),
    independent=True,
    shared_scale=True,
    reference=REFERENCE,
)
SSGSEA_NORMALISED = Method(
    name="ssgsea_normalised",
    title="ssGSEA over its range in all samples and sets",
    score=ssgsea_normalised,
    needs=(RANKS,),
    independent=False,
    alone=False,
    shared_scale=True,
    reference=REFERENCE,
)
