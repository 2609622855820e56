"""GEO SOFT: families (GSE), data sets (GDS) and single samples (GSM), with their platforms.

Format: https://www.ncbi.nlm.nih.gov/geo/info/soft.html. Entities begin with ^, attributes with !,
descriptions of columns with #; tables lie between two marks. GEO's rows are ragged: everything is
keyed by name.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mechanisms.cohort.files import Source, decode
from mechanisms.cohort.geo import arrange_samples, describe, refuse_several_platforms
from mechanisms.cohort.layout import Ask, Raw, no_sample
from mechanisms.cohort.tables import MISSING, parse_text, split_line
from mechanisms.cohort.wording import plain, some
from mechanisms.errors import DataError

_HEAD = (b"^DATABASE", b"^SERIES", b"^DATASET", b"^SAMPLE", b"^PLATFORM", b"^Annotation")


@dataclass(slots=True)
class _Entity:
    kind: str
    id: str
    lines: list[tuple[str, str]] = field(default_factory=list)  # attribute, value
    table: bytes = b""  # header and rows

    def first(self, key: str) -> str:
        return next((v for k, v in self.lines if k == key), "")


def is_soft(head: bytes) -> bool:
    """Whether unpacked content is SOFT."""
    return head.lstrip(b"\xef\xbb\xbf\r\n ").startswith(_HEAD)


def read_soft(source: Source, ask: Ask) -> Raw:
    """Read the samples of one platform; `ask.wanted` chooses them."""
    data, notices = decode(source)
    kinds = {e.kind for e in _entities(data, source.name, tables=False)}
    if "DATASET" in kinds:
        raw = _data_set(data, source.name, ask)
    elif "SAMPLE" in kinds:
        raw = _family(data, source, ask)
    else:
        raise DataError(
            f"{source.name}: this SOFT file describes {_and(kinds)} but no samples, so it holds no "
            f"values. Download the family file of the series (GSE..._family.soft.gz), or name this "
            f"one as data.genes.platform if it is a platform."
        )
    raw.notices[:0] = notices
    return raw


def describe_soft(source: Source) -> tuple[pd.DataFrame, list[str]]:
    """Read only the samples' description."""
    data, notices = decode(source)
    samples = [e for e in _entities(data, source.name, tables=False) if e.kind == "SAMPLE"]
    if samples:
        obs, said = describe(_rows(samples), source.name)
        return obs, [*notices, *said]
    obs = _subsets(list(_entities(data, source.name, tables=False)))
    if obs.empty:
        raise DataError(f"{source.name}: this SOFT file describes no samples.")
    return obs, notices


def platform_table(source: Source, platforms: Collection[str]) -> bytes | None:
    """Return the table of a platform that a SOFT family holds: the named one, or the only one."""
    data, _ = decode(source)
    found = {e.id: e.table for e in _entities(data, source.name) if e.kind == "PLATFORM"}
    named = [p for p in platforms if p in found]
    chosen = named or list(found)
    if len(chosen) > 1:
        raise DataError(
            f"{source.name}: the file holds {len(chosen)} platforms ({some(chosen)}), and which "
            f"one measured the matrix is not known. Name a file with that platform alone."
        )
    return found[chosen[0]] if chosen else None


def _entities(data: bytes, name: str, *, tables: bool = True) -> Iterator[_Entity]:
    """Walk through the entities; without `tables` their bytes are passed over."""
    position = data.find(b"^")
    while position >= 0:
        following = data.find(b"\n^", position)
        end = len(data) if following < 0 else following + 1
        begin = data.find(b"table_begin", position, end)
        head = data[position : end if begin < 0 else data.rfind(b"\n", position, begin)]
        entity = _head(head)
        if begin >= 0 and tables:
            start, stop = data.find(b"\n", begin) + 1, data.rfind(b"table_end", begin, end)
            if stop < 0:
                raise DataError(
                    f"{name}: the table of {entity.id} does not end (no line ..._table_end), so "
                    f"the file is cut. Download it again from GEO."
                )
            entity.table = data[start : data.rfind(b"\n", start - 1, stop) + 1]
        yield entity
        position = -1 if following < 0 else following + 1


def _head(head: bytes) -> _Entity:
    first, *rest = head.decode("utf-8").splitlines()
    kind, _, name = first.removeprefix("^").partition("=")
    entity = _Entity(kind.strip().upper(), name.strip())
    for line in rest:
        if line.startswith("!"):
            key, _, value = line[1:].partition("=")
            entity.lines.append((key.strip(), value.strip()))
    return entity


def _rows(samples: list[_Entity]) -> dict[str, list[list[str]]]:
    """The samples' attributes as the rows of a series matrix: one list for each line of a key."""
    found: dict[str, list[list[str]]] = {}
    for j, sample in enumerate(samples):
        counts: dict[str, int] = {}
        for key, value in [("Sample_geo_accession", sample.id), *sample.lines]:
            key = key.removeprefix("Sample_")
            if key == "geo_accession" and counts.get(key):
                continue
            k = counts[key] = counts.get(key, 0) + 1
            rows = found.setdefault(key, [])
            while len(rows) < k:
                rows.append([""] * len(samples))
            rows[k - 1][j] = value
    return found


