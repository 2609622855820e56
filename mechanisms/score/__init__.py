"""Scores of signatures in samples: one ranking pass, a registry of methods, coverage, balances."""

from mechanisms.score.balances import all_sides, balance_scores
from mechanisms.score.coverage import Rule, lowest_fraction, measurable
from mechanisms.score.methods import METHODS, method
from mechanisms.score.run import coverage, sample_report, score, score_members

__all__ = [
    "METHODS",
    "Rule",
    "all_sides",
    "balance_scores",
    "coverage",
    "lowest_fraction",
    "measurable",
    "method",
    "sample_report",
    "score",
    "score_members",
]
