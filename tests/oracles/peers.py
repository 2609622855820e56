"""Scores by gseapy, decoupler and pyucell of `expression.csv`: run in a Python that has them."""

import importlib.metadata
from pathlib import Path

import anndata
import decoupler
import gseapy
import pandas as pd
import pyucell

HERE = Path(__file__).resolve().parent
MAX_RANK = 100


def save(scores: pd.DataFrame, name: str) -> None:
    scores.index.name = "sample"
    scores.to_csv(HERE / name, float_format="%.17g", lineterminator="\n")


def main() -> None:
    genes = pd.read_csv(HERE / "expression.csv", index_col="gene")
    rows = pd.read_csv(HERE / "gene_sets.csv")
    sets = {str(name): list(part["gene"]) for name, part in rows.groupby("set")}
    data = anndata.AnnData(genes.T)

    done = gseapy.ssgsea(
        genes, sets, outdir=None, min_size=1, max_size=1000, correl_norm_type="rank", threads=1
    )
    table = done.res2d.pivot_table(index="Name", columns="Term", values="ES", aggfunc="first")
    save(table.astype(float), "gseapy_ssgsea.csv")

    # The last signature has genes of both signs.
    down = [g for g in sets["set_40"] if g not in sets["set_10"]]
    net = pd.concat(
        [
            pd.DataFrame({"source": name, "target": of, "weight": weight})
            for name, of, weight in (
                *((name, of, 1.0) for name, of in sets.items()),
                ("signed", sets["set_10"], 1.0),
                ("signed", down, -1.0),
            )
        ]
    )
    ulm = data.copy()
    decoupler.mt.ulm(ulm, net, tmin=1)
    save(ulm.obsm["score_ulm"], "decoupler_ulm.csv")
    aucell = data.copy()
    decoupler.mt.aucell(aucell, net[net["source"] != "signed"], tmin=1)
    save(aucell.obsm["score_aucell"], "decoupler_aucell.csv")

    ucell = data.copy()
    pyucell.compute_ucell_scores(ucell, sets, max_rank=MAX_RANK, suffix="", n_jobs=1)
    save(ucell.obs[list(sets)], "pyucell.csv")
    for name in ("gseapy", "decoupler", "pyucell"):
        print(name, importlib.metadata.version(name))


if __name__ == "__main__":
    main()
