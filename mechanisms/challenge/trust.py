"""What a study is asked beside its effects: tests on genes, and the certificate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mechanisms.challenge import composition
from mechanisms.challenge.again import Again
from mechanisms.challenge.certificate import (
    CERTIFICATE_COLUMNS,
    Material,
    cell_direction,
    certify,
)
from mechanisms.compare import Design, family
from mechanisms.compare.genes import gene_table, set_table
from mechanisms.signatures import Collection


def genes_of_study(again: Again, design: Design) -> pd.DataFrame:
    """Return the moderated test of every gene, with the symbols that signatures know."""
    values, part = _measured(again, design)
    table = gene_table(values, part)
    symbols = {str(again.genes[i]): s for i, s in again.symbols.items()}
    table.insert(1, "symbol", [symbols.get(str(g), "") for g in table["gene"]])
    return table


def sets_of_study(again: Again, design: Design, collection: Collection) -> pd.DataFrame:
    """Return fry and camera of every signature on its genes."""
    values, part = _measured(again, design)
    sets = {
        s.id: {
            **{str(again.genes[i]): 1.0 for i in again.sets[s.id][0]},
            **{str(again.genes[i]): -1.0 for i in again.sets[s.id][1]},
        }
        for s in collection
    }
    return set_table(values, part, sets)


def _measured(again: Again, design: Design) -> tuple[pd.DataFrame, Design]:
    """Return units x genes and the design, without units that measure nothing."""
    values = pd.DataFrame(again.expression, index=again.units.frame.index, columns=again.genes)
    usable = pd.Series(again.usable, index=values.index)[design.units].to_numpy()
    part = design if usable.all() else design.subset(usable)
    return values.loc[part.units], part


def certificate_of_study(
    scores: pd.DataFrame,
    panel: pd.DataFrame,
    again: Again,
    design: Design,
    collection: Collection,
    *,
    unadjusted: str,
    seed: int,
) -> pd.DataFrame:
    """Return the certificate of a tested study; empty where the study makes no claims.

    Parameters
    ----------
    scores
        Units x signatures, primary method. Signatures that some unit lacks are left out.
    panel
        Units x genes of the composition panel.
    unadjusted
        Why composition is not adjusted for, or an empty string.
    """
    scored = scores.loc[design.units, family(collection)]
    usable = scored.notna().any(axis=1).to_numpy()
    part = design if usable.all() else design.subset(usable)
    scored = scored.loc[part.units].dropna(axis=1)
    if part.level()[0] != "tested" or scored.shape[1] == 0 or not part.estimable():
        return pd.DataFrame(columns=list(CERTIFICATE_COLUMNS))
    names = [str(c) for c in scored.columns]
    rows = again.units.frame.index.get_indexer(part.units)
    adjusts = not unadjusted and panel.shape[1] >= composition.FEWEST_GENES

    def shifted(size: float) -> pd.DataFrame:
        return again.shifted(size, names).iloc[rows]

    def moved_cells() -> tuple[pd.DataFrame, pd.DataFrame]:
        near = panel.loc[part.units]
        direction = cell_direction(again.expression[rows], near.to_numpy(), part)
        place = {symbol: i for i, symbol in again.symbols.items()}
        step = np.array([direction[place[g]] for g in near.columns])
        return again.moved(direction, names).iloc[rows], near + step

    material = Material(
        scored,
        None if unadjusted else panel.loc[part.units],
        composition.score_genes(collection),
        shifted,
        moved_cells if adjusts else None,
    )
    expected = {n: part.contrast.expected(collection[n].expected) for n in names}
    return certify(material, part, expected, seed=seed)
