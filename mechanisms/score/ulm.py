"""ULM: how well the weights of a signature predict a sample's values, as a t-value."""

from __future__ import annotations

import numpy as np

from mechanisms.score.membership import Block, Members
from mechanisms.score.method import LOG_SCALE, MOMENTS, VALUES, Method


def ulm(block: Block, members: Members) -> np.ndarray:
    """Score sets by the t-value of the slope in values ~ weights, over all N genes.

    Genes outside the set weigh 0, so the correlation r needs only the sums over the set and the
    mean and SD of the whole sample; t = r sqrt((N - 2) / (1 - r^2)). NaN where the weights do not
    vary or fewer than three genes have a value.
    """
    values = block.of(VALUES)
    if block.mean is None or block.sd is None:
        raise TypeError("this block was made without moments")
    n, k = block.n, values.counts(members)
    net = values.net(members)
    centred = values.sums(members) - net * block.mean[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((k - net**2 / n) * (n - 1)) * block.sd[:, None]
        r = np.clip(centred / spread, -1.0, 1.0)
        t = r * np.sqrt((n - 2) / (1 - r**2))
    return np.where((k > 0) & (n > 2) & (np.abs(r) < 1), t, np.nan)


ULM = Method(
    name="ulm",
    title="univariate linear model",
    score=ulm,
    needs=(VALUES, MOMENTS),
    independent=True,
    shared_scale=True,
    reference="Badia-i-Mompel 2022, Bioinform Adv 2:vbac016, doi 10.1093/bioadv/vbac016",
    joint=True,
    scale=LOG_SCALE,
)
