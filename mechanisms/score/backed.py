"""Rows of a matrix that stays on disk: h5ad and zarr stores read slice by slice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from mechanisms.errors import DataError

BYTES_OF_A_PIECE = 64e6
FEWEST, MOST = 16, 20_000


@dataclass(frozen=True)
class Store:
    """What is known of a store without reading its values.

    Attributes
    ----------
    path
        The file or folder.
    shape
        Cells and genes.
    stored
        Number of stored values.
    genes
        Identifiers of the genes.
    facts
        What the loader said of the data (`uns["mechanisms"]`), or nothing.
    """

    path: Path
    shape: tuple[int, int]
    stored: int
    genes: np.ndarray
    facts: dict[str, Any]

    def rows_at_once(self) -> int:
        """Return how many cells make a piece of about 64 MB."""
        per_row = 12 * self.stored / max(self.shape[0], 1)
        return int(np.clip(BYTES_OF_A_PIECE / max(per_row, 1), FEWEST, MOST))


def extra(module: str) -> Any:
    """Import dask, distributed or zarr, or say how to install them (DataError)."""
    try:
        return import_module(module)
    except ImportError:
        raise DataError(
            f"this needs {module}, which is not installed; install the extra of the name atlas: "
            "pip install 'ldh-mechanisms[atlas]'"
        ) from None


def is_zarr(path: Path) -> bool:
    """Whether a path names a zarr store (a folder, or to be one)."""
    return path.is_dir() or path.suffix == ".zarr"


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a store for reading: an HDF5 file or a zarr group."""
    if not path.exists():
        raise DataError(f"{path} does not exist; give an .h5ad file or a .zarr folder")
    if is_zarr(path):
        zarr = extra("zarr")
        try:
            group = zarr.open_group(str(path), mode="r")
        except Exception as error:
            raise DataError(
                f"{path} cannot be read as a zarr store ({type(error).__name__}: {error}); give "
                "a folder written by AnnData.write_zarr, or an .h5ad file"
            ) from None
        yield group
        return
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DataError(
            f"{path} cannot be read as an .h5ad file ({error}); it may be damaged or of another "
            "kind: other formats are loaded by `mechanisms run` or mech.load"
        ) from None
    with file:
        yield file


def look(path: Path) -> Store:
    """Read names and sizes of a store; DataError where it holds no cells x genes in rows."""
    with opened(path) as group:
        if "X" not in group or "var" not in group:
            lacks = "X" if "X" not in group else "var"
            raise DataError(
                f"{path} has no {lacks}: it is no AnnData store with expression values; it holds "
                f"{', '.join(sorted(group)) or 'nothing'}. Put the values into X and write it again"
            )
        X, var = group["X"], group["var"]
        kind = str(X.attrs.get("encoding-type", "array"))
        if kind == "csc_matrix":
            raise DataError(
                f"X of {path} is stored by columns (CSC), and cells are read row by row; write it "
                "once more with adata.X = adata.X.tocsr()"
            )
        genes = _names(var)
        held = group["uns"]["mechanisms"] if "uns" in group and "mechanisms" in group["uns"] else {}
        facts = {k: str(np.asarray(held[k])[()]) for k in ("identifiers", "species") if k in held}
        shape = X.attrs["shape"] if kind == "csr_matrix" else X.shape
        stored = X["data"].shape[0] if kind == "csr_matrix" else int(np.prod(X.shape))
        if len(genes) != shape[1]:
            raise DataError(
                f"{path} names {len(genes)} genes and X has {shape[1]} columns; it is damaged"
            )
    return Store(path, (int(shape[0]), int(shape[1])), int(stored), genes, facts)


def cell_names(path: Path) -> np.ndarray:
    """Return the names of the cells of a store."""
    with opened(path) as group:
        return _names(group["obs"])


def _names(frame: Any) -> np.ndarray:
    from anndata.io import read_elem

    return np.array([str(name) for name in read_elem(frame[str(frame.attrs["_index"])])])


def read_rows(path: Path, span: slice) -> Any:
    """Read some rows of X: CSR where it is stored so, else dense."""
    with opened(path) as group:
        X = group["X"]
        if str(X.attrs.get("encoding-type", "array")) != "csr_matrix":
            return np.asarray(X[span.start : span.stop])
        ends = np.asarray(X["indptr"][span.start : span.stop + 1]).astype(np.int64)
        data = np.asarray(X["data"][ends[0] : ends[-1]])
        indices = np.asarray(X["indices"][ends[0] : ends[-1]])
        shape = (len(ends) - 1, int(X.attrs["shape"][1]))
    if not len(data) == len(indices) == ends[-1] - ends[0]:
        raise DataError(
            f"{path} is damaged: X says that cells {span.start} to {span.stop - 1} have "
            f"{ends[-1] - ends[0]:,} values and {len(data):,} are there; write it again"
        )
    return sparse.csr_matrix((data, indices, ends - ends[0]), shape=shape, copy=False)
