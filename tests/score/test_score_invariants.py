"""What may never change a score: order, storage, threads, monotone transforms, other samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from mechanisms import score as scoring
from mechanisms.score.membership import build_membership
from mechanisms.score.ranks import average_ranks
from mechanisms.score.zscore import standardise

Make = Callable[..., AnnData]
METHODS = scoring.METHODS.values()
ALL = list(scoring.METHODS)
RANKS = [m.name for m in METHODS if m.needs == ("ranks",) and m.before is None]
ALONE = [name for name in RANKS if scoring.method(name).independent]
COUNTS = [m.name for m in METHODS if m.scale == "counts"]


def values_for(method: str, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Logs without ties, or counts for the methods that work on them."""
    return rng.poisson(6, shape).astype(float) if method in COUNTS else rng.normal(6, 2, shape)


def same(one: pd.DataFrame, other: pd.DataFrame, tolerance: float = 1e-12) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("method", ALL)
def test_gene_order_changes_nothing(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], method: str
) -> None:
    adata = make_adata(tied)
    scores = scoring.score(adata, sets, method=method)
    assert scores.notna().all(axis=None)
    for order in (np.arange(60)[::-1], np.random.default_rng(3).permutation(60)):
        turned = adata[:, order].copy()
        same(scoring.score(turned, sets, method=method), scores)


@pytest.mark.parametrize("method", ALL)
def test_sample_order_changes_nothing(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], method: str
) -> None:
    adata = make_adata(tied)
    scores = scoring.score(adata, sets, method=method)
    order = [5, 2, 7, 0, 1, 6, 3, 4]
    same(scoring.score(adata[order].copy(), sets, method=method).loc[scores.index], scores)


@pytest.mark.parametrize("method", ALL)
def test_order_of_signatures_and_of_their_genes_changes_nothing(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], method: str
) -> None:
    adata = make_adata(tied)
    turned = {
        name: {d: genes[::-1] for d, genes in s.items()} if isinstance(s, dict) else s[::-1]
        for name, s in reversed(sets.items())
    }
    scores = scoring.score(adata, sets, method=method)
    same(scoring.score(adata, turned, method=method)[list(sets)], scores)
    for name in sets if scoring.method(method).alone else ():
        same(scoring.score(adata, {name: sets[name]}, method=method), scores[[name]])


@pytest.mark.parametrize("method", RANKS)
def test_monotone_transforms_change_no_rank_score(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], method: str
) -> None:
    scores = scoring.score(make_adata(tied), sets, method=method)
    for transform in (np.log1p, np.sqrt, lambda x: 7 * x - 40, lambda x: x**3):
        same(scoring.score(make_adata(transform(tied)), sets, method=method), scores, 0)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    "store",
    [
        sparse.csr_matrix,
        sparse.csc_matrix,
        sparse.csr_array,
        np.asfortranarray,
        lambda x: x.astype(np.float32),
        lambda x: x.astype(np.int64),
        lambda x: sparse.csr_matrix(x.astype(np.int32)),
        lambda x: sparse.csr_matrix(x.astype(np.float32)),
    ],
    ids=["csr", "csc", "csr_array", "fortran", "float32", "int64", "csr_int32", "csr_float32"],
)
def test_storage_changes_nothing(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], method: str, store: Any
) -> None:
    scores = scoring.score(make_adata(tied), sets, method=method)
    same(scoring.score(make_adata(store(tied)), sets, method=method), scores)


def test_float32_logs_rank_as_float64_does(
    make_adata: Make, rng: np.random.Generator, sets: dict[str, Any]
) -> None:
    logs = rng.normal(6, 2, (5, 60))
    scores = scoring.score(make_adata(logs), sets)
    same(scoring.score(make_adata(logs.astype(np.float32)), sets), scores)
    z = scoring.score(make_adata(logs), sets, method="zscore")
    same(scoring.score(make_adata(logs.astype(np.float32)), sets, method="zscore"), z, 1e-5)


@pytest.mark.parametrize("method", ALL)
def test_threads_change_nothing(
    make_adata: Make, rng: np.random.Generator, sets: dict[str, Any], method: str
) -> None:
    values = rng.poisson(0.6, (200, 60)).astype(float)
    for stored in (values, sparse.csr_matrix(values)):
        adata = make_adata(stored)
        one = scoring.score(adata, sets, method=method, threads=1)
        pd.testing.assert_frame_equal(
            one, scoring.score(adata, sets, method=method, threads=2), check_exact=True
        )


