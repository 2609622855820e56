"""Signatures: what they are, where they are read from, how they overlap and leave the house."""

from mechanisms.signatures.export import to_dict, to_frame, to_gmt
from mechanisms.signatures.files import read_signatures
from mechanisms.signatures.model import Balance, Collection, Signature, split_member
from mechanisms.signatures.overlap import overlap, shared_genes

__all__ = [
    "Balance",
    "Collection",
    "Signature",
    "overlap",
    "read_signatures",
    "shared_genes",
    "split_member",
    "to_dict",
    "to_frame",
    "to_gmt",
]
