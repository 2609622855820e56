"""From a signature's genes to the rows of the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mechanisms.errors import DataError
from mechanisms.genes.spaces import text, whole
from mechanisms.genes.tables import Gene, known_genes, named, names_like, rodent_genes
from mechanisms.vocabulary import IDENTIFIER_SPACES, SPECIES, nearest

if TYPE_CHECKING:
    import pandas as pd

RESOLVED_COLUMNS = ("gene", "position", "found_as", "status", "detail")
STATUSES = ("exact", "previous", "alias", "ortholog", "ambiguous", "absent", "no_ortholog")


def resolve(
    genes: Sequence[str], ids: Sequence[object], *, space: str = "symbol", species: str = "human"
) -> pd.DataFrame:
    """Find each gene of a signature among the identifiers of the data.

    An id spelled exactly like the gene wins, then its previous symbol, then an alias of this
    gene alone. A name that fits two genes, or two rows that fit one gene equally well, are
    `ambiguous`. Of several Ensembl ids the first listed (GENCODE's) wins where it is there. In
    mouse and rat one-to-one orthologs are taken. A user's gene may be written as an old symbol, a
    name of one gene, in small letters, as an Entrez or Ensembl id, or as the mouse or rat symbol;
    a gene that no table knows matches exactly only.

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
    names = text(ids)
    if space == "entrez":
        names = [whole(name) for name in names]
    positions = dict(zip(names, range(len(names)), strict=True))
    if len(positions) != len(names):
        twice = next(name for i, name in enumerate(names) if positions[name] != i)
        raise DataError(
            f"The identifier {twice!r} stands in two rows of the data ({len(names)} rows, "
            f"{len(positions)} identifiers). Collapse duplicate rows before genes are looked up."
        )
    rows = [(gene, *_find(str(gene), positions, space, species)) for gene in genes]
    return pd.DataFrame(rows, columns=list(RESOLVED_COLUMNS)).astype({"position": "int64"})


Found = tuple[int, str, str, str]  # position, found_as, status, detail


def _find(gene: str, positions: dict[str, int], space: str, species: str) -> Found:
    if own := rodent_genes(species).get(gene):
        listed = own["symbol"] if space == "symbol" else own["ensembl"]
        if space == "entrez":
            return -1, "", "absent", f"the entrez id of {species} {gene} is not in the table"
        return _first_listed(listed, positions, "exact")
    known = known_genes().get(gene)
    if known is None and gene in positions:
        return positions[gene], gene, "exact", ""
    known = known or named(gene)
    if known is None:
        return -1, "", "absent", _why_unknown(gene)
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
        if len(names) == 1:
            said = f"{species} {names[0]} is the ortholog of another human gene too"
            return -1, "", "no_ortholog", f"not one-to-one: {said}"
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


def _why_unknown(gene: str) -> str:
    several = names_like(gene)
    if several:
        return f"{gene} is an alias of {', '.join(g.symbol for g in several)}: write which"
    return "not in the data, and not in the table of genes"


def _check_word(what: str, word: str, allowed: Sequence[str]) -> None:
    if word not in allowed:
        raise DataError(
            f"{word!r} is no {what} that genes can be looked up in{nearest(word, allowed) or '.'} "
            f"Allowed: {', '.join(allowed)}. Probes need their platform's table first."
        )
