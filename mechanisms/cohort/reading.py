"""Matrix and sample sheet together: which samples, which rows, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from mechanisms.cohort.files import Source, open_source
from mechanisms.cohort.folders import described, hashed, read
from mechanisms.cohort.identifiers import SUMMARY_ROWS
from mechanisms.cohort.layout import Ask, Raw, arrange
from mechanisms.cohort.readers import check_format
from mechanisms.cohort.sheet import choose, match, read_sheet, tidy_sheet
from mechanisms.cohort.stores import raw_of
from mechanisms.cohort.tables import grid_of
from mechanisms.cohort.transcripts import sum_transcripts
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

Matrix: TypeAlias = "Path | str | pd.DataFrame | AnnData"
Samples: TypeAlias = "Path | str | pd.DataFrame | None"


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a matrix where its content does not say enough."""

    format: str = "auto"
    transcripts: Source | None = None
    genome: str | None = None
    species: str = "human"


@dataclass(slots=True)
class Cohort:
    """A matrix with its chosen samples, before genes are named: what `load` and `init` share."""

    raw: Raw  # genes x samples, columns in the order of `obs`
    obs: pd.DataFrame
    sources: list[Source]
    notices: list[str] = field(default_factory=list)


def read_cohort(
    matrix: Matrix,
    samples: Samples,
    *,
    sample_id: str | None = None,
    subset: Mapping[str, Sequence[str]] | None = None,
    options: Options | None = None,
) -> Cohort:
    """Read sheet and matrix, match their samples and drop the rows that are no genes."""
    options = options or Options()
    check_format(options.format)
    sources: list[Source] = []
    sheet: pd.DataFrame | None = None
    notices: list[str] = []
    sheet_name = "the sample sheet"
    if isinstance(samples, pd.DataFrame):
        sheet, notices = tidy_sheet(samples, sample_id, sheet_name)
    elif samples is not None:
        source = open_source(samples, "sample sheet", "data.samples")
        sheet, notices = read_sheet(source, sample_id)
        sheet_name = source.name
    opened = _open(matrix)
    first: list[str] = []
    if sheet is None and isinstance(opened, Source):
        wanted, first = _first_choice(opened, sample_id, subset, options)
        raw = _read_matrix(opened, Ask((), wanted, options.species, options.genome), options)
        sources.append(hashed(opened, raw))
    elif sheet is None:
        raw = _read_matrix(opened, Ask(), options)
    if sheet is None:
        if raw.obs is None and (subset or sample_id is not None):
            raise DataError(
                f"{raw.name}: data.subset and data.sample_id need a sample sheet, and this matrix "
                f"brings none. Name the sheet as data.samples."
            )
        if raw.obs is None:
            obs = pd.DataFrame(index=pd.Index(raw.samples, name="sample", dtype=object))
        else:
            obs, notices = tidy_sheet(raw.obs, sample_id, raw.name)
        raw.samples = list(obs.index)
        chosen, said = choose(obs, subset, raw.name)
        said = first or said
    else:
        chosen, said = choose(sheet, subset, sheet_name)
        ask = Ask(list(sheet.index), set(chosen.index), options.species, options.genome)
        raw = _read_matrix(opened, ask, options)
        if isinstance(opened, Source):
            sources.append(hashed(opened, raw))
        said += match(sheet, chosen, raw.available, sheet_name, raw.name)
        if samples is not None and not isinstance(samples, pd.DataFrame):
            sources.append(source)
    _take(raw, list(chosen.index))
    _drop_rows_without_genes(raw)
    if options.transcripts is not None:
        sources.append(options.transcripts)
    sum_transcripts(raw, options.transcripts)
    return Cohort(raw, chosen, sources, [*raw.notices, *notices, *said])


def refuse_bad_values(raw: Raw) -> None:
    """Refuse infinite values and samples without any value, by name."""
    if np.isinf(raw.values).any():
        i, j = np.argwhere(np.isinf(raw.values))[0]
        raise DataError(
            f"{raw.name}: the value of gene {str(raw.identifiers.iloc[i, 0])!r} in sample "
            f"{raw.samples[j]!r} is infinite. Infinities come from log(0) or from a division by "
            f"zero: give the values before that step, or write NA."
        )
    measured = np.isfinite(raw.values).any(axis=0)
    empty = [s for s, any_value in zip(raw.samples, measured, strict=True) if not any_value]
    if empty:
        raise DataError(
            f"{raw.name}: {counted(len(empty), 'sample has', 'samples have')} no value "
            f"at all: {some(empty)}. Delete them from the sample sheet, or give their values."
        )


def _open(matrix: Matrix) -> Source | pd.DataFrame | AnnData:
    if isinstance(matrix, (str, Path)):
        return open_source(matrix, "matrix", "data.matrix", folders=True)
    if isinstance(matrix, pd.DataFrame) or hasattr(matrix, "obs_names"):
        return matrix
    raise DataError(
        f"data.matrix is a {type(matrix).__name__}; allowed are a path, a data frame (genes x "
        f"samples or its transpose) and an AnnData."
    )


def _read_matrix(opened: Source | pd.DataFrame | AnnData, ask: Ask, options: Options) -> Raw:
    if isinstance(opened, Source):
        return read(opened, ask, options.format)
    if isinstance(opened, pd.DataFrame):
        return arrange(grid_of(opened), "data frame", ask)
    return raw_of(opened, "the AnnData", ask)


def _first_choice(
    source: Source, sample_id: str | None, subset: Mapping[str, Sequence[str]] | None, o: Options
) -> tuple[set[str] | None, list[str]]:
    """Choose before reading, where the file describes its samples: platforms need not mix."""
    if not subset or sample_id is not None or (found := described(source, o.format)) is None:
        return None, []
    obs, _ = tidy_sheet(found[0], None, source.name)
    chosen, said = choose(obs, subset, source.name)
    return set(chosen.index), said


def _take(raw: Raw, samples: list[str]) -> None:
    """Order the columns by the sheet."""
    position = {s: j for j, s in enumerate(raw.samples)}
    if samples != raw.samples:
        raw.values = raw.values[:, [position[s] for s in samples]]
        raw.samples = samples


def _drop_rows_without_genes(raw: Raw) -> None:
    """Drop the summary rows of HTSeq and STAR, and rows without a value in any chosen sample."""
    names = np.array([str(x) for x in raw.identifiers.iloc[:, 0]], dtype=object)
    summary = np.array([SUMMARY_ROWS.fullmatch(x) is not None for x in names], dtype=bool)
    if summary.any():
        raw.notices.append(
            f"{raw.name}: {counted(int(summary.sum()), 'summary row')} left out: "
            f"{some(list(names[summary]))}."
        )
    # With an empty sample the complaint is about the sample, not about its genes.
    empty = np.isnan(raw.values).all(axis=1) & ~summary
    if empty.all():
        empty[:] = False
    if empty.any():
        raw.notices.append(
            f"{raw.name}: {counted(int(empty.sum()), 'row')} without a value in any chosen "
            f"sample left out."
        )
    if (drop := summary | empty).any():
        raw.values = raw.values[~drop]
        raw.identifiers = raw.identifiers[~drop].reset_index(drop=True)
