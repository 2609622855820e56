"""Identifier spaces, aliases and orthologs: from a signature's genes to the rows of the data.

Signatures are translated into the data's identifiers, never the data into symbols, so that
only the signatures' own genes need a table (gene_sets/genes.tsv).

approved symbol: what the gene is called today. previous: what it was officially called before.
alias: any other name. An alias that fits two genes is reported, never guessed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from mechanisms.errors import DataError
from mechanisms.vocabulary import IDENTIFIER_SPACES, SPECIES, nearest

if TYPE_CHECKING:
    import pandas as pd

RESOLVED_COLUMNS = ("gene", "position", "found_as", "status", "detail")
STATUSES = ("exact", "previous", "alias", "ortholog", "ambiguous", "absent", "no_ortholog")
MOSTLY = 0.5  # the share of ids that must fit a space
HUMAN_ENTREZ = 0.02  # of a human genome 5 % are known genes; of a mouse's, by chance, 0.4 %
STRANGERS = 200  # so many symbol-like ids without one known gene are something else

ENSEMBL = {
    "human": re.compile(r"^ENSG\d{11}(\.\d+\S*)?$", re.MULTILINE),
    "mouse": re.compile(r"^ENSMUSG\d{11}(\.\d+\S*)?$", re.MULTILINE),
    "rat": re.compile(r"^ENSRNOG\d{11}(\.\d+\S*)?$", re.MULTILINE),
}
DIGITS = re.compile(r"^\d+(?:\.0)?$", re.MULTILINE)
SYMBOL = re.compile(r"^[A-Za-z][A-Za-z0-9.@-]*$", re.MULTILINE)
TITLE_CASE = re.compile(r"^[A-Z][a-z][a-z0-9-]*$", re.MULTILINE)
# Ids of other kinds; several of them would pass for symbols.
OTHERS = {
    "Affymetrix probe sets": re.compile(r"^\S+_(?:[a-z]_)?at$", re.MULTILINE),
    "Affymetrix transcript clusters": re.compile(r"^TC\w+\.hg\.\d$", re.MULTILINE),
    "Illumina probes": re.compile(r"^ILMN_\d+$", re.MULTILINE),
    "Agilent probes": re.compile(r"^A_\d\d_P\d+$", re.MULTILINE),
    "transcripts or proteins of Ensembl": re.compile(r"^ENS[A-Z]*[TPE]\d{11}\S*$", re.MULTILINE),
    "Ensembl genes of another species": re.compile(
        r"^ENS(?!MUSG|RNOG)[A-Z]{3,4}G\d{11}\S*$", re.MULTILINE
    ),
    "RefSeq accessions": re.compile(r"^[NX][MRP]_\d+\S*$", re.MULTILINE),
    "UniProt accessions": re.compile(
        r"^(?:[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z0-9]{2}\d){1,2})(?:-\d+)?$",
        re.MULTILINE,
    ),
}


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


@dataclass(frozen=True, slots=True)
class Identified:
    """What the identifiers of a matrix are.

    `space` is ``symbol``, ``ensembl``, ``entrez`` or ``unknown``; `fraction` is the share of ids
    (0 to 1) that fit it; `species` is ``human``, ``mouse``, ``rat`` or ``unknown``.
    """

    space: str
    versioned: bool
    fraction: float
    evidence: str
    species: str


def identify(ids: Sequence[object]) -> Identified:
    """Tell the identifier space, and the species, from the ids of a matrix.

    Parameters
    ----------
    ids
        The ids as they stand in the data, versions included.

    Raises
    ------
    DataError
        When there are none.
    """
    names = _text(ids)
    if not names:
        raise DataError(
            "The matrix has no gene identifiers. Check that genes are rows (or var) and that the "
            "column of identifiers is the right one."
        )
    n, text = len(names), "\n".join(names)
    hits = {species: pattern.findall(text) for species, pattern in ENSEMBL.items()}
    species = max(hits, key=lambda s: len(hits[s]))
    share = len(hits[species]) / n
    if share >= MOSTLY:
        versioned = sum(map(bool, hits[species])) >= MOSTLY * len(hits[species])
        said = f"{share:.0%} are Ensembl gene ids of {species}"
        return Identified("ensembl", versioned, share, said, species)
    share = len(DIGITS.findall(text)) / n
    if share >= MOSTLY:
        known = len(_by("entrez").keys() & {_whole(name) for name in names})
        said = f"{share:.0%} are whole numbers; {known} are Entrez ids of the collection's genes"
        species = "human" if known >= max(1, HUMAN_ENTREZ * n) else "unknown"
        return Identified("entrez", False, share, said, species)
    counts = {kind: len(pattern.findall(text)) / n for kind, pattern in OTHERS.items()}
    kind = max(counts, key=lambda k: counts[k])
    if counts[kind] >= MOSTLY:
        said = f"{counts[kind]:.0%} are {kind}, not genes"
        return Identified("unknown", False, counts[kind], said, "unknown")
    return _symbols(names, text)


def resolve(
    genes: Sequence[str], ids: Sequence[object], *, space: str = "symbol", species: str = "human"
) -> pd.DataFrame:
    """Find each gene of a signature among the identifiers of the data.

    An id spelled exactly like the gene wins, then its previous symbol, then an alias of this
    gene alone. A name that fits two genes, or two rows that fit one gene equally well, are
    `ambiguous`. Of several Ensembl ids the first listed (GENCODE's) wins where it is there. In
    mouse and rat one-to-one orthologs are taken. A gene outside genes.tsv matches exactly only.

    Parameters
    ----------
    genes
        Approved human symbols (or users' own ids).
    ids
        The data's identifiers: unique, Ensembl versions taken off.
    space
        ``symbol``, ``ensembl`` or ``entrez``.
    species
        ``human``, ``mouse`` or ``rat``: of the data.

    Returns
    -------
    pandas.DataFrame
        Columns `RESOLVED_COLUMNS`, one row a gene in the order given; `position` counts from 0
        and is -1 unless one row was found.

    Raises
    ------
    DataError
        On another space or species, or on ids that occur twice.
    """
    import pandas as pd

    _check_word("space of identifiers", space, IDENTIFIER_SPACES)
    _check_word("species", species, SPECIES)
    names = _text(ids)
    if space == "entrez":
        names = [_whole(name) for name in names]
    positions = dict(zip(names, range(len(names)), strict=True))
    if len(positions) != len(names):
        twice = next(name for i, name in enumerate(names) if positions[name] != i)
        raise DataError(
            f"The identifier {twice!r} stands in two rows of the data ({len(names)} rows, "
            f"{len(positions)} identifiers). Collapse duplicate rows before genes are looked up."
        )
    rows = [(gene, *_find(str(gene), positions, space, species)) for gene in genes]
    return pd.DataFrame(rows, columns=list(RESOLVED_COLUMNS)).astype({"position": "int64"})


def known_genes() -> dict[str, Gene]:
    """Every gene of gene_sets/genes.tsv by approved symbol (read once for each process)."""
    return _by("symbol")


Found = tuple[int, str, str, str]  # position, found_as, status, detail


def _find(gene: str, positions: dict[str, int], space: str, species: str) -> Found:
    known = _by("symbol").get(gene)
    if known is None and gene in positions:
        return positions[gene], gene, "exact", ""
    known = known or _renamed(gene)
    if known is None:
        return -1, "", "absent", "not in the data, and not in the table of genes"
    if species != "human":
        return _find_ortholog(known, positions, space, species)
    if space == "symbol":
        return _find_symbol(known, gene, positions)
    listed = known.ensembl if space == "ensembl" else known.entrez
    return _first_listed(listed, positions, "exact")


def _find_symbol(known: Gene, gene: str, positions: dict[str, int]) -> Found:
    if known.symbol in positions:
        status = "exact" if gene == known.symbol else "alias"
        return positions[known.symbol], known.symbol, status, ""
    for status, names in (("previous", known.previous), ("alias", known.aliases)):
        there = [name for name in names if name in positions]
        if len(there) == 1:
            return positions[there[0]], there[0], status, ""
        if there:
            return -1, "|".join(there), "ambiguous", f"{len(there)} rows fit this gene equally well"
    there = [name for name in known.ambiguous_aliases if name in positions]
    if there:
        said = f"{', '.join(there)} is an alias of {known.symbol} and of another gene"
        return -1, "|".join(there), "ambiguous", said
    return -1, "", "absent", ""


def _find_ortholog(known: Gene, positions: dict[str, int], space: str, species: str) -> Found:
    symbol = known.orthologs[species]
    if symbol == "none":
        return -1, "", "no_ortholog", f"no {species} ortholog"
    if symbol.startswith("many:"):
        names = symbol.removeprefix("many:").split("|")
        return -1, "", "no_ortholog", f"not one-to-one in {species}: {', '.join(names)}"
    if space == "symbol":
        return _first_listed((symbol, *known.ortholog_previous[species]), positions, "ortholog")
    if space == "ensembl" and known.ortholog_ensembl[species]:
        return _first_listed(known.ortholog_ensembl[species], positions, "ortholog")
    return -1, "", "absent", f"the {space} id of {species} {symbol} is not in the table of genes"


def _first_listed(listed: Iterable[str], positions: dict[str, int], status: str) -> Found:
    there = [name for name in listed if name in positions]
    if not there:
        return -1, "", "absent", ""
    first = next(iter(listed))
    if len(there) == 1:
        return positions[there[0]], there[0], status, ""
    if there[0] == first:
        said = f"of {len(there)} rows of this gene; the others: {', '.join(there[1:])}"
        return positions[first], first, status, said
    said = f"{len(there)} rows of this gene, none of them on the primary assembly"
    return -1, "|".join(there), "ambiguous", said


def _renamed(gene: str) -> Gene | None:
    """A user's gene written as an old symbol, an alias of one gene, an Entrez or Ensembl id."""
    for space in ("previous", "aliases", "entrez", "ensembl"):
        if gene in _by(space):
            return _by(space)[gene]
    return None


def _symbols(names: list[str], text: str) -> Identified:
    n, present = len(names), set(names)
    share = len(SYMBOL.findall(text)) / n
    human = len(present & _human_names())
    rodent = {s: len(present & _rodent_names(s)) for s in ("mouse", "rat")}
    known = max(human, *rodent.values())
    if share < MOSTLY or (not known and n >= STRANGERS):
        said = f"{share:.0%} look like symbols and {known} are genes of the collection"
        return Identified("unknown", False, share, said, "unknown")
    title = len(TITLE_CASE.findall(text)) / n
    if not known:
        species = "unknown"
    elif max(rodent.values()) > human and title > 0.3:
        species = "rat" if rodent["rat"] > rodent["mouse"] else "mouse"
    else:
        species = "human"
    said = f"{share:.0%} look like symbols; {known} are {species} genes of the collection"
    return Identified("symbol", False, share, said, species)


def _check_word(what: str, word: str, allowed: Sequence[str]) -> None:
    if word not in allowed:
        raise DataError(
            f"{word!r} is no {what} that genes can be looked up in{nearest(word, allowed) or '.'} "
            f"Allowed: {', '.join(allowed)}. Probes need their platform's table first."
        )


def _text(ids: Iterable[object]) -> list[str]:
    return [str(name) for name in ids]


def _whole(name: str) -> str:
    """``"7124.0"``, as pandas writes integers beside missing values, is ``"7124"``."""
    return name[:-2] if name.endswith(".0") else name


@cache
def _table() -> tuple[Gene, ...]:
    path = files("mechanisms.gene_sets").joinpath("genes.tsv")
    lines = path.read_text(encoding="utf-8").splitlines()

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
            orthologs={s: row[s] for s in SPECIES[1:]},
            ortholog_ensembl={s: cells(row, f"{s}_ensembl") for s in SPECIES[1:]},
            ortholog_previous={s: cells(row, f"{s}_previous") for s in SPECIES[1:]},
        )
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    )


@cache
def _by(field: str) -> dict[str, Gene]:
    if field == "symbol":
        return {gene.symbol: gene for gene in _table()}
    return {name: gene for gene in _table() for name in getattr(gene, field)}


@cache
def _human_names() -> frozenset[str]:
    return frozenset({*_by("symbol"), *_by("previous"), *_by("aliases")})


@cache
def _rodent_names(species: str) -> frozenset[str]:
    return frozenset(
        {
            name
            for gene in _table()
            for name in (gene.orthologs[species], *gene.ortholog_previous[species])
        }
    )
