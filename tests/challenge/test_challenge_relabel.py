"""Tests under other labels: the same numbers as one by one, and never the true labelling."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms.challenge.claims import Evidence, classify
from mechanisms.challenge.relabel import labellings, relabelled_tests, supported
from mechanisms.compare import Contrast, build_design, build_units
from mechanisms.compare.linear import fit_contrast


def make_design(n_target, n_reference, *, pair=False, batch=False):
    n = n_target + n_reference
    obs = pd.DataFrame(
        {"outcome": ["resorbing"] * n_target + ["non_resorbing"] * n_reference},
        index=[f"S{i:02d}" for i in range(n)],
    )
    if pair:
        obs["pair"] = [f"P{i % n_target}" for i in range(n)]
    if batch:
        obs["batch"] = [f"B{i % 2}" for i in range(n)]
    contrast = Contrast(
        "outcome",
        "resorbing",
        "non_resorbing",
        donor="each_sample",
        pair="pair" if pair else None,
        batch="batch" if batch else None,
    )
    return build_design(build_units(obs, contrast), contrast)


@pytest.mark.parametrize(
    ("sizes", "test"), [((6, 6), "ols"), ((4, 9), "welch"), ((4, 9), "hc2"), ((6, 6), "hc2")]
)
def test_all_labels_at_once_equal_one_by_one(rng, sizes, test):
    design = make_design(*sizes)
    n = sum(sizes)
    y = rng.normal(size=n)
    base = design.X[:, :1] if test == "welch" else np.column_stack([np.ones(n), rng.normal(size=n)])
    labels = labellings(design, most=20, seed=1)
    got = relabelled_tests(y, base, labels, test)
    for i, row in enumerate(labels):
        X = np.column_stack([base, row.astype(float)])
        one = fit_contrast(y[:, None], X, X.shape[1] - 1, test)
        assert_allclose(got.difference[i], one.difference[0], rtol=1e-9)
        assert_allclose(got.p_value[i], one.p_value[0], rtol=1e-8)


def test_outcomes_and_designs_may_differ_between_labels(rng):
    design = make_design(6, 6)
    labels = labellings(design, most=10, seed=1)
    y = rng.normal(size=labels.shape)
    bases = np.concatenate(
        [np.ones((len(labels), 12, 1)), rng.normal(size=(len(labels), 12, 2))], axis=2
    )
    got = relabelled_tests(y, bases, labels, "hc2")
    for i, row in enumerate(labels):
        X = np.column_stack([bases[i], row.astype(float)])
        one = fit_contrast(y[i][:, None], X, 3, "hc2")
        assert_allclose(got.p_value[i], one.p_value[0], rtol=1e-8)


def test_labels_that_the_columns_tell_have_p_one():
    design = make_design(3, 3)
    labels = labellings(design, most=50, seed=1)
    base = np.column_stack([np.ones(6), labels[0].astype(float)])
    got = relabelled_tests(np.arange(6.0), base, labels[:1], "ols")
    assert got.p_value.tolist() == [1.0]
    assert got.spread.tolist() == [0.0]


def test_neither_the_true_labelling_nor_its_mirror_is_drawn():
    design = make_design(4, 4)
    labels = labellings(design, most=500, seed=3)
    as_sets = {tuple(row) for row in labels.tolist()}
    assert tuple(design.target.tolist()) not in as_sets
    assert tuple((~design.target).tolist()) not in as_sets
    assert len(as_sets) == len(labels)
    every = {tuple(i in c for i in range(8)) for c in combinations(range(8), 4)}
    assert as_sets <= every
    assert len(as_sets) >= 0.9 * (len(every) - 2)


def test_pairs_are_swapped_and_all_swaps_are_there():
    design = make_design(6, 6, pair=True)
    labels = labellings(design, most=500, seed=1)
    assert len(labels) == 2**6 - 2
    for code in np.unique(design.pair):
        assert (labels[:, design.pair == code].sum(axis=1) == 1).all()


def test_batches_keep_their_numbers():
    design = make_design(6, 6, batch=True)
    labels = labellings(design, most=50, seed=1)
    for block in np.unique(design.blocks):
        inside = design.blocks == block
        assert (labels[:, inside].sum(axis=1) == design.target[inside].sum()).all()


def test_supported_on_arrays_is_classify_on_each(rng):
    m, b = 12, 60
    p_raw, p_adjusted = rng.uniform(size=(2, m, b)) ** 6
    raw, adjusted = rng.normal(size=(2, m, b))
    r2 = rng.uniform(size=(m, b))
    got = supported(raw, p_raw, adjusted, p_adjusted, r2)
    from scipy.stats import false_discovery_control as bh

    q_raw, q = bh(p_raw, axis=0), bh(np.maximum(p_raw, p_adjusted), axis=0)
    for i in range(m):
        for j in range(b):
            evidence = Evidence(
                True,
                "tested",
                "none",
                raw[i, j],
                adjusted[i, j],
                q_raw[i, j],
                p_adjusted[i, j],
                q[i, j],
                r2[i, j],
            )
            assert got[i, j] == (classify(evidence) == "supported")
    assert 0 < got.mean() < 1


def test_supported_without_composition_is_the_raw_family(rng):
    p = rng.uniform(size=(8, 40)) ** 4
    from scipy.stats import false_discovery_control as bh

    assert (supported(p, p, None, None, None) == (bh(p, axis=0) <= 0.05)).all()
