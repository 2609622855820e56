"""The way from files to AnnData: numbers by hand, orientations, sheets, what is said."""

from __future__ import annotations

import bz2
import gzip
import lzma
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from mechanisms.cohort import load
from mechanisms.errors import DataError, MechanismsWarning
from mechanisms.genes import known_genes

GENES = sorted(known_genes())[:40]
SAMPLES = [f"S{i}" for i in range(1, 7)]


@pytest.fixture
def counts(rng: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(rng.poisson(200, (40, 6)), index=GENES, columns=SAMPLES)
    return frame.rename_axis("gene")


@pytest.fixture
def sheet() -> pd.DataFrame:
    return pd.DataFrame(
        {"sample": SAMPLES, "group": list("ababab"), "age": [40, 51, 33, 60, 47, 58]}
    )


def said(adata: ad.AnnData) -> str:
    return " ".join(adata.uns["mechanisms"]["notices"])


# --- values -----------------------------------------------------------------------------------


def test_counts_become_log_cpm_with_half_a_count_added() -> None:
    # voom: log2((c + 0.5) / (depth + 1) * 1e6); depths are 999 and 1999.
    frame = pd.DataFrame({"a": [0, 499, 500], "b": [1999, 0, 0]}, index=["TNF", "IL6", "IL10"])
    adata = load(frame)
    expected = np.log2([[500.0, 499_500.0, 500_500.0], [999_750.0, 250.0, 250.0]])
    assert_allclose(adata.X, expected, rtol=1e-14)
    assert_array_equal(adata.layers["values"], frame.T)
    assert adata.uns["mechanisms"]["scale"] == "counts"


def test_depth_counts_every_row_of_the_file_also_those_without_gene() -> None:
    frame = pd.DataFrame({"gene": ["TNF", "IL6", np.nan], "a": [10, 20, 69], "b": [1, 2, 996]})
    adata = load(frame, gene_column="gene")
    assert_allclose(adata.X[0, 0], np.log2(10.5 / 100 * 1e6))
    assert_allclose(adata.X[1, 0], np.log2(1.5 / 1000 * 1e6))
    assert adata.uns["mechanisms"]["collapse_detail"] == (
        "3 rows -> 2 genes; 1 row without gene left out"
    )


def test_summary_rows_of_htseq_do_not_count_as_depth() -> None:
    index = ["TNF", "IL6", "__no_feature", "N_unmapped"]
    adata = load(pd.DataFrame({"a": [10, 89, 5000, 7], "b": [1, 2, 3, 4]}, index=index))
    assert list(adata.var_names) == ["TNF", "IL6"]
    assert_allclose(adata.X[0, 0], np.log2(10.5 / 100 * 1e6))
    assert "2 summary rows left out: '__no_feature', 'N_unmapped'" in said(adata)


def test_linear_values_get_one_added_and_log_values_stay() -> None:
    linear = pd.DataFrame({"a": [0.0, 3.0, 1000.5], "b": [7.5, 1.25, 15.0]}, index=GENES[:3])
    assert_allclose(load(linear).X, np.log2(linear.T + 1))
    log = np.log2(linear + 1)
    adata = load(log)
    assert_array_equal(adata.X, log.T)
    assert "values" not in adata.layers


def test_fractional_counts_are_counts_when_declared() -> None:
    frame = pd.DataFrame({"a": [10.5, 88.5], "b": [3.0, 996.0]}, index=["TNF", "IL6"])
    adata = load(frame, scale="counts")
    assert_allclose(adata.X[0, 0], np.log2(11.0 / 100 * 1e6))
    assert "are fractions, as estimated counts" in said(adata)
    guessed = load(frame)
    assert guessed.uns["mechanisms"]["scale"] == "linear"
    assert "declare data.scale: counts" in said(guessed)


def test_scanpys_natural_logarithms_become_log2() -> None:
    values = np.array([[0.0, 1.5, 2.0], [3.0, 0.25, 1.0]])
    adata = ad.AnnData(np.log1p(values), var=pd.DataFrame(index=GENES[:3]))
    adata.uns["log1p"] = {"base": None}
    loaded = load(adata)
    assert_allclose(loaded.X, np.log2(values + 1))
    assert "base 2.718 were changed to log2" in said(loaded)


def test_missing_values_stay_missing_and_are_counted(counts: pd.DataFrame) -> None:
    log = np.log2(counts + 1)
    log.iloc[3, 2] = np.nan
    log.iloc[7] = np.nan
    adata = load(log)
    assert adata.n_vars == 39
    assert np.isnan(adata.X).sum() == 1
    assert "1 row without a value in any chosen sample left out" in said(adata)
    assert "of the values are missing" in said(adata)


def test_declaring_log_for_centred_values_warns(counts: pd.DataFrame) -> None:
    centred = counts.sub(counts.mean(axis=1), axis=0)
    with warnings.catch_warnings(record=True) as caught:  # libraries warn here too, on pandas 3
        warnings.simplefilter("always")
        adata = load(centred, scale="log")
    ours = [str(w.message) for w in caught if w.category is MechanismsWarning]
    assert len(ours) == 1
    assert "look centred or z-scored" in ours[0]
    assert_array_equal(adata.X, centred.T)
    assert "declared as log, but the values look centred" in said(adata)


# --- formats ----------------------------------------------------------------------------------


def reference(counts: pd.DataFrame, sheet: pd.DataFrame) -> ad.AnnData:
    return load(counts, sheet)


PACKINGS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, "": bytes}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("sep", ["\t", ",", ";", " "])
@pytest.mark.parametrize("transposed", [False, True])
def test_tables_of_every_form_load_alike(
    tmp_path: Path,
    counts: pd.DataFrame,
    sheet: pd.DataFrame,
    packing: str,
    sep: str,
    transposed: bool,
) -> None:
    text = (counts.T if transposed else counts).to_csv(sep=sep)
    path = tmp_path / f"matrix.txt{packing}"
    path.write_bytes(PACKINGS[packing](text.encode()))
    adata = load(path, sheet)
    assert_array_equal(adata.X, reference(counts, sheet).X)
    assert list(adata.var_names) == GENES
    assert list(adata.obs_names) == SAMPLES
    bare = load(path)  # without a sheet the known genes decide
    assert_array_equal(bare.X, adata.X)


