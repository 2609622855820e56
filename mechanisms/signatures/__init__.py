"""Signatures: what they are, where they are read from, how they overlap and leave the house."""

from mechanisms.signatures.document import to_dict, to_json
from mechanisms.signatures.files import read_signatures
from mechanisms.signatures.gmt import to_gmt
from mechanisms.signatures.long import to_frame, to_long
from mechanisms.signatures.model import Balance, Collection, Edit, Signature, split_member
from mechanisms.signatures.overlap import (
    best_match,
    effective_number,
    overlap,
    private_genes,
    shared_genes,
)
from mechanisms.signatures.variants import described_changes, disjoint, for_species, strict, variant

__all__ = [
    "Balance",
    "Collection",
    "Edit",
    "Signature",
    "best_match",
    "described_changes",
    "disjoint",
    "effective_number",
    "for_species",
    "overlap",
    "private_genes",
    "read_signatures",
    "shared_genes",
    "split_member",
    "strict",
    "to_dict",
    "to_frame",
    "to_gmt",
    "to_json",
    "to_long",
    "variant",
]
