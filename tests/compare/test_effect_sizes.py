"""Hedges g and its limits, power, false discovery rate, evidence level."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mechanisms.compare import detectable, evidence_level, noncentral, power
from mechanisms.compare import effects as sizes
from mechanisms.compare.fdr import benjamini_hochberg
from mechanisms.compare.linear import fit_contrast
from mechanisms.vocabulary import LEVELS

ORACLES = Path(__file__).resolve().parents[1] / "oracles"


# --- noncentral t -----------------------------------------------------------------------------


def test_limits_of_the_noncentrality_equal_r() -> None:
    for row in pd.read_csv(ORACLES / "noncentral_t.csv").itertuples():
        low, high = noncentral.limits(row.t, row.df)
        assert low == pytest.approx(row.ncp_low, rel=1e-9, abs=1e-9)
        assert high == pytest.approx(row.ncp_high, rel=1e-9, abs=1e-9)
        unit = math.sqrt(1 / row.n_target + 1 / row.n_reference)
        assert low * unit == pytest.approx(row.d_low, rel=1e-9, abs=1e-9)
        assert high * unit == pytest.approx(row.d_high, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("t", "df"), [(0.4, 1.3), (3, 2.5), (-2, 4), (8, 15.7), (1.5, 900)])
def test_the_cdf_equals_scipys_where_scipy_has_one(t: float, df: float) -> None:
    for delta in (-3.0, -0.5, 0.0, 0.7, 2.0, 6.0):
        expected = stats.nct.cdf(t, df, delta)
        assert noncentral.cdf(t, df, delta) == pytest.approx(expected, abs=2e-10)


@pytest.mark.parametrize(("t", "df"), [(400.0, 8.0), (1e4, 10.0), (-1e6, 5.0), (1e9, 22.0)])
def test_limits_at_a_huge_t_are_those_of_the_chi(t: float, df: float) -> None:
    """T = (Z + delta) / S, and far from zero Z is nothing: delta is t S."""
    ends = np.sort(t * np.sqrt(stats.chi2.ppf([0.025, 0.975], df) / df))
    # What Z adds is of the order 1 / t^2 to the relative width.
    np.testing.assert_allclose(noncentral.limits(t, df), ends, rtol=20 / t**2 + 1e-9)


@given(t=st.floats(-60, 60), df=st.floats(1.05, 400))
@settings(max_examples=40, deadline=None)
def test_the_interval_leaves_zero_out_exactly_when_p_is_below_5_percent(
    t: float, df: float
) -> None:
    low, high = noncentral.limits(t, df)
    p = 2 * stats.t.sf(abs(t), df)
    if abs(p - 0.05) > 1e-9:
        assert (low > 0 or high < 0) == (p < 0.05)
    mirrored = noncentral.limits(-t, df)
    np.testing.assert_allclose((-mirrored[1], -mirrored[0]), (low, high), rtol=1e-8, atol=1e-9)


def test_no_limits_without_a_statistic() -> None:
    for t, df in ((np.nan, 5.0), (np.inf, 5.0), (2.0, np.nan), (2.0, 0.0)):
        assert np.isnan(noncentral.limits(t, df)).all()


# --- Hedges g ---------------------------------------------------------------------------------


def test_hedges_correction_equals_r() -> None:
    for row in pd.read_csv(ORACLES / "hedges_j.csv").itertuples():
        assert sizes.hedges_correction(row.df) == pytest.approx(row.j, rel=1e-9)
    assert math.isnan(sizes.hedges_correction(1))


def two_groups(y: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    target = np.arange(len(y)) < n
    return target, np.column_stack([np.ones(len(y)), target])


def test_g_of_two_groups_by_hand() -> None:
    y = np.array([5.0, 6, 7, 8, 2, 3, 4, 5])[:, None]
    target, X = two_groups(y, 4)
    fit = fit_contrast(y, X, 1, "ols")
    sd = sizes.within_sd(y, target)
    assert sd[0] == pytest.approx(math.sqrt(5 / 3))  # both variances are 5/3
    g, low, high = sizes.standardised(fit, sd, 6)
    J = math.gamma(3) / (math.sqrt(3) * math.gamma(2.5))
    assert g[0] == pytest.approx(J * 3 / math.sqrt(5 / 3), rel=1e-12)
    t = 3 / math.sqrt(5 / 3 * (1 / 4 + 1 / 4))
    assert fit.statistic[0] == pytest.approx(t)
    ncp = noncentral.limits(t, 6)
    unit = math.sqrt(1 / 4 + 1 / 4)
    np.testing.assert_allclose((low[0], high[0]), (J * ncp[0] * unit, J * ncp[1] * unit))


@pytest.mark.parametrize(("n", "m"), [(8, 8), (5, 12), (20, 21)])
def test_g_is_unbiased_and_its_interval_covers(n: int, m: int) -> None:
    rng = np.random.default_rng(11)
    y = rng.normal(size=(n + m, 600))
    target, X = two_groups(y, n)
    y[target] += 1.2
    fit = fit_contrast(y, X, 1, "ols")
    g, low, high = sizes.standardised(fit, sizes.within_sd(y, target), n + m - 2)
    assert g.mean() == pytest.approx(1.2, abs=0.06)
    inside = (low / sizes.hedges_correction(n + m - 2) < 1.2) & (
        high / sizes.hedges_correction(n + m - 2) > 1.2
    )
    assert 0.92 < inside.mean() < 0.98


def test_a_covariate_moves_the_difference_but_not_the_standardiser() -> None:
    rng = np.random.default_rng(3)
    covariate = rng.normal(size=24)
    y = (2 * covariate + rng.normal(0, 0.1, 24))[:, None]
    target, X = two_groups(y, 12)
    y[target] += 1
    adjusted = np.column_stack([X[:, 0], covariate, X[:, 1]])
    sd = sizes.within_sd(y, target)
    fit = fit_contrast(y, adjusted, 2, "ols")
    g, _, _ = sizes.standardised(fit, sd, 22)
    assert fit.difference[0] == pytest.approx(1, abs=0.1)
    # Over the residual SD this would be near 10.
    assert g[0] == pytest.approx(sizes.hedges_correction(22) * fit.difference[0] / sd[0])
    assert abs(g[0]) < 1


def test_g_of_scores_without_variation_is_missing() -> None:
    y = np.array([1.0, 1, 1, 0, 0, 0])[:, None]
    target, X = two_groups(y, 3)
    g, low, high = sizes.standardised(fit_contrast(y, X, 1, "ols"), sizes.within_sd(y, target), 4)
    assert np.isnan([g[0], low[0], high[0]]).all()


# --- false discovery rate ---------------------------------------------------------------------


def test_bh_equals_r() -> None:
    rows = pd.read_csv(ORACLES / "bh.csv")
    got = benjamini_hochberg(rows["p_value"].to_numpy())
    np.testing.assert_allclose(got, rows["fdr"], rtol=1e-9)
    assert np.isnan(got).sum() == rows["p_value"].isna().sum() == 2


def test_bh_of_nothing_and_of_order() -> None:
    assert np.isnan(benjamini_hochberg(np.array([np.nan, np.nan]))).all()
    assert benjamini_hochberg(np.array([])).shape == (0,)
    p = np.random.default_rng(1).uniform(size=30)
    order = np.random.default_rng(2).permutation(30)
    np.testing.assert_array_equal(benjamini_hochberg(p[order]), benjamini_hochberg(p)[order])


# --- power ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "g"), [(5, 3.8), (8, 2.5), (12, 1.9), (20, 1.4), (30, 1.1)])
def test_detectable_effects_of_the_statistical_design(n: int, g: float) -> None:
    assert round(detectable(n, n, 0.05 / 38), 1) == g


def test_power_of_one_sd_at_twelve_against_twelve() -> None:
    assert power(1, 12, 12) == pytest.approx(0.65, abs=0.005)
    assert power(1, 12, 12, 0.05 / 38) == pytest.approx(0.15, abs=0.005)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 12), (12, 12), (60, 80)])
def test_power_is_consistent(n: int, m: int) -> None:
    assert power(0, n, m) == pytest.approx(0.05, abs=1e-12)
    assert power(-0.8, n, m) == pytest.approx(power(0.8, n, m), abs=1e-12)
    found = detectable(n, m, 0.01)
    assert power(found, n, m, 0.01) == pytest.approx(0.8, abs=1e-7)
    assert power(found / 2, n, m, 0.01) < 0.8 < power(found * 2, n, m, 0.01)
    # By scipy's noncentral t where it answers.
    df, shift = n + m - 2, 0.5 / math.sqrt(1 / n + 1 / m)
    critical = stats.t.isf(0.025, df)
    by_scipy = stats.nct.sf(critical, df, shift) + stats.nct.cdf(-critical, df, shift)
    assert power(0.5, n, m) == pytest.approx(by_scipy, abs=1e-9)


def test_power_of_pairs_is_that_of_their_differences() -> None:
    df, shift = 9, 0.9 * math.sqrt(10)
    critical = stats.t.isf(0.025, df)
    by_scipy = stats.nct.sf(critical, df, shift) + stats.nct.cdf(-critical, df, shift)
    assert power(0.9, 10, 10, pairs=True) == pytest.approx(by_scipy, abs=1e-9)


def test_no_power_without_degrees_of_freedom() -> None:
    assert power(5, 1, 1) == 0
    assert detectable(1, 1) == math.inf
    assert detectable(2, 2, 1e-9) == math.inf


# --- evidence level ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_min", "n_pairs", "donors", "residual_df", "level", "why"),
    [
        (1, None, "known", 10, "refuse", "1 unit, 2 needed"),
        (0, None, "known", 10, "refuse", "0 units, 2 needed"),
        (1, None, "unknown", 10, "refuse", "1 unit, 2 needed"),
        (2, None, "unknown", 2, "describe", "unknown which samples"),
        (50, None, "unknown", 98, "describe", "unknown which samples"),
        (8, 8, "unknown", 7, "describe", "unknown which samples"),
        (2, None, "known", 2, "descriptive", "2 in the smaller group, 5 needed"),
        (4, None, "known", 6, "descriptive", "4 in the smaller group, 5 needed"),
        (4, None, "declared", 20, "descriptive", "4 in the smaller group, 5 needed"),
        (5, None, "known", 8, "tested", ""),
        (5, None, "declared", 4, "tested", ""),
        (5, None, "known", 3, "descriptive", "3 residual degrees of freedom, 4 needed"),
        (5, 5, "known", 4, "descriptive", "5 pairs, 6 needed"),
        (6, 6, "known", 5, "tested", ""),
        (6, 6, "known", 3, "descriptive", "3 residual degrees"),
        (30, None, "known", 58, "tested", ""),
    ],
)
def test_evidence_levels(
    n_min: int, n_pairs: int | None, donors: str, residual_df: float, level: str, why: str
) -> None:
    got, reason = evidence_level(n_min, n_pairs, donors, residual_df)
    assert got == level
    assert got in LEVELS
    assert why in reason
    assert (reason == "") == (level == "tested")
