"""How fast tables, series matrices and 10x files are read, and how much memory that takes.

Bounds: a series matrix of 54,675 x 200 in 2 s and 4 times its text in memory, 60,000 x 200 counts
in 3 s, 10x HDF5 within 10 % of scanpy's reader. Seed 1; the fastest of three runs (memory: one).
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mechanisms.cohort.files import open_source
from mechanisms.cohort.folders import read
from mechanisms.cohort.layout import Ask

RNG = np.random.default_rng(1)
TEXT_SLACK = 4.0
# Compares with a peer on the same machine; the seconds below are for one of 2 slow cores.
PEER_SLACK = 1.10


def main() -> None:
    versions = ", ".join(
        f"{p} {importlib.metadata.version(p)}" for p in ("numpy", "pandas", "h5py", "scanpy")
    )
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}")
    if len(sys.argv) == 3 and sys.argv[1] == "--memory":
        measure_memory(Path(sys.argv[2]))
        return
    broken = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for words, write, most in (
            ("series matrix, 54,675 x 200", series_matrix, 2.0),
            ("counts, 60,000 x 200", counts, 3.0),
        ):
            path = write(folder)
            seconds = fastest(lambda path=path: read(open_source(path, "m", "k"), Ask()))
            size = path.stat().st_size
            extra = memory_of(path)
            print(
                f"{words}: {seconds:.2f} s (bound {most} s), text {size / 1e6:.0f} MB, "
                f"memory {extra / 1e6:.0f} MB = {extra / size:.1f} x text"
            )
            # Counts are short as text: a float takes more room than its digits.
            too_large = write is series_matrix and extra > TEXT_SLACK * size
            broken += [words] * (seconds > most or too_large)
        path = tenx(folder)
        own, peer = compare_10x(path)
        print(f"10x HDF5, 20,000 x 8,000: {own:.2f} s, scanpy {peer:.2f} s ({own / peer:.2f})")
        broken += ["10x HDF5"] * (own > PEER_SLACK * peer)
    if broken:
        sys.exit(f"bound broken: {', '.join(broken)}")


def fastest(run: Callable[[], object], n: int = 3) -> float:
    times = []
    for _ in range(n):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def series_matrix(folder: Path) -> Path:
    n, samples = 54_675, [f"GSM{100_000 + i}" for i in range(200)]
    head = "".join(
        f"!Sample_{key}\t" + "\t".join(f'"{c}"' for c in cells) + "\n"
        for key, cells in (
            ("geo_accession", samples),
            ("platform_id", ["GPL570"] * 200),
            ("characteristics_ch1", [f"group: {'ab'[i % 2]}" for i in range(200)]),
        )
    )
    values = np.round(RNG.normal(7, 2, (500, 200)).clip(2), 6)
    block = [[f"{x:.6f}" for x in row] for row in values]
    path = folder / "GSE1_series_matrix.txt"
    with path.open("w") as out:
        out.write(head + "!series_matrix_table_begin\n")
        out.write('"ID_REF"\t' + "\t".join(f'"{s}"' for s in samples) + "\n")
        for i in range(n):
            out.write(f'"{i}_at"\t' + "\t".join(block[i % 500]) + "\n")
        out.write("!series_matrix_table_end\n")
    return path


def counts(folder: Path) -> Path:
    values = RNG.negative_binomial(1, 0.002, (500, 200)).astype(str)
    path = folder / "counts.tsv"
    with path.open("w") as out:
        out.write("gene\t" + "\t".join(f"s{i}" for i in range(200)) + "\n")
        for i in range(60_000):
            out.write(f"ENSG{i:011d}\t" + "\t".join(values[i % 500]) + "\n")
    return path


def tenx(folder: Path) -> Path:
    import h5py
    from scipy import sparse

    matrix = sparse.random(
        20_000, 8_000, 0.07, "csc", np.int32, RNG, lambda n: RNG.integers(1, 9, n)
    )
    path = folder / "filtered_feature_bc_matrix.h5"
    with h5py.File(path, "w") as store:
        group = store.create_group("matrix")
        for key in ("data", "indices", "indptr"):
            group.create_dataset(key, data=getattr(matrix, key), compression="gzip", chunks=True)
        group["shape"] = np.array(matrix.shape)
        group["barcodes"] = np.array([f"{i:016d}-1".encode() for i in range(8_000)])
        for key, word in (("id", "ENSG"), ("name", "G")):
            group[f"features/{key}"] = np.array([f"{word}{i:011d}".encode() for i in range(20_000)])
        group["features/feature_type"] = np.array([b"Gene Expression"] * 20_000)
        group["features/genome"] = np.array([b"GRCh38"] * 20_000)
    return path


def compare_10x(path: Path) -> tuple[float, float]:
    from mechanisms.cohort.tenx import read_store

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scanpy as sc

        own, peer = [], []
        for _ in range(3):  # in turn, so that both meet the same machine
            own.append(fastest(lambda: read_store(open_source(path, "m", "k"), Ask()), 1))
            peer.append(fastest(lambda: sc.read_10x_h5(path), 1))
    return min(own), min(peer)


def memory_of(path: Path) -> int:
    """Peak of a fresh process that reads the file, over one that only imports."""
    command = [sys.executable, __file__, "--memory", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def measure_memory(path: Path) -> None:
    before = peak()
    read(open_source(path, "m", "k"), Ask())
    print(peak() - before)


def peak() -> int:
    """The peak of this process alone: getrusage would count the parent's, before the start."""
    status = Path("/proc/self/status")
    if not status.is_file():
        sys.exit("memory is measured on Linux only")
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