def _family(data: bytes, source: Source, ask: Ask) -> Raw:
    name = source.name
    bare = [e for e in _entities(data, name, tables=False) if e.kind == "SAMPLE"]
    obs, said = describe(_rows(bare), name)
    available = [e.id for e in bare]
    chosen = [e for e in bare if ask.wanted is None or e.id in ask.wanted]
    if not chosen:
        return no_sample("GEO SOFT file", name, available)
    platforms = {e.id: e.first("Sample_platform_id") for e in chosen}
    refuse_several_platforms(platforms, name)
    wanted = set(platforms)
    columns: dict[str, pd.Series] = {}
    annotation = None
    for entity in _entities(data, name):
        if entity.kind == "PLATFORM" and entity.id in platforms.values() and entity.table:
            annotation = Source(source.path, f"{entity.id} in {name}", source.sha256, entity.table)
        elif entity.kind == "SAMPLE" and entity.id in wanted:
            columns[entity.id] = _values(entity, name)
    values, ids = _aligned(columns, name)
    samples = list(columns)
    organisms = {v for e in chosen for k, v in e.lines if k == "Sample_organism_ch1" and v}
    return Raw(
        "GEO SOFT file",
        name,
        values,
        samples,
        available,
        pd.DataFrame({"ID_REF": ids}, dtype=object),
        obs=obs.loc[samples],
        platforms=tuple(sorted(set(platforms.values()) - {""})),
        organisms=tuple(sorted(organisms)),
        annotation=annotation,
        notices=said,
    )


def _values(entity: _Entity, name: str) -> pd.Series:
    first, _, body = entity.table.partition(b"\n")
    header = split_line(first.decode("utf-8"), "\t")
    upper = [h.upper() for h in header]
    if not body.strip() or "VALUE" not in upper or "ID_REF" not in upper:
        columns = f"columns: {some(header)}" if body.strip() else "no rows"
        raise DataError(
            f"{name}: the sample {entity.id} has no values ({columns}). In sequencing series the "
            f"values are in supplementary files: download these from GEO, name them as data.matrix "
            f"and this file as data.samples."
        )
    id_, value = upper.index("ID_REF"), upper.index("VALUE")
    try:
        frame = pd.read_csv(
            io.BytesIO(body),
            sep="\t",
            header=None,
            names=range(len(header)),
            usecols=[id_, value],
            dtype={id_: str},
            na_values=list(MISSING),
            keep_default_na=False,
            quoting=3,
            low_memory=False,
        )
    except (ValueError, pd.errors.ParserError) as problem:
        raise DataError(
            f"{name}: the table of {entity.id} cannot be parsed "
            f"({plain(problem)}). Download the file "
            f"again from GEO."
        ) from problem
    numbers = pd.to_numeric(frame[value], errors="coerce")
    bad = numbers.isna() & frame[value].notna()
    if bad.any():
        i = int(bad.to_numpy().argmax())
        raise DataError(
            f"{name}: the value of {frame[id_].iloc[i]!r} in sample {entity.id} is "
            f"{frame[value].iloc[i]!r}, which is not a number. The file may be edited: download it "
            f"again from GEO."
        )
    return pd.Series(numbers.to_numpy(dtype=np.float64), index=pd.Index(frame[id_], dtype=object))


def _aligned(columns: dict[str, pd.Series], name: str) -> tuple[np.ndarray, list[str]]:
    """Samples side by side; a probe that a sample does not list is missing there."""
    first = next(iter(columns.values()))
    if all(c.index.equals(first.index) for c in columns.values()):
        return np.column_stack([c.to_numpy() for c in columns.values()]), [
            str(i) for i in first.index
        ]
    for sample, column in columns.items():
        if column.index.has_duplicates:
            twice = column.index[column.index.duplicated()]
            raise DataError(
                f"{name}: the sample {sample} lists probes more than once ({some(list(twice))}). "
                f"Download the file again, or use the series matrix."
            )
    frame = pd.concat(columns, axis=1, sort=False)
    return frame.to_numpy(dtype=np.float64), [str(i) for i in frame.index]


def _data_set(data: bytes, name: str, ask: Ask) -> Raw:
    entities = list(_entities(data, name))
    whole = next(e for e in entities if e.kind == "DATASET")
    obs = _subsets(entities)
    table = next((e.table for e in reversed(entities) if e.table), b"")
    if not table.strip():
        raise DataError(f"{name}: this data set holds no table. Download it again from GEO.")
    header = split_line(table.partition(b"\n")[0].decode("utf-8"), "\t")
    grid = parse_text(table, skip=1, header=header, delimiter="\t", name=name)
    samples = [h for h in header if h in obs.index]
    raw = arrange_samples(grid, "GEO SOFT data set", samples, ask.wanted)
    raw.obs = obs.loc[raw.samples]
    raw.platforms = (whole.first("dataset_platform"),)
    organism = whole.first("dataset_platform_organism")
    raw.organisms = (organism,) if organism else ()
    return raw


def _subsets(entities: list[_Entity]) -> pd.DataFrame:
    """The subsets of a data set as columns: their type names the column, their text the value."""
    columns: dict[str, dict[str, str]] = {}
    for e in entities:
        if e.kind == "SUBSET":
            column = columns.setdefault(e.first("subset_type").replace(" ", "_") or "subset", {})
            for sample in e.first("subset_sample_id").split(","):
                column[sample.strip()] = e.first("subset_description")
    frame = pd.DataFrame(columns, dtype=object)
    return frame.sort_index().rename_axis("sample")


def _and(kinds: set[str]) -> str:
    words = [k.lower() for k in sorted(kinds - {"DATABASE"})]
    named = [w for w in words if w]  # a damaged header may be empty
    return " and ".join(f"{'an' if w[0] in 'aeiou' else 'a'} {w}" for w in named) or "nothing"
