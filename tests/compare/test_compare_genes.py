"""Moderated tests of genes, and tests of sets, against limma."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms.compare import Contrast, build_design, build_units
from mechanisms.compare.genes import gene_table, set_table
from mechanisms.compare.moderated import fit_prior, inverse_trigamma, moderated_t, natural_spline
from mechanisms.compare.rotation import contrast_effects, set_tests

ORACLES = Path(__file__).parents[1] / "oracles"


@pytest.fixture(scope="module")
def limma_input():
    values = pd.read_csv(ORACLES / "limma_expression.csv", index_col=0).T
    samples = pd.read_csv(ORACLES / "limma_samples.csv", index_col=0)
    X = np.column_stack([np.ones(len(samples)), samples["age"], samples["target"]])
    return values, samples, X


@pytest.mark.parametrize(("file", "trend"), [("limma_trend", True), ("limma_plain", False)])
def test_moderated_t_equals_limma(limma_input, file, trend):
    values, _, X = limma_input
    expected = pd.read_csv(ORACLES / f"{file}.csv")
    got = moderated_t(values.to_numpy(), X, 2, trend=trend)
    assert_allclose(got.estimate, expected["estimate"], rtol=1e-10)
    assert_allclose(got.t, expected["t"], rtol=1e-9)
    assert_allclose(got.p_value, expected["p_value"], rtol=1e-8)
    assert_allclose(got.prior.df, expected["df_prior"][0], rtol=1e-9)
    assert_allclose(got.prior.s2, expected["s2_prior"], rtol=1e-9)
    assert_allclose(got.df, expected["df_total"], rtol=1e-9)


def test_variances_without_spread_are_pooled():
    s2 = np.full(50, 2.0)
    assert np.isinf(fit_prior(s2, 4, None).df)
    assert_allclose(fit_prior(s2, 4, None).s2, 2.0)


def test_inverse_trigamma_inverts():
    from scipy.special import polygamma

    for x in (0.01, 0.7, 3.0, 250.0):
        assert_allclose(inverse_trigamma(float(polygamma(1, x))), x, rtol=1e-10)


def test_natural_spline_is_straight_beyond_its_last_knots_and_holds_the_line():
    x = np.linspace(0, 10, 200)
    basis = natural_spline(x, 4)
    assert np.linalg.matrix_rank(basis) == 4
    line = 3 + 2 * x
    fitted = basis @ np.linalg.lstsq(basis, line, rcond=None)[0]
    assert_allclose(fitted, line, atol=1e-9)


def sets_of(expected):
    first, spread = np.arange(20), np.arange(4, 200, 8)
    plain = [first, spread, np.arange(150, 200), np.array([2, 76, 119])]
    signed = (first, np.where(first % 2 == 0, 1.0, -1.0))
    return [(i, np.ones(len(i))) for i in plain] + [signed]


def test_fry_and_camera_equal_limma(limma_input):
    values, _, X = limma_input
    expected = pd.read_csv(ORACLES / "limma_sets.csv")
    got = set_tests(values.to_numpy(), X, 2, sets_of(expected))
    assert [t.n_genes for t in got] == expected["n_genes"].tolist()
    assert_allclose([t.fry_p for t in got], expected["fry_p"], rtol=1e-9)
    # limma turns t into z by Hill's approximation, which holds nine digits.
    assert_allclose([t.camera_p for t in got[:4]], expected["camera_p"][:4], rtol=1e-7)
    assert_allclose([t.correlation for t in got[:4]], expected["correlation"][:4], rtol=1e-9)


def test_the_first_effect_is_the_coefficient_over_its_unscaled_error(limma_input):
    values, _, X = limma_input
    y = values.to_numpy()
    effects = contrast_effects(y, X, 2)
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ y
    assert_allclose(effects[0], beta[2] / np.sqrt(inverse[2, 2]), rtol=1e-9)
    assert_allclose((effects[1:] ** 2).sum(axis=0), ((y - X @ beta) ** 2).sum(axis=0), rtol=1e-9)


def design_of(samples, donor="each_sample"):
    obs = samples.assign(outcome=np.where(samples["target"] == 1, "resorbing", "non_resorbing"))
    contrast = Contrast("outcome", "resorbing", "non_resorbing", donor=donor, covariates=("age",))
    units = build_units(obs, contrast)
    return build_design(units, contrast), units


def test_gene_table_is_limma_in_our_words_and_indifferent_to_gene_order(limma_input):
    values, samples, _ = limma_input
    design, units = design_of(samples)
    table = gene_table(units.average(values), design)
    expected = pd.read_csv(ORACLES / "limma_trend.csv", index_col="gene")
    assert_allclose(table["p_value"], expected["p_value"][table["gene"]], rtol=1e-8)
    assert_allclose(table["difference"], expected["estimate"][table["gene"]], rtol=1e-9)
    assert table["p_value"].is_monotonic_increasing
    turned = gene_table(units.average(values.iloc[:, ::-1]), design)
    pd.testing.assert_frame_equal(table, turned, rtol=1e-10)


def test_genes_with_gaps_or_without_variation_are_not_tested(limma_input):
    values, samples, _ = limma_input
    design, units = design_of(samples)
    broken = values.copy()
    broken.iloc[0, 0] = np.nan
    broken.iloc[:, 1] = 7.0
    tested = set(gene_table(units.average(broken), design)["gene"])
    assert tested == set(values.columns) - set(values.columns[:2])


def test_unknown_donors_test_no_gene(limma_input):
    values, samples, _ = limma_input
    design, units = design_of(samples, donor="unknown")
    assert gene_table(units.average(values), design).empty
    sets = {"a": dict.fromkeys(values.columns[:5], 1.0)}
    assert set_table(units.average(values), design, sets)["fry_p"].isna().all()


def test_set_table_names_every_signature_and_leaves_small_ones_empty(limma_input):
    values, samples, _ = limma_input
    design, units = design_of(samples)
    sets = {
        "first20": dict.fromkeys(values.columns[:20], 1.0),
        "lonely": {str(values.columns[0]): 1.0, "ABSENT": 1.0},
    }
    table = set_table(units.average(values), design, sets).set_index("signature")
    expected = pd.read_csv(ORACLES / "limma_sets.csv", index_col="set")
    assert_allclose(table["fry_p"]["first20"], expected["fry_p"]["first20"], rtol=1e-9)
    assert table["n_genes"].to_dict() == {"first20": 20, "lonely": 1}
    assert np.isnan(table["fry_p"]["lonely"])
