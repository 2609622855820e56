"""Identifier spaces, aliases and orthologs: from a signature's genes to the rows of the data.

Signatures are translated into the data's identifiers, never the data into symbols. The shipped
signatures' genes stand in gene_sets/genes.tsv; users' own genes are looked up in other_genes.tsv,
which is read only for them, and genes that a signature has in rodents only in rodent_genes.tsv.

approved symbol: what the gene is called today. previous: what it was officially called before.
alias: any other name. An alias that fits two genes is reported, never guessed.
"""

from mechanisms.genes.lookup import RESOLVED_COLUMNS, STATUSES, resolve
from mechanisms.genes.spaces import Identified, identify
from mechanisms.genes.spelling import Spelling, rodent_spelling, spelling
from mechanisms.genes.tables import Gene, known_genes

__all__ = [
    "RESOLVED_COLUMNS",
    "STATUSES",
    "Gene",
    "Identified",
    "Spelling",
    "identify",
    "known_genes",
    "resolve",
    "rodent_spelling",
    "spelling",
]
