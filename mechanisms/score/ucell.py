"""UCell: the Mann-Whitney U of a set among the top ranks of a sample."""

from __future__ import annotations

import numpy as np

from mechanisms.errors import DataError
from mechanisms.score.membership import Block, Members
from mechanisms.score.method import RANKS, Method

MAX_RANK = 1500


def ucell(block: Block, members: Members, *, max_rank: int | None = None) -> np.ndarray:
    """Score directed sets by UCell.

    Genes are ranked from the top, ties averaged; ranks beyond `max_rank` count as `max_rank`.
    With U = sum(ranks) - k (k + 1) / 2 the score is 1 - U / (k max_rank - k (k + 1) / 2), from 0
    to 1. Default: 1500, in samples of fewer genes their number. NaN where the set has `max_rank`
    genes or more.

    Raises
    ------
    DataError
        `max_rank` is no positive number, or larger than the number of genes.
    """
    n = block.n_valid.astype(float)
    genes = int(n.max(initial=0.0))
    if max_rank is not None and not (max_rank == int(max_rank) and 2 <= max_rank <= max(genes, 2)):
        raise DataError(
            f"ucell's max_rank is {max_rank}, and the data have {genes} genes with a value: a "
            "rank that no gene reaches would cut nothing and press all scores together; give a "
            f"whole number from 2 to {genes}, or leave it out"
        )
    limit = np.minimum(float(MAX_RANK if max_rank is None else max_rank), n)
    k = block.ranks.counts(members)
    capped = block.ranks.map(lambda r, n, m: np.minimum(n + 1 - r, m), n, limit)
    floor = k * (k + 1) / 2
    widest = k * limit[:, None] - floor
    with np.errstate(divide="ignore", invalid="ignore"):
        score = 1 - (capped.sums(members) - floor) / widest
    return np.where((k > 0) & (k < limit[:, None]), score, np.nan)


UCELL = Method(
    name="ucell",
    title="UCell",
    score=ucell,
    needs=(RANKS,),
    independent=True,
    shared_scale=True,
    reference="Andreatta 2021, Comput Struct Biotechnol J 19:3796-3798, "
    "doi 10.1016/j.csbj.2021.06.043",
    parameters={"max_rank": None},
)
