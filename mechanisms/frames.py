"""From scores to the tidy frames that are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mechanisms import score as scoring

if TYPE_CHECKING:
    from anndata import AnnData

    from mechanisms.compare import Units
    from mechanisms.signatures import Collection


def with_balances(members: pd.DataFrame, collection: Collection, method: str) -> pd.DataFrame:
    """Return signatures, then balances, from the scores of all members."""
    balances = scoring.balance_scores(members, collection, scoring.method(method))
    return pd.concat([members[list(collection.ids)], balances], axis=1)


def side_frame(members: pd.DataFrame, collection: Collection, method: str) -> pd.DataFrame:
    """Return units x `balance:side`."""
    if not collection.balances:
        return pd.DataFrame(index=members.index)
    long = scoring.all_sides(members, collection, scoring.method(method))
    names = [f"{b.id}:{side}" for b in collection.balances for side in ("plus", "minus")]
    wide = long.assign(name=long["balance"] + ":" + long["side"]).pivot_table(
        index="sample", columns="name", values="score", dropna=False
    )
    return wide.reindex(index=members.index, columns=names)


def unit_table(units: Units, scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each tested unit: unit, donor, group, cell_type, scores."""
    frame = units.frame
    head = pd.DataFrame(
        {"unit": frame.index, "donor": frame["donor"], "group": frame["group"], "cell_type": "all"}
    )
    return pd.concat([head, scores], axis=1).reset_index(drop=True)


def long_scores(units: Units, scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the scores of several methods, one row each: unit, group, method, signature, score."""
    columns = ["unit", "group", "method", "signature", "score"]
    frames = [
        frame.assign(unit=frame.index, group=units.frame["group"], method=method).melt(
            id_vars=["unit", "group", "method"], var_name="signature", value_name="score"
        )
        for method, frame in scores.items()
    ]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def long_sides(units: Units, sides: pd.DataFrame) -> pd.DataFrame:
    """Return both sides of each balance, one row each: unit, group, balance, side, score."""
    columns = ["unit", "group", "balance", "side", "score"]
    if sides.columns.empty:
        return pd.DataFrame(columns=columns)
    long = sides.assign(unit=sides.index, group=units.frame["group"]).melt(
        id_vars=["unit", "group"], var_name="name", value_name="score"
    )
    long[["balance", "side"]] = long["name"].str.split(":", expand=True)
    return long[columns]


def store_scores(cohort: AnnData, members: dict[str, pd.DataFrame], collection: Collection) -> None:
    """Keep every method's scores in the cohort, NaN for samples outside the comparison."""
    for method, frame in members.items():
        scores = with_balances(frame, collection, method)
        cohort.obsm[f"mechanisms_{method}"] = scores.reindex(cohort.obs_names)
    facts = dict(cohort.uns.get("mechanisms", {}))
    cohort.uns["mechanisms"] = facts | {"collection_hash": collection.hash}