def _r_style(text: str) -> str:
    return text.removeprefix("gene\t")


FORMS = {
    "crlf": lambda t: t.replace("\n", "\r\n"),
    "old mac": lambda t: t.replace("\n", "\r"),
    "no newline at the end": lambda t: t.rstrip("\n"),
    "blank lines": lambda t: t.replace("\n", "\n\n"),
    "comments": lambda t: "# made by\n#\n" + t,
    "header in a comment": lambda t: "# made by\n#" + t,
    "trailing tabs": lambda t: t.replace("\n", "\t\n"),
    "R without corner cell": _r_style,
    "quoted": lambda t: "\n".join(
        "\t".join(f'"{c}"' for c in r.split("\t")) for r in t.splitlines()
    ),
    "padded": lambda t: t.replace("\n", " \n").replace("gene\t", "gene \t "),
}


@pytest.mark.parametrize("form", FORMS)
def test_spellings_of_one_table_load_alike(
    tmp_path: Path, counts: pd.DataFrame, sheet: pd.DataFrame, form: str
) -> None:
    path = tmp_path / "matrix.tsv"
    path.write_bytes(FORMS[form](counts.to_csv(sep="\t")).encode())
    adata = load(path, sheet)
    assert_array_equal(adata.X, reference(counts, sheet).X)
    assert list(adata.var_names) == GENES


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(
    tmp_path: Path, counts: pd.DataFrame, sheet: pd.DataFrame, encoding: str
) -> None:
    sheet["group"] = sheet["group"].replace("a", "grün")
    (tmp_path / "s.tsv").write_bytes(sheet.to_csv(sep="\t", index=False).encode(encoding))
    adata = load(counts, tmp_path / "s.tsv")
    assert set(adata.obs["group"]) == {"grün", "b"}
    assert ("Latin-1" in said(adata)) == (encoding == "latin-1")


