"""A cohort as stores: 10x folders and HDF5 (counts spread over cells), h5ad and zarr."""

from __future__ import annotations

import gzip
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from mechanisms.cohort.written import Written, packed, put_sheet

if TYPE_CHECKING:
    from anndata import AnnData

_CELLS = 20  # in each library that is written as cells


def _split(counts: pd.Series) -> sparse.csc_matrix:
    """Spread a sample's counts over cells, so that their sum is the sample."""
    rng = np.random.default_rng(0)
    cells = rng.multinomial(counts.to_numpy(), np.full(_CELLS, 1 / _CELLS))
    return sparse.csc_matrix(cells)


def _barcodes() -> list[str]:
    return [
        "".join("ACGT"[(i >> (2 * k)) & 3] for k in range(8)) * 2 + "-1"
        for i in range(1, _CELLS + 1)
    ]


def tenx(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    from scipy.io import mmwrite

    features = "".join(f"{g}\t{g}\tGene Expression\n" for g in counts.index)
    for sample in counts:
        inside = folder / "10x" / str(sample) / "filtered_feature_bc_matrix"
        inside.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        mmwrite(buffer, _split(counts[sample]), field="integer")
        (inside / "matrix.mtx.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
        (inside / "features.tsv.gz").write_bytes(packed(features))
        (inside / "barcodes.tsv.gz").write_bytes(packed("\n".join(_barcodes()) + "\n"))
    return Written(folder / "10x", put_sheet(obs, folder))


def tenx_h5(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    import h5py

    (folder / "10x_h5").mkdir(exist_ok=True)
    genes = np.array([str(g).encode() for g in counts.index])
    for sample in counts:
        cells = _split(counts[sample])
        with h5py.File(folder / "10x_h5" / f"{sample}_filtered_feature_bc_matrix.h5", "w") as store:
            group = store.create_group("matrix")
            group["barcodes"] = np.array([b.encode() for b in _barcodes()])
            for key in ("data", "indices", "indptr"):
                group[key] = getattr(cells, key)
            group["shape"] = np.array(cells.shape)
            group["features/id"] = group["features/name"] = genes
            group["features/feature_type"] = np.array([b"Gene Expression"] * len(genes))
            group["features/genome"] = np.array([b"GRCh38"] * len(genes))
    return Written(folder / "10x_h5", put_sheet(obs, folder))


def _anndata(counts: pd.DataFrame, obs: pd.DataFrame) -> AnnData:
    import anndata as ad

    plain = obs.copy()
    for column in plain:
        if not pd.api.types.is_numeric_dtype(plain[column]):
            plain[column] = plain[column].astype(object)
    plain.index = pd.Index([str(i) for i in plain.index], dtype=object)
    var = pd.DataFrame(index=pd.Index([str(g) for g in counts.index], dtype=object))
    return ad.AnnData(sparse.csr_matrix(counts.T.to_numpy(dtype=np.float32)), obs=plain, var=var)


def h5ad(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    _anndata(counts, obs).write_h5ad(folder / "cohort.h5ad")
    return Written(folder / "cohort.h5ad", None)


def zarr(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which of its versions anndata will write by default
        _anndata(counts, obs).write_zarr(folder / "cohort.zarr")
    return Written(folder / "cohort.zarr", None)
