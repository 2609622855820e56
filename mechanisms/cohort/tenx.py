"""10x Genomics matrices: folders of three files, and HDF5, of Cell Ranger 1 to 9.

Formats: https://www.10xgenomics.com/support/software/cell-ranger (feature-barcode matrices).
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from mechanisms.cohort.bundle import Bundle, Member
from mechanisms.cohort.files import Source, decode
from mechanisms.cohort.layout import Ask
from mechanisms.cohort.wording import closest, counted, plain, some
from mechanisms.errors import DataError

if TYPE_CHECKING:
    import h5py

_MTX = re.compile(r"(.*?)matrix\.mtx(\.gz)?", re.I)
_PARTS = {
    "features": re.compile(r"(.*?)(features|genes)\.tsv(\.gz)?", re.I),
    "barcodes": re.compile(r"(.*?)barcodes\.tsv(\.gz)?", re.I),
}
_GENOMES = {
    "human": re.compile(r"GRCh\d+|hg\d+|human|homo", re.I),
    "mouse": re.compile(r"GRCm\d+|mm\d+|mouse|mus", re.I),
    "rat": re.compile(r"Rnor|rn\d+|mRatBN|rat(tus)?", re.I),
}


@dataclass(slots=True)
class Cells:
    """Genes x cells as 10x stores them; `genomes` and `types` hold '' where a version has none."""

    matrix: sparse.csc_matrix
    barcodes: np.ndarray
    ids: np.ndarray
    names: np.ndarray
    types: np.ndarray
    genomes: np.ndarray
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Library:
    """Where one library lies: a name, and how to read its cells."""

    name: str
    read: Callable[[], tuple[Cells, list[Source]]]


def triples(bundle: Bundle, ask: Ask) -> list[Library]:
    """Find the folders, or prefixes of GEO, that hold matrix, features and barcodes."""
    found = []
    for member in bundle.members:
        hit = _MTX.fullmatch(member.base)
        if hit is None:
            continue
        folder, prefix = PurePosixPath(member.name).parent, hit.group(1)
        parts = {k: _part(bundle, folder, prefix, k) for k in _PARTS}
        if missing := [k for k, m in parts.items() if m is None]:
            raise DataError(
                f"{bundle.name}: beside {member.name} there is no {' and no '.join(missing)} file "
                f"({prefix}{missing[0]}.tsv or .tsv.gz). A 10x matrix needs matrix.mtx, "
                f"features.tsv (genes.tsv before version 3) and barcodes.tsv: copy all three."
            )
        name = f"{folder}/{prefix.rstrip('_.-') or 'matrix'}".removeprefix("./")
        found.append(Library(name, _triple(member, parts, name, ask)))
    return found


def stores(members: Iterable[Member], ask: Ask) -> list[Library]:
    """Each 10x HDF5 of a folder is one library."""

    def reader(member: Member) -> Callable[[], tuple[Cells, list[Source]]]:
        def read() -> tuple[Cells, list[Source]]:
            source = member.read()
            return read_store(source, ask), [source]

        return read

    return [Library(m.name, reader(m)) for m in members]


def read_store(source: Source, ask: Ask) -> Cells:
    """Read a 10x HDF5 of any version."""
    import h5py

    try:
        with h5py.File(source.handle(), "r") as store:
            cells = _version_3(store) if "matrix" in store else _version_2(store, source.name, ask)
    except (OSError, KeyError, ValueError) as problem:
        raise DataError(
            f"{source.name}: the 10x HDF5 is incomplete or damaged "
            f"({plain(problem)}). Copy or download "
            f"it again."
        ) from problem
    _refuse_mismatch(cells, source.name)
    return _genes_of_one_genome(cells, source.name, ask)


def _version_3(store: h5py.File) -> Cells:
    group = store["matrix"]
    features = group["features"]
    n = len(features["id"])
    return Cells(
        _matrix(group),
        _text(group["barcodes"]),
        _text(features["id"]),
        _text(features["name"]),
        _text(features["feature_type"]) if "feature_type" in features else np.array([""] * n),
        _text(features["genome"]) if "genome" in features else np.array([""] * n),
    )


def _version_2(store: h5py.File, name: str, ask: Ask) -> Cells:
    """One group a genome; the genes are called genes and gene_names."""
    genomes = [g for g in store if isinstance(store[g], type(store["/"])) and "indptr" in store[g]]
    genome, said = _choose(genomes, name, ask)
    group = store[genome]
    ids = _text(group["genes"])
    cells = Cells(
        _matrix(group),
        _text(group["barcodes"]),
        ids,
        _text(group["gene_names"]),
        np.array([""] * len(ids)),
        np.array([genome] * len(ids)),
    )
    cells.notices += said
    return cells


def _matrix(group: Any) -> sparse.csc_matrix:
    shape = tuple(int(n) for n in group["shape"][()])
    parts = (group["data"][()], group["indices"][()], group["indptr"][()])
    return sparse.csc_matrix(parts, shape=shape)


def _text(dataset: Any) -> np.ndarray:
    return np.asarray(dataset.asstr()[()], dtype=object)


def _choose(genomes: Sequence[str], name: str, ask: Ask) -> tuple[str, list[str]]:
    if ask.genome is not None and ask.genome not in genomes:
        raise DataError(
            f"{name}: data.genes.genome is {ask.genome!r}, which the file does not hold"
            f"{closest(ask.genome, genomes)} It holds {some(genomes)}."
        )
    if len(genomes) == 1:
        return genomes[0], []
    fit = [g for g in genomes if _GENOMES[ask.species].search(g)]
    genome = ask.genome or (fit[0] if len(fit) == 1 else None)
    if genome is None:
        raise DataError(
            f"{name}: the file holds {len(genomes)} genomes ({some(genomes)}) and data.species "
            f"({ask.species}) does not decide between them. Name one as data.genes.genome."
        )
    left = [g for g in genomes if g != genome]
    return genome, [f"{name}: the genome {genome} was read; left out: {', '.join(left)}."]


def _genes_of_one_genome(cells: Cells, name: str, ask: Ask) -> Cells:
    """Leave out antibodies, guides and the other genome's genes, and say how many."""
    keep = np.ones(len(cells.ids), dtype=bool)
    if (cells.types != "").any():
        keep = (cells.types == "Gene Expression") | (cells.types == "")
        if not keep.any():
            raise DataError(
                f"{name}: no feature is of the type Gene Expression (types: "
                f"{some(sorted(set(cells.types)))}). Name the matrix of gene expression."
            )
        if not keep.all():
            cells.notices.append(
                f"{name}: {counted(int((~keep).sum()), 'feature')} that are no genes were left out "
                f"({some(sorted(set(cells.types[~keep])))})."
            )
    genomes = sorted(set(cells.genomes[keep]) - {""})
    if len(genomes) > 1:
        genome, said = _choose(genomes, name, ask)
        keep &= cells.genomes == genome
        cells.notices += said
        cells.ids = np.array([x.removeprefix(f"{genome}_") for x in cells.ids], dtype=object)
        cells.names = np.array([x.removeprefix(f"{genome}_") for x in cells.names], dtype=object)
    elif ask.genome is not None and genomes:
        _choose(genomes, name, ask)
    if keep.all():
        return cells
    return Cells(
        cells.matrix[keep],
        cells.barcodes,
        cells.ids[keep],
        cells.names[keep],
        cells.types[keep],
        cells.genomes[keep],
        cells.notices,
    )


