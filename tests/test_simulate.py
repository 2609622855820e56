"""The simulated cohort: its truth is complete, and what it plants is really there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import mechanisms as mech
from mechanisms import analysis, pipeline
from mechanisms.cohort import load
from mechanisms.errors import DataError, SignatureError
from mechanisms.signatures import read_signatures
from mechanisms.simulate import CELLS, DEMO_SEED, simulate_cohort

GENES = 2500


def set_means(adata: AnnData, name: str) -> np.ndarray:
    """Mean log2 CPM of a signature's genes, down genes negated."""
    signature = read_signatures("core")[name]
    X = np.asarray(adata.X)
    logs = np.log2(X / X.sum(axis=1, keepdims=True) * 1e6 + 1)
    place = {g: i for i, g in enumerate(adata.var_names)}
    weights = signature.weights
    return np.asarray(sum(w * logs[:, place[g]] for g, w in weights.items()) / len(weights))


def standardised(values: np.ndarray, n: int) -> float:
    a, b = values[:n], values[n:]
    return float((a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))


def test_the_cohort_has_what_a_cohort_has() -> None:
    adata, _ = simulate_cohort(5, 7, n_genes=GENES, seed=3)
    assert adata.shape == (12, GENES)
    assert adata.obs["outcome"].tolist() == ["resorbing"] * 5 + ["non_resorbing"] * 7
    assert adata.obs["donor_id"].is_unique
    assert list(adata.obs.columns) == [
        "outcome", "donor_id", "age", "sex", *(f"true_{cell}" for cell in CELLS),
    ]  # fmt: skip
    X = np.asarray(adata.X)
    assert (X >= 0).all()
    assert (np.floor(X) == X).all()
    assert 6e6 < np.median(X.sum(axis=1)) < 24e6
    assert adata.var_names.is_unique
    assert adata.var_names[-1].startswith("SIM")


def test_the_truth_is_complete() -> None:
    core = read_signatures("core")
    _, truth = simulate_cohort(3, 3, n_genes=GENES)
    assert list(truth.columns) == ["signature", "truth", "planted_sd"]
    assert truth["signature"].tolist() == list(core.ids)
    assert set(truth["truth"]) == {"regulated", "shares genes", "composition", "null"}
    planted = truth.set_index("signature")["planted_sd"]
    assert planted[planted != 0].to_dict() == {"matrix_aggrecanase": 4.0, "hydration_osmotic": -4.0}
    by = truth.set_index("signature")["truth"]
    assert (by[planted[planted != 0].index] == "regulated").all()
    assert by["macrophage_m1"] == by["content_macrophage"] == "composition"
    moved = {g for s in planted[planted != 0].index for g in core[s].genes}
    for name, word in by.items():
        if word == "shares genes":
            assert moved & set(core[name].genes)
        elif word == "null":
            assert not moved & set(core[name].genes)


def test_without_a_shift_composition_moves_nothing() -> None:
    _, truth = simulate_cohort(3, 3, n_genes=GENES, regulated={}, macrophages=(0.1, 0.1))
    assert set(truth["truth"]) == {"null"}
    assert (truth["planted_sd"] == 0).all()


def test_fractions_add_to_one_and_shift_as_asked() -> None:
    adata, _ = simulate_cohort(60, 60, n_genes=100, macrophages=(0.3, 0.05), seed=2)
    fractions = adata.obs[[f"true_{cell}" for cell in CELLS]]
    np.testing.assert_allclose(fractions.sum(axis=1), 1, rtol=1e-12)
    assert (fractions > 0).all(axis=None)
    macrophages = fractions["true_macrophage"]
    assert macrophages[:60].median() == pytest.approx(0.3, abs=0.05)
    assert macrophages[60:].median() == pytest.approx(0.05, abs=0.02)


