"""Compare groups of donors: units, design, tests, permutation, effect sizes, evidence level."""

from mechanisms.compare.contrast import Contrast, select_groups
from mechanisms.compare.design import Design, build_design
from mechanisms.compare.evidence import LEVEL_TEXT, evidence_level
from mechanisms.compare.linear import choose_test
from mechanisms.compare.power import detectable, power
from mechanisms.compare.run import compare_scores, effect_rows, family, family_fdr
from mechanisms.compare.units import Units, build_units

__all__ = [
    "LEVEL_TEXT",
    "Contrast",
    "Design",
    "Units",
    "build_design",
    "build_units",
    "choose_test",
    "compare_scores",
    "detectable",
    "effect_rows",
    "evidence_level",
    "family",
    "family_fdr",
    "power",
    "select_groups",
]
