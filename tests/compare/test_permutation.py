"""The studentised permutation test against scipy, and the floors of its designs."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy import stats

from mechanisms.compare.permutation import arrangements, p_floor, permutation_p


def design(n: int, m: int, extra: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    target = np.arange(n + m) < n
    columns = [np.ones(n + m), *([] if extra is None else [extra]), target]
    return target, np.column_stack(columns).astype(float)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 5), (5, 5), (3, 7)])
def test_two_groups_equal_scipys_exact_test(n: int, m: int, rng: np.random.Generator) -> None:
    target, X = design(n, m)
    y = rng.normal(size=(n + m, 3))
    y[target] = y[target] * 1.7 + [0, 1, 3]
    rows, exact = arrangements(target, None, exchangeable=True, seed=1)
    assert exact
    assert len(rows) == comb(n + m, n)
    got = permutation_p(y, X, 1, rows, exact=True)

    def absolute_welch(a: np.ndarray, b: np.ndarray, axis: int = 0) -> np.ndarray:
        return np.abs(stats.ttest_ind(a, b, equal_var=False, axis=axis).statistic)

    for j, p in enumerate(got):
        wanted = stats.permutation_test(
            (y[target, j], y[~target, j]),
            absolute_welch,
            vectorized=True,
            alternative="greater",
            n_resamples=np.inf,
        )
        assert p == pytest.approx(wanted.pvalue, abs=1e-12)


@pytest.mark.parametrize("n_pairs", [4, 6, 8])
def test_pairs_equal_scipys_sign_flips(n_pairs: int, rng: np.random.Generator) -> None:
    pair = np.tile(np.arange(n_pairs), 2)
    target = np.arange(2 * n_pairs) < n_pairs
    dummies = (pair[:, None] == np.arange(1, n_pairs)).astype(float)
    X = np.column_stack([np.ones(2 * n_pairs), dummies, target])
    y = rng.normal(size=(2 * n_pairs, 3))
    y[target] += [0.4, 0.8, 4]  # near zero scipy takes ties for differences
    rows, exact = arrangements(target, pair, exchangeable=True, seed=1)
    assert exact
    assert len(rows) == 2**n_pairs
    got = permutation_p(y, X, n_pairs, rows, exact=True)

    def absolute_t(d: np.ndarray, axis: int = 0) -> np.ndarray:
        return np.abs(stats.ttest_1samp(d, 0, axis=axis).statistic)

    for j, p in enumerate(got):
        wanted = stats.permutation_test(
            (y[target, j] - y[~target, j],),
            absolute_t,
            permutation_type="samples",
            vectorized=True,
            alternative="greater",
            n_resamples=np.inf,
        )
        assert p == pytest.approx(wanted.pvalue, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "m", "pairs", "floor"),
    [
        (3, 3, None, 0.10),
        (4, 4, None, 2 / 70),
        (5, 5, None, 2 / 252),
        (4, 5, None, 1 / 126),
        (5, 5, 5, 0.0625),
        (6, 6, 6, 0.03125),
        (1, 1, 1, 1.0),
    ],
)
def test_exact_floors(n: int, m: int, pairs: int | None, floor: float) -> None:
    assert p_floor(n, m, pairs) == pytest.approx(floor, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 4), (5, 5), (4, 5), (3, 6)])
def test_a_perfect_separation_reaches_the_floor(n: int, m: int) -> None:
    target, X = design(n, m)
    y = np.where(target, 100.0, 0.0)[:, None] + np.random.default_rng(1).normal(size=(n + m, 1))
    rows, exact = arrangements(target, None, exchangeable=True, seed=1)
    assert permutation_p(y, X, 1, rows, exact=exact)[0] == pytest.approx(p_floor(n, m, None))


@pytest.mark.parametrize("n_pairs", [5, 6, 9])
@pytest.mark.parametrize("covariate", [False, True])
def test_pairs_reach_the_floor(n_pairs: int, covariate: bool) -> None:
    rng = np.random.default_rng(2)
    pair = np.tile(np.arange(n_pairs), 2)
    target = np.arange(2 * n_pairs) < n_pairs
    parts = [np.ones(2 * n_pairs), pair[:, None] == np.arange(1, n_pairs), target]
    if covariate:
        parts.insert(2, rng.normal(size=2 * n_pairs))
    X = np.column_stack(parts).astype(float)
    y = np.where(target, 50.0, 0.0)[:, None] + rng.normal(size=(2 * n_pairs, 1))
    rows, exact = arrangements(target, pair, exchangeable=not covariate, seed=1)
    assert exact
    p = permutation_p(y, X, X.shape[1] - 1, rows, exact=exact)[0]
    assert p >= p_floor(n_pairs, n_pairs, n_pairs, exact=exact)
    if not covariate:
        assert p == pytest.approx(2 / 2**n_pairs)


def test_no_p_lies_below_its_floor_with_covariates() -> None:
    """Residuals have more permutations than labels: 4 against 4 goes below 2 / 70."""
    lowest = 1.0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        target, X = design(4, 4, rng.normal(size=8))
        y = rng.normal(size=(8, 1)) + 3 * X[:, [1]] + 10 * target[:, None]
        rows, exact = arrangements(target, None, exchangeable=False, seed=seed)
        assert not exact
        p = permutation_p(y, X, 2, rows, exact=exact)[0]
        assert p >= p_floor(4, 4, None, exact=exact)
        lowest = min(lowest, p)
    assert lowest < 2 / 70


def test_large_groups_are_drawn_with_a_seed(rng: np.random.Generator) -> None:
    target, X = design(12, 12)
    y = rng.normal(size=(24, 2))
    rows, exact = arrangements(target, None, exchangeable=True, seed=4)
    again, _ = arrangements(target, None, exchangeable=True, seed=4)
    other, _ = arrangements(target, None, exchangeable=True, seed=5)
    assert not exact
    np.testing.assert_array_equal(rows, again)
    assert (rows != other).any()
    assert p_floor(12, 12, None, exact=False) == 1e-4
    p = permutation_p(y, X, 1, rows, exact=False)
    parametric = stats.ttest_ind(y[target], y[~target], equal_var=False).pvalue
    np.testing.assert_allclose(p, parametric, atol=0.02)


def test_every_rearrangement_is_one(rng: np.random.Generator) -> None:
    target = rng.permutation(np.arange(9) < 4)
    for pair, exchangeable in ((None, True), (None, False)):
        rows, _ = arrangements(target, pair, exchangeable=exchangeable, seed=1)
        np.testing.assert_array_equal(np.sort(rows, axis=1), np.tile(np.arange(9), (len(rows), 1)))
    labels = np.array(
        [np.sort(r[target]) for r in arrangements(target, None, exchangeable=True, seed=1)[0]]
    )
    assert len(np.unique(labels, axis=0)) == len(labels) == comb(9, 4)


def test_scores_without_variation_have_no_p() -> None:
    target, X = design(4, 4)
    y = np.column_stack([np.full(8, 3.0), np.where(target, 1.0, 0.0)])
    rows, exact = arrangements(target, None, exchangeable=True, seed=1)
    assert np.isnan(permutation_p(y, X, 1, rows, exact=exact)).all()


def test_ties_at_zero_are_ties(rng: np.random.Generator) -> None:
    target, X = design(6, 6)
    y = np.tile([0.1, 0.7, 0.3, 0.7, 0.1, 0.3], 2)[:, None]
    rows, exact = arrangements(target, None, exchangeable=True, seed=1)
    for order in (np.arange(12), np.r_[rng.permutation(6), 6 + rng.permutation(6)]):
        assert permutation_p(y[order], X, 1, rows, exact=exact)[0] == 1


def test_scale_and_shift_change_no_p(rng: np.random.Generator) -> None:
    target, X = design(4, 6)
    y = rng.normal(size=(10, 4))
    rows, exact = arrangements(target, None, exchangeable=True, seed=1)
    p = permutation_p(y, X, 1, rows, exact=exact)
    for scaled in (y * 1e-9, y * 1e12, -y, y + 100):
        np.testing.assert_array_equal(permutation_p(scaled, X, 1, rows, exact=exact), p)