def test_the_same_seed_gives_the_same_counts() -> None:
    one, truth = simulate_cohort(4, 4, n_genes=GENES, seed=9)
    two, again = simulate_cohort(4, 4, n_genes=GENES, seed=9)
    other, _ = simulate_cohort(4, 4, n_genes=GENES, seed=10)
    np.testing.assert_array_equal(one.X, two.X)
    pd.testing.assert_frame_equal(one.obs, two.obs)
    pd.testing.assert_frame_equal(truth, again)
    assert (np.asarray(one.X) != np.asarray(other.X)).any()


@pytest.mark.parametrize(
    ("name", "size"),
    [("matrix_aggrecanase", 3.0), ("hydration_osmotic", -3.0), ("ferroptosis_driver", 3.0)],
)
def test_regulated_sets_move_inside_the_cells(name: str, size: float) -> None:
    """At one mixture in both groups the planted SD is what is found."""
    found, quiet = [], []
    for seed in range(4):
        adata, truth = simulate_cohort(
            20, 20, n_genes=GENES, regulated={name: size}, macrophages=(0.1, 0.1), seed=seed
        )
        found.append(standardised(set_means(adata, name), 20))
        quiet.append(standardised(set_means(adata, "mitophagy"), 20))
        planted = truth.set_index("signature").loc[name]
        assert (planted["truth"], planted["planted_sd"]) == ("regulated", size)
    assert np.mean(found) / size > 0.6
    assert np.mean(found) / size < 1.4
    assert abs(np.mean(quiet)) < 0.5


def test_a_shift_of_cells_moves_their_sets_and_their_markers() -> None:
    adata, truth = simulate_cohort(20, 20, n_genes=GENES, regulated={}, seed=1)
    effects = {s: standardised(set_means(adata, s), 20) for s in truth["signature"]}
    moved = truth.loc[truth["truth"] == "composition", "signature"]
    assert len(moved) >= 8
    for name in moved:
        assert effects[name] > 0.8, name
    others = truth.loc[truth["truth"] == "null", "signature"]
    # Cells that give way to macrophages are diluted a little.
    assert np.mean([abs(effects[name]) for name in others]) < 0.6


def test_with_nothing_regulated_nothing_is_supported() -> None:
    study = pipeline.demo_study()
    adata, truth = simulate_cohort(regulated={}, n_genes=4000, seed=DEMO_SEED)
    cohort = load(adata, tissue="herniation", scale="counts")
    findings = analysis.analyse(study, cohort, truth=truth)
    effects = findings.effects
    raw = effects[(effects["method"] == "singscore") & (effects["adjustment"] == "none")]
    raw = raw.set_index("signature")
    moved = set(truth.loc[truth["truth"] == "composition", "signature"])
    family = [i for i in raw.index[raw["fdr"].notna()] if i in moved]
    assert (raw.loc[family, "fdr"] < 0.05).mean() > 0.7
    assert not raw["claim"].str.startswith("supported").any()


def test_loading_and_scoring_the_cohort() -> None:
    adata, _ = mech.simulate_cohort(6, 6, n_genes=GENES)
    cohort = mech.load(adata, tissue="herniation")
    assert cohort.uns["mechanisms"]["scale"] == "counts"
    effects = mech.compare(cohort, "outcome", donor="donor_id").set_index("signature")
    assert effects.loc["matrix_aggrecanase", "estimate"] > 1
    assert effects.loc["hydration_osmotic", "estimate"] < -1
    assert effects["estimate"].notna().all()


def test_refusals() -> None:
    with pytest.raises(SignatureError, match="'macrophage_m3'; did you mean 'macrophage_m2'"):
        simulate_cohort(regulated={"macrophage_m3": 2.0})
    with pytest.raises(DataError, match="0 target and 3 reference donors; give each group"):
        simulate_cohort(0, 3)
    for wrong in ((0.0, 0.1), (0.1, 1.0), (-0.2, 0.1), (0.1, 15)):
        with pytest.raises(DataError, match="each must lie between 0 and 1"):
            simulate_cohort(3, 3, macrophages=wrong)


def test_all_genes_of_the_signatures_are_simulated_even_when_fewer_are_asked() -> None:
    adata, _ = simulate_cohort(2, 2, n_genes=10)
    assert set(adata.var_names) == set(read_signatures("core").genes)
