"""Raw and adjusted rows side by side, grouped by mechanism: what the forest and the page show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from mechanisms.signatures import Collection, Signature


@dataclass(frozen=True)
class Pair:
    """One signature or balance by the primary method, in one cell type."""

    name: str
    cell_type: str
    mechanism: str
    label: str
    """The id, with the cell type behind it where there are several."""
    raw: dict[str, Any]
    adjusted: dict[str, Any] | None

    @property
    def claim(self) -> str:
        """The claim as the raw row states it; empty when there is none."""
        return cell(self.raw["claim"])


def cell(value: Any) -> str:
    """Return a cell as text; missing is empty."""
    return "" if value is None or pd.isna(value) else str(value)


def pair_rows(
    effects: pd.DataFrame, method: str, collection: Collection, kind: str = "signature"
) -> list[Pair]:
    """Return raw and adjusted rows of the primary method in the collection's order.

    Signatures whose role is not *mechanism* are left out: they stand in the composition panel.
    """
    main = effects[(effects["method"] == method) & (effects["kind"] == kind)]
    by_key: dict[str, dict[tuple[str, str], dict[str, Any]]] = {"none": {}, "composition": {}}
    for record in main.to_dict("records"):
        row = {str(k): value for k, value in record.items()}
        key = (str(row["signature"]), cell(row["cell_type"]))
        by_key.setdefault(str(row["adjustment"]), {})[key] = row
    ids = [s.id for s in collection] if kind == "signature" else [b.id for b in collection.balances]
    order = {name: i for i, name in enumerate(ids)}
    other = {s.id for s in collection if s.role != "mechanism"}
    several = len({c for _, c in by_key["none"]}) > 1
    pairs = [
        Pair(
            name=name,
            cell_type=cell_type,
            mechanism=cell(row["mechanism"]),
            label=f"{name} · {cell_type}" if several else name,
            raw=row,
            adjusted=by_key["composition"].get((name, cell_type)),
        )
        for (name, cell_type), row in by_key["none"].items()
        if name not in other
    ]
    pairs.sort(key=lambda p: (order.get(p.name, len(order)), p.name, p.cell_type))
    first = {m: i for i, m in enumerate(dict.fromkeys(p.mechanism for p in pairs))}
    return sorted(pairs, key=lambda p: first[p.mechanism])


def grade_shown(pair: Pair, known: Mapping[str, Signature]) -> str:
    """Return the grade of an expected direction; none where this contrast is not one of resorption.

    A signature that expects nothing keeps its grade: it is what is known of its role.
    """
    signature = known.get(pair.name)
    if signature is None:
        return ""
    applies = str(pair.raw["direction_expected"]) != "none" or signature.expected == "none"
    return signature.grade if applies else ""
