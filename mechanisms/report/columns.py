"""What every column of every table means: the first sheet of the workbook."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

TABLES = {
    "effects": "One row a signature or balance, method and adjustment: the comparison.",
    "scores": "One row a tested unit: its scores by the primary method.",
    "scores_sensitivity": "The scores of the other methods, one row a unit, method, signature.",
    "sides": "Both sides of each balance in each unit; a balance is never read without them.",
    "coverage": "Which genes of each signature were found, by direction.",
    "composition": "The panel of cell composition, identity and quality, compared as the rest.",
    "robustness": "How each claim came about: raw and adjusted, shrinkage, robustness value.",
    "certificate": "What this matrix and design say when nothing is regulated.",
    "specification": "Every signature under every choice of method, genes and adjustment.",
    "genes": "Every gene, by limma's moderated t (a CSV of its own, not in the workbook).",
    "notices": "Everything that was decided, dropped or guessed.",
    "truth": "Simulated data only: what was planted.",
}

_SHARED = {
    "signature": "Id of the signature or balance.",
    "kind": "signature or balance.",
    "mechanism": "The mechanism that it belongs to.",
    "method": "Scoring method.",
    "contrast": "Target against reference; every sign is target minus reference.",
    "cell_type": "Cell type, where the data are single cells.",
    "adjustment": "none, or composition (adjusted for the cell composition).",
    "n_target": "Units in the target group.",
    "n_reference": "Units in the reference group.",
    "effect_type": "What the estimate is; hedges_g is Hedges' g over the unadjusted "
    "within-group standard deviation.",
    "estimate": "Effect size, target minus reference.",
    "ci_low": "Lower limit of the 95 % interval of the estimate.",
    "ci_high": "Upper limit of the 95 % interval of the estimate.",
    "difference": "Difference of the mean scores on the scorer's own scale.",
    "se": "Standard error of the difference.",
    "df": "Degrees of freedom of the test.",
    "statistic": "t statistic of the difference.",
    "p_value": "Two-sided p of the difference; empty where no test is allowed.",
    "p_permutation": "Two-sided p by studentised permutation of the labels.",
    "p_floor": "Smallest permutation p that this design can reach.",
    "fdr": "Benjamini-Hochberg q in the family of the row; empty outside the family.",
    "direction_expected": "up, down or none: the hypothesis for the target group.",
    "coverage": "Fraction of the genes that were found.",
    "claim": "The class that the claim function gave.",
    "note": "Why a value is missing, or what to know about the row.",
    "unit": "The sample or donor that is tested.",
    "donor": "The person (or culture) that the unit comes from.",
    "group": "The group of the unit: target or reference.",
    "pair": "Units of one donor across the contrast share this value.",
    "score": "Score by the named method; scales differ between methods.",
    "balance": "Id of the balance.",
    "side": "plus or minus: the balance is the plus side minus the minus side.",
    "direction": "up or down: the direction of the genes inside the signature.",
    "n_genes": "Genes of that direction in the signature.",
    "n_found": "Of these, found in the data.",
    "fraction": "n_found / n_genes.",
    "required": "Genes that must be found for a score.",
    "measurable": "Whether the requirement is met.",
    "reason": "Why it is not measurable.",
    "missing": "Genes that were not found.",
    "matched_by_alias": "Genes found under a former or alias symbol.",
    "ambiguous": "Genes whose alias fits two genes: reported, never guessed.",
    "role": "mechanism, covariate (composition), confounder or qc.",
    "in_adjustment": "Whether its genes enter the adjustment for composition.",
    "components": "Principal components of the panel's genes used in the adjustment.",
    "group_r2": "How much of the grouping the composition covariates explain (R squared).",
    "estimate_raw": "Effect before the adjustment.",
    "estimate_adjusted": "Effect after the adjustment, over the same standard deviation.",
    "shrinkage": "1 - adjusted / raw: the part of the effect that the adjustment takes away.",
    "p_raw": "p before the adjustment.",
    "p_adjusted": "p after the adjustment.",
    "q_raw": "Benjamini-Hochberg q of p_raw over the family.",
    "q_claim": "Benjamini-Hochberg q of the larger of p_raw and p_adjusted: what claims rest on.",
    "robustness_value": "How strong an unmeasured confounder would have to be to remove the "
    "effect: the partial R squared it needs with both the group and the score "
    "(Cinelli and Hazlett).",
    "same_sign_methods": "Sensitivity methods whose effect has the same sign.",
    "same_sign_choices": "Choices of the specification curve whose effect has the same sign.",
    "gates": "What the two gates before `supported` found; empty where nothing stood before them.",
    "worst_gene": "The gene whose absence weakens the effect most.",
    "p_without_gene": "p without that gene.",
    "difference_low": "Smallest difference when one gene is left out.",
    "difference_high": "Largest difference when one gene is left out.",
    "random_low": "2.5 % quantile of the difference of matched random sets.",
    "random_high": "97.5 % quantile of the difference of matched random sets.",
    "fry_p": "p of fry, a rotation test of the signature's genes together.",
    "camera_p": "p of camera: do its genes differ more than all others, correlation estimated.",
    "gene_correlation": "Mean correlation between the signature's genes, as camera estimates it.",
    "draws": "Labellings of the units other than the true one and its mirror image.",
    "false_claims": "Share of labellings under which the unchanged data would be called supported.",
    "smallest_shift": "Smallest shift of the signature's genes (log2) in the target group that is "
    "called supported in 80 % of labellings; empty where none is.",
    "claimed_share": "Share of labellings in which that shift, or the largest, is so called.",
    "cells_alone": "Share of labellings under which a change of cells alone (2 SD of the panel's "
    "leading direction) would be called supported.",
    "primary": "Whether the claim rests on this choice.",
    "gene": "Identifier of the gene in the data.",
    "symbol": "Its symbol, where a signature uses the gene.",
    "mean": "Mean over the units, log2.",
    "topic": "What the notice is about.",
    "text": "The notice.",
    "truth": "regulated, composition, shares genes, or null.",
    "planted_sd": "Planted effect in standard deviations.",
}
_IN_TABLE = {
    ("composition", "signature"): "Id of the panel's signature.",
    ("coverage", "signature"): "Id of the signature.",
    ("effects", "coverage"): "Fraction of the signature's genes that were found.",
}


def explain(table: str, column: str) -> str:
    """Return what a column means; a score column is named by its signature."""
    known = _IN_TABLE.get((table, column)) or _SHARED.get(column)
    if known:
        return known
    return f"Score of {column} by the primary method." if table == "scores" else ""


def explanations(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row a column of every table: sheet, column, meaning."""
    rows = [
        {"sheet": name, "column": str(column), "meaning": explain(name, str(column))}
        for name, frame in tables.items()
        for column in frame.columns
    ]
    return pd.DataFrame(rows, columns=["sheet", "column", "meaning"])
