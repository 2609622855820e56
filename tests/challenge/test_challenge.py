"""Effects challenged: raw and adjusted rows, families, balances, tables, false positives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mechanisms import score as scoring
from mechanisms import vocabulary as words
from mechanisms.challenge import Challenged, challenge, panel_genes
from mechanisms.challenge.composition import components
from mechanisms.compare import Contrast, Design, build_design, build_units, family
from mechanisms.compare.fdr import benjamini_hochberg
from mechanisms.compare.linear import fit_contrast
from mechanisms.signatures import Balance, Collection, Signature, read_signatures
from mechanisms.simulate import simulate_cohort

N = 12
MEMBERS = ("inside", "falls", "cells", "quiet", "silent", "lost")


def mine() -> Collection:
    expected = {"inside": "up", "falls": "up"}
    mechanisms = [
        Signature(name, tuple(f"{name}{i}" for i in range(5)), expected=expected.get(name, "none"))
        for name in MEMBERS
    ]
    return Collection(
        "mine",
        (
            *mechanisms,
            Signature("panel", tuple(f"P{i}" for i in range(12)), role="covariate"),
            Signature("blood", ("B1", "B2", "B3"), role="qc"),
            Signature("extra", ("E1", "E2", "E3"), tier="extended"),
        ),
        (
            Balance("apart", ("inside",), ("falls",)),
            Balance("half", ("inside",), ("quiet",)),
            Balance("still", ("quiet",), ("silent",)),
        ),
    )


def design_of(n: int = N, donor: str = "each_sample") -> Design:
    obs = pd.DataFrame(
        {"outcome": ["resorbing"] * n + ["non_resorbing"] * n},
        index=[f"S{i:03d}" for i in range(2 * n)],
    )
    contrast = Contrast("outcome", "resorbing", "non_resorbing", donor=donor)
    return build_design(build_units(obs, contrast), contrast)


def inputs(
    design: Design, seed: int = 4
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame]:
    """Scores whose truth is known, the sides of the balances, and the panel's expression."""
    rng = np.random.default_rng(seed)
    n, group = len(design.units), design.target.astype(float)
    macrophages = 1.2 * group + rng.normal(0, 0.5, n)
    panel = pd.DataFrame(
        macrophages[:, None] * rng.uniform(0.8, 1.2, 12) + rng.normal(0, 0.2, (n, 12)),
        index=design.units,
        columns=[f"P{i}" for i in range(12)],
    )

    def noise() -> np.ndarray:
        return rng.normal(0, 0.3, n)

    scores = pd.DataFrame(
        {
            "inside": 2 * group + noise(),
            "falls": -2 * group + noise(),
            "cells": macrophages + noise(),
            "quiet": noise(),
            "silent": noise(),
            "lost": np.nan,
            "panel": macrophages + noise() / 3,
            "blood": noise(),
            "extra": 2 * group + noise(),
        },
        index=design.units,
    )
    sides = {}
    for b in mine().balances:
        sides[f"{b.id}:plus"] = scores[list(b.plus)].mean(axis=1)
        sides[f"{b.id}:minus"] = scores[list(b.minus)].mean(axis=1)
        scores[b.id] = sides[f"{b.id}:plus"] - sides[f"{b.id}:minus"]
    other = scores * 1.1 + rng.normal(0, 0.05, scores.shape)
    return {"singscore": scores, "ssgsea": other}, pd.DataFrame(sides), panel


def run(design: Design, unadjusted: str = "", seed: int = 4) -> Challenged:
    scores, sides, panel = inputs(design, seed)
    collection = mine()
    coverage = pd.Series(1.0, index=list(collection.ids))
    coverage["lost"] = 0.2
    return challenge(
        scores,
        sides,
        panel,
        design,
        collection,
        primary="singscore",
        coverage=coverage,
        measurable=coverage > 0.5,
        unadjusted=unadjusted,
        seed=1,
    )


def rows(table: pd.DataFrame, adjustment: str = "none") -> pd.DataFrame:
    primary = table[(table["method"] == "singscore") & (table["adjustment"] == adjustment)]
    return primary.set_index("signature")


@pytest.fixture(scope="module")
def challenged() -> Challenged:
    return run(design_of())


def test_claims_of_known_truth(challenged: Challenged) -> None:
    claims = rows(challenged.effects)["claim"]
    assert claims["inside"] == words.SUPPORTED
    assert claims["falls"] == words.SUPPORTED_OPPOSITE
    assert claims["cells"] in (words.EXPLAINED, words.NOT_SEPARABLE)
    assert claims["quiet"] == claims["silent"] == words.NO_EVIDENCE
    assert claims["lost"] == words.NOT_MEASURABLE
    # Whatever is not of the family makes no claim.
    assert (claims[["panel", "blood", "extra"]] == "").all()


