"""Libraries of cells as samples: the cells of each are summed, because donors are compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from mechanisms.cohort.bundle import label_samples
from mechanisms.cohort.files import Source
from mechanisms.cohort.layout import Ask, Raw, no_sample
from mechanisms.cohort.quantified import side_by_side
from mechanisms.cohort.tenx import Cells, Library
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError

_GENERIC = re.compile(r"(raw|filtered)_(feature|gene)_bc_matri(x|ces).*|outs|matrix", re.I)


def read_libraries(bundle_name: str, libraries: Sequence[Library], ask: Ask) -> Raw:
    """Sum the cells of each library: a library is a sample, whose cells are one donor's."""
    if len(libraries) == 1:
        name = bundle_name if _GENERIC.fullmatch(libraries[0].name) else libraries[0].name
        labels, said = [_only_name(name)], list[str]()
    else:
        labels, said = label_samples([x.name for x in libraries], ask.known, bundle_name)
    tables: list[pd.DataFrame] = []
    samples: list[str] = []
    sources: list[Source] = []
    names: dict[str, str] = {}
    notices, n_cells = [], 0
    for library, label in zip(libraries, labels, strict=True):
        if ask.wanted and len(libraries) > 1 and label not in ask.wanted:
            continue
        cells, read = library.read()
        _refuse_cells_as_samples(cells, ask.known, library.name)
        sources += read
        notices += cells.notices
        n_cells += cells.matrix.shape[1]
        names.update(zip(cells.ids, cells.names, strict=True))
        for sample, sums in _sums(cells, label):
            samples.append(sample)
            tables.append(pd.DataFrame({"id": cells.ids, "sum": sums}))
    if not tables:
        return no_sample("10x matrix", bundle_name, labels)
    values, ids, joined = side_by_side(tables, samples, 1, bundle_name)
    notices.append(
        f"{bundle_name}: {counted(n_cells, 'cell')} (or spots) were summed to "
        f"{counted(len(samples), 'library', 'libraries')}, one sample each: samples or donors are "
        f"tested, never cells."
    )
    available = samples if len(libraries) == 1 else labels
    return Raw(
        "10x matrix",
        bundle_name,
        values,
        samples,
        list(available),
        pd.DataFrame({"id": ids, "name": [names[i] for i in ids]}, dtype=object),
        scale=("counts", "10x stores counts of molecules"),
        members=sources,
        notices=[*said, *notices, *joined],
    )


def _refuse_cells_as_samples(cells: Cells, known: Collection[str], name: str) -> None:
    hits = set(known) & set(cells.barcodes)
    if known and len(hits) > len(known) / 2:
        raise DataError(
            f"{name}: the sample sheet lists cells ({some(sorted(hits), 3)}). Cells of one donor "
            f"are no independent samples: aggregate to donors, which is done here when the sheet "
            f"has one row a library."
        )


def _sums(cells: Cells, label: str) -> list[tuple[str, np.ndarray]]:
    """One sum, or one for each GEM well of an aggregated run (barcodes end with -1, -2, ...)."""
    wells = pd.Series(cells.barcodes).str.extract(r"-(\d+)$")[0].fillna("1")
    found = sorted(set(wells), key=int)
    if len(found) == 1:
        return [(label, np.asarray(cells.matrix.sum(axis=1), dtype=np.float64).ravel())]
    return [
        (
            f"{label}-{well}",
            np.asarray(
                cells.matrix[:, np.flatnonzero((wells == well).to_numpy())].sum(axis=1),
                dtype=np.float64,
            ).ravel(),
        )
        for well in found
    ]


def _only_name(name: str) -> str:
    base = PurePosixPath(name).name
    return re.sub(r"([._-]?(raw|filtered)_\w+_bc_matri\w+)?(\.h5)?(\.gz)?$", "", base) or base
