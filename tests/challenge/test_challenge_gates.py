"""The two gates: one gene, and random sets."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal

from mechanisms.challenge import gates
from mechanisms.compare import Contrast, build_design, build_units
from mechanisms.compare.linear import fit_contrast


def make_design(n=8):
    obs = pd.DataFrame(
        {"outcome": ["resorbing"] * n + ["non_resorbing"] * n},
        index=[f"S{i:02d}" for i in range(2 * n)],
    )
    contrast = Contrast("outcome", "resorbing", "non_resorbing", donor="each_sample")
    return build_design(build_units(obs, contrast), contrast)


def test_each_gene_is_left_out_once_from_both_directions():
    left = gates.without_one_gene(np.array([3, 1, 7]), np.array([5]))
    assert sorted(left) == [1, 3, 5, 7]
    assert_array_equal(left[3][0], [1, 7])
    assert_array_equal(left[5][1], [])


def test_one_extreme_gene_is_named(rng):
    design = make_design()
    genes = rng.normal(size=(16, 6))
    genes[design.target, 2] += 8.0  # gene 2 alone differs
    without = np.column_stack([np.delete(genes, g, axis=1).mean(axis=1) for g in range(6)])
    whole = fit_contrast(genes.mean(axis=1)[:, None], design.X, 1, "ols")
    assert whole.p_value[0] < 0.05
    found = gates.judge_one_gene(without, np.arange(6), design, float(whole.difference[0]))
    assert found.carried
    assert found.gene == 2
    one = fit_contrast(without[:, 2:3], design.X, 1, "ols")
    assert_allclose(found.p_value, one.p_value[0])


def test_a_set_that_moves_as_a_whole_passes(rng):
    design = make_design()
    genes = rng.normal(size=(16, 6)) + 3.0 * design.target[:, None]
    without = np.column_stack([np.delete(genes, g, axis=1).mean(axis=1) for g in range(6)])
    found = gates.judge_one_gene(without, np.arange(6), design, 3.0)
    assert not found.carried
    assert found.low <= found.high


def test_a_flipped_sign_counts_as_carried_even_when_significant(rng):
    design = make_design()
    y = (rng.normal(0, 0.1, 16) - 2.0 * design.target)[:, None]
    assert gates.judge_one_gene(y, np.array([4]), design, whole=1.0).carried


def test_a_difference_is_judged_by_its_place_among_random_ones(rng):
    design = make_design()
    random = rng.normal(size=(16, 300))
    differences = fit_contrast(random, design.X, 1, "ols").difference
    inside, low, high = gates.judge_random_sets(random, design, 0.0)
    assert inside
    assert_allclose([low, high], np.quantile(differences, [0.025, 0.975]))
    assert not gates.judge_random_sets(random, design, 10.0)[0]
    assert not gates.judge_random_sets(random, design, -10.0)[0]


def expression(rng, g=3000):
    mean = np.sort(rng.normal(5, 2, g))
    detection = np.where(np.arange(g) < 300, 0.1, 1.0)
    names = np.array([f"G{i:05d}" for i in range(g)])
    return mean, detection, names


def test_random_sets_keep_size_directions_expression_and_detection(rng):
    mean, detection, names = expression(rng)
    bins = gates.strata(mean, detection, names)
    up, down = np.array([10, 900, 2900]), np.array([1500])
    sets = gates.matched_sets("some_set", up, down, bins, names, seed=1, draws=50)
    assert len(sets) == 50
    for a, b in sets:
        assert (len(a), len(b)) == (3, 1)
        drawn = np.concatenate([a, b])
        assert len(np.unique(drawn)) == 4
        assert not set(drawn) & {10, 900, 2900, 1500}
        assert sorted(bins[drawn]) == sorted(bins[[10, 900, 2900, 1500]])
        assert detection[a[0]] < 0.5
        assert (detection[a[1:]] > 0.5).all()


def test_random_sets_follow_the_name_and_the_seed_not_the_order_of_genes(rng):
    mean, detection, names = expression(rng, 1200)
    order = rng.permutation(1200)
    place = np.argsort(order)
    own = np.array([100, 700])
    none = np.zeros(0, dtype=np.int64)
    here = gates.matched_sets(
        "a", own, none, gates.strata(mean, detection, names), names, seed=1, draws=5
    )
    there = gates.matched_sets(
        "a",
        place[own],
        none,
        gates.strata(mean[order], detection[order], names[order]),
        names[order],
        seed=1,
        draws=5,
    )
    for (a, _), (b, _) in zip(here, there, strict=True):
        assert_array_equal(names[a], names[order][b])
    other = gates.matched_sets(
        "b", own, none, gates.strata(mean, detection, names), names, seed=1, draws=5
    )
    assert any((a != b).any() for (a, _), (b, _) in zip(here, other, strict=True))


def test_where_a_signature_fills_its_stratum_the_nearest_strata_serve():
    names = np.array([f"G{i:03d}" for i in range(60)])
    mean = np.arange(60.0)
    bins = np.repeat([20, 21, 40], 20)
    own = np.arange(20)  # all of stratum 20
    none = np.zeros(0, dtype=np.int64)
    for up, _ in gates.matched_sets("a", own, none, bins, names, seed=1, draws=5):
        assert len(np.unique(up)) == 20
        assert set(bins[up]) <= {21, 40}
    assert mean[up].min() >= 20


def test_a_signature_of_all_genes_has_only_itself():
    names = np.array(["A", "B", "C"])
    own = np.arange(3)
    sets = gates.matched_sets(
        "a", own, np.zeros(0, dtype=np.int64), np.zeros(3, dtype=int), names, seed=1, draws=2
    )
    assert all(sorted(up) == [0, 1, 2] for up, _ in sets)
