"""The specification curve: the same question under every defensible choice, none of them picked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mechanisms.challenge import composition
from mechanisms.compare import Design, choose_test
from mechanisms.compare.effects import hedges_correction, within_sd
from mechanisms.compare.linear import fit_contrast

SPECIFICATION_COLUMNS = (
    "signature",
    "method",
    "genes",
    "adjustment",
    "estimate",
    "p_value",
    "primary",
)
ADJUSTMENTS = ("none", "composition", "macrophage")
MACROPHAGE = "content_macrophage"

Scores = Mapping[str, Mapping[str, pd.DataFrame]]
"""Variant of the genes (full, strict) to method to units x signatures."""


def specifications(
    scores: Scores,
    expression: pd.DataFrame,
    design: Design,
    genes_of: Mapping[str, frozenset[str]],
    family: list[str],
    *,
    primary: str,
    adjusts: bool,
) -> pd.DataFrame:
    """Test every signature of the family under every combination of choices.

    Parameters
    ----------
    scores
        Variant of the genes, method, and units x signatures.
    expression
        Units x genes of the composition panel.
    design
        The contrast, without composition.
    genes_of
        Genes of each signature, which leave the panel.
    primary
        The primary method.
    adjusts
        False where composition does not apply: then only `none` is a choice.

    Returns
    -------
    `SPECIFICATION_COLUMNS`: Hedges g and p of each choice; `primary` marks those that the claim
    rests on. `macrophage` adjusts for the macrophage score alone. No p-value is to be picked from
    it.
    """
    rows = []
    for genes, by_method in scores.items():
        for method, table in by_method.items():
            for name in family:
                for adjustment in ADJUSTMENTS if adjusts else ADJUSTMENTS[:1]:
                    chosen = _adjusted(adjustment, name, table, expression, design, genes_of)
                    g, p = _fit(table[name], chosen)
                    own = method == primary and genes == next(iter(scores))
                    first = own and adjustment != "macrophage"
                    rows.append((name, method, genes, adjustment, g, p, first))
    table = pd.DataFrame(rows, columns=list(SPECIFICATION_COLUMNS))
    order = {n: i for i, n in enumerate(family)}
    place = table["signature"].map(order).sort_values(kind="stable").index
    return table.loc[place].reset_index(drop=True)


def _adjusted(
    adjustment: str,
    name: str,
    table: pd.DataFrame,
    expression: pd.DataFrame,
    design: Design,
    genes_of: Mapping[str, frozenset[str]],
) -> Design | None:
    if adjustment == "none":
        return design
    if adjustment == "composition":
        return composition.adjust(table[name], expression, design, genes_of[name]).design
    if MACROPHAGE not in table:
        return None
    score, needed = table[MACROPHAGE].to_numpy(dtype=float), table[name].notna().to_numpy()
    if not needed.any() or np.isnan(score[needed]).any() or np.ptp(score[needed]) == 0:
        return None
    z = (score - score[needed].mean()) / score[needed].std()
    # Units without the tested score leave the test, whatever stands in for them here.
    return design.with_covariates(np.where(needed, z, 0.0)[:, None], (MACROPHAGE,))


def _fit(score: pd.Series, design: Design | None) -> tuple[float, float]:
    """Return Hedges g over the unadjusted SD, and p (NaN where donors are unknown)."""
    if design is None:
        return np.nan, np.nan
    present = score.notna().to_numpy()
    part = design if present.all() else design.subset(present)
    if min(part.n_target, part.n_reference) < 2 or not part.estimable():
        return np.nan, np.nan
    y = score[part.units].to_numpy(dtype=float)[:, None]
    test = choose_test(
        part.n_target,
        part.n_reference,
        paired=part.pair is not None,
        only_groups=part.only_groups,
    )
    fit = fit_contrast(y, part.X, part.column, test)
    sd = within_sd(y, part.target)[0]
    if not sd > 1e-12 * max(abs(float(fit.difference[0])), 1.0):
        return np.nan, np.nan
    g = hedges_correction(len(part.units) - 2) * float(fit.difference[0]) / float(sd)
    return g, np.nan if part.donors == "unknown" else float(fit.p_value[0])


def agreement(table: pd.DataFrame) -> pd.Series:
    """Say for each signature how many choices give the sign of the primary, unadjusted one."""
    first = table[table["primary"] & (table["adjustment"] == "none")].set_index("signature")
    sign = np.sign(table["estimate"]) == np.sign(table["signature"].map(first["estimate"]))
    counted = table["estimate"].notna()
    totals = counted.groupby(table["signature"], sort=False).sum()
    same = (sign & counted).groupby(table["signature"], sort=False).sum()
    return same.astype(int).astype(str) + " of " + totals.astype(int).astype(str)
