"""Which names are genes that the signatures know: evidence where the form of ids has none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mechanisms.genes import known_genes


def count_known(names: Iterable[str]) -> int:
    """Count the distinct genes of the collection among symbols, Entrez and Ensembl ids."""
    table = _names()
    return len({table[name] for name in names if name in table})


def known_among(names: Iterable[str]) -> list[str]:
    """Return the collection's genes (approved symbols) among names, sorted."""
    table = _names()
    return sorted({table[name] for name in names if name in table})


@cache
def _names() -> dict[str, str]:
    """Every unambiguous name -> the approved human symbol."""
    names: dict[str, str] = {}
    for gene in known_genes().values():
        rodent = [name for group in gene.ortholog_ensembl.values() for name in group]
        for name in (*gene.aliases, *gene.previous, *gene.entrez, *gene.ensembl, *rodent):
            names.setdefault(name, gene.symbol)
        for name in gene.orthologs.values():
            if name != "none" and not name.startswith("many:"):
                names.setdefault(name, gene.symbol)
    return names | {symbol: symbol for symbol in known_genes()}
