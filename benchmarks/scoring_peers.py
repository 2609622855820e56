"""One peer's seconds on the input of scoring.py: run by the Python that has the peers."""

import json
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np


def main(name: str, folder: Path) -> None:
    warnings.simplefilter("ignore")
    held = json.loads((folder / "sets.json").read_text())
    sets = {f"s{i}": [f"G{g}" for g in genes] for i, genes in enumerate(held)}
    work = {
        "gseapy_ssgsea": gseapy_work,
        "gseapy_gsva": gseapy_work,
        "pyucell": cell_work,
        "scanpy_score_genes": cell_work,
    }[name](name, folder, sets)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
        if sum(times) > 60:
            break
    print(statistics.median(times))


def gseapy_work(name: str, folder: Path, sets: dict[str, list[str]]):
    import gseapy
    import pandas as pd

    matrix = np.load(folder / "matrix.npy")
    frame = pd.DataFrame(
        matrix.T,
        index=[f"G{g}" for g in range(matrix.shape[1])],
        columns=[f"S{i}" for i in range(matrix.shape[0])],
    )
    common = {"outdir": None, "min_size": 1, "max_size": 10_000, "threads": 1}
    if name == "gseapy_ssgsea":
        return lambda: gseapy.ssgsea(frame, sets, correl_norm_type="rank", **common)
    return lambda: gseapy.gsva(frame, sets, **common)


def cell_work(name: str, folder: Path, sets: dict[str, list[str]]):
    import anndata
    import pandas as pd
    from scipy import sparse

    matrix = sparse.load_npz(folder / "matrix.npz")
    var = pd.DataFrame(index=[f"G{g}" for g in range(matrix.shape[1])])
    obs = pd.DataFrame(index=[f"c{i}" for i in range(matrix.shape[0])])
    adata = anndata.AnnData(matrix, obs=obs, var=var)
    if name == "pyucell":
        import pyucell

        return lambda: pyucell.compute_ucell_scores(adata, sets, n_jobs=1)
    import scanpy

    def score() -> None:
        for genes in sets.values():
            scanpy.tl.score_genes(adata, genes)

    return score


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(sys.argv[1], Path(sys.argv[2]))
    else:
        print("called by scoring.py, in a Python that has the peers")
