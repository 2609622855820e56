"""singscore: the mean rank of a set, between its attainable minimum and maximum."""

from __future__ import annotations

import numpy as np

from mechanisms.score.membership import Block, Members
from mechanisms.score.method import RANKS, Method

REFERENCE = "Foroutan 2018, BMC Bioinformatics 19:404, doi 10.1186/s12859-018-2435-4"


def singscore(block: Block, members: Members) -> np.ndarray:
    """Score directed sets as centred, normalised mean ranks.

    With k genes of N ranked ones the mean rank lies between (k + 1) / 2 and (2N - k + 1) / 2; the
    score is its relative position there minus 1/2, so it runs from -1/2 to 1/2. NaN where no
    gene is present or the set is all that was ranked.
    """
    n, k = block.n, block.ranks.counts(members)
    sums = block.ranks.sums(members)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((k > 0) & (n > k), (sums / k - (k + 1) / 2) / (n - k) - 0.5, np.nan)


def singscore_unknown(block: Block, members: Members) -> np.ndarray:
    """Score sets whose genes move in a direction that is not known.

    The mean distance of the ranks from their middle, (N + 1) / 2, between the smallest and the
    largest that k genes can have: 0 where all lie in the middle, 1 where all lie at the two ends.
    Both directions of a signature are one set. Turning the ranks round changes nothing.
    """
    members = members.unsigned
    n, k = block.n, block.ranks.counts(members)
    middle = (block.n_valid + 1) / 2
    sums = block.ranks.map(lambda r, m: np.abs(r - m), middle).sums(members)
    lowest = nearest_sum(n, k)
    highest = nearest_sum(n, n) - nearest_sum(n, n - k)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((k > 0) & (n > k), (sums - lowest) / (highest - lowest), np.nan)


def nearest_sum(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Add up the k smallest distances from the middle of the ranks 1 to n.

    They are 0, 1, 1, 2, 2, ... for odd n and 1/2, 1/2, 3/2, 3/2, ... for even n.
    """
    lone = np.where(n % 2 == 1, -1, 1) * (k % 2)
    return (k**2 + lone) / 4


SINGSCORE = Method(
    name="singscore",
    title="singscore",
    score=singscore,
    needs=(RANKS,),
    independent=True,
    shared_scale=True,
    reference=REFERENCE,
)
SINGSCORE_UNKNOWN = Method(
    name="singscore_unknown",
    title="singscore, direction unknown",
    score=singscore_unknown,
    needs=(RANKS,),
    independent=True,
    shared_scale=True,
    reference=REFERENCE,
    joint=True,
)
