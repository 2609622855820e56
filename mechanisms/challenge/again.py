"""Scoring again: the compared samples, ready for other sets, shifted genes and moved cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mechanisms import genes
from mechanisms.challenge.composition import panel_genes
from mechanisms.compare import Units
from mechanisms.score.coverage import locate
from mechanisms.score.run import identifier_space
from mechanisms.score.sets import Sets, score_sets
from mechanisms.signatures import Collection

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Again:
    """The compared samples and the positions of each signature's genes.

    Attributes
    ----------
    matrix
        Samples x genes, log scale, dense.
    samples
        Names of the samples.
    genes
        Identifiers of the genes.
    symbols
        Symbol of each gene position that a signature uses.
    sets
        Signature to positions of its up and its down genes.
    units
        How samples make units.
    method
        The primary method.
    """

    matrix: np.ndarray
    samples: pd.Index
    genes: np.ndarray
    symbols: Mapping[int, str]
    sets: Mapping[str, tuple[np.ndarray, np.ndarray]]
    units: Units
    method: str

    def score(self, sets: Sets) -> np.ndarray:
        """Score units for sets of positions: units x sets."""
        return self._averaged(score_sets(self.matrix, sets, method=self.method))

    def shifted(self, size: float, names: list[str]) -> pd.DataFrame:
        """Score each signature with its own genes moved by `size` (log2), down genes against it."""
        columns = []
        for name in names:
            up, down = self.sets[name]
            moved = self.matrix.copy()
            moved[:, up] += size
            moved[:, down] -= size
            columns.append(score_sets(moved, {name: (up, down)}, method=self.method))
        return pd.DataFrame(
            self._averaged(np.column_stack(columns)), index=self.units.frame.index, columns=names
        )

    def moved(self, direction: np.ndarray, names: list[str]) -> pd.DataFrame:
        """Score signatures with every sample moved along a direction of genes."""
        chosen = {n: self.sets[n] for n in names}
        scores = score_sets(self.matrix + direction, chosen, method=self.method)
        return pd.DataFrame(self._averaged(scores), index=self.units.frame.index, columns=names)

    @cached_property
    def expression(self) -> np.ndarray:
        """Units x genes, log scale."""
        return self._averaged(self.matrix)

    @cached_property
    def usable(self) -> np.ndarray:
        """True for units whose samples all vary: the others measure nothing, shape (n,)."""
        low = np.nanmin(np.where(np.isnan(self.matrix), np.inf, self.matrix), axis=1)
        high = np.nanmax(np.where(np.isnan(self.matrix), -np.inf, self.matrix), axis=1)
        constant = pd.DataFrame({"constant": (high <= low).astype(float)}, index=self.samples)
        return self.units.average(constant)["constant"].to_numpy() == 0

    def _averaged(self, values: np.ndarray) -> np.ndarray:
        frame = pd.DataFrame(values, index=self.samples)
        return self.units.average(frame).to_numpy()


def prepare(cohort: AnnData, units: Units, collection: Collection, method: str) -> Again:
    """Look the signatures' genes up and take the values of the units' samples.

    Memory: one dense copy of the compared samples.
    """
    space, species = identifier_space(cohort, None)
    located = locate(collection, list(cohort.var_names), space=space, species=species)
    located = located[located["position"] >= 0]
    X = cohort.X
    dense = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    sets = {}
    for s in collection:
        own = located[located["signature"] == s.id]
        up, down = (
            np.unique(own.loc[own["direction"] == d, "position"].to_numpy(dtype=np.int64))
            for d in ("up", "down")
        )
        sets[s.id] = (up, down)
    symbols = dict(zip(located["position"].astype(int), located["gene"], strict=True))
    return Again(
        np.asarray(dense, dtype=float),
        cohort.obs_names,
        cohort.var_names.to_numpy(dtype=str),
        symbols,
        sets,
        units,
        method,
    )


def panel_expression(cohort: AnnData, units: Units, collection: Collection) -> pd.DataFrame:
    """Return units x genes of the composition panel on the log scale; genes with gaps left out."""
    space, species = identifier_space(cohort, None)
    found = genes.resolve(
        panel_genes(collection), list(cohort.var_names), space=space, species=species
    )
    found = found[found["position"] >= 0].drop_duplicates("position")
    values = cohort.X[:, found["position"].to_numpy()]
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    frame = pd.DataFrame(values, index=cohort.obs_names, columns=list(found["gene"]))
    averaged = units.average(frame)
    return averaged.loc[:, averaged.notna().all()]
