"""Composition: the panel's components, and every effect again beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms.compare import Design, compare_scores
from mechanisms.signatures import Collection

MOST_COMPONENTS = 2
UNITS_PER_COMPONENT = 5
FEWEST_GENES = 5


def panel_genes(collection: Collection) -> list[str]:
    """Return the genes of the core signatures with the role of a covariate, sorted.

    Identity sets are described, not adjusted for: adjusting for them would take matrix synthesis
    away with the cells that make it.
    """
    panel = [s for s in collection if s.role == "covariate" and s.tier == "core"]
    return sorted({g for s in panel for g in (*s.up, *s.down)})


def score_genes(collection: Collection) -> dict[str, frozenset[str]]:
    """Return the genes of every signature, and of every balance those of all its members."""
    genes = {s.id: frozenset((*s.up, *s.down)) for s in collection}
    for b in collection.balances:
        members = {m.split(":")[0] for m in (*b.plus, *b.minus)}
        genes[b.id] = frozenset().union(*(genes[m] for m in members))
    return genes


def n_components(n: int, parameters: int) -> int:
    """Return how many components n units with so many parameters can carry."""
    return max(0, min(MOST_COMPONENTS, (n - parameters) // UNITS_PER_COMPONENT))


def components(expression: np.ndarray, k: int) -> np.ndarray:
    """Return the first k principal components of units x genes, each of unit variance.

    Genes are centred and not scaled: on a log scale the markers of a cell that varies vary most.
    """
    centred = expression - expression.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    k = min(k, int((s > 1e-9 * max(s[0], 1e-300)).sum())) if len(s) else 0
    return u[:, :k] * np.sqrt(len(expression) - 1)


def group_r2(design: Design, extra: np.ndarray) -> float:
    """Return the share of the group that the components tell, beyond the design's covariates."""
    others = design.X[:, :-1]
    group = _residuals(design.X[:, -1:], others)
    rest = _residuals(group, np.column_stack([others, extra]))
    return float(1 - (rest**2).sum() / (group**2).sum())


def _residuals(y: np.ndarray, X: np.ndarray) -> np.ndarray:
    return np.asarray(y - X @ np.linalg.lstsq(X, y, rcond=None)[0])


def adjusted_tests(
    scores: pd.DataFrame,
    expression: pd.DataFrame,
    design: Design,
    genes_of: Mapping[str, frozenset[str]],
    *,
    seed: int,
) -> pd.DataFrame:
    """Test every score again with the panel's components in the design.

    Parameters
    ----------
    scores
        Units x scores (`plus` and `minus` sides may be named `balance:plus`).
    expression
        Units x panel genes, log scale, without missing values.
    design
        The raw design.
    genes_of
        Genes of each score: they leave the panel, never the score.
    seed
        Seed of the permutations.

    Returns
    -------
    The rows of `compare_scores` plus `components` and `group_r2`; estimates are over the same
    unadjusted SD as the raw ones.
    """
    rows = []
    for name in scores.columns:
        column = scores[[name]]
        found = adjust(column[name], expression, design, genes_of[str(name)])
        if found.design is None:
            row = compare_scores(column * np.nan, design, seed=seed)
            if column[name].notna().any():
                row["note"] = found.why_not
        else:
            row = compare_scores(column, found.design, seed=seed)
        row["components"], row["group_r2"] = found.components, found.group_r2
        rows.append(row)
    return pd.concat(rows, ignore_index=True)


@dataclass(frozen=True)
class Adjustment:
    """A design with the panel's components, or why there is none.

    Attributes
    ----------
    design
        The design with one more column for each component; units without a score hold zeros.
    components
        How many.
    group_r2
        Share of the group that they tell.
    why_not
        Why there is no design; empty where there is.
    """

    design: Design | None
    components: int = 0
    group_r2: float = float("nan")
    why_not: str = ""


def adjust(
    score: pd.Series, expression: pd.DataFrame, design: Design, own: frozenset[str]
) -> Adjustment:
    """Return the design of one score with the components of the panel without its genes."""
    # A unit without a score, such as a constant sample, shapes no component either.
    present = np.isfinite(score.to_numpy(dtype=float))
    part = design if present.all() else design.subset(present)
    inside = np.isin(design.units, part.units)
    kept = [g for g in expression.columns if g not in own]
    k = n_components(len(part.units), part.X.shape[1]) if len(kept) >= FEWEST_GENES else 0
    pcs = components(expression.loc[inside, kept].to_numpy(), k) if k else np.zeros((1, 0))
    if pcs.shape[1] == 0:
        why = _why_not(len(part.units), part.X.shape[1], len(kept))
        return Adjustment(None, why_not=why)
    wide = np.zeros((len(design.units), pcs.shape[1]))
    wide[inside] = pcs
    labels = tuple(f"composition_{i + 1}" for i in range(pcs.shape[1]))
    return Adjustment(design.with_covariates(wide, labels), pcs.shape[1], group_r2(part, pcs))


def _why_not(n: int, parameters: int, n_genes: int) -> str:
    if n_components(n, parameters) == 0:
        return "too few units to adjust for composition"
    if n_genes < FEWEST_GENES:
        return f"only {n_genes} genes of the composition panel are in the data"
    return "the composition panel does not vary"


def robustness_value(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return how strong an unmeasured confounder would have to be to take the effect away.

    The share of the residual variance of both group and score that it would have to explain
    (Cinelli and Hazlett 2020, J R Stat Soc B 82:39-67, q = 1): with f = |t| / sqrt(df),
    (sqrt(f^4 + 4 f^2) - f^2) / 2.
    """
    f2 = np.asarray(statistic, dtype=float) ** 2 / np.asarray(df, dtype=float)
    return np.asarray((np.sqrt(f2**2 + 4 * f2) - f2) / 2)