def test_balances_say_what_their_sides_do(challenged: Challenged) -> None:
    table = rows(challenged.effects)
    assert table.loc["apart", "claim"] == words.SUPPORTED
    assert table.loc["half", "claim"] == words.ONE_SIDE
    assert table.loc["still", "claim"] == words.NO_EVIDENCE
    assert "plus side g" in table.loc["apart", "note"]
    assert "minus side g -" in table.loc["apart", "note"]


def test_raw_and_adjusted_rows_stand_beside_each_other(challenged: Challenged) -> None:
    effects = challenged.effects
    assert tuple(effects.columns) == words.EFFECT_COLUMNS
    raw, adjusted = rows(effects), rows(effects, "composition")
    assert set(raw.index) == {*mine().ids, "apart", "half", "still"}
    assert set(adjusted.index) == set(raw.index) - {"panel", "blood"}
    assert raw.loc["cells", "p_value"] < 0.01 < adjusted.loc["cells", "p_value"]
    both = [i for i in adjusted.index if i != "lost"]
    assert (adjusted.loc[both, "df"] == raw.loc[both, "df"] - 2).all()
    # One standardiser: g over difference is the same raw and adjusted.
    unit = raw["estimate"] / raw["difference"]
    np.testing.assert_allclose(
        (adjusted["estimate"] / adjusted["difference"])[both], unit[both], rtol=1e-9
    )
    others = effects[effects["method"] == "ssgsea"]
    assert set(others["adjustment"]) == {"none"}
    assert (others["claim"] == "").all()
    assert others["note"].str.contains("sensitivity").all()


def test_each_family_is_adjusted_by_itself(challenged: Challenged) -> None:
    for adjustment in ("none", "composition"):
        table = rows(challenged.effects, adjustment)
        inside = table.loc[list(MEMBERS)]
        np.testing.assert_allclose(
            inside["fdr"], benjamini_hochberg(inside["p_value"].to_numpy()), rtol=1e-12
        )
        assert table["fdr"].drop(list(MEMBERS)).isna().all()
    others = challenged.effects[challenged.effects["method"] == "ssgsea"]
    assert others["fdr"].isna().all()


def test_robustness_table(challenged: Challenged) -> None:
    table = challenged.robustness
    assert tuple(table.columns) == words.ROBUSTNESS_COLUMNS
    table = table.set_index("signature")
    raw, adjusted = rows(challenged.effects), rows(challenged.effects, "composition")
    np.testing.assert_allclose(table["p_raw"], raw.loc[table.index, "p_value"])
    np.testing.assert_allclose(table["p_adjusted"], adjusted.loc[table.index, "p_value"])
    worst = table[["p_raw", "p_adjusted"]].max(axis=1)[list(MEMBERS)]
    np.testing.assert_allclose(
        table.loc[list(MEMBERS), "q_claim"], benjamini_hochberg(worst.to_numpy()), rtol=1e-12
    )
    shrinkage = 1 - table["estimate_adjusted"] / table["estimate_raw"]
    np.testing.assert_allclose(table["shrinkage"], shrinkage)
    f2 = (adjusted["statistic"] ** 2 / adjusted["df"])[table.index]
    np.testing.assert_allclose(
        table["robustness_value"], (np.sqrt(f2**2 + 4 * f2) - f2) / 2, rtol=1e-12
    )
    assert table.loc["inside", "same_sign_methods"] == "1 of 1"
    present = table.drop(index="lost")
    assert (present["components"] == 2).all()
    assert present["group_r2"].between(0, 1).all()


def test_composition_table(challenged: Challenged) -> None:
    table = challenged.composition
    assert tuple(table.columns) == words.COMPOSITION_COLUMNS
    table = table.set_index("signature")
    assert list(table.index) == ["panel", "blood"]
    assert table["in_adjustment"].tolist() == [True, False]
    assert table.loc["panel", "estimate"] > 1


def test_purified_cells_are_not_adjusted() -> None:
    table = run(design_of(), unadjusted="purified cells")
    effects = table.effects
    assert set(effects["adjustment"]) == {"none"}
    claims = rows(effects)["claim"]
    assert claims["inside"] == "supported (unadjusted: purified cells)"
    assert claims["falls"] == "supported, opposite direction (unadjusted: purified cells)"
    assert claims["cells"].startswith(words.SUPPORTED)
    assert claims["half"] == words.ONE_SIDE
    assert not table.composition["in_adjustment"].any()
    assert table.robustness["estimate_adjusted"].isna().all()
    assert (table.robustness["components"] == 0).all()


