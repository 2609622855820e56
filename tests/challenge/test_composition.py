"""Composition: components, what they explain, and effects beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mechanisms.challenge import panel_genes
from mechanisms.challenge.composition import (
    adjusted_tests,
    components,
    group_r2,
    n_components,
    robustness_value,
    score_genes,
)
from mechanisms.compare import Contrast, Design, build_design, build_units, compare_scores
from mechanisms.signatures import Balance, Collection, Signature, read_signatures


def design_of(n: int, m: int, **words: object) -> Design:
    rng = np.random.default_rng(4)
    obs = pd.DataFrame(
        {
            "outcome": ["a"] * n + ["b"] * m,
            "age": rng.normal(45, 8, n + m),
            "twin": [f"t{i % n}" for i in range(n + m)],
        },
        index=[f"S{i:03d}" for i in range(n + m)],
    )
    contrast = Contrast("outcome", "a", "b", donor="each_sample", **words)  # type: ignore[arg-type]
    return build_design(build_units(obs, contrast), contrast)


def panel_of(design: Design, genes: int = 20, seed: int = 2) -> pd.DataFrame:
    """Two kinds of cells, the first of which differs between the groups."""
    rng = np.random.default_rng(seed)
    n = len(design.units)
    cells = rng.normal(size=(n, 2)) + np.outer(design.target, [1.5, 0])
    values = cells @ rng.normal(1, 0.3, (2, genes)) + rng.normal(0, 0.2, (n, genes))
    return pd.DataFrame(values, index=design.units, columns=[f"P{i}" for i in range(genes)])


# --- components -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "parameters", "k"),
    [
        (4, 2, 0), (6, 2, 0), (7, 2, 1), (10, 2, 1), (11, 2, 1), (12, 2, 2), (24, 2, 2),
        (200, 2, 2), (12, 4, 1), (14, 10, 0), (12, 7, 1), (5, 9, 0),
    ],
)  # fmt: skip
def test_number_of_components(n: int, parameters: int, k: int) -> None:
    assert n_components(n, parameters) == k


def test_components_equal_those_of_the_covariance() -> None:
    values = np.random.default_rng(1).normal(size=(15, 40)) * np.linspace(1, 3, 40)
    got = components(values, 2)
    weights, axes = np.linalg.eigh(np.cov(values, rowvar=False))
    projected = (values - values.mean(axis=0)) @ axes[:, ::-1][:, :2]
    projected /= projected.std(axis=0, ddof=1)
    for i in range(2):
        sign = np.sign(got[:, i] @ projected[:, i])
        np.testing.assert_allclose(got[:, i], sign * projected[:, i], atol=1e-9)
    assert weights[-1] > weights[-2]
    np.testing.assert_allclose(got.std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(got.mean(axis=0), 0, atol=1e-12)


def test_no_more_components_than_the_panel_has() -> None:
    line = np.outer(np.arange(8.0), np.ones(6))
    assert components(line, 2).shape == (8, 1)
    assert components(np.full((8, 6), 3.0), 2).shape == (8, 0)
    assert components(np.zeros((8, 6)), 2).shape == (8, 0)


def test_group_r2_equals_an_explicit_regression() -> None:
    for words in ({}, {"covariates": ("age",)}, {"pair": "twin"}):
        design = design_of(9, 9, **words)
        pcs = components(panel_of(design).to_numpy(), 2)
        got = group_r2(design, pcs)
        group, others = design.target.astype(float), design.X[:, :-1]

        def rss(X: np.ndarray, y: np.ndarray = group) -> float:
            return float(((y - X @ np.linalg.pinv(X) @ y) ** 2).sum())

        expected = 1 - rss(np.column_stack([others, pcs])) / rss(others)
        assert got == pytest.approx(expected, abs=1e-12)
        assert 0 < got < 1
    # Without covariates it is the squared multiple correlation.
    design = design_of(9, 9)
    pcs = components(panel_of(design).to_numpy(), 1)
    r = stats.pearsonr(pcs[:, 0], design.target).statistic
    assert group_r2(design, pcs) == pytest.approx(r**2)


# --- genes of the panel and of scores ---------------------------------------------------------


def mine() -> Collection:
    return Collection(
        "mine",
        (
            Signature("m", ("P0", "P1", "A", "B"), ("C",)),
            Signature("n", ("D", "E", "F")),
            Signature("cells", tuple(f"P{i}" for i in range(10)), role="covariate"),
            Signature("more", tuple(f"P{i}" for i in range(9, 20)), role="covariate"),
            Signature("kept", ("X1", "X2", "X3"), role="covariate", tier="extended"),
            Signature("np", ("Y1", "Y2", "Y3"), role="confounder"),
        ),
        (Balance("ratio", ("m:up",), ("n",)),),
    )


def test_the_panel_is_the_core_covariates() -> None:
    assert panel_genes(mine()) == sorted(f"P{i}" for i in range(20))
    core = read_signatures("core")
    panel = set(panel_genes(core))
    for name in ("content_macrophage", "content_endothelial", "content_neutrophil"):
        assert panel >= set(core[name].genes)
    # Adjusting for them would take the matrix away with the cells that make it.
    others = {g for s in core if s.role == "covariate" for g in s.genes}
    assert not panel & (set(core["identity_np"].genes) - others)


def test_genes_of_scores_and_balances() -> None:
    genes = score_genes(mine())
    assert genes["m"] == {"P0", "P1", "A", "B", "C"}
    assert genes["ratio"] == genes["m"] | genes["n"]


# --- tests beside the components --------------------------------------------------------------


def test_adjusted_effects_equal_an_explicit_regression() -> None:
    design = design_of(10, 11, covariates=("age",))
    panel = panel_of(design)
    rng = np.random.default_rng(3)
    scores = pd.DataFrame(
        {"m": panel["P3"] + rng.normal(size=21), "n": rng.normal(size=21) + 2 * design.target},
        index=design.units,
    )
    table = adjusted_tests(scores, panel, design, score_genes(mine()), seed=1)
    raw = compare_scores(scores, design, seed=1)
    assert table["components"].tolist() == [2, 2]
    for i, left_out in enumerate((["P0", "P1"], [])):
        pcs = components(panel.drop(columns=left_out).to_numpy(), 2)
        X = np.column_stack([design.X[:, :-1], pcs, design.target])
        y = scores.iloc[:, i].to_numpy()
        beta, rss, rank, _ = np.linalg.lstsq(X, y, rcond=None)
        assert rank == 5
        se = np.sqrt(rss[0] / (21 - 5) * np.linalg.inv(X.T @ X)[-1, -1])
        assert table.loc[i, "difference"] == pytest.approx(beta[-1], rel=1e-9)
        assert table.loc[i, "se"] == pytest.approx(se, rel=1e-9)
        assert table.loc[i, "df"] == 16
        p = 2 * stats.t.sf(abs(beta[-1] / se), 16)
        assert table.loc[i, "p_value"] == pytest.approx(p, rel=1e-8)
        assert table.loc[i, "group_r2"] == pytest.approx(group_r2(design, pcs))
        # Raw and adjusted g have the same unit.
        unit = raw.loc[i, "estimate"] / raw.loc[i, "difference"]
        assert table.loc[i, "estimate"] / table.loc[i, "difference"] == pytest.approx(unit)


def test_an_effect_of_cells_goes_and_one_inside_cells_stays() -> None:
    design = design_of(12, 12)
    panel = panel_of(design)
    rng = np.random.default_rng(5)
    cells = panel["P5"] + rng.normal(0, 0.3, 24)
    inside = rng.normal(0, 0.3, 24) + design.target
    scores = pd.DataFrame({"m": cells, "n": inside}, index=design.units)
    raw = compare_scores(scores, design, seed=1).set_index("signature")
    table = adjusted_tests(scores, panel, design, score_genes(mine()), seed=1)
    adjusted = table.set_index("signature")
    assert raw["p_value"].max() < 0.01
    assert adjusted.loc["m", "p_value"] > 0.05
    assert abs(adjusted.loc["m", "estimate"]) < 0.3 * raw.loc["m", "estimate"]
    assert adjusted.loc["n", "p_value"] < 1e-4


def test_order_of_panel_genes_changes_nothing() -> None:
    design = design_of(8, 8)
    panel = panel_of(design)
    scores = pd.DataFrame({"n": np.random.default_rng(1).normal(size=16)}, index=design.units)
    one = adjusted_tests(scores, panel, design, score_genes(mine()), seed=1)
    turned = panel[list(panel.columns[::-1])]
    other = adjusted_tests(scores, turned, design, score_genes(mine()), seed=1)
    pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12)


def test_why_an_effect_is_not_adjusted() -> None:
    genes = score_genes(mine())
    for n, panel_size, constant, why in (
        (3, 20, False, "too few units to adjust for composition"),
        (8, 4, False, "only 4 genes of the composition panel are in the data"),
        (8, 20, True, "the composition panel does not vary"),
    ):
        design = design_of(n, n)
        panel = panel_of(design, panel_size)
        panel = panel * 0 if constant else panel
        scores = pd.DataFrame({"n": np.arange(2.0 * n)}, index=design.units)
        row = adjusted_tests(scores, panel, design, genes, seed=1).iloc[0]
        assert row["note"] == why
        assert row["components"] == 0
        assert np.isnan([row["estimate"], row["p_value"], row["group_r2"]]).all()


def test_the_tested_signatures_genes_leave_the_panel_never_the_score() -> None:
    """With all but four genes of the panel its own, nothing is left to adjust by."""
    design = design_of(8, 8)
    panel = panel_of(design)
    scores = pd.DataFrame({"x": np.random.default_rng(1).normal(size=16)}, index=design.units)
    row = adjusted_tests(
        scores, panel, design, {"x": frozenset(f"P{i}" for i in range(16))}, seed=1
    ).iloc[0]
    assert row["note"] == "only 4 genes of the composition panel are in the data"


def test_a_unit_without_a_score_shapes_no_component() -> None:
    design = design_of(8, 9)
    panel, genes = panel_of(design), score_genes(mine())
    rng = np.random.default_rng(2)
    scores = pd.DataFrame({"n": rng.normal(size=17)}, index=design.units)
    scores.iloc[3] = np.nan
    wild = panel.copy()
    wild.iloc[3] = 1e3
    one = adjusted_tests(scores, panel, design, genes, seed=1)
    other = adjusted_tests(scores, wild, design, genes, seed=1)
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)
    assert np.isfinite(one.loc[0, "p_value"])


# --- robustness -------------------------------------------------------------------------------


def test_robustness_value_by_hand() -> None:
    # t = 4.18 at 783 df is the worked example of Cinelli and Hazlett: 13.9 %.
    assert robustness_value(np.array([4.18]), np.array([783.0]))[0] == pytest.approx(
        0.139, abs=5e-4
    )
    # f = 1: (sqrt(5) - 1) / 2.
    got = robustness_value(np.array([3.0, -3.0, 0.0]), np.array([9.0, 9.0, 9.0]))
    np.testing.assert_allclose(got, [(np.sqrt(5) - 1) / 2, (np.sqrt(5) - 1) / 2, 0])
    assert robustness_value(np.array([1e6]), np.array([5.0]))[0] == pytest.approx(1, abs=1e-6)
    assert np.isnan(robustness_value(np.array([np.nan]), np.array([5.0])))[0]


def test_a_confounder_of_that_strength_takes_the_effect_away() -> None:
    """Explaining the robustness value of both group and score brings the difference to zero."""
    t, df = 3.2, 20.0
    rv = robustness_value(np.array([t]), np.array([df]))[0]
    # Bias over the estimate, by the formula of omitted variables.
    bias = np.sqrt(rv * rv / (1 - rv)) * np.sqrt(df) / t
    assert bias == pytest.approx(1)
