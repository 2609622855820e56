"""The table of tests: invariants, gaps, levels, the family, false positives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st

import mechanisms as mech
from mechanisms.compare import (
    Contrast,
    Design,
    build_design,
    build_units,
    compare_scores,
    effect_rows,
    family,
    family_fdr,
)
from mechanisms.compare.linear import fit_contrast
from mechanisms.compare.permutation import arrangements, permutation_p
from mechanisms.errors import DataError, DesignError, SignatureError
from mechanisms.signatures import Balance, Collection, Signature, read_signatures
from mechanisms.vocabulary import EFFECT_COLUMNS

Sheet = Callable[[int, int], pd.DataFrame]
Designed = Callable[..., Design]


def scores_of(design: Design, n: int = 4, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(len(design.units), n)) + np.linspace(0, 2, n) * design.target[:, None]
    return pd.DataFrame(values, index=design.units, columns=[f"s{i}" for i in range(n)])


# --- what changes nothing ---------------------------------------------------------------------


@given(seed=st.integers(0, 1000), covariates=st.sampled_from([(), ("age",), ("age", "sex")]))
@settings(max_examples=8, deadline=None)
def test_order_of_samples_and_of_scores_changes_no_number(
    seed: int, covariates: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(seed)
    obs = pd.DataFrame(
        {
            "outcome": rng.permutation(["resorbing"] * 6 + ["non_resorbing"] * 7),
            "age": rng.normal(45, 8, 13),
            "sex": rng.permutation(["f"] * 6 + ["m"] * 7),
        },
        index=[f"S{i:02d}" for i in range(13)],
    )
    values = pd.DataFrame(rng.normal(size=(13, 5)), index=obs.index, columns=list("abcde"))
    values.loc["S03", "b"] = np.nan
    words = Contrast("outcome", "resorbing", "non_resorbing", {}, "each_sample", None, covariates)

    def table(obs: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
        units = build_units(obs, words)
        return compare_scores(units.average(values), build_design(units, words), seed=3)

    one = table(obs, values)
    order = rng.permutation(13)
    pd.testing.assert_frame_equal(table(obs.iloc[order], values.iloc[order]), one, check_exact=True)
    turned = table(obs, values[list("ecabd")]).set_index("signature").loc[list("abcde")]
    pd.testing.assert_frame_equal(turned.reset_index(), one, rtol=1e-10, atol=1e-12)
    alone = table(obs, values[["d"]])
    pd.testing.assert_frame_equal(
        alone, one[one["signature"] == "d"].reset_index(drop=True), rtol=1e-10, atol=1e-12
    )


def test_swapping_the_groups_turns_the_sign(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(5, 9)
    one = designed(obs, covariates=("age",))
    other = designed(obs, covariates=("age",), target="non_resorbing", reference="resorbing")
    scores = scores_of(one)
    a, b = compare_scores(scores, one, seed=1), compare_scores(scores, other, seed=1)
    for column in ("estimate", "difference", "statistic"):
        np.testing.assert_allclose(a[column], -b[column], rtol=1e-10)
    for column in ("se", "df", "p_value"):
        np.testing.assert_allclose(a[column], b[column], rtol=1e-10)
    np.testing.assert_allclose(a["ci_low"], -b["ci_high"], rtol=1e-8)


def test_scale_and_shift_of_a_score_change_only_its_difference(
    sheet: Sheet, designed: Designed
) -> None:
    design = designed(sheet(6, 7))
    scores = scores_of(design)
    a = compare_scores(scores, design, seed=1)
    for factor, shift in ((250, 1e4), (1e-30, 0), (1e40, -1e41)):
        b = compare_scores(factor * scores + shift, design, seed=1)
        np.testing.assert_allclose(b["difference"], factor * a["difference"], rtol=1e-9)
        for column in ("estimate", "ci_low", "ci_high", "p_value", "p_permutation"):
            np.testing.assert_allclose(b[column], a[column], rtol=1e-8)


# --- units without a score --------------------------------------------------------------------


def test_a_unit_without_a_score_is_left_out_of_that_score_alone(
    sheet: Sheet, designed: Designed
) -> None:
    obs = sheet(6, 6)
    design = designed(obs, covariates=("age",))
    scores = scores_of(design)
    whole = compare_scores(scores, design, seed=1)
    scores.iloc[[0, 3], 1] = np.nan
    table = compare_scores(scores, design, seed=1)
    others = [0, 2, 3]
    pd.testing.assert_frame_equal(table.iloc[others], whole.iloc[others])
    assert table.loc[1, "n_target"] + table.loc[1, "n_reference"] == 10
    assert table.loc[1, "note"] == "2 of 12 units have no score"
    rest = designed(obs.drop(index=design.units[[0, 3]]), covariates=("age",))
    anew = compare_scores(scores.loc[rest.units], rest, seed=1)
    for column in ("estimate", "ci_low", "se", "df", "statistic", "p_value"):
        assert table.loc[1, column] == pytest.approx(anew.loc[1, column], rel=1e-9)


@pytest.mark.parametrize("lost", [0, 4, 9])
def test_the_first_pair_may_be_lost_like_any_other(
    sheet: Sheet, designed: Designed, lost: int
) -> None:
    obs = sheet(8, 8)
    obs["donor"] = list("ABCDEFGH") * 2
    design = designed(obs)
    scores = scores_of(design, 1)
    scores.iloc[lost] = np.nan
    table = compare_scores(scores, design, seed=1)
    rest = designed(obs[obs["donor"] != obs["donor"].iloc[lost]])
    anew = compare_scores(scores.loc[rest.units], rest, seed=1)
    assert table.loc[0, "n_pairs"] == 7
    assert table.loc[0, "note"] == "2 of 16 units have no score"
    for column in ("estimate", "se", "df", "p_value", "p_permutation", "p_floor", "residual_df"):
        assert table.loc[0, column] == pytest.approx(anew.loc[0, column], rel=1e-9)


def test_a_batch_may_be_lost(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(6, 6)
    obs["run"] = ["a", "a", "b", "b", "c", "c"] * 2
    design = designed(obs, batch="run")
    for batch in "abc":
        scores = scores_of(design, 1)
        scores[obs["run"].to_numpy() == batch] = np.nan
        table = compare_scores(scores, design, seed=1)
        assert table.loc[0, "residual_df"] == 8 - 3
        assert np.isfinite(table.loc[0, "p_value"])


def test_scores_that_nobody_or_too_few_have(sheet: Sheet, designed: Designed) -> None:
    design = designed(sheet(4, 4))
    scores = scores_of(design)
    scores["s0"], scores.iloc[1:4, 1], scores.iloc[:, 2] = np.nan, np.nan, 7.0
    scores["noise"] = 1e6 + 1e-9 * scores["s3"]  # below the rounding of a million
    table = compare_scores(scores, design, seed=1).set_index("signature")
    empty = ["estimate", "difference", "ci_low", "se", "p_value", "p_permutation"]
    assert table.loc[["s0", "s1"], empty].isna().all(axis=None)
    assert table.loc["s0", "note"] == "too few units have a score to be compared"
    assert table.loc["s1", "note"] == (
        "3 of 8 units have no score; too few units have a score to be compared"
    )
    assert table.loc["s2", "note"] == "no variation within the groups"
    assert table.loc["s2", "difference"] == pytest.approx(0, abs=1e-12)
    for name in ("s2", "noise"):
        assert table.loc[name, "note"] == "no variation within the groups"
        assert table.loc[name, ["estimate", "p_value", "p_permutation", "p_floor"]].isna().all()
    assert table.loc["s3", "note"] == ""


def test_no_scores_at_all(sheet: Sheet, designed: Designed) -> None:
    design = designed(sheet(4, 4))
    assert len(compare_scores(pd.DataFrame(index=design.units), design, seed=1)) == 0


def test_unknown_donors_are_described_and_not_tested(sheet: Sheet, designed: Designed) -> None:
    known, unknown = designed(sheet(8, 8)), designed(sheet(8, 8), donor="unknown")
    scores = scores_of(known)
    tested, described = (compare_scores(scores, d, seed=1) for d in (known, unknown))
    np.testing.assert_array_equal(described["estimate"], tested["estimate"])
    inference = ["ci_low", "ci_high", "se", "df", "statistic", "p_value", "p_permutation"]
    assert described[[*inference, "p_floor"]].isna().all(axis=None)
    assert tested[inference].notna().all(axis=None)


def test_paired_effects_name_their_standardiser(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(6, 6)
    obs["donor"] = list("ABCDEF") * 2
    design = designed(obs)
    scores = scores_of(design, 1)
    table = compare_scores(scores, design, seed=1)
    assert table.loc[0, "effect_type"] == "hedges_g_av"
    y, t = scores.to_numpy()[:, 0], design.target
    average = np.sqrt((y[t].var(ddof=1) + y[~t].var(ddof=1)) / 2)
    J = 1 - 3 / (4 * 10 - 1)  # the usual approximation
    expected = J * (y[t].mean() - y[~t].mean()) / average
    assert table.loc[0, "estimate"] == pytest.approx(expected, rel=2e-3)


# --- the effects table and its family ---------------------------------------------------------


def small_collection() -> Collection:
    genes = [f"G{i}" for i in range(40)]
    return Collection(
        "mine",
        (
            Signature("a", tuple(genes[:5]), mechanism="one", expected="up"),
            Signature("b", tuple(genes[5:10]), mechanism="one", expected="down"),
            Signature("cells", tuple(genes[10:15]), role="covariate"),
            Signature("extra", tuple(genes[15:20]), tier="extended"),
        ),
        (Balance("ratio", ("a:up",), ("b",), mechanism="one"),),
    )


def test_the_family_is_core_mechanisms_and_nothing_else() -> None:
    assert family(small_collection()) == ["a", "b"]
    core = family(read_signatures("all"))
    assert "macrophage_m1" in core
    assert not {"content_macrophage", "contamination_blood"} & set(core)
    assert not [i for i in core if i.startswith("balance_")]


def test_effect_rows_have_the_contract(sheet: Sheet, designed: Designed) -> None:
    design = designed(sheet(6, 6))
    names = ["a", "b", "cells", "extra", "ratio"]
    scores = scores_of(design, 5).set_axis(names, axis=1)
    tests = compare_scores(scores, design, seed=1)
    share = pd.Series({"a": 0.8, "b": 0.6, "cells": 1.0, "extra": 1.0})

    def rows(contrast: Contrast) -> pd.DataFrame:
        return effect_rows(
            tests, small_collection(), method="singscore", contrast=contrast,
            adjustment="none", coverage=share,
        )  # fmt: skip

    table = rows(design.contrast)
    assert tuple(table.columns) == EFFECT_COLUMNS
    assert table["kind"].tolist() == ["signature"] * 4 + ["balance"]
    assert table["direction_expected"].tolist() == ["up", "down", "none", "none", "none"]
    assert table["coverage"].tolist() == [0.8, 0.6, 1.0, 1.0, 0.6]
    assert set(table["contrast"]) == {"resorbing vs non_resorbing"}
    fdr = family_fdr(table, family(small_collection()))
    p = table["p_value"].to_numpy()
    expected = [min(2 * min(p[:2]), max(p[:2])), max(p[:2])]
    assert sorted(fdr[:2]) == pytest.approx(sorted(expected))
    assert fdr[2:].isna().all()
    # What signatures expect is about herniations that resorb.
    turned = rows(Contrast("outcome", "non_resorbing", "resorbing"))
    assert turned["direction_expected"].tolist() == ["down", "up", "none", "none", "none"]
    other = rows(Contrast("outcome", "M1", "M2a"))
    assert set(other["direction_expected"]) == {"none"}


# --- one line ---------------------------------------------------------------------------------


@pytest.fixture
def cohort() -> AnnData:
    rng = np.random.default_rng(8)
    obs = pd.DataFrame(
        {
            "outcome": ["resorbing"] * 7 + ["non_resorbing"] * 7,
            "donor": [f"P{i}" for i in range(14)],
        },
        index=[f"S{i:02d}" for i in range(14)],
    )
    values = rng.normal(6, 1, (14, 60))
    values[:7, :5] += 1.5
    return AnnData(values, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(60)]))


def test_one_line_from_data_and_from_scores(cohort: AnnData) -> None:
    mine = small_collection()
    effects = mech.compare(cohort, "outcome", donor="donor", signatures=mine)
    assert tuple(effects.columns) == EFFECT_COLUMNS
    assert effects["signature"].tolist() == ["a", "b", "cells", "extra", "ratio"]
    found = effects.set_index("signature")
    assert found.loc["a", "estimate"] > 1
    assert found.loc["a", "fdr"] < 0.05
    scores = mech.score(cohort, mine)
    again = mech.compare(scores, "outcome", donor="donor", signatures=mine, obs=cohort.obs)
    numbers = ["estimate", "difference", "p_value", "p_permutation", "fdr"]
    pd.testing.assert_frame_equal(again[numbers], effects[numbers])
    assert (effects["claim"] == "").all()


@pytest.mark.parametrize("method", ["singscore", "ssgsea", "zscore"])
def test_gene_and_sample_order_change_no_effect(cohort: AnnData, method: str) -> None:
    mine = small_collection()
    usual: dict[str, Any] = {"donor": "donor", "signatures": mine, "method": method}
    effects = mech.compare(cohort, "outcome", **usual)
    rng = np.random.default_rng(1)
    turned = cohort[rng.permutation(14)][:, rng.permutation(60)].copy()
    again = mech.compare(turned, "outcome", **usual)
    pd.testing.assert_frame_equal(again, effects, rtol=1e-9, atol=1e-12)


def test_one_line_refuses_what_does_not_fit(cohort: AnnData) -> None:
    mine = small_collection()
    scores = mech.score(cohort, mine)
    with pytest.raises(DataError, match="without a sample sheet"):
        mech.compare(scores, "outcome", signatures=mine)
    with pytest.raises(SignatureError, match="'other', are no signature"):
        mech.compare(
            scores.assign(other=1.0), "outcome", donor="donor", signatures=mine, obs=cohort.obs
        )
    with pytest.raises(DesignError, match="have no row of scores"):
        mech.compare(scores.iloc[:9], "outcome", donor="donor", signatures=mine, obs=cohort.obs)


# --- false positives --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "m", "ratio", "test", "band"),
    [
        (6, 6, 1.0, "ols", (0.035, 0.065)),
        (5, 12, 2.0, "ols", (0.10, 0.17)),  # what the rule avoids
        (5, 12, 2.0, "welch", (0.035, 0.070)),
        (5, 12, 2.0, "hc2", (0.030, 0.075)),
    ],
)
def test_false_positives_of_the_tests(
    n: int, m: int, ratio: float, test: str, band: tuple[float, float]
) -> None:
    rng = np.random.default_rng(17)
    y = rng.normal(size=(n + m, 4000))
    y[:n] *= ratio
    X = np.column_stack([np.ones(n + m), np.arange(n + m) < n])
    rate = (fit_contrast(y, X, 1, test).p_value < 0.05).mean()
    assert band[0] < rate < band[1]


@pytest.mark.parametrize(
    ("n", "m", "covariate", "band"),
    [(5, 5, False, (0.03, 0.06)), (5, 8, False, (0.04, 0.09)), (5, 5, True, (0.03, 0.075))],
)
def test_false_positives_of_the_permutation(
    n: int, m: int, covariate: bool, band: tuple[float, float]
) -> None:
    rng = np.random.default_rng(18)
    target = np.arange(n + m) < n
    y = rng.normal(size=(n + m, 400))
    if not covariate:
        y[target] *= 2 if n != m else 1
    middle = [rng.normal(size=n + m)] if covariate else []
    X = np.column_stack([np.ones(n + m), *middle, target]).astype(float)
    rows, exact = arrangements(target, None, exchangeable=not covariate, seed=1)
    rows = rows if exact else rows[:1999]
    p = permutation_p(y, X, X.shape[1] - 1, rows, exact=exact)
    assert band[0] <= (p <= 0.05).mean() <= band[1]
