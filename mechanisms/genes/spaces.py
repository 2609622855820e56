"""Which identifiers a matrix has, and of which species, from the ids alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mechanisms.errors import DataError
from mechanisms.genes.tables import human_names, index, rodent_names

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
    names = text(ids)
    if not names:
        raise DataError(
            "The matrix has no gene identifiers. Check that genes are rows (or var) and that the "
            "column of identifiers is the right one."
        )
    n, joined = len(names), "\n".join(names)
    hits = {species: pattern.findall(joined) for species, pattern in ENSEMBL.items()}
    species = max(hits, key=lambda s: len(hits[s]))
    share = len(hits[species]) / n
    if share >= MOSTLY:
        versioned = sum(map(bool, hits[species])) >= MOSTLY * len(hits[species])
        said = f"{share:.0%} are Ensembl gene ids of {species}"
        return Identified("ensembl", versioned, share, said, species)
    share = len(DIGITS.findall(joined)) / n
    if share >= MOSTLY:
        known = len(index("genes.tsv")["entrez"].keys() & {whole(name) for name in names})
        said = f"{share:.0%} are whole numbers; {known} are Entrez ids of the collection's genes"
        species = "human" if known >= max(1, HUMAN_ENTREZ * n) else "unknown"
        return Identified("entrez", False, share, said, species)
    counts = {kind: len(pattern.findall(joined)) / n for kind, pattern in OTHERS.items()}
    kind = max(counts, key=lambda k: counts[k])
    if counts[kind] >= MOSTLY:
        said = f"{counts[kind]:.0%} are {kind}, not genes"
        return Identified("unknown", False, counts[kind], said, "unknown")
    return _symbols(names, joined)


def _symbols(names: list[str], joined: str) -> Identified:
    n, present = len(names), set(names)
    share = len(SYMBOL.findall(joined)) / n
    human = len(present & human_names())
    rodent = {s: len(present & rodent_names(s)) for s in ("mouse", "rat")}
    known = max(human, *rodent.values())
    if share < MOSTLY or (not known and n >= STRANGERS):
        said = f"{share:.0%} look like symbols and {known} are genes of the collection"
        return Identified("unknown", False, share, said, "unknown")
    title = len(TITLE_CASE.findall(joined)) / n
    if not known:
        species = "unknown"
    elif max(rodent.values()) > human and title > 0.3:
        species = "rat" if rodent["rat"] > rodent["mouse"] else "mouse"
    else:
        species = "human"
    said = f"{share:.0%} look like symbols; {known} are {species} genes of the collection"
    return Identified("symbol", False, share, said, species)


def text(ids: Iterable[object]) -> list[str]:
    return [str(name) for name in ids]


def whole(name: str) -> str:
    """``"7124.0"``, as pandas writes integers beside missing values, is ``"7124"``."""
    return name[:-2] if name.endswith(".0") else name
