"""AUCell: the area under a set's recovery curve among the top 5 % of ranks."""

from __future__ import annotations

import numpy as np

from mechanisms.errors import DataError
from mechanisms.score.membership import Block, Members
from mechanisms.score.method import RANKS, Method

TOP = 0.05


def aucell(block: Block, members: Members, *, top: float = TOP) -> np.ndarray:
    """Score directed sets by AUCell.

    With genes ranked from the top, ties averaged, and T the number of genes in the `top` share
    (rounded up, at least 2), a gene at rank r adds T - r to the area where r < T; the score is the
    area over the largest that k genes can have, from 0 to 1.

    Raises
    ------
    DataError
        `top` is no share.
    """
    if not 0 < top <= 1:
        raise DataError(f"aucell's top is {top}; give a share of the genes above 0 and up to 1")
    n = block.n_valid.astype(float)
    limit = np.maximum(np.ceil(top * n - 1e-9), 2.0)
    k = block.ranks.counts(members)
    area = block.ranks.map(lambda r, n, t: np.maximum(t - (n + 1 - r), 0.0), n, limit)
    reach = np.minimum(k, limit[:, None] - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = area.sums(members) / (reach * limit[:, None] - reach * (reach + 1) / 2)
    return np.where(k > 0, score, np.nan)


AUCELL = Method(
    name="aucell",
    title="AUCell",
    score=aucell,
    needs=(RANKS,),
    independent=True,
    shared_scale=True,
    reference="Aibar 2017, Nat Methods 14:1083-1086, doi 10.1038/nmeth.4463",
    parameters={"top": TOP},
)
