"""Challenge effects: does anything else explain them, and what may be claimed?"""

from mechanisms.challenge.again import Again, prepare
from mechanisms.challenge.claims import Evidence, classify, classify_balance
from mechanisms.challenge.composition import panel_genes
from mechanisms.challenge.run import Challenged, challenge

__all__ = [
    "Again",
    "Challenged",
    "Evidence",
    "challenge",
    "classify",
    "classify_balance",
    "panel_genes",
    "prepare",
]
