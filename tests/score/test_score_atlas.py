"""Stores that stay on disk: the numbers of memory, kills, refusals, dask."""

from __future__ import annotations

import errno
import hashlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from mechanisms import score as scoring
from mechanisms.errors import DataError, SignatureError
from mechanisms.score import atlas, pieces
from mechanisms.score.atlas import score_store
from mechanisms.score.backed import opened as atlas_opened

Make = Callable[..., AnnData]
METHODS = ["ucell", "aucell", "singscore", "ssgsea", "mean", "ulm"]


@pytest.fixture
def cells(make_adata: Make, rng: np.random.Generator) -> AnnData:
    """103 cells x 60 genes, logs, two thirds zeros; one cell without counts, one with a gap."""
    values = np.log1p(rng.poisson(0.45, (103, 60)) * 1.7).astype(np.float32)
    values[17] = 0
    values[40, 3] = np.nan
    return make_adata(sparse.csr_matrix(values))


def write(adata: AnnData, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.suffix == ".zarr":
            pytest.importorskip("zarr")
            adata.write_zarr(path)
        else:
            adata.write_h5ad(path)
    return path


def read(path: Path) -> AnnData:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return anndata.read_zarr(path) if path.suffix == ".zarr" else anndata.read_h5ad(path)


def content(path: Path) -> str:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    text = hashlib.sha256()
    for file in files:
        if file.is_file():
            text.update(file.relative_to(path).as_posix().encode() + file.read_bytes())
    return text.hexdigest()


@pytest.mark.parametrize("into", ["s.h5ad", "s.zarr"])
@pytest.mark.parametrize("stored", ["c.h5ad", "c.zarr", "dense.h5ad", "dense.zarr"])
def test_a_store_scores_as_memory_does(
    cells: AnnData, sets: dict[str, Any], tmp_path: Path, stored: str, into: str
) -> None:
    held = cells.copy()
    if "dense" in stored:
        held.X = cells.X.toarray()
    source = write(held, tmp_path / stored)
    pytest.importorskip("zarr")
    done: list[tuple[int, int]] = []
    out = score_store(
        source, tmp_path / into, sets, methods=METHODS, rows=20,
        told=lambda n, of: done.append((n, of)),
    )  # fmt: skip
    assert done == [(n, 103) for n in (0, 20, 40, 60, 80, 100, 103)]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([stored, into])
    result = read(out)
    assert list(result.obs_names) == list(cells.obs_names)
    assert list(result.var_names) == list(sets)
    expected = scoring.score_members(held, scoring_sets(sets), METHODS)
    for i, method in enumerate(METHODS):
        found = result.X if i == 0 else result.layers[method]
        np.testing.assert_allclose(found, expected[method][list(sets)], rtol=0, atol=1e-12)
    report = scoring.sample_report(held)
    assert result.obs["n_measured"].tolist() == report["n_measured"].tolist()
    assert result.obs["reason"].astype(str).tolist() == report["reason"].tolist()
    assert np.isnan(result.X).any(axis=1).tolist() == [i == 17 for i in range(103)]
    assert list(result.uns["mechanisms"]["methods"]) == METHODS


def scoring_sets(sets: dict[str, Any]) -> Any:
    from mechanisms.signatures import read_signatures

    return read_signatures(sets)


def test_balances_and_reasons_stand_in_the_store(make_adata: Make, tmp_path: Path) -> None:
    from mechanisms.signatures import read_signatures

    core = read_signatures("core")
    lost = set(core["macrophage_m1"].up)
    genes = [g for g in core.genes if g not in lost]
    values = np.random.default_rng(1).poisson(1.0, (12, len(genes))).astype(np.float32)
    adata = make_adata(sparse.csr_matrix(values), genes)
    result = read(
        score_store(write(adata, tmp_path / "c.h5ad"), tmp_path / "s.h5ad", "core", rows=5)
    )
    expected = scoring.score(adata, "core", method="ucell")
    assert list(result.var_names) == list(expected.columns)
    np.testing.assert_allclose(result.X, expected, rtol=0, atol=1e-12)
    assert result.var.loc["macrophage_m1", "reason"].startswith("up: 0 of")


@pytest.mark.parametrize("into", ["s.h5ad", "s.zarr"])
def test_what_was_scored_before_is_kept(
    cells: AnnData, sets: Any, tmp_path: Path, into: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(cells, tmp_path / "c.h5ad")
    if into == "s.zarr":
        pytest.importorskip("zarr")
    (tmp_path / "whole").mkdir()
    whole = score_store(source, tmp_path / "whole" / into, sets, rows=10, workers=1)
    real, scored = atlas.score_span, []

    def failing(order: Any, span: slice) -> np.ndarray:
        scored.append(span.start)
        if len(scored) == 4:
            raise KeyboardInterrupt
        return real(order, span)

    monkeypatch.setattr(atlas, "score_span", failing)
    with pytest.raises(KeyboardInterrupt):
        score_store(source, tmp_path / into, sets, rows=10)
    assert not (tmp_path / into).exists()
    kept = tmp_path / f"{into}.partial"
    assert sorted(p.name for p in kept.glob("*.npy")) == [f"{i:06d}.npy" for i in range(3)]
    with pytest.raises(DataError, match=r"partial holds pieces of another run \(other methods"):
        score_store(source, tmp_path / into, sets, methods=["aucell"], rows=10)
    out = score_store(source, tmp_path / into, sets, rows=10)
    assert scored == [*range(0, 40, 10), *range(30, 103, 10)]
    assert content(out) == content(whole)
    assert not kept.exists()


def test_a_full_disk_leaves_what_is_recognisably_partial(
    cells: AnnData, sets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(cells, tmp_path / "c.h5ad")
    real = pieces.whole

    def full(path: Path, written: bytes) -> None:
        if path.name == "000002.npy":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, written)

    monkeypatch.setattr(pieces, "whole", full)
    with pytest.raises(DataError, match=r"the disk is full\. 2 of 6 pieces are kept in .*partial"):
        score_store(source, tmp_path / "s.h5ad", sets, rows=20)
    assert not (tmp_path / "s.h5ad").exists()
    monkeypatch.setattr(pieces, "whole", real)
    assert score_store(source, tmp_path / "s.h5ad", sets, rows=20).is_file()


def test_a_finished_result_is_not_lost(cells: AnnData, sets: Any, tmp_path: Path) -> None:
    source = write(cells, tmp_path / "c.h5ad")
    out = score_store(source, tmp_path / "s.h5ad", sets)
    before = content(out)
    with pytest.raises(DataError, match=r"is there already and whole; give another --out"):
        score_store(source, out, sets, methods=["aucell"])
    with pytest.raises(DataError, match=r"no gene of any"):
        score_store(source, out, "core", overwrite=True)
    assert content(out) == before
    score_store(source, out, sets, methods=["aucell"], overwrite=True)
    assert content(out) != before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"workers": 0}, r"--workers 0 cannot be had: this machine has \d+ cores"),
        ({"workers": 4096}, r"--workers 4096 cannot be had"),
        ({"out": "s.csv"}, r"ends in '\.csv'; allowed are \.h5ad and \.zarr"),
        ({"out": "c.h5ad"}, r"is the input itself"),
        ({"source": "none.h5ad"}, r"none\.h5ad does not exist; give an \.h5ad file"),
        ({"source": "text.h5ad"}, r"text\.h5ad cannot be read as an \.h5ad file"),
        ({"source": "empty.h5ad"}, r"has no X: it is no AnnData store.*it holds nothing"),
        ({"source": "columns.h5ad"}, r"stored by columns \(CSC\).*tocsr"),
        ({"source": "damaged.h5ad"}, r"damaged: X says that cells 0 to 102 have [\d,]+ values"),
        ({"source": "folder"}, r"folder cannot be read as a zarr store"),
    ],
)
def test_refusals(
    cells: AnnData, sets: Any, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    import h5py

    if changes.get("source") == "folder":
        pytest.importorskip("zarr")
    write(cells, tmp_path / "c.h5ad")
    (tmp_path / "text.h5ad").write_text("cells")
    (tmp_path / "folder").mkdir()
    h5py.File(tmp_path / "empty.h5ad", "w").close()
    with h5py.File(write(cells, tmp_path / "damaged.h5ad"), "r+") as file:
        kept = file["X/data"][:50]
        del file["X/data"]
        file["X/data"] = kept
    columns = cells.copy()
    columns.X = cells.X.tocsc()
    write(columns, tmp_path / "columns.h5ad")
    given = {"source": "c.h5ad", "out": "s.h5ad"} | changes
    places = {k: tmp_path / given.pop(k) for k in ("source", "out")}
    with pytest.raises(DataError, match=said):
        score_store(signatures=sets, **places, **given)
    assert not (tmp_path / "s.h5ad").exists()


@pytest.mark.parametrize("method", ["zscore", "gsva", "ssgsea_normalised", "gsva_poisson"])
def test_methods_that_look_at_all_cells(
    cells: AnnData, sets: Any, tmp_path: Path, method: str
) -> None:
    source = write(cells, tmp_path / "c.h5ad")
    with pytest.raises(SignatureError, match=f"{method} looks at all cells at once.*ucell"):
        score_store(source, tmp_path / "s.h5ad", sets, methods=[method])


def test_counts_under_a_method_on_logs_are_refused(
    make_adata: Make, sets: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    counts = make_adata(sparse.csr_matrix(rng.poisson(9.0, (30, 60)).astype(np.float32)))
    source = write(counts, tmp_path / "c.h5ad")
    with pytest.raises(DataError, match=r"ulm works on log-scale values"):
        score_store(source, tmp_path / "s.h5ad", sets, methods=["ulm"])
    assert score_store(source, tmp_path / "t.h5ad", sets).is_file()


@pytest.mark.parametrize("missing", ["zarr", "distributed"])
def test_an_extra_that_is_not_installed_is_named(
    cells: AnnData, sets: Any, tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    source = write(cells, tmp_path / "c.h5ad")
    monkeypatch.setitem(sys.modules, missing, None)
    into = "s.zarr" if missing == "zarr" else "s.h5ad"
    scheduler = "tcp://127.0.0.1:1" if missing == "distributed" else None
    with pytest.raises(DataError, match=rf"needs {missing}, which is not.*extra of the name atlas"):
        score_store(source, tmp_path / into, sets, scheduler=scheduler)


# --- dask -------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address=None,
            host="127.0.0.1",
            protocol="tcp://",
        ) as local,
    ):
        warnings.simplefilter("ignore")
        yield local.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_dask_gives_the_same_bytes(cells: AnnData, sets: Any, tmp_path: Path, cluster: str) -> None:
    source = write(cells, tmp_path / "c.h5ad")
    one = score_store(source, tmp_path / "one.h5ad", sets, methods=METHODS, rows=10)
    two = score_store(
        source, tmp_path / "two.h5ad", sets, methods=METHODS, rows=10, scheduler=cluster
    )
    assert content(one) == content(two)


def test_no_scheduler_answers(
    cells: AnnData, sets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(atlas, "SECONDS_TO_CONNECT", 0.5)
    source = write(cells, tmp_path / "c.h5ad")
    with pytest.raises(DataError, match=r"no dask scheduler answers at 'tcp://127.0.0.1:9'"):
        score_store(source, tmp_path / "s.h5ad", sets, scheduler="tcp://127.0.0.1:9")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("stored", ["c.h5ad", "c.zarr", "dense.zarr"])
def test_lazy_arrays_score_as_memory_does(
    cells: AnnData, sets: Any, tmp_path: Path, stored: str
) -> None:
    pytest.importorskip("dask")
    held = cells.copy()
    if "dense" in stored:
        held.X = cells.X.toarray()
    source = write(held, tmp_path / stored)
    lazy = held.copy()
    with atlas_opened(source) as group:
        lazy.X = anndata.experimental.read_elem_lazy(group["X"], chunks=(20, 60))
        assert not isinstance(lazy.X, np.ndarray)
        collection = scoring_sets(sets)
        for methods in (METHODS, ["zscore"]):
            expected = scoring.score_members(held, collection, methods)
            found = scoring.score_members(lazy, collection, methods)
            for method in methods:
                pd.testing.assert_frame_equal(found[method], expected[method], rtol=0, atol=1e-12)
