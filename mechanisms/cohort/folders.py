"""A folder or an archive: one matrix, one file a sample, or several 10x libraries."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mechanisms.cohort.bundle import Bundle, Member, bundle_of, is_bundle, label_samples
from mechanisms.cohort.files import HDF5, Source, combined_hash
from mechanisms.cohort.geo import is_series_matrix
from mechanisms.cohort.layout import Ask, Raw
from mechanisms.cohort.libraries import read_libraries
from mechanisms.cohort.quantified import (
    QUANTIFIERS,
    STRANDS,
    describe_members,
    kind_of,
    read_quantified,
    side_by_side,
)
from mechanisms.cohort.readers import reader_of
from mechanisms.cohort.soft import is_soft
from mechanisms.cohort.stores import is_zarr, read_zarr, store_kind
from mechanisms.cohort.tenx import Library, stores, triples
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError

_TRANSCRIPTS = re.compile(r"tx2?_?gene|t2g|transcripts?_?(to|2)_?genes?", re.I)


def read(source: Source, ask: Ask, wanted: str = "auto") -> Raw:
    """Read a matrix in whichever format its content shows, or in the one named."""
    if not is_bundle(source):
        return reader_of(source, wanted).read(source, ask)
    if source.is_folder and is_zarr({p.name for p in source.path.iterdir()}):
        return read_zarr(source, ask)
    if source.is_zip and _zip_holds_zarr(source):
        return read_zarr(source, ask)
    bundle = bundle_of(source)
    transcripts = _take_transcripts(bundle)
    raw = _sorted_out(bundle, ask, wanted)
    raw.transcripts = transcripts
    return raw


def described(source: Source, wanted: str = "auto") -> tuple[pd.DataFrame, list[str]] | None:
    """Read the samples' description where the format has one of its own."""
    if is_bundle(source):
        return None
    describe = reader_of(source, wanted).describe
    return describe(source) if describe else None


def hashed(source: Source, raw: Raw) -> Source:
    """Give a folder the hash of what was read of it."""
    if not source.is_folder:
        return source
    return Source(source.path, source.name, combined_hash(raw.members), b"")


def _sorted_out(bundle: Bundle, ask: Ask, wanted: str) -> Raw:
    if wanted in ("auto", "10x") and (libraries := _libraries(bundle, ask)):
        return read_libraries(bundle.name, libraries, ask)
    if wanted == "10x":
        raise DataError(
            f"{bundle.name}: data.format is 10x, but no matrix.mtx and no 10x HDF5 is among "
            f"{describe_members(bundle)}."
        )
    kinds: dict[str, list[Member]] = {}
    for member in bundle.members:
        kind = _kind(member) if wanted == "auto" else wanted
        kinds.setdefault(kind, []).append(member)
    kinds.pop("other", None)
    for kind in (*QUANTIFIERS, *STRANDS):
        if members := _same_level(kinds.get(kind, [])):
            left = [m.name for k, ms in kinds.items() if k != kind for m in ms]
            raw = read_quantified(bundle, members, kind, ask)
            return _said_left(raw, bundle.name, left)
    tables = [m for ms in kinds.values() for m in ms]
    if not tables:
        raise DataError(
            f"{bundle.name}: data.matrix names a folder or an archive, in which no data are found: "
            f"it holds {describe_members(bundle)}. Name the file of the matrix itself."
        )
    if len(tables) == 1:
        return _only_one(tables[0], bundle, ask, wanted)
    return _tables(tables, bundle, ask, wanted)


def _kind(member: Member) -> str:
    head = member.head
    if head.startswith(HDF5):
        found = store_kind(member.read())
        return found if found in ("kallisto", "h5ad") else "other"
    if is_series_matrix(head):
        return "series_matrix"
    if is_soft(head):
        return "soft"
    if (program := kind_of(head)) is not None:
        return program
    if b"\x00" in head or not head.strip() or b"\n" not in head:
        return "table" if head.startswith(b"PK\x03\x04") else "other"
    return "table"


def _same_level(members: Sequence[Member]) -> list[Member]:
    """Of Salmon's quant.sf and quant.genes.sf, and of kallisto's two forms, take one for each."""
    genes = [m for m in members if ".genes." in m.base]
    if genes and len(genes) * 2 == len(members):
        return genes
    text = [m for m in members if not m.head.startswith(HDF5)]
    return text if text and len(text) * 2 == len(members) else list(members)


