"""Words, column names and allowed values: the one place where they are spelled."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

RESORBING, NON_RESORBING = "resorbing", "non_resorbing"

ROLES = ("mechanism", "covariate", "confounder", "qc")
TIERS = ("core", "extended")
EXPECTED = ("up", "down", "none")
GRADES = ("A", "B", "C", "D")

IDENTIFIER_SPACES = ("symbol", "ensembl", "entrez")
SPECIES = ("human", "mouse", "rat")
SCALES = ("counts", "linear", "log")
COLLAPSE_RULES = ("max_mean", "median", "sum")
SIGNATURE_MODES = ("full", "strict", "disjoint")

TISSUES = (
    "herniation",
    "nucleus_pulposus",
    "annulus_fibrosus",
    "endplate",
    "blood",
    "synovium",
    "purified_cells",
    "cultured_cells",
    "other",
)
# Tissues in which the composition panel would measure the state, not the mixture.
UNMIXED_TISSUES = ("purified_cells", "cultured_cells")

LABEL_BASES = {
    "mri_followup": "follow-up MRI of the herniation itself",
    "mri_preop_interval": "change between two MRI before surgery",
    "herniation_type": "type of herniation, a proxy that also decides which tissue is in the tube",
    "containment": "containment of the herniation, a proxy",
    "rim_enhancement": "rim enhancement on MRI, a proxy that measures vessels",
    "histology": "histology of the sample, a proxy",
    "clinical_recovery": "clinical recovery, which is not resorption",
    "animal_time_course": "time after injury in an animal",
    "disease_state": "diagnosis, not resorption",
    "in_vitro": "treatment of cells in culture",
    "simulated": "simulation: the truth is known because it was planted",
    "other": "another basis, described by the study's authors",
}

EFFECT_COLUMNS = (
    "signature",
    "kind",
    "mechanism",
    "method",
    "contrast",
    "cell_type",
    "adjustment",
    "n_target",
    "n_reference",
    "effect_type",
    "estimate",
    "ci_low",
    "ci_high",
    "difference",
    "se",
    "df",
    "statistic",
    "p_value",
    "p_permutation",
    "p_floor",
    "fdr",
    "direction_expected",
    "coverage",
    "claim",
    "note",
)
COVERAGE_COLUMNS = (
    "signature",
    "direction",
    "n_genes",
    "n_found",
    "fraction",
    "required",
    "measurable",
    "reason",
    "missing",
    "matched_by_alias",
    "ambiguous",
)
COMPOSITION_COLUMNS = (
    "signature",
    "role",
    "in_adjustment",
    "n_target",
    "n_reference",
    "estimate",
    "ci_low",
    "ci_high",
    "difference",
    "se",
    "df",
    "statistic",
    "p_value",
    "coverage",
    "note",
)
ROBUSTNESS_COLUMNS = (
    "signature",
    "kind",
    "components",
    "group_r2",
    "estimate_raw",
    "estimate_adjusted",
    "shrinkage",
    "p_raw",
    "p_adjusted",
    "q_raw",
    "q_claim",
    "robustness_value",
    "same_sign_methods",
    "same_sign_choices",
    "gates",
    "worst_gene",
    "p_without_gene",
    "difference_low",
    "difference_high",
    "random_low",
    "random_high",
    "fry_p",
    "camera_p",
    "gene_correlation",
)

LEVELS = ("refuse", "describe", "descriptive", "tested")

NOT_MEASURABLE = "not measurable"
DESCRIPTIVE = "descriptive"
NOT_SEPARABLE = "not separable from composition"
ONE_GENE = "one gene"
NOT_BEYOND_RANDOM = "not distinguishable from random sets"
SUPPORTED = "supported"
SUPPORTED_OPPOSITE = "supported, opposite direction"
EXPLAINED = "explained by composition"
SUGGESTIVE = "suggestive"
NO_EVIDENCE = "no evidence"
ONE_SIDE = "one side only"

CLAIMS = {
    NOT_MEASURABLE: "too few of its genes are in the data, or too few units have a score",
    DESCRIPTIVE: "shown without a claim: the study is too small or its donors are unknown",
    NOT_SEPARABLE: "differs, but the data cannot tell regulation from a change of cells",
    ONE_GENE: "differs, but one gene carries it",
    NOT_BEYOND_RANDOM: "differs, but no more than random sets of such genes",
    SUPPORTED: "differs, and a change of cells does not explain it",
    SUPPORTED_OPPOSITE: "differs against the expected direction, and a change of cells does not "
    "explain it",
    EXPLAINED: "differs, but no evidence remains beyond the number of cells",
    SUGGESTIVE: "between 5 and 10 % false discovery rate",
    NO_EVIDENCE: "no evidence of a difference; the interval says how large one could be",
    ONE_SIDE: "a balance of which only one side moves: read the sides",
}


def nearest(word: object, allowed: Iterable[object]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest allowed word, or an empty string."""
    known = {str(a).lower(): str(a) for a in allowed}
    hit = difflib.get_close_matches(str(word).lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {known[hit[0]]!r}?" if hit else ""