@pytest.mark.parametrize(
    ("n", "donor", "claims"),
    [
        (4, "each_sample", {words.DESCRIPTIVE, words.NOT_MEASURABLE}),
        (N, "unknown", {words.DESCRIPTIVE, words.NOT_MEASURABLE}),
    ],
)
def test_small_and_unknown_studies_claim_nothing(n: int, donor: str, claims: set[str]) -> None:
    effects = run(design_of(n, donor)).effects
    assert set(rows(effects)["claim"]) == claims | {""}
    assert rows(effects)["p_value"].notna().any() == (donor != "unknown")


def test_too_few_units_to_adjust_support_nothing() -> None:
    """Six units of residual df: tested, but no component fits."""
    obs = pd.DataFrame(
        {"outcome": ["resorbing", "non_resorbing"] * 6, "twin": np.repeat(list("abcdef"), 2)},
        index=[f"S{i:03d}" for i in range(12)],
    )
    contrast = Contrast("outcome", "resorbing", "non_resorbing", donor="each_sample", pair="twin")
    design = build_design(build_units(obs, contrast), contrast)
    assert design.level()[0] == "tested"
    # With 4 residual df and one more covariate no component is left.
    design = design.with_covariates(np.random.default_rng(1).normal(size=(12, 1)), ("x",))
    table = run(design)
    claims = rows(table.effects)["claim"]
    assert claims["inside"] == words.NOT_SEPARABLE
    assert not claims.str.startswith(words.SUPPORTED).any()
    notes = rows(table.effects, "composition")["note"].drop("lost")
    assert (notes == "too few units to adjust for composition").all()


def test_a_seed_and_an_order_change_no_claim(challenged: Challenged) -> None:
    again = run(design_of())
    for one, other in zip(challenged, again, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_collection_without_balances_or_panel() -> None:
    design = design_of()
    scores, _, panel = inputs(design)
    collection = Collection("own", (Signature("inside", tuple("ABCDE")),))
    share = pd.Series({"inside": 1.0})
    for expression in (panel, panel.iloc[:, :0]):
        table = challenge(
            {"singscore": scores["singscore"][["inside"]]},
            pd.DataFrame(index=design.units),
            expression,
            design,
            collection,
            primary="singscore",
            coverage=share,
            measurable=share > 0,
            unadjusted="",
            seed=1,
        )
        adjusted = expression.shape[1] > 0
        claim = rows(table.effects).loc["inside", "claim"]
        assert claim == (words.SUPPORTED if adjusted else words.NOT_SEPARABLE)
        assert len(table.composition) == 0


# --- false positives --------------------------------------------------------------------------


def test_adjusting_takes_away_what_a_shift_of_cells_makes() -> None:
    """Macrophages 15 % against 5 % and nothing regulated: almost all raw, few adjusted."""
    core = read_signatures("core")
    raw, adjusted, elsewhere = [], [], []
    for seed in range(10):
        adata, truth = simulate_cohort(regulated={}, n_genes=1500, seed=seed)
        adata.X = np.log2(adata.X / adata.X.sum(axis=1, keepdims=True) * 1e6 + 1)
        scores = scoring.score(adata, core, balances=False)
        moved = set(truth.loc[truth["truth"] == "composition", "signature"]) & set(family(core))
        target = (adata.obs["outcome"] == "resorbing").to_numpy(dtype=float)
        X = np.column_stack([np.ones(len(target)), target])
        panel = [g for g in panel_genes(core) if g in adata.var_names]
        for name in family(core):
            y = scores[[name]].to_numpy()
            kept = sorted(set(panel) - set(core[name].genes))
            pcs = components(np.asarray(adata[:, kept].X), 2)
            wide = np.column_stack([X[:, :1], pcs, X[:, 1:]])
            p_raw = fit_contrast(y, X, 1, "ols").p_value[0]
            p_adjusted = fit_contrast(y, wide, 3, "ols").p_value[0]
            if name in moved:
                raw.append(p_raw < 0.05)
                adjusted.append(p_adjusted < 0.05)
            else:
                elsewhere.append(p_adjusted < 0.05)
    assert np.mean(raw) > 0.8
    assert np.mean(adjusted) < 0.2
    assert np.mean(elsewhere) < 0.11
