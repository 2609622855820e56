"""The tables of genes: what a gene is called, was called, and is called in mouse and rat."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from mechanisms.vocabulary import SPECIES

RODENTS = SPECIES[1:]
TABLES = ("genes.tsv", "other_genes.tsv")
# How a name is looked up: the first kind that knows it wins.
FIELDS = ("symbol", "previous", "aliases", "entrez", "ensembl", "small", "rodent")


class Gene(NamedTuple):
    """One row of genes.tsv."""

    symbol: str
    entrez: tuple[str, ...]
    ensembl: tuple[str, ...]  # GENCODE's first
    previous: tuple[str, ...]
    aliases: tuple[str, ...]  # of this gene alone
    ambiguous_aliases: tuple[str, ...]  # of another gene too
    orthologs: dict[str, str]  # species -> "Tnf", "none" or "many:A|B"
    ortholog_ensembl: dict[str, tuple[str, ...]]
    ortholog_previous: dict[str, tuple[str, ...]]


def known_genes() -> dict[str, Gene]:
    """Every gene of gene_sets/genes.tsv by approved symbol (read once for each process)."""
    return index("genes.tsv")["symbol"]


def named(gene: str) -> Gene | None:
    """The one human gene that a name, an Entrez or an Ensembl id stands for, or None.

    The approved symbol wins, then a previous symbol, then an alias of one gene, an id, the name
    in small letters, and the symbol of a one-to-one ortholog in mouse or rat.
    """
    for field in FIELDS:
        for table in TABLES:
            if found := index(table)[field].get(gene):
                return found
    return None


def names_like(gene: str) -> list[Gene]:
    """The genes of which a name is an alias, when they are several."""
    both = [index(table)["ambiguous"].get(gene, ()) for table in TABLES]
    return [*both[0], *both[1]]


def approved_symbols() -> tuple[str, ...]:
    """Every approved symbol of both tables."""
    return tuple(symbol for table in TABLES for symbol in index(table)["symbol"])


@cache
def table(name: str) -> tuple[Gene, ...]:
    def cells(row: dict[str, str], column: str) -> tuple[str, ...]:
        return tuple(row[column].split("|")) if row[column] else ()

    return tuple(
        Gene(
            symbol=row["symbol"],
            entrez=cells(row, "entrez"),
            ensembl=cells(row, "ensembl"),
            previous=cells(row, "previous"),
            aliases=cells(row, "aliases"),
            ambiguous_aliases=cells(row, "ambiguous_aliases"),
            orthologs={s: row[s] for s in RODENTS},
            ortholog_ensembl={s: cells(row, f"{s}_ensembl") for s in RODENTS},
            ortholog_previous={s: cells(row, f"{s}_previous") for s in RODENTS},
        )
        for row in _rows(name)
    )


@cache
def index(name: str) -> dict[str, dict[str, Any]]:
    """The genes of one table by each kind of name; `ambiguous` names lead to several."""
    genes = table(name)
    found: dict[str, dict[str, Any]] = {"symbol": {g.symbol: g for g in genes}}
    for field in ("previous", "aliases", "entrez", "ensembl"):
        found[field] = {name: gene for gene in genes for name in getattr(gene, field)}
    # Only names without capitals: Tnf is the mouse's, and told by the table of orthologs.
    found["small"] = {g.symbol.lower(): g for g in genes}
    found["rodent"] = {}
    for gene in genes:
        for species in RODENTS:
            if not gene.orthologs[species].startswith(("none", "many:")):
                found["rodent"].setdefault(gene.orthologs[species], gene)
    found["ambiguous"] = {}
    for gene in genes:
        for alias in gene.ambiguous_aliases:
            found["ambiguous"].setdefault(alias, []).append(gene)
    return found


@cache
def rodent_genes(species: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Genes that signatures have in this rodent only: symbol -> its names and Ensembl ids."""
    return {
        row["symbol"]: {
            "symbol": (row["symbol"], *filter(None, row["other_names"].split("|"))),
            "ensembl": tuple(row["ensembl"].split("|")),
        }
        for row in _rows("rodent_genes.tsv")
        if row["species"] == species
    }


def _rows(name: str) -> Iterable[dict[str, str]]:
    path = files("mechanisms.gene_sets").joinpath(name)
    lines = path.read_text(encoding="utf-8").splitlines()
    return csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


@cache
def human_names() -> frozenset[str]:
    names = index("genes.tsv")
    return frozenset({*names["symbol"], *names["previous"], *names["aliases"]})


@cache
def rodent_names(species: str) -> frozenset[str]:
    return frozenset(
        {
            name
            for gene in table("genes.tsv")
            for name in (gene.orthologs[species], *gene.ortholog_previous[species])
        }
    )
