"""Scoring beside its peers on the same input, with the goals beside each figure.

Peers run in a Python of their own, named by MECHANISMS_PEERS_PYTHON; R if it is there. `--quick`
takes small inputs, `--cells N` sets the size of the store out of core (200,000; the goal speaks of
1,200,000, which take 16 GB of disk), `--only NAME` one part of bulk, gsva, cells, store, first.
Medians of three, a peer that takes longer than a minute less often; seed 1. Goals are printed
beside the figures.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from mechanisms.score.atlas import score_store
from mechanisms.score.methods import METHODS
from mechanisms.score.passes import Plan, plan_of, score_matrix

HERE = Path(__file__).resolve().parent
RNG = np.random.default_rng(1)
FOUR = ("ssgsea", "singscore", "ucell", "aucell")
SIX = ("ucell", "aucell", "singscore", "ssgsea", "mean", "ulm")
GENES = 20_000
PARTS = ("bulk", "gsva", "cells", "store", "first")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--cells", type=int, default=200_000)
    asked.add_argument("--only", choices=PARTS, action="append")
    asked.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.child:
        print(json.dumps(CHILDREN[given.child[0]](Path(given.child[1]))))
        return
    print(machine())
    for part in given.only or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PART[part](Path(folder), given)


def bulk(folder: Path, given: argparse.Namespace) -> None:
    samples = 60 if given.quick else 500
    matrix = RNG.normal(6, 2, (samples, GENES))
    few, many = sets(50), sets(5000)
    title(f"bulk {GENES:,} genes x {samples} samples, 50 sets, one thread")
    sort = median(lambda: np.sort(matrix, axis=1))
    one = median(lambda: run(matrix, few, ["ssgsea"]))
    line("sorting the matrix once", sort)
    line("ssgsea", one)
    line("four rank methods together", four := median(lambda: run(matrix, few, FOUR)))
    line("  over one sort", four / sort, "<= 2.0", "x")
    line("ssgsea, 5,000 sets", lots := median(lambda: run(matrix, many, ["ssgsea"])))
    line("  over 50 sets", lots / one, "<= 10", "x")
    save(folder, matrix, few)
    peer("gseapy_ssgsea", folder, one, ">= 30")
    r_gsva("ssgsea", folder, one, ">= 80")


def gsva(folder: Path, given: argparse.Namespace) -> None:
    samples = 60 if given.quick else 500
    matrix = RNG.normal(6, 2, (samples, GENES))
    few = sets(50)
    title(f"GSVA, {GENES:,} genes x {samples} samples, 50 sets, one thread")
    line("gsva", own := median(lambda: run(matrix, few, ["gsva"])))
    save(folder, matrix, few)
    peer("gseapy_gsva", folder, own, ">= 6")
    r_gsva("gsva", folder, own, ">= 8")


def cells(folder: Path, given: argparse.Namespace) -> None:
    n = 5_000 if given.quick else 50_000
    matrix, few = cell_matrix(n), sets(20)
    share = matrix.nnz / n / GENES
    title(f"{n:,} cells x {GENES:,} genes, {share:.1%} non-zero, 20 sets, one thread")
    sort = median(lambda: sort_rows(matrix))
    line("sorting the non-zeros (numpy, vectorised)", sort)
    line("ucell alone", median(lambda: run(matrix, few, ["ucell"])))
    line("six methods in one pass", six := median(lambda: run(matrix, few, SIX)))
    line("  over one sort", six / sort, "<= 1.7", "x")
    line("six methods, two threads", median(lambda: run(matrix, few, SIX, threads=2)))
    save(folder, matrix, few)
    told = child("cells", folder)
    size = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    line("  memory above the start, over the input", 1 + told["extra"] / size, "<= 1.2", "x")
    for name, goal in (("pyucell", ">= 12"), ("scanpy_score_genes", ">= 25")):
        peer(name, folder, six, goal)


def store(folder: Path, given: argparse.Namespace) -> None:
    n = 20_000 if given.quick else given.cells
    title(f"{n:,} cells x {GENES:,} genes out of core, 20 sets, ucell, two threads")
    speeds = {}
    for kind in ("zarr", "h5ad"):
        path = folder / f"cells.{kind}"
        write_store(path, n)
        took, peaks = [], []
        for _ in range(3 if n <= 200_000 else 1):
            told = child("store", path)
            took.append(told["seconds"])
            peaks.append(told["peak"])
        speeds[kind] = n / statistics.median(took)
        goal = ">= 25,000" if kind == "zarr" else ""
        line(f"{kind}: cells a second", speeds[kind], goal, "")
        line(f"{kind}: peak memory, GB", statistics.median(peaks) / 1e9, "<= 0.8", "")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    line("h5ad over zarr, seconds", speeds["zarr"] / speeds["h5ad"], "<= 1.3", "x")


def first(folder: Path, given: argparse.Namespace) -> None:
    title("first call, in a process of its own")
    environment = {"NUMBA_CACHE_DIR": str(folder)}
    line("compiled for the first time", child("first", folder, environment)["seconds"], "<= 8")
    line("from the cache", child("first", folder, environment)["seconds"])


PART: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "bulk": bulk, "gsva": gsva, "cells": cells, "store": store, "first": first,
}  # fmt: skip


# --- in a process of their own ----------------------------------------------------------------


def child_cells(folder: Path) -> dict[str, float]:
    matrix, few = load(folder)
    small = matrix[:200].copy()
    run(small, few, SIX)
    del small
    before = resident("VmRSS")
    run(matrix, few, SIX)
    return {"extra": max(resident("VmHWM") - before, 0)}


def child_store(path: Path) -> dict[str, float]:
    out = path.with_name("scores" + path.suffix)
    genes = {f"s{i}": [f"G{g}" for g in RNG.choice(GENES, 50, False)] for i in range(20)}
    start = time.perf_counter()
    score_store(path, out, genes, workers=min(2, os.cpu_count() or 1), overwrite=True)
    return {"seconds": time.perf_counter() - start, "peak": resident("VmHWM")}


def child_first(_: Path) -> dict[str, float]:
    matrix, few = RNG.normal(6, 2, (8, 500)), sets(3, 500, 20)
    start = time.perf_counter()
    run(matrix, few, ["singscore", "ssgsea", "zscore"])
    run(sparse.csr_matrix(matrix), few, SIX)
    run(matrix, few, ["gsva"])
    return {"seconds": time.perf_counter() - start}


CHILDREN = {"cells": child_cells, "store": child_store, "first": child_first}


def child(name: str, path: Path, environment: dict[str, str] | None = None) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", name, str(path)]
    known = os.environ | (environment or {})
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=known)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def resident(what: str) -> int:
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0
    line_of = next(x for x in status.read_text().splitlines() if x.startswith(what))
    return int(line_of.split()[1]) * 1024


# --- peers ------------------------------------------------------------------------------------


def peer(name: str, folder: Path, own: float, goal: str) -> None:
    python = os.environ.get("MECHANISMS_PEERS_PYTHON")
    if not python:
        print(f"  {name:<44} not run: MECHANISMS_PEERS_PYTHON names no Python with it")
        return
    command = [python, str(HERE / "scoring_peers.py"), name, str(folder)]
    report(name, subprocess.run(command, capture_output=True, text=True, check=False), own, goal)


def r_gsva(method: str, folder: Path, own: float, goal: str) -> None:
    if not shutil.which("Rscript"):
        print(f"  R GSVA {method}: not run, there is no R")
        return
    command = ["Rscript", "--vanilla", str(HERE / "scoring_peers.R"), method, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report(f"R GSVA {method}", done, own, goal)


def report(name: str, done: Any, own: float, goal: str) -> None:
    try:
        seconds = float(done.stdout.split()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        print(f"  {name:<44} failed: {last}")
        return
    line(name, seconds)
    line(f"  {name} over ours", seconds / own, goal, "x")


# --- inputs -----------------------------------------------------------------------------------


def sets(n: int, genes: int = GENES, size: int = 50) -> Plan:
    return plan_of({f"s{i}": {"up": RNG.choice(genes, size, False)} for i in range(n)}, {})


def cell_matrix(n: int) -> sparse.csr_matrix:
    """Log-normalised counts: 200 to 4,000 genes of each cell detected, many at a count of one."""
    sizes = np.clip(RNG.lognormal(np.log(1500), 0.45, n), 200, 4000).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    indices = np.empty(ends[-1], dtype=np.int32)
    data = np.empty(ends[-1], dtype=np.float32)
    for start, stop in itertools.pairwise(ends):
        k = stop - start
        steps = np.arange(k) * (GENES / k)
        indices[start:stop] = (steps + RNG.random(k) * (GENES / k)).astype(np.int32)
        counts = RNG.geometric(0.45, k)
        data[start:stop] = np.log1p(counts / counts.sum() * 1e4)
    matrix = sparse.csr_matrix((data, indices, ends), shape=(n, GENES))
    matrix.sum_duplicates()
    return matrix


def write_store(path: Path, n: int) -> None:
    """Write cells that repeat a simulated block, without holding them."""
    import anndata
    import pandas as pd

    block = cell_matrix(min(n, 10_000))
    repeats, rest = divmod(n, block.shape[0])
    pieces = [block] * repeats + ([block[:rest]] if rest else [])
    total = sum(p.nnz for p in pieces)
    var = pd.DataFrame(index=[f"G{g}" for g in range(GENES)])
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(n)])
    empty = anndata.AnnData(sparse.csr_matrix((n, GENES), dtype=np.float32), obs=obs, var=var)
    warnings.simplefilter("ignore")  # of zarr, about a format to come
    if path.suffix == ".zarr":
        import zarr

        empty.write_zarr(path)
        group: Any = zarr.open_group(str(path), mode="r+")
    else:
        import h5py

        empty.write_h5ad(path)
        group = h5py.File(path, "r+")
    X = group["X"]
    for name, kind in (("data", np.float32), ("indices", np.int32)):
        del X[name]
        make = getattr(X, "create_array", None) or X.create_dataset
        array = make(name, shape=(total,), chunks=(1_000_000,), dtype=kind)
        array.attrs["encoding-type"], array.attrs["encoding-version"] = "array", "0.2.0"
        start = 0
        for piece in pieces:
            array[start : start + piece.nnz] = getattr(piece, name)
            start += piece.nnz
    lengths = np.concatenate([np.diff(p.indptr) for p in pieces])
    X["indptr"][:] = np.concatenate([[0], np.cumsum(lengths)])
    if path.suffix == ".zarr":
        zarr.consolidate_metadata(str(path))
    else:
        group.close()


def save(folder: Path, matrix: Any, plan: Plan) -> None:
    if sparse.issparse(matrix):
        sparse.save_npz(folder / "matrix.npz", matrix, compressed=False)
    else:
        np.save(folder / "matrix.npy", matrix)
        matrix.T.tofile(folder / "matrix.f8")  # gene after gene, for R
        (folder / "shape.txt").write_text(f"{matrix.shape[1]}\n{matrix.shape[0]}\n")
    ends, own = plan.membership.members.matrix.indptr, plan.membership.members.matrix.indices
    held = [plan.membership.columns[own[a:b]].tolist() for a, b in itertools.pairwise(ends)]
    (folder / "sets.json").write_text(json.dumps(held))
    lines = ("\t".join(str(g + 1) for g in genes) for genes in held)
    (folder / "sets.txt").write_text("\n".join(lines) + "\n")


def load(folder: Path) -> tuple[Any, Plan]:
    held = json.loads((folder / "sets.json").read_text())
    plan = plan_of({f"s{i}": {"up": np.array(genes)} for i, genes in enumerate(held)}, {})
    return sparse.load_npz(folder / "matrix.npz"), plan


# --- measuring --------------------------------------------------------------------------------


def run(matrix: Any, plan: Plan, methods: Any, threads: int = 1) -> None:
    score_matrix(matrix, plan, [METHODS[m] for m in methods], threads=threads)


def sort_rows(matrix: Any) -> None:
    ends = matrix.indptr.tolist()
    for start, stop in itertools.pairwise(ends):
        np.sort(matrix.data[start:stop])


def median(work: Callable[[], object]) -> float:
    work()  # compiled and warm
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpu = Path("/proc/cpuinfo")
    if cpu.is_file():
        named = [x for x in cpu.read_text().splitlines() if x.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    memory = Path("/proc/meminfo")
    held = int(memory.read_text().split()[1]) / 1e6 if memory.is_file() else 0
    versions = ", ".join(
        f"{p} {importlib.metadata.version(p)}" for p in ("numpy", "scipy", "numba", "anndata")
    )
    load_now = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} cores ({model}), {held:.0f} GB{load_now}, "
        f"Python {platform.python_version()}, {versions}"
    )


def title(text: str) -> None:
    print(f"\n{text}")


def line(what: str, value: float, goal: str = "", unit: str = "s") -> None:
    shown = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    print(
        f"  {what:<44} {shown:>8} {unit:<2} {'goal ' + goal if goal else ''}".rstrip(), flush=True
    )


if __name__ == "__main__":
    main()