def test_excel_matrix_and_sheet(tmp_path: Path, counts: pd.DataFrame, sheet: pd.DataFrame) -> None:
    with pd.ExcelWriter(tmp_path / "m.xlsx") as book:
        counts.to_excel(book, sheet_name="counts")
        sheet.to_excel(book, sheet_name="other")
    sheet.to_excel(tmp_path / "s.xlsx", index=False)
    adata = load(tmp_path / "m.xlsx", tmp_path / "s.xlsx")
    assert_array_equal(adata.X, reference(counts, sheet).X)
    assert adata.obs["age"].tolist() == sheet["age"].tolist()
    assert "the first sheet (counts) was read; left out: other" in said(adata)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_anndata_in_memory_and_on_disk(
    tmp_path: Path, counts: pd.DataFrame, sheet: pd.DataFrame, form: type
) -> None:
    obs = sheet.set_index("sample")
    obs["group"] = pd.Categorical(obs["group"], categories=["a", "b", "unused"])
    adata = ad.AnnData(form(counts.T.to_numpy(dtype=np.float32)), obs=obs)
    adata.var_names = GENES
    adata.layers["counts"] = adata.X.copy()
    before = adata.copy()
    loaded = load(adata)
    adata.write_h5ad(tmp_path / "a.h5ad")
    from_disk = load(tmp_path / "a.h5ad")
    for result in (loaded, from_disk):
        assert_array_equal(result.X, reference(counts, sheet).X)
        assert result.obs["group"].tolist() == list("ababab")
        assert "X was used; left untouched: counts" in said(result)
    assert adata.obs.equals(before.obs)
    assert (abs(adata.X - before.X)).sum() == 0


def test_result_survives_the_disk(
    tmp_path: Path, counts: pd.DataFrame, sheet: pd.DataFrame
) -> None:
    sheet.loc[2, "group"] = None
    counts.to_csv(tmp_path / "m.csv")
    sheet.to_csv(tmp_path / "s.csv", index=False)
    adata = load(tmp_path / "m.csv", tmp_path / "s.csv", subset={"age": ["40", "51", "33"]})
    adata.write_h5ad(tmp_path / "out.h5ad")
    back = ad.read_h5ad(tmp_path / "out.h5ad")
    assert_array_equal(back.X, adata.X)
    facts, kept = adata.uns["mechanisms"], back.uns["mechanisms"]
    assert kept["sources"].tolist() == facts["sources"] == ["m.csv", "s.csv"]
    assert kept["notices"].tolist() == facts["notices"]
    assert kept["scale"] == "counts"
    assert back.obs["group"].isna().tolist() == [False, False, True]
    assert [len(h) for h in facts["sha256"]] == [64, 64]


# --- orientation, annotation columns, genes ---------------------------------------------------


def test_annotation_columns_are_no_samples(counts: pd.DataFrame, sheet: pd.DataFrame) -> None:
    table = counts.reset_index()
    table.insert(0, "ensembl_id", [known_genes()[g].ensembl[0] + ".7" for g in GENES])
    table.insert(2, "Length", range(1000, 1040))
    table.insert(3, "gene_type", "protein_coding")
    for given in (sheet, None):
        adata = load(table, given)
        assert list(adata.obs_names) == SAMPLES
        assert adata.uns["mechanisms"]["identifiers"] == "ensembl"
        assert adata.var_names[0] == known_genes()[GENES[0]].ensembl[0]
        assert adata.var["gene"].tolist() == GENES
        assert "3 columns beside the first one" in said(adata)
        assert "versions of 40 Ensembl ids were cut off" in said(adata)
    by_symbol = load(table, sheet, gene_column="gene")
    assert list(by_symbol.var_names) == GENES


def test_awkward_annotation_names_can_be_stored(tmp_path: Path, counts: pd.DataFrame) -> None:
    table = counts.reset_index()
    for name in ("row", "_index", "Gene/Protein", "Gene_Protein"):
        table.insert(1, name, [f"text {i}" for i in range(40)])
    adata = load(table)
    adata.write_h5ad(tmp_path / "a.h5ad")
    assert adata.var.columns.tolist() == ["row", "Gene_Protein"]


