"""Scores against R's GSVA and against arithmetic done by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from mechanisms import score as scoring
from mechanisms.signatures import Balance, Collection, Signature

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
Make = Callable[..., AnnData]


def oracle_input(values: str = "expression") -> tuple[AnnData, dict[str, Any]]:
    genes = pd.read_csv(ORACLES / f"{values}.csv", index_col="gene")
    rows = pd.read_csv(ORACLES / "gene_sets.csv")
    sets = {str(name): list(part["gene"]) for name, part in rows.groupby("set")}
    return AnnData(genes.T.astype(float)), sets


@pytest.mark.parametrize(
    ("oracle", "method", "tolerance"),
    [
        ("gsva_ssgsea", "ssgsea", 1e-11),
        ("gsva_ssgsea_normalised", "ssgsea_normalised", 1e-11),
        ("gsva_zscore", "zscore", 1e-11),
        ("gsva_gaussian", "gsva", 1e-11),
        ("gsva_gaussian_max", "gsva_max", 1e-11),
        ("gsva_poisson", "gsva_poisson", 1e-11),
        ("gsva_poisson_max", "gsva_poisson_max", 1e-11),
        ("gseapy_ssgsea", "ssgsea", 1e-9),
        ("decoupler_ulm", "ulm", 1e-9),
        ("decoupler_aucell", "aucell", 1e-11),
        ("pyucell", "ucell", 1e-6),  # single precision
    ],
)
def test_scores_equal_the_peers(oracle: str, method: str, tolerance: float) -> None:
    """Largest difference over the range of the peer's scores."""
    adata, sets = oracle_input("counts" if "poisson" in oracle else "expression")
    if oracle == "decoupler_ulm":
        down = [g for g in sets["set_40"] if g not in sets["set_10"]]
        sets["signed"] = {"up": sets["set_10"], "down": down}
    parameters = {"max_rank": 100} if method == "ucell" else None
    expected = pd.read_csv(ORACLES / f"{oracle}.csv", index_col="sample")
    scores = scoring.score(adata, sets, method=method, parameters=parameters)
    assert list(scores.columns) == list(sets)
    assert sorted(expected.columns) == sorted(sets)
    difference = np.abs(scores - expected.loc[scores.index, scores.columns]).to_numpy()
    assert difference.max() <= tolerance * np.ptp(expected.to_numpy())


def singscore_of_the_paper(values: np.ndarray, up: list[int], down: list[int]) -> float:
    """Foroutan 2018: per direction (mean rank - min) / (max - min), centred, then added."""
    order = values.argsort(kind="stable").argsort(kind="stable") + 1.0
    n = len(values)
    total = 0.0
    for genes, ranks in ((up, order), (down, n + 1 - order)):
        if genes:
            k = len(genes)
            lowest, highest = (k + 1) / 2, (2 * n - k + 1) / 2
            total += (ranks[genes].mean() - lowest) / (highest - lowest) - 0.5
    return total


def test_singscore_equals_the_paper(make_adata: Make, rng: np.random.Generator) -> None:
    values = rng.normal(size=(4, 50))
    genes = [f"g{i:03d}" for i in range(50)]
    up, down = [3, 8, 12, 30, 41, 7], [1, 2, 22, 25, 33]
    sets = {
        "both": {"up": [genes[i] for i in up], "down": [genes[i] for i in down]},
        "up": [genes[i] for i in up],
        "down": {"down": [genes[i] for i in down]},
    }
    scores = scoring.score(make_adata(values), sets)
    for i, row in enumerate(values):
        expected = [
            singscore_of_the_paper(row, up, down),
            singscore_of_the_paper(row, up, []),
            singscore_of_the_paper(row, [], down),
        ]
        np.testing.assert_allclose(scores.iloc[i], expected, rtol=0, atol=1e-12)


def test_singscore_of_unknown_direction_by_hand(make_adata: Make) -> None:
    # Ranks 1 to 10, middle 5.5. a, e, j: distances 4.5, 0.5, 4.5, together 9.5. Three genes can
    # have 0.5 + 0.5 + 1.5 = 2.5 up to 4.5 + 4.5 + 3.5 = 12.5.
    values = np.arange(1.0, 11.0)[None]
    sets = {
        "x": {"up": ["a", "e"], "down": ["j"]},
        "ends": {"up": ["a", "b"], "down": ["j"]},
        "middle": {"down": ["e", "f", "g"]},
    }
    adata = make_adata(values, genes=list("abcdefghij"))
    rule = scoring.Rule(fraction=0.1, genes=1, floor=1)
    scores = scoring.score(adata, sets, method="singscore_unknown", rule=rule)
    np.testing.assert_allclose(scores.loc["s0"], [0.7, 1.0, 0.0], rtol=0, atol=1e-15)
    # Of 11 ranks the distances are 0, 1, 1, 2, 2, ...
    adata = make_adata(np.arange(1.0, 12.0)[None], genes=list("abcdefghijk"))
    scores = scoring.score(adata, {"x": ["a", "e", "k"]}, method="singscore_unknown")
    assert scores.loc["s0", "x"] == pytest.approx((5 + 1 + 5 - 2) / (5 + 5 + 4 - 2), abs=1e-15)