@pytest.mark.parametrize("name", ALL)
def test_a_score_depends_on_its_sample_alone_where_the_method_says_so(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], name: str
) -> None:
    adata = make_adata(tied)
    scores = scoring.score(adata, sets, method=name)
    few = scoring.score(adata[:4].copy(), sets, method=name)
    if scoring.method(name).independent:
        pd.testing.assert_frame_equal(few, scores.iloc[:4], check_exact=True)
    else:
        rest = scoring.score(adata[4:].copy(), sets, method=name)
        moved = np.abs(pd.concat([few, rest]) - scores).to_numpy()
        assert np.nanmax(moved) > 0.01


def test_which_methods_look_at_other_samples() -> None:
    dependent = {name for name, m in scoring.METHODS.items() if not m.independent}
    gsva = {"gsva", "gsva_max", "gsva_poisson", "gsva_poisson_max"}
    assert dependent == {"zscore", "ssgsea_normalised"} | gsva


@pytest.mark.parametrize("method", ALONE)
def test_reversing_the_genes_of_a_sample_of_zeros_changes_nothing(
    make_adata: Make, method: str
) -> None:
    """Where ties are broken by gene order, this turns the score's sign."""
    values = np.zeros((1, 60))
    values[0, 25:30] = [1, 2, 3, 4, 5]
    sets = {"x": [f"g{i:03d}" for i in range(10)]}
    adata = make_adata(values)
    scores = scoring.score(adata, sets, method=method)
    same(scoring.score(adata[:, ::-1].copy(), sets, method=method), scores, 1e-13)
    # All its genes tie with 45 others just below the middle.
    assert -0.15 < scoring.score(adata, sets).loc["s0", "x"] < 0


@pytest.mark.parametrize("method", ["singscore", "ssgsea"])
def test_genes_that_are_zero_everywhere_stay_in_the_ranking(make_adata: Make, method: str) -> None:
    values = np.zeros((3, 40))
    values[:, :20] = np.random.default_rng(2).normal(5, 1, (3, 20))
    genes = [f"g{i:03d}" for i in range(40)]
    sets = {"x": genes[:6]}
    scores = scoring.score(make_adata(values), sets, method=method)
    without = scoring.score(make_adata(values[:, :20], genes[:20]), sets, method=method)
    assert (scores["x"] > without["x"]).all()
    ranks, n_valid, _ = average_ranks(values, np.arange(40))
    np.testing.assert_array_equal(n_valid, 40)
    np.testing.assert_array_equal(ranks[:, 20:], 10.5)


@pytest.mark.parametrize("method", ALL)
def test_a_constant_sample_is_missing_and_moves_no_other(
    make_adata: Make, rng: np.random.Generator, sets: dict[str, Any], method: str
) -> None:
    values = values_for(method, rng, (6, 60))
    others = scoring.score(make_adata(values), sets, method=method)
    assert others.notna().all(axis=None)
    for constant in (np.zeros(60), np.full(60, 3.0), np.full(60, np.nan)):
        adata = make_adata(np.vstack([values, constant]))
        scores = scoring.score(adata, sets, method=method)
        assert scores.loc["s6"].isna().all()
        same(scores.iloc[:6], others)


def test_a_sparse_sample_without_counts_is_missing(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any]
) -> None:
    tied[3] = 0
    adata = make_adata(sparse.csr_matrix(tied))
    scores = scoring.score(adata, sets)
    assert scores.isna().all(axis=1).tolist() == [i == 3 for i in range(8)]


@pytest.mark.parametrize("method", ALL)
def test_absent_genes_never_count_as_zeros(
    make_adata: Make, rng: np.random.Generator, method: str
) -> None:
    values = values_for(method, rng, (5, 60))
    genes = [f"g{i:03d}" for i in range(60)]
    sets = {"x": {"up": genes[:8], "down": genes[10:18]}}
    more = {"x": {"up": [*genes[:8], "NONE1", "NONE2"], "down": [*genes[10:18], "NONE3"]}}
    adata = make_adata(values)
    scores = scoring.score(adata, sets, method=method)
    same(scoring.score(adata, more, method=method), scores, 0)


def test_two_names_of_one_gene_count_it_once(make_adata: Make, rng: np.random.Generator) -> None:
    # IL8 is an old symbol of CXCL8.
    genes = ["CXCL8", "TNF", "IL6", "IL1B", "CCL2", *(f"g{i:03d}" for i in range(30))]
    adata = make_adata(rng.normal(size=(3, 35)), genes)
    one = scoring.score(adata, {"x": genes[:5]})
    two = scoring.score(adata, {"x": ["IL8", *genes[:5]]}, rule=scoring.Rule(genes=4))
    same(two, one, 0)


