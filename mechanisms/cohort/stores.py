"""AnnData, in memory or as .h5ad: `X` is read, `obs` is the sample sheet unless one is given."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from mechanisms.cohort.files import Source
from mechanisms.cohort.known import count_known
from mechanisms.cohort.layout import Ask, Raw
from mechanisms.cohort.wording import plain, some
from mechanisms.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

# 2 GB as dense float64, about three times that at work.
MAX_DENSE_VALUES = 250_000_000


def store_kind(source: Source) -> str | None:
    """Return what an HDF5 store is: h5ad, 10x_h5, kallisto or unknown; None for other files."""
    if not source.is_store:
        return None
    import h5py

    try:
        with h5py.File(source.handle(), "r") as store:
            keys = set(store)
            if {"obs", "var"} <= keys:
                return "h5ad"
            if "matrix" in keys and "features" in store["matrix"]:
                return "10x_h5"
            if "est_counts" in keys:
                return "kallisto"
            groups = [store[k] for k in keys if isinstance(store[k], h5py.Group)]
            return (
                "10x_h5" if any("gene_names" in g and "indptr" in g for g in groups) else "unknown"
            )
    except OSError as problem:
        raise DataError(
            f"{source.name}: the HDF5 store is truncated or damaged "
            f"({plain(problem)}). Copy or download "
            f"it again."
        ) from problem


def read_h5ad(source: Source, ask: Ask) -> Raw:
    """Read an .h5ad file of any age."""
    import anndata as ad

    with source.on_disk() as path:
        return raw_of(_opened(lambda: ad.read_h5ad(path), source.name, ".h5ad"), source.name, ask)


def is_zarr(names: Collection[str]) -> bool:
    """Whether the files of a folder or archive are those of a zarr store."""
    return bool({".zgroup", "zarr.json"} & set(names))


def read_zarr(source: Source, ask: Ask) -> Raw:
    """Read an AnnData that was written as zarr: a folder, or a zip archive of one."""
    import anndata as ad

    try:
        import zarr
    except ImportError as problem:
        raise DataError(
            f"{source.name}: this is a zarr store, and the package zarr is not installed. Install "
            f"ldh-mechanisms[atlas], or write the data as .h5ad."
        ) from problem

    def opened(path: Path) -> AnnData:
        if path.is_dir():
            return ad.read_zarr(path)
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                target = (Path(folder) / info.filename).resolve()
                if target.is_relative_to(Path(folder).resolve()):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(info))  # of two entries the last one counts
            return ad.read_zarr(folder)

    with source.on_disk() as path:
        adata = _opened(lambda: opened(path), source.name, f"zarr store (zarr {zarr.__version__})")
    return raw_of(adata, source.name, ask)


def _opened(read: Callable[[], AnnData], name: str, what: str) -> AnnData:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the age of the file, which the user cannot help
            return read()
    except Exception as problem:  # a broken store fails in h5py, zarr, numpy or anndata alike
        text = " ".join(str(problem).split())[:300]
        raise DataError(
            f"{name}: the {what} cannot be read ({type(problem).__name__}: {text}). Write it again "
            f"with a current anndata."
        ) from problem


def raw_of(adata: AnnData, name: str, ask: Ask) -> Raw:
    """Turn an AnnData into genes x samples; the object itself is never changed."""
    if adata.X is None or 0 in adata.shape:
        raise DataError(
            f"{name}: the AnnData holds no values in X (shape {adata.n_obs} x {adata.n_vars}). "
            f"Put the matrix to analyse into X."
        )
    available = [str(s).strip() for s in adata.obs_names]
    _refuse_duplicates(available, name)
    if count_known(available) > count_known(str(g) for g in adata.var_names):
        raise DataError(
            f"{name}: the observations are genes ({some(available, 3)}), so the AnnData is "
            f"transposed: samples belong into obs, genes into var. Give adata.T."
        )
    keep = [i for i, s in enumerate(available) if ask.wanted is None or s in ask.wanted]
    values = _dense(adata.X, keep, name)
    samples = [available[i] for i in keep]
    obs = _plain(adata.obs).iloc[keep].set_axis(pd.Index(samples), axis=0)
    notices = []
    layers = [str(k) for k in adata.layers if k is not None]  # anndata 0.13 lists X as None
    if others := [*layers, *(["raw"] if adata.raw is not None else [])]:
        notices.append(f"{name}: X was used; left untouched: {', '.join(others)}.")
    identifiers = pd.DataFrame({"var_names": [str(g) for g in adata.var_names]}, dtype=object)
    for column in adata.var:
        cells = _plain(adata.var[[column]])[column]
        if not pd.api.types.is_numeric_dtype(cells) and column not in identifiers:
            identifiers[str(column)] = cells.to_numpy(dtype=object)
    return Raw(
        "AnnData",
        name,
        values,
        samples,
        available,
        identifiers,
        obs=obs,
        log_base=_log_base(adata.uns),
        notices=notices,
    )


def _dense(X: Any, keep: list[int], name: str) -> np.ndarray:
    n = len(keep) * X.shape[1]
    if n > MAX_DENSE_VALUES:
        raise DataError(
            f"{name}: {len(keep):,} x {X.shape[1]:,} values would need about {n * 24 / 1e9:.0f} GB "
            f"of memory. Sum the cells of each donor first (pseudobulk), or choose fewer "
            f"observations with data.subset."
        )
    rows = X if len(keep) == X.shape[0] else X[keep]
    rows = rows.toarray() if sparse.issparse(rows) else np.asarray(rows)
    try:
        return rows.astype(np.float64).T
    except (TypeError, ValueError) as problem:
        raise DataError(
            f"{name}: X does not hold numbers ({rows.dtype}: {problem}). Convert X to float."
        ) from problem


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories become their values, so that levels without samples vanish."""
    return pd.DataFrame(
        {
            str(c): frame[c].astype(frame[c].cat.categories.dtype)
            if isinstance(frame[c].dtype, pd.CategoricalDtype)
            else frame[c]
            for c in frame
        },
        index=frame.index,
    )


def _log_base(uns: Mapping[str, Any]) -> float | None:
    """Scanpy's log1p leaves a note; without a base it is the natural logarithm."""
    note = uns.get("log1p")
    if not isinstance(note, Mapping):
        return None
    base = note.get("base")
    return float(np.e) if base is None else float(base)


def _refuse_duplicates(names: list[str], name: str) -> None:
    seen = pd.Series(names, dtype=object)
    if twice := sorted(set(seen[seen.duplicated()])):
        raise DataError(
            f"{name}: observation names occur more than once: {some(twice)}. "
            f" Call obs_names_make_unique() first."
        )