def test_ucell_and_aucell_by_hand(make_adata: Make) -> None:
    # From the top: j is 1, h and i tie at 2.5, a is 10. With max_rank 5 they sum to 1 + 2.5 + 5.
    values = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 8, 10.0]])
    adata = make_adata(values, genes=list("abcdefghij"))
    sets = {"x": ["a", "i", "j"]}
    ucell = scoring.score(adata, sets, method="ucell", parameters={"max_rank": 5})
    assert ucell.loc["s0", "x"] == pytest.approx(1 - (8.5 - 6) / (15 - 6), abs=1e-15)
    # The upper half: 5 ranks, so 5 - 1 and 5 - 2.5 of at most 4 + 3 + 2.
    aucell = scoring.score(adata, sets, method="aucell", parameters={"top": 0.5})
    assert aucell.loc["s0", "x"] == pytest.approx((4 + 2.5) / 9, abs=1e-15)


def test_ulm_is_the_t_value_of_a_regression(make_adata: Make, rng: np.random.Generator) -> None:
    from scipy import stats

    values = rng.normal(size=(3, 40))
    values[1, [0, 30]] = np.nan
    weights = np.zeros(40)
    weights[:8], weights[10:15] = 1, -1
    genes = [f"g{i:03d}" for i in range(40)]
    sets = {"x": {"up": genes[:8], "down": genes[10:15]}}
    scores = scoring.score(make_adata(values), sets, method="ulm")
    for row, score in zip(values, scores["x"], strict=True):
        seen = ~np.isnan(row)
        fit = stats.linregress(weights[seen], row[seen])
        assert score == pytest.approx(fit.slope / fit.stderr, rel=1e-10)


def test_mean_weighs_up_against_down_genes(make_adata: Make, rng: np.random.Generator) -> None:
    values = rng.normal(size=(3, 20))
    genes = [f"g{i:03d}" for i in range(20)]
    sets = {"x": {"up": genes[:5], "down": genes[5:8]}}
    scores = scoring.score(make_adata(values), sets, method="mean")
    expected = (values[:, :5].sum(axis=1) - values[:, 5:8].sum(axis=1)) / 8
    np.testing.assert_allclose(scores["x"], expected, rtol=0, atol=1e-14)


def test_singscore_by_hand(make_adata: Make) -> None:
    # Ranks of a..j are 1..10. Up h, i, j: mean 9, attainable 2 to 9, so 1 - 1/2. Down a, b, d: mean
    # 7/3 upwards, relative (7/3 - 2) / 7 = 1/21, so -(1/21 - 1/2).
    values = np.arange(1.0, 11.0)[None]
    sets = {"x": {"up": ["h", "i", "j"], "down": ["a", "b", "d"]}}
    scores = scoring.score(make_adata(values, genes=list("abcdefghij")), sets)
    assert scores.loc["s0", "x"] == pytest.approx(0.5 + 0.5 - 1 / 21, abs=1e-15)


def test_tied_values_have_their_average_rank_by_hand(make_adata: Make) -> None:
    # Six zeros share rank 3.5, then 1, 1 share 7.5, then 9 and 10.
    values = np.array([[0, 0, 0, 0, 0, 0, 1, 1, 2, 3.0]])
    adata = make_adata(values, genes=list("abcdefghij"))
    scores = scoring.score(adata, {"x": ["f", "g", "i"]})
    assert scores.loc["s0", "x"] == pytest.approx(((3.5 + 7.5 + 9) / 3 - 2) / 7 - 0.5, abs=1e-15)


def test_ssgsea_by_the_walk_over_the_genome(make_adata: Make, rng: np.random.Generator) -> None:
    """The closed form is the sum of the differences of the two running sums."""
    values = rng.normal(size=30)
    chosen = [2, 5, 11, 17, 28]
    ranks = values.argsort().argsort() + 1.0
    inside, outside, walked = 0.0, 0.0, 0.0
    weights = ranks**0.25
    for gene in np.argsort(-values):
        if gene in chosen:
            inside += weights[gene] / weights[chosen].sum()
        else:
            outside += 1 / (30 - 5)
        walked += inside - outside
    adata = make_adata(values[None])
    scores = scoring.score(adata, {"x": [f"g{i:03d}" for i in chosen]}, method="ssgsea")
    assert scores.loc["s0", "x"] == pytest.approx(walked, abs=1e-11)


