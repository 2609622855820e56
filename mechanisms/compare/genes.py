"""Tests on genes: one row for each gene, and the tests of sets that keep their correlation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mechanisms.compare.design import Design
from mechanisms.compare.fdr import benjamini_hochberg
from mechanisms.compare.moderated import moderated_t
from mechanisms.compare.rotation import set_tests

GENE_COLUMNS = ("gene", "mean", "difference", "statistic", "df", "p_value", "fdr")
SET_COLUMNS = ("signature", "n_genes", "fry_p", "camera_p", "gene_correlation")
FEWEST_GENES = 10


def varying(values: pd.DataFrame) -> pd.DataFrame:
    """Return the genes that every unit has and that vary; the others cannot be tested."""
    data = values.to_numpy(dtype=float)
    whole = ~np.isnan(data).any(axis=0)
    spread = np.ptp(np.where(whole, data, 0.0), axis=0)
    return values.loc[:, whole & (spread > 1e-12 * np.abs(np.where(whole, data, 0.0)).max(axis=0))]


def gene_table(values: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Test every gene by limma's moderated t with a mean-variance trend.

    Parameters
    ----------
    values
        Units x genes, log2 scale.
    design
        The contrast with its covariates, without composition.

    Returns
    -------
    `GENE_COLUMNS`, sorted by p then name: the difference is a log2 fold change, fdr is BH over all
    genes tested. Empty where donors are unknown or fewer than ten genes vary.
    """
    tested = varying(values)
    if design.donors == "unknown" or tested.shape[1] < FEWEST_GENES:
        return pd.DataFrame(columns=list(GENE_COLUMNS))
    fit = moderated_t(tested.to_numpy(dtype=float), design.X, design.column)
    table = pd.DataFrame(
        {
            "gene": tested.columns.astype(str),
            "mean": fit.mean,
            "difference": fit.estimate,
            "statistic": fit.t,
            "df": fit.df,
            "p_value": fit.p_value,
            "fdr": benjamini_hochberg(fit.p_value),
        }
    )
    return table.sort_values(["p_value", "gene"], kind="stable").reset_index(drop=True)


def set_table(
    values: pd.DataFrame, design: Design, sets: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Test signatures on their genes by fry and camera.

    Parameters
    ----------
    values
        Units x genes, log2 scale, columns named as in `sets`.
    sets
        Signature to its genes and weights (+1, -1).

    Returns
    -------
    `SET_COLUMNS`; NaN for a signature of fewer than two tested genes. Evidence beside the test of
    the score, not in the claim.
    """
    tested = varying(values)
    place = {str(g): i for i, g in enumerate(tested.columns)}
    found = {
        name: [(place[g], w) for g, w in genes.items() if g in place]
        for name, genes in sets.items()
    }
    usable = [name for name, pairs in found.items() if len(pairs) >= 2]
    none = design.donors == "unknown" or tested.shape[1] < FEWEST_GENES
    results = {}
    if usable and not none:
        arrays = [
            (np.array([i for i, _ in found[n]]), np.array([w for _, w in found[n]])) for n in usable
        ]
        tests = set_tests(tested.to_numpy(dtype=float), design.X, design.column, arrays)
        results = dict(zip(usable, tests, strict=True))
    rows = [
        (
            name,
            len(found[name]),
            results[name].fry_p if name in results else np.nan,
            results[name].camera_p if name in results else np.nan,
            results[name].correlation if name in results else np.nan,
        )
        for name in sets
    ]
    return pd.DataFrame(rows, columns=list(SET_COLUMNS))
