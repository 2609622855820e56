"""One simulated cohort written in every format: each loads to the same counts."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from mechanisms.cohort import load, write_cohort
from mechanisms.cohort.write_formats import WRITERS
from mechanisms.errors import DataError
from mechanisms.genes import known_genes
from mechanisms.simulate import simulate_cohort

GENES = sorted(known_genes())[:40]


@pytest.fixture(scope="module")
def simulated() -> ad.AnnData:
    adata, _ = simulate_cohort(3, 3, n_genes=1500)
    return adata


def said(adata: ad.AnnData) -> str:
    return " ".join(adata.uns["mechanisms"]["notices"])


@pytest.mark.parametrize("format", WRITERS)
def test_every_format_loads_to_the_same_counts(
    tmp_path: Path, simulated: ad.AnnData, format: str
) -> None:
    if format == "zarr":
        pytest.importorskip("zarr")
    written = write_cohort(simulated, tmp_path, format)
    arrays = format in ("series_matrix", "soft")
    loaded = load(
        written.matrix,
        written.samples,
        platform=written.platform,
        transcripts=written.transcripts,
        scale="counts" if arrays else "auto",
    )
    assert loaded.uns["mechanisms"]["scale"] == "counts"
    expected = simulated.to_df()
    got = loaded.to_df(layer="values")
    if arrays:
        assert loaded.obs["title"].tolist() == list(simulated.obs_names)
    if arrays or format == "geo_supplement":
        got.index = simulated.obs_names
    shared = got.loc[simulated.obs_names]
    assert sorted(shared.columns) == sorted(expected.columns)
    assert_allclose(shared[expected.columns], expected)
    assert loaded.obs["outcome"].tolist() == simulated.obs["outcome"].tolist()
    assert len(loaded.uns["mechanisms"]["sha256"][0]) == 64
    loaded.write_h5ad(tmp_path / "out.h5ad")


def test_an_unknown_format_and_values_that_are_no_counts(
    tmp_path: Path, simulated: ad.AnnData
) -> None:
    with pytest.raises(DataError, match=r"'h5da' cannot be written; .* did you mean 'h5ad'"):
        write_cohort(simulated, tmp_path, "h5da")
    halves = simulated.copy()
    halves.X = halves.X * 0.5
    with pytest.raises(DataError, match="holds no counts"):
        write_cohort(halves, tmp_path, "table")


# --- detection and its override ---------------------------------------------------------------


def test_content_decides_not_the_name(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "series_matrix")
    renamed = written.matrix.rename(tmp_path / "counts.csv")
    assert load(renamed, platform=written.platform).uns["mechanisms"]["kind"] == "GEO series matrix"
    written = write_cohort(simulated, tmp_path, "h5ad")
    renamed = written.matrix.rename(tmp_path / "matrix.tsv")
    assert load(renamed).uns["mechanisms"]["kind"] == "AnnData"


def test_a_named_format_is_followed(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "star")
    facts = {}
    for format in ("auto", "star_forward", "star_unstranded", "star_reverse"):
        adata = load(written.matrix, written.samples, format=format)
        facts[format] = adata.layers["values"].sum()
    assert facts["auto"] == facts["star_reverse"] == simulated.X.sum()
    assert facts["star_forward"] < facts["star_reverse"] < facts["star_unstranded"]
    with pytest.raises(DataError, match=r"data\.format is 'strar'; .* did you mean 'star'"):
        load(written.matrix, format="strar")


def test_the_strand_of_star_is_said(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "star")
    text = said(load(written.matrix, written.samples))
    assert "star_reverse was taken, because 2% of the stranded reads are forward" in text
    assert "4 summary rows left out" in text


# --- single files -----------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["htseq", "star", "salmon", "kallisto"])
def test_one_file_is_one_sample(tmp_path: Path, simulated: ad.AnnData, format: str) -> None:
    written = write_cohort(simulated, tmp_path, format)
    files = [p for p in sorted(written.matrix.rglob("*")) if p.suffix in (".txt", ".tab", ".sf")]
    path = files[0] if files else written.matrix / "D01" / "abundance.tsv"
    adata = load(path, transcripts=written.transcripts)
    assert adata.n_obs == 1
    assert adata.layers["values"].sum() == pytest.approx(simulated.X[0].sum())


def test_kallisto_hdf5(tmp_path: Path, simulated: ad.AnnData) -> None:
    import h5py

    written = write_cohort(simulated, tmp_path, "kallisto")
    for folder in written.matrix.iterdir():
        table = pd.read_csv(folder / "abundance.tsv", sep="\t")
        with h5py.File(folder / "abundance.h5", "w") as store:
            store["aux/ids"] = table["target_id"].to_numpy().astype("S")
            store["est_counts"] = table["est_counts"].to_numpy()
    both = load(written.matrix, written.samples, transcripts=written.transcripts)
    for folder in written.matrix.iterdir():
        (folder / "abundance.tsv").unlink()
    only = load(written.matrix, written.samples, transcripts=written.transcripts)
    assert_allclose(only.X, both.X)
    single = load(written.matrix / "D01" / "abundance.h5", transcripts=written.transcripts)
    assert single.n_obs == 1


# --- transcripts ------------------------------------------------------------------------------


def test_transcripts_need_a_table_or_find_it_beside(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "salmon")
    assert written.transcripts is not None
    beside = written.transcripts.rename(written.matrix / "tx2gene.tsv")
    adata = load(written.matrix, written.samples)
    assert adata.shape == simulated.shape
    assert "were summed to 1,500 genes by tx2gene.tsv" in said(adata)
    beside.write_text("transcript\tgene\nENST1\tTNF\n")
    with pytest.raises(DataError, match="not known as genes"):
        load(written.matrix, written.samples)
    with pytest.raises(DataError, match=r"tx2gene\.tsv: only 0 of the 3,000 rows"):
        load(written.matrix, written.samples, transcripts=beside)


def test_gencode_writes_the_gene_into_the_name(tmp_path: Path) -> None:
    genes = [known_genes()[g].ensembl[0] for g in GENES[:12]]
    rows = [f"ENST{i:011d}.1|{genes[i // 2]}.4|-|-|x|{i}|" for i in range(24)]
    body = "".join(f"{r}\t900\t800\t1.5\t{100 + i}\n" for i, r in enumerate(rows))
    (tmp_path / "quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + body)
    adata = load(tmp_path / "quant.sf")
    assert sorted(adata.var_names) == sorted(genes)
    assert adata[:, genes[0]].layers["values"][0, 0] == 201
    assert "by the names themselves" in said(adata)


def test_versions_of_transcripts_may_differ(tmp_path: Path) -> None:
    names = [f"ENST{i:011d}" for i in range(10)]
    body = "".join(f"{n}.3\t900\t800\t1.5\t10\n" for n in names)
    (tmp_path / "quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + body)
    table = "".join(f"{n}.1\t{GENES[i]}\n" for i, n in enumerate(names[:8]))
    (tmp_path / "t.tsv").write_text(table)
    adata = load(tmp_path / "quant.sf", transcripts=tmp_path / "t.tsv")
    assert list(adata.var_names) == sorted(GENES[:8])
    assert "2 have no gene there and were left out (20.0% of the sum)" in said(adata)
    with pytest.raises(DataError, match=r"rows are transcripts .*data\.genes\.transcripts"):
        load(tmp_path / "quant.sf")


# --- 10x --------------------------------------------------------------------------------------


def cells(path: Path, ids: list[str], **features: list[str]) -> None:
    import h5py

    n = len(ids)
    matrix = sparse.csc_matrix(np.arange(1, 2 * n + 1).reshape(n, 2))
    with h5py.File(path, "w") as store:
        group = store.create_group("matrix")
        for key in ("data", "indices", "indptr"):
            group[key] = getattr(matrix, key)
        group["shape"] = np.array(matrix.shape)
        group["barcodes"] = np.array([b"AAACCCAAGATTAGCA-1", b"AAACCCACACAATGAA-1"])
        group["features/id"] = np.array(ids, dtype="S")
        group["features/name"] = np.array(ids, dtype="S")
        for key, cells in features.items():
            group[f"features/{key}"] = np.array(cells, dtype="S")


def test_antibodies_are_no_genes(tmp_path: Path) -> None:
    kinds = ["Gene Expression"] * 10 + ["Antibody Capture"] * 2
    cells(tmp_path / "a.h5", [*GENES[:10], "CD3", "CD19"], feature_type=kinds)
    adata = load(tmp_path / "a.h5")
    assert adata.shape == (1, 10)
    assert "2 features that are no genes were left out ('Antibody Capture')" in said(adata)


def test_two_genomes_and_the_species(tmp_path: Path) -> None:
    ids = [f"GRCh38_{g}" for g in GENES[:10]] + [f"mm10_{g.capitalize()}" for g in GENES[:10]]
    cells(tmp_path / "a.h5", ids, genome=["GRCh38"] * 10 + ["mm10"] * 10)
    assert list(load(tmp_path / "a.h5").var_names) == GENES[:10]
    mouse = load(tmp_path / "a.h5", species="mouse")
    assert mouse.var_names[0] == GENES[0].capitalize()
    assert "the genome mm10 was read; left out: GRCh38" in said(mouse)
    with pytest.raises(DataError, match=r"'GRCh37', which the file does not hold; did you mean"):
        load(tmp_path / "a.h5", genome="GRCh37")


def test_an_undecided_genome_is_asked_for(tmp_path: Path) -> None:
    ids = [f"{x}_{g}" for x in "AB" for g in GENES[:10]]
    cells(tmp_path / "a.h5", ids, genome=["A"] * 10 + ["B"] * 10)
    with pytest.raises(DataError, match=r"2 genomes \('A', 'B'\) .* Name one as data.genes.genome"):
        load(tmp_path / "a.h5")
    assert load(tmp_path / "a.h5", genome="B").n_vars == 10


def test_wells_of_an_aggregated_run_are_libraries(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "10x")
    inside = written.matrix / "D01" / "filtered_feature_bc_matrix"
    names = gzip.decompress((inside / "barcodes.tsv.gz").read_bytes()).decode().split()
    names = [n if i < 8 else n.replace("-1", "-2") for i, n in enumerate(names)]
    (inside / "barcodes.tsv.gz").write_bytes(gzip.compress("\n".join(names).encode()))
    adata = load(inside)
    assert adata.obs_names.tolist() == [
        "filtered_feature_bc_matrix-1",
        "filtered_feature_bc_matrix-2",
    ]
    assert adata.layers["values"].sum() == simulated.X[0].sum()


def test_prefixed_triples_of_geo(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "10x")
    flat = tmp_path / "flat"
    flat.mkdir()
    for i, sample in enumerate(simulated.obs_names):
        for file in (written.matrix / sample / "filtered_feature_bc_matrix").iterdir():
            file.rename(flat / f"GSM{100 + i}_{sample}_{file.name}")
    by_title = load(flat, written.samples)
    assert by_title.obs_names.tolist() == simulated.obs_names.tolist()
    alone = load(flat)
    assert alone.obs_names.tolist() == [f"GSM{100 + i}" for i in range(6)]


def test_a_sheet_of_cells_is_refused(tmp_path: Path) -> None:
    cells(tmp_path / "a.h5", GENES[:10])
    sheet = pd.DataFrame({"cell": ["AAACCCAAGATTAGCA-1", "AAACCCACACAATGAA-1"], "g": ["a", "b"]})
    with pytest.raises(DataError, match=r"sheet lists cells .* aggregate to donors"):
        load(tmp_path / "a.h5", sheet)


# --- folders ----------------------------------------------------------------------------------


def test_rows_that_not_all_files_have(tmp_path: Path) -> None:
    for k in range(3):
        rows = "".join(f"{g}\t{i + k}\n" for i, g in enumerate(GENES[k : 20 + k]))
        (tmp_path / f"s{k}.txt").write_text(rows)
    adata = load(tmp_path)
    assert list(adata.var_names) == GENES[2:20]
    assert adata.obs_names.tolist() == ["s0", "s1", "s2"]
    assert "18 of up to 20 rows are in all of them" in said(adata)
    (tmp_path / "s3.txt").write_text("".join(f"X{i}\t1\n" for i in range(20)))
    with pytest.raises(DataError, match=r"only 0 are in all files, .* different annotations"):
        load(tmp_path)


def test_a_matrix_in_a_folder_beside_its_sheet(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "table")
    assert written.samples is not None
    (tmp_path / "people.tsv").write_text("id\tname\nD01\tx\n")
    adata = load(tmp_path, written.samples)
    assert adata.shape == simulated.shape
    assert "the matrix in it is counts.tsv.gz" in said(adata)


def test_several_matrices_are_never_merged(tmp_path: Path, simulated: ad.AnnData) -> None:
    for name in ("a", "b"):
        simulated.to_df().T.to_csv(tmp_path / f"{name}.csv")
    with pytest.raises(DataError, match=r"2 files that are matrices of several samples .* never"):
        load(tmp_path)


def test_the_hash_of_a_folder_follows_its_content(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "htseq")
    first = load(written.matrix, written.samples).uns["mechanisms"]["sha256"][0]
    (written.matrix / "notes.md").write_text("beside the data")
    assert load(written.matrix, written.samples).uns["mechanisms"]["sha256"][0] == first
    file = written.matrix / "D01.counts.txt"
    file.write_text(file.read_text().replace("__no_feature\t1000", "__no_feature\t1001"))
    assert load(written.matrix, written.samples).uns["mechanisms"]["sha256"][0] != first


def test_a_link_in_a_tar_is_left_out(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "geo_supplement")
    with tarfile.open(written.matrix, "a") as archive:
        link = tarfile.TarInfo("GSM1_x.txt.gz")
        link.type, link.linkname = tarfile.SYMTYPE, "../../secret"
        archive.addfile(link)
    adata = load(written.matrix, written.samples)
    assert adata.n_obs == 6
    assert "1 link or device of the archive left out: 'GSM1_x.txt.gz'" in said(adata)


def test_a_tar_in_a_tar_is_a_folder(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "10x")
    with tarfile.open(tmp_path / "GSE1_RAW.tar", "w") as outer:
        for i, sample in enumerate(simulated.obs_names):
            path = tmp_path / f"GSM{100 + i}_{sample}_matrix.tar.gz"
            with tarfile.open(path, "w:gz") as inner:
                inner.add(written.matrix / sample / "filtered_feature_bc_matrix", arcname=".")
            outer.add(path, arcname=path.name)
    adata = load(tmp_path / "GSE1_RAW.tar")
    assert adata.obs_names.tolist() == [f"GSM{100 + i}" for i in range(6)]
    assert_allclose(adata.layers["values"].sum(axis=1), simulated.X.sum(axis=1))


def test_names_of_feature_counts_columns(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "featurecounts")
    assert "named after their alignment files: aligned/D01.sorted.bam -> D01" in said(
        load(written.matrix)
    )
    sheet = pd.DataFrame({"bam": [f"aligned/{s}.sorted.bam" for s in simulated.obs_names], "x": 1})
    assert load(written.matrix, sheet).n_obs == 6


# --- SOFT -------------------------------------------------------------------------------------


def test_soft_of_two_platforms(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "soft")
    text = gzip.decompress(written.matrix.read_bytes()).decode()
    head, *samples = text.split("^SAMPLE")
    samples[0] = samples[0].replace("GPL900", "GPL901")
    (tmp_path / "two.soft").write_text("^SAMPLE".join([head, *samples]))
    with pytest.raises(DataError, match=r"2 platforms: GPL900 \(5 samples\), GPL901 \(1 sample\)"):
        load(tmp_path / "two.soft")
    adata = load(tmp_path / "two.soft", subset={"platform_id": ["GPL900"]}, scale="counts")
    assert adata.shape == (5, simulated.n_vars)
    assert "keeps 5 of 6 samples" in said(adata)


def test_a_soft_file_is_a_sheet_and_a_platform(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "soft")
    counts = pd.DataFrame(
        simulated.X.T, [f"{200_000 + i}_at" for i in range(simulated.n_vars)], simulated.obs_names
    )
    adata = load(counts, written.matrix, sample_id="title", platform=written.matrix)
    assert adata.obs["outcome"].tolist() == simulated.obs["outcome"].tolist()
    assert adata.n_vars == simulated.n_vars


def test_a_probe_that_one_sample_lacks_is_missing_there(
    tmp_path: Path, simulated: ad.AnnData
) -> None:
    written = write_cohort(simulated, tmp_path, "soft")
    text = gzip.decompress(written.matrix.read_bytes()).decode()
    i = text.rindex("200003_at")
    (tmp_path / "a.soft").write_text(text[:i] + text[text.index("\n", i) + 1 :])
    adata = load(tmp_path / "a.soft", scale="linear")
    assert np.isnan(adata.X).sum() == 1
