"""Coverage and its refusals, what is stored, and what each refusal says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import mechanisms as mech
from mechanisms import score as scoring
from mechanisms.errors import DataError, SignatureError
from mechanisms.score import Rule
from mechanisms.signatures import Collection, Signature, read_signatures
from mechanisms.vocabulary import COVERAGE_COLUMNS

Make = Callable[..., AnnData]


# --- how many genes are enough ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "required"),
    [
        (1, 3), (2, 3), (3, 3), (4, 4), (5, 5), (6, 5), (7, 5), (8, 5), (9, 6), (10, 6),
        (12, 8), (15, 9), (20, 12), (25, 15), (50, 30), (101, 61),
    ],
)  # fmt: skip
def test_required_genes(size: int, required: int) -> None:
    assert Rule().required(size) == required


def test_the_rule_can_be_lowered_but_never_below_three() -> None:
    assert Rule(fraction=0.1, genes=1).required(40) == 4
    assert Rule(fraction=0.1, genes=1).required(20) == 3
    assert Rule(fraction=0.3, genes=5).required(10) == 5
    assert Rule(fraction=1.0).required(10) == 10


@pytest.mark.parametrize(
    ("up", "down", "found_up", "found_down", "measurable"),
    [
        (10, 0, 6, 0, True),
        (10, 0, 5, 0, False),
        (5, 0, 5, 0, True),
        (5, 0, 4, 0, False),
        (3, 0, 3, 0, True),
        (2, 0, 2, 0, False),
        (10, 10, 10, 5, False),
        (10, 10, 6, 6, True),
        (0, 8, 0, 5, True),
        (0, 8, 0, 4, False),
    ],
)
def test_each_direction_needs_its_genes(
    make_adata: Make, up: int, down: int, found_up: int, found_down: int, measurable: bool
) -> None:
    ups, downs = [f"u{i}" for i in range(up)], [f"d{i}" for i in range(down)]
    genes = ups[:found_up] + downs[:found_down] + [f"g{i:03d}" for i in range(30)]
    adata = make_adata(np.random.default_rng(1).normal(size=(3, len(genes))), genes)
    sets = {k: v for k, v in (("up", ups), ("down", downs)) if v}
    table = scoring.coverage(adata, {"x": sets})
    assert tuple(table.columns) == COVERAGE_COLUMNS
    assert scoring.measurable(table)["x"] == measurable
    assert scoring.score(adata, {"x": sets})["x"].notna().all() == measurable
    fractions = [f / n for f, n in ((found_up, up), (found_down, down)) if n]
    assert table["fraction"].tolist() == fractions
    assert scoring.lowest_fraction(table)["x"] == min(fractions)
    assert (table["reason"] == "").tolist() == table["measurable"].tolist()


def test_coverage_says_what_lacks_and_why(make_adata: Make) -> None:
    genes = ["TNF", "IL6", "IL1B", "g1", "g2", "g3"]
    adata = make_adata(np.random.default_rng(1).normal(size=(2, 6)), genes)
    sets = {"x": ["TNF", "IL6", "IL1B", "CCL2", "CXCL8", "VEGFA"], "tiny": ["TNF", "IL6"]}
    table = scoring.coverage(adata, sets).set_index("signature")
    assert table.loc["x", "missing"] == "CCL2;CXCL8;VEGFA"
    assert table.loc["x", "reason"] == "up: 3 of 6 genes found, 5 needed"
    assert table.loc["tiny", "reason"] == (
        "up: a direction needs at least 3 genes and this one has 2"
    )


def test_aliases_are_found_and_ambiguous_ones_reported(make_adata: Make) -> None:
    # IL8 is CXCL8 alone; MIF is approved; the data may not hold one alias twice.
    genes = ["IL8", "TNF", "IL6", "IL1B", *(f"g{i}" for i in range(10))]
    adata = make_adata(np.random.default_rng(1).normal(size=(2, 14)), genes)
    sets = {"x": ["CXCL8", "TNF", "IL6", "IL1B"]}
    table = scoring.coverage(adata, sets)
    assert table.loc[0, "matched_by_alias"] == "CXCL8=IL8"
    assert table.loc[0, "n_found"] == 4
    assert scoring.score(adata, sets).notna().all(axis=None)
    both = make_adata(np.random.default_rng(1).normal(size=(2, 15)), ["CXCL8", *genes])
    assert scoring.coverage(both, sets).loc[0, "matched_by_alias"] == ""


def test_ambiguous_aliases_are_never_guessed(make_adata: Make) -> None:
    from mechanisms.genes import known_genes

    core = read_signatures("core").genes
    gene = next(g for g in core if known_genes()[g].ambiguous_aliases)
    alias = known_genes()[gene].ambiguous_aliases[0]
    genes = [alias, *(f"g{i}" for i in range(20))]
    adata = make_adata(np.random.default_rng(1).normal(size=(2, 21)), genes)
    sets = {"x": [gene, *(f"g{i}" for i in range(9))]}
    table = scoring.coverage(adata, sets)
    assert (table.loc[0, "ambiguous"], table.loc[0, "n_found"]) == (gene, 9)


def test_a_sample_with_too_few_values_is_missing_alone(make_adata: Make) -> None:
    values = np.random.default_rng(1).normal(size=(3, 40))
    values[1, :5] = np.nan  # 5 of 10 genes left, 6 needed
    values[2, :4] = np.nan
    sets = {"x": [f"g{i:03d}" for i in range(10)], "y": [f"g{i:03d}" for i in range(20, 30)]}
    scores = scoring.score(make_adata(values), sets)
    assert scores["x"].isna().tolist() == [False, True, False]
    assert scores["y"].notna().all()


def test_sample_report_counts_and_gives_reasons(make_adata: Make) -> None:
    values = np.array([[0, 1, 2, np.nan], [0, 0, 0, 0], [np.nan] * 4, [5, 5, 5, np.nan]])
    for stored in (values, sparse.csr_matrix(values), sparse.csc_matrix(values)):
        report = scoring.sample_report(make_adata(stored))
        assert report["n_measured"].tolist() == [3, 4, 0, 3]
        assert report["n_missing"].tolist() == [1, 0, 4, 1]
        assert report["n_zero"].tolist() == [1, 4, 0, 0]
        assert report["reason"].tolist() == [
            "",
            "all measured values are equal: the sample cannot be ranked",
            "no gene has a value",
            "all measured values are equal: the sample cannot be ranked",
        ]


# --- identifiers and species ------------------------------------------------------------------


def test_mouse_symbols_are_read_as_mouse(make_adata: Make) -> None:
    from mechanisms.genes import known_genes

    symbols = [g.orthologs["mouse"] for g in known_genes().values()]
    symbols = [s for s in dict.fromkeys(symbols) if s != "none" and not s.startswith("many")]
    adata = make_adata(np.random.default_rng(1).normal(size=(3, len(symbols))), symbols)
    scores = mech.score(adata)
    assert scores.notna().to_numpy().mean() > 0.7
    pd.testing.assert_frame_equal(mech.score(adata, species="mouse"), scores)


def test_ensembl_and_symbols_give_the_same_scores(make_adata: Make) -> None:
    from mechanisms.genes import known_genes

    pairs = [(g.symbol, g.ensembl[0]) for g in known_genes().values() if g.ensembl]
    values = np.random.default_rng(1).normal(size=(3, len(pairs)))
    by_symbol = mech.score(make_adata(values, [symbol for symbol, _ in pairs]))
    by_ensembl = mech.score(make_adata(values, [ensembl for _, ensembl in pairs]))
    assert by_symbol.notna().to_numpy().mean() > 0.9
    same = by_symbol.notna().all() & by_ensembl.notna().all()
    pd.testing.assert_frame_equal(by_symbol.loc[:, same], by_ensembl.loc[:, same])


# --- what is stored ---------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_matrix], ids=["dense", "csr"])
def test_scoring_changes_nothing_of_the_users(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], stored: Any
) -> None:
    adata = make_adata(stored(tied.copy()))
    adata.obs["group"], adata.uns["mine"] = "a", {"kept": 1}
    before = adata.copy()
    for method in scoring.METHODS:
        scoring.score(adata, sets, method=method)
    np.testing.assert_array_equal(tied, before.X.toarray() if stored != np.asarray else before.X)
    assert adata.X is not None
    assert (adata.X != before.X).sum() == 0
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    pd.testing.assert_frame_equal(adata.var, before.var)
    assert dict(adata.uns) == {"mine": {"kept": 1}}
    assert not adata.obsm
    assert not adata.layers


def test_write_stores_the_scores_and_the_hash(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], tmp_path: Path
) -> None:
    adata = make_adata(tied)
    adata.uns["mechanisms"] = {"species": "human"}
    scores = scoring.score(adata, sets, method="ssgsea", write=True)
    assert set(adata.obsm) == {"mechanisms_ssgsea"}
    assert adata.uns["mechanisms"] == {
        "species": "human",
        "collection_hash": read_signatures(sets).hash,
    }
    again = scoring.score(adata, sets, method="ssgsea")
    pd.testing.assert_frame_equal(again, scores)
    scores.iloc[0, 0] = 99.0  # the user's frame is the user's
    assert adata.obsm["mechanisms_ssgsea"].iloc[0, 0] == again.iloc[0, 0]
    adata.write_h5ad(tmp_path / "a.h5ad")
    stored = anndata.read_h5ad(tmp_path / "a.h5ad").obsm["mechanisms_ssgsea"]
    np.testing.assert_array_equal(stored.to_numpy(), again.to_numpy())


def test_backed_files_score_as_in_memory(
    make_adata: Make, tied: np.ndarray, sets: dict[str, Any], tmp_path: Path
) -> None:
    expected = scoring.score(make_adata(tied), sets)
    for name, stored in (("dense", tied), ("csr", sparse.csr_matrix(tied))):
        make_adata(stored).write_h5ad(tmp_path / f"{name}.h5ad")
        backed = anndata.read_h5ad(tmp_path / f"{name}.h5ad", backed="r")
        pd.testing.assert_frame_equal(scoring.score(backed, sets), expected, check_names=False)
        assert scoring.sample_report(backed)["n_measured"].eq(60).all()
        backed.file.close()


def test_the_frame_has_the_collections_order(make_adata: Make) -> None:
    core = read_signatures("core")
    adata = make_adata(np.random.default_rng(1).normal(size=(3, len(core.genes))), list(core.genes))
    scores = mech.score(adata)
    assert list(scores.columns) == [*core.ids, *(b.id for b in core.balances)]
    assert list(mech.score(adata, balances=False).columns) == list(core.ids)
    assert scores.index.tolist() == ["s0", "s1", "s2"]
    assert scores.index.name == "sample"
    assert scores.notna().all(axis=None)


def test_a_view_and_no_samples_at_all(make_adata: Make, tied: np.ndarray, sets: Any) -> None:
    adata = make_adata(tied)
    pd.testing.assert_frame_equal(
        scoring.score(adata[2:4], sets), scoring.score(adata, sets).iloc[2:4]
    )
    assert scoring.score(adata[:0], sets).shape == (0, 3)


# --- refusals ---------------------------------------------------------------------------------


def test_unknown_method(make_adata: Make, tied: np.ndarray, sets: Any) -> None:
    with pytest.raises(SignatureError, match=r"'singscor' is not known.*did you mean 'singscore'"):
        scoring.score(make_adata(tied), sets, method="singscor")


def test_auto_is_singscore(make_adata: Make, tied: np.ndarray, sets: Any) -> None:
    adata = make_adata(tied)
    pd.testing.assert_frame_equal(
        scoring.score(adata, sets), scoring.score(adata, sets, method="singscore")
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.linspace(0, 5000, 240).reshape(4, 60), "the largest value here is 5,000"),
        (np.arange(240.0).reshape(4, 60) % 23, "these are whole numbers up to 22"),
    ],
    ids=["linear", "shallow counts"],
)
def test_values_without_logs(make_adata: Make, sets: Any, values: np.ndarray, said: str) -> None:
    for stored in (values, sparse.csr_matrix(values)):
        with pytest.raises(DataError, match=f"zscore works on log-scale values, and {said}.*log1p"):
            scoring.score(make_adata(stored), sets, method="zscore")
        assert scoring.score(make_adata(stored), sets).notna().all(axis=None)


def test_a_store_of_a_few_fractions_is_no_count(make_adata: Make, sets: Any) -> None:
    values = np.arange(240.0).reshape(4, 60) % 23
    values[3, 59] = 22.5
    with pytest.raises(DataError, match=r"gsva_poisson works on counts, and the data hold fract"):
        scoring.score(make_adata(values), sets, method="gsva_poisson")
    values[3, 59] = -2
    with pytest.raises(DataError, match=r"the data hold negative values down to -2; give raw"):
        scoring.score(make_adata(values), sets, method="gsva_poisson")


@pytest.mark.parametrize("method", ["zscore", "mean", "ulm", "gsva"])
@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinite_values_cannot_be_added_up(
    make_adata: Make, rng: np.random.Generator, sets: Any, method: str, infinite: float
) -> None:
    values = rng.normal(6, 1, (4, 60))
    values[2, 3] = infinite
    for stored in (values, sparse.csr_matrix(values)):
        with pytest.raises(DataError, match=f"{method} adds values up.*infinite.*rank method"):
            scoring.score(make_adata(stored), sets, method=method)
        assert scoring.score(make_adata(stored), sets).notna().all(axis=None)


def test_counts_of_the_loader_serve_methods_on_counts(make_adata: Make, sets: Any) -> None:
    counts = np.random.default_rng(3).poisson(40, (6, 60)).astype(float)
    loaded = make_adata(np.log2(counts + 1))
    loaded.layers["values"] = counts
    collection = read_signatures(sets)
    both = scoring.score_members(loaded, collection, ["gsva_poisson", "zscore"])
    assert list(both) == ["gsva_poisson", "zscore"]
    alone = scoring.score(make_adata(counts), sets, method="gsva_poisson")
    pd.testing.assert_frame_equal(both["gsva_poisson"][list(sets)], alone)


@pytest.mark.parametrize("limit", [0, 1, 61, 10.5])
def test_a_max_rank_that_cuts_nothing(
    make_adata: Make, tied: np.ndarray, sets: Any, limit: float
) -> None:
    with pytest.raises(DataError, match=rf"max_rank is {limit}, and the data have 60 genes.*2 to"):
        scoring.score(make_adata(tied), sets, method="ucell", parameters={"max_rank": limit})


def test_a_set_as_large_as_max_rank_has_no_ucell_score(make_adata: Make, tied: Any) -> None:
    sets = {"x": [f"g{i:03d}" for i in range(20)]}
    for limit, known in ((20, False), (21, True)):
        scores = scoring.score(
            make_adata(tied), sets, method="ucell", parameters={"max_rank": limit}
        )
        assert scores["x"].notna().all() == known
    with pytest.raises(DataError, match=r"aucell's top is 5; give a share"):
        scoring.score(make_adata(tied), sets, method="aucell", parameters={"top": 5})


def test_more_sets_than_memory_holds() -> None:
    from mechanisms.score.passes import check_memory, plan_of

    plan = plan_of({f"s{i}": {"up": np.arange(5)} for i in range(100)}, {})
    ucell = [scoring.method("ucell")]
    check_memory(1000, plan, ucell)
    said = r"10,000,000,000,000 samples for 100 signatures by 1 methods take 16,000,000 GB"
    with pytest.raises(DataError, match=said):
        check_memory(10**13, plan, ucell)


def test_unknown_parameters(make_adata: Make, tied: np.ndarray, sets: Any) -> None:
    with pytest.raises(SignatureError, match=r"'ucell' has no parameter 'maxrank'.*'max_rank'"):
        scoring.score(make_adata(tied), sets, method="ucell", parameters={"maxrank": 5})
    with pytest.raises(SignatureError, match=r"'ssgsea' has no parameter 'top'; it has: none"):
        scoring.score(make_adata(tied), sets, method="ssgsea", parameters={"top": 5})


def test_no_gene_found(make_adata: Make, tied: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"no gene of any of the \d+ signatures.*first: g000") as e:
        scoring.score(make_adata(tied), "core")
    assert "human symbol ids" in str(e.value)
    assert "data.genes.platform" in str(e.value)


def test_duplicated_genes(make_adata: Make, tied: np.ndarray, sets: Any) -> None:
    adata = make_adata(tied)
    adata.var_names = ["g000", *(f"g{i:03d}" for i in range(59))]
    with pytest.raises(DataError, match=r"'g000' stands twice in adata.var_names.*mech.load"):
        scoring.score(adata, sets)


def test_no_values(tied: np.ndarray, make_adata: Make, sets: Any) -> None:
    full = make_adata(tied)
    with pytest.raises(DataError, match=r"adata\.X is None"):
        scoring.score(AnnData(None, obs=full.obs, var=full.var), sets)


def test_a_signature_without_genes(make_adata: Make, tied: np.ndarray) -> None:
    genes = tuple(f"g{i:03d}" for i in range(5))
    collection = Collection("mine", (Signature("a", genes), Signature("empty", ())))
    with pytest.raises(SignatureError, match="'empty' has no genes"):
        scoring.score(make_adata(tied), collection)