# --- what is stored in a sparse matrix --------------------------------------------------------


def test_explicit_zeros_are_zeros(make_adata: Make, tied: np.ndarray, sets: dict[str, Any]) -> None:
    stored = sparse.csr_matrix(tied + 1)
    stored.data -= 1
    assert stored.nnz == tied.size
    same(scoring.score(make_adata(stored), sets), scoring.score(make_adata(tied), sets), 0)


def test_negative_and_missing_values_in_a_sparse_matrix(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any]
) -> None:
    tied[0, :5], tied[1, 10:14], tied[2, 3] = -2.5, np.nan, -0.0
    for method in [m for m in ALL if m not in COUNTS]:
        dense = scoring.score(make_adata(tied), sets, method=method)
        same(scoring.score(make_adata(sparse.csr_matrix(tied)), sets, method=method), dense)


def test_duplicate_entries_are_added_and_the_matrix_stays_as_it_is(
    make_adata: Make, sets: dict[str, Any]
) -> None:
    rng = np.random.default_rng(9)
    rows, columns = rng.integers(0, 8, 400), rng.integers(0, 60, 400)
    order = np.argsort(rows, kind="stable")
    indptr = np.searchsorted(rows[order], np.arange(9))
    stored = sparse.csr_matrix((np.ones(400), columns[order], indptr), shape=(8, 60))
    assert not stored.has_canonical_format
    dense = stored.toarray()
    data, indices = stored.data.copy(), stored.indices.copy()
    for method in RANKS:
        adata = make_adata(stored.copy())
        adata.X = stored
        same(
            scoring.score(adata, sets, method=method),
            scoring.score(make_adata(dense), sets, method=method),
        )
    assert stored.nnz == 400
    np.testing.assert_array_equal(stored.data, data)
    np.testing.assert_array_equal(stored.indices, indices)


# --- the kernel against scipy -----------------------------------------------------------------

GRIDS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 25)),
    elements=st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.0, -1.0, 3.5, -0.0, 1e-300, np.nan]),
)


@given(values=GRIDS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_ranks_equal_scipys(values: np.ndarray, data: st.DataObject) -> None:
    from scipy.stats import rankdata

    chosen = data.draw(st.sets(st.integers(0, values.shape[1] - 1)))
    columns = np.array(sorted(chosen), dtype=np.int64)
    expected = rankdata(values, axis=1, nan_policy="omit")[:, columns]
    for stored in (values, sparse.csr_matrix(values), values.astype(np.float32)):
        if getattr(stored, "dtype", None) == np.float32 and (values == 1e-300).any():
            continue  # float32 has no such number
        ranks, n_valid, constant = average_ranks(stored, columns)
        np.testing.assert_array_equal(ranks, expected)
        np.testing.assert_array_equal(n_valid, (~np.isnan(values)).sum(axis=1))
        for i, row in enumerate(values):
            assert constant[i] == (len(set(row[~np.isnan(row)])) < 2)


@given(values=GRIDS)
@settings(max_examples=25, deadline=None)
def test_standardised_genes_have_mean_zero_and_variance_one(values: np.ndarray) -> None:
    z = standardise(np.where(values == 1e-300, 0.0, values))
    for column in z.T:
        column = column[~np.isnan(column)]
        if len(column):
            assert column.mean() == pytest.approx(0, abs=1e-9)
            assert column.var(ddof=1) == pytest.approx(1, abs=1e-9)


def test_membership_sums_each_set_once() -> None:
    sets = {"a:up": np.array([9, 2, 2]), "b:up": np.array([2, 30]), "c:up": np.array([], dtype=int)}
    membership = build_membership(sets)
    assert membership.parts == ("a:up", "b:up", "c:up")
    np.testing.assert_array_equal(membership.columns, [2, 9, 30])
    expected = [[1, 1, 0], [1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(membership.members.matrix.toarray(), expected)


@pytest.mark.parametrize("method", ["singscore", "ssgsea"])
def test_rank_scores_stay_in_their_bounds(make_adata: Make, method: str) -> None:
    values = np.arange(50.0)[None]
    genes = [f"g{i:03d}" for i in range(50)]
    adata = make_adata(values)
    top = scoring.score(adata, {"x": genes[-10:]}, method=method).iloc[0, 0]
    bottom = scoring.score(adata, {"x": genes[:10]}, method=method).iloc[0, 0]
    middle = scoring.score(adata, {"x": genes[20:30]}, method=method).iloc[0, 0]
    assert bottom < middle < top
    if method == "singscore":
        assert (bottom, middle, top) == (-0.5, 0.0, 0.5)
