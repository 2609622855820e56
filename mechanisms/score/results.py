"""The finished store: an AnnData of cells x scores, put together piece by piece."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mechanisms.score.backed import extra, is_zarr
from mechanisms.score.pieces import Pieces, guarded

CONSTANT = "all measured values are equal: the sample cannot be ranked"
NOTHING = "no gene has a value"


def build(
    pieces: Pieces,
    cells: np.ndarray,
    var: pd.DataFrame,
    methods: Sequence[str],
    facts: Mapping[str, Any],
) -> Path:
    """Write the store inside the folder of the pieces and return its path.

    `X` holds the scores of the first method, `layers` those of the others; `obs` the number of
    genes measured in each cell and why a cell has no score; `var` why a signature has none.
    Memory: one piece, and the names of the cells.
    """
    target = pieces.folder / f"store{pieces.out.suffix}"
    with guarded(pieces):
        if target.is_dir():
            shutil.rmtree(target)
        if is_zarr(pieces.out):
            zarr = extra("zarr")
            version = {"zarr_format": 2} if hasattr(zarr, "create_array") else {}
            _fill(
                zarr.open_group(str(target), mode="w", **version),
                pieces,
                cells,
                var,
                methods,
                facts,
            )
        else:
            import h5py

            with h5py.File(target, "w") as file:
                _fill(file, pieces, cells, var, methods, facts)
    return target


def _fill(
    group: Any,
    pieces: Pieces,
    cells: np.ndarray,
    var: pd.DataFrame,
    methods: Sequence[str],
    facts: Mapping[str, Any],
) -> None:
    from anndata.io import write_elem

    group.attrs["encoding-type"], group.attrs["encoding-version"] = "anndata", "0.1.0"
    n, width = len(cells), len(var)
    rows = pieces.spans[0].stop if pieces.spans else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zarr, about how names may be written one day
        for name in ("obsm", "obsp", "varm", "varp", "layers"):
            write_elem(group, name, {})
        write_elem(group, "var", var)
        write_elem(group, "uns", {"mechanisms": dict(facts)})
        arrays = []
        for i, method in enumerate(methods):
            home, name = (group, "X") if i == 0 else (group["layers"], method)
            arrays.append(_empty(home, name, (n, width), (rows, width)))
        measured, constant = np.empty(n, dtype=np.int64), np.empty(n, dtype=bool)
        for index, span in enumerate(pieces.spans):
            piece = pieces.piece(index)
            measured[span], constant[span] = piece[:, 0].astype(np.int64), piece[:, 1] > 0
            for i, array in enumerate(arrays):
                array[span] = piece[:, 2 + i * width : 2 + (i + 1) * width]
        reason = np.where(constant, CONSTANT, "")
        reason = np.where(measured == 0, NOTHING, reason)
        obs = pd.DataFrame(
            {"n_measured": measured, "reason": pd.Categorical(reason)},
            index=pd.Index(cells, name="cell"),
        )
        write_elem(group, "obs", obs)


def _empty(group: Any, name: str, shape: tuple[int, int], chunks: tuple[int, int]) -> Any:
    make = getattr(group, "create_array", None) or group.create_dataset
    chunks = (max(min(chunks[0], shape[0]), 1), max(chunks[1], 1))
    array = make(name, shape=shape, chunks=chunks, dtype="f8")
    array.attrs["encoding-type"], array.attrs["encoding-version"] = "array", "0.2.0"
    return array
