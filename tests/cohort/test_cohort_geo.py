"""GEO series matrices and platform tables, small ones written here."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms.cohort import load
from mechanisms.errors import DataError
from mechanisms.genes import known_genes

GENES = sorted(known_genes())[:12]
PROBES = [f"{1000 + i}_at" for i in range(12)]

HEAD = """!Series_title\t"A series"
!Series_geo_accession\t"GSE1"

!Sample_title\t"one"\t"two, ""so to say"", here"\t"three"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"
!Sample_source_name_ch1\t"disc"\t"disc"\t"disc"
!Sample_organism_ch1\t"Homo sapiens"\t"Homo sapiens"\t"Homo sapiens"
!Sample_characteristics_ch1\t"disease state: herniation"\t"disease state: control"\t"age: 41"
!Sample_characteristics_ch1\t"age: 52"\t"Sex: F"\t"disease state: herniation"
!Sample_characteristics_ch1\t"note"\t""\t"time: 10:30"
!Sample_platform_id\t"GPL1"\t"GPL1"\t"GPL1"
"""


def body(values: np.ndarray) -> str:
    rows = ['"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"']
    for probe, row in zip(PROBES, values, strict=True):
        rows.append(f'"{probe}"\t' + "\t".join(f"{x:.3f}" for x in row))
    return "!series_matrix_table_begin\n" + "\n".join(rows) + "\n!series_matrix_table_end\n"


@pytest.fixture
def values(rng: np.random.Generator) -> np.ndarray:
    return np.round(rng.uniform(4, 14, (12, 3)), 3)


@pytest.fixture
def series(tmp_path: Path, values: np.ndarray) -> Path:
    path = tmp_path / "GSE1_series_matrix.txt.gz"
    path.write_bytes(gzip.compress((HEAD + body(values)).encode()))
    return path


def platform(tmp_path: Path, header: str, cells: list[str], before: str = "") -> Path:
    path = tmp_path / "GPL1.annot.gz"
    rows = [f'{p}\tan odd "title\t{c}' for p, c in zip(PROBES, cells, strict=True)]
    text = before + f"ID\tGene title\t{header}\n" + "\n".join(rows) + "\n!platform_table_end\n"
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_characteristics_are_read_by_name_not_by_position(
    tmp_path: Path, series: Path, values: np.ndarray
) -> None:
    adata = load(series, platform=platform(tmp_path, "Gene symbol", GENES))
    assert_allclose(adata.X, values.T)
    assert adata.obs_names.tolist() == ["GSM1", "GSM2", "GSM3"]
    obs = adata.obs
    assert obs["disease_state"].tolist() == ["herniation", "control", "herniation"]
    assert obs["age"].tolist()[::2] == [52, 41]
    assert np.isnan(obs["age"].iloc[1])
    assert obs["sex"].isna().tolist() == [True, False, True]
    assert obs["time"].iloc[2] == "10:30"
    assert obs["characteristics"].iloc[0] == "note"
    assert obs["title"].iloc[1] == 'two, "so to say", here'
    assert obs["platform_id"].unique().tolist() == ["GPL1"]
    facts = adata.uns["mechanisms"]
    assert "'disease state' -> disease_state, 'age' -> age" in facts["notices"][0]
    assert facts["kind"] == "GEO series matrix"
    assert list(facts["platforms"]) == ["GPL1"]


def test_subset_by_a_characteristic(tmp_path: Path, series: Path, values: np.ndarray) -> None:
    table = platform(tmp_path, "Gene symbol", GENES)
    adata = load(series, platform=table, subset={"disease_state": ["herniation"]})
    assert_allclose(adata.X, values.T[[0, 2]])


def test_a_sheet_replaces_the_characteristics(tmp_path: Path, series: Path) -> None:
    sheet = pd.DataFrame({"id": ["GSM3", "GSM1"], "outcome": ["a", "b"]})
    adata = load(series, sheet, platform=platform(tmp_path, "Gene symbol", GENES))
    assert adata.obs_names.tolist() == ["GSM3", "GSM1"]
    assert adata.obs.columns.tolist() == ["outcome"]


def test_a_series_matrix_is_a_sheet_for_another_table(tmp_path: Path) -> None:
    path = tmp_path / "GSE1_series_matrix.txt"
    empty = '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\n!series_matrix_table_end\n'
    path.write_text(HEAD + empty)
    counts = pd.DataFrame(
        {"one": [5, 9], 'two, "so to say", here': [3, 7], "three": [1, 2]}, GENES[:2]
    )
    adata = load(counts, path, sample_id="title")
    assert adata.obs["disease_state"].tolist() == ["herniation", "control", "herniation"]
    with pytest.raises(DataError, match=r"holds no values, .* name this file as data\.samples"):
        load(path)


METADATA = "^Annotation\n!Annotation_platform = GPL1\n#ID = id\n!platform_table_begin\n"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Gene symbol", GENES),
        ("Gene Symbol", GENES),
        ("GENE_SYMBOL", GENES),
        ("ENTREZ_GENE_ID", [known_genes()[g].entrez[0] for g in GENES]),
        ("gene_assignment", [f"NM_1 // {g} // title, x // 1p // 7 /// NM_2 // {g}" for g in GENES]),
    ],
)
def test_gene_columns_of_platforms(
    tmp_path: Path, series: Path, values: np.ndarray, header: str, cells: list[str]
) -> None:
    adata = load(series, platform=platform(tmp_path, header, cells, METADATA))
    assert_allclose(adata.X, values.T)
    assert adata.var["row"].tolist() == PROBES
    named = [known_genes()[g].entrez[0] for g in GENES] if "ENTREZ" in header else GENES
    assert adata.var_names.tolist() == named
    assert adata.uns["mechanisms"]["sources"] == [series.name, "GPL1.annot.gz"]


def test_entrez_is_preferred_to_symbols_which_age(tmp_path: Path, series: Path) -> None:
    cells = [f"{g}\t{known_genes()[g].entrez[0]}" for g in GENES]
    adata = load(series, platform=platform(tmp_path, "Gene symbol\tGene ID", cells))
    assert adata.uns["mechanisms"]["identifiers"] == "entrez"
    assert adata.var["symbol"].tolist() == GENES
    chosen = load(
        series,
        platform=platform(tmp_path, "Gene symbol\tGene ID", cells),
        gene_column="Gene symbol",
    )
    assert chosen.var_names.tolist() == GENES


def test_probes_of_no_gene_several_genes_and_one_gene(
    tmp_path: Path, series: Path, values: np.ndarray
) -> None:
    cells = [*GENES[:8], "", "TNF /// IL6", f"{GENES[0]} /// {GENES[0]}", GENES[1]]
    adata = load(series, platform=platform(tmp_path, "Gene symbol", cells))
    assert adata.n_vars == 8
    best = max((0, 10), key=lambda i: values[i].mean())
    assert adata.var["row"].iloc[0] == PROBES[best]
    assert_allclose(adata.X[:, 0], values[best])
    assert adata.uns["mechanisms"]["collapse_detail"] == (
        "12 probes -> 8 genes; 1 probe without gene left out; 1 probe of several genes left out; "
        "2 genes had several probes: the row with the highest mean was kept (max_mean)"
    )


# --- refusals ---------------------------------------------------------------------------------


def test_probes_without_platform(series: Path) -> None:
    message = r"rows are probes \('1000_at'.*Set data\.genes\.platform to the probe table of GPL1"
    with pytest.raises(DataError, match=message):
        load(series)


def test_the_wrong_platform(tmp_path: Path, series: Path) -> None:
    (tmp_path / "GPL2.tsv").write_text("ID\tGene Symbol\n7_at\tTNF\n8_at\tIL6\n")
    with pytest.raises(DataError, match=r"GPL2\.tsv: only 0 of the 12 rows of GSE1_series_matrix"):
        load(series, platform=tmp_path / "GPL2.tsv")


PLATFORMS = {
    "no id": ("name\tGene Symbol\n1_at\tTNF\n", "no column holds the probes' ids"),
    "no gene": ("ID\tcolour\n1000_at\tred\n", "no column of the platform table names genes"),
    "no rows": ("#ID = x\nID\tGene Symbol\n", "has no rows, only metadata"),
    "metadata only": ("^A\n!b = c\n", "has no rows, only metadata"),
    "empty": ("", "platform table is empty"),
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_bad_platforms(tmp_path: Path, series: Path, name: str) -> None:
    content, message = PLATFORMS[name]
    (tmp_path / "GPL9.tsv").write_text(content)
    with pytest.raises(DataError, match=message):
        load(series, platform=tmp_path / "GPL9.tsv")


def test_unknown_column_of_the_platform(tmp_path: Path, series: Path) -> None:
    table = platform(tmp_path, "Gene symbol", GENES)
    with pytest.raises(DataError, match="'Gene Symbol', which is no column of the platform table"):
        load(series, platform=table, gene_column="Gene Symbol")


def test_missing_platform(tmp_path: Path, series: Path) -> None:
    with pytest.raises(DataError, match=r"platform table was not found .* data\.genes\.platform"):
        load(series, platform=tmp_path / "GPL9.tsv")


CUTS = {
    "no end": (lambda t: t.replace("!series_matrix_table_end", ""), "does not end .* file is cut"),
    "no table": (lambda t: t.split("!series_matrix_table_begin")[0], "has no table"),
    "no accession": (lambda t: t.replace("!Sample_geo_acc", "!Sample_x"), "no !Sample_geo_acc"),
    "undescribed sample": (
        lambda t: t.replace('"ID_REF"\t"GSM1"', '"ID_REF"\t"GSM9"'),
        "has samples that the !Sample lines do not describe .GSM9.",
    ),
    "text": (lambda t: t.replace('"1003_at"\t', '"1003_at"\tx'), "gene '1003_at' in sample 'GSM1'"),
    "ragged": (lambda t: t.replace('"1003_at"\t', '"1003_at"\t7\t'), "has 5 columns"),
}


@pytest.mark.parametrize("name", CUTS)
def test_damaged_series(tmp_path: Path, values: np.ndarray, name: str) -> None:
    change, message = CUTS[name]
    path = tmp_path / "GSE1_series_matrix.txt"
    path.write_text(change(HEAD + body(values)))
    with pytest.raises(DataError, match=message):
        load(path, platform=platform(tmp_path, "Gene symbol", GENES))


def test_the_animal_must_agree(tmp_path: Path, values: np.ndarray) -> None:
    path = tmp_path / "GSE1_series_matrix.txt"
    path.write_text((HEAD + body(values)).replace("Homo sapiens", "Mus musculus"))
    with pytest.raises(DataError, match="GEO says that the samples are Mus musculus"):
        load(path, platform=platform(tmp_path, "Gene symbol", GENES))
