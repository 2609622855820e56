"""Compare groups: a frame of units x scores in, one tested row for each score out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mechanisms.compare import effects, linear, permutation
from mechanisms.compare.contrast import Contrast
from mechanisms.compare.design import Design
from mechanisms.compare.fdr import benjamini_hochberg
from mechanisms.signatures import Collection
from mechanisms.vocabulary import EFFECT_COLUMNS

INFERENCE = (
    "ci_low",
    "ci_high",
    "se",
    "df",
    "statistic",
    "p_value",
    "p_permutation",
    "p_floor",
)
TEST_COLUMNS = (
    "signature",
    "n_target",
    "n_reference",
    "n_pairs",
    "residual_df",
    "effect_type",
    "estimate",
    "difference",
    *INFERENCE,
    "note",
)


def compare_scores(scores: pd.DataFrame, design: Design, *, seed: int) -> pd.DataFrame:
    """Test the group's coefficient for each column of scores.

    Parameters
    ----------
    scores
        Units x scores, in the order of `design.units`; NaN where a unit has no score.
    design
        The contrast, with whatever covariates it holds.
    seed
        Seed of the permutations.

    Returns
    -------
    One row per score with `TEST_COLUMNS`: `estimate` is Hedges g with the limits of the test's
    noncentrality, `difference` and its `se` are on the scorer's scale, `statistic` is their ratio.
    Units without a score are left out of that score's test and counted in the note. With unknown
    donors only estimate and difference are given.
    """
    values = scores.to_numpy(dtype=float)
    present = np.isfinite(values)
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    frames = []
    for i in range(patterns.shape[1]):
        columns = np.flatnonzero(which.ravel() == i)
        block = scores.iloc[:, columns]
        frames.append(_test_block(block, design, patterns[:, i], seed))
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=TEST_COLUMNS)
    order = {str(name): i for i, name in enumerate(scores.columns)}
    return table.loc[table["signature"].map(order).sort_values(kind="stable").index].reset_index(
        drop=True
    )


def _test_block(
    scores: pd.DataFrame, design: Design, present: np.ndarray, seed: int
) -> pd.DataFrame:
    """Test scores that lack the same units."""
    names = [str(c) for c in scores.columns]
    part = design if present.all() else design.subset(present)
    lost = len(design.units) - len(part.units)
    note = f"{lost} of {len(design.units)} units have no score" if lost else ""
    table = pd.DataFrame({"signature": names})
    table["n_target"], table["n_reference"] = part.n_target, part.n_reference
    table["n_pairs"] = np.nan if part.n_pairs is None else float(part.n_pairs)
    table["residual_df"] = part.residual_df
    paired = part.pair is not None
    table["effect_type"] = effects.EFFECT_TYPE_PAIRED if paired else effects.EFFECT_TYPE
    table[["estimate", "difference", *INFERENCE]] = np.nan
    if part.n_target < 2 or part.n_reference < 2 or not part.estimable():
        few = "too few units have a score to be compared" if lost else "the design has no full rank"
        table["note"] = few if not note or lost == len(design.units) else f"{note}; {few}"
        return table[list(TEST_COLUMNS)]
    y = scores.loc[part.units].to_numpy(dtype=float)
    test = linear.choose_test(
        part.n_target, part.n_reference, paired=paired, only_groups=part.only_groups
    )
    fit = linear.fit_contrast(y, part.X, part.column, test)
    sd = effects.within_sd(y, part.target)
    g, low, high = effects.standardised(fit, sd, part.n_target + part.n_reference - 2)
    table["estimate"], table["difference"] = g, fit.difference
    table["note"] = note
    if part.donors != "unknown":
        table["ci_low"], table["ci_high"] = low, high
        table["se"], table["df"], table["statistic"] = fit.se, fit.df, fit.statistic
        table["p_value"] = fit.p_value
        table["p_permutation"], table["p_floor"] = _permute(y, part, seed)
    flat = np.isnan(fit.statistic)
    table.loc[flat, ["p_permutation", "p_floor"]] = np.nan
    table.loc[flat, "note"] = [
        _add(n, "no variation within the groups") for n in table["note"][flat]
    ]
    return table[list(TEST_COLUMNS)]


def _permute(y: np.ndarray, design: Design, seed: int) -> tuple[np.ndarray, float]:
    rows, exact = permutation.arrangements(
        design.target, design.pair, exchangeable=design.only_groups, seed=seed
    )
    p = permutation.permutation_p(y, design.X, design.column, rows, exact=exact)
    floor = permutation.p_floor(design.n_target, design.n_reference, design.n_pairs, exact=exact)
    return p, floor


def _add(note: str, more: str) -> str:
    return f"{note}; {more}" if note else more


def family(collection: Collection) -> list[str]:
    """Return the ids of the declared family: core signatures with the role of a mechanism."""
    return [s.id for s in collection if s.tier == "core" and s.role == "mechanism"]


def effect_rows(
    tests: pd.DataFrame,
    collection: Collection,
    *,
    method: str,
    contrast: Contrast,
    adjustment: str,
    coverage: pd.Series,
) -> pd.DataFrame:
    """Turn tested rows into effects with `vocabulary.EFFECT_COLUMNS`; fdr and claim still empty.

    `coverage` gives each signature the share of genes found in its worse direction; a balance
    takes the lowest of its members.
    """
    balances = {b.id: b for b in collection.balances}
    rows = tests.drop(columns=["n_pairs", "residual_df"]).copy()
    ids = list(rows["signature"])
    rows["kind"] = ["balance" if i in balances else "signature" for i in ids]
    rows["mechanism"] = [(balances.get(i) or collection[i]).mechanism for i in ids]
    rows["direction_expected"] = [
        "none" if i in balances else contrast.expected(collection[i].expected) for i in ids
    ]
    rows["coverage"] = [
        min(coverage[m.split(":")[0]] for m in (*balances[i].plus, *balances[i].minus))
        if i in balances
        else coverage[i]
        for i in ids
    ]
    rows["method"], rows["contrast"], rows["cell_type"] = method, contrast.name, "all"
    rows["adjustment"], rows["fdr"], rows["claim"] = adjustment, np.nan, ""
    return rows[list(EFFECT_COLUMNS)]


def family_fdr(effects_table: pd.DataFrame, members: Iterable[str]) -> pd.Series:
    """Return BH-adjusted p-values over the family's rows; NaN for every other row."""
    inside = effects_table["signature"].isin(list(members)).to_numpy()
    p = np.where(inside, effects_table["p_value"].to_numpy(dtype=float), np.nan)
    return pd.Series(benjamini_hochberg(p), index=effects_table.index)