def test_missing_values_shrink_the_samples_universe_by_hand(make_adata: Make) -> None:
    # The second sample lacks b and j: 8 genes are ranked, c, h, i have ranks 2, 7, 8.
    values = np.array([np.arange(1.0, 11.0), np.arange(1.0, 11.0)])
    values[1, [1, 9]] = np.nan
    scores = scoring.score(make_adata(values, genes=list("abcdefghij")), {"x": ["c", "h", "i"]})
    assert scores.loc["s0", "x"] == pytest.approx(((3 + 8 + 9) / 3 - 2) / 7 - 0.5, abs=1e-15)
    assert scores.loc["s1", "x"] == pytest.approx(((2 + 7 + 8) / 3 - 2) / 5 - 0.5, abs=1e-15)


def test_a_missing_member_leaves_the_mean_of_the_others_by_hand(make_adata: Make) -> None:
    # Without j there are 9 genes; of f, h, i, j three remain, with ranks 6, 8, 9.
    values = np.arange(1.0, 11.0)[None]
    values[0, 9] = np.nan
    adata = make_adata(values, genes=list("abcdefghij"))
    rule = scoring.Rule(genes=3)
    scores = scoring.score(adata, {"x": ["f", "h", "i", "j"]}, rule=rule)
    assert scores.loc["s0", "x"] == pytest.approx(((6 + 8 + 9) / 3 - 2) / 6 - 0.5, abs=1e-15)


def test_zscore_of_two_directions_by_hand(make_adata: Make, rng: np.random.Generator) -> None:
    values = rng.normal(6, 1, (7, 12))
    values[:, 4] = 3.0  # does not vary: no information, not counted
    z = (values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1)
    z *= np.sqrt(6 / 7)  # the SD with n - 1
    expected = (z[:, [0, 1, 2, 3]].sum(axis=1) - z[:, [6, 7, 8]].sum(axis=1)) / np.sqrt(7)
    genes = [f"g{i:03d}" for i in range(12)]
    sets = {"x": {"up": genes[:5], "down": genes[6:9]}}
    scores = scoring.score(make_adata(values), sets, method="zscore")
    np.testing.assert_allclose(scores["x"], expected, rtol=0, atol=1e-12)


def test_balances_by_hand(make_adata: Make, rng: np.random.Generator) -> None:
    genes = [f"g{i:03d}" for i in range(60)]
    collection = Collection(
        "mine",
        (
            Signature("a", tuple(genes[:5])),
            Signature("b", tuple(genes[5:10]), tuple(genes[10:15])),
            Signature("c", (), tuple(genes[15:20])),
        ),
        (
            Balance("whole", ("a", "b"), ("c",)),
            Balance("parts", ("a:up", "b:down"), ("c:down",)),
        ),
    )
    adata = make_adata(rng.normal(size=(6, 60)))
    members = scoring.score_members(adata, collection, ["singscore", "zscore"])
    ranks = members["singscore"]
    scores = scoring.score(adata, collection)
    assert list(scores.columns) == ["a", "b", "c", "whole", "parts"]
    np.testing.assert_allclose(scores["whole"], (ranks["a"] + ranks["b"]) / 2 - ranks["c"])
    # A direction as a member has its genes counted upwards.
    np.testing.assert_allclose(ranks["c:down"], -ranks["c"])
    np.testing.assert_allclose(ranks["b"], ranks["b:up"] - ranks["b:down"])
    expected = (ranks["a"] + ranks["b:down"]) / 2 - ranks["c:down"]
    np.testing.assert_allclose(scores["parts"], expected)
    # The z-score has no scale that two signatures share, so members are z-scaled first.
    z = members["zscore"]
    z = (z - z.mean()) / z.std(ddof=1)
    scores = scoring.score(adata, collection, method="zscore")
    np.testing.assert_allclose(scores["whole"], (z["a"] + z["b"]) / 2 - z["c"])


def test_a_balance_is_missing_where_a_member_is(make_adata: Make) -> None:
    genes = [f"g{i:03d}" for i in range(60)]
    values = np.random.default_rng(1).normal(size=(3, 60))
    values[1, :3] = np.nan
    collection = Collection(
        "mine",
        (
            Signature("a", tuple(genes[:5])),
            Signature("b", tuple(genes[5:10])),
            Signature("c", tuple(genes[10:15])),
        ),
        (Balance("ratio", ("a", "b"), ("c",)),),
    )
    adata = make_adata(values)
    scores = scoring.score(adata, collection)
    assert scores["a"].isna().tolist() == scores["ratio"].isna().tolist() == [False, True, False]
    members = scoring.score_members(adata, collection, ["singscore"])["singscore"]
    sides = scoring.all_sides(members, collection, scoring.method("singscore"))
    assert list(sides.columns) == ["sample", "balance", "side", "score"]
    wide = sides.pivot_table(index="sample", columns="side", values="score", dropna=False)
    np.testing.assert_allclose(wide["minus"], members["c"])
    assert wide["plus"].isna().tolist() == [False, True, False]
