"""Public data as they were deposited."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms.cohort import load, propose, write_study
from mechanisms.errors import DataError
from mechanisms.study import read_study

pytestmark = pytest.mark.data

SERIES = Path("GSE55235_synovium") / "GSE55235_series_matrix.txt.gz"


def said(adata: object) -> str:
    return " ".join(adata.uns["mechanisms"]["notices"])  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def gpl96(data_dir: Path) -> Path:
    path = data_dir.parent / "reference" / "genes" / "GPL96_probe_symbol_entrez.tsv.gz"
    if not path.is_file():
        pytest.skip("the table of GPL96 is not beside the data")
    return path


def test_macrophage_counts_of_one_study(data_dir: Path) -> None:
    folder = data_dir / "macrophage_m1_m2_6studies"
    start = time.process_time()
    adata = load(
        folder / "gene_counts.tsv.gz",
        folder / "metadata.tsv",
        sample_id="run",
        subset={"bioproject": ["PRJNA239897"]},
        tissue="purified_cells",
    )
    assert time.process_time() - start < 3  # about 0.4 s; busy machines are slower
    assert adata.shape == (10, 19676)
    assert adata.obs["state"].value_counts().to_dict() == {"M1": 5, "M2a": 5}
    facts = adata.uns["mechanisms"]
    assert (facts["scale"], facts["identifiers"]) == ("counts", "ensembl")
    raw = pd.read_csv(folder / "gene_counts.tsv.gz", sep="\t").set_index("ensembl_id")
    column = raw["SRR1182376"].to_numpy()
    factor = float(facts["factors"][list(adata.obs_names).index("SRR1182376")])
    assert 0.8 < factor < 1.25
    expected = np.log2((column + 0.5) / (column.sum() * factor + 1) * 1e6)
    assert_allclose(adata["SRR1182376"].X[0], expected, rtol=1e-8, atol=1e-8)
    assert facts["normalisation"] == "TMM"


def test_macrophage_tpm(data_dir: Path) -> None:
    folder = data_dir / "macrophage_m1_m2_6studies"
    adata = load(folder / "gene_tpm.tsv.gz", folder / "metadata.tsv", gene_column="symbol")
    facts = adata.uns["mechanisms"]
    assert adata.n_obs == 60
    assert (facts["scale"], facts["identifiers"]) == ("linear", "symbol")
    assert "rows -> " in facts["collapse_detail"]


def test_synovium_series_matrix(data_dir: Path, gpl96: Path) -> None:
    start = time.process_time()
    adata = load(data_dir / SERIES, platform=gpl96, tissue="synovium")
    assert time.process_time() - start < 3
    facts = adata.uns["mechanisms"]
    assert adata.n_obs == 30
    assert facts["scale"] == "linear"
    assert facts["collapse_detail"].startswith("22,283 probes -> 12,633 genes; 1,288 probes ")
    # DDR1 (780) has probes 1007_s_at, 207169_x_at, 208779_x_at, 210749_x_at: the highest mean.
    assert adata.var.loc["780", "row"] == "1007_s_at"
    first = adata["GSM1332201", "780"]
    assert first.layers["values"][0, 0] == 122.6
    assert_allclose(first.X, np.log2(first.layers["values"] + 1))
    assert (adata.obs["disease_state"] == "rheumatoid arthritis").sum() == 10


def test_synovium_without_or_with_another_platform(data_dir: Path) -> None:
    with pytest.raises(DataError, match=r"rows are probes .* probe table of GPL96"):
        load(data_dir / SERIES)
    wrong = data_dir / "GSE781_soft" / "GPL97.annot.gz"
    with pytest.raises(DataError, match="only 168 of the 22,283 rows"):
        load(data_dir / SERIES, platform=wrong)


def test_an_original_platform_file(data_dir: Path, tmp_path: Path) -> None:
    probes = ["200000_s_at", "200001_at", "200002_at"]  # PRPF8, CAPNS1, RPL35
    pd.DataFrame({"ID_REF": probes, "a": [7.5, 8.5, 9], "b": [7, 8, 9.5]}).to_csv(
        tmp_path / "m.csv", index=False
    )
    annotation = data_dir / "GSE781_soft" / "GPL97.annot.gz"
    adata = load(tmp_path / "m.csv", platform=annotation)
    assert adata.var_names.tolist() == ["PRPF8", "CAPNS1", "RPL35"]
    adata = load(tmp_path / "m.csv", platform=annotation, gene_column="Gene ID")
    assert adata.var_names.tolist() == ["10594", "826", "11224"]


def test_init_of_the_synovium_is_a_study(data_dir: Path, gpl96: Path, tmp_path: Path) -> None:
    p = propose(data_dir / SERIES, platform=gpl96)
    assert p.outcome == "disease_state"
    assert (p.target, p.reference) == ("rheumatoid arthritis", "healthy control")
    assert (p.tissue, p.label_basis, p.species) == ("synovium", "disease_state", "human")
    assert p.platforms == ("GPL96",)
    study = read_study(write_study(p, tmp_path)[0])
    data = study.data
    assert data.samples is not None
    assert data.genes.platform is not None
    adata = load(
        study.resolve(data.matrix),
        study.resolve(data.samples),
        platform=study.resolve(data.genes.platform),
    )
    assert adata.n_obs == 30
    without = propose(data_dir / SERIES)
    assert without.identifiers == "probes"
    assert "GPL96" in without.problems[0]


def test_airway(data_dir: Path) -> None:
    folder = data_dir / "airway"
    adata = load(folder / "airway_rawcounts.csv", folder / "airway_metadata.csv")
    assert adata.shape == (8, 64102)
    assert adata.uns["mechanisms"]["identifiers"] == "ensembl"
    alone = load(folder / "airway_rawcounts.csv")
    assert_allclose(alone.X, adata.X)
    p = propose(folder / "airway_rawcounts.csv", folder / "airway_metadata.csv")
    assert (p.outcome, p.target, p.reference) == ("dex", "treated", "control")


def test_proteome_keeps_its_gaps(data_dir: Path) -> None:
    folder = data_dir / "human_disc_proteome"
    adata = load(folder / "old-and-young.aug21-2019.txt.gz", folder / "samples.tsv")
    assert adata.n_obs == 66
    assert adata.uns["mechanisms"]["scale"] == "log"
    assert 0.75 < np.isnan(adata.X).mean() < 0.77
    assert "118 rows of several genes left out" in adata.uns["mechanisms"]["collapse_detail"]
    assert "named by the column 'Gene names'" in said(adata)


def test_scaled_h5ad_is_refused(data_dir: Path) -> None:
    with pytest.raises(DataError, match=r"pbmc68k_reduced\.h5ad: the values look centred"):
        load(data_dir / "formats" / "pbmc68k_reduced.h5ad")


@pytest.mark.parametrize("version", ["v0.7.0", "v0.7.8"])
def test_old_h5ad(data_dir: Path, version: str) -> None:
    adata = load(data_dir / "formats" / "anndata_archives" / version / "adata.h5ad")
    assert adata.shape == (30, 20)
    assert "left untouched: array, sparse, raw" in said(adata)


OTHERS = {
    "formats/anndata_archives/v0.11.4/adata.h5ad": "holds no values in X",
    "formats/anndata_archives/v0.11.4/adata.zarr.zip": "holds no values in X",
    "formats/anndata_archives/v0.5.0/adata.h5ad": "look centred",
    "GSE781_soft/GSE781_family.soft.gz": r"2 platforms: GPL96 \(17 samples\), GPL97 \(17",
    "GSE781_soft/GSM11805.txt.gz": "probe table of GPL96",
    "GSE781_soft/GPL97.annot.gz": "describes an annotation but no samples",
    "mouse_disc_visium": "named as those of mouse",
}


@pytest.mark.parametrize("name", OTHERS)
def test_formats_not_read_are_refused(data_dir: Path, name: str) -> None:
    with pytest.raises(DataError, match=OTHERS[name]):
        load(data_dir / name)


LOADED = {
    "formats/10x_data/1.2.0/filtered_gene_bc_matrices/hg19_chr21": ({}, (1, 343)),
    "formats/10x_data/1.2.0/filtered_gene_bc_matrices_h5.h5": ({}, (1, 343)),
    "formats/10x_data/1.2.0/multiple_genomes.h5": ({}, (1, 343)),
    "formats/10x_data/3.0.0/filtered_feature_bc_matrix": ({}, (1, 507)),
    "formats/10x_data/3.0.0/filtered_feature_bc_matrix.h5": ({}, (1, 507)),
    "formats/10x_data/int-ids": ({"species": "mouse"}, (1, 6)),
    "formats/anndata_archives/v0.7.0/adata.zarr.zip": ({}, (30, 20)),
    "formats/anndata_archives/v0.7.8/adata.zarr.zip": ({}, (30, 20)),
    "GSE781_soft/GSE781_family.soft.gz": ({"subset": {"platform_id": ["GPL97"]}}, (17, 9334)),
    "GSE781_soft/GDS507.soft.gz": ({}, (17, 17953)),
    "mouse_disc_visium": ({"species": "mouse"}, (2, 19465)),
    "mouse_disc_visium/Mutant": ({"species": "mouse"}, (1, 19465)),
    "airway": ({}, (8, 64102)),
}


@pytest.mark.parametrize("name", LOADED)
def test_each_format_loads(data_dir: Path, name: str) -> None:
    options, shape = LOADED[name]
    assert load(data_dir / name, **options).shape == shape  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "1.2.0/filtered_gene_bc_matrices_h5.h5",
        "3.0.0/filtered_feature_bc_matrix.h5",
        "3.0.0/filtered_feature_bc_matrix",
        "1.2.0/filtered_gene_bc_matrices/hg19_chr21",
    ],
)
def test_10x_is_read_as_scanpy_reads_it(data_dir: Path, name: str) -> None:
    import warnings

    path = data_dir / "formats" / "10x_data" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scanpy as sc

        peer = sc.read_10x_h5(path) if path.suffix else sc.read_10x_mtx(path, var_names="gene_ids")
    sums = np.asarray(peer.X.sum(axis=0)).ravel()
    ids = peer.var["gene_ids"] if path.suffix else peer.var_names
    ours = load(path).to_df(layer="values")
    assert_allclose(ours.loc[:, list(ids)].to_numpy()[0], sums)


@pytest.mark.slow
def test_every_file_loads_or_is_refused(data_dir: Path) -> None:
    """No file of the public data ends in a traceback; whole series are tested above."""
    outcomes = {True: 0, False: 0}
    refusals = []
    for path in sorted(data_dir.rglob("*")):
        if not path.is_file() or path.stat().st_size > 800_000:
            continue
        try:
            load(path)
            outcomes[True] += 1
        except DataError as refusal:
            refusals.append(str(refusal))
            outcomes[False] += 1
    assert [r for r in refusals if "\n" in r] == []
    assert min(outcomes.values()) > 10
