"""TMM factors with edgeR as the oracle, the units that sums betray, and the alarm of a shift."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanisms.cohort import load
from mechanisms.cohort.normalise import tmm_factors
from mechanisms.cohort.shift import global_shift
from mechanisms.genes import known_genes

ORACLES = Path(__file__).parent / "oracles"
GENES = sorted(known_genes())[:40] + [f"SIM{i:05d}" for i in range(1960)]


def said(adata: ad.AnnData) -> str:
    return " ".join(adata.uns["mechanisms"]["notices"])


@pytest.mark.parametrize("name", ["counts", "sparse"])
def test_factors_are_those_of_edger(name: str) -> None:
    counts = pd.read_csv(ORACLES / f"tmm_{name}.csv")
    expected = pd.read_csv(ORACLES / "tmm_factors.csv", index_col="sample")[name]
    factors = tmm_factors(counts.to_numpy(dtype=float), list(counts))
    assert_allclose(factors, expected, rtol=1e-10)


def test_order_of_samples_and_genes_leaves_no_trace(rng: np.random.Generator) -> None:
    counts = pd.read_csv(ORACLES / "tmm_counts.csv")
    factors = dict(
        zip(counts, tmm_factors(counts.to_numpy(dtype=float), list(counts)), strict=True)
    )
    for _ in range(3):
        mixed = counts.iloc[rng.permutation(2000), rng.permutation(6)]
        other = tmm_factors(mixed.to_numpy(dtype=float), list(mixed))
        assert [factors[s] for s in mixed] == other.tolist()


def test_depth_alone_changes_no_factor(rng: np.random.Generator) -> None:
    profile = rng.gamma(2, 200, 2000).round()
    factors = tmm_factors(np.column_stack([profile, 3 * profile, 7 * profile]), ["a", "b", "c"])
    assert_allclose(factors, 1)


def test_a_panel_or_one_sample_has_no_factors() -> None:
    counts = pd.read_csv(ORACLES / "tmm_counts.csv").to_numpy(dtype=float)
    assert_array_equal(tmm_factors(counts[:78], list("abcdef")), 1)
    assert_array_equal(tmm_factors(counts[:, :1], ["a"]), 1)


def test_values_use_the_factors(rng: np.random.Generator) -> None:
    counts = pd.read_csv(ORACLES / "tmm_counts.csv").set_axis(GENES, axis=0)
    adata = load(counts)
    factors = pd.read_csv(ORACLES / "tmm_factors.csv", index_col="sample")["counts"]
    depth = counts["s5"].sum() * factors["s5"]
    assert_allclose(adata["s5"].X[0], np.log2((counts["s5"] + 0.5) / (depth + 1) * 1e6), rtol=1e-9)
    assert_allclose([float(f) for f in adata.uns["mechanisms"]["factors"]], factors, rtol=1e-8)
    assert "with TMM factors (0.50 to 1.40)" in said(adata)
    few = load(counts.iloc[:30])
    assert "without TMM factors: a sample has fewer than 500 genes" in said(few)
    assert few.uns["mechanisms"]["normalisation"] == "none"


# --- units ------------------------------------------------------------------------------------


def expression(rng: np.random.Generator) -> pd.DataFrame:
    values = rng.lognormal(1, 2, (2000, 1)) * rng.lognormal(0, 0.3, (2000, 5))
    return pd.DataFrame(values, GENES, list("abcde"))


UNITS = {
    "TPM": (lambda x: x / x.sum() * 1e6, "TPM or CPM: every sample adds up to 1,000,000"),
    "TPM of coding genes": (
        lambda x: x / x.sum() * [8e5, 9e5, 7e5, 9e5, 8e5],
        "TPM of a part of the genes, or FPKM or RPKM (samples add up to 700,000 to 900,000)",
    ),
    "FPKM": (lambda x: x / x.sum() * [3e5, 2e5, 4e5, 1e5, 2e5], "FPKM, RPKM or intensities, not"),
    "parts of ten thousand": (lambda x: x / x.sum() * 1e4, "every sample adds up to 10,000"),
    "log2(TPM + 1)": (lambda x: np.log2(x / x.sum() * 1e6 + 1), "log2(x + 1) of values that add"),
}


@pytest.mark.parametrize("name", UNITS)
def test_units_are_recognised_by_sums(name: str, rng: np.random.Generator) -> None:
    make, words = UNITS[name]
    assert words in load(make(expression(rng))).uns["mechanisms"]["unit"]


def test_the_name_of_the_file_is_a_hint(tmp_path: Path, rng: np.random.Generator) -> None:
    expression(rng).to_csv(tmp_path / "all_FPKM.tsv", sep="\t")
    unit = load(tmp_path / "all_FPKM.tsv").uns["mechanisms"]["unit"]
    assert unit.endswith("the file's name says FPKM")


def test_natural_logarithms_of_a_fixed_total_are_recognised(rng: np.random.Generator) -> None:
    x = expression(rng)
    x = x / x.sum() * 1e4
    adata = load(np.log1p(x))
    assert_allclose(adata.X, np.log2(x + 1).T)
    assert "so these are natural logarithms" in said(adata)
    kept = load(np.log1p(x), scale="log")
    assert_allclose(kept.X, np.log1p(x).T)


# --- global shift -----------------------------------------------------------------------------


def test_a_shift_of_everything_alarms(rng: np.random.Generator) -> None:
    X = rng.normal(7, 2, 3000) + rng.normal(0, 0.5, (12, 3000))
    target = np.arange(12) < 6
    calm = global_shift(X, target, ~target)
    assert calm is not None
    assert not calm.alarm
    assert "no global shift" in calm.text("a", "b")
    X[target] -= 1.0
    moved = global_shift(X, target, ~target)
    assert moved is not None
    assert moved.alarm
    assert moved.median == pytest.approx(-1, abs=0.05)
    assert moved.up < 0.05
    assert "between a and b" in moved.text("a", "b")
    assert "a global shift" in moved.text("a", "b")


def test_no_shift_is_computed_from_too_little(rng: np.random.Generator) -> None:
    X, target = rng.normal(7, 2, (4, 3000)), np.array([True, False, False, False])
    assert global_shift(X, target, ~target) is None
    target = np.array([True, True, False, False])
    assert global_shift(X[:, :300], target, ~target) is None
    X[0, :2800] = np.nan
    assert global_shift(X, target, ~target) is None


# --- Excel ------------------------------------------------------------------------------------

DAMAGED = {
    "1-Mar": "MARCHF1 or MTARC1",
    "2-Sep": "SEPTIN2",
    "Sep-09": "SEPTIN9",
    "07-Sept": "SEPTIN7",
    "10. Mrz": "MARCHF10",
    "2023-09-06 00:00:00": "SEPTIN6",
    "2006-03-08": "MARCHF8",
    "09/04/2012": "SEPTIN4",
    "1-Dez": "DELEC1",
    "Oct-4": "POU5F1 (OCT4)",
    "1-Feb": "",
    "2.31E+19": "a RIKEN clone such as 2310009E13Rik",
    "44806": "SEPTIN2",
}


def test_names_that_excel_changed_are_named() -> None:
    from mechanisms.cohort.excel import damaged

    symbols = sorted(known_genes())
    assert damaged([*symbols, *DAMAGED]) == DAMAGED
    assert damaged(symbols) == {}
    assert damaged([str(i) for i in range(36000, 36400)]) == {}  # Entrez ids are no dates
