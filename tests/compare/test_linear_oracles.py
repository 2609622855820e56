"""The tests of one coefficient against R's lm, t.test and clubSandwich."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mechanisms.compare import Contrast, Design, build_design, build_units, compare_scores
from mechanisms.compare.linear import choose_test, fit_contrast

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
FEATURES = [f"y{i}" for i in range(1, 6)]
ROWS = pd.read_csv(ORACLES / "groups.csv")
CASES = sorted({(str(a), str(b)) for a, b in zip(ROWS["input"], ROWS["model"], strict=True)})


@cache
def oracle_design(name: str, model: str) -> tuple[Design, pd.DataFrame]:
    """The design as users state it, and the scores of its units."""
    obs = pd.read_csv(ORACLES / f"{name}.csv", index_col="sample", dtype={"batch": str})
    contrast = Contrast(
        "group",
        "resorbing",
        "non_resorbing",
        donor="each_sample",
        pair="pair" if "pair" in model else None,
        covariates=tuple(c for c in ("age", "sex", "hours") if f"_{c}" in model),
        batch="batch" if "_batch" in model else None,
    )
    units = build_units(obs, contrast)
    return build_design(units, contrast), units.average(obs[FEATURES])


def oracle_test(model: str) -> str:
    return "welch" if model == "welch_t" else "hc2" if model.startswith("cr2") else "ols"


def expected(name: str, model: str) -> pd.DataFrame:
    rows = ROWS[(ROWS["input"] == name) & (ROWS["model"] == model)]
    return rows.set_index("feature").loc[FEATURES]


def close(got: object, wanted: pd.Series) -> None:
    np.testing.assert_allclose(np.asarray(got, dtype=float), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "model"), CASES)
def test_one_coefficient_equals_r(name: str, model: str) -> None:
    design, scores = oracle_design(name, model)
    rows = expected(name, model)
    fit = fit_contrast(scores.to_numpy(), design.X, design.column, oracle_test(model))
    close(fit.difference, rows["estimate"])
    close(fit.se, rows["se"])
    close(fit.df, rows["df"])
    close(fit.statistic, rows["statistic"])
    close(fit.p_value, rows["p_value"])
    half = stats.t.isf(0.025, fit.df) * fit.se
    close(fit.difference - half, rows["ci_low"])
    close(fit.difference + half, rows["ci_high"])


@pytest.mark.parametrize(
    ("name", "model", "rule"),
    [
        ("unequal", "welch_t", ""),
        ("unbalanced", "welch_t", ""),
        ("batches", "pooled_t", ""),
        ("unequal", "cr2_group_age_sex", "_age_sex"),
        ("unbalanced", "cr2_group_age_sex", "_age_sex"),
        ("batches", "lm_group_age_sex", "_age_sex"),
        ("batches", "lm_group_batch", "_batch"),
        ("batches", "lm_group_age_sex_batch", "_age_sex_batch"),
        ("pairs", "paired_t", "_pair"),
        ("pairs", "lm_group_hours_pair", "_hours_pair"),
    ],
)
def test_the_rule_chooses_the_test_that_users_get(name: str, model: str, rule: str) -> None:
    design, scores = oracle_design(name, model)
    table = compare_scores(scores, design, seed=1).set_index("signature").loc[FEATURES]
    rows = expected(name, model)
    close(table["difference"], rows["estimate"])
    for column in ("se", "df", "statistic", "p_value"):
        close(table[column], rows[column])
    # The interval of g leaves zero out exactly when p < .05.
    outside = (table["ci_low"] > 0) | (table["ci_high"] < 0)
    assert (outside == (table["p_value"] < 0.05)).all()
    assert ((table["ci_low"] < table["estimate"]) & (table["estimate"] < table["ci_high"])).all()


@pytest.mark.parametrize(
    ("n", "m", "paired", "alone", "test"),
    [
        (12, 12, False, True, "ols"),
        (12, 8, False, True, "ols"),
        (8, 12, False, False, "ols"),
        (13, 8, False, True, "welch"),
        (8, 13, False, False, "hc2"),
        (5, 12, False, True, "welch"),
        (8, 8, True, True, "ols"),
        (3, 4, False, True, "ols"),
        (2, 4, False, True, "welch"),
    ],
)
def test_the_rule_of_unequal_groups(n: int, m: int, paired: bool, alone: bool, test: str) -> None:
    assert choose_test(n, m, paired=paired, only_groups=alone) == test


def test_hc2_of_two_groups_has_welchs_standard_error() -> None:
    design, scores = oracle_design("unequal", "cr2_group")
    hc2 = fit_contrast(scores.to_numpy(), design.X, design.column, "hc2")
    welch = fit_contrast(scores.to_numpy(), design.X, design.column, "welch")
    np.testing.assert_allclose(hc2.se, welch.se, rtol=1e-12)


def test_a_batch_of_one_unit_is_as_if_that_unit_were_absent(rng: np.random.Generator) -> None:
    """It is fitted exactly: no weight in the variance, and none in the degrees of freedom."""
    for _ in range(10):
        y, age = rng.normal(size=(17, 3)), rng.normal(size=17)
        group = (np.arange(17) < 5).astype(float)
        alone = np.zeros(17)
        alone[rng.integers(0, 17)] = 1
        X = np.column_stack([np.ones(17), age, alone, group])
        rest = alone == 0
        for test in ("ols", "hc2"):
            fit = fit_contrast(y, X, 3, test)
            without = fit_contrast(y[rest], X[rest][:, [0, 1, 3]], 2, test)
            np.testing.assert_allclose(fit.se, without.se, rtol=1e-9)
            np.testing.assert_allclose(fit.df, without.df, rtol=1e-9)
            np.testing.assert_allclose(fit.p_value, without.p_value, rtol=1e-8)


def test_large_and_small_scales_give_the_same_test(rng: np.random.Generator) -> None:
    y = rng.normal(size=(17, 3)) + 4
    X = np.column_stack([np.ones(17), rng.normal(size=17), np.arange(17) < 5])
    for test in ("ols", "hc2"):
        fit = fit_contrast(y, X, 2, test)
        for factor in (1e-120, 1e-8, 1e9, 1e120):
            scaled = fit_contrast(y * factor, X, 2, test)
            np.testing.assert_allclose(scaled.statistic, fit.statistic, rtol=1e-9)
            np.testing.assert_allclose(scaled.p_value, fit.p_value, rtol=1e-8)


def test_no_variation_has_no_test() -> None:
    y = np.repeat([[2.0, 5.0]], 6, axis=0)
    y[:3, 1] = 7.0
    X = np.column_stack([np.ones(6), np.arange(6) < 3])
    for test in ("ols", "welch", "hc2"):
        fit = fit_contrast(y, X, 1, test)
        assert np.isnan(fit.statistic).all()
        assert np.isnan(fit.p_value).all()
        np.testing.assert_allclose(fit.difference, [0, 2], atol=1e-12)