def _part(bundle: Bundle, folder: PurePosixPath, prefix: str, kind: str) -> Member | None:
    for member in bundle.members:
        hit = _PARTS[kind].fullmatch(member.base)
        if hit and hit.group(1) == prefix and PurePosixPath(member.name).parent == folder:
            return member
    return None


def _triple(
    matrix: Member, parts: dict[str, Member | None], name: str, ask: Ask
) -> Callable[[], tuple[Cells, list[Source]]]:
    def read() -> tuple[Cells, list[Source]]:
        sources = [matrix.read(), *(m.read() for m in parts.values() if m is not None)]
        features = _columns(sources[1])
        barcodes = _columns(sources[2])
        n = len(features)
        column = [np.asarray(features[j], dtype=object) for j in range(min(features.shape[1], 3))]
        cells = Cells(
            _market(sources[0]),
            np.asarray(barcodes[0], dtype=object),
            column[0],
            column[1] if len(column) > 1 else column[0],
            column[2] if len(column) > 2 else np.array([""] * n),
            np.array([""] * n),
        )
        _refuse_mismatch(cells, name)
        return _genes_of_one_genome(cells, name, ask), sources

    return read


def _columns(source: Source) -> pd.DataFrame:
    data, _ = decode(source)
    try:
        return pd.read_csv(
            io.BytesIO(data), sep="\t", header=None, dtype=str, keep_default_na=False, quoting=3
        )
    except (ValueError, pd.errors.ParserError) as problem:
        raise DataError(
            f"{source.name}: this 10x list cannot be parsed "
            f"({plain(problem)}). Copy or download it again."
        ) from problem


def _market(source: Source) -> sparse.csc_matrix:
    from scipy.io import mmread

    if not source.data.startswith(b"%%MatrixMarket"):
        raise DataError(
            f"{source.name}: this is no Matrix Market file (its first line must begin with "
            f"%%MatrixMarket). Copy or download it again."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy will return arrays; both become a csc_matrix
            return sparse.csc_matrix(mmread(io.BytesIO(source.data)))
    except (ValueError, OverflowError, OSError, IndexError, TypeError, StopIteration) as problem:
        raise DataError(
            f"{source.name}: the matrix is cut or damaged "
            f"({plain(problem)}): its lines do not agree with "
            f"its header. Copy or download it again; a file that is damaged at its origin must be "
            f"left out."
        ) from problem


def _refuse_mismatch(cells: Cells, name: str) -> None:
    shape, expected = cells.matrix.shape, (len(cells.ids), len(cells.barcodes))
    if shape != expected:
        transposed = shape == expected[::-1]
        raise DataError(
            f"{name}: the matrix is {shape[0]:,} x {shape[1]:,}, but there are {expected[0]:,} "
            f"features and {expected[1]:,} barcodes"
            + (", so it is transposed; 10x writes features x barcodes" if transposed else "")
            + ". Features, barcodes and matrix must come from one run: copy all three again."
        )
    if 0 in shape:
        raise DataError(
            f"{name}: the 10x matrix is empty ({shape[0]:,} features x {shape[1]:,} barcodes). "
            f"Name the filtered matrix of a run that found cells."
        )
    if cells.matrix.nnz and (cells.matrix.data < 0).any():
        raise DataError(f"{name}: the matrix holds negative counts. Give 10x's own counts.")
