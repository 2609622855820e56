"""Balances: the mean of the plus members minus the mean of the minus members, both sides kept."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mechanisms.score.method import Method
from mechanisms.signatures import Balance, Collection


def side_scores(members: pd.DataFrame, balance: Balance, method: Method) -> pd.DataFrame:
    """Return the columns `plus` and `minus`: each the mean of its members' scores.

    Where the method gives no scale that two signatures share, every member is first z-scaled
    within the cohort; the effects table marks those balances. A side is NaN where one of its
    members is.
    """
    sides = {}
    for side, names in (("plus", balance.plus), ("minus", balance.minus)):
        values = members[list(names)]
        if not method.shared_scale:
            values = (values - values.mean()) / values.std(ddof=1).replace(0.0, np.nan)
        sides[side] = values.mean(axis=1, skipna=False)
    return pd.DataFrame(sides, index=members.index)


def balance_scores(members: pd.DataFrame, collection: Collection, method: Method) -> pd.DataFrame:
    """Return one column for each balance of the collection: plus minus minus."""
    columns = {}
    for balance in collection.balances:
        sides = side_scores(members, balance, method)
        columns[balance.id] = sides["plus"] - sides["minus"]
    return pd.DataFrame(columns, index=members.index)


def all_sides(members: pd.DataFrame, collection: Collection, method: Method) -> pd.DataFrame:
    """Return both sides of every balance, long: sample, balance, side, score."""
    frames = []
    for balance in collection.balances:
        sides = side_scores(members, balance, method)
        for side in ("plus", "minus"):
            frames.append(
                pd.DataFrame(
                    {
                        "sample": members.index,
                        "balance": balance.id,
                        "side": side,
                        "score": sides[side].to_numpy(),
                    }
                )
            )
    empty = pd.DataFrame(columns=["sample", "balance", "side", "score"])
    return pd.concat(frames, ignore_index=True) if frames else empty