def test_an_unnamed_index_column_is_the_id(tmp_path: Path, sheet: pd.DataFrame) -> None:
    sheet.set_index("sample").to_csv(tmp_path / "s.csv", index_label="")
    matrix = pd.DataFrame([range(1, 7)] * 2, index=["TNF", "IL6"], columns=SAMPLES)
    adata = load(matrix, tmp_path / "s.csv")
    adata.write_h5ad(tmp_path / "a.h5ad")
    assert adata.obs_names.tolist() == SAMPLES


def test_the_column_that_finds_most_genes_is_taken(counts: pd.DataFrame) -> None:
    table = counts.reset_index()
    table.insert(0, "protein", [f"P{i:05d}" for i in range(40)])
    adata = load(table)
    assert list(adata.var_names) == GENES
    assert "named by the column 'gene'" in said(adata)


def test_metadata_beside_transposed_values_is_left_out(
    counts: pd.DataFrame, sheet: pd.DataFrame
) -> None:
    table = counts.T.reset_index(names="sample")
    table.insert(1, "site", ["north", "south"] * 3)
    adata = load(table, sheet)
    assert_array_equal(adata.X, reference(counts, sheet).X)
    assert "columns that are no genes were left out: 'site'" in said(adata)


def test_entrez_ids_as_numbers(counts: pd.DataFrame) -> None:
    entrez = [int(known_genes()[g].entrez[0]) for g in GENES]
    for ids in (entrez, [float(e) for e in entrez], [f"{e}.0" for e in entrez]):
        table = counts.reset_index(drop=True)
        table.insert(0, "id", ids)
        adata = load(table)
        assert adata.uns["mechanisms"]["identifiers"] == "entrez"
        assert list(adata.var_names) == [str(e) for e in entrez]


def test_dates_of_excel_are_named(counts: pd.DataFrame) -> None:
    counts.index = [*GENES[:38], "1-Mar", "2-Sep"]
    assert (
        "2 gene names look like dates or numbers of Excel: "
        "'1-Mar' (was MARCHF1 or MTARC1), '2-Sep' "
        "(was SEPTIN2)" in said(load(counts))
    )


def test_rows_of_several_genes_are_left_out(counts: pd.DataFrame) -> None:
    counts.index = [*GENES[:37], "TNF;LTA", "IL6 /// IL7", "---"]
    detail = load(counts).uns["mechanisms"]["collapse_detail"]
    assert detail == (
        "40 rows -> 37 genes; 1 row without gene left out; 2 rows of several genes left out"
    )


def test_mouse_genes_need_the_species(counts: pd.DataFrame) -> None:
    counts.index = [g.capitalize() for g in GENES]
    with pytest.raises(
        DataError, match=r"named as those of mouse or rat are .* Set data.species: mouse"
    ):
        load(counts)
    assert load(counts, species="mouse").uns["mechanisms"]["species"] == "mouse"


# --- order never matters ----------------------------------------------------------------------


def test_order_of_genes_and_samples_changes_nothing(
    rng: np.random.Generator, counts: pd.DataFrame
) -> None:
    counts.index = [*GENES[:30], *GENES[:10]]
    counts.iloc[35] = counts.iloc[5].to_numpy()[::-1]  # equal means
    for rule in ("max_mean", "median", "sum"):
        one = load(counts, collapse=rule).to_df()
        for _ in range(3):
            mixed = counts.iloc[rng.permutation(40), rng.permutation(6)]
            other = load(mixed, collapse=rule).to_df().loc[one.index, one.columns]
            assert_allclose(other, one, rtol=1e-14)


def test_users_data_are_not_changed(counts: pd.DataFrame, sheet: pd.DataFrame) -> None:
    sheet["group"] = " a"
    counts_before, sheet_before = counts.copy(), sheet.copy()
    adata = load(counts, sheet)
    adata.X[:] = 0
    adata.layers["values"][:] = 0
    pd.testing.assert_frame_equal(counts, counts_before)
    pd.testing.assert_frame_equal(sheet, sheet_before)
