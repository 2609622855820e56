"""Coverage: how many of a signature's genes the data hold, and whether that is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms import genes
from mechanisms.signatures import Collection
from mechanisms.vocabulary import COVERAGE_COLUMNS


@dataclass(frozen=True, slots=True)
class Rule:
    """What each direction of a signature needs to be scored.

    Attributes
    ----------
    fraction
        Share of its genes, default 0.6.
    genes
        Number of genes, or the whole direction where it is smaller; default 5.
    floor
        Never fewer than this; default 3.
    """

    fraction: float = 0.6
    genes: int = 5
    floor: int = 3

    def required(self, size: int) -> int:
        """Return the number of genes that a direction of this size needs."""
        return max(math.ceil(self.fraction * size - 1e-9), min(self.genes, size), self.floor)


DEFAULT_RULE = Rule()


def locate(collection: Collection, ids: Sequence[str], *, space: str, species: str) -> pd.DataFrame:
    """Find every gene of a collection in the data's identifiers.

    Returns one row per signature, direction and gene, with the columns of `genes.resolve`.
    """
    wanted = collection.genes
    found = genes.resolve(wanted, ids, space=space, species=species).set_index("gene")
    rows = [
        (s.id, direction, gene)
        for s in collection
        for direction in ("up", "down")
        for gene in getattr(s, direction)
    ]
    frame = pd.DataFrame(rows, columns=["signature", "direction", "gene"])
    return frame.join(found, on="gene")


def coverage_table(
    located: pd.DataFrame, collection: Collection, rule: Rule = DEFAULT_RULE
) -> pd.DataFrame:
    """Say for each direction how many genes were found, whether that is enough, and what lacks."""
    # Directions of the disjoint variant that share all their genes have no row in `located`.
    rows = [
        _emptied(s.id, d, s.before[d], rule)
        for s in collection
        for d in s.needs
        if d not in s.directions
    ]
    for (signature, direction), part in located.groupby(["signature", "direction"], sort=False):
        position = part["position"].to_numpy()
        # Two names of one row would count one measurement twice.
        found = len(np.unique(position[position >= 0]))
        size, needed = len(part), rule.required(len(part))
        enough = found >= needed
        reason = "" if enough else _shortfall(str(direction), found, size, needed, part)
        before = collection[str(signature)].before.get(str(direction), size)
        if reason and before > size:
            reason += f"; {before - size} of its {before} genes are shared with other signatures"
        by_alias = part[(position >= 0) & ~part["status"].isin(["exact", "ortholog"])]
        rows.append(
            {
                "signature": signature,
                "direction": direction,
                "n_genes": size,
                "n_found": found,
                "fraction": found / size,
                "required": needed,
                "measurable": enough,
                "reason": reason,
                "missing": ";".join(part.loc[position < 0, "gene"]),
                "matched_by_alias": ";".join(
                    f"{g}={a}" for g, a in zip(by_alias["gene"], by_alias["found_as"], strict=True)
                ),
                "ambiguous": ";".join(part.loc[part["status"] == "ambiguous", "gene"]),
            }
        )
    order = {s: i for i, s in enumerate(collection.ids)}
    table = pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))
    key = table["signature"].map(order) * 2 + (table["direction"] == "down")
    return table.loc[key.sort_values(kind="stable").index].reset_index(drop=True)


def _emptied(signature: str, direction: str, before: int, rule: Rule) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COVERAGE_COLUMNS, "")
    return row | {
        "signature": signature,
        "direction": direction,
        "n_genes": 0,
        "n_found": 0,
        "fraction": 0.0,
        "required": rule.required(0),
        "measurable": False,
        "reason": f"{direction}: all its {before} genes are shared with other signatures",
    }


def _shortfall(direction: str, found: int, size: int, needed: int, part: pd.DataFrame) -> str:
    if needed > size:
        return f"{direction}: a direction needs at least {needed} genes and this one has {size}"
    orphans = int((part["status"] == "no_ortholog").sum())
    tail = f", {orphans} have no one-to-one ortholog" if orphans else ""
    return f"{direction}: {found} of {size} genes found, {needed} needed{tail}"


def measurable(table: pd.DataFrame) -> pd.Series:
    """Return for each signature whether every direction is covered."""
    return table.groupby("signature", sort=False)["measurable"].all()


def lowest_fraction(table: pd.DataFrame) -> pd.Series:
    """Return for each signature the coverage of its worse direction."""
    return table.groupby("signature", sort=False)["fraction"].min()
