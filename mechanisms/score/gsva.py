"""GSVA: genes set against their own distribution over the samples, then a walk down the ranks."""

from __future__ import annotations

import numpy as np
from numba import njit

from mechanisms.score.kernels import gaussian, poisson
from mechanisms.score.membership import Block, Members
from mechanisms.score.method import COUNTS, LOG_SCALE, RANKS, Method

REFERENCE = "Haenzelmann 2013, BMC Bioinformatics 14:7, doi 10.1186/1471-2105-14-7"


def gsva(block: Block, members: Members, *, difference: bool = True) -> np.ndarray:
    """Score directed sets by the Kolmogorov-Smirnov-like walk of GSVA.

    Ranks are those of the kernel estimates of each gene's distribution. Down the ranks the walk
    rises by |r - N/2| over its sum at a gene of the set, and falls by 1 / (N - k) at any other.
    Only the positions of the set's genes are looked at. Genes of a set that tie rise together,
    from the middle of their tie.

    `difference`: the sum of the highest and the lowest point of the walk; else the point farthest
    from 0.
    """
    ranks = np.ascontiguousarray(block.ranks.dense(members.genes))
    sets = members.matrix
    scores = np.full((len(ranks), sets.shape[1]), np.nan)
    _walk(ranks, block.n_valid, sets.indptr, sets.indices, difference, scores)
    return scores


@njit(cache=True, nogil=True)
def _walk(ranks, n_valid, indptr, indices, difference, scores):  # type: ignore[no-untyped-def]
    for i in range(ranks.shape[0]):
        n = n_valid[i]
        for j in range(scores.shape[1]):
            own = ranks[i][indices[indptr[j] : indptr[j + 1]]]
            own = np.sort(own[~np.isnan(own)])[::-1]
            k = len(own)
            weights = np.abs(own - n / 2)
            total = weights.sum()
            if k == 0 or k >= n or total == 0:
                continue
            high, low, risen, p = 0.0, 0.0, 0.0, 0
            while p < k:
                q = p
                while q < k and own[q] == own[p]:
                    q += 1
                fallen = (n - own[p] - p - (q - p - 1) / 2) / (n - k)
                low = min(low, risen / total - fallen)
                risen += weights[p] * (q - p)
                high = max(high, risen / total - fallen)
                p = q
            if difference:
                scores[i, j] = high + low
            else:
                scores[i, j] = high if high > -low else low


def _facts(name: str, title: str, kernel: object, scale: str, difference: bool) -> Method:
    return Method(
        name=name,
        title=title,
        score=gsva,
        needs=(RANKS,),
        independent=False,
        shared_scale=True,
        reference=REFERENCE,
        scale=scale,
        before=kernel,  # type: ignore[arg-type]
        parameters={"difference": difference},
    )


GSVA = _facts("gsva", "GSVA", gaussian, LOG_SCALE, True)
GSVA_MAX = _facts("gsva_max", "GSVA, maximum deviation", gaussian, LOG_SCALE, False)
GSVA_POISSON = _facts("gsva_poisson", "GSVA on counts", poisson, COUNTS, True)
GSVA_POISSON_MAX = _facts(
    "gsva_poisson_max", "GSVA on counts, maximum deviation", poisson, COUNTS, False
)
