"""Challenge effects: does anything else explain them, and what may be claimed?"""

from mechanisms.challenge.again import Again, panel_expression, prepare
from mechanisms.challenge.claims import Evidence, classify, classify_balance
from mechanisms.challenge.composition import panel_genes, score_genes
from mechanisms.challenge.run import Challenged, challenge
from mechanisms.challenge.specification import agreement, specifications
from mechanisms.challenge.trust import certificate_of_study, genes_of_study, sets_of_study

__all__ = [
    "Again",
    "Challenged",
    "Evidence",
    "agreement",
    "certificate_of_study",
    "challenge",
    "classify",
    "classify_balance",
    "genes_of_study",
    "panel_expression",
    "panel_genes",
    "prepare",
    "score_genes",
    "sets_of_study",
    "specifications",
]