def _libraries(bundle: Bundle, ask: Ask) -> list[Library]:
    found = triples(bundle, ask)
    if found:
        return found
    hdf5 = [m for m in bundle.members if m.head.startswith(HDF5)]
    return stores([m for m in hdf5 if store_kind(m.read()) == "10x_h5"], ask)


def _only_one(member: Member, bundle: Bundle, ask: Ask, wanted: str) -> Raw:
    source = member.read()
    raw = reader_of(source, wanted).read(source, ask)
    raw.members = [source]
    raw.notices[:0] = [*bundle.notices, f"{bundle.name}: the matrix in it is {member.name}."]
    return raw


def _tables(members: Sequence[Member], bundle: Bundle, ask: Ask, wanted: str) -> Raw:
    """Tables with one sample each become a matrix; several whole matrices are not merged."""
    sources, parts, left = _parts(members, bundle, ask, wanted)
    if len(parts) == 1 and left:
        bundle.notices.append(f"{bundle.name}: other files were left out: {some(left)}.")
        return _only_one(next(m for m in members if m.name not in left), bundle, ask, wanted)
    members = [m for m in members if m.name not in left]
    labels, said = label_samples([m.name for m in members], ask.known, bundle.name)
    if any(len(p.samples) > 1 for p in parts):
        raise _several(bundle, members, "matrices of several samples")
    tables = []
    for part in parts:
        tables.append(pd.DataFrame({"id": part.identifiers.iloc[:, 0], "value": part.values[:, 0]}))
    values, ids, notices = side_by_side(tables, [m.name for m in members], 1, bundle.name)
    columns = {p.samples[0] for p in parts}
    if len(columns) > 1 and columns & set(ask.known):
        labels, said = [p.samples[0] for p in parts], []
    keep = [j for j, s in enumerate(labels) if ask.wanted is None or s in ask.wanted]
    identifiers = pd.DataFrame({parts[0].identifiers.columns[0]: ids}, dtype=object)
    if len(parts[0].identifiers) == len(ids) and len(parts[0].identifiers.columns) > 1:
        identifiers = parts[0].identifiers
    kept = parts[0]
    return Raw(
        "folder of one table a sample",
        bundle.name,
        np.ascontiguousarray(values[:, keep]),
        [labels[j] for j in keep],
        labels,
        identifiers,
        scale=kept.scale,
        members=sources,
        notices=[*bundle.notices, *said, *kept.notices, *notices],
    )


def _parts(
    members: Sequence[Member], bundle: Bundle, ask: Ask, wanted: str
) -> tuple[list[Source], list[Raw], list[str]]:
    """Read each table; those without numbers, such as sample sheets, are named as left out."""
    sources: list[Source] = []
    parts: list[Raw] = []
    left: list[str] = []
    for member in members:
        source = member.read()
        reader = reader_of(source, wanted)
        if reader.describe or reader.name == "h5ad":
            raise _several(bundle, members, "series or data sets of their own")
        try:
            parts.append(reader.read(source, Ask(species=ask.species, genome=ask.genome)))
        except DataError as problem:
            if "no column holds numbers" not in str(problem) or not (parts or members[1:]):
                raise
            left.append(member.name)
            last = problem
            continue
        sources.append(source)
    if not parts:
        raise last
    return sources, parts, left


def _several(bundle: Bundle, members: Sequence[Member], what: str) -> DataError:
    return DataError(
        f"{bundle.name}: it holds {counted(len(members), 'file')} that are {what} "
        f"({some([m.name for m in members])}). Several cohorts or platforms are never merged into "
        f"one matrix: name one of these files as data.matrix."
    )


def _take_transcripts(bundle: Bundle) -> Source | None:
    """A transcript-to-gene table that lies beside the samples, as nf-core writes it."""
    hits = [m for m in bundle.members if _TRANSCRIPTS.search(m.base)]
    bundle.members = [m for m in bundle.members if m not in hits]
    return hits[0].read() if hits else None


def _said_left(raw: Raw, name: str, left: list[str]) -> Raw:
    if left:
        raw.notices.append(f"{name}: other files were left out: {some(left)}.")
    return raw


def _zip_holds_zarr(source: Source) -> bool:
    import io
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            return is_zarr(archive.namelist())
    except zipfile.BadZipFile:
        return False
