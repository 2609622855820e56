"""Is a name the approved symbol of a gene, and if not, what was meant?"""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import NamedTuple

from mechanisms.genes.spaces import ENSEMBL
from mechanisms.genes.tables import (
    TABLES,
    approved_symbols,
    index,
    named,
    names_like,
    rodent_genes,
    table,
)

# Names of the years in which Excel took them for dates; two of them name two families.
MONTHS = re.compile(r"(SEPT?|MARC?H?|DEC|OCT|NOV|FEB|APR)-?0?(\d{1,2})", re.IGNORECASE)
CLOSE = 0.7


class Spelling(NamedTuple):
    """How a name stands to the approved symbols.

    `kind` is ``approved``, ``outdated`` (an old symbol or a name of one gene), ``ambiguous`` (a
    name of several), ``capitals``, ``rodent``, ``id`` (Entrez or Ensembl) or ``unknown``;
    `symbols` are the approved symbols it may stand for, the nearest one where it is unknown.
    """

    kind: str
    symbols: tuple[str, ...]


@cache
def spelling(name: str) -> Spelling:
    """Compare a name with every approved human symbol, old symbol and alias."""
    gene = named(name)
    if gene is not None and gene.symbol == name:
        return Spelling("approved", (name,))
    several = names_like(name)
    if several and not (gene and name in gene.previous):
        return Spelling("ambiguous", tuple(sorted(g.symbol for g in several)))
    if gene is None:
        if ENSEMBL["human"].match(name):
            return Spelling("id", ())
        return Spelling("unknown", _nearest(name))
    if name in gene.previous or name in gene.aliases:
        return Spelling("outdated", (gene.symbol,))
    if name in gene.entrez or name in gene.ensembl:
        return Spelling("id", (gene.symbol,))
    kind = "capitals" if name.lower() == name else "rodent"
    return Spelling(kind, (gene.symbol,))


def rodent_spelling(name: str, species: str) -> bool:
    """Is it a symbol of that rodent, as far as the tables know?

    They know orthologs of human genes, relatives of those, and the genes that signatures name.
    """
    return name in rodent_genes(species) or name in _rodent_symbols(species)


def _nearest(name: str) -> tuple[str, ...]:
    """The symbol that was probably meant: without hyphens and case, else the most similar one."""
    bare = re.sub(r"[^A-Z0-9]", "", name.upper())
    folded = _folded()
    if bare in folded:
        return (folded[bare],)
    near = [s for s in _by_letter().get(bare[:1], ()) if abs(len(s) - len(bare)) < 3]
    return tuple(difflib.get_close_matches(bare, near, n=1, cutoff=CLOSE))


@cache
def _by_letter() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for symbol in approved_symbols():
        found.setdefault(symbol[:1], []).append(symbol)
    return found


@cache
def _folded() -> dict[str, str]:
    """Approved symbols, then names of one gene, by their letters and digits in capitals."""
    found: dict[str, str] = {}
    for field in ("symbol", "previous", "aliases"):
        for one in TABLES:
            for name, gene in index(one)[field].items():
                found.setdefault(re.sub(r"[^A-Z0-9]", "", name.upper()), gene.symbol)
    return found


@cache
def _rodent_symbols(species: str) -> frozenset[str]:
    listed = (gene.orthologs[species].removeprefix("many:") for t in TABLES for gene in table(t))
    return frozenset(name for names in listed for name in names.split("|"))
